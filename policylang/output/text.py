"""Findings for people: the place, the line with a caret, what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import click

from policylang.diagnostics import visible
from policylang.discovery import Problem
from policylang.output.findings import Finding, RelatedPlace, Result
from policylang.source import Source

_WIDEST = 160
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def render(result: Result) -> Iterator[str]:
    """The lines of the report, styled for a terminal; without one, click takes the styles out."""
    for problem in result.problems:
        yield from _problem(problem)
    for finding in result.findings:
        yield from _finding(finding, result.sources)
    yield _summary(result)


def _problem(problem: Problem) -> Iterator[str]:
    yield from render_problem(problem)
    yield ""


def render_problem(problem: Problem) -> Iterator[str]:
    """Why something could not be run."""
    where = problem.path if problem.line is None else f"{problem.path}:{problem.line}:{problem.column}"
    yield f"{click.style('error', fg='red', bold=True)}: {visible(where)}: {visible(problem.message)}"
    if problem.help:
        yield f"  {click.style('help', bold=True)}: {problem.help}"


def _finding(finding: Finding, sources: dict[str, Source]) -> Iterator[str]:
    severity = click.style(f"{finding.severity}[{finding.code}]", fg=_COLOURS[finding.severity], bold=True)
    yield f"{severity} {finding.name}: {finding.message}"
    yield from _excerpt(finding, sources[finding.path], "-->", "^")
    for place in finding.related:
        yield from _excerpt(place, sources[place.path], f"{place.message}:", "-")
    if finding.help:
        yield f"  {click.style('help', bold=True)}: {finding.help}"
    yield ""


def _excerpt(place: Finding | RelatedPlace, source: Source, lead: str, mark: str) -> Iterator[str]:
    """The place, its line, and a mark under the words meant. Long lines are cut around the mark."""
    yield f"  {click.style(lead, fg='blue')} {visible(place.path)}:{place.line}:{place.column}"
    line = source.line(place.line)
    if not line.strip():
        return
    start = min(place.column - 1, len(line))
    end = min(place.end_column - 1, len(line)) if place.end_line == place.line else len(line)
    first = max(0, start - _WIDEST // 2) if len(line) > _WIDEST else 0
    last = min(len(line), first + _WIDEST)
    before = ("…" if first else "") + _shown(line[first:start])
    marked = _shown(line[start : min(end, last)])
    after = _shown(line[min(end, last) : last]) + ("…" if last < len(line) else "")
    number = str(place.line)
    bar = click.style("|", fg="blue")
    yield f"  {click.style(number, fg='blue')} {bar} {before}{marked}{after}".rstrip()
    underline = click.style(mark * max(1, width_of(marked)), fg="red" if mark == "^" else "blue")
    yield f"  {' ' * len(number)} {bar} {' ' * width_of(before)}{underline}"


def _shown(text: str) -> str:
    return visible(text.replace("\t", "    "))


def width_of(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _summary(result: Result) -> str:
    files = _counted(result.files, "file")
    problems = _counted(len(result.problems), "problem")
    counts = []
    for severity, plural in (("error", "errors"), ("warning", "warnings"), ("info", "info")):
        count = sum(1 for finding in result.findings if finding.severity == severity)
        if count:
            counts.append(f"{count} {severity if count == 1 else plural}")
    if counts:
        return f"{', '.join(counts)} in {files}{f', {problems}' if result.problems else ''}"
    return f"{problems}, {files} checked" if result.problems else f"no findings in {files}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
