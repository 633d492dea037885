"""What a directory file says of people, before any name in it is looked up.

Places are offsets into the file's text in code points, the end exclusive, as in syntax trees.
"""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.source import Source
from policylang.syntax.ast import Node, Text


class DirectoryValue(Node, frozen=True, gc=False):
    """A value: a text, number or boolean, ``None``, a tuple of `DirectoryValue`, or a dict of keys and `Field`."""

    value: Any


class Field(msgspec.Struct, frozen=True, gc=False):
    """A key of a mapping with its value."""

    key: Text
    value: DirectoryValue


class Assigned(Node, frozen=True, gc=False):
    """A role given to a person. ``place`` is the name of the place; dates are as they were written."""

    role: Text
    place: Text | None = None
    start: Text | None = None
    until: Text | None = None
    because: Text | None = None
    approved_by: Text | None = None


class Person(Node, frozen=True, gc=False):
    """One person. ``table``: from a table, where every value is a text and a set's values are joined by ``;``."""

    source: Source
    id: Text
    name: Text | None
    group: Text | None
    job: Text | None
    superuser: bool
    terminated: bool
    attributes: tuple[Field, ...]
    assignments: tuple[Assigned, ...]
    table: bool


class DirectoryFile(msgspec.Struct, frozen=True):
    """What came of one file: the people that could be read, and what is wrong with the file."""

    people: tuple[Person, ...]
    diagnostics: tuple[Diagnostic, ...]
