"""The YAML form of directory data, as types: the published JSON Schema is made from them."""

from __future__ import annotations

from typing import Annotated

import msgspec

# Numbers with a point are read exactly, as decimals; in the schema they are the numbers that JSON has.
Scalar = str | int | float | bool
_Name = Annotated[str, msgspec.Meta(min_length=1)]
_Day = Annotated[str, msgspec.Meta(description="a date, year-month-day, or a date and a time, `2026-01-31 20:00`")]


class RoleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role given at one place or for some time."""

    role: _Name
    at: str | None = None
    """The name of a place."""
    start: _Day | None = msgspec.field(default=None, name="from")
    until: _Day | None = None
    because: str | None = None
    approved_by: str | None = None


class PersonEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One person. What is left out or null says nothing."""

    id: _Name
    name: str | None = None
    group: str | None = None
    job: str | None = None
    roles: list[_Name | RoleEntry] | None = None
    terminated: bool | None = None
    superuser: bool | None = None
    attributes: dict[str, Scalar | list[Scalar] | None] | None = None
    """Attributes that the policy set declares in `subject`; a list for a set."""


class DirectoryFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """People and the roles given to them."""

    people: list[PersonEntry]
