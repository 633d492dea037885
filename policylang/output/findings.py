"""Findings with everything an output needs: the rule's name, the path as the user typed it, the source line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from policylang.check.catalogue import BY_CODE
from policylang.diagnostics import Diagnostic, Severity
from policylang.discovery import Problem, read_regular
from policylang.ir import LoadError, from_json
from policylang.project import Project
from policylang.source import Location, Source


class RelatedPlace(msgspec.Struct, frozen=True):
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str


class Finding(msgspec.Struct, frozen=True):
    """A finding as every output shows it. Lines and columns are 1-based, end columns exclusive."""

    code: str
    name: str
    severity: Severity
    message: str
    help: str | None
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    related: tuple[RelatedPlace, ...]
    witness: dict[str, Any] | None


class Result(msgspec.Struct):
    """What a run over some policy sets found. ``sources``: by the path that findings name."""

    findings: list[Finding] = []
    problems: list[Problem] = []
    sources: dict[str, Source] = {}
    compiled: int = 0
    """How many compiled policy sets were looked at."""

    @property
    def files(self) -> int:
        return len(self.sources) + self.compiled


def collect(projects: list[Project]) -> Result:
    """The findings of all policy sets, in the order of the sets and of the places in them."""
    result = Result()
    for project in projects:
        add(result, project)
    return result


def add(result: Result, project: Project) -> None:
    """Add the findings of one policy set."""
    sources = (*project.sources.sources, *project.sources.oversized, *project.sources.directory)
    shown = {source.name: source.display for source in sources}
    result.sources.update((source.display, source) for source in sources)
    result.problems += project.sources.problems
    result.findings += [_finding(diagnostic, shown) for diagnostic in project.diagnostics]


def add_compiled(result: Result, path: str) -> None:
    """Add what is wrong with a compiled policy set, if anything is."""
    result.compiled += 1
    try:
        from_json(read_regular(Path(path)))
    except OSError as error:
        message = f"cannot be read: {(error.strerror or str(error)).lower()}"
        result.problems.append(Problem(path, message, "check the path and its permissions"))
    except LoadError as error:
        result.problems.append(Problem(path, str(error)))


def _finding(diagnostic: Diagnostic, shown: dict[str, str]) -> Finding:
    path, line, column, end_line, end_column = diagnostic.location
    return Finding(
        diagnostic.code,
        BY_CODE[diagnostic.code].name,
        diagnostic.severity,
        diagnostic.message,
        diagnostic.help,
        shown[path],
        line,
        column,
        end_line,
        end_column,
        tuple(_related(r.location, r.message, shown) for r in diagnostic.related),
        diagnostic.witness,
    )


def _related(location: Location, message: str, shown: dict[str, str]) -> RelatedPlace:
    path, line, column, end_line, end_column = location
    return RelatedPlace(shown[path], line, column, end_line, end_column, message)
