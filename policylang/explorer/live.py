"""The policy sets that are shown, as they are on disk now."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from policylang.api.policy_set import PolicySet
from policylang.output.page import encoded_documents
from policylang.pipelines.check import CheckOptions
from policylang.pipelines.findings import Result
from policylang.pipelines.report import ReportOptions, of_project
from policylang.project.discovery import Problem, SourceSet, discover, mark_of
from policylang.project.project import Project
from policylang.views.document import AccessDocument


class ShownSet(msgspec.Struct, frozen=True):
    """One policy set: where it is, what answers questions about it."""

    root: Path
    policy_set: PolicySet


class _ShownSets(msgspec.Struct, frozen=True):
    """What the page shows. ``problem``: why it is not what is on disk."""

    version: int
    documents: bytes
    sets: tuple[ShownSet, ...]
    problem: Problem | None


class LiveSets:
    """Looks again and again at the sources. What has mistakes does not replace what had none."""

    def __init__(
        self,
        paths: Sequence[str],
        now: datetime.datetime | None,
        jobs: int = 1,
        found: Callable[[Result], None] = lambda _result: None,
    ) -> None:
        """``now``: the instant of everything; without it the present one. ``found``: is told what the rules found."""
        self._paths, self._now, self._jobs, self._found = tuple(paths), now, jobs, found
        self._mark = ""
        self.sets: tuple[SourceSet, ...] = ()
        """The sources as they were read last, with mistakes or not."""
        self.shown = _ShownSets(0, b"[]", (), None)

    def refresh(self) -> bool:
        """Read the sources, if they are not those that were read last. Whether something changed."""
        sets = discover(self._paths)
        mark = mark_of(sets)
        if mark == self._mark:
            return False
        self._mark = mark
        self.sets = tuple(sets)
        made = [Project(each) for each in sets]
        asked = ReportOptions(CheckOptions(self.instant(), jobs=self._jobs), found=self._found)
        found = [of_project(project, asked) for project in made]
        version = self.shown.version + 1
        problems = [each for each in found if isinstance(each, Problem)]
        if problems:
            self.shown = msgspec.structs.replace(self.shown, version=version, problem=problems[0])
            return True
        documents = encoded_documents(each for each in found if isinstance(each, AccessDocument))
        shown = tuple(
            ShownSet(project.sources.root, PolicySet(project.ir)) for project in made if project.ir is not None
        )
        self.shown = _ShownSets(version, documents, shown, None)
        return True

    @property
    def looked_at(self) -> tuple[Path, ...]:
        """The folders and files whose policies these are."""
        return tuple(map(Path, self._paths)) or tuple(each.root for each in self.sets)

    def instant(self) -> datetime.datetime:
        """The instant that questions are about which say none."""
        return self._now or datetime.datetime.now(datetime.UTC).replace(microsecond=0)
