"""Finding the scenario files of a folder and running them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.directory import read_people, resolve
from policylang.files.paths import real_path
from policylang.files.yaml_source import YamlError
from policylang.ir import nodes as ir
from policylang.project.discovery import Problem, directory_sources, discover, read_regular, unreadable
from policylang.project.project import Project, discreet
from policylang.source import Source
from policylang.testing.asked import Case, Observer
from policylang.testing.generate.write import HEAD
from policylang.testing.run import read_scenarios, run_scenarios
from policylang.testing.scenario import SUFFIXES, ScenarioFile

_MAX_BYTES = 16 * 1024 * 1024


class _Observers(Protocol):
    """Has an observer for each policy set, by the folder where it is."""

    def recorder(self, root: Path, project: Project) -> Observer: ...


class FileResult(msgspec.Struct):
    """What came of one scenario file: its cases, or why it could not be run."""

    path: str
    cases: list[Case] = []
    problem: Problem | None = None


def run_suite(
    paths: Sequence[str], step: Callable[[str], None] = lambda _what: None, collector: _Observers | None = None
) -> Iterator[FileResult]:
    """Run the scenario files that paths name, and all those in and below the folders that they name, in order. A
    ``collector`` is told of every case.
    """
    compiled: dict[Path, Project | Problem] = {}
    for path in _files(paths):
        step(f"testing {path}")
        yield _run_file(path, compiled, collector)


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for name in paths:
        if not os.path.isdir(name):
            yield Path(name)
            continue
        for where, folders, names in os.walk(name):
            folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
            yield from (Path(where) / file for file in sorted(names) if file.endswith(SUFFIXES))


def _run_file(path: Path, compiled: dict[Path, Project | Problem], collector: _Observers | None) -> FileResult:
    result = FileResult(str(path))
    try:
        data = read_regular(path, _MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            result.problem = Problem(str(path), f"the file is larger than {_MAX_BYTES:,} bytes", "split it")
            return result
        return run_text(path, data.decode("utf-8-sig"), compiled, collector)
    except UnicodeDecodeError as error:
        result.problem = Problem(str(path), f"not UTF-8: byte {error.start} cannot be read", "save the file as UTF-8")
    except OSError as error:
        result.problem = unreadable(str(path), error, None)
    return result


def run_text(
    path: Path, text: str, compiled: dict[Path, Project | Problem], collector: _Observers | None = None
) -> FileResult:
    """Run the scenarios in a text that is, or will be, the file at a path. ``compiled``: by the folders where they are,
    policy sets that are there already; those that are missing are added.
    """
    result = FileResult(str(path))
    try:
        scenarios, document = read_scenarios(text)
        policies = path.parent / scenarios.policies
        key = real_path(policies)
        if key not in compiled:
            compiled[key] = _compile(policies)
        project = compiled[key]
        policy_set = _with_people(project, path.parent, scenarios)
        if isinstance(policy_set, Problem) or isinstance(project, Problem):
            result.problem = policy_set if isinstance(policy_set, Problem) else None
        else:
            recorder = collector.recorder(key, project) if collector else None
            made = text.startswith(HEAD)
            result.cases = list(run_scenarios(scenarios, document, policy_set, recorder, may_be_empty=made))
    except YamlError as error:
        result.problem = Problem.of(str(path), error)
    except OSError as error:
        result.problem = unreadable(str(path), error, None)
    return result


def _with_people(project: Project | Problem, folder: Path, scenarios: ScenarioFile) -> ir.PolicySet | Problem:
    """The compiled policy set, and in it the people whom only this scenario file knows."""
    if isinstance(project, Problem):
        return project
    assert project.ir is not None
    names = [scenarios.directory] if isinstance(scenarios.directory, str) else scenarios.directory
    if not names:
        return project.ir
    limits = project.sources.config.limits
    whole = project.sources
    base = whole.base or whole.root
    paths = [folder / name for name in names]
    files = directory_sources(whole.root, paths, limits, [folder, base, whole.root], whole.config.outside(base))
    if files.problems:
        return files.problems[0]
    if files.oversized:
        help = "split it, or raise `limits: file_bytes` in `policylang.yaml`"
        return Problem(files.oversized[0].display, f"the file is larger than {limits.file_bytes:,} bytes", help)
    read = [read_people(source, limits) for source in files.sources]
    diagnostics = [diagnostic for each in read for diagnostic in each.diagnostics]
    if diagnostics:
        return _problem(diagnostics, files.sources)
    policy_set, found = resolve(project.ir, [person for each in read for person in each.people], limits)
    return _problem(found, files.sources) if found else policy_set


def _problem(diagnostics: Sequence[Diagnostic], sources: Sequence[Source]) -> Problem:
    """The first of the things that are wrong with directory files, and how many more there are."""
    first = min(discreet(diagnostics, sources), key=lambda diagnostic: diagnostic.order)
    display = next(source.display for source in sources if source.name == first.location.path)
    more = f" (and {len(diagnostics) - 1} more)" if len(diagnostics) > 1 else ""
    return Problem(display, f"{first.message}{more}", first.help, first.location.line, first.location.column)


def _compile(policies: Path) -> Project | Problem:
    """The policy set that scenarios are about, compiled."""
    sets = discover([str(policies)])
    if len(sets) > 1:
        return Problem(str(policies), f"these are {len(sets)} policy sets", "name one of them with `policies: …`")
    return usable(policies, Project(sets[0]))


def usable(policies: Path, project: Project) -> Project | Problem:
    """The project if it compiles, else why it does not."""
    if project.ir is not None:
        return project
    if project.sources.problems:
        return project.sources.problems[0]
    count = len(project.diagnostics)
    message = f"the policy set has {count} error{'' if count == 1 else 's'}"
    return Problem(str(policies), message, f"run `policylang check {policies}`")
