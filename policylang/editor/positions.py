"""Places as editors count them: lines and characters from 0, the characters in the units that were agreed on."""

from __future__ import annotations

from bisect import bisect_right

from lsprotocol import types as lsp

from policylang.source import Location, Source

Encoding = lsp.PositionEncodingKind | str


def offset_at(source: Source, position: lsp.Position, encoding: Encoding) -> int:
    """The offset in code points; past the end of a line or of the text it is that end."""
    starts = source.line_starts
    if position.line >= len(starts):
        return len(source.text)
    start = starts[max(position.line, 0)]
    line = source.line(max(position.line, 0) + 1) if not source.foreign else ""
    return start + _code_points(line, max(position.character, 0), encoding)


def position_at(source: Source, offset: int, encoding: Encoding) -> lsp.Position:
    """The position of an offset."""
    offset = min(max(offset, 0), len(source.text))
    line = bisect_right(source.line_starts, offset) - 1
    start = source.line_starts[line]
    return lsp.Position(line, _units(source.text[start:offset], encoding))


def range_of(source: Source, start: int, end: int, encoding: Encoding) -> lsp.Range:
    """The range between two offsets."""
    return lsp.Range(position_at(source, start, encoding), position_at(source, end, encoding))


def range_at(source: Source, place: Location, encoding: Encoding) -> lsp.Range:
    """The range of a place in the source, cut where the source ends."""
    return range_of(source, *offsets_of(source, place), encoding)


def offsets_of(source: Source, place: Location) -> tuple[int, int]:
    """Where a place begins and ends in the text of the source, cut where that ends."""
    return _offset(source, place.line, place.column), _offset(source, place.end_line, place.end_column)


def applied(source: Source, change: lsp.TextDocumentContentChangeEvent, encoding: Encoding) -> Source:
    """The source after one change."""
    if isinstance(change, lsp.TextDocumentContentChangeWholeDocument):
        return Source(source.name, change.text, source.display)
    start = offset_at(source, change.range.start, encoding)
    end = max(start, offset_at(source, change.range.end, encoding))
    return source.edited(start, end, change.text)


def _offset(source: Source, line: int, column: int) -> int:
    starts = source.line_starts
    return min(starts[line - 1] + column - 1, len(source.text)) if line <= len(starts) else len(source.text)


def _code_points(line: str, units: int, encoding: Encoding) -> int:
    """How many code points of a line so many units are; a unit inside of a character is its beginning."""
    if line.isascii() or encoding == lsp.PositionEncodingKind.Utf32:
        return min(units, len(line))
    for number, character in enumerate(line):
        units -= _units(character, encoding)
        if units < 0:
            return number
    return len(line)


def _units(text: str, encoding: Encoding) -> int:
    if text.isascii() or encoding == lsp.PositionEncodingKind.Utf32:
        return len(text)
    if encoding == lsp.PositionEncodingKind.Utf8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)
