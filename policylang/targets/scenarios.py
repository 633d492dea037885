"""The scenario tests of a policy set, for targets that have tests of their own."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

from policylang.files.paths import real_path
from policylang.files.yaml_source import YamlError
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request
from policylang.targets.target import Scenario
from policylang.testing.run import read_scenarios, run_scenarios
from policylang.testing.scenario import SUFFIXES


class _Recorder:
    """Keeps every request with its answer."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[Scenario] = []

    def decided(self, index: Index, asked: Request, decision: Decision) -> None:
        self.found.append(Scenario(self.name, asked, decision.allowed))

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None:
        """Targets have no tests of who is eligible."""


def scenarios_of(project: Project) -> tuple[Scenario, ...]:
    """What the scenario files in the folder of a compiled policy set ask about it, in the order of files and lines.

    Left out are files that `policylang test` cannot run, files about other policy sets, and those that bring people of
    their own, whom the policy set does not know.
    """
    assert project.ir is not None
    index = Index(project.ir)
    root = Path(project.sources.root)
    return tuple(scenario for path in _files(root) for scenario in _asked(path, root, index))


def _files(root: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(root if root.is_dir() else root.parent):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        yield from (Path(where) / name for name in sorted(names) if name.endswith(SUFFIXES))


def _asked(path: Path, root: Path, index: Index) -> list[Scenario]:
    recorder = _Recorder(path.name.rpartition(".test.")[0])
    try:
        scenarios, document = read_scenarios(path.read_text(encoding="utf-8-sig"))
        policies = real_path(path.parent / scenarios.policies)
        if scenarios.directory or policies != real_path(root):
            return []
        list(run_scenarios(scenarios, document, index, recorder))
    except (YamlError, UnicodeDecodeError, OSError):
        return []
    return recorder.found
