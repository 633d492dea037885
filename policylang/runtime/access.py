"""The whole of what a user may do, as a list: what, on which records, and where it comes from."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.model.instants import beginning, ending
from policylang.model.words import condition_in_words
from policylang.runtime.grants import Profile, holdings, profile
from policylang.runtime.index import Index, Permission
from policylang.runtime.parts import said_by
from policylang.runtime.periods import Period, periods
from policylang.runtime.plan import Met, PlacedDeny, Plan, Way, fold_met, make_plan
from policylang.runtime.sources import RightsSource, chains, inside
from policylang.syntax.quoting import quote_text


class Access(msgspec.Struct, frozen=True):
    """One way in which a user may act on records of a resource.

    ``fields``: the attributes covered, in the order of their declaration; none where the action is open and all are
    taken away. ``limits``: conditions, all of which a record must make true. ``denies``: conditions, none of which it
    may make true or leave open. ``source``: the group or role that brings it, with its place. ``dates``: when it is
    assigned or, where no instant was asked about, when it is open like this, as ``from 2026-01-01 until 2026-03-31``;
    empty for always. ``grants``: where the grants stand, ``path:line:column-line:column``.
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
    index: Index, user: str, now: datetime.datetime | None, wanted: Iterable[Permission] | None = None
) -> Iterator[Access]:
    """The ways of a user, by resource and action in the order of their declaration; of the ``wanted`` resources and
    actions only, if given. Without ``now`` those of any time.

    Where `decide` allows a user something, for whatever record and request, there is a way for it. A way is there if
    its conditions can be met going by their shape: whether some record meets them is not worked out.
    """
    if wanted is None:
        wanted = [(resource, action) for resource in index.resources for action in index.actions[resource]]
    if now is not None:
        who = profile(index, user, now)
        for resource, action in wanted:
            yield from (row for _, row in rows(index, user, now, make_plan(index, who, action, resource)))
        return
    timeline = list(periods(index, user))
    for resource, action in wanted:
        yield from _at_any_time(index, user, timeline, action, resource)


def _at_any_time(
    index: Index, user: str, timeline: list[tuple[Period, Profile]], action: str, resource: str
) -> Iterator[Access]:
    """The ways of all periods, each with the days on which it is like that, in the order of their sources."""
    sources = profile(index, user, None).sources
    matters = {source for source in sources if _matters(index, source, action, resource)}
    known: dict[Profile, list[tuple[Way, Access]]] = {}
    found: dict[Access, tuple[int, list[int]]] = {}
    for number, (_, whole) in enumerate(timeline):
        who = msgspec.structs.replace(whole, sources=tuple(each for each in whole.sources if each in matters))
        if who not in known:
            known[who] = list(open_ways(index, user, make_plan(index, who, action, resource)))
        for way, row in known[who]:
            found.setdefault(row, (sources.index(way.source), []))[1].append(number)
    for row, (_, numbers) in sorted(found.items(), key=lambda each: each[1][0]):
        spans = _joined([timeline[number][0] for number in numbers])
        words = tuple(_in_words(span, index.timezone) for span in spans)
        yield row if spans == [Period()] else msgspec.structs.replace(row, dates=words)


def _matters(index: Index, source: RightsSource, action: str, resource: str) -> bool:
    """Whether what a source says has to do with an action: whether it grants it, denies it, or grants what it needs."""
    wanted = {
        (resource, action),
        *((need.resource, need.action) for need in grants_required(index.actions[resource][action].requires)),
    }
    every = map(index.said, inside(index, source))
    return any(not wanted.isdisjoint((*said.grants, *said.denies)) for said in every)


def _joined(spans: list[Period]) -> list[Period]:
    """Periods in order, those that follow each other as one."""
    found: list[Period] = []
    for span in spans:
        if found and _follows(found[-1], span):
            before = found.pop()
            span = Period(before.first, span.last, before.since, span.until)
        found.append(span)
    return found


def _follows(before: Period, span: Period) -> bool:
    """Whether a period begins where another one ends."""
    if before.until is not None or span.since is not None:
        return before.until == span.since
    return before.last is not None and before.last + datetime.timedelta(days=1) == span.first


