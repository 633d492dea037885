"""Rows of a CSV text, each cell with its place."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import msgspec

from policylang.directory.problems import UnreadableTextError
from policylang.source import Source
from policylang.syntax import expressions

_LARGEST_CELL = 64 * 1024 * 1024
csv.field_size_limit(_LARGEST_CELL)  # a limit of the whole process; texts have one of their own


class CsvRow(msgspec.Struct, frozen=True, gc=False):
    """A row from offset ``start`` to ``end``, without its line break, and the cells in it, also the empty ones."""

    start: int
    end: int
    cells: tuple[expressions.Text, ...]


def rows(source: Source, separator: str = ",") -> Iterator[CsvRow]:
    """The rows of a text that hold something, with their cells. Raises `UnreadableTextError` for what is no CSV."""
    text, starts = source.text, source.line_starts
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    cell = re.compile(rf'"(?:[^"]|"")*+"|[^{re.escape(separator)}\r\n]*+')
    while True:
        first = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            start = starts[min(first, len(starts) - 1)]
            help = 'put text with commas, quotes or line breaks in quotes, and double each quote in it: `""`'
            raise UnreadableTextError(start, start + len(source.line(first + 1)), f"not CSV: {error}", help) from None
        if any(cells):
            start = starts[first]
            end = starts[reader.line_num] if reader.line_num < len(starts) else len(text)
            yield _row(text, start, end, cells, cell)


def _row(text: str, start: int, end: int, cells: list[str], written: re.Pattern[str]) -> CsvRow:
    found = []
    position = start
    quotes = '"' in text[start:end]
    for cell in cells:
        length = len(cell)
        if quotes:
            match = written.match(text, position)
            assert match is not None
            length = match.end() - position
        found.append(expressions.Text(position, position + length, cell))
        position += length + 1
    return CsvRow(start, position - 1, tuple(found))
