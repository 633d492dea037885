"""Where the passes of the model put what they find."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from policylang.diagnostics import Diagnostic, Related
from policylang.settings.limits import MOST_MISTAKES
from policylang.source import Location, Source
from policylang.suggest import closest
from policylang.syntax import expressions


class Site(msgspec.Struct, frozen=True, gc=False):
    """A syntax node and the source it stands in."""

    source: Source
    node: Any

    @property
    def at(self) -> str:
        return at(self.source, self.node)


def at(source: Source, node: expressions.Node) -> str:
    """The text form of a node's location."""
    return source.at(node.start_pos, node.end_pos)


def related(site: Site, message: str) -> Related:
    return Related(site.source.location(site.node.start_pos, site.node.end_pos), message)


class DiagnosticLog:
    """A growing list of diagnostics, the first `MOST_MISTAKES` of them: more have one cause."""

    # Looking for similar names takes time that grows with the number of names; beyond this many there is no point.
    SUGGESTIONS = 500

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.locations: set[Location] = set()
        self.suggestions = 0
        self.left_out: Diagnostic | None = None
        """The first one that is not in the list."""

    def add(self, diagnostic: Diagnostic) -> None:
        """Take over a diagnostic."""
        if len(self.diagnostics) < MOST_MISTAKES:
            self.diagnostics.append(diagnostic)
            self.locations.add(diagnostic.location)
        else:
            self.left_out = self.left_out or diagnostic

    def closest(self, word: str, candidates: Iterable[str]) -> str | None:
        """The candidate that was probably meant, as `policylang.suggest.closest`; ``None`` after many suggestions."""
        if self.suggestions >= self.SUGGESTIONS:
            return None
        self.suggestions += 1
        return closest(word, candidates)
