"""Conditions for engines that know only true and false.

Three-valued logic is split in two questions that have plain answers: is the condition true, is it false. Both are
formulas in which negation stands at single tests only, and each test is guarded: it is looked at only where everything
that it reads is present. A limit must be true; a deny matches unless its condition is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from policylang.model import conditions as c
from policylang.targets.ways import followed


class Reached(msgspec.Struct, frozen=True):
    """A value that can be missing: what the steps lead to from the root, at least one."""

    root: Literal["record", "subject", "request"]
    steps: tuple[str, ...]


class Known(msgspec.Struct, frozen=True):
    """All of ``present`` have values, and then the test holds, or does not if not ``wanted``.

    ``present``: what the test reads, and before it everything on the way to it, each once. The assigned user's id is
    always there. For `Missing` it is empty: that test itself asks for the whole way.
    """

    test: c.Test
    wanted: bool
    present: tuple[Reached, ...]


class AllHold(msgspec.Struct, frozen=True):
    """True if empty."""

    items: tuple[PlainFormula, ...]


class Any(msgspec.Struct, frozen=True):
    """False if empty."""

    items: tuple[PlainFormula, ...]


PlainFormula = Known | AllHold | Any


def when(condition: c.Condition, wanted: bool = True) -> PlainFormula:
    """What says that the condition is true, or that it is false if not ``wanted``."""
    match condition:
        case c.And(items) | c.Or(items):
            parts = tuple(when(item, wanted) for item in items)
            return AllHold(parts) if isinstance(condition, c.And) == wanted else Any(parts)
        case c.Not(item):
            return when(item, not wanted)
        case c.Missing():
            return Known(condition, wanted, ())
        case c.Under():
            return when(followed(condition), wanted)
        case _:
            read = dict.fromkeys(each for path in condition.paths() for each in way(path))
            return Known(condition, wanted, tuple(read))


def way(path: c.Path) -> Iterator[Reached]:
    """What a path leads through and to, nearest first."""
    for length in range(1, len(path.steps) + 1):
        yield Reached(path.root, path.steps[:length])
