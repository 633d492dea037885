"""How much a policy set may ask of the compiler."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]

MOST_MISTAKES = 20_000
"""After so many mistakes in one file, or in one policy set, the rest of it is not read: they have one cause."""

MOST_DEPTH = 100
"""Roles inside one another, in compiled JSON as well: within Python's own recursion limit."""

MOST_WAYS = 1_000
"""Ways to the roles inside a role that differ in limits, in compiled JSON as well."""


MOST_YEARS = 5000
"""The most that a policy set may allow a duration to take."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits that keep time and memory bounded whatever a policy file contains; beyond them stands PL110."""

    file_bytes: Positive = 64 * 1024 * 1024
    """Size of one file in bytes."""
    nesting: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50
    """Parentheses and `not` inside one another. The upper bound keeps within Python's own recursion limit."""
    name_length: Positive = 200
    """Characters of one name."""
    words: Positive = 1_500_000
    """Words of one file, numbers, signs, texts and comments among them."""
    role_depth: Annotated[int, msgspec.Meta(ge=1, le=MOST_DEPTH)] = MOST_DEPTH
    """Roles inside one another."""
    role_ways: Annotated[int, msgspec.Meta(ge=1, le=MOST_WAYS)] = MOST_WAYS
    """Ways to the roles inside a role or group that differ in their limits, beyond one for each."""
    text_length: Positive = 10_000
    """Characters of one text in quotes."""
    parameters: Positive = 16
    """Parameters of one policy."""
    expansion: Positive = 2_000_000
    """Parts of the compiled set that expansion makes: of policies' conditions, and of grants on all resources."""
    duration_years: Annotated[int, msgspec.Meta(ge=1, le=MOST_YEARS)] = 1000
    """The longest duration, so that no instant falls out of the calendar."""
