"""Until when assignments are as they are at one instant."""

from __future__ import annotations

import datetime

from policylang.ir import nodes as ir
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.index import Index


def validity(index: Index, now: datetime.datetime | None) -> tuple[datetime.datetime | None, datetime.datetime | None]:
    """From which instant on, and before which, all assignments are what they are at ``now``; null is for ever."""
    if now is None:
        return None, None
    today = now.astimezone(index.timezone).date()
    edges = set()
    instants = set()
    holders: tuple[ir.User | ir.Integration, ...] = (*index.policy_set.users, *index.policy_set.integrations)
    for holder in holders:
        for given in holder.assignments:
            if given.start_time is not None:
                instants.add(begin_of(given, index.timezone))
            elif given.start is not None and begin_of(given, index.timezone) is not None:
                edges.add(datetime.date.fromisoformat(given.start))
            if given.until_time is not None:
                instants.add(end_of(given, index.timezone))
            elif given.until is not None and given.until < datetime.date.max.isoformat():
                edges.add(datetime.date.fromisoformat(given.until) + datetime.timedelta(days=1))
    since = max((day for day in edges if day <= today), default=None)
    until = min((day for day in edges if day > today), default=None)
    begins = [] if since is None else [max(_midnights(index, since))]
    ends = [] if until is None else [min(_midnights(index, until))]
    begins += [each for each in instants if each is not None and each <= now]
    ends += [each for each in instants if each is not None and each > now]
    return max(begins, default=None), min(ends, default=None)


def _midnights(index: Index, day: datetime.date) -> tuple[datetime.datetime, datetime.datetime]:
    """The begin of a day; two instants where a clock change skips midnight or shows it twice."""
    first, second = (
        datetime.datetime.combine(day, datetime.time(fold=fold), index.timezone).astimezone(datetime.UTC)
        for fold in (0, 1)
    )
    return first, second
