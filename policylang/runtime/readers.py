"""What reads the values of operands, and what compares them with now, as Python functions for generated code.

A missing value is ``None`` here, which no value is.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from policylang.model import conditions as c
from policylang.model.types import (
    DateTimeType,
    DateType,
    Duration,
    PlaceType,
    Type,
    UserType,
)
from policylang.runtime.clock import now_and_edge
from policylang.runtime.index import Index
from policylang.runtime.truth import user_value
from policylang.runtime.values import MISSING, BadValueError, attribute, read

Reader = Callable[[Any], Any]

# --- values --------------------------------------------------------------------------------------------------


def reader(type_: Type, name: str, where: str) -> Reader:
    """What reads an attribute of a record. Raises `BadValueError` for a value of another type."""

    def run(record: Any) -> Any:
        found = read(type_, attribute(record, name), where)
        return None if found is MISSING else found

    return run


def place_reader(index: Index, resource: str, name: str) -> Reader:
    """What reads a place from a record. Raises `BadValueError` for one that there is not."""
    type_, where = index.attributes[resource][name].type, f"{resource}.{name}"
    assert isinstance(type_, PlaceType)
    get, places, kind = reader(type_, name, where), index.places, type_.scope

    def run(record: Any) -> Any:
        found = get(record)
        if found is not None and ((place := places.get(found)) is None or place.kind != kind):
            raise BadValueError(where)
        return found

    return run


def walk(index: Index, path: c.Path, resource: str) -> tuple[Reader, ...]:
    """What reads a path, a step each, from the record, the request or the user's id."""
    steps: list[Reader] = []
    for holder, step in index.holders(resource, path):
        if isinstance(holder, UserType):
            steps.append(_user_reader(index, step))
        else:
            owner = "request" if holder is None else holder.resource
            steps.append(reader(index.attribute_type(holder, step), step, f"{owner}.{step}"))
    return tuple(steps)


def _user_reader(index: Index, step: str) -> Reader:
    def run(user: Any) -> Any:
        found = user_value(index, user, step)
        return None if found is MISSING else found

    return run


def last(steps: tuple[Reader, ...]) -> Reader:
    """What reads the end of a path. What lies behind something missing is missing."""
    if len(steps) == 1:
        return steps[0]

    def run(found: Any) -> Any:
        for each in steps:
            if found is None:
                return None
            found = each(found)
        return found

    return run


def depth(steps: tuple[Reader, ...]) -> Reader:
    """What tells how many steps of a path lead to a value."""

    def run(found: Any) -> int:
        for number, each in enumerate(steps):
            found = each(found)
            if found is None:
                return number
        return len(steps)

    return run


# --- times ---------------------------------------------------------------------------------------------------


def moment(index: Index, condition: c.Time) -> Callable[[Any, Duration, datetime.datetime], bool | None]:
    """Where a date or an instant lies beside now; unknown where the edge is outside the calendar."""
    of_days = isinstance(condition.operand.type, DateType)
    test = _MOMENTS[condition.test]
    kept: tuple[Any, Any, Any, Any] = (None, None, None, None)

    def run(found: Any, length: Duration, now: datetime.datetime) -> bool | None:
        nonlocal kept
        # Requests come in bunches of one instant. The tuple is replaced whole, which threads may do side by side.
        for_now, for_length, present, edge = kept
        if for_now is not now or for_length is not length:
            edges = now_and_edge(now, length, condition.sign, index.timezone, of_days=of_days)
            present, edge = (None, None) if edges is None else edges
            kept = (now, length, present, edge)
        return None if edge is None else test(found, present, edge)

    return run


_MOMENTS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "within": lambda found, now, edge: edge <= found <= now,
    "within_next": lambda found, now, edge: now <= found <= edge,
    "older_than": lambda found, _now, edge: found < edge,
}


def exact_length(condition: c.Time) -> datetime.timedelta | None:
    """The constant duration of a test of an instant, where it is one for every now."""
    operand, duration = condition.operand, condition.duration
    if not isinstance(operand.type, DateTimeType) or not isinstance(duration, c.Constant):
        return None
    length = duration.value
    assert isinstance(length, Duration)
    try:
        match length.unit:
            case "minutes":
                return datetime.timedelta(minutes=length.amount)
            case "days":
                return datetime.timedelta(days=length.amount)
            case "months":
                return None
    except OverflowError:
        return None
