"""Conditions in three-valued logic (Kleene): true, false, or unknown, which is ``None``.

A comparison with a missing value is unknown, and so is its opposite; only `Missing` always knows. A value that is not
of its type says nothing either: everything about it is unknown.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    IpType,
    RecordType,
    SetType,
    Type,
    UserType,
)
from policylang.model.words import operand_in_words
from policylang.runtime.clock import clock_test, now_and_edge
from policylang.runtime.index import Index
from policylang.runtime.trees import same_record, under
from policylang.runtime.values import MISSING, BadValueError, attribute, read

Truth = bool | None


class Situation(msgspec.Struct, frozen=True):
    """What conditions speak of. ``now`` is aware; ``record`` and ``request`` are mappings or objects."""

    index: Index
    user: str
    resource: str
    record: Any
    request: Any
    now: datetime.datetime


def conjunction(truths: Iterable[Truth]) -> Truth:
    """False if one is false, else unknown if one is unknown, else true."""
    found = set(truths)
    return False if False in found else None if None in found else True


def disjunction(truths: Iterable[Truth]) -> Truth:
    """True if one is true, else unknown if one is unknown, else false."""
    found = set(truths)
    return True if True in found else None if None in found else False


def negation(truth: Truth) -> Truth:
    return None if truth is None else not truth


def truth(condition: c.Condition, s: Situation) -> Truth:
    """What a condition says of a situation."""
    match condition:
        case c.And(items):
            return conjunction(truth(item, s) for item in items)
        case c.Or(items):
            return disjunction(truth(item, s) for item in items)
        case c.Not(item):
            return negation(truth(item, s))
        case _:
            try:
                return _test(condition, s)
            except BadValueError:
                return None


def _test(condition: c.Test, s: Situation) -> Truth:
    match condition:
        case c.Missing(operand):
            return value(operand, s) is MISSING
        case c.Compare(test, left, right):
            return compare(test, value(left, s), value(right, s), left.type)
        case c.Time():
            return _time(condition, s)
        case c.In(operand, values):
            found = value(operand, s)
            if found is MISSING:
                return None
            return contains(operand.type, [constant(operand.type, each) for each in values], found)
        case c.InNetwork(operand, network):
            found = value(operand, s)
            return None if found is MISSING else found in addresses.network(network)
        case c.Contains(operand, item):
            items, wanted = value(operand, s), value(item, s)
            if items is MISSING or wanted is MISSING:
                return None
            return contains(item.type, items, wanted)
        case c.Overlaps(left, right):
            items, others = value(left, s), value(right, s)
            return None if items is MISSING or others is MISSING else overlap(left.type.item, items, others)
        case c.Empty(operand):
            items = value(operand, s)
            return None if items is MISSING else not items
        case c.Under(operand=operand, top=top):
            return under(condition, s.index.lookup, value(operand, s), value(top, s))
        case c.Hours() | c.Weekdays():
            return clock_test(condition, s.now, s.index.timezone)
        case c.TextTest(test, operand, part):
            text, wanted = value(operand, s), value(part, s)
            return None if text is MISSING or wanted is MISSING else text_test(test, text, wanted)


# --- why a condition is unknown ------------------------------------------------------------------------------


def _unknown_tests(condition: c.Condition, s: Situation) -> Iterator[c.Test]:
    """The tests that make a condition unknown; none where it is true or false."""
    if truth(condition, s) is not None:
        return
    match condition:
        case c.And(items) | c.Or(items):
            for item in items:
                yield from _unknown_tests(item, s)
        case c.Not(item):
            yield from _unknown_tests(item, s)
        case _:
            yield condition


def missing_names(condition: c.Condition, s: Situation) -> Iterator[str]:
    """What has no value and makes a condition unknown: the name as a condition writes it, up to what is missing."""
    for test in _unknown_tests(condition, s):
        for operand in test.sides:
            if isinstance(operand, c.Path) and operand.steps:
                for length in range(1, len(operand.steps) + 1):
                    part = msgspec.structs.replace(operand, steps=operand.steps[:length])
                    try:
                        found = value(part, s)
                    except BadValueError:
                        break
                    if found is MISSING:
                        yield operand_in_words(part)
                        break
        if isinstance(test, c.Under):
            yield from _missing_above(test, s)


def _missing_above(test: c.Under, s: Situation) -> Iterator[str]:
    """The record directly above, where there has to be one or only the id of the record is known."""
    try:
        record = value(test.operand, s)
        looked_for = record is not MISSING and (isinstance(record, str) or not test.optional)
        if looked_for and value(test.above, s) is MISSING:
            yield operand_in_words(test.above)
    except BadValueError:
        return


def bad_values(condition: c.Condition, s: Situation) -> Iterator[str]:
    """What is not of its type and makes a condition unknown, in a sentence each."""
    for test in _unknown_tests(condition, s):
        for operand in test.sides:
            try:
                value(operand, s)
            except BadValueError as error:
                yield str(error)
        if isinstance(test, c.Under):
            try:
                _test(test, s)
            except BadValueError as error:
                yield str(error)


# --- values --------------------------------------------------------------------------------------------------


def value(operand: c.Operand, s: Situation) -> Any:
    """The value of an operand, or `MISSING`. Raises `BadValueError` for one that is not of its type."""
    if isinstance(operand, c.Constant):
        return constant(operand.type, operand.value)
    match operand.root:
        case "record":
            return _walk(s, RecordType(s.resource), s.record, operand.steps)
        case "subject":
            return _walk(s, UserType(None), s.user, operand.steps)
        case "request":
            first, *rest = operand.steps
            type_ = s.index.request[first]
            return _walk(s, type_, read(type_, attribute(s.request, first), f"request.{first}"), rest)


def _walk(s: Situation, type_: Type, found: Any, steps: Iterable[str]) -> Any:
    """Follow attributes through related records and users. What lies behind something missing is missing."""
    for step in steps:
        if found is MISSING:
            return MISSING
        if isinstance(type_, UserType):
            type_, found = s.index.subject[step], user_value(s.index, found, step)
        else:
            assert isinstance(type_, RecordType)
            where = f"{type_.resource}.{step}"
            type_, found = s.index.attributes[type_.resource][step].type, attribute(found, step)
            found = read(type_, found, where)
    return found


def user_value(index: Index, user: str, name: str) -> Any:
    """An attribute of a user of the policy set, or `MISSING`."""
    declared = index.users.get(user)
    for given in declared.attributes if declared else ():
        if given.name == name:
            values = tuple(constant(v.type, v.value) for v in given.values)
            return values if isinstance(index.subject[name], SetType) else values[0]
    return MISSING


def constant(type_: Type, written: c.Value) -> Any:
    """A constant as the value that conditions compare."""
    if isinstance(type_, NUMBERS):
        return Decimal(str(written))
    if isinstance(type_, DateType):
        return datetime.date.fromisoformat(str(written))
    if isinstance(type_, DateTimeType):
        return datetime.datetime.fromisoformat(str(written))
    if isinstance(type_, IpType):
        return addresses.address(str(written))
    return written


# --- comparisons ---------------------------------------------------------------------------------------------


def compare(test: str, left: Any, right: Any, type_: Type) -> Truth:
    if left is MISSING or right is MISSING:
        return None
    if test == "eq":
        return equal(type_, left, right)
    if isinstance(left, Duration):
        if (left.unit == "months") != (right.unit == "months"):
            return None  # a month is not a fixed number of days
        left, right = left.length, right.length
    match test:
        case "lt":
            return bool(left < right)
        case "le":
            return bool(left <= right)
        case "gt":
            return bool(left > right)
        case _:
            return bool(left >= right)


def equal(type_: Type, left: Any, right: Any) -> Truth:
    if isinstance(type_, RecordType):
        return same_record(left, right)
    if isinstance(left, Duration):
        if (left.unit == "months") != (right.unit == "months"):
            return None
        return bool(left.length == right.length)
    return bool(left == right)


UNALIKE = (DurationType, RecordType)
"""For these, being equal is more than Python's ``==``."""


