"""What the calendar brings to a policy set: reviews that are due, assignments that begin and end, comments that end."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from policylang.check.reviews import latest_reviews, next_review
from policylang.check.suppress.suppression import Suppression
from policylang.ir import nodes as ir
from policylang.model.instants import zone
from policylang.model.types import Duration
from policylang.source import Location


class Spot(msgspec.Struct, frozen=True):
    """Where something is written: the path as the user names it, line and column from 1 on."""

    path: str
    line: int
    column: int


class Where(msgspec.Struct, frozen=True):
    """A place of the scope tree."""

    kind: str
    name: str


class Review(msgspec.Struct, frozen=True, tag="review", tag_field="kind"):
    """The next review of something is due on `day`; `day` and `last` are null for what was never reviewed."""

    day: datetime.date | None
    of: Literal["role", "group", "integration", "user"]
    name: str
    every: Duration
    last: datetime.date | None
    by: str | None
    at: Spot


class _Assignment(msgspec.Struct, frozen=True):
    day: datetime.date
    user: str
    user_name: str | None
    role: str
    place: Where | None
    start: datetime.date | None = msgspec.field(name="from")
    until: datetime.date | None
    because: str | None
    approved_by: str | None
    at: Spot


class End(_Assignment, frozen=True, tag="end", tag_field="kind"):
    """`day` is the last day of an assignment: it holds until that day is over."""


class Start(_Assignment, frozen=True, tag="start", tag_field="kind"):
    """`day` is the first day of an assignment: it holds from the start of that day."""


class SuppressionEnd(msgspec.Struct, frozen=True, tag="suppression_end", tag_field="kind"):
    """`day` is the last day of a comment that ignores findings of these rules."""

    day: datetime.date
    codes: tuple[str, ...]
    because: str | None
    at: Spot


AgendaEntry = Review | End | Start | SuppressionEnd
_RANKS: dict[type[Any], int] = {Review: 0, End: 1, Start: 2, SuppressionEnd: 3}


class Agenda(msgspec.Struct, frozen=True):
    """What the calendar brings to one policy set. Days are days in its timezone."""

    policies: tuple[str, ...]
    """The paths that the policy set was read from."""
    timezone: str
    today: datetime.date
    last: datetime.date
    """The last day of the window, which begins today."""
    overdue: tuple[Review, ...]
    """Reviews whose day has passed, and what was never reviewed."""
    over: tuple[End | SuppressionEnd, ...]
    """Assignments and comments whose last day has passed."""
    coming: tuple[AgendaEntry, ...]
    """What lies in the window, both its ends included, in the order of the days."""


class Agendas(msgspec.Struct, frozen=True):
    """The agendas of policy sets as of an instant."""

    now: datetime.datetime
    days: int
    sets: tuple[Agenda, ...]


def agenda(
    policy_set: ir.PolicySet,
    now: datetime.datetime,
    days: int,
    *,
    suppressions: Sequence[Suppression] = (),
    policies: tuple[str, ...] = (),
    shown: Mapping[str, str] | None = None,
) -> Agenda:
    """What is overdue or over at ``now``, an aware instant, and what comes from that day on to ``days`` days later, or
    to the end of the calendar. ``shown``: the path of each source as the user names it.
    """
    paths = shown or {}
    today = now.astimezone(zone(policy_set.timezone)).date()
    last = today + datetime.timedelta(days=min(days, (datetime.date.max - today).days))
    overdue: list[Review] = []
    over: list[End | SuppressionEnd] = []
    coming: list[AgendaEntry] = []
    for entry in _entries(policy_set, suppressions, paths):
        if entry.day is not None and entry.day >= today:
            if entry.day <= last:
                coming.append(entry)
        elif isinstance(entry, Review):
            overdue.append(entry)
        elif not isinstance(entry, Start):
            over.append(entry)
    return Agenda(
        policies,
        policy_set.timezone,
        today,
        last,
        tuple(sorted(overdue, key=_order)),
        tuple(sorted(over, key=_order)),
        tuple(sorted(coming, key=_order)),
    )


def _entries(
    policy_set: ir.PolicySet, suppressions: Sequence[Suppression], paths: Mapping[str, str]
) -> Iterator[AgendaEntry]:
    yield from reviews(policy_set, paths)
    kinds = {place.name: place.kind for place in policy_set.places}
    holders = [(user.id, user.label, user.assignments) for user in policy_set.users]
    holders += [(each.name, each.label, each.assignments) for each in policy_set.integrations]
    for name, label, assignments in holders:
        for each in assignments:
            start, until = _day(each.start), _day(each.until)
            place = None if each.place is None else Where(kinds[each.place], each.place)
            at = _spot(Location.parse(each.at), paths)
            said = name, label, each.role, place, start, until, each.because, each.approved_by, at
            if until is not None:
                yield End(until, *said)
            if start is not None:
                yield Start(start, *said)
    for comment in suppressions:
        if comment.until is not None:
            yield SuppressionEnd(comment.until, comment.codes, comment.reason, _spot(comment.at, paths))


def reviews(policy_set: ir.PolicySet, paths: Mapping[str, str]) -> Iterator[Review]:
    """One for each thing to review and interval, whatever log of reviews there is, at the latest line of it. What is
    due beyond the calendar is left out.
    """
    last = latest_reviews(policy_set)
    lines: dict[tuple[str, str, Duration], ir.Review] = {}
    by: dict[tuple[str, str], str | None] = {}
    for review in policy_set.reviews:
        key = review.kind, review.name, review.every
        lines[key] = max(lines.get(key, review), review, key=lambda line: line.last or "")
        if review.last == last.get((review.kind, review.name)):
            by[review.kind, review.name] = review.by
    for line in lines.values():
        subject = line.kind, line.name
        seen = last.get(subject)
        due = None if seen is None else next_review(line, seen)
        if seen is None or due is not None:
            at = _spot(Location.parse(line.at), paths)
            yield Review(due, line.kind, line.name, line.every, _day(seen), by[subject], at)


def _day(written: str | None) -> datetime.date | None:
    return None if written is None else datetime.date.fromisoformat(written)


def _spot(at: Location, paths: Mapping[str, str]) -> Spot:
    return Spot(paths.get(at.path, at.path), at.line, at.column)


def _order(entry: AgendaEntry) -> tuple[object, ...]:
    """By day, then by kind, then by what it is about."""
    match entry:
        case Review():
            about: tuple[object, ...] = (entry.of, entry.name, entry.every.unit, entry.every.amount)
        case SuppressionEnd():
            about = entry.codes
        case _:
            about = (entry.role, entry.place.name if entry.place else "", entry.user)
    day = entry.day or datetime.date.min
    return day, _RANKS[type(entry)], about, (entry.at.path, entry.at.line, entry.at.column)
