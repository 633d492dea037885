"""The dates that an answer names, read back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable

from policylang.ir.nodes import Assignment
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.index import Index

_BOUND = re.compile(r"(from|until) ([0-9]{4}-[0-9]{2}-[0-9]{2})(?: ([0-9]{2}:[0-9]{2})([+-][0-9:]+)?)?")


def holds(dates: Iterable[str], index: Index, now: datetime.datetime) -> bool:
    """Whether the instant lies in one of the spans, such as ``from 2026-01-05 until 2026-01-06 02:00``; in any if there
    are none.
    """
    return any(_lies_in(each, index, now) for each in dates or [""])


def _lies_in(span: str, index: Index, now: datetime.datetime) -> bool:
    bounds = {word: (day, time or None) for word, day, time, _ in _BOUND.findall(span)}
    start, start_time = bounds.get("from", (None, None))
    until, until_time = bounds.get("until", (None, None))
    read = Assignment("", None, start, start_time, until, until_time, None, None, "")
    begin, end = begin_of(read, index.timezone), end_of(read, index.timezone)
    for word, day, time, offset in _BOUND.findall(span):
        if offset:  # it is one of two
            at = datetime.datetime.fromisoformat(f"{day}T{time}{offset}")
            begin, end = (at, end) if word == "from" else (begin, at)
    return (begin is None or begin <= now) and (end is None or now < end)
