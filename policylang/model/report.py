"""Where the passes of the model put what they find."""

from __future__ import annotations

import msgspec

from policylang.diagnostics import Diagnostic, Related
from policylang.source import Source
from policylang.syntax.ast import Node


class Site(msgspec.Struct, frozen=True, gc=False):
    """A syntax node and the source it stands in."""

    source: Source
    node: Node

    @property
    def at(self) -> str:
        return at(self.source, self.node)


def at(source: Source, node: Node) -> str:
    """The text form of a node's location."""
    return str(source.location(node.start_pos, node.end_pos))


def related(site: Site, message: str) -> Related:
    return Related(site.source.location(site.node.start_pos, site.node.end_pos), message)


class Report:
    """A growing list of diagnostics."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def error(
        self, code: str, source: Source, node: Node, message: str, help: str | None = None, *others: Related
    ) -> None:
        """Report that something is wrong at a node."""
        location = source.location(node.start_pos, node.end_pos)
        self.diagnostics.append(Diagnostic(code=code, message=message, location=location, help=help, related=others))
