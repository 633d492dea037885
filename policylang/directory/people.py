"""What a directory file says of people, before any name in it is looked up.

Places are offsets into the file's text in code points, the end exclusive, as in syntax trees.
"""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.source import Source
from policylang.syntax import ast


class DirectoryValue(ast.Node, frozen=True, gc=False):
    """A value: a text, number or boolean, ``None``, a tuple of `DirectoryValue`, or a dict of keys and `Field`."""

    value: Any


class Field(msgspec.Struct, frozen=True, gc=False):
    """A key of a mapping with its value."""

    key: ast.Text
    value: DirectoryValue


class Assigned(ast.Node, frozen=True, gc=False):
    """A role given to a person. ``place`` is the name of the place; dates are as they were written."""

    role: ast.Text
    place: ast.Text | None = None
    start: ast.Text | None = None
    until: ast.Text | None = None
    because: ast.Text | None = None
    approved_by: ast.Text | None = None


class Person(ast.Node, frozen=True, gc=False):
    """One person. ``table``: from a table, where every value is a text and a set's values are joined by ``;``."""

    source: Source
    id: ast.Text
    name: ast.Text | None
    group: ast.Text | None
    job: ast.Text | None
    superuser: bool
    terminated: bool
    attributes: tuple[Field, ...]
    assignments: tuple[Assigned, ...]
    table: bool


class PeopleRead(msgspec.Struct, frozen=True):
    """What came of one file: the people that could be read, and what is wrong with the file."""

    people: tuple[Person, ...]
    diagnostics: tuple[Diagnostic, ...]
