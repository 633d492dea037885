"""Conditions as Cedar expressions.

Cedar knows only true, false and errors, so that a condition is true and that it is false are two expressions, and each
attribute is asked for with ``has`` before it is read: a policy with an error would be skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    DateType,
    Duration,
    DurationType,
    IntType,
    RecordType,
    Type,
)
from policylang.model.words import operand_in_words
from policylang.runtime.truth import constant as constant_value
from policylang.targets.cedar.expressions import (
    CONTEXT,
    FALSE,
    PRINCIPAL,
    TRUE,
    Expression,
    all_of,
    any_of,
    binary,
    has,
    is_empty,
    literal,
    member,
    negated,
)
from policylang.targets.cedar.refusals import is_held
from policylang.targets.cedar.values import ID, attribute_value, network
from policylang.targets.target import Refusals
from policylang.targets.ways import with_ways

NOW = "now"
TODAY = "today"
MINUTE = "minute"
WEEKDAY = "weekday"
INPUTS = (NOW, TODAY, MINUTE, WEEKDAY)
RECORD = "record"
REQUEST = "request"
_OPERATORS = {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_MINUTE = 60_000_000
_DAY = 24 * 60 * _MINUTE


class Cutoff(msgspec.Struct, frozen=True):
    """The end of a time test that Cedar cannot count: an instant, or a day, some time before now or after.

    ``name``: of the input in the context. ``length``: months, or the attribute that holds a duration.
    """

    name: str
    of_days: bool
    ahead: bool
    length: c.Constant | c.Path

    @property
    def optional(self) -> bool:
        """Whether there may be none."""
        return isinstance(self.length, c.Path)


def _cutoff(test: c.Time) -> Cutoff | None:
    """Null if Cedar can count it."""
    of_days = isinstance(test.operand.type, DateType)
    ahead = test.test == "within_next"
    match test.duration:
        case c.Path():
            length = operand_in_words(test.duration)
        case c.Constant(value=Duration(amount, "months")):
            length = f"{amount}_months"
        case _:
            return None
    name = f"{'day' if of_days else 'instant'}_{length}_{'ahead' if ahead else 'ago'}"
    return Cutoff(name, of_days, ahead, test.duration)


def cutoffs(condition: c.Condition) -> Iterator[Cutoff]:
    """All that a condition reads."""
    found = (_cutoff(test) for test in condition.tests() if isinstance(test, c.Time))
    return (each for each in found if each is not None)


def expressed(condition: c.Condition, wanted: bool, refuse: Refusals) -> Expression:
    """That the condition is true, or that it is false if not ``wanted``."""
    return _formula(with_ways(condition).nnf(wanted), refuse)


def _formula(part: c.Condition, refuse: Refusals) -> Expression:
    """Of a test: all that it reads is present, and before that everything on the way to it, and then the test holds."""
    match part:
        case c.And(items):
            return all_of([_formula(item, refuse) for item in items])
        case c.Or(items):
            return any_of([_formula(item, refuse) for item in items])
    test, wanted = part.signed
    if not is_held(test, refuse):
        return FALSE
    read: Iterable[c.Path] = () if isinstance(test, c.Missing) else test.paths()
    present = dict.fromkeys(each for path in read for each in way(path))
    return all_of((*map(_is_present, present), _test(test, wanted)))


def _reached(root: str, steps: Iterable[str]) -> Expression:
    """What the steps lead to. The assigned user is the principal, record and request are parts of the context."""
    found = PRINCIPAL if root == "subject" else member(CONTEXT, RECORD if root == "record" else REQUEST)
    for step in steps:
        found = member(found, step)
    return found


def way(path: c.Path) -> Iterator[tuple[str, ...]]:
    """What a path leads through and to, nearest first: the root and the steps of each, at least one."""
    return ((path.root, *path.steps[:length]) for length in range(1, len(path.steps) + 1))


def _is_present(way: tuple[str, ...]) -> Expression:
    root, *before, last = way
    return has(_reached(root, before), last)


# --- operands ------------------------------------------------------------------------------------------------


def _operand(operand: c.Operand) -> Expression:
    """A related record is what it is; as a constant it is its key."""
    if isinstance(operand, c.Path):
        return _reached(operand.root, operand.steps)
    return _constant(operand.type, operand.value)


def _constant(type_: Type, value: c.Value) -> Expression:
    return literal(attribute_value(type_, constant_value(type_, value)))


def _identity(operand: c.Operand) -> tuple[Expression, Expression]:
    """Whether a related record says which one it is, and which."""
    if isinstance(operand, c.Constant):
        return TRUE, literal(operand.value)
    record = _operand(operand)
    return has(record, ID), member(record, ID)


def _part(expression: Expression, name: str) -> Expression:
    return expression["Record"][name] if "Record" in expression else member(expression, name)


# --- tests ---------------------------------------------------------------------------------------------------


def _test(test: c.Test, wanted: bool) -> Expression:
    """The test, or its opposite, where everything that it reads is present."""
    match test:
        case c.Missing(operand):
            present = all_of(_is_present(each) for each in way(operand))
            return negated(present) if wanted else present
        case c.Compare(name, left, right):
            return _compared(name, left, right, wanted)
        case c.In(operand, values):
            constants = [c.Constant(operand.type, value, test.at) for value in values]
            if isinstance(operand.type, DurationType):
                equal = [_compared("eq", operand, each, wanted) for each in constants]
                return any_of(equal) if wanted else all_of(equal)
            if isinstance(operand.type, RecordType):
                given, key = _identity(operand)
                found = all_of((given, binary("contains", literal([str(v) for v in values]), key)))
            else:
                found = binary("contains", {"Set": [_operand(each) for each in constants]}, _operand(operand))
        case c.InNetwork(operand, inside):
            found = {"isInRange": [_operand(operand), {"ip": [{"Value": network(inside)}]}]}
        case c.Contains():
            return _contained(test, wanted)
        case c.Overlaps():
            return _overlapping(test, wanted)
        case c.Empty(operand):
            items = _operand(operand)
            found = all_of((is_empty(member(items, "items")), negated(member(items, "unknown"))))
        case c.Hours(first, last):
            found = _between(member(CONTEXT, MINUTE), minutes_of(first), minutes_of(last))
        case c.Weekdays(days):
            numbers = literal([1 + c.WEEKDAYS.index(day) for day in days])
            found = binary("contains", numbers, member(CONTEXT, WEEKDAY))
        case c.TextTest(_, operand):
            found = {"like": {"left": _operand(operand), "pattern": _pattern(test)}}
        case c.Time():
            return _timed(test, wanted)
        case c.Under():
            raise AssertionError(test)  # followed
    return found if wanted else negated(found)


def _compared(name: str, left: c.Operand, right: c.Operand, wanted: bool) -> Expression:
    known = TRUE
    if isinstance(left.type, RecordType):
        found = _same(left, right)
    elif isinstance(left.type, DurationType):
        # A month is no certain number of days.
        first, second = _operand(left), _operand(right)
        known = binary("==", _part(first, "months"), _part(second, "months"))
        found = binary(_OPERATORS[name], _part(first, "length"), _part(second, "length"))
    elif isinstance(left.type, NUMBERS) and {IntType} != {type(left.type), type(right.type)}:
        found = _ordered(name, _parts(left), _parts(right))
    else:
        found = binary(_OPERATORS[name], _operand(left), _operand(right))
    return all_of((known, found if wanted else negated(found)))


def _same(left: c.Operand, right: c.Operand) -> Expression:
    if isinstance(left, c.Path) and isinstance(right, c.Path) and (left.root, left.steps) == (right.root, right.steps):
        return TRUE
    (first_given, first), (second_given, second) = _identity(left), _identity(right)
    return all_of((first_given, second_given, binary("==", first, second)))


def _parts(number: c.Operand) -> tuple[Expression, Expression]:
    """The whole of a number and its fraction."""
    value = _operand(number)
    if isinstance(number.type, IntType):
        return value, literal(0)
    return _part(value, "whole"), _part(value, "fraction")


def _ordered(name: str, left: tuple[Expression, Expression], right: tuple[Expression, Expression]) -> Expression:
    wholes, fractions = ((left[n], right[n]) for n in (0, 1))
    among_equals = all_of((binary("==", *wholes), binary(_OPERATORS[name], *fractions)))
    if name == "eq":
        return among_equals
    return any_of((binary("<" if name in ("lt", "le") else ">", *wholes), among_equals))


def _contained(test: c.Contains, wanted: bool) -> Expression:
    """Where an item of the set has no value, nothing else is certainly not in it."""
    items = _operand(test.operand)
    given, item = TRUE, _operand(test.item)
    of = test.operand.type.item
    if isinstance(test.item.type, RecordType):
        given, item = _identity(test.item)
    elif isinstance(of, NUMBERS):
        whole, fraction = _parts(test.item)
        if isinstance(of, IntType):
            given, item = binary("==", fraction, literal(0)), whole
        else:
            item = {"Record": {"whole": whole, "fraction": fraction}}
    found = all_of((given, binary("contains", member(items, "items"), item)))
    return found if wanted else all_of((negated(found), negated(member(items, "unknown"))))


def _overlapping(test: c.Overlaps, wanted: bool) -> Expression:
    """An item without a value could be in the other set, where that has some."""
    sides = [_operand(side) for side in test.sides]
    left, right = (member(side, "items") for side in sides)
    found = binary("containsAny", left, right)
    if wanted:
        return found
    nothing = [all_of((is_empty(member(side, "items")), negated(member(side, "unknown")))) for side in sides]
    whole = all_of(negated(member(side, "unknown")) for side in sides)
    return all_of((negated(found), any_of((*nothing, whole))))


def minutes_of(time: str) -> int:
    """Since midnight."""
    return int(time[:2]) * 60 + int(time[3:])


def _between(minute: Expression, first: int, last: int) -> Expression:
    """Over midnight where the last comes before the first."""
    edges = binary(">=", minute, literal(first)), binary("<", minute, literal(last))
    return all_of(edges) if first <= last else any_of(edges)


def _pattern(test: c.TextTest) -> list[Any]:
    assert isinstance(test.part, c.Constant)
    part = str(test.part.value)
    before = ["Wildcard"] if test.test != "starts_with" else []
    after = ["Wildcard"] if test.test != "ends_with" else []
    return [*before, *([{"Literal": part}] if part else []), *after]


def _timed(test: c.Time, wanted: bool) -> Expression:
    """Where a duration has no value there is no end, and the test is unknown."""
    ahead = test.test == "within_next"
    of_days = isinstance(test.operand.type, DateType)
    now = member(CONTEXT, TODAY if of_days else NOW)
    counted = _cutoff(test)
    known = TRUE
    if counted is not None:
        known = has(CONTEXT, counted.name) if counted.optional else TRUE
        edge = member(CONTEXT, counted.name)
    else:
        assert isinstance(test.duration, c.Constant)
        assert isinstance(test.duration.value, Duration)
        length = test.duration.value
        edge = _moved(now, length.amount * (1 if of_days else _DAY if length.unit == "days" else _MINUTE), ahead)
    found = _operand(test.operand)
    if test.test == "older_than":
        holds = binary("<", found, edge)
    else:
        first, last = (now, edge) if ahead else (edge, now)
        holds = all_of((binary(">=", found, first), binary("<=", found, last)))
    return all_of((known, holds if wanted else negated(holds)))


def _moved(now: Expression, amount: int, ahead: bool) -> Expression:
    return binary("+" if ahead else "-", now, literal(amount)) if amount else now
