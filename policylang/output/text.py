"""Findings for people: the place, the line with a caret, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from policylang.diagnostics import visible
from policylang.model.instants import instant_text
from policylang.output.order import Screen
from policylang.pipelines.findings import BaselineUse, RelatedPlace, ReportedFinding, Result
from policylang.pipelines.replay import command, headline, particulars
from policylang.project.discovery import Problem
from policylang.source import Source
from policylang.text.characters import width

_WIDEST = 160
_MOST_STALE = 8
_PLURALS = {"error": "errors", "warning": "warnings", "info": "info"}
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def render(result: Result) -> Iterator[str]:
    """The lines of the report, styled for a terminal; without one, click takes the styles out."""
    yield from _problems(result)
    for finding in result.findings:
        yield from _finding(finding, result.sources)
    yield from _after(result)


def render_screen(result: Result, screen: Screen) -> Iterator[str]:
    """The lines of a first screen: some findings whole, of the others how many there are."""
    yield from _problems(result)
    for number, finding in enumerate(screen.shown):
        yield from _finding(finding, result.sources)
        is_last = number + 1 == len(screen.shown) or screen.shown[number + 1].code != finding.code
        if is_last and finding.code in screen.more:
            count = f"{screen.more[finding.code]:,}"
            yield f"and {count} more of {finding.code}: `policylang check --all --select {finding.code}`"
            yield ""
    for severity in ("error", "warning", "info"):
        of = [(count, code, name) for (each, code, name), count in screen.left.items() if each == severity]
        if of:
            total = sum(count for count, _, _ in of)
            kind = click.style(f"{total:,} {_PLURALS[severity]}", fg=_COLOURS[severity], bold=True)
            yield f"{kind} more: {', '.join(f'{code} {name} {count:,}' for count, code, name in of)}"
    if screen.left or screen.more:
        yield "all of them: `--all`; by rule: `--statistics`; a line each: `--format concise`"
        yield ""
    yield from _after(result)


def _problems(result: Result) -> Iterator[str]:
    for problem in result.problems:
        yield from render_problem(problem)
        yield ""


def _after(result: Result) -> Iterator[str]:
    if result.baseline is not None and result.baseline.stale:
        yield from _stale(result.baseline)
    yield summary(result)


def render_problem(problem: Problem) -> Iterator[str]:
    """Why something could not be run."""
    yield f"{click.style('error', fg='red', bold=True)}: {visible(problem.place())}: {visible(problem.message)}"
    if problem.help:
        yield f"  {click.style('help', bold=True)}: {visible(problem.help)}"


def _finding(finding: ReportedFinding, sources: dict[str, Source]) -> Iterator[str]:
    severity = click.style(f"{finding.severity}[{finding.code}]", fg=_COLOURS[finding.severity], bold=True)
    yield f"{severity} {finding.name}: {_lines(finding.message)}"
    if finding.imported_from:
        yield f"  {click.style('from', fg='blue')} {visible(finding.imported_from)}"
    yield from _excerpt(finding, sources, finding.compiled, "-->", "^", _COLOURS[finding.severity])
    for place in finding.related:
        yield from _excerpt(place, sources, finding.compiled, f"{_lines(place.message)}:", "-", "blue")
    yield from _witnesses(finding)
    if finding.proved:
        yield f"  {_bold('proved')}: {_lines(finding.proved)}"
    if finding.unproved:
        yield f"  {_bold('not proved')}: this could not be decided within the budget for one question, so it counts"
    if phrase := finding.reach.in_words():
        yield f"  {_bold('reach')}: {visible(phrase)}"
    if finding.help:
        yield f"  {_bold('help')}: {_lines(finding.help)}"
    if finding.suggestion:
        yield f"  {_bold('suggestion')}: {_lines(finding.suggestion)}"
    yield ""


def _witnesses(finding: ReportedFinding) -> Iterator[str]:
    """Who, what and when, the attributes that the decision looked at, and how to have it decided again."""
    before: list[tuple[str, str]] = []
    for number, witness in enumerate(finding.witnesses):
        yield f"  {_bold('witness')}: {visible(headline(witness))}"
        looked_at = finding.looked_at[number] if finding.looked_at else witness["record"]
        seen = list(particulars(witness, looked_at))
        if seen != before:
            yield from aligned(seen, 4)
        before = seen
        yield f"    {click.style('$', fg='blue')} {visible(command(witness, finding.policies))}"


def aligned(pairs: Iterable[tuple[str, str]], indent: int) -> Iterator[str]:
    """Names and values, the values below each other."""
    shown = [(visible(name), visible(value)) for name, value in pairs]
    widest = max((width_of(name) for name, _ in shown), default=0)
    yield from (f"{' ' * indent}{name}{' ' * (widest - width_of(name))}  {value}" for name, value in shown)


def _stale(baseline: BaselineUse) -> Iterator[str]:
    """What is in a baseline and not in the policies any more."""
    count = len(baseline.stale)
    verb = "does" if count == 1 else "do"
    yield f"{_bold('note')}: {counted(count, 'finding')} of `{visible(baseline.path)}` {verb} not occur any more"
    for entry in baseline.stale[:_MOST_STALE]:
        yield f"  {entry.code} {visible(entry.path)}: {_lines(entry.message)}"
    if count > _MOST_STALE:
        yield f"  and {count - _MOST_STALE} more"
    yield f"  {_bold('help')}: write it again with `--write-baseline`, so that they are reported if they come back"
    yield ""


def _bold(word: str) -> str:
    return click.style(word, bold=True)


def _lines(text: str) -> str:
    """Text of several lines, made harmless for a terminal, those after the first indented."""
    return "\n".join(
        f"    {visible(line)}".rstrip() if number else visible(line) for number, line in enumerate(text.split("\n"))
    )


def _excerpt(
    place: ReportedFinding | RelatedPlace,
    sources: dict[str, Source],
    compiled: str | None,
    lead: str,
    mark: str,
    colour: str,
) -> Iterator[str]:
    """The place, its line, and a mark under the words meant. Long lines are cut around the mark; of a compiled policy
    set there is no text.
    """
    where = f"{visible(place.path)}:{place.line}:{place.column}"
    yield f"  {click.style(lead, fg='blue')} {where}{f' in {visible(compiled)}' if compiled else ''}"
    line = "" if compiled else sources[place.path].line(place.line)
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
    underline = click.style(mark * max(1, width_of(marked)), fg=colour)
    yield f"  {' ' * len(number)} {bar} {' ' * width_of(before)}{underline}"


def _shown(text: str) -> str:
    return visible(text.replace("\t", "    "))


def width_of(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(map(width, text))


def summary(result: Result) -> str:
    """How many findings there are, what is not among them, and the instant of the rules."""
    files = counted(result.files, "file")
    within = len({finding.compiled or finding.path for finding in result.findings})
    if 0 < within < result.files:
        files = f"{within:,} of {result.files:,} files"
    counts = []
    for severity, plural in _PLURALS.items():
        count = sum(1 for finding in result.findings if finding.severity == severity)
        if count:
            counts.append(f"{count:,} {severity if count == 1 else plural}")
    unproved = sum(finding.unproved for finding in result.findings)
    if result.problems and not counts:
        said = [f"{counted(len(result.problems), 'problem')}, {counted(result.files, 'file')} checked"]
    else:
        said = [f"{', '.join(counts) or 'no findings'} in {files}"]
        said += [counted(len(result.problems), "problem")] if result.problems else []
    said += [f"{unproved} not proved"] if unproved else []
    said += [f"{result.suppressed} suppressed"] if result.suppressed else []
    said += [f"{result.ignored} ignored"] if result.ignored else []
    said += [f"{result.baseline.known} in the baseline"] if result.baseline is not None else []
    said += [f"as of {instant_text(result.now)}"] if result.now is not None else []
    return "; ".join([", ".join(said), *_extent(result)])


_MANY_USERS = 100


def _extent(result: Result) -> Iterator[str]:
    """How much the rules looked at, and where a person waited for it, how much they asked and how long it took."""
    extent = result.extent
    if not extent.statements:
        return
    users = counted(extent.users, "user")
    if extent.users >= _MANY_USERS and extent.groups * 3 > extent.grouped > 0:
        users = f"{counted(extent.groups, 'group')} for {users}"
    said = [counted(extent.statements, "statement"), *([users] if extent.users else [])]
    if result.seconds is not None:
        said += [counted(extent.questions, "question")] if extent.questions else []
        said.append(f"{result.seconds:.1f} s")
    yield ", ".join(said)


def counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
