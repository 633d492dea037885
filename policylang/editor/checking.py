"""Checking while somebody types: mistakes in the sources at once, and what is proved a little later."""

from __future__ import annotations

import datetime
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from lsprotocol import types as lsp

from policylang.check.selection import EVERYTHING, Selection
from policylang.editor.diagnostics import DiagnosticsByFile, of_finding, of_problem, of_scenarios
from policylang.editor.edited_set import EditedSet
from policylang.editor.folders import Folders, is_scenario_file
from policylang.editor.tested import TestedDecision, run_observed
from policylang.files.paths import real_path
from policylang.files.yaml_source import YamlError
from policylang.pipelines.check import CheckOptions, add_checked
from policylang.pipelines.findings import ReportedFinding, Result
from policylang.pipelines.test import usable
from policylang.project.discovery import Problem
from policylang.project.project import Project
from policylang.settings.config import FILE_NAMES, ConfigError, config_of
from policylang.testing.run import read_scenarios

_QUIET = 0.03
"""So many seconds nobody must have typed before proofs begin, or half as long as the sources took to look at."""

_NOTHING = Selection(frozenset())


class _Checked(msgspec.Struct, frozen=True):
    """What was found in one policy set. ``complete``: the rules have run, not the sources alone been read.
    ``proved``: what they found when they ran last, where it is in the text now. ``made``: the findings as the editor
    shows them, by `id`.
    """

    project: Project
    findings: tuple[ReportedFinding, ...]
    diagnostics: DiagnosticsByFile
    complete: bool
    proved: tuple[ReportedFinding, ...] = ()
    made: dict[int, lsp.Diagnostic] = {}


class TestedFile(msgspec.Struct, frozen=True):
    """What came of a scenario file as it was."""

    project: Project
    text: str
    diagnostics: list[lsp.Diagnostic]
    decided: tuple[TestedDecision, ...] = ()


class _CancelledError(Exception):
    """Somebody has typed."""


