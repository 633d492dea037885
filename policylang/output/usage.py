"""Reports of what people do: text and CSV."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

import click

from policylang.check.finding import counted as names_counted
from policylang.check.usage import known_until
from policylang.diagnostics import quoted, visible
from policylang.model.instants import instant_text
from policylang.output.tables import as_csv, table
from policylang.output.text import counted
from policylang.usage.read import BAD, LogReading
from policylang.usage.report import UsageReport

_MOST = 50
_HEADER = ("kind", "what", "by", "users", "last", "where")


def render(report: UsageReport, width: int | None) -> Iterator[str]:
    """What was read, then what is unused, what was denied, and who does something else than the others."""
    yield from _reading(report)
    if not report.covered:
        begin = f"{report.days} days before {instant_text(known_until(report.until, report.now))}"
        yield f"the log begins later than {begin}: nothing is called unused; ask for fewer with `--days`"
    unused = [(*row[:5], row[6].partition("-")[0]) for row in _unused(report)]
    yield from _part("unused", _HEADER, unused, width)
    denied = [
        (f"{e.action} on `{e.resource}`", f"{e.attempts:,}", names_counted(e.users), e.why, e.change or "")
        for e in report.denied
    ]
    yield from _part("denied", ("tried", "times", "users", "why", "smallest change"), denied, width)
    rows = [(f"`{each.user}`", each.what, each.among, each.measure) for each in report.outliers]
    yield from _part("outliers", ("user", "does", "among", "measure"), rows, width)
    yield ""
    sums = (
        counted(len(report.unused), "unused thing"),
        counted(sum(each.attempts for each in report.denied), "denied attempt"),
        counted(len(report.outliers), "outlier"),
    )
    yield f"{', '.join(sums)}, as of {instant_text(report.now)}"


def notes(reading: LogReading, now: datetime.datetime) -> Iterator[str]:
    """What a check has to say of a log, beside its findings."""
    note, days = click.style("note", bold=True), reading.usage.settings.days
    if reading.usage.since > reading.usage.begin(days, now):
        begin = f"{days} days before {instant_text(known_until(reading.usage.until, now))}"
        yield f"{note}: the log begins later than {begin}: what may be unused that long is not found"
    for each in reading.unnamed:
        yield f"{note}: {visible(each)}"
    if reading.known < reading.rows:
        left = counted(reading.rows - reading.known, "row")
        yield f"{note}: {left} of the log, of {reading.rows:,}, cannot be used: `policylang usage` says why"


def _reading(report: UsageReport) -> Iterator[str]:
    for each in report.guessed:
        yield f"guessed: {visible(each)}"
    for each in report.unnamed:
        yield f"{click.style('note', bold=True)}: {visible(each)}"
    span = f"from {instant_text(report.since)} until {instant_text(report.until)}"
    yield f"{counted(report.rows, 'row')} {span}, {report.known:,} of them about what the policy set knows"
    for reason, words in BAD.items():
        if reason in report.bad:
            yield f"{counted(report.bad[reason], 'row')} {words}"
    if report.bad_at:
        more = report.bad.get("cells", 0) - len(report.bad_at)
        yield f"  at {', '.join(map(visible, report.bad_at))}{f' and {more:,} more' if more > 0 else ''}"
    for name in report.unknown:
        near = f"; did you mean {quoted(name.near)}?" if name.near else ""
        yield f"unknown {name.kind} {quoted(name.name)} in {counted(name.count, 'row')}{near}"
    if report.unknown_names > len(report.unknown):
        yield f"and {report.unknown_names - len(report.unknown):,} more unknown names"


def _part(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield click.style(f"{title}:", bold=True)
    yield from table(header, rows[:_MOST], width)
    if len(rows) > _MOST:
        yield f"and {len(rows) - _MOST:,} more: `--format csv` has all"


def _unused(report: UsageReport) -> list[tuple[str, ...]]:
    return [
        (e.kind, e.what, "" if e.by == e.what else e.by, f"{e.users:,}", str(e.last or "never"), str(e.days), e.at)
        for e in report.unused
    ]


def as_table(report: UsageReport) -> bytes:
    """CSV: a row for each thing that is unused, tried in vain, or done by few."""
    rows = [("unused", *row) for row in _unused(report)]
    rows += [
        ("denied", e.action, e.resource, e.why, f"{len(e.users)}", str(e.last), f"{e.attempts}", e.change or "")
        for e in report.denied
    ]
    rows += [("outlier", each.user, each.what, each.among, "1", "", "", each.measure) for each in report.outliers]
    return as_csv(("part", "kind", "what", "by", "users", "last", "number", "where"), rows)
