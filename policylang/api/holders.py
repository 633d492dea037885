"""Who can do something, with the ways in which they can."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.ir import nodes as ir
from policylang.runtime.access import Access, access, rows
from policylang.runtime.grants import profile
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.plan import Way, make_plan
from policylang.runtime.reference import answer
from policylang.runtime.request import Request
from policylang.runtime.truth import Situation, truth
from policylang.runtime.values import attribute, given_record, given_request


class Holder(msgspec.Struct, frozen=True):
    """A user or integration who may do what was asked. ``fields``: the attributes covered, by all ways together."""

    user: str
    fields: tuple[str, ...]
    ways: tuple[Access, ...]


def holders(
    policy_set: PolicySet,
    action: str,
    resource: str,
    record: Any = None,
    *,
    now: datetime.datetime,
    request: Any = None,
    field: str | None = None,
) -> Iterator[Holder]:
    """Those who may do that to the record or, without one, to some record, in order; with the ways that are open.

    With ``field`` those who may do it to this attribute, and the ways that cover it. ``request`` counts with a record.
    The resource, its action and its attribute must exist.
    """
    index = policy_set.index
    record, request = None if record is None else given_record(record), given_request(request)
    known = _Known(index, action, resource, now)
    for user in index.requesters:
        ways, listed = known.of(user)
        if record is None:
            fields = frozenset(name for _, way in listed for name in way.fields)
        else:
            s = Situation(index, user, resource, record, request, now)
            # Most users are out at once; only a decision says whether the others are in.
            if not any(_is_open(s, way) for way in ways):
                continue
            decision = policy_set.decide(user, action, resource, record, now=now, request=request, field=field)
            if not decision.allowed:
                continue
            listed = [each for each in listed if _is_open(s, each[0])]
            fields = frozenset(decision.fields)
        found = [_narrowed(way, user, fields) for _, way in listed if field is None or field in way.fields]
        if found or record is not None:
            yield Holder(user, tuple(name for name in index.attributes[resource] if name in fields), tuple(found))


def bundles(
    index: Index,
    action: str,
    resource: str,
    record: Any = None,
    *,
    now: datetime.datetime,
    request: Any = None,
    field: str | None = None,
) -> Iterator[tuple[str, str]]:
    """The groups and roles by which somebody who has nothing else may do that, as `holders` says it of users:
    ``("role", "clerk")``.
    """
    record, request = None if record is None else given_record(record), given_request(request)
    shared = [name for name, role in index.roles.items() if role.owner is None]
    for kind, names in (("group", list(index.groups)), ("role", shared)):
        for name in names:
            group, roles = (name, ()) if kind == "group" else (None, ((name, None),))
            alone, user = hypothetical(index, roles, group)
            if record is not None:
                asked = Request(user, action, resource, record, now, request, field)
                is_open = answer(alone, asked).allowed
            else:
                ways = access(alone, user, now, [(resource, action)])
                is_open = any(field is None or field in way.fields for way in ways)
            if is_open:
                yield kind, name


class _Known:
    """The ways of users, worked out once for all whose rights come from the same places."""

    def __init__(self, index: Index, action: str, resource: str, now: datetime.datetime) -> None:
        self.index, self.action, self.resource, self.now = index, action, resource, now
        self.known: dict[Any, tuple[tuple[Way, ...], list[tuple[Way, Access]]]] = {}

    def of(self, user: str) -> tuple[tuple[Way, ...], list[tuple[Way, Access]]]:
        """All ways, and those that may be open on some record with what they come to."""
        declared = self.index.users.get(user) or self.index.integrations.get(user)
        dates = () if declared is None else tuple((a.role, a.place, a.begins, a.ends) for a in declared.assignments)
        job = declared.job.name if isinstance(declared, ir.User) and declared.job is not None else None
        who = profile(self.index, user, self.now)
        found = self.known.get((who, dates, job))
        if found is None:
            plan = make_plan(self.index, who, self.action, self.resource)
            found = plan.ways, list(rows(self.index, user, self.now, plan))
            self.known[who, dates, job] = found
        return found


def _is_open(s: Situation, way: Way) -> bool:
    """Whether the way's place covers the record, and all its limits are true of it."""
    name = s.index.resources[s.resource].place
    place = None if name is None else attribute(s.record, name)
    if not s.index.covers(way.place, place if isinstance(place, str) else None):
        return False
    return all(truth(limit.condition, s) is True for limit in way.limits)


def _narrowed(way: Access, user: str, fields: frozenset[str]) -> Access:
    """The way as one of this user, without the attributes that are not covered."""
    return msgspec.structs.replace(way, user=user, fields=tuple(name for name in way.fields if name in fields))
