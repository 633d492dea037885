"""A request as questions to Cedar: the reference of what callers do.

A decision about a record is one question. One about attributes is a question for each of them, and modify asks about
the record before the change and after it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.model.instants import day_number, microseconds
from policylang.model.types import RecordType, SetType, Type
from policylang.runtime.clock import now_and_edge
from policylang.runtime.index import Index
from policylang.runtime.parts import record_place
from policylang.runtime.request import Request, instant
from policylang.runtime.trees import Lookup, identity, no_records
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING, BadValueError, attribute, given_request, read
from policylang.targets.cedar.conditions import INPUTS, RECORD, REQUEST, Cutoff, minutes_of
from policylang.targets.cedar.contexts import CedarContext, contexts
from policylang.targets.cedar.names import USER, action_id, resource_type, uid
from policylang.targets.cedar.policies import (
    CHOSEN,
    FIELD,
    FIRST_INSTANT,
    LAST_INSTANT,
    NOBODY,
    Policies,
)
from policylang.targets.cedar.rights import CedarRights
from policylang.targets.cedar.values import ID, CedarTree, NotHeldError, attribute_value
from policylang.targets.request import DeniedError, chosen, prepared
from policylang.targets.target import Compiled
from policylang.targets.ways import ids_of, is_way, way_from


class CedarRequests(msgspec.Struct, frozen=True):
    """A policy set, and what its policies read."""

    index: Index
    contexts: Mapping[str, CedarContext]


def asking(policy_set: ir.PolicySet, lookup: Lookup = no_records) -> CedarRequests:
    """``lookup`` finds records above another one by resource and id, as for `policylang.load`."""
    index = Index(policy_set, lookup)
    return CedarRequests(index, contexts(Policies(CedarRights(index), Compiled())))


def questions(
    asking: CedarRequests,
    user: str,
    action: str,
    resource: str,
    record: Any = None,
    *,
    now: datetime.datetime,
    id: str = "record",
    request: Any = None,
    field: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Cedar's requests; the answer is yes if it is to each of them.

    The arguments are those of ``policylang.runtime.request.Request``, and the ``id`` of the record. Raises
    `DeniedError` for what can only be denied, and `NotHeldError` for a value that Cedar cannot hold: then there is no
    answer.
    """
    index = asking.index
    asked = prepared(index, Request(user, action, resource, record, now, request, field, changes))
    declared = index.attributes[resource]
    touched = asked.touched if changes else tuple(name for name in declared if name in asked.touched)
    after = asked.moments[-1]
    situation = Situation(index, user, resource, after, given_request(request), instant(index, now))
    users = {name: chosen(index, resource, after, name, situation.now) for name in touched}
    writes = index.kind(resource, action) in ("create", "modify")
    choosing = frozenset(name for name, each in declared.items() if writes and each.role is not None)
    context = asking.contexts[resource]
    shared = _shared(situation, context)
    found: list[dict[str, Any]] = []
    for moment in asked.moments:
        base = {**shared, **_moment(msgspec.structs.replace(situation, record=moment), context)}
        for ask in _asked(field, touched, users if moment is after else {}, choosing):
            found.append(
                {
                    "principal": uid(USER, user),
                    "action": uid("Action", action_id(resource, action)),
                    "resource": uid(resource_type(resource), id),
                    "context": {**base, **{name: each for name, each in ask.items() if name in context.asks}},
                }
            )
    return [each for number, each in enumerate(found) if each not in found[:number]]


