"""Finding the scenario files of a folder and running them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from policylang.discovery import Problem, discover
from policylang.ir.nodes import PolicySet
from policylang.project import Project
from policylang.testing.run import Case, read_scenarios, run_scenarios
from policylang.yaml_source import YamlError

SUFFIX = ".test.yaml"


class FileResult(msgspec.Struct):
    """What came of one scenario file: its cases, or why it could not be run."""

    path: str
    cases: list[Case] = []
    problem: Problem | None = None


def run_suite(paths: Sequence[str], step: Callable[[str], None] = lambda _what: None) -> Iterator[FileResult]:
    """Run the scenario files that paths name, and all those in and below the folders that they name, in order."""
    compiled: dict[Path, PolicySet | Problem] = {}
    for path in _files(paths):
        step(f"testing {path}")
        yield _run_file(path, compiled)


def _files(paths: Sequence[str]) -> Iterator[Path]:
    for name in paths:
        if not os.path.isdir(name):
            yield Path(name)
            continue
        for where, folders, names in os.walk(name):
            folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
            yield from (Path(where) / file for file in sorted(names) if file.endswith(SUFFIX))


def _run_file(path: Path, compiled: dict[Path, PolicySet | Problem]) -> FileResult:
    result = FileResult(str(path))
    try:
        scenarios, document = read_scenarios(path.read_text(encoding="utf-8"))
        policies = path.parent / scenarios.policies
        key = policies.resolve()
        if key not in compiled:
            compiled[key] = _compile(policies)
        policy_set = compiled[key]
        if isinstance(policy_set, Problem):
            result.problem = policy_set
        else:
            result.cases = list(run_scenarios(scenarios, document, policy_set))
    except YamlError as error:
        result.problem = Problem(str(path), error.message, error.help, error.line, error.column)
    except UnicodeDecodeError as error:
        result.problem = Problem(str(path), f"not UTF-8: byte {error.start} cannot be read", "save the file as UTF-8")
    except OSError as error:
        result.problem = Problem(str(path), f"cannot be read: {(error.strerror or str(error)).lower()}")
    return result


def _compile(policies: Path) -> PolicySet | Problem:
    """The policy set that scenarios are about."""
    sets = discover([str(policies)])
    if len(sets) > 1:
        return Problem(str(policies), f"these are {len(sets)} policy sets", "name one of them with `policies: …`")
    project = Project(sets[0])
    if project.ir is not None:
        return project.ir
    if project.sources.problems:
        return project.sources.problems[0]
    count = len(project.diagnostics)
    message = f"the policy set has {count} error{'' if count == 1 else 's'}"
    return Problem(str(policies), message, f"run `policylang check {policies}`")
