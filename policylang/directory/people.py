"""What a directory file says of people, before any name in it is looked up.

Places are offsets into the file's text in code points, the end exclusive, as in syntax trees.
"""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.source import Source
from policylang.syntax import expressions


class DirectoryValue(expressions.Node, frozen=True, gc=False):
    """A value: a text, number or boolean, ``None``, a tuple of `DirectoryValue`, or a dict of keys and `Field`."""

    value: Any


class Field(msgspec.Struct, frozen=True, gc=False):
    """A key of a mapping with its value."""

    key: expressions.Text
    value: DirectoryValue


class Assigned(expressions.Node, frozen=True, gc=False):
    """A role given to a person. ``place`` is the name of the place; dates are as they were written."""

    role: expressions.Text
    place: expressions.Text | None = None
    start: expressions.Text | None = None
    until: expressions.Text | None = None
    because: expressions.Text | None = None
    approved_by: expressions.Text | None = None


class Person(expressions.Node, frozen=True, gc=False):
    """One person. ``table``: from a table, where every value is a text and a set's values are joined by ``;``."""

    source: Source
    id: expressions.Text
    name: expressions.Text | None
    group: expressions.Text | None
    job: expressions.Text | None
    superuser: bool
    terminated: bool
    attributes: tuple[Field, ...]
    assignments: tuple[Assigned, ...]
    table: bool


class PeopleRead(msgspec.Struct, frozen=True):
    """What came of one file: the people that could be read, and what is wrong with the file."""

    people: tuple[Person, ...]
    diagnostics: tuple[Diagnostic, ...]