def _asked(
    field: str | None, touched: tuple[str, ...], chosen: Mapping[str, tuple[str, ...]], choosing: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """What is asked about one state of the record: about nothing in particular, or about each attribute.

    ``choosing``: attributes of which has to be said who is written there, or that nobody is.
    """
    if field is None and not touched:
        yield {}
    for name in (*([field] if field is not None else []), *touched):
        users = chosen.get(name, ()) if name in touched else ()
        for user in users:
            yield {FIELD: name, CHOSEN: {"__entity": uid(USER, user)}}
        if not users:
            yield {FIELD: name, NOBODY: True} if name in choosing else {FIELD: name}


def _moment(s: Situation, context: CedarContext) -> dict[str, Any]:
    """The parts of the context that the record decides. A place that there is not is nobody's."""
    try:
        record_place(s)
    except BadValueError as error:
        raise DeniedError(str(error)) from None
    found: dict[str, Any] = {each.name: _edge(s, each) for each in context.cutoffs}
    if context.record is not None:
        read = _Read(s.index, context.looked_for)
        found[RECORD] = read.record(s.resource, s.record, context.record, ("record",))
    return {name: value for name, value in found.items() if value is not None}


def _shared(s: Situation, context: CedarContext) -> dict[str, Any]:
    """The parts of the context that are no part of the record."""
    found: dict[str, Any] = {}
    if (context.inputs or context.cutoffs) and not FIRST_INSTANT <= microseconds(s.now) <= LAST_INSTANT:
        raise NotHeldError("the policies of this bundle hold in the years 1000 to 8999")
    local = s.now.astimezone(s.index.timezone)
    given = (microseconds(s.now), day_number(local.date()), minutes_of(f"{local:%H:%M}"), local.isoweekday())
    found |= {name: value for name, value in zip(INPUTS, given, strict=True) if name in context.inputs}
    if context.request is not None:
        read = _Read(s.index, context.looked_for)
        found[REQUEST] = read.values(s.request, s.index.request, context.request, ("request",))
    return found


def _edge(s: Situation, cutoff: Cutoff) -> int | None:
    """Null where there is none: nothing says how long, or it leads out of the calendar."""
    try:
        length = value(cutoff.length, s)
    except BadValueError:
        return None
    if length is MISSING:
        return None
    edges = now_and_edge(s.now, length, 1 if cutoff.ahead else -1, s.index.timezone, of_days=cutoff.of_days)
    return None if edges is None else (day_number if cutoff.of_days else microseconds)(edges[1])


class _Read(msgspec.Struct, frozen=True):
    """Values as the context has them. One that is not of its type is left out, as everything about it is unknown; but
    if a policy asks whether it is missing, then there is no answer.
    """

    index: Index
    looked_for: frozenset[tuple[str, ...]]

    def record(self, resource: str, record: Any, tree: CedarTree, path: tuple[str, ...]) -> dict[str, Any]:
        declared = {name: each.type for name, each in self.index.attributes[resource].items()}
        found = self.values(record, declared, tree, path)
        found |= {name: _above(way_from(self.index, resource, record)) for name in tree if is_way(name)}
        return {**found, ID: _key(record)} if ID in tree else found

    def values(self, raw: Any, declared: Mapping[str, Type], tree: CedarTree, path: tuple[str, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in tree:
            if name == ID or is_way(name):
                continue
            try:
                given = read(declared[name], attribute(raw, name), name)
            except BadValueError as error:
                if (*path, name) in self.looked_for:
                    raise NotHeldError(str(error)) from None
                continue
            if given is not MISSING:
                found[name] = self._value(declared[name], given, tree[name], (*path, name))
        return found

    def _value(self, type_: Type, given: Any, tree: CedarTree, path: tuple[str, ...]) -> Any:
        if isinstance(type_, RecordType):
            return self.record(type_.resource, given, tree, path)
        if isinstance(type_, SetType) and isinstance(type_.of, RecordType):
            given = [item if item is MISSING else _key(item) for item in given]
        return attribute_value(type_, given)


def _above(way: tuple[Any, ...]) -> dict[str, Any]:
    """A way up. No policy asks for records without an id."""
    return {"items": list(ids_of(way)), "unknown": way[-1] is MISSING}


def _key(record: Any) -> str:
    """Which record it is."""
    found = identity(record)
    if not isinstance(found, str):
        raise NotHeldError("related records that policies compare have a text as their `id`")
    return found