def contains(type_: Type, items: Iterable[Any], wanted: Any) -> Truth:
    """Whether something equal is among the items; one that is missing could be any."""
    return disjunction(None if each is MISSING else equal(type_, each, wanted) for each in items)


def overlap(type_: Type, left: Collection[Any], right: Collection[Any]) -> Truth:
    """Whether two sets have an item in common; one that is missing could be any."""
    if isinstance(type_, UNALIKE):
        pairs = ((one, other) for one in left for other in right)
        return disjunction(None if MISSING in pair else equal(type_, *pair) for pair in pairs)
    if (set(left) & set(right)) - {MISSING}:
        return True
    return None if left and right and (MISSING in left or MISSING in right) else False


def text_test(test: str, text: str, part: str) -> bool:
    match test:
        case "contains":
            return part in text
        case "starts_with":
            return text.startswith(part)
        case _:
            return text.endswith(part)


def _time(condition: c.Time, s: Situation) -> Truth:
    found, length = value(condition.operand, s), value(condition.duration, s)
    if found is MISSING or length is MISSING:
        return None
    of_days = isinstance(condition.operand.type, DateType)
    edges = now_and_edge(s.now, length, condition.sign, s.index.timezone, of_days=of_days)
    if edges is None:
        return None
    now, edge = edges
    match condition.test:
        case "within":
            return bool(edge <= found <= now)
        case "within_next":
            return bool(now <= found <= edge)
        case "older_than":
            return bool(found < edge)
