"""Instants and days at which two timezones may not agree: what a formula does not say exactly is tried there."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from policylang.analysis.query import Witness
from policylang.diff.subjects import Span
from policylang.model import conditions as c
from policylang.model.instants import instant_text
from policylang.model.types import DateType, Duration
from policylang.runtime.clock import now_and_edge

_DAYS = (0, *range(7, 365, 7))
_HOURS = {True: range(24), False: range(0, 24, 6)}
"""At which an instant is tried on the first day, and on every later one: zones change their clocks on other days."""


def variations(
    found: Witness, conditions: Iterable[c.Condition], zones: tuple[ZoneInfo, ZoneInfo], span: Span
) -> Iterator[Witness]:
    """The situation with other instants, and with the record's times at the edges of what conditions ask."""
    conditions = list(conditions)
    asked = list(dict.fromkeys(each for condition in conditions for each in _asked(condition)))
    clock = any(isinstance(test, c.Hours | c.Weekdays) for condition in conditions for test in condition.tests())
    if not (asked or clock) or zones[0].key == zones[1].key:
        return
    for now in _instants(found.now, span, zones):
        for zone in zones:
            for to_now in (False, True):
                times = {
                    path.steps[0]: _edge(path, None if to_now else length, sign, now, zone)
                    for path, length, sign in asked
                }
                yield msgspec.structs.replace(found, record={**found.record, **times}, now=now)


def _asked(condition: c.Condition) -> Iterator[tuple[c.Path, Duration, int]]:
    for test in condition.tests():
        if isinstance(test, c.Time) and isinstance(test.operand, c.Path) and isinstance(test.duration, c.Constant):
            path, length = test.operand, test.duration.value
            if path.root == "record" and len(path.steps) == 1 and isinstance(length, Duration):
                yield path, length, test.sign


def _instants(first: datetime.datetime, span: Span, zones: Iterable[ZoneInfo]) -> Iterator[datetime.datetime]:
    for days in _DAYS:
        for hours in _HOURS[days == 0]:
            try:
                now = first + datetime.timedelta(days=days, hours=hours)
                for zone in zones:
                    now.astimezone(zone)
            except OverflowError:
                continue  # outside the calendar
            if (span.since is None or span.since <= now) and (span.until is None or now < span.until):
                yield now


def _edge(path: c.Path, length: Duration | None, sign: int, now: datetime.datetime, zone: ZoneInfo) -> str:
    """Now, or the instant or day that lies a length away from it, if there is one, as the record has it."""
    of_days = isinstance(path.type, DateType)
    found = None if length is None else now_and_edge(now, length, sign, zone, of_days=of_days)
    if of_days:
        return str(now.astimezone(zone).date() if found is None else found[1])
    return instant_text(now if found is None else found[1])
