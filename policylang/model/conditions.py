"""Typed conditions: expression trees over a record, the assigned user and the request.

Each node's ``at`` is its place in the sources, ``path:line:column-end_line:end_column``. The tests are three-valued:
what they say of a missing value is unknown, except ``Missing``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Literal, Self, get_args

import msgspec

from policylang.model.types import MAX_INT, Duration, EnumType, Type

At = Annotated[
    str, msgspec.Meta(pattern=r"^.*:[0-9]+:[0-9]+-[0-9]+:[0-9]+$", description="path:line:column-line:column")
]


class _Node(msgspec.Struct, frozen=True, gc=False, cache_hash=True, tag_field="op", forbid_unknown_fields=True):
    pass


class Path(_Node, frozen=True, gc=False, tag="path"):
    """A value reached from ``root`` by attribute names. No steps from ``subject``: the assigned user."""

    root: Literal["record", "subject", "request"]
    steps: tuple[str, ...]
    type: Type
    at: At


Value = bool | Annotated[int, msgspec.Meta(ge=-MAX_INT, le=MAX_INT)] | str | Duration


class Constant(_Node, frozen=True, gc=False, tag="constant"):
    """A constant.

    ``value`` is a string for text, enum values, user ids, place names, IP addresses, decimals and money (exact, plain
    digits), dates (``2026-01-31``) and datetimes (UTC, ``2026-01-31T08:00:00Z``); a number for int.
    """

    type: Type
    value: Value
    at: At


Operand = Path | Constant


class _Condition(_Node, frozen=True, gc=False):
    """What every condition can do: be walked over, and be made again with other operands."""

    @property
    def parts(self) -> tuple[Condition, ...]:
        """The conditions that it joins; none for a test."""
        return ()

    def walk(self) -> Iterator[Condition]:
        """The condition and all in it, each before its parts, as they were written."""
        waiting: list[Condition] = [self]  # type: ignore[list-item]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.parts)

    def tests(self) -> Iterator[Test]:
        """The tests in it, as they were written."""
        return (node for node in self.walk() if not isinstance(node, And | Or | Not))

    def operands(self) -> Iterator[Operand]:
        """What its tests look at, as it was written."""
        return (operand for test in self.tests() for operand in test.sides)

    def paths(self) -> Iterator[Path]:
        """The paths that it looks at; of a tree the one to the record above, not that of the record asked about."""
        for test in self.tests():
            yield from (each for each in test.sides if isinstance(each, Path) and (each.steps or each.root != "record"))
            if isinstance(test, Under):
                yield test.above

    def constants(self) -> Iterator[Constant]:
        """The constants in it; those of a list are at its place."""
        for test in self.tests():
            yield from (side for side in test.sides if isinstance(side, Constant))
            if isinstance(test, In):
                yield from (Constant(test.operand.type, value, test.at) for value in test.values)

    def map_tests(self, change: Callable[[Test], Condition]) -> Condition:
        """The same with what ``change`` makes of each test in its place."""
        return change(self)  # type: ignore[arg-type]

    def nnf(self, wanted: bool = True) -> Condition:
        """What is true where the condition is true, or where it is false if not ``wanted``, in negation normal form:
        ``Not`` stands at single tests only.
        """
        return self if wanted else Not(self, self.at)  # type: ignore[return-value, arg-type, attr-defined]

    @property
    def signed(self) -> tuple[Test, bool]:
        """Of a test or the opposite of one: the test, and whether it is itself."""
        return self, True  # type: ignore[return-value]


class _Joined(_Condition, frozen=True, gc=False):
    items: tuple[Condition, ...]
    at: At

    @property
    def parts(self) -> tuple[Condition, ...]:
        return self.items

    def map_tests(self, change: Callable[[Test], Condition]) -> Condition:
        return type(self)(tuple(item.map_tests(change) for item in self.items), self.at)  # type: ignore[return-value]

    def nnf(self, wanted: bool = True) -> Condition:
        items = tuple(item.nnf(wanted) for item in self.items)
        return And(items, self.at) if isinstance(self, And) == wanted else Or(items, self.at)


class And(_Joined, frozen=True, gc=False, tag="and"):
    pass


class Or(_Joined, frozen=True, gc=False, tag="or"):
    pass


class Not(_Condition, frozen=True, gc=False, tag="not"):
    item: Condition
    at: At

    @property
    def parts(self) -> tuple[Condition, ...]:
        return (self.item,)

    def map_tests(self, change: Callable[[Test], Condition]) -> Condition:
        return Not(self.item.map_tests(change), self.at)

    def nnf(self, wanted: bool = True) -> Condition:
        return self.item.nnf(not wanted)

    @property
    def signed(self) -> tuple[Test, bool]:
        return self.item, False  # type: ignore[return-value]


class _Test(_Condition, frozen=True, gc=False):
    """A single test, and what it looks at."""

    _sides: ClassVar[tuple[str, ...]] = ("operand",)

    def tests(self) -> Iterator[Test]:
        return iter((self,))  # type: ignore[arg-type]

    @property
    def sides(self) -> tuple[Operand, ...]:
        """The operands, as they were written."""
        return tuple([getattr(self, name) for name in self._sides])

    def map_operands(self, change: Callable[[Operand], Operand]) -> Self:
        """The same with what ``change`` makes of each operand in its place."""
        return msgspec.structs.replace(self, **{name: change(getattr(self, name)) for name in self._sides})


class Compare(_Test, frozen=True, gc=False, tag="compare"):
    """``left test right``, both of comparable types. ``is not`` is ``Not`` of ``eq``."""

    _sides: ClassVar[tuple[str, ...]] = ("left", "right")

    test: Literal["eq", "lt", "le", "gt", "ge"]
    left: Operand
    right: Operand
    at: At


class Time(_Test, frozen=True, gc=False, tag="time"):
    """A date or datetime beside now.

    ``within``: now - duration <= x <= now. ``within_next``: now <= x <= now + duration. ``older_than``:
    x < now - duration.
    """

    _sides: ClassVar[tuple[str, ...]] = ("operand", "duration")

    test: Literal["within", "within_next", "older_than"]
    operand: Operand
    duration: Operand
    at: At

    @property
    def sign(self) -> Literal[-1, 1]:
        """Where the other end lies: 1 for ahead of now, -1 for behind."""
        return 1 if self.test == "within_next" else -1


class Missing(_Test, frozen=True, gc=False, tag="missing"):
    """True where the value is missing, or anything on the way to it; never unknown."""

    operand: Path
    at: At


class In(_Test, frozen=True, gc=False, tag="in"):
    """Equal to one of the constants, which have the operand's type, are distinct and in canonical order."""

    operand: Operand
    values: tuple[Value, ...]
    at: At


