"""The whole of what a user may do, as a list: what, on which records, and where it comes from."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

import msgspec

from policylang.ir import nodes as ir
from policylang.model.types import PlaceType
from policylang.model.words import condition_in_words
from policylang.runtime.index import Index
from policylang.runtime.plan import AllMet, AnyMet, Held, Met, PlacedDeny, Plan, Way, make_plan, profile
from policylang.runtime.reference import said_by
from policylang.runtime.sources import chains, is_active
from policylang.syntax.quoting import quote_text


class Access(msgspec.Struct, frozen=True):
    """One way in which a user may act on records of a resource.

    ``fields``: the attributes covered, in the order of their declaration. ``limits``: conditions, all of which a record
    must make true. ``denies``: conditions, none of which it may make true or leave open. ``source``: the group or role
    that brings it, with its place. ``dates``: when it is assigned, as ``from 2026-01-01 until 2026-03-31``; empty for
    always. ``grants``: where the grants stand, ``path:line:column-line:column``.
    """

    user: str
    resource: str
    action: str
    fields: tuple[str, ...]
    limits: tuple[str, ...]
    denies: tuple[str, ...]
    source: str
    dates: tuple[str, ...]
    grants: tuple[str, ...]


def access(
    index: Index, user: str, now: datetime.datetime | None, wanted: Iterable[tuple[str, str]] | None = None
) -> Iterator[Access]:
    """The ways of a user, by resource and action in the order of their declaration; of the ``wanted`` resources and
    actions only, if given. Without ``now`` what is assigned at any time.
    """
    who = profile(index, user, now)
    if wanted is None:
        wanted = [(resource, action) for resource in index.resources for action in index.actions[resource]]
    for resource, action in wanted:
        yield from (row for _, row in rows(index, user, now, make_plan(index, who, action, resource)))


def rows(index: Index, user: str, now: datetime.datetime | None, plan: Plan) -> Iterator[tuple[Way, Access]]:
    """The ways of a user's plan that may be open on some record, and what they come to."""
    whole = [each for each in plan.denies if each.deny.fields is None]
    if any(d.place is None and d.deny.condition is None for d in whole):
        return
    if not _can_be_met(index, plan.resource, plan.requirement):
        return
    for way in plan.ways:
        row = _row(index, user, now, plan, way)
        if _can_cover(index, plan.resource, way.place) and (row.fields or not way.fields):
            yield way, row


def _can_cover(index: Index, resource: str, place: str | None) -> bool:
    """Whether what holds at the place can hold for a record: one that says where it is, at such a place or below."""
    if place is None:
        return True
    name = index.resources[resource].place
    type_ = None if name is None else index.attributes[resource][name].type
    return isinstance(type_, PlaceType) and index.is_kind_or_above(index.places[place].kind, type_.scope)


def _can_be_met(index: Index, resource: str, met: Met) -> bool:
    match met:
        case Held(places):
            return any(_can_cover(index, resource, place) for place in places)
        case AllMet(items):
            return all(_can_be_met(index, resource, item) for item in items)
        case AnyMet(items):
            return any(_can_be_met(index, resource, item) for item in items)
        case _:
            return met


def _row(index: Index, user: str, now: datetime.datetime | None, plan: Plan, way: Way) -> Access:
    lost = {
        name
        for each in plan.denies
        if each.deny.fields is not None and each.place is None and each.deny.condition is None
        for name in each.deny.fields
    }
    limits = [condition_in_words(limit.condition) for limit in (*way.limits, *plan.appends)]
    if way.place is not None:
        limits.insert(0, f"at {place_in_words(index, way.place)}")
    if plan.requirement is not True:
        limits.append(_met_in_words(index, plan.requirement))
    return Access(
        user,
        plan.resource,
        plan.action,
        tuple(name for name in index.attributes[plan.resource] if name in way.fields - lost),
        tuple(dict.fromkeys(limits)),
        tuple(dict.fromkeys(_deny_in_words(index, each) for each in plan.denies if _is_told(index, each))),
        said_by(way.source, _chain(index, way)),
        _dates(index, user, now, way),
        tuple(dict.fromkeys(grant.at for grant in way.statements)),
    )


def _chain(index: Index, way: Way) -> tuple[ir.Group | ir.Role, ...]:
    """The outermost bundle and, where all grants are said by one role inside it, that role."""
    ats = {grant.at for grant in way.statements}
    for chain in chains(index, way.source):
        if ats <= {grant.at for grant in chain[-1].grants}:
            return chain
    return next(iter(chains(index, way.source)))[:1]


def _is_told(index: Index, each: PlacedDeny) -> bool:
    """A deny of fields everywhere shows in the fields already, and one that holds where no record can be is none."""
    if not _can_cover(index, each.deny.resource, each.place):
        return False
    return each.deny.condition is not None or each.place is not None


def _deny_in_words(index: Index, each: PlacedDeny) -> str:
    deny = each.deny
    what = f"{', '.join(deny.fields)}: " if deny.fields is not None else ""
    where = [] if each.place is None else [f"at {place_in_words(index, each.place)}"]
    when = [] if deny.condition is None else [condition_in_words(deny.condition)]
    return what + " and ".join([*where, *when])


def place_in_words(index: Index, place: str) -> str:
    """``site "HQ"``"""
    return f"{index.places[place].kind} {quote_text(place)}"


def _met_in_words(index: Index, met: Met) -> str:
    match met:
        case Held(places):
            return f"at {' or '.join(place_in_words(index, place) for place in places)}"
        case AllMet(items):
            return " and ".join(_met_in_words(index, item) for item in items)
        case AnyMet(items):
            return f"({' or '.join(_met_in_words(index, item) for item in items)})"
        case _:
            return ""


def _dates(index: Index, user: str, now: datetime.datetime | None, way: Way) -> tuple[str, ...]:
    """When the source is assigned, if it is by assignments with dates only."""
    declared = index.users.get(user)
    if declared is None or way.source.kind == "group":
        return ()
    if (
        way.place is None
        and declared.job
        and any(r.name == way.source.name for r in index.jobs[declared.job.name].roles)
    ):
        return ()
    given = [
        assignment
        for assignment in declared.assignments
        if assignment.role == way.source.name
        and assignment.place == way.place
        and (now is None or is_active(index, assignment, now))
    ]
    spans = [dates_in_words(assignment) for assignment in given]
    return () if "" in spans else tuple(dict.fromkeys(spans))


def dates_in_words(assignment: ir.Assignment) -> str:
    """``from 2026-01-01 until 2026-03-31``, with what there is of it."""
    start = [f"from {assignment.start}"] if assignment.start else []
    until = [f"until {assignment.until}"] if assignment.until else []
    return " ".join([*start, *until])
