"""From a policy set to the text of a scenario file."""

from __future__ import annotations

import datetime
import os

from policylang.files.paths import real_path
from policylang.project.discovery import Problem, discover, several
from policylang.project.project import Project
from policylang.runtime.compiled import Engine
from policylang.runtime.index import Index
from policylang.testing.generate.targets import Boundaries
from policylang.testing.generate.write import ScenarioWriter

_DEFAULT_NOW = datetime.datetime(2026, 1, 15, 12, tzinfo=datetime.UTC)
"""The instant of the decisions where nobody chooses one. There is no clock here: the same policies, the same file."""


def one_project(paths: tuple[str, ...]) -> Project | Problem:
    """The policy set that paths stand for; it must be a folder, because a scenario file names one."""
    sets = discover(paths)
    if len(sets) > 1:
        return several(paths, sets)
    files = [path for path in paths if not os.path.isdir(path)]
    if files and not sets[0].problems:
        return Problem(files[0], "a scenario file names the folder of a policy set", "name the folder")
    return Project(sets[0])


def generate(project: Project, now: datetime.datetime | None, folder: str) -> str:
    """A scenario file, for a ``folder`` in which it will lie. The policy set must be without errors."""
    assert project.ir is not None
    index = Index(project.ir)
    at = now or _DEFAULT_NOW
    engine = Engine(index)
    boundaries = Boundaries(engine, at).all({source.name for source in project.sources.sources})
    policies = os.path.relpath(real_path(project.sources.root), os.path.realpath(folder))
    return ScenarioWriter(engine, at, policies.replace(os.sep, "/"), now is None).text(boundaries)
