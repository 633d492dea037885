"""What tests of the time of day and the weekday can say together, and instants at which they do.

In a week there are few stretches in which all of them stay as they are, so a question is asked for each combination of
their answers that occurs.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from functools import lru_cache

from policylang.model import conditions as c
from policylang.model.instants import zone
from policylang.runtime.clock import is_between

ClockTest = c.Hours | c.Weekdays
ClockCase = tuple[tuple[ClockTest, bool], ...]
"""Tests with their answers."""

_MINUTE = datetime.timedelta(minutes=1)
_WEEK = datetime.timedelta(days=8)
"""A longer time has every stretch of a week in it, however the clocks change."""


def clock_tests(tests: Iterable[object]) -> tuple[ClockTest, ...]:
    """Those of the tests that look at the clock, each once."""
    return tuple(dict.fromkeys(test for test in tests if isinstance(test, c.Hours | c.Weekdays)))


def _clock_answer(test: ClockTest, weekday: str, time: str) -> bool:
    """What a test says at a time of day, ``22:00``, of a weekday."""
    return is_between(time, test.first, test.last) if isinstance(test, c.Hours) else weekday in test.days


def clock_cases(
    tests: tuple[ClockTest, ...], timezone: str, since: datetime.datetime | None, until: datetime.datetime | None
) -> tuple[ClockCase, ...]:
    """The combinations of answers that there are from ``since`` on, up to, not including, ``until``; of a time of more
    than a week, those of any week.
    """
    if since is not None and until is not None and until - since <= _WEEK:
        return _within(tests, timezone, since, until)
    moments = ((day, time) for day in c.WEEKDAYS for time in _cuts(tests))
    return tuple(dict.fromkeys(_case(tests, day, time) for day, time in moments))


@lru_cache(maxsize=256)
def _within(
    tests: tuple[ClockTest, ...], timezone: str, since: datetime.datetime, until: datetime.datetime
) -> tuple[ClockCase, ...]:
    """Minute by minute, since the clocks may change in between."""
    found: dict[ClockCase, None] = {}
    now = since
    while now < until:
        found[_at(tests, timezone, now)] = None
        now = now.replace(second=0, microsecond=0) + _MINUTE
    return tuple(found)


def instants_of(case: ClockCase, timezone: str, near: datetime.datetime) -> Iterator[datetime.datetime]:
    """Instants with these answers: one that is given, and beginnings of stretches in the days around it."""
    tests = tuple(test for test, _ in case)
    place = zone(timezone)
    today = near.astimezone(place).date()
    for days in (0, *range(1, 9), *range(-1, -9, -1)):
        for time in (None, *_cuts(tests)):
            try:
                day = today + datetime.timedelta(days=days)
                now = near + datetime.timedelta(days=days)
                if time is not None:
                    local = datetime.datetime.combine(day, datetime.time.fromisoformat(time), place)
                    now = local.astimezone(datetime.UTC)
                if _at(tests, timezone, now) == case:
                    yield now
            except OverflowError:
                continue


def _cuts(tests: Iterable[ClockTest]) -> list[str]:
    """The times of day at which an answer may change."""
    edges = {edge for test in tests if isinstance(test, c.Hours) for edge in (test.first, test.last)}
    return sorted({"00:00", *edges})


def _at(tests: tuple[ClockTest, ...], timezone: str, now: datetime.datetime) -> ClockCase:
    local = now.astimezone(zone(timezone))
    return _case(tests, c.WEEKDAYS[local.weekday()], f"{local:%H:%M}")


def _case(tests: tuple[ClockTest, ...], weekday: str, time: str) -> ClockCase:
    return tuple((test, _clock_answer(test, weekday, time)) for test in tests)
