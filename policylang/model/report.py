"""Where the passes of the model put what they find."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from policylang.diagnostics import Diagnostic, Edit, Related
from policylang.settings.limits import MOST_MISTAKES
from policylang.source import Location, Source
from policylang.suggest import closest
from policylang.syntax import expressions


class Site(msgspec.Struct, frozen=True, gc=False):
    """A syntax node and the source it stands in."""

    source: Source
    node: expressions.Node

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

    def error(
        self,
        code: str,
        source: Source,
        node: expressions.Node,
        message: str,
        help: str | None = None,
        *others: Related,
        by: str | None = None,
        replace: expressions.Node | None = None,
    ) -> None:
        """Report that something is wrong at a node. ``by`` is the text that mends it in place of the node, or of the
        one that is to ``replace``.
        """
        location = source.location(node.start_pos, node.end_pos)
        wrong = replace or node
        edit = None if by is None else Edit(source.location(wrong.start_pos, wrong.end_pos), by)
        self.add(Diagnostic(code=code, message=message, location=location, help=help, related=others, edit=edit))

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
