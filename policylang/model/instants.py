"""Instants as text, and the instants of local times."""

from __future__ import annotations

import datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

DEFAULT_TIMEZONE = "UTC"


def instant_text(instant: datetime.datetime) -> str:
    """The one way an instant is written, in UTC: ``2026-10-22T19:00:00Z``. The instant must have an offset."""
    return instant.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def microseconds(instant: datetime.datetime) -> int:
    """Since the start of 1970 in UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def day_number(day: datetime.date) -> int:
    """Since 1970-01-01."""
    return day.toordinal() - _EPOCH.toordinal()


@cache
def timezones() -> frozenset[str]:
    """The names of the IANA time zones, from the ``tzdata`` package: the same on every machine."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """A timezone from the ``tzdata`` package, whose rules are the same on every machine."""
    data = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    with data.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


# --- assignments ---------------------------------------------------------------------------------------------
# Days and times as they are written: `2026-01-05`, or `2026-01-05 20:00`.


def beginning(begins: str, timezone: ZoneInfo) -> datetime.datetime:
    """The instant from which on an assignment is active, in UTC: of a time that comes twice the first one, of one that
    the clocks skip the first one behind the gap. `FIRST` and `LAST` where it is beyond the calendar.
    """
    day, _, time = begins.partition(" ")
    return _instant(day, time or "00:00", timezone, fold=0)


def ending(ends: str, timezone: ZoneInfo) -> datetime.datetime:
    """The instant at which an assignment is over, in UTC: the end of a day; of a time that comes twice the second one.
    `FIRST` and `LAST` where it is beyond the calendar.
    """
    day, _, time = ends.partition(" ")
    if time:
        return _instant(day, time, timezone, fold=1)
    if day == datetime.date.max.isoformat():
        return LAST
    after = datetime.date.fromisoformat(day) + datetime.timedelta(days=1)
    return _instant(after.isoformat(), "00:00", timezone, fold=0)


def is_backwards(ends: str, begins: str) -> bool:
    """Whether an assignment would be over when it begins, going by what is written. The clocks may say otherwise."""
    if len(ends) > len("2026-01-05"):
        return ends <= (begins if len(begins) == len(ends) else f"{begins} 00:00")
    return ends < begins[: len(ends)]


def never_active(ends: str, begins: str, timezone: ZoneInfo | None, what: str = "assignment") -> tuple[str, str] | None:
    """Why an assignment would never be active, and what to do about it. Without a timezone only where it does not
    depend on one.
    """
    backwards = is_backwards(ends, begins)
    days = (datetime.date.fromisoformat(ends[:10]) - datetime.date.fromisoformat(begins[:10])).days
    near = abs(days) <= 1  # as far as clocks may go forward or back
    if timezone is None:
        if near or not backwards:
            return None
    elif near:
        begin, end = beginning(begins, timezone), ending(ends, timezone)
        if {FIRST, LAST}.isdisjoint((begin, end)):
            if begin < end:
                return None
            if not backwards:
                return _skipped(begin, timezone, what)
    if not backwards:
        return None
    first, last = (f"{'at' if ' ' in each else 'on'} {each}" for each in (begins, ends))
    if first == last:
        return f"the {what} ends when it begins, {last}", "correct one of the two"
    return f"the {what} ends {last} before it begins {first}", "swap the two dates, or correct one"


def _skipped(behind: datetime.datetime, timezone: ZoneInfo, what: str) -> tuple[str, str]:
    """``behind``: the first instant behind the gap."""
    after = behind.astimezone(timezone)
    before = (behind - _MICROSECOND).astimezone(timezone).replace(tzinfo=None) + _MICROSECOND
    to = f"{after:%H:%M}" if after.date() == before.date() else f"{after:%Y-%m-%d %H:%M}"
    why = f"the clocks of {timezone.key} go from {before:%H:%M} to {to} on {before:%Y-%m-%d}"
    return f"the {what} never holds: {why}", f"let it end after {to}, or begin before {before:%H:%M}"


def _instant(day: str, time: str, timezone: ZoneInfo, fold: int) -> datetime.datetime:
    """In UTC; the first or last instant of all where the time in UTC is beyond the calendar."""
    local = datetime.datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=timezone)
    try:
        first, second = (local.replace(fold=each).astimezone(datetime.UTC) for each in (0, 1))
    except OverflowError:
        return LAST if local.year == datetime.MAXYEAR else FIRST
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


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_MICROSECOND = datetime.timedelta(microseconds=1)
FIRST, LAST = (each.replace(tzinfo=datetime.UTC) for each in (datetime.datetime.min, datetime.datetime.max))
"""The ends of the calendar."""
