"""The decisions that the tests of a scenario file ask for, with their answers."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from policylang.pipelines.test import FileResult, run_text
from policylang.project.discovery import Problem
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request


class TestedDecision(msgspec.Struct, frozen=True):
    """A decision in words, the line (1-based) that asks for it, and what it was made of."""

    line: int
    asked: str
    allowed: bool
    index: Index
    request: Request


class _Observer:
    """Keeps what it is told, of whatever policy set."""

    def __init__(self) -> None:
        self.told: list[tuple[Index, Request, Decision]] = []

    def recorder(self, _root: Path, _project: Project) -> _Observer:
        return self

    def decided(self, index: Index, asked: Request, decision: Decision) -> None:
        self.told.append((index, asked, decision))

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None:
        pass


def run_observed(
    path: Path, text: str, compiled: dict[Path, Project | Problem]
) -> tuple[FileResult, list[TestedDecision]]:
    """What came of the tests in the text of a scenario file, and their decisions in order; see `run_text`."""
    observer = _Observer()
    result = run_text(path, text, compiled, observer)
    decisions = zip((case for case in result.cases if case.asked), observer.told, strict=False)
    return result, [
        TestedDecision(case.line, case.asked, decision.allowed, index, request)
        for case, (index, request, decision) in decisions
    ]
