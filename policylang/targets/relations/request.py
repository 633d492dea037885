"""A request as tuples about a record and checks of it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from policylang.runtime.parts import record_place
from policylang.runtime.request import Request
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, BadValueError, attribute, given_request, read
from policylang.targets.relations.context import record_context, request_context
from policylang.targets.relations.objects import (
    AT,
    EVERYBODY,
    HOLDER,
    LONGEST_NODE,
    ROLE,
    UNKNOWN,
    UPWARDS,
    USER,
    WHOLE,
    Tuple,
    object_id,
    object_of,
    place_object,
)
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.request import must_be_eligible, prepared
from policylang.targets.ways import ids_of, way_from

_AFTER = "=after"
"""What an id of a record as it would be ends with; no encoded id does."""
_NOW = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


class Check(msgspec.Struct, frozen=True):
    """Whether ``subject`` is in the relation of ``object``; both as ``type:id``."""

    object: str
    relation: str
    subject: str


class CheckedRequest(msgspec.Struct, frozen=True):
    """A request is allowed if each check is a plain yes, asked with ``context``, while the tuples, and no others about
    its records, exist.
    """

    tuples: tuple[Tuple, ...]
    checks: tuple[Check, ...]
    context: Mapping[str, Any]


def question(
    plan: RelationPlan,
    user: str,
    action: str,
    resource: str,
    record: Any = None,
    *,
    now: datetime.datetime,
    request: Any = None,
    id: str = "record",
    field: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> CheckedRequest:
    """The checks of a request, and the tuples about its record, whose ``id`` is the caller's.

    The other arguments are those of ``policylang.runtime.request.Request``. Raises ValueError for what can only be
    denied: names that there are not, and values that are not of their type; and for a ``now`` that `request_context`
    does not take.
    """
    index = plan.index
    asked = prepared(index, Request(user, action, resource, record, now, request, field, changes))
    made = plan.types[resource]
    relations = dict.fromkeys((made.actions[action], *(made.fields[action][name] for name in asked.asked)))
    tuples: list[Tuple] = []
    checks: list[Check] = []
    for content, after in zip(asked.moments, ("", _AFTER), strict=False):
        object = f"{made.name}:{object_id(id)}{after}"
        tuples += record_tuples(plan, resource, object, content)
        checks += [Check(object, relation, object_of(USER, user)) for relation in relations]
    checks += _eligible(plan, resource, asked.touched, asked.moments[-1])
    context = request_context(plan, given_request(request), now)
    return CheckedRequest(tuple(tuples), tuple(dict.fromkeys(checks)), context)


def record_tuples(plan: RelationPlan, resource: str, object: str, record: Any) -> Iterator[Tuple]:
    """Where a record lives, and what conditions ask of it. Raises `BadValueError` for a place that there is not."""
    place = record_place(Situation(plan.index, "", resource, record, {}, _NOW))
    yield Tuple(object, AT, place_object(place))
    yield from _told(plan, resource, object, record, plan.steps)


def _told(plan: RelationPlan, resource: str, object: str, record: Any, steps: int) -> Iterator[Tuple]:
    """The users in the attributes of a record, the values that conditions read, and the same of the records that it
    names, so many steps away.
    """
    index, made = plan.index, plan.types[resource]

    def valid(name: str) -> Any:
        try:
            return read(index.attributes[resource][name].type, attribute(record, name), name)
        except BadValueError:
            return MISSING  # a condition about it is unknown

    for name, relation in made.users.items():
        found = valid(name)
        each = () if found is MISSING else found if isinstance(found, tuple) else (found,)
        for user in dict.fromkeys(user for user in each if index.knows(user)):
            yield Tuple(object, relation, object_of(USER, user))
    for relation, condition in made.holds.items():
        context = record_context(index, resource, plan.conditions[condition].text.parameters, record)
        yield Tuple(object, relation, EVERYBODY, condition=condition, context=context)
    yield from _upwards(plan, resource, object, record)
    for name, (relation, target) in made.related.items():
        found = valid(name)
        if found is MISSING or not steps:
            continue
        if target is None:
            yield Tuple(object, relation, object_of(USER, found) if found in index.requesters else UNKNOWN)
        else:
            there = f"{plan.types[target].name}:{object.partition(':')[2]}/{object_id(name)}"
            yield Tuple(object, relation, there)
            yield from _told(plan, target, there, found, steps - 1)


def _upwards(plan: RelationPlan, resource: str, object: str, record: Any) -> Iterator[Tuple]:
    """The nodes of a record and of those above it. No policy asks for ids that are too long."""
    ways = plan.types[resource].ways
    if not ways:
        return
    way = way_from(plan.index, resource, record)
    if UPWARDS in ways:
        nodes = (object_of(plan.nodes[resource].name, id) for id in ids_of(way) if len(object_id(id)) <= LONGEST_NODE)
        yield from (Tuple(object, ways[UPWARDS], node) for node in nodes)
    if WHOLE in ways and way[-1] is not MISSING:
        yield Tuple(object, ways[WHOLE], EVERYBODY)


def _eligible(plan: RelationPlan, resource: str, touched: tuple[str, ...], record: Any) -> Iterator[Check]:
    """The users who would be written must have the role that the attribute asks for."""
    for user, role in must_be_eligible(plan.index, resource, touched, record, _NOW):
        yield Check(object_of(ROLE, role), HOLDER, object_of(USER, user))