def _in_words(span: Period, timezone: ZoneInfo) -> str:
    first = span.first if span.since is None else _local(span.since, timezone, beginning)
    last = span.last if span.until is None else _local(span.until, timezone, ending)
    return _from_until(first, last)


def _local(at: datetime.datetime, timezone: ZoneInfo, read: Callable[[str, ZoneInfo], datetime.datetime]) -> str:
    """The local time; with its offset where that comes twice and would be read as the other one."""
    words = at.astimezone(timezone).isoformat(" ", "minutes")
    without = words[:16]
    return without if read(without, timezone) == at else words


def rows(index: Index, user: str, now: datetime.datetime, plan: Plan) -> Iterator[tuple[Way, Access]]:
    """The ways of a user's plan that may be open on some record at ``now``, and what they come to."""
    for way, row in open_ways(index, user, plan):
        yield way, msgspec.structs.replace(row, dates=_dates(index, user, now, way))


def open_ways(index: Index, user: str, plan: Plan) -> Iterator[tuple[Way, Access]]:
    """The same without dates. Where a way holds at a place, the first of its limits says so."""
    whole = [each for each in plan.denies if each.deny.fields is None]
    if any(d.place is None and d.deny.condition is None for d in whole):
        return
    if not _can_be_met(index, plan.resource, plan.requirement):
        return
    for way in plan.ways:
        if can_cover(index, plan.resource, way.place):
            yield way, _row(index, user, plan, way)


def can_cover(index: Index, resource: str, place: str | None) -> bool:
    """Whether what holds at the place can hold for a record: one that says where it is, at such a place or below."""
    if place is None:
        return True
    kind = index.place_kind(resource)
    return kind is not None and index.is_kind_or_above(index.places[place].kind, kind)


def _can_be_met(index: Index, resource: str, met: Met) -> bool:
    return fold_met(met, lambda places: any(can_cover(index, resource, place) for place in places))


def _row(index: Index, user: str, plan: Plan, way: Way) -> Access:
    lost = {
        name
        for each in plan.denies
        if each.deny.fields is not None and each.place is None and each.deny.condition is None
        for name in each.deny.fields
    }
    names = index.attributes[plan.resource]
    limits = [condition_in_words(limit.condition, names) for limit in (*way.limits, *plan.appends)]
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
        (),
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
    if not can_cover(index, each.deny.resource, each.place):
        return False
    return each.deny.condition is not None or each.place is not None


def _deny_in_words(index: Index, each: PlacedDeny) -> str:
    deny = each.deny
    what = f"{', '.join(deny.fields)}: " if deny.fields is not None else ""
    where = [] if each.place is None else [f"at {place_in_words(index, each.place)}"]
    when = [] if deny.condition is None else [condition_in_words(deny.condition, index.attributes[deny.resource])]
    return what + " and ".join([*where, *when])


def place_in_words(index: Index, place: str) -> str:
    """``site "HQ"``"""
    return f"{index.places[place].kind} {quote_text(place)}"


def _met_in_words(index: Index, met: Met) -> str:
    def held(places: tuple[str, ...]) -> str:
        return f"at {' or '.join(place_in_words(index, place) for place in places)}"

    return fold_met(met, held, " and ".join, lambda parts: f"({' or '.join(parts)})")


def _dates(index: Index, user: str, now: datetime.datetime, way: Way) -> tuple[str, ...]:
    """When the source is assigned, if it is by assignments with dates only."""
    held = [each for each in holdings(index, user, now) if each.active and each.source == way.source]
    spans = ["" if each.assignment is None else dates_in_words(each.assignment) for each in held]
    return () if "" in spans else tuple(dict.fromkeys(spans))


def dates_in_words(assignment: ir.Assignment) -> str:
    """``from 2026-01-01 until 2026-03-31``, with what there is of it."""
    return _from_until(assignment.begins, assignment.ends)


def _from_until(first: object, last: object) -> str:
    return " ".join(f"{word} {at}" for word, at in (("from", first), ("until", last)) if at)
