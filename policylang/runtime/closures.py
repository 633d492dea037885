"""Conditions as Python functions: the same answers as `truth`, with the shape of the condition looked at only once.

A function takes the record, the user's id, the request and the instant (aware, UTC), and returns true, false or, for
unknown, ``None``. Where `truth` takes a value of another type for unknown, a function may raise `BadValueError`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from operator import ge, gt, le, lt
from typing import Any

from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    PlaceType,
    RecordType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime.clock import shift, shift_day
from policylang.runtime.index import Index
from policylang.runtime.truth import compare, constant, equal, text_test, user_value
from policylang.runtime.values import MISSING, TOO_LARGE, attribute, read

Function = Callable[[Any, str, Any, datetime.datetime], bool | None]
Getter = Callable[[Any, str, Any, datetime.datetime], Any]
Reader = Callable[[Any], Any]


def function(index: Index, condition: c.Condition, resource: str) -> Function:
    """The function of a condition about records of a resource."""
    match condition:
        case c.And(items):
            return _conjunction([function(index, item, resource) for item in items])
        case c.Or(items):
            return _disjunction([function(index, item, resource) for item in items])
        case c.Not(item):
            return _negation(function(index, item, resource))
        case c.Compare():
            return _compare(index, condition, resource)
        case c.Time():
            return _time(index, condition, resource)
        case c.Missing(operand):
            get = getter(index, operand, resource)
            return lambda r, u, q, now: get(r, u, q, now) is MISSING
        case c.In():
            return _in(index, condition, resource)
        case c.InNetwork(operand, network):
            return _on_one(getter(index, operand, resource), addresses.network(network).__contains__)
        case c.Contains(operand, item):
            return _contains(getter(index, operand, resource), getter(index, item, resource), item.type)
        case c.TextTest(test, operand, part):
            first, second = getter(index, operand, resource), getter(index, part, resource)
            return _on_two(first, second, lambda text, wanted: text_test(test, text, wanted))


# --- logic ---------------------------------------------------------------------------------------------------


def all_true(functions: Sequence[Function]) -> Function:
    """The conjunction of functions, without a call more than needed."""
    return functions[0] if len(functions) == 1 else _conjunction(functions)


def _conjunction(functions: Sequence[Function]) -> Function:
    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        result: bool | None = True
        for each in functions:
            found = each(r, u, q, now)
            if found is False:
                return False
            if found is None:
                result = None
        return result

    return run


def _disjunction(functions: Sequence[Function]) -> Function:
    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        result: bool | None = False
        for each in functions:
            found = each(r, u, q, now)
            if found is True:
                return True
            if found is None:
                result = None
        return result

    return run


def _negation(inner: Function) -> Function:
    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        found = inner(r, u, q, now)
        return None if found is None else not found

    return run


def _on_one(get: Getter, test: Callable[[Any], bool | None]) -> Function:
    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        found = get(r, u, q, now)
        return None if found is MISSING else test(found)

    return run


def _on_two(first: Getter, second: Getter, test: Callable[[Any, Any], bool | None]) -> Function:
    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        left, right = first(r, u, q, now), second(r, u, q, now)
        return None if left is MISSING or right is MISSING else test(left, right)

    return run


# --- tests ---------------------------------------------------------------------------------------------------

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {"lt": lt, "le": le, "gt": gt, "ge": ge}
_UNALIKE = (DurationType, RecordType)  # for these, being equal is more than Python's ==


def _compare(index: Index, condition: c.Compare, resource: str) -> Function:
    test, left, right = condition.test, condition.left, condition.right
    first, second = getter(index, left, resource), getter(index, right, resource)
    if isinstance(left.type, _UNALIKE):
        return _on_two(first, second, lambda a, b: compare(test, a, b, left.type))
    if test != "eq":
        return _on_two(first, second, _ORDERS[test])
    if isinstance(right, c.Constant):
        wanted = constant(right.type, right.value)
        if isinstance(left.type, EnumType):
            return _is_one_of(left, first, frozenset((wanted,)))
        return _on_one(first, lambda found: bool(found == wanted))
    for side, get in ((left, second), (right, first)):
        if isinstance(side, c.Path) and side.root == "subject" and not side.steps:
            return _is_user(left if side is right else right, get)
    return _on_two(first, second, lambda a, b: bool(a == b))


# The two commonest tests look into plain dicts themselves: a call less each.


def _is_user(operand: c.Operand, get: Getter) -> Function:
    name = _own_name(operand)

    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        if name is not None and type(r) is dict:
            found = r.get(name)
            if type(found) is str:
                return found == u
        found = get(r, u, q, now)
        return None if found is MISSING else bool(found == u)

    return run


def _is_one_of(operand: c.Operand, get: Getter, wanted: frozenset[str]) -> Function:
    name = _own_name(operand)
    declared = frozenset(operand.type.values) if isinstance(operand.type, EnumType) else frozenset()

    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        if name is not None and type(r) is dict:
            found = r.get(name)
            if type(found) is str and found in declared:
                return found in wanted
        found = get(r, u, q, now)
        return None if found is MISSING else found in wanted

    return run


def _own_name(operand: c.Operand) -> str | None:
    """The name of an attribute of the record itself."""
    return (
        operand.steps[0]
        if isinstance(operand, c.Path) and operand.root == "record" and len(operand.steps) == 1
        else None
    )


def _in(index: Index, condition: c.In, resource: str) -> Function:
    get, type_ = getter(index, condition.operand, resource), condition.operand.type
    values = [constant(type_, value) for value in condition.values]
    if isinstance(type_, _UNALIKE):

        def among(found: Any) -> bool | None:
            truths = {equal(type_, found, value) for value in values}
            return True if True in truths else None if None in truths else False

        return _on_one(get, among)
    if isinstance(type_, EnumType):
        return _is_one_of(condition.operand, get, frozenset(values))
    return _on_one(get, frozenset(values).__contains__)


def _contains(items: Getter, item: Getter, type_: Type) -> Function:
    def test(found: Any, wanted: Any) -> bool | None:
        truths = {None if each is MISSING else equal(type_, each, wanted) for each in found}
        return True if True in truths else None if None in truths else False

    return _on_two(items, item, test)


def _time(index: Index, condition: c.Time, resource: str) -> Function:
    get, length = getter(index, condition.operand, resource), getter(index, condition.duration, resource)
    sign = 1 if condition.test == "within_next" else -1
    of_days = isinstance(condition.operand.type, DateType)
    fixed = isinstance(condition.duration, c.Constant)
    last: tuple[Any, Any, Any] = (None, None, None)

    def edges(now: datetime.datetime, duration: Duration) -> tuple[Any, Any]:
        """Now and the edge, in the unit of the operand; no edge where it lies outside the calendar."""
        try:
            if of_days:
                today = now.astimezone(index.timezone).date()
                return today, shift_day(today, duration, sign)
            return now, shift(now, duration, sign, index.timezone)
        except (OverflowError, ValueError):
            return now, None

    name = _own_name(condition.operand)

    def run(r: Any, u: str, q: Any, now: datetime.datetime) -> bool | None:
        nonlocal last
        found = r.get(name) if name is not None and type(r) is dict else None
        if type(found) is not datetime.datetime or found.tzinfo is not datetime.UTC or of_days:
            found = get(r, u, q, now)
            if found is MISSING:
                if not fixed:
                    length(r, u, q, now)  # which may be of another type, and then that is said
                return None
        # Requests come in bunches of one instant. The tuple is replaced whole, which threads may do side by side.
        kept = last
        if kept[0] is now:
            _, present, edge = kept
        else:
            duration = length(r, u, q, now)
            if duration is MISSING:
                return None
            present, edge = edges(now, duration)
            if fixed:
                last = (now, present, edge)
        return None if edge is None else test(found, present, edge)

    test = _TIMES[condition.test]
    return run


_TIMES: dict[str, Callable[[Any, Any, Any], bool]] = {
    "within": lambda found, now, edge: edge <= found <= now,
    "within_next": lambda found, now, edge: now <= found <= edge,
    "older_than": lambda found, _now, edge: found < edge,
}


# --- values --------------------------------------------------------------------------------------------------


def getter(index: Index, operand: c.Operand, resource: str) -> Getter:
    """The function that gives an operand's value, or `MISSING`."""
    if isinstance(operand, c.Constant):
        value = constant(operand.type, operand.value)
        return lambda _r, _u, _q, _now: value
    steps = operand.steps
    match operand.root:
        case "record":
            walk = _walk(index, RecordType(resource), steps)
            return lambda r, _u, _q, _now: walk(r)
        case "subject":
            if not steps:
                return lambda _r, u, _q, _now: u
            walk = _walk(index, UserType(None), steps)
            return lambda _r, u, _q, _now: walk(u)
        case "request":
            first = reader(index.request[steps[0]], steps[0], f"request.{steps[0]}")
            if len(steps) == 1:
                return lambda _r, _u, q, _now: first(q)
            rest = _walk(index, index.request[steps[0]], steps[1:])

            def from_request(_r: Any, _u: str, q: Any, _now: datetime.datetime) -> Any:
                found = first(q)
                return MISSING if found is MISSING else rest(found)

            return from_request


