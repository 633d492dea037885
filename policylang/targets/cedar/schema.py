"""The schema, as JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    IntType,
    IpType,
    MoneyType,
    PlaceType,
    RecordType,
    SetType,
    Type,
    UserType,
)
from policylang.runtime.index import Index
from policylang.targets.cedar.conditions import RECORD, REQUEST
from policylang.targets.cedar.contexts import CedarContext
from policylang.targets.cedar.expressions import is_identifier, quoted
from policylang.targets.cedar.names import (
    APPEND,
    DENY,
    GRANT,
    GROUP,
    HOLDER,
    NEED,
    PLACE,
    ROLE,
    TAG,
    USER,
    action_id,
    resource_type,
)
from policylang.targets.cedar.policies import CHOSEN, FIELD, NOBODY, Policies
from policylang.targets.cedar.values import ID, CedarTree
from policylang.targets.ways import type_of

_Schema = dict[str, Any]

_RIGHTS = [GRANT, DENY, NEED, HOLDER]
_LONG: _Schema = {"type": "Long"}
_STRING: _Schema = {"type": "String"}
_BOOL: _Schema = {"type": "Boolean"}


def schema(policies: Policies, contexts: Mapping[str, CedarContext]) -> _Schema:
    index = policies.index
    user: _Schema = {"memberOfTypes": [GROUP, ROLE, *_RIGHTS, APPEND, TAG], "shape": _shape(index, index.subject)}
    if policies.tags:
        user["tags"] = _tags(policies)
    types: _Schema = {USER: user}
    types |= {name: {"memberOfTypes": list(_RIGHTS)} for name in (GROUP, ROLE)}
    types |= {name: {} for name in (*_RIGHTS, APPEND, TAG)}
    types[PLACE] = {"memberOfTypes": [PLACE], "shape": _record({"kind": _STRING}, required=True)}
    types |= {resource_type(name): {} for name in index.resources}
    actions: _Schema = {}
    for name, actions_of in index.actions.items():
        context = _context(index, name, contexts[name])
        applies = {"principalTypes": [USER], "resourceTypes": [resource_type(name)], "context": context}
        actions |= {action_id(name, action): {"appliesTo": applies} for action in actions_of}
    return {"": {"entityTypes": types, "actions": actions}}


def _tags(policies: Policies) -> _Schema:
    found: _Schema = {}
    if policies.dated:
        found |= {"since": _LONG, "until": _LONG}
    if policies.placed:
        found |= {"everywhere": _BOOL, "places": {"type": "Set", "element": _entity(PLACE)}}
    return _record(found, required=True)


def _context(index: Index, resource: str, context: CedarContext) -> _Schema:
    found: _Schema = {name: {**_LONG, "required": True} for name in context.inputs}
    found |= {each.name: {**_LONG, "required": not each.optional} for each in context.cutoffs}
    if context.record is not None:
        found[RECORD] = {**_related(index, resource, context.record), "required": True}
    if context.request is not None:
        read = {name: index.request[name] for name in context.request}
        found[REQUEST] = {**_shape(index, read, context.request), "required": True}
    asks = {FIELD: _STRING, CHOSEN: _entity(USER), NOBODY: _BOOL}
    found |= {name: {**asks[name], "required": False} for name in context.asks}
    return {"type": "Record", "attributes": found}


def _related(index: Index, resource: str, tree: CedarTree) -> _Schema:
    found = {n: _STRING if n == ID else _type(index, type_of(index, resource, n), tree[n]) for n in tree}
    return _record(found)


def _shape(index: Index, declared: Mapping[str, Type], trees: CedarTree | None = None) -> _Schema:
    return _record({name: _type(index, type_, (trees or {}).get(name, {ID: {}})) for name, type_ in declared.items()})


def _record(attributes: _Schema, required: bool = False) -> _Schema:
    return {"type": "Record", "attributes": {name: {**of, "required": required} for name, of in attributes.items()}}


def _entity(name: str) -> _Schema:
    return {"type": "Entity", "name": name}


def _type(index: Index, type_: Type, tree: CedarTree) -> _Schema:
    match type_:
        case SetType(RecordType()):
            return _set(_STRING)
        case SetType(of):
            return _set(_type(index, of, {}))
        case RecordType(resource):
            return _related(index, resource, tree)
        case UserType():
            return _entity(USER)
        case PlaceType():
            return _entity(PLACE)
        case BoolType():
            return _BOOL
        case IntType() | DateType() | DateTimeType():
            return _LONG
        case DecimalType() | MoneyType():
            return _record({"whole": _LONG, "fraction": _LONG}, required=True)
        case DurationType():
            return _record({"months": _BOOL, "length": _LONG}, required=True)
        case IpType():
            return {"type": "Extension", "name": "ipaddr"}
        case _:
            return _STRING


def _set(items: _Schema) -> _Schema:
    return _record({"items": {"type": "Set", "element": items}, "unknown": _BOOL}, required=True)


# --- text ----------------------------------------------------------------------------------------------------

_NAMES = {"Long": "Long", "String": "String", "Boolean": "Bool"}


def schema_text(document: _Schema) -> str:
    """The schema in Cedar's own form."""
    of = document[""]
    lines = []
    for name, declared in of["entityTypes"].items():
        inside = f" in [{', '.join(declared['memberOfTypes'])}]" if declared.get("memberOfTypes") else ""
        shape = f" {_text(declared['shape'], 0)}" if declared.get("shape", {}).get("attributes") else ""
        tags = f" tags {_text(declared['tags'], 0)}" if "tags" in declared else ""
        lines.append(f"entity {name}{inside}{shape}{tags};")
    for _, alike in groupby(of["actions"].items(), key=lambda item: item[1]["appliesTo"]["resourceTypes"]):
        named = dict(alike)
        applies = next(iter(named.values()))["appliesTo"]
        lines += [
            f"action {', '.join(map(quoted, named))} appliesTo {{",
            f"  principal: {USER},",
            f"  resource: {applies['resourceTypes'][0]},",
            f"  context: {_text(applies['context'], 1)},",
            "};",
        ]
    return "\n".join(lines) + "\n"


def _text(type_: _Schema, level: int) -> str:
    match type_["type"]:
        case "Record":
            if not type_["attributes"]:
                return "{}"
            inner = "  " * (level + 1)
            lines = [
                f"{inner}{name if is_identifier(name) else quoted(name)}{'' if of['required'] else '?'}: "
                f"{_text(of, level + 1)},"
                for name, of in type_["attributes"].items()
            ]
            return "\n".join(["{", *lines, "  " * level + "}"])
        case "Set":
            return f"Set<{_text(type_['element'], level)}>"
        case "Entity" | "Extension":
            return str(type_["name"])
        case name:
            return _NAMES[name]
