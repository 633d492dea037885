"""A recorder for each policy set that scenario files are about."""

from __future__ import annotations

import os
from pathlib import Path

from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.testing.coverage.recorder import Recorder
from policylang.testing.coverage.report import Coverage, coverage


class Collector:
    """Several scenario files about one policy set add up."""

    def __init__(self) -> None:
        self._recorders: dict[Path, tuple[Recorder, dict[str, str]]] = {}

    def recorder(self, root: Path, project: Project) -> Recorder:
        """The one of the policy set that lies at a folder."""
        if root not in self._recorders:
            assert project.ir is not None
            sources = project.sources.sources
            shown = {source.name: Path(os.path.normpath(source.display)).as_posix() for source in sources}
            self._recorders[root] = Recorder(Index(project.ir), shown.keys()), shown
        return self._recorders[root][0]

    def result(self) -> Coverage:
        """What came of all cases."""
        return coverage(self._recorders[root] for root in sorted(self._recorders))
