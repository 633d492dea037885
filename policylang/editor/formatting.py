"""The one layout, of a file, of the declarations in a range, and of a declaration whose `}` was typed."""

from __future__ import annotations

from lsprotocol import types as lsp

from policylang.editor.edited_set import EditedSet
from policylang.editor.positions import Encoding, offset_at, range_of
from policylang.source import Source
from policylang.syntax.format import FormatError, format_source
from policylang.syntax.parser import Parsed


def format_file(of: EditedSet, parsed: Parsed, encoding: Encoding) -> list[lsp.TextEdit]:
    """The edits that lay a file out; none where it has errors in its syntax."""
    source = parsed.source
    text = _formatted(of, source)
    return [] if text is None else _edits(source, 0, len(source.text), text, encoding)


def format_range(of: EditedSet, parsed: Parsed, wanted: lsp.Range, encoding: Encoding) -> list[lsp.TextEdit]:
    """The edits that lay the declarations out that a range touches."""
    source = parsed.source
    start, end = offset_at(source, wanted.start, encoding), offset_at(source, wanted.end, encoding)
    touched = [node for node in parsed.file.declarations if node.start_pos <= end and node.end_pos >= start]
    if not touched:
        return []
    begin = source.line_starts[source.position(touched[0].start_pos)[0] - 1]
    last = touched[-1].end_pos
    text = _formatted(of, Source(source.name, source.text[begin:last]))
    return [] if text is None else _edits(source, begin, last, text.rstrip("\n"), encoding)


def format_typed(of: EditedSet, parsed: Parsed, at: lsp.Position, encoding: Encoding) -> list[lsp.TextEdit]:
    """The edits that lay out the declaration that ends at a position."""
    offset = offset_at(parsed.source, at, encoding)
    ended = next((node for node in parsed.file.declarations if node.end_pos == offset), None)
    if ended is None:
        return []
    return format_range(of, parsed, range_of(parsed.source, ended.start_pos, ended.end_pos, encoding), encoding)


def _formatted(of: EditedSet, source: Source) -> str | None:
    config = of.on_disk.config
    try:
        return format_source(source, config.format.line_width, config.limits).text
    except FormatError:
        return None


def _edits(source: Source, begin: int, end: int, text: str, encoding: Encoding) -> list[lsp.TextEdit]:
    """One edit, of no more than what is different. Line breaks become those of the file."""
    text = text.replace("\n", source.line_break)
    before = source.text[begin:end]
    if before == text:
        return []
    same = next((n for n, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), min(len(before), len(text)))
    while same and before[same - 1] == "\r":
        same -= 1
    return [lsp.TextEdit(range_of(source, begin + same, end, encoding), text[same:])]
