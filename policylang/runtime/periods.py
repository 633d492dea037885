"""Times at which a user has the same roles: between the dates on which assignments begin and end."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import msgspec

from policylang.runtime.grants import Profile, profile
from policylang.runtime.index import Index

_DAY = datetime.timedelta(days=1)


class Period(msgspec.Struct, frozen=True, gc=False):
    """Days from the first to the last, both included, in the policy set's timezone; open where there is none."""

    first: datetime.date | None = None
    last: datetime.date | None = None

    def instants(self, timezone: ZoneInfo) -> tuple[datetime.datetime | None, datetime.datetime | None]:
        """The instants from the first one on, up to, not including, the second one."""
        return (
            None if self.first is None else _start(self.first, timezone),
            None if self.last is None else _start(self.last + _DAY, timezone),
        )

    def instant(self, now: datetime.datetime, timezone: ZoneInfo) -> datetime.datetime:
        """An instant in the period: now, or noon of the day of it that is closest."""
        since, until = self.instants(timezone)
        if (since is None or since <= now) and (until is None or now < until):
            return now
        day = self.first if since is not None and now < since else self.last
        assert day is not None
        return datetime.datetime.combine(day, datetime.time(12), timezone).astimezone(datetime.UTC)


ALWAYS = Period()
"""Every day."""


def _start(day: datetime.date, timezone: ZoneInfo) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), timezone).astimezone(datetime.UTC)


def periods(index: Index, user: str) -> Iterator[tuple[Period, Profile]]:
    """The periods of a user with what the user has in each, from the first to the last; one, if no date matters."""
    declared = index.users.get(user) or index.integrations.get(user)
    firsts: set[datetime.date] = set()
    for assignment in declared.assignments if declared is not None else ():
        if assignment.start is not None:
            firsts.add(datetime.date.fromisoformat(assignment.start))
        if assignment.until is not None and assignment.until < "9999-12-31":
            firsts.add(datetime.date.fromisoformat(assignment.until) + _DAY)
    begins = [None, *sorted(firsts)]
    ends = [*(day - _DAY for day in sorted(firsts)), None]
    for first, last in zip(begins, ends, strict=True):
        period = Period(first, last)
        middle = period.instant(datetime.datetime(2000, 1, 1, 12, tzinfo=datetime.UTC), index.timezone)
        yield period, profile(index, user, middle)
