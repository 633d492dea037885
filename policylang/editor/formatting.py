"""The one layout, of a file, of the declarations in a range, and of a declaration whose `}` was typed."""

from __future__ import annotations

from lsprotocol import types as lsp

from policylang.editor.opened import OpenedFile
from policylang.source import Source
from policylang.syntax.format import FormatError, format_source


def format_file(file: OpenedFile) -> list[lsp.TextEdit]:
    """The edits that lay a file out; none where it has errors in its syntax."""
    text = _formatted(file, file.source)
    return [] if text is None else _edits(file, 0, len(file.source.text), text)


def format_range(file: OpenedFile, wanted: lsp.Range) -> list[lsp.TextEdit]:
    """The edits that lay the declarations out that a range touches."""
    return _format_touched(file, *file.offsets(wanted))


def format_typed(file: OpenedFile, at: lsp.Position) -> list[lsp.TextEdit]:
    """The edits that lay out the declaration that ends at a position."""
    offset = file.offset(at)
    ended = next((node for node in file.parsed.file.declarations if node.end_pos == offset), None)
    return [] if ended is None else _format_touched(file, ended.start_pos, ended.end_pos)


def _format_touched(file: OpenedFile, start: int, end: int) -> list[lsp.TextEdit]:
    source = file.source
    touched = file.touched(start, end)
    if not touched:
        return []
    begin = source.line_starts[source.position(touched[0].start_pos)[0] - 1]
    last = touched[-1].end_pos
    text = _formatted(file, Source(source.name, source.text[begin:last]))
    return [] if text is None else _edits(file, begin, last, text.rstrip("\n"))


def _formatted(file: OpenedFile, source: Source) -> str | None:
    config = file.of.on_disk.config
    try:
        return format_source(source, config.format.line_width, config.limits).text
    except FormatError:
        return None


def _edits(file: OpenedFile, begin: int, end: int, text: str) -> list[lsp.TextEdit]:
    """One edit, of no more than what is different. Line breaks become those of the file."""
    text = text.replace("\n", file.source.line_break)
    before = file.source.text[begin:end]
    if before == text:
        return []
    same = next((n for n, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), min(len(before), len(text)))
    while same and before[same - 1] == "\r":
        same -= 1
    return [lsp.TextEdit(file.range(begin + same, end), text[same:])]
