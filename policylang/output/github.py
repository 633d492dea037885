"""Findings as annotations of a GitHub workflow, and as the summary of its job.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policylang.diagnostics import Severity, listed
from policylang.model.instants import instant_text
from policylang.output.evidence import sentences
from policylang.output.markdown import fitted, markdown
from policylang.output.order import RANKS
from policylang.output.places import repository_root, shown_path
from policylang.output.security import security_score
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.project.discovery import Problem
from policylang.text.readable import readable

AT_MOST = 10
"""Annotations of one level that GitHub shows of a step."""
SUMMARY_BYTES = 1024 * 1024
"""What GitHub takes as the summary of a step; a longer one is not shown at all."""

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}


def render(result: Result, *, root: Path | None = None) -> Iterator[str]:
    """One workflow command a line, the worst first, because GitHub shows the first ten of a level; and a line that says
    how many it does not show.
    """
    root = root or repository_root()
    counts: dict[Severity, int] = {"error": len(result.problems), "warning": 0, "info": 0}
    yield from (_problem(problem, root) for problem in result.problems)
    for finding in _worst_first(result.findings):
        counts[finding.severity] += 1
        yield _annotation(finding.on_disk, root)
    more = [_counted(count - AT_MOST, severity, "more ") for severity, count in counts.items() if count > AT_MOST]
    if more:
        yield f"GitHub shows the first {AT_MOST} annotations of a level; {listed(more, 'and')} in this log"


def _worst_first(findings: list[ReportedFinding]) -> list[ReportedFinding]:
    """By severity, then by what they mean to security, then in their order."""
    return sorted(findings, key=lambda each: (RANKS[each.severity], -(security_score(each.code) or 0.0)))


def _annotation(finding: ReportedFinding, root: Path) -> str:
    properties: dict[str, str | int] = {
        "file": shown_path(finding.path, root),
        "line": finding.line,
        "endLine": finding.end_line,
    }
    if finding.line == finding.end_line:  # GitHub takes no columns of more than one line
        properties |= {"col": finding.column, "endColumn": finding.end_column}
    properties["title"] = f"{finding.code} {finding.name}"
    lines = sentences(finding)
    lines += [f"{place.message}: {shown_path(place.path, root)}:{place.line}" for place in finding.related]
    return _command(_LEVELS[finding.severity], properties, "\n".join(lines))


def _problem(problem: Problem, root: Path) -> str:
    properties: dict[str, str | int] = {"file": shown_path(problem.path, root)}
    if problem.line is not None:
        properties |= {"line": problem.line, "col": problem.column or 1}
    properties["title"] = "could not be read"
    return _command("error", properties, f"{problem.message}\n{problem.help}" if problem.help else problem.message)


def _command(name: str, properties: dict[str, str | int], message: str) -> str:
    listing = ",".join(f"{key}={_property(readable(str(value)))}" for key, value in properties.items())
    return f"::{name} {listing}::{_data(readable(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _counted(count: int, severity: Severity, more: str = "") -> str:
    return f"{count} {more}{_LEVELS[severity]}{'' if count == 1 else 's'}"


# --- the summary of the job ----------------------------------------------------------------------------------


def summary(result: Result, *, root: Path | None = None, limit: int = SUMMARY_BYTES) -> str:
    """The findings as Markdown of at most ``limit`` bytes: the counts, then a table, the worst first, cut where it gets
    too long. Nothing from a policy file is markup in it.
    """
    root = root or repository_root()
    lines = ["## policylang check\n", "\n", f"{_headline(result)}\n"]
    rows = [_problem_row(problem, root) for problem in result.problems]
    rows += [_row(finding.on_disk, root) for finding in _worst_first(result.findings)]
    if rows:
        lines += ["\n", "| | rule | place | finding |\n", "|---|---|---|---|\n"]
    text = fitted("".join(lines), rows, _rest, limit)
    return text if len(text.encode()) <= limit else ""


def append_summary(result: Result, path: Path, *, root: Path | None = None) -> None:
    """Append the summary to the file that ``GITHUB_STEP_SUMMARY`` names, as far as there is room. Raises OSError."""
    there = path.stat().st_size if path.exists() else 0
    text = summary(result, root=root, limit=max(0, SUMMARY_BYTES - there))
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _headline(result: Result) -> str:
    counts = {severity: sum(1 for each in result.findings if each.severity == severity) for severity in _LEVELS}
    words = [_counted(count, severity) for severity, count in counts.items() if count]
    if result.problems:
        count = len(result.problems)
        words.append(f"{count} file{'' if count == 1 else 's'} that could not be read")
    files = f"{result.files} file{'' if result.files == 1 else 's'}"
    as_of = f", as of {instant_text(result.now)}" if result.now is not None else ""
    return f"{listed(words, 'and') if words else 'no findings'} in {files}{as_of}"


def _rest(count: int) -> str:
    return f"\nand {count} more that do not fit here\n"


def _row(finding: ReportedFinding, root: Path) -> str:
    place = f"{shown_path(finding.path, root)}:{finding.line}"
    text = "<br>".join(map(markdown, sentences(finding)))
    return f"| {_LEVELS[finding.severity]} | {finding.code} {finding.name} | {markdown(place)} | {text} |\n"


def _problem_row(problem: Problem, root: Path) -> str:
    place = shown_path(problem.path, root) + (f":{problem.line}" if problem.line is not None else "")
    text = markdown(problem.message) + (f"<br>{markdown(problem.help)}" if problem.help else "")
    return f"| error | could not be read | {markdown(place)} | {text} |\n"
