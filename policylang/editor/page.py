"""The language server inside a page, where there are no threads: the page runs the rules, and tells what they found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from policylang.editor.checking import LiveChecker
from policylang.editor.server import make_server
from policylang.pipelines.findings import Result
from policylang.source import Source


class _Told(LiveChecker):
    """Looks at sources by itself, and is told what the rules found."""

    told: Result | None = None

    def prove(self) -> None:
        """Take over what the page found, if it found it in these very texts."""
        if self.told is None:
            return
        texts = _texts(self.told.sources.values())
        for each in self.folders.sets:
            if _texts(each.project.sources.sources).items() <= texts.items():
                self.take(each, self.told)
        self._publish()


def _texts(sources: Iterable[Source]) -> dict[str, str]:
    return {os.path.abspath(each.display): each.text for each in sources}


class PageServer:
    """A language server for the policies in one folder."""

    def __init__(self, folder: Path, send: Callable[[str], Any]) -> None:
        self._server = make_server([folder], _Told)
        self.receive = self._server.talk(send)
        """Takes a message."""

    def found(self, result: Result) -> None:
        """Take over what the rules found."""
        checker = self._server.checker
        assert isinstance(checker, _Told)
        checker.told = result
        self._server.settle()
        checker.prove()
