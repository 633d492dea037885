"""Times at which a user has the same roles: between the dates on which assignments begin and end."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec

from policylang.ir import nodes as ir
from policylang.runtime.clock import begin_of, end_of, is_edge
from policylang.runtime.grants import Profile, profile
from policylang.runtime.index import Index

_DAY = datetime.timedelta(days=1)


class Period(msgspec.Struct, frozen=True, gc=False):
    """Days from the first to the last, both included, in the policy set's timezone; open where there is none.

    Where an assignment says a time, ``since`` is the instant on the first day from which on it holds, and ``until`` the
    one on the last day at which it is over.
    """

    first: datetime.date | None = None
    last: datetime.date | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def instants(self, timezone: ZoneInfo) -> tuple[datetime.datetime | None, datetime.datetime | None]:
        """The instants from the first one on, up to, not including, the second one."""
        since = self.since or (None if self.first is None else _start(self.first, timezone))
        until = self.until or (None if self.last is None else _start(self.last + _DAY, timezone))
        return since, until

    def instant(self, now: datetime.datetime, timezone: ZoneInfo) -> datetime.datetime:
        """An instant in the period: now, or noon of the day of it that is closest; or the beginning or the last second
        of the period, where noon is outside.
        """
        since, until = self.instants(timezone)
        if _lies(now, since, until):
            return now
        early = since is not None and now < since
        day = self.first if early else self.last
        assert day is not None
        noon = _noon(day, timezone)
        if noon is not None and _lies(noon, since, until):
            return noon
        if since is not None and (early or until is None or until - _SECOND < since):
            return since
        assert until is not None
        return until - _SECOND


_SECOND = datetime.timedelta(seconds=1)

ALWAYS = Period()
"""Every day."""


def _lies(now: datetime.datetime, since: datetime.datetime | None, until: datetime.datetime | None) -> bool:
    return (since is None or since <= now) and (until is None or now < until)


def _start(day: datetime.date, timezone: ZoneInfo) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), timezone).astimezone(datetime.UTC)


def _noon(day: datetime.date, timezone: ZoneInfo) -> datetime.datetime | None:
    """Null where it is beyond the calendar in UTC."""
    try:
        return datetime.datetime.combine(day, datetime.time(12), timezone).astimezone(datetime.UTC)
    except OverflowError:
        return None


class _Edge(msgspec.Struct, frozen=True):
    """Where one period ends and the next begins: the last day of the one, the first day of the other, and the instant,
    if that is not the beginning of a day.
    """

    last: datetime.date
    first: datetime.date
    at: datetime.datetime | None


def periods(index: Index, user: str) -> Iterator[tuple[Period, Profile]]:
    """The periods of a user with what the user has in each, from the first to the last; one, if no date matters."""
    declared = index.users.get(user) or index.integrations.get(user)
    found: dict[datetime.datetime, _Edge] = {}
    for assignment in declared.assignments if declared is not None else ():
        for at, edge in _edges(assignment, index.timezone):
            found.setdefault(at, edge)
    edges = [found[at] for at in sorted(found)]
    for before, after in zip([None, *edges], [*edges, None], strict=True):
        period = Period(
            before.first if before else None,
            after.last if after else None,
            before.at if before else None,
            after.at if after else None,
        )
        middle = period.instant(datetime.datetime(2000, 1, 1, 12, tzinfo=datetime.UTC), index.timezone)
        yield period, profile(index, user, middle)


def _edges(assignment: ir.Assignment, timezone: ZoneInfo) -> Iterator[tuple[datetime.datetime, _Edge]]:
    begin, end = begin_of(assignment, timezone), end_of(assignment, timezone)
    if assignment.start is not None and begin is not None and is_edge(begin, timezone):
        day = datetime.date.fromisoformat(assignment.start)
        if assignment.start_time is None:
            yield _start(day, timezone), _Edge(day - _DAY, day, None)
        else:
            yield begin, _timed(begin, timezone)
    if assignment.until is not None and end is not None and is_edge(end, timezone):
        day = datetime.date.fromisoformat(assignment.until)
        if assignment.until_time is None:
            yield _start(day + _DAY, timezone), _Edge(day, day + _DAY, None)
        else:
            yield end, _timed(end, timezone)


def _timed(at: datetime.datetime, timezone: ZoneInfo) -> _Edge:
    day = at.astimezone(timezone).date()
    last = (at - datetime.timedelta(microseconds=1)).astimezone(timezone).date()
    return _Edge(last, day, at)
