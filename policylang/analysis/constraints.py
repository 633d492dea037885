"""Constraints on variables. A variable is a path: an attribute of the record, the request or the user."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Literal

import msgspec

from policylang.model import conditions as c
from policylang.model.types import NUMBERS, DateTimeType, DateType, Duration, EnumType, IntType, Type

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
DAY = 24 * 60 * 60 * 1_000_000  # microseconds

ZERO, NOW, TODAY = "zero", "now", "today"


VariablePlace = tuple[str, tuple[str, ...]]
"""Root and steps of a path."""


class Variable(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A path; or, with the root ``item``, something that is in sets, of which nothing else is known."""

    root: Literal["record", "subject", "request", "item"]
    steps: tuple[str, ...]
    type: Type

    @property
    def where(self) -> VariablePlace:
        return self.root, self.steps


class ConstantTerm(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A constant in the place of a variable."""

    value: str


Term = Variable | ConstantTerm
Quantity = Variable | str
"""A variable, `ZERO`, `NOW` or `TODAY`."""


class Difference(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """``left - right <= weight``, ``<`` if strict. Instants are counted in microseconds, days in days."""

    left: Quantity
    right: Quantity
    weight: Fraction
    strict: bool = False


class Among(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The variable has one of these values."""

    variable: Variable
    values: frozenset[str]


class Same(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    left: Term
    right: Term
    wanted: bool


class TextIs(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    variable: Variable
    test: Literal["contains", "starts_with", "ends_with"]
    part: str
    wanted: bool


class NetworkConstraint(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    variable: Variable
    network: str
    wanted: bool


class Member(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether the item is in the set."""

    variable: Variable
    item: Term
    wanted: bool


class Apart(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The sets have no item in common; the set has none at all, if it is the same one twice."""

    left: Variable
    right: Variable


class Below(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether a record is the one at the top or lies below it; ``tree`` leads from each to the one above, which is
    ``optional`` or not. ``wanted`` is a truth: the way up may have no end.
    """

    variable: Variable
    tree: str
    optional: bool
    top: Term
    wanted: bool | None

    @property
    def above(self) -> Variable:
        """The record directly above."""
        return Variable(self.variable.root, (*self.variable.steps, self.tree), self.variable.type)

    @property
    def others(self) -> tuple[Below, ...]:
        """What cannot be at the same time. What lies below does so however the way up would end otherwise."""
        truths: tuple[bool | None, ...] = (True, False, None)
        return tuple(
            Below(self.variable, self.tree, optional, self.top, wanted)
            for optional in (True, False)
            for wanted in truths
            if wanted is not self.wanted and (optional is self.optional or True in (wanted, self.wanted))
        )


ValueState = Literal["there", "holed", "missing", "bad"]
"""What an attribute may be: there, a set with an item missing, missing, or of another type than its own."""
PLAIN: frozenset[ValueState] = frozenset(("there",))
HOLED: frozenset[ValueState] = frozenset(("holed",))
MISSING: frozenset[ValueState] = frozenset(("missing",))
BAD: frozenset[ValueState] = frozenset(("bad",))
STATES: tuple[ValueState, ...] = ("there", "holed", "missing", "bad")
"""All of them, what reads best first."""
VALUE: frozenset[ValueState] = frozenset(("there", "holed"))


class There(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The attribute is in one of these states."""

    variable: Variable
    states: frozenset[ValueState]


class Hard(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A test that no other constraint says is true, or is false; solutions must be tried."""

    test: c.Test
    wanted: bool


class Tried(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Nothing is known; solutions must be tried."""


Constraint = Difference | Among | Same | TextIs | NetworkConstraint | Member | Apart | Below | There | Hard | Tried


class All(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    items: tuple[Tree, ...]


class Some(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    items: tuple[Tree, ...]


Tree = Constraint | All | Some

YES, NO = All(()), Some(())


# --- ordered values ------------------------------------------------------------------------------------------


def at_most(variable: Variable, now: Any, offset: int) -> Tree:
    """The variable is now and the offset, or smaller. ``now``: a node, or the number that it is."""
    if isinstance(now, int):
        return Difference(variable, ZERO, Fraction(now + offset))
    return Difference(variable, now, Fraction(offset))


def at_least(variable: Variable, now: Any, offset: int) -> Tree:
    """The variable is now and the offset, or larger."""
    if isinstance(now, int):
        return Difference(ZERO, variable, Fraction(-(now + offset)))
    return Difference(now, variable, Fraction(-offset))


def ordered(kind: str, left: c.Operand, right: c.Operand, wanted: bool) -> Tree:
    """A comparison of numbers, days or instants as differences."""
    dense = any(isinstance(side.type, NUMBERS) and not _is_whole(side) for side in (left, right))
    first, second = _node(left), _node(right)
    less = _difference(first, second, strict=True, dense=dense)
    at_most = _difference(first, second, strict=False, dense=dense)
    more = _difference(second, first, strict=True, dense=dense)
    at_least = _difference(second, first, strict=False, dense=dense)
    positive: dict[str, Tree] = {"lt": less, "le": at_most, "gt": more, "ge": at_least, "eq": All((at_most, at_least))}
    negative: dict[str, Tree] = {"lt": at_least, "le": more, "gt": at_most, "ge": less, "eq": Some((less, more))}
    return positive[kind] if wanted else negative[kind]


def _is_whole(side: c.Operand) -> bool:
    if isinstance(side, c.Constant):
        return Fraction(str(side.value)).denominator == 1
    return isinstance(side.type, IntType)


def _node(side: c.Operand) -> tuple[Quantity, Fraction]:
    """A variable, or zero and how far a constant is from it."""
    if isinstance(side, c.Path):
        return variable_of(side), Fraction(0)
    return ZERO, _number(side.type, side.value)


def _number(type_: Type, value: c.Value) -> Fraction:
    """A constant as the number that is compared; lengths of time in minutes, or in months."""
    if isinstance(value, Duration):
        return Fraction(value.amount * (24 * 60 if value.unit == "days" else 1))
    if isinstance(type_, DateTimeType):
        return Fraction((datetime.datetime.fromisoformat(str(value)) - EPOCH) // MICROSECOND)
    if isinstance(type_, DateType):
        return Fraction(datetime.date.fromisoformat(str(value)).toordinal())
    return Fraction(str(value))


def _difference(
    left: tuple[Quantity, Fraction], right: tuple[Quantity, Fraction], *, strict: bool, dense: bool
) -> Tree:
    weight = right[1] - left[1]
    if strict and not dense:
        return Difference(left[0], right[0], weight - 1)
    return Difference(left[0], right[0], weight, strict)


# --- other values --------------------------------------------------------------------------------------------

_KINDS = EnumType(("exact", "months"))


def unit_of(variable: Variable) -> Variable:
    """Whether a length of time is counted in months: only then it can be compared with months."""
    return Variable(variable.root, (*variable.steps, "unit"), _KINDS)


def alike(left: c.Operand, right: c.Operand, wanted: bool) -> Tree:
    """Both lengths of time are exact, or both are months; or they are not."""
    kinds = frozenset(_KINDS.values)
    sides: list[tuple[Variable | None, frozenset[str]]] = []
    for side in (left, right):
        if isinstance(side, c.Path):
            sides.append((unit_of(variable_of(side)), kinds))
        else:
            assert isinstance(side.value, Duration)
            sides.append((None, frozenset(("months" if side.value.unit == "months" else "exact",))))
    options = []
    for kind in sorted(kinds):
        for other in sorted(kinds):
            if (kind == other) == wanted and kind in sides[0][1] and other in sides[1][1]:
                chosen = [
                    Among(variable, frozenset((value,)))
                    for (variable, _), value in zip(sides, (kind, other), strict=True)
                    if variable is not None
                ]
                options.append(all_of(chosen))
    return some_of(options)


def two_texts(test: c.TextTest, text: Variable, part: Variable, wanted: bool) -> Tree:
    """Equal texts contain each other, the empty one contains no other; everything else has to be tried."""
    sure: Tree = Same(text, part, True)
    if not wanted:
        sure = All((Same(text, ConstantTerm(""), True), Same(part, ConstantTerm("x"), True)))
    return Some((sure, Hard(test, wanted)))


def shared_item(left: c.Operand, right: c.Operand) -> Variable:
    """Some item of the sets; the same for the same sets."""
    one, other = variable_of(left), variable_of(right)
    return Variable("item", (one.root, *one.steps, other.root, *other.steps), left.type.item)


def variable_of(path: c.Operand) -> Variable:
    """The variable of a path, which the operand has to be."""
    assert isinstance(path, c.Path)
    return Variable(path.root, path.steps, path.type)


def side_of(operand: c.Operand) -> Term:
    return ConstantTerm(text_of(operand.value)) if isinstance(operand, c.Constant) else variable_of(operand)


def text_of(value: c.Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def all_of(parts: Iterable[Tree]) -> Tree:
    found: list[Tree] = []
    for part in parts:
        if part == NO:
            return NO
        found += part.items if isinstance(part, All) else (part,)
    return found[0] if len(found) == 1 else All(tuple(found))


def some_of(parts: Iterable[Tree]) -> Tree:
    found: list[Tree] = []
    for part in parts:
        if part == YES:
            return YES
        found += part.items if isinstance(part, Some) else (part,)
    return found[0] if len(found) == 1 else Some(tuple(found))