class LiveChecker:
    """Checks the sets of some folders. ``now``: the instant that is asked about; ``None`` for the present one."""

    def __init__(self, folders: Folders, publish: Callable[[], None], failed: Callable[[Exception], None]) -> None:
        self.folders = folders
        self.now: datetime.datetime | None = None
        self.checked: dict[Path, _Checked] = {}
        self._publish = publish
        self._failed = failed
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._closed = False
        self._taken = 0.0
        self._tests: dict[Path, TestedFile] = {}
        self._thread: threading.Thread | None = None

    def instant(self) -> datetime.datetime:
        """The instant that is asked about."""
        return self.now or datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    # --- at once

    def sources(self) -> None:
        """Look at the sources of all sets that have changed. The findings of rules stay until they are known anew."""
        begin = time.perf_counter()
        for each in self.folders.sets:
            project = each.project
            known = self.checked.get(each.root)
            if known is None or known.project is not project:
                found = self._of_sources(project, known)
                with self._lock:
                    self.checked[each.root] = found
        roots = {each.root for each in self.folders.sets}
        with self._lock:
            self.checked = {root: found for root, found in self.checked.items() if root in roots}
        self._taken = time.perf_counter() - begin

    def _of_sources(self, project: Project, known: _Checked | None) -> _Checked:
        result = Result()
        add_checked(result, project, CheckOptions(self.instant(), _NOTHING))
        wrong = tuple(result.findings)
        proved = () if known is None else _moved_all(known, project)
        return self._checked(_Checked(project, wrong or proved, {}, False, proved), result, known)

    # --- a little later

    def prove(self) -> None:
        """Have the rules run in the background, anew if they are under way."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="proofs", daemon=True)
            self._thread.start()
        self.interrupt()
        self._wanted.set()

    def interrupt(self) -> None:
        """Have what is under way stop, until `prove` is called."""
        self._idle.clear()
        self._stopped.set()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is left to do; false where it takes longer."""
        return self._idle.wait(seconds)

    def close(self) -> None:
        """End the background work."""
        self._closed = True
        self._stopped.set()
        self._wanted.set()

    def _work(self) -> None:
        while not self._closed:
            self._wanted.wait()
            while self._wanted.is_set() and not self._closed:
                self._wanted.clear()
                self._wanted.wait(max(_QUIET, self._taken / 2))
            self._stopped.clear()
            try:
                for each in tuple(self.folders.sets):
                    self._prove(each)
                    self._publish()
            except _CancelledError:
                continue
            except Exception as error:
                self._failed(error)
            if not (self._wanted.is_set() or self._stopped.is_set()):
                self._idle.set()

    def _step(self, _what: str = "") -> None:
        if self._stopped.is_set():
            raise _CancelledError

    def _prove(self, of: EditedSet) -> None:
        known = self.checked.get(of.root)
        if known is None:
            return
        project = known.project
        result = Result()
        if not known.complete:
            add_checked(result, project, CheckOptions(self.instant(), EVERYTHING, self._step, pulse=self._step))
            self._replace(of, known, result)
        self._run_tests(of, project)

    def take(self, of: EditedSet, result: Result) -> None:
        """Take over what the rules found elsewhere in a set as it is now."""
        known = self.checked.get(of.root)
        if known is not None:
            self._replace(of, known, result)

    def _replace(self, of: EditedSet, before: _Checked, result: Result) -> None:
        """Take over what the rules found, unless somebody has typed. What they found before a set had mistakes stays
        known.
        """
        findings = tuple(result.findings)
        proved = before.proved if before.project.ir is None else findings
        after = self._checked(_Checked(before.project, findings, {}, True, proved), result, before)
        with self._lock:
            if self.checked.get(of.root) is before:
                self.checked[of.root] = after

    # --- as diagnostics

    def _checked(self, after: _Checked, result: Result, before: _Checked | None) -> _Checked:
        """With everything as the editor shows it; what is as ``before`` is not made again."""
        known = {} if before is None else before.made
        made = {
            id(each): known.get(id(each)) or of_finding(each, result.sources, self.folders.open_files)
            for each in after.findings
        }
        found: DiagnosticsByFile = {}
        for finding in after.findings:
            found.setdefault(Path(os.path.abspath(finding.path)), []).append(made[id(finding)])
        for problem in result.problems:
            path = Path(os.path.abspath(problem.path))
            if path.name not in FILE_NAMES or self.folders.open_files.get(path) is None:
                found.setdefault(path, []).append(of_problem(problem))
        return msgspec.structs.replace(after, diagnostics=found, made=made)

    def diagnostics(self) -> DiagnosticsByFile:
        """All there are, by file, in the order of their places."""
        found: DiagnosticsByFile = {}
        for checked in tuple(self.checked.values()):
            for path, made in checked.diagnostics.items():
                found.setdefault(path, []).extend(made)
        tests = {path: each for path, each in tuple(self._tests.items()) if self.folders.set_of(path) is not None}
        for path, tested in tests.items():
            found.setdefault(path, []).extend(tested.diagnostics)
        for path in self.folders.open_files.paths:
            if path.name in FILE_NAMES or (is_scenario_file(path) and path not in tests):
                found.setdefault(path, []).extend(self._in_itself(path))
        return found

    def _in_itself(self, path: Path) -> list[lsp.Diagnostic]:
        """What is wrong with an open config or scenario file, whatever the policies say."""
        source = self.folders.open_files.get(path)
        text = source.text if source else ""
        try:
            if path.name in FILE_NAMES:
                config_of(path, text)
            else:
                read_scenarios(text)
        except ConfigError as error:
            return [of_problem(Problem.of(str(path), error.error))]
        except YamlError as error:
            return [of_problem(Problem.of(str(path), error))]
        return []

    # --- scenario tests

    def _run_tests(self, of: EditedSet, project: Project) -> None:
        compiled: dict[Path, Project | Problem] = {real_path(of.root): usable(of.root, project)}
        files = self.folders.scenario_files(of)
        for path, source in self.folders.scenario_sources(of).items():
            self._step("testing")
            known = self._tests.get(path)
            if known is None or known.project is not project or known.text != source.text:
                self._tests[path] = self._tested(path, source.text, project, compiled)
        gone = [path for path in self._tests if path.is_relative_to(of.root) and path not in files]
        for path in gone:
            if self.folders.set_of(path) is of:
                del self._tests[path]

    def _tested(self, path: Path, text: str, project: Project, compiled: dict[Path, Project | Problem]) -> TestedFile:
        if project.ir is not None:
            result, decided = run_observed(path, text, compiled)
            return TestedFile(project, text, of_scenarios(result), tuple(decided))
        opened = self.folders.open_files.get(path) is not None
        return TestedFile(project, text, self._in_itself(path) if opened else [])

    def tested(self, path: Path) -> TestedFile | None:
        """What came of the tests of a scenario file when they ran last."""
        return self._tests.get(path)


class _Shift(msgspec.Struct, frozen=True):
    """How lines moved in an edit: the first ``first`` stay where they are, those behind ``last`` move ``by`` lines."""

    first: int
    last: int
    by: int


def _moved_all(known: _Checked, after: Project) -> tuple[ReportedFinding, ...]:
    """What the rules found when they ran last, where it is now."""
    shifts = _shifts(known.project, after) if known.proved else {}
    return tuple(moved for each in known.proved if (moved := _moved(each, shifts)))


def _shifts(before: Project, after: Project) -> dict[str, _Shift]:
    """The edited files by their display paths."""
    old = {source.display: source for source in before.sources.sources}
    found = {}
    for new in after.sources.sources:
        was = old.get(new.display)
        if was is not None and was is not new and was.text != new.text:
            found[new.display] = _shift(was.text.split("\n"), new.text.split("\n"))
    return found


def _shift(old: list[str], new: list[str]) -> _Shift:
    most = min(len(old), len(new))
    first = next((n for n in range(most) if old[n] != new[n]), most)
    behind = next((n for n in range(most - first) if old[-1 - n] != new[-1 - n]), most - first)
    return _Shift(first, len(old) - behind, len(new) - len(old))


def _moved(finding: ReportedFinding, shifts: dict[str, _Shift]) -> ReportedFinding | None:
    """A finding where its lines are after an edit; ``None`` where the edit is on one of them."""
    shift = shifts.get(finding.path)
    if shift is None or finding.end_line <= shift.first:
        return finding
    if finding.line <= shift.last:
        return None
    return msgspec.structs.replace(finding, line=finding.line + shift.by, end_line=finding.end_line + shift.by)
