"""Instants and calendar units in the policy set's timezone."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from policylang.ir import nodes as ir
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


def begin_of(assignment: ir.Assignment, timezone: ZoneInfo) -> datetime.datetime | None:
    """The instant from which on an assignment is active, in UTC. Of a time that comes twice the first one counts; one
    that the clocks skip is the instant behind the gap. Null for the beginning of the calendar as well.
    """
    if assignment.start is None:
        return None
    begin = _instant(assignment.start, assignment.start_time or "00:00", timezone, fold=0)
    return begin if is_edge(begin, timezone) or begin == _LAST else None


def end_of(assignment: ir.Assignment, timezone: ZoneInfo) -> datetime.datetime | None:
    """The instant at which an assignment is over, in UTC. Of a time that comes twice the second one counts. Null for
    the end of the calendar as well.
    """
    if assignment.until is None:
        return None
    if assignment.until_time is not None:
        end = _instant(assignment.until, assignment.until_time, timezone, fold=1)
        return None if end == _LAST else end
    if assignment.until == datetime.date.max.isoformat():
        return None
    day = datetime.date.fromisoformat(assignment.until) + datetime.timedelta(days=1)
    return _instant(day.isoformat(), "00:00", timezone, fold=0)


def is_edge(at: datetime.datetime, timezone: ZoneInfo) -> bool:
    """Whether the calendar of the timezone has this instant and one before it: what begins or ends there changes
    something.
    """
    try:
        (at - _MICROSECOND).astimezone(timezone)
    except OverflowError:
        return False
    return at != _LAST


def is_over(assignment: ir.Assignment, now: datetime.datetime, timezone: ZoneInfo) -> bool:
    """Whether an assignment has ended."""
    if assignment.until_time is not None:
        end = end_of(assignment, timezone)
        return end is not None and end <= now
    return assignment.until is not None and assignment.until < now.astimezone(timezone).date().isoformat()


def overlapping(one: ir.Assignment, other: ir.Assignment, timezone: ZoneInfo) -> bool:
    """Whether there is an instant at which both are active."""
    if not any((one.start_time, one.until_time, other.start_time, other.until_time)):
        last = datetime.date.max.isoformat()
        return (one.start or "") <= (other.until or last) and (other.start or "") <= (one.until or last)
    begins = [begin for each in (one, other) if (begin := begin_of(each, timezone)) is not None]
    ends = [end for each in (one, other) if (end := end_of(each, timezone)) is not None]
    return not begins or not ends or max(begins) < min(ends)


def _instant(day: str, time: str, timezone: ZoneInfo, fold: int) -> datetime.datetime:
    """In UTC; the first or last instant of all where the time in UTC is beyond the calendar."""
    local = datetime.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=timezone)
    try:
        first, second = (local.replace(fold=each).astimezone(datetime.UTC) for each in (0, 1))
    except OverflowError:
        return _LAST if local.year == datetime.MAXYEAR else _FIRST
    if first <= second:
        return second if fold else first
    # A gap, which the two offsets take for an instant before and one behind it: when do the clocks change?
    while first - second > _MICROSECOND:
        middle = second + (first - second) // 2
        if middle.astimezone(timezone).utcoffset() == second.astimezone(timezone).utcoffset():
            second = middle
        else:
            first = middle
    return first


_MICROSECOND = datetime.timedelta(microseconds=1)
_FIRST, _LAST = (each.replace(tzinfo=datetime.UTC) for each in (datetime.datetime.min, datetime.datetime.max))


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
