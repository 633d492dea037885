"""The instant that a question is about, and where lengths of time reach from it."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from policylang.analysis.clock_cases import ClockCase
from policylang.analysis.constraints import DAY, EPOCH, MICROSECOND, NOW, TODAY
from policylang.analysis.months import widest_shift
from policylang.model.types import Duration
from policylang.runtime.clock import now_and_edge
from policylang.runtime.index import Index


class QuestionInstant(msgspec.Struct, frozen=True, gc=False):
    """The instant of the question: a certain one, or any at which shifts by months are ``pattern`` days long."""

    now: datetime.datetime | None
    pattern: tuple[tuple[tuple[int, int], int], ...] = ()
    clock: ClockCase = ()
    """What tests of the clock say then."""

    def edge(self, index: Index, length: Duration, sign: int, of_days: bool) -> tuple[Any, int, int] | None:
        """The node of now, and how far from it the edge lies, at the latest and at the earliest. Where these differ,
        what lies before the edge is measured with the one and what does not with the other, so that nothing possible
        is left out.
        """
        if self.now is not None:
            return self._exact_edge(index, length, sign, of_days)
        node = TODAY if of_days else NOW
        if length.unit == "months":
            days = dict(self.pattern)[length.amount, sign] * sign
            slack = 0 if of_days else widest_shift(index.policy_set.timezone) // MICROSECOND
            base = days if of_days else days * DAY
            return node, base + slack, base - slack
        amount = length.amount * sign
        exact = amount if of_days else amount * (DAY if length.unit == "days" else 60_000_000)
        return node, exact, exact

    def _exact_edge(self, index: Index, length: Duration, sign: int, of_days: bool) -> tuple[Any, int, int] | None:
        assert self.now is not None
        edges = now_and_edge(self.now, length, sign, index.timezone, of_days=of_days)
        if edges is None:
            return None
        now, edge = edges
        if of_days:
            return now.toordinal(), (edge - now).days, (edge - now).days
        return (now - EPOCH) // MICROSECOND, (edge - now) // MICROSECOND, (edge - now) // MICROSECOND


def is_very_long(length: Duration) -> bool:
    """Whether a length may lead out of the calendar from the years that are thought about."""
    units = {"months": 12, "days": 365, "minutes": 365 * 24 * 60}
    return length.amount > 1900 * units[length.unit]


def leaves_at_times(
    index: Index, length: Duration, sign: int, of_days: bool, years: tuple[datetime.datetime, datetime.datetime]
) -> bool:
    """Whether a length leads out of the calendar from some instants of some years, and not from others."""
    first, last = (now_and_edge(each, length, sign, index.timezone, of_days=of_days) is None for each in years)
    return first is not last
