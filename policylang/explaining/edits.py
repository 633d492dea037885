"""Edits that could allow a request: what each is in words, and the request and policy set with it made.

The data of an edit is one name with what it needs: ``record``, ``request`` and ``changes`` hold values by attribute as
JSON has them (a related record's as an object inside), the others names of the policy set or places in its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.explaining.tree import SuggestedEdit
from policylang.ir import nodes as ir
from policylang.ir.nesting import Bundle
from policylang.model.types import RecordType, Type
from policylang.runtime.hypothetical import stated_value
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, attribute, names

_AT = "change:1:1-1:1"


class Question(Request, frozen=True, kw_only=True):
    """A request, and the policy set that it is asked of."""

    index: Index

    def situation(self, after: bool) -> Situation:
        """What conditions speak of, before the change or after it."""
        return self.moments(self.index)[-1 if after else 0]


def applied(q: Question, edit: SuggestedEdit) -> Question:
    """The question with an edit made."""
    ((kind, data),) = edit.data.items()
    match kind:
        case "record":
            return msgspec.structs.replace(q, record=_overlaid(q.index, q.resource, q.record, data))
        case "request":
            return msgspec.structs.replace(q, request=_overlaid_request(q, data))
        case "changes":
            return msgspec.structs.replace(q, changes=_overlaid(q.index, q.resource, q.changes or {}, data))
        case "leave_out":
            return _without(q, data)
        case _:
            return msgspec.structs.replace(q, index=_changed(q.index, kind, data))


def _plain(index: Index, resource: str, record: Any) -> dict[str, Any]:
    """A record as a mapping: its declared attributes and its id, or all that a mapping has."""
    if isinstance(record, Mapping):
        return dict(record)
    if isinstance(record, str):
        return {"id": record}
    told = names(record)
    found = {name: attribute(record, name) for name in (("id", *index.attributes[resource]) if told is None else told)}
    return {name: value for name, value in found.items() if value is not MISSING}


def _overlaid(index: Index, resource: str, record: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The record with other values; those inside a related record in a copy of that."""
    types = {name: each.type for name, each in index.attributes[resource].items()}
    return _put(index, types, _plain(index, resource, record), values)


def _overlaid_request(q: Question, values: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: attribute(q.request, name) for name in q.index.request}
    return _put(q.index, q.index.request, {n: value for n, value in found.items() if value is not MISSING}, values)


def _put(index: Index, types: Mapping[str, Type], found: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        type_ = types.get(name)
        if isinstance(value, dict) and isinstance(type_, RecordType):
            inner = attribute(found, name)
            value = _overlaid(index, type_.resource, {} if inner is MISSING else inner, value)
        found[name] = value
    return found


def _without(q: Question, name: str) -> Question:
    if q.changes:
        return msgspec.structs.replace(q, changes={n: value for n, value in q.changes.items() if n != name})
    left = {n: value for n, value in _plain(q.index, q.resource, q.record).items() if n != name}
    return msgspec.structs.replace(q, record=left)


# --- policy sets ---------------------------------------------------------------------------------------------


def _changed(index: Index, kind: str, data: Any) -> Index:
    match kind:
        case "assign":
            assignment = ir.Assignment(data["role"], data["place"], None, None, None, None, None, None, _AT)
            user = index.users[data["user"]]
            return _with_user(index, user, assignments=(*user.assignments, assignment))
        case "extend" if "integration" in data:
            name = data["integration"]
            days = {"start": data["from"]} if "from" in data else {"until": data["until"]}
            return index.changed(integrations={name: msgspec.structs.replace(index.integrations[name], **days)})
        case "extend":
            user = index.users[data["user"]]
            extended = tuple(_extended(each, data) if each.at == data["at"] else each for each in user.assignments)
            return _with_user(index, user, assignments=extended)
        case "reinstate":
            return _with_user(index, index.users[data], terminated=False)
        case "superuser":
            return _with_user(index, index.users[data], superuser=True)
        case "group":
            return _with_user(index, index.users[data["user"]], group=ir.Ref(data["group"], _AT))
        case "user":
            return _with_values(index, index.users[data["id"]], data["values"])
        case "remove_append":
            user = index.users[data["user"]]
            return _with_user(index, user, appends=tuple(each for each in user.appends if each.at != data["at"]))
        case "feature":
            return index.changed(features={data: True})
        case "grant":
            return _with_grant(index, data)
        case _:
            return _without_deny(index, data)


def _with_user(index: Index, user: ir.User, **values: Any) -> Index:
    return index.changed(users={user.id: msgspec.structs.replace(user, **values)})


def _extended(each: ir.Assignment, data: Mapping[str, Any]) -> ir.Assignment:
    if "from" in data:
        return msgspec.structs.replace(each, start=data["from"], start_time=None)
    return msgspec.structs.replace(each, until=data["until"], until_time=None)


def _with_values(index: Index, user: ir.User, values: Mapping[str, Any]) -> Index:
    given = {each.name: each for each in user.attributes}
    given |= {name: stated_value(index, name, value) for name, value in values.items()}
    return _with_user(index, user, attributes=tuple(given.values()))


def _with_grant(index: Index, data: Mapping[str, Any]) -> Index:
    fields = data["fields"]
    grant = ir.Grant(data["resource"], (data["action"],), None if fields is None else tuple(fields), False, None, _AT)
    ((kind, name),) = data["to"].items()
    bundle = index.bundle((kind, name))
    changed = {name: msgspec.structs.replace(bundle, grants=(*bundle.grants, grant))}
    return index.changed(groups=changed) if kind == "group" else index.changed(roles=changed)


def _without_deny(index: Index, at: str) -> Index:
    def kept(denies: tuple[ir.Deny, ...]) -> tuple[ir.Deny, ...]:
        return tuple(deny for deny in denies if deny.at != at)

    def changed(bundles: Mapping[str, Bundle]) -> dict[str, Bundle]:
        left = {name: kept(each.denies) for name, each in bundles.items()}
        return {
            name: msgspec.structs.replace(each, denies=left[name])
            for name, each in bundles.items()
            if left[name] != each.denies
        }

    return index.changed(roles=changed(index.roles), groups=changed(index.groups), denies=kept(index.denies))
