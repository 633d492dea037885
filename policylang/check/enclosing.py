"""Which declaration and which block item a place lies in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from policylang.source import Location, Source
from policylang.syntax import ast, expressions
from policylang.syntax.parser import Parsed

Offsets = tuple[int, int]
"""Offsets, the end exclusive."""


class Layout:
    """The declarations of a file and the items in their blocks, in the order of the text."""

    def __init__(self, parsed: Parsed) -> None:
        self.source = parsed.source
        self.declarations = parsed.file.declarations

    @cached_property
    def _starts(self) -> list[int]:
        return [declaration.start_pos for declaration in self.declarations]

    def around(self, offset: int) -> ast.Declaration | None:
        """The declaration that an offset lies in."""
        number = bisect_right(self._starts, offset) - 1
        found = self.declarations[number] if number >= 0 else None
        return found if found is not None and offset < found.end_pos else None

    def on_line(self, line: int) -> tuple[Offsets, ...]:
        """The declarations and items that start on a line."""
        starts = self.source.line_starts
        first = starts[line - 1]
        last = starts[line] if line < len(starts) else len(self.source.text) + 1
        around = self.around(first)
        begin = bisect_right(self._starts, first - 1)
        end = bisect_right(self._starts, last - 1)
        nodes = [*([] if around is None else [around]), *self.declarations[begin:end]]
        found = [extent for node in nodes for extent in _extents(node) if first <= extent[0] < last]
        return tuple(dict.fromkeys(found))

    def next_after(self, offset: int) -> Offsets | None:
        """The next item of the same block, or outside of blocks the next declaration."""
        around = self.around(offset)
        if around is not None:
            return next((extent for extent in _extents(around) if extent[0] >= offset), None)
        number = bisect_right(self._starts, offset)
        return _extent(self.declarations[number]) if number < len(self.declarations) else None

    def anchor(self, at: Location) -> tuple[str, str]:
        """What a place is, whatever line it is on: the declaration's kind and name, and the words inside it."""
        start = self.source.offset(at.line, at.column)
        around = self.around(start)
        words = _words(self.source, start, self.source.offset(at.end_line, at.end_column))
        if around is None:
            return "", words
        header = _header(around, self.source)
        return header, "" if start == around.start_pos else words

    def statement(self, at: Location) -> tuple[str, str]:
        """The declaration that a place is in, like `anchor`, and the words of the whole item of its block."""
        start = self.source.offset(at.line, at.column)
        around = self.around(start)
        if around is None:
            return "", ""
        items = (node for node in ast.block_items(around) if node.start_pos <= start < node.end_pos)
        item = next(items, None)
        return _header(around, self.source), "" if item is None else _words(self.source, item.start_pos, item.end_pos)

    def statements(self) -> Iterator[tuple[str, int, list[tuple[str, int]]]]:
        """Each declaration like `anchor` and its line, with the words and the line of each item in its block."""
        for node in self.declarations:
            items = [
                (_words(self.source, item.start_pos, item.end_pos), self.source.position(item.start_pos)[0])
                for item in ast.block_items(node)
            ]
            yield _header(node, self.source), self.source.position(node.start_pos)[0], items


def _extents(declaration: ast.Declaration) -> Iterator[Offsets]:
    yield _extent(declaration)
    yield from map(_extent, ast.block_items(declaration))


def _extent(node: expressions.Node) -> Offsets:
    return node.start_pos, node.end_pos


def _header(declaration: ast.Declaration, source: Source) -> str:
    match declaration:
        case ast.User(id=name) | ast.Job(code=name) | ast.Invariant(label=name):
            return f"{type(declaration).__name__.lower()} {name.value}"
        case ast.Place(name=name) | ast.Feature(name=name) | ast.Resource(name=name) | ast.Policy(name=name):
            return f"{type(declaration).__name__.lower()} {name.value}"
        case ast.Role(name=name) | ast.Group(name=name) | ast.Task(name=name) | ast.Integration(name=name):
            return f"{type(declaration).__name__.lower()} {name.value}"
        case _:
            return _words(source, declaration.start_pos, declaration.end_pos)


def _words(source: Source, start: int, end: int) -> str:
    return " ".join(source.text[start:end].split())
