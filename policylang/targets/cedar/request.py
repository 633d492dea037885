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
from policylang.model.types import RecordType, SetType, Type
from policylang.runtime.clock import shift, shift_day
from policylang.runtime.index import Index
from policylang.runtime.reference import changed, instant, written
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING, BadValueError, attribute, read
from policylang.targets.cedar.conditions import NOW, RECORD, REQUEST, TODAY, Cutoff
from policylang.targets.cedar.contexts import Context, contexts
from policylang.targets.cedar.names import USER, action_id, resource_type, uid
from policylang.targets.cedar.policies import (
    CHOSEN,
    FIELD,
    FIRST_INSTANT,
    LAST_INSTANT,
    Policies,
)
from policylang.targets.cedar.rights import Rights, role_of
from policylang.targets.cedar.values import ID, Tree, attribute_value, day, microseconds


class DeniedError(ValueError):
    """The request can only be denied, and need not be asked."""


class Asking(msgspec.Struct, frozen=True):
    """A policy set, and what its policies read."""

    index: Index
    contexts: Mapping[str, Context]


def asking(policy_set: ir.PolicySet) -> Asking:
    index = Index(policy_set)
    return Asking(index, contexts(Policies(Rights(index))))


def questions(
    asking: Asking,
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

    The arguments are those of ``policylang.runtime.reference.decide``, and the ``id`` of the record. Raises
    `DeniedError` for what can only be denied, and BadValueError for a value that is not of its type or that Cedar
    cannot hold: then there is no answer.
    """
    index = asking.index
    if user not in index.users and user not in index.integrations:
        raise DeniedError(f"there is no user `{user}`")
    if resource not in index.resources or action not in index.actions[resource]:
        raise DeniedError(f"there is no {action} on `{resource}`")
    if changes and action != "modify":
        raise DeniedError(f"{action} writes no changes")
    now = instant(index, now)
    declared = index.attributes[resource]
    before = {} if record is None else record
    request = {} if request is None else request
    after = before
    touched: list[str] = []
    if changes:
        touched, after = list(changes), changed(before, changes, declared)
    elif action == "create":
        names = [*declared, *(before if isinstance(before, Mapping) else ())]
        touched = [n for n in dict.fromkeys(names) if n in declared or n != "id"]
        touched = [n for n in touched if n not in declared or attribute(before, n) is not MISSING]
    for name in (*touched, *([field] if field is not None else [])):
        if name not in declared:
            raise DeniedError(f"`{resource}` has no attribute `{name}`")
    situation = Situation(index, user, resource, after, request, now)
    chosen = {name: _chosen(situation, declared[name]) for name in touched}
    context = asking.contexts[resource]
    shared = _shared(index, context, now, request)
    found: list[dict[str, Any]] = []
    for moment in (before,) if after is before else (before, after):
        base = dict(shared)
        if context.record is not None:
            base[RECORD] = _record(index, resource, moment, context.record)
        situation = msgspec.structs.replace(situation, record=moment)
        base |= {each.name: edge for each in context.cutoffs if (edge := _edge(situation, each)) is not None}
        for ask in _asked(field, touched, chosen if moment is after else {}):
            found.append(
                {
                    "principal": uid(USER, user),
                    "action": uid("Action", action_id(resource, action)),
                    "resource": uid(resource_type(resource), id),
                    "context": {**base, **{name: value for name, value in ask.items() if name in context.asks}},
                }
            )
    return [each for number, each in enumerate(found) if each not in found[:number]]


def _asked(field: str | None, touched: list[str], chosen: Mapping[str, tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    """What is asked about one state of the record: about nothing in particular, or about each attribute."""
    if field is None and not touched:
        yield {}
    if field is not None:
        yield {FIELD: field}
    for name in touched:
        if not chosen.get(name):
            yield {FIELD: name}
        for user in chosen.get(name, ()):
            yield {FIELD: name, CHOSEN: {"__entity": uid(USER, user)}}


def _chosen(situation: Situation, declared: ir.Attribute) -> tuple[str, ...]:
    """The users that would stand in an attribute that asks for a role."""
    try:
        found = written(situation, declared.name)
    except BadValueError as error:
        raise DeniedError(str(error)) from None
    if role_of(declared) is None or found is MISSING:
        return ()
    users = found if isinstance(declared.type, SetType) else (found,)
    if MISSING in users:
        raise DeniedError(f"there is nobody in `{declared.name}`")
    return tuple(users)


def _shared(index: Index, context: Context, now: datetime.datetime, request: Any) -> dict[str, Any]:
    """The parts of the context that are no part of the record."""
    found: dict[str, Any] = {}
    if (context.inputs or context.cutoffs) and not FIRST_INSTANT <= microseconds(now) <= LAST_INSTANT:
        raise BadValueError("the policies of this bundle hold in the years 1000 to 8999")
    today = now.astimezone(index.timezone).date()
    if NOW in context.inputs:
        found[NOW] = microseconds(now)
    if TODAY in context.inputs:
        found[TODAY] = day(today)
    if context.request is not None:
        given = ((n, index.request[n], attribute(request, n), f"request.{n}") for n in context.request)
        found[REQUEST] = _values(index, given, context.request)
    return found


def _edge(s: Situation, cutoff: Cutoff) -> int | None:
    """Null where there is none: nothing says how long, or it leads out of the calendar."""
    length, sign = value(cutoff.length, s), 1 if cutoff.ahead else -1
    if length is MISSING:
        return None
    try:
        if not cutoff.of_days:
            return microseconds(shift(s.now, length, sign, s.index.timezone))
        edge = shift_day(s.now.astimezone(s.index.timezone).date(), length, sign)
        return None if edge is None else day(edge)
    except (OverflowError, ValueError):
        return None


def _record(index: Index, resource: str, record: Any, tree: Tree) -> dict[str, Any]:
    declared = index.attributes[resource]
    given = ((n, declared[n].type, attribute(record, n), f"{resource}.{n}") for n in tree if n != ID)
    found = _values(index, given, tree)
    key = _key(record)
    if ID in tree and key is not None:
        found[ID] = key
    return found


def _key(record: Any) -> str | None:
    found = record if isinstance(record, str) else attribute(record, "id")
    if found is MISSING:
        return None
    if not isinstance(found, str):
        raise BadValueError("Cedar compares related records by texts")
    return found


def _values(index: Index, given: Iterator[tuple[str, Type, Any, str]], tree: Tree) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, type_, raw, where in given:
        given_value = read(type_, raw, where)
        if given_value is MISSING:
            continue
        if isinstance(type_, RecordType):
            found[name] = _record(index, type_.resource, given_value, tree[name])
        elif isinstance(type_, SetType) and isinstance(type_.of, RecordType):
            keys = [None if item is MISSING else _key(item) for item in given_value]
            found[name] = attribute_value(type_, [key for key in keys if key is not None])
            found[name]["unknown"] = any(item is MISSING for item in given_value)
        else:
            found[name] = attribute_value(type_, given_value)
    return found
