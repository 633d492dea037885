"""Everything that is asked of a log itself, written once for whatever engine Ibis has behind it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import ibis

from policylang.usage.columns import TEXTS, ColumnKey

FIRST_YEAR, LAST_YEAR = 1990, 2060
"""Times outside of these years are taken for mistakes."""


def facts(table: Any, columns: Mapping[ColumnKey, str]) -> Any:
    """The events of a log, counted: one row for what one user did, how it was decided, on which field and where, with
    the number of events and the seconds since 1970 of the first and the last. By ``state``: ``good`` ones are of UTC,
    ``local`` ones of a zone that the log does not say, those of ``time`` could not be read.
    """
    texts = {key: _column(table, name).cast("string") for key, name in columns.items() if key in TEXTS}
    absent = {key: ibis.literal(None, type="string") for key in TEXTS if key not in texts}
    events = _with_seconds(table.select(**texts, **absent, time=_column(table, columns["time"])))
    first, last = (_begin_of(year) for year in (FIRST_YEAR, LAST_YEAR))
    state = ibis.cases(
        (events.seconds.isnull() | ~events.seconds.between(first, last), "time"), (events.is_utc, "good"), else_="local"
    )
    return (
        events.mutate(state=state)
        .group_by([*TEXTS, "state"])
        .aggregate(
            count=lambda each: each.count(),
            first=lambda each: each.seconds.min(),
            last=lambda each: each.seconds.max(),
        )
    )


def _begin_of(year: int) -> int:
    return int(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC).timestamp())


def _column(table: Any, name: str) -> Any:
    """A column, or by dots what is inside one that holds JSON."""
    if name in table.columns:
        return table[name]
    first, *rest = name.split(".")
    value = table[first].cast("json")
    for step in rest[:-1]:
        value = value[step]
    return value[rest[-1]].unwrap_as("string")


def _with_seconds(events: Any) -> Any:
    """The events with their seconds since 1970, null where the time cannot be read, and whether they are of UTC: those
    of times without an offset are local. Step by step, so that nothing is worked out twice.
    """
    type_ = events.time.type()
    if type_.is_timestamp():
        seconds = events.time.cast("timestamp").epoch_seconds().cast("int64")
        return events.mutate(seconds=seconds, is_utc=ibis.literal(type_.timezone is not None))
    if type_.is_integer():
        return events.mutate(seconds=_of_number(events.time.cast("int64")), is_utc=ibis.literal(value=True))
    read = events.mutate(text=events.time.cast("string").strip())
    is_clock = (read.text.substr(4, 1) == "-") & read.text.substr(10, 1).isin(["T", " "])
    read = read.mutate(is_clock=is_clock.fill_null(False))
    clock = ibis.ifelse(read.is_clock, read.text, None).try_cast("timestamp('UTC')").epoch_seconds().cast("int64")
    number = ibis.ifelse(read.is_clock, None, read.text).try_cast("float64")
    number = ibis.ifelse(number.between(0, 9e18), number, None).floor().cast("int64")
    read = read.mutate(clock=clock, number=number)
    return read.mutate(
        seconds=ibis.ifelse(read.is_clock, read.clock, _of_number(read.number)),
        is_utc=~read.is_clock | _says_zone(read.text),
    )


def _of_number(number: Any) -> Any:
    """Seconds, milli-, micro- or nanoseconds by their size, as seconds."""
    units = ((number < 10**11, number), (number < 10**14, number // 10**3), (number < 10**17, number // 10**6))
    return ibis.cases(*units, else_=number // 10**9)


def _says_zone(text: Any) -> Any:
    """Whether a clock ends in ``Z``, in an offset or in the name of a zone, which the engine has read then."""
    return text.substr(11).re_search("[^0-9:.]")