def _walk(index: Index, type_: Type, steps: Sequence[str]) -> Reader:
    """Follow attributes through related records and users. What lies behind something missing is missing."""
    readers: list[Reader] = []
    for step in steps:
        if isinstance(type_, UserType):
            readers.append(lambda user, step=step: user_value(index, user, step))  # type: ignore[misc]
            type_ = index.subject[step]
        else:
            assert isinstance(type_, RecordType)
            owner, type_ = type_.resource, index.attributes[type_.resource][step].type
            readers.append(reader(type_, step, f"{owner}.{step}"))
    if len(readers) == 1:
        return readers[0]

    def run(found: Any) -> Any:
        for each in readers:
            if found is MISSING:
                return MISSING
            found = each(found)
        return found

    return run


# The Python type that is compared as it is; everything else is read first.
_EXACT: dict[type, type] = {
    TextType: str,
    UserType: str,
    PlaceType: str,
    BoolType: bool,
    DateType: datetime.date,
}


def reader(type_: Type, name: str, where: str) -> Reader:
    """The function that reads an attribute of a record: at once where it has the very type that is compared, by
    `read` where not.
    """
    exact = _EXACT.get(type(type_))
    values = frozenset(type_.values) if isinstance(type_, EnumType) else frozenset()

    def run(record: Any) -> Any:
        value = record.get(name) if type(record) is dict else attribute(record, name)
        if value is None or value is MISSING:
            return MISSING
        if type(value) is exact or (type(value) is str and value in values):
            return value
        return read(type_, value, where)

    def run_timed(record: Any) -> Any:
        value = record.get(name) if type(record) is dict else attribute(record, name)
        if value is None or value is MISSING:
            return MISSING
        if type(value) is datetime.datetime and value.tzinfo is datetime.UTC:
            return value
        return read(type_, value, where)

    def run_number(record: Any) -> Any:
        value = record.get(name) if type(record) is dict else attribute(record, name)
        if value is None or value is MISSING:
            return MISSING
        if type(value) is int and -TOO_LARGE < value < TOO_LARGE:
            return value
        return read(type_, value, where)

    return run_timed if isinstance(type_, DateTimeType) else run_number if isinstance(type_, NUMBERS) else run
