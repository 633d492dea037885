"""JSON Schemas of principals and resources: Cerbos turns down a request that has anything else."""

from __future__ import annotations

from typing import Any

from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    DurationType,
    EnumType,
    IpType,
    RecordType,
    SetType,
    Type,
)
from policylang.runtime.index import Index
from policylang.targets.cerbos.encoding import ID, UNREADABLE, USERS
from policylang.targets.cerbos.reads import CerbosReads, CerbosTree
from policylang.targets.ways import type_of

_Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: _Schema = {"type": "string"}
_DATE: _Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_INSTANT: _Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$"}
_ADDRESS: _Schema = {
    "type": "string",
    "pattern": "^([0-9]{3}(\\.[0-9]{3}){3}|[0-9a-f]{4}(:[0-9a-f]{4}){7}(%.*)?)$",
    "not": {"pattern": "^0000:0000:0000:0000:0000:ffff:"},  # which is an IPv4 address
}
_IDENTITY: _Schema = {"type": ["string", "integer"]}
_UNREADABLE: _Schema = {"type": "array", "items": _TEXT}


def schemas(index: Index, reads: CerbosReads) -> dict[str, _Schema]:
    """By file name."""
    of_user = _closed({name: _schema(index, type_, {}) for name, type_ in index.subject.items()})
    found = {"principal.schema.json": _principal(index, reads, of_user)}
    for resource in index.policy_set.resources:
        tree = reads.tree("record", resource.name)
        attributes = {a.name: _schema(index, a.type, tree.get(a.name, {})) for a in resource.attributes}
        attributes |= _inside(index, resource.name, {n: {} for n in tree if n not in attributes})
        users = {"type": "object", "additionalProperties": of_user}
        found[f"resources/{resource.name}.schema.json"] = _closed({**attributes, UNREADABLE: _UNREADABLE, USERS: users})
    return {name: {"$schema": _DIALECT, **schema} for name, schema in found.items()}


def _principal(index: Index, reads: CerbosReads, of_user: _Schema) -> _Schema:
    request = {name: _schema(index, type_, reads.request.get(name, {})) for name, type_ in index.request.items()}
    required: dict[str, _Schema] = {
        "instants": _now(_INSTANT),
        "days": _now(_DATE),
        "superuser": {"type": "boolean"},
        "places": {"type": "object", "additionalProperties": {"type": "array", "items": _TEXT}},
        "user": of_user,
        "request": _closed(request),
    }
    if reads.clock:
        weekdays: _Schema = {"type": "string", "enum": list(c.WEEKDAYS)}
        clock = {"time": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}, "weekday": weekdays}
        required["clock"] = {**_closed(clock), "required": [*clock]}
    return {**_closed({**required, UNREADABLE: _UNREADABLE}), "required": [*required]}


def _now(each: _Schema) -> _Schema:
    return {"type": "object", "additionalProperties": each, "required": ["now"]}


def _closed(properties: dict[str, _Schema]) -> _Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _inside(index: Index, resource: str, tree: CerbosTree) -> dict[str, _Schema]:
    """What is read of a record."""
    return {
        name: _IDENTITY if name == ID else _schema(index, type_of(index, resource, name), deeper)
        for name, deeper in tree.items()
    }


def _schema(index: Index, type_: Type, tree: CerbosTree) -> _Schema:
    match type_:
        case SetType(of):
            item = _IDENTITY if isinstance(of, RecordType) else _schema(index, of, {})
            return {"type": "array", "items": {"anyOf": [item, {"type": "null"}]}}
        case RecordType(resource):
            return {**_closed({ID: _IDENTITY, **_inside(index, resource, tree)}), "required": [ID]}
        case BoolType():
            return {"type": "boolean"}
        case DateType():
            return _DATE
        case DateTimeType():
            return _INSTANT
        case IpType():
            return _ADDRESS
        case EnumType(values):
            return {"type": "string", "enum": list(values)}
        case DurationType():
            numbers: dict[str, _Schema] = {unit: {"type": "number"} for unit in ("minutes", "months")}
            edges = {"ago": _INSTANT, "ahead": _INSTANT, "day_ago": _DATE, "day_ahead": _DATE}
            return _closed({**numbers, **edges})
    return {"type": "number"} if isinstance(type_, NUMBERS) else _TEXT
