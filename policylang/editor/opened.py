"""A policy file that somebody asks about, with its place in a set and places in it as the editor counts them."""

from __future__ import annotations

import msgspec
from lsprotocol import types as lsp

from policylang.editor.checking import LiveChecker
from policylang.editor.edited_set import EditedSet
from policylang.editor.names import Occurrence
from policylang.editor.positions import offset_at, position_at
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.parser import Parsed


class OpenedFile(msgspec.Struct, frozen=True):
    """A policy file, the set ``of`` which it is, and what checks that."""

    check: LiveChecker
    of: EditedSet
    parsed: Parsed

    @property
    def source(self) -> Source:
        return self.parsed.source

    @property
    def names(self) -> tuple[Occurrence, ...]:
        """What the names in it refer to."""
        return self.of.names_in(self.parsed, self.of.project.model)

    def name_at(self, position: lsp.Position) -> Occurrence | None:
        """The name that a position is in, or behind which it is directly."""
        offset = self.offset(position)
        return next((each for each in self.names if each.start <= offset <= each.end), None)

    def offset(self, position: lsp.Position) -> int:
        return offset_at(self.source, position, self.of.encoding)

    def offsets(self, wanted: lsp.Range) -> tuple[int, int]:
        """Where a range begins and ends in the text."""
        return self.offset(wanted.start), self.offset(wanted.end)

    def position(self, offset: int) -> lsp.Position:
        return position_at(self.source, offset, self.of.encoding)

    def range(self, start: int, end: int) -> lsp.Range:
        return self.of.range(self.source, start, end)

    def touched(self, start: int, end: int) -> list[ast.Declaration]:
        """The declarations that have something in common with the text between two offsets."""
        return [node for node in self.parsed.file.declarations if node.start_pos <= end and node.end_pos >= start]
