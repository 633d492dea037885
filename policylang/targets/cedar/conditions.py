"""Conditions as Cedar expressions.

Cedar knows only true, false and errors, so `policylang.targets.truths` splits a condition in two formulas, and each
attribute is asked for with ``has`` before it is read: a policy with an error would be skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import (
    DateType,
    DecimalType,
    Duration,
    DurationType,
    MoneyType,
    RecordType,
    Type,
)
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle
from policylang.runtime.truth import Test
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
    literal,
    member,
    negated,
)
from policylang.targets.cedar.values import ID, attribute_value, network
from policylang.targets.truths import All, Any as AnyOf, Formula, Known, Reached, way, when

NOW = "now"
TODAY = "today"
RECORD = "record"
REQUEST = "request"
_OPERATORS = {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_MINUTE = 60_000_000
_DAY = 24 * 60 * _MINUTE


def cutoff(months: int, ahead: bool, of_days: bool) -> str:
    """The name of the input that says when it is that many months after now or before, or on which day."""
    return f"{'day' if of_days else 'instant'}_{months}_months_{'ahead' if ahead else 'ago'}"


def is_true(condition: c.Condition) -> Expression:
    return _formula(when(condition))


def is_false(condition: c.Condition) -> Expression:
    return _formula(when(condition, False))


def _formula(formula: Formula) -> Expression:
    match formula:
        case All(items):
            return all_of(_formula(item) for item in items)
        case AnyOf(items):
            return any_of(_formula(item) for item in items)
        case Known(test, wanted, present):
            return all_of((*(_is_present(each) for each in present), _test(test, wanted)))


def reached(root: str, steps: tuple[str, ...]) -> Expression:
    """What the steps lead to. The assigned user is the principal, record and request are parts of the context."""
    found = PRINCIPAL if root == "subject" else member(CONTEXT, RECORD if root == "record" else REQUEST)
    for step in steps:
        found = member(found, step)
    return found


def _is_present(each: Reached) -> Expression:
    return has(reached(each.root, each.steps[:-1]), each.steps[-1])


# --- operands ------------------------------------------------------------------------------------------------


def _operand(operand: c.Operand) -> Expression:
    """A related record is what it is; as a constant it is its key."""
    if isinstance(operand, c.Path):
        return reached(operand.root, operand.steps)
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


def _test(test: Test, wanted: bool) -> Expression:
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
        case c.TextTest(_, operand):
            found = {"like": {"left": _operand(operand), "pattern": _pattern(test)}}
        case c.Time():
            return _timed(test, wanted)
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
    elif isinstance(left.type, DecimalType | MoneyType) and name != "eq":
        found = _ordered(name, _operand(left), _operand(right))
    else:
        found = binary(_OPERATORS[name], _operand(left), _operand(right))
    return all_of((known, found if wanted else negated(found)))


def _same(left: c.Operand, right: c.Operand) -> Expression:
    if isinstance(left, c.Path) and isinstance(right, c.Path) and (left.root, left.steps) == (right.root, right.steps):
        return TRUE
    (first_given, first), (second_given, second) = _identity(left), _identity(right)
    return all_of((first_given, second_given, binary("==", first, second)))


def _ordered(name: str, left: Expression, right: Expression) -> Expression:
    strict = "<" if name in ("lt", "le") else ">"
    wholes, fractions = ((_part(left, part), _part(right, part)) for part in ("whole", "fraction"))
    among_equals = all_of((binary("==", *wholes), binary(_OPERATORS[name], *fractions)))
    return any_of((binary(strict, *wholes), among_equals))


def _contained(test: c.Contains, wanted: bool) -> Expression:
    """Where an item of the set has no value, nothing else is certainly not in it."""
    items = _operand(test.operand)
    given, item = TRUE, _operand(test.item)
    if isinstance(test.item.type, RecordType):
        given, item = _identity(test.item)
    found = all_of((given, binary("contains", member(items, "items"), item)))
    return found if wanted else all_of((negated(found), negated(member(items, "unknown"))))


def _pattern(test: c.TextTest) -> list[Any]:
    assert isinstance(test.part, c.Constant)
    part = str(test.part.value)
    before = ["Wildcard"] if test.test != "starts_with" else []
    after = ["Wildcard"] if test.test != "ends_with" else []
    return [*before, *([{"Literal": part}] if part else []), *after]


def _timed(test: c.Time, wanted: bool) -> Expression:
    assert isinstance(test.duration, c.Constant) and isinstance(test.duration.value, Duration)
    length = test.duration.value
    ahead = test.test == "within_next"
    of_days = isinstance(test.operand.type, DateType)
    now = member(CONTEXT, TODAY if of_days else NOW)
    if length.unit == "months":
        edge = member(CONTEXT, cutoff(length.amount, ahead, of_days))
    elif of_days:
        if length.unit == "minutes":
            return FALSE  # a day has none: the reference leaves it unknown
        edge = _moved(now, length.amount, ahead)
    else:
        edge = _moved(now, length.amount * (_DAY if length.unit == "days" else _MINUTE), ahead)
    found = _operand(test.operand)
    if test.test == "older_than":
        holds = binary("<", found, edge)
    else:
        first, last = (now, edge) if ahead else (edge, now)
        holds = all_of((binary(">=", found, first), binary("<=", found, last)))
    return holds if wanted else negated(holds)


def _moved(now: Expression, amount: int, ahead: bool) -> Expression:
    return binary("+" if ahead else "-", now, literal(amount)) if amount else now


# --- where they stand ----------------------------------------------------------------------------------------


def conditions(index: Index) -> Iterator[tuple[str, c.Condition]]:
    """The conditions that decisions depend on, each with its resource."""
    policy_set = index.policy_set
    bundles: tuple[Bundle, ...] = (*policy_set.groups, *policy_set.roles)
    attached = {limit.instance for bundle in bundles for limit in bundle.limits}
    for user in policy_set.users:
        attached |= {policy.limit.instance for policy in (*user.appends, *user.overrides)}
    for name in sorted(attached):
        yield index.instances[name].resource, index.instances[name].condition
    denies: list[ir.Deny] = [*policy_set.denies, *(deny for bundle in bundles for deny in bundle.denies)]
    for deny in denies:
        if deny.condition is not None:
            yield deny.resource, deny.condition
