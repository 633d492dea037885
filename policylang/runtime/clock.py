"""Instants and calendar units in the policy set's timezone."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from policylang.ir import nodes as ir
from policylang.model.conditions import WEEKDAYS, Hours, Weekdays
from policylang.model.instants import LAST, beginning, ending
from policylang.model.types import Duration

_MICROSECOND = datetime.timedelta(microseconds=1)


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
    """The instant from which on an assignment is active, in UTC. Null for the beginning of the calendar as well."""
    if assignment.begins is None:
        return None
    begin = beginning(assignment.begins, timezone)
    return begin if is_edge(begin, timezone) or begin == LAST else None


def end_of(assignment: ir.Assignment, timezone: ZoneInfo) -> datetime.datetime | None:
    """The instant at which an assignment is over, in UTC. Null for the end of the calendar as well."""
    if assignment.ends is None:
        return None
    end = ending(assignment.ends, timezone)
    return None if end == LAST else end


def is_edge(at: datetime.datetime, timezone: ZoneInfo) -> bool:
    """Whether the calendar of the timezone has this instant and one before it: what begins or ends there changes
    something.
    """
    try:
        (at - _MICROSECOND).astimezone(timezone)
    except OverflowError:
        return False
    return at != LAST


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


def clock_edges(
    tests: Iterable[Hours | Weekdays], now: datetime.datetime, timezone: ZoneInfo
) -> Iterator[datetime.datetime]:
    """The instants within a week at which one of the tests may begin or cease to hold."""
    times = {"00:00", *(time for test in tests if isinstance(test, Hours) for time in (test.first, test.last))}
    today = now.astimezone(timezone).date()
    for days in range(8):
        for time in sorted(times):
            try:
                day = today + datetime.timedelta(days=days)
                local = datetime.datetime.combine(day, datetime.time.fromisoformat(time), timezone)
                edge = local.astimezone(datetime.UTC)
            except OverflowError:
                continue
            if is_edge(edge, timezone):
                yield edge


def shift(now: datetime.datetime, length: Duration, sign: int, timezone: ZoneInfo) -> datetime.datetime:
    """The instant one length before (``sign`` -1) or after (1) ``now``, in UTC.

    Minutes and days of 24 hours are exact. Months are counted on the calendar of the timezone at the same time of day,
    clamped to the month's last day. Of a time of day that comes twice that is the second if now is a second one, else
    the first; one that a clock change skips is read as before the change, or as after it if now is a second one.
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


def now_and_edge(
    now: datetime.datetime, length: Duration, sign: int, timezone: ZoneInfo, *, of_days: bool
) -> tuple[Any, Any] | None:
    """``now`` and the instant one length before or after it, or, ``of_days``, today and that day; ``None`` where there
    is none: a day has no minutes, or it is outside the calendar.
    """
    try:
        if of_days:
            today = now.astimezone(timezone).date()
            day = shift_day(today, length, sign)
            return None if day is None else (today, day)
        return now, shift(now, length, sign, timezone)
    except (OverflowError, ValueError):
        return None


def _shift_months(day: datetime.date, months: int) -> datetime.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))
