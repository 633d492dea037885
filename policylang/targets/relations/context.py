"""The values that conditions read: of a record, stored beside it, and of a request."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from policylang.model.instants import instant_text
from policylang.model.types import Duration, SetType, Type
from policylang.runtime.clock import shift, shift_day
from policylang.runtime.index import Index
from policylang.runtime.request import instant
from policylang.runtime.values import MISSING, BadValueError, attribute, read
from policylang.targets.relations.cel import Parameter, bits, escaped, key
from policylang.targets.relations.plan import RelationPlan

_YEARS = (1000, 9000)
"""In which ``now`` has to lie, the second exclusive: no time test leaves the calendar then."""
_LARGEST = 2**53
"""Beyond all constants; a larger whole number compares with them as this one does."""
_NOTHING: Mapping[str, Any] = {
    "string": "",
    "int": 0,
    "bool": False,
    "timestamp": "1970-01-01T00:00:00Z",
    "map<bool>": {},
}


def record_context(index: Index, resource: str, parameters: Iterable[Parameter], record: Any) -> dict[str, Any]:
    """What the parameters say of a record."""
    declared = {name: each.type for name, each in index.attributes[resource].items()}
    return {p.name: _value(p, declared[p.attribute], record) for p in parameters if p.source == "record"}


def request_context(plan: RelationPlan, request: Any, now: datetime.datetime) -> dict[str, Any]:
    """What a request has to bring, whichever of the plan's conditions are asked for. Raises ValueError for a ``now``
    outside of the years 1000 to 8999, or without an offset.
    """
    now = instant(plan.index, now)
    if not _YEARS[0] <= now.year < _YEARS[1]:
        raise ValueError(f"`now` does not lie in the years {_YEARS[0]} to {_YEARS[1] - 1}")
    return {
        p.name: _instant(plan.index, p, now)
        if p.source == "now"
        else _value(p, plan.index.request[p.attribute], request)
        for p in asked_parameters(plan)
    }


def asked_parameters(plan: RelationPlan) -> tuple[Parameter, ...]:
    """Those that requests bring, by name."""
    every = {p for each in plan.conditions.values() for p in each.text.parameters if p.source != "record"}
    return tuple(sorted(every))


def _value(parameter: Parameter, type_: Type, record: Any) -> Any:
    try:
        found = read(type_, attribute(record, parameter.attribute), parameter.attribute)
        state = "missing" if found is MISSING else "known"
    except BadValueError:
        found, state = MISSING, "invalid"
    if isinstance(type_, SetType) and found is not MISSING and MISSING in found:
        state = "partly"
    if parameter.form == "state":
        return state
    if found is MISSING:
        return _NOTHING[parameter.type]
    if parameter.form == "bits":
        return bits(found)
    match parameter.type:
        case "map<bool>":
            return {escaped(key(item)): True for item in found if item is not MISSING}
        case "int":
            return int(max(-_LARGEST, min(_LARGEST, found)))
        case "timestamp":
            return instant_text(found)
        case "string":
            return escaped(str(found))
    return found


def _instant(index: Index, parameter: Parameter, now: datetime.datetime) -> str:
    """``now`` or an edge, as an instant or as a day of the policy set's timezone."""
    length = Duration(*parameter.length)
    if parameter.type == "timestamp":
        return instant_text(shift(now, length, parameter.sign, index.timezone))
    return str(shift_day(now.astimezone(index.timezone).date(), length, parameter.sign))
