"""The syntax tree of names, values and conditions, which declarations are made of."""

from __future__ import annotations

import msgspec


class Node(msgspec.Struct, frozen=True, gc=False):
    """``start_pos`` and ``end_pos`` are offsets into the source text in code points, the end exclusive."""

    start_pos: int
    end_pos: int


# --- words and values ----------------------------------------------------------------------------------------


class Name(Node, frozen=True, gc=False):
    """A name; several words in a condition are one name, joined by underscores."""

    value: str


class Text(Node, frozen=True, gc=False):
    """A string in quotes, its escapes decoded."""

    value: str


class Number(Node, frozen=True, gc=False):
    """A number as it was written, so that no digit is lost."""

    value: str


class Duration(Node, frozen=True, gc=False):
    """``30 days``. Whether the unit exists is checked with the types."""

    amount: Number
    unit: Name


class Date(Node, frozen=True, gc=False):
    """``2026-01-31``, not yet known to exist."""

    value: str


class DateTime(Node, frozen=True, gc=False):
    """``2026-01-31T08:00:00Z``, not yet known to exist nor to have an offset."""

    value: str


class Time(Node, frozen=True, gc=False):
    """``22:00``, a time of day, not yet known to exist."""

    value: str


class List(Node, frozen=True, gc=False):
    """``[a, b]``"""

    items: tuple[Operand, ...]


class Path(Node, frozen=True, gc=False):
    """``customer.sales rep``: attributes from the record, from ``request``, or from the assigned user.

    ``subject`` is the place of the words ``assigned user``, where the path begins there; then ``steps`` may be empty.
    """

    subject: Name | None
    steps: tuple[Name, ...]


Operand = Path | Text | Number | Duration | Date | DateTime
Value = Operand | List


# --- conditions ----------------------------------------------------------------------------------------------


class Or(Node, frozen=True, gc=False):
    items: tuple[Condition, ...]


class And(Node, frozen=True, gc=False):
    items: tuple[Condition, ...]


class Not(Node, frozen=True, gc=False):
    item: Condition


class Comparison(Node, frozen=True, gc=False):
    """``left operator right``; the operator's ``value`` is its words, joined by one space."""

    left: Operand
    operator: Name
    right: Operand


class Presence(Node, frozen=True, gc=False):
    """``is missing`` (``missing`` true) or ``is present``."""

    operand: Operand
    missing: bool


class Membership(Node, frozen=True, gc=False):
    """``in [a, b]`` or ``in "10.0.0.0/8"``"""

    operand: Operand
    choices: List | Text


class ListTest(Node, frozen=True, gc=False):
    """``contains all of [a, b]`` or ``overlaps [a, b]``; the operator's ``value`` is its words, joined by one space."""

    operand: Operand
    operator: Name
    items: List


class Hours(Node, frozen=True, gc=False):
    """``now is between 22:00 and 06:00``"""

    operand: Operand
    operator: Name
    first: Time
    last: Time


class Weekdays(Node, frozen=True, gc=False):
    """``now is on saturday, sunday``"""

    operand: Operand
    operator: Name
    days: tuple[Name, ...]


class Under(Node, frozen=True, gc=False):
    """``customer is under assigned user.home``, ``customer is under "acme"``; before a name it is a `Comparison` with
    a name that begins with `under`.
    """

    operand: Operand
    operator: Name
    top: Path | Text


Condition = Or | And | Not | Comparison | Presence | Membership | ListTest | Hours | Weekdays | Under