class InNetwork(_Test, frozen=True, gc=False, tag="in_network"):
    """An IP address inside a network in CIDR form; an address of the other IP version is outside."""

    operand: Operand
    network: str
    at: At


class Contains(_Test, frozen=True, gc=False, tag="contains"):
    """A set with the item in it."""

    _sides: ClassVar[tuple[str, ...]] = ("operand", "item")

    operand: Operand
    item: Operand
    at: At


class Overlaps(_Test, frozen=True, gc=False, tag="overlaps"):
    """Two sets with an item in common."""

    _sides: ClassVar[tuple[str, ...]] = ("left", "right")

    left: Operand
    right: Operand
    at: At


class Empty(_Test, frozen=True, gc=False, tag="empty"):
    """A set without items. One that is missing is not empty: it is unknown."""

    operand: Operand
    at: At


class TextTest(_Test, frozen=True, gc=False, tag="text"):
    """Text with ``part`` somewhere in it, at its start or at its end. Exact, case counts."""

    _sides: ClassVar[tuple[str, ...]] = ("operand", "part")

    test: Literal["contains", "starts_with", "ends_with"]
    operand: Operand
    part: Operand
    at: At


class Under(_Test, frozen=True, gc=False, tag="under"):
    """A record that is ``top``, or whose record above is under it: ``tree`` is the attribute that leads there,
    ``optional`` whether a record may have none above it. ``top`` is a record of the same resource, or the id of one.

    The record that is asked about is a path without steps.
    """

    _sides: ClassVar[tuple[str, ...]] = ("operand", "top")

    operand: Path
    tree: str
    optional: bool
    top: Operand
    at: At

    @property
    def above(self) -> Path:
        """The path to the record directly above."""
        return Path(self.operand.root, (*self.operand.steps, self.tree), self.operand.type, self.operand.at)


Clock = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="a time of day")]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Day, ...] = get_args(Day)


class Hours(_Test, frozen=True, gc=False, tag="hours"):
    """Now is from ``first`` on, up to but not at ``last``, in the policy set's timezone; over midnight where ``last``
    is before ``first``. Never unknown.
    """

    _sides: ClassVar[tuple[str, ...]] = ()

    first: Clock
    last: Clock
    at: At


class Weekdays(_Test, frozen=True, gc=False, tag="weekdays"):
    """Now is on one of the days, in the policy set's timezone. Never unknown. ``days`` are in order, each once."""

    _sides: ClassVar[tuple[str, ...]] = ()

    days: tuple[Day, ...]
    at: At


Test = Compare | Time | Missing | In | InNetwork | Contains | Overlaps | Empty | TextTest | Under | Hours | Weekdays
Condition = And | Or | Not | Test


def weight(condition: Condition) -> int:
    """How much of a compiled document a condition takes: its nodes, constants and the values of its enums."""
    total = 0
    for node in condition.walk():
        total += 1
        if isinstance(node, In):
            total += len(node.values)
    for operand in condition.operands():
        item = operand.type.item
        total += 1 + (len(item.values) if isinstance(item, EnumType) else 0)
    return total
