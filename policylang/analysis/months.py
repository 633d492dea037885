"""How many days calendar months have, seen from any day: what a question must consider if its instant is open."""

from __future__ import annotations

import datetime
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from policylang.model.instants import zone
from policylang.model.types import Duration
from policylang.runtime.clock import shift_day

FIRST_YEAR, LAST_YEAR = 1970, 2099
"""Instants outside of these years are not thought about."""
CENTURIES = (
    datetime.datetime(FIRST_YEAR, 1, 1, tzinfo=datetime.UTC),
    datetime.datetime(LAST_YEAR + 1, 1, 1, tzinfo=datetime.UTC),
)
"""From the first of these instants to the second, which is the first one after them."""
_CALENDAR = (
    datetime.datetime.min.replace(tzinfo=datetime.UTC) + datetime.timedelta(days=2),
    datetime.datetime.max.replace(tzinfo=datetime.UTC) - datetime.timedelta(days=2),
)
"""What is inside the calendar in every timezone."""
_ENOUGH = datetime.timedelta(days=40 * 366)
"""In so many years every date comes on every weekday, also around a year like 2100, which is no leap year."""


def years_of(
    since: datetime.datetime | None, until: datetime.datetime | None
) -> tuple[datetime.datetime, datetime.datetime]:
    """The `CENTURIES`, and more where of a time from ``since`` on, up to ``until``, little or nothing lies in them."""
    first, last = CENTURIES
    if since is not None:
        last = max(last, since + min(_ENOUGH, _CALENDAR[1] - since))
    if until is not None:
        first = min(first, until - min(_ENOUGH, until - _CALENDAR[0]))
    return first, last


@cache
def patterns(months: tuple[tuple[int, int], ...], near: int) -> tuple[tuple[datetime.date, tuple[int, ...]], ...]:
    """The numbers of days that each of several shifts, months and sign, may be on one and the same day, each pattern
    with a day on which it is so, in a year close to ``near``. Days up to the 28th of a month are all alike.
    """
    found: dict[tuple[int, ...], datetime.date] = {}
    for year in sorted(range(FIRST_YEAR, LAST_YEAR + 1), key=lambda year: (abs(year - near), year)):
        for month in range(1, 13):
            for number in (28, 29, 30, 31):
                try:
                    day = datetime.date(year, month, number)
                    ends = [shift_day(day, Duration(abs(amount), "months"), sign) for amount, sign in months]
                except (ValueError, OverflowError):
                    continue
                pattern = tuple((day - end).days * -sign for end, (_, sign) in zip(ends, months, strict=True) if end)
                found.setdefault(tuple(abs(days) for days in pattern), day)
    return tuple((day, pattern) for pattern, day in found.items())


@cache
def widest_shift(timezone: str) -> datetime.timedelta:
    """How far apart the offsets of a timezone are: by so much a shift on the calendar may differ from whole days."""
    place: ZoneInfo = zone(timezone)
    offsets = {
        datetime.datetime(year, month, day, tzinfo=datetime.UTC).astimezone(place).utcoffset()
        for year in range(FIRST_YEAR, LAST_YEAR + 1)
        for month in range(1, 13)
        for day in (1, 15)
    }
    known = [offset for offset in offsets if offset is not None]
    return max(known) - min(known)


@cache
def near_changes(timezone: str, year: int) -> tuple[datetime.datetime, ...]:
    """Noon of the days around changes of the clocks, in the years from one on: between the days on which they change in
    one year and the next, a year has an hour more or less. Within twelve years that happens with leap days as well.
    """
    place: ZoneInfo = zone(timezone)
    last = min(year + 12, LAST_YEAR)
    noons = [
        datetime.datetime(first, 1, 1, 12, tzinfo=place) + datetime.timedelta(days)
        for first in range(max(year, FIRST_YEAR), last + 1)
        for days in range(366)
    ]
    changes = [number for number, (noon, after) in enumerate(pairwise(noons)) if noon.utcoffset() != after.utcoffset()]
    days = sorted({day for change in changes for day in range(change - 1, change + 3) if 0 <= day < len(noons)})
    return tuple(dict.fromkeys(noons[day].astimezone(datetime.UTC) for day in days))
