"""Instants and calendar units in the policy set's timezone."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from policylang.model.conditions import WEEKDAYS, Hours, Weekdays
from policylang.model.types import Duration


@cache
def zone(name: str) -> ZoneInfo:
    """A timezone from the ``tzdata`` package, whose rules are the same on every machine."""
    data = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with data.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def is_between(time: str, first: str, last: str) -> bool:
    """Whether a time of day, ``22:00``, lies from the first on, up to but not at the last; over midnight where the last
    is before the first.
    """
    return first <= time < last if first <= last else time >= first or time < last


def clock_test(test: Hours | Weekdays, now: datetime.datetime, timezone: ZoneInfo) -> bool:
    """Whether now is in the hours, or on one of the days."""
    local = now.astimezone(timezone)
    if isinstance(test, Hours):
        return is_between(f"{local.hour:02}:{local.minute:02}", test.first, test.last)
    return WEEKDAYS[local.weekday()] in test.days


def clock_edges(
    tests: Iterable[Hours | Weekdays], now: datetime.datetime, timezone: ZoneInfo
) -> Iterator[datetime.datetime]:
    """The instants within a week at which one of the tests may begin or cease to hold."""
    times = {"00:00", *(time for test in tests if isinstance(test, Hours) for time in (test.first, test.last))}
    today = now.astimezone(timezone).date()
    for days in range(8):
        for time in sorted(times):
            day = today + datetime.timedelta(days=days)
            local = datetime.datetime.combine(day, datetime.time.fromisoformat(time), timezone)
            yield local.astimezone(datetime.UTC)


def shift(now: datetime.datetime, length: Duration, sign: int, timezone: ZoneInfo) -> datetime.datetime:
    """The instant one length before (``sign`` -1) or after (1) ``now``, in UTC.

    Minutes and days of 24 hours are exact. Months are counted on the calendar of the timezone at the same time of day,
    clamped to the month's last day. A time of day that a clock change skips is read as before the change.
    """
    match length.unit:
        case "minutes":
            return now.astimezone(datetime.UTC) + sign * datetime.timedelta(minutes=length.amount)
        case "days":
            return now.astimezone(datetime.UTC) + sign * datetime.timedelta(days=length.amount)
        case "months":
            local = now.astimezone(timezone)
            day = _shift_months(local.date(), sign * length.amount)
            return datetime.datetime.combine(day, local.time(), timezone).astimezone(datetime.UTC)


def shift_day(today: datetime.date, length: Duration, sign: int) -> datetime.date | None:
    """The day one length before or after; ``None`` for minutes, of which a day has none."""
    match length.unit:
        case "days":
            return today + sign * datetime.timedelta(days=length.amount)
        case "months":
            return _shift_months(today, sign * length.amount)
        case "minutes":
            return None


def _shift_months(day: datetime.date, months: int) -> datetime.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))
