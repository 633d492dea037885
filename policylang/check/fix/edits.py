"""Changes of source text: what they are, making them, and those that take a statement out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from policylang.source import Source
from policylang.syntax import expressions
from policylang.syntax.parser import Parsed

_SUPPRESSION = re.compile(r"#+\s*policylang\b", re.IGNORECASE)


class TextEdit(msgspec.Struct, frozen=True, order=True):
    """Text to put in place of other text. ``path`` is a source's name; lines and columns are 1-based, in code points,
    the end exclusive.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    replacement: str = ""


def edit(source: Source, start: int, end: int, replacement: str = "") -> TextEdit:
    """An edit of the text from offset ``start`` up to, not including, ``end``."""
    return TextEdit(source.name, *source.position(start), *source.position(end), replacement)


def apply(edits: Iterable[TextEdit], sources: Mapping[str, Source]) -> dict[str, str]:
    """The new texts of the sources that the edits speak of, by name.

    Equal edits count once, and deletions may overlap. Raises ValueError for other edits that overlap, and for places
    that are not in a source.
    """
    spans: dict[str, list[tuple[int, int, str]]] = {}
    for each in sorted(set(edits)):
        source = sources.get(each.path)
        if source is None:
            raise ValueError(f"there is no source `{each.path}`")
        start, end = _offset(source, each.line, each.column), _offset(source, each.end_line, each.end_column)
        if end < start:
            raise ValueError(f"an edit of `{each.path}` ends before it starts")
        spans.setdefault(each.path, []).append((start, end, each.replacement))
    return {path: _edited(sources[path].text, _merged(path, found)) for path, found in spans.items()}


def _offset(source: Source, line: int, column: int) -> int:
    if 1 <= line <= len(source.line_starts) and column >= 1:
        offset = source.offset(line, column)
        if offset <= len(source.text) and source.position(offset) == (line, column):
            return offset
    raise ValueError(f"`{source.name}` has no place {line}:{column}")


def _merged(path: str, spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for start, end, replacement in sorted(spans):
        if found and start < found[-1][1]:
            if replacement or found[-1][2]:
                raise ValueError(f"edits of `{path}` overlap")
            found[-1] = (found[-1][0], max(end, found[-1][1]), "")
        else:
            found.append((start, end, replacement))
    return found


def _edited(text: str, spans: list[tuple[int, int, str]]) -> str:
    for start, end, replacement in reversed(spans):
        text = text[:start] + replacement + text[end:]
    return text


def removal(file: Parsed, node: expressions.Node) -> TextEdit | None:
    """The edit that takes a statement out, with its lines where nothing else stands on them; comments stay.

    ``None`` where that would lose a comment, or leave one behind that suppresses a finding: it would speak of the next
    statement.
    """
    source, text = file.source, file.source.text
    start, end = node.start_pos, node.end_pos
    if any(start <= comment.start_pos < end for comment in file.file.comments) or is_suppressed(file, node):
        return None
    first, last = source.position(start)[0], source.position(end)[0]
    line_start = source.line_starts[first - 1]
    line_end = source.line_starts[last - 1] + len(source.line(last))
    before, after = text[line_start:start], text[end:line_end]
    if not before.strip() and not after.strip():
        next_line = source.line_starts[last] if last < len(source.line_starts) else len(text)
        return edit(source, line_start, next_line)
    if not before.strip():
        return edit(source, start, end + len(after) - len(after.lstrip()))
    joined = after and not after[0].isspace()
    return edit(source, start - (len(before) - len(before.rstrip())), end, " " if joined else "")


def is_suppressed(file: Parsed, node: expressions.Node) -> bool:
    """Whether a comment that suppresses findings speaks of the statement: on one of its lines, or above it."""
    source = file.source
    first, last = source.position(node.start_pos)[0], source.position(node.end_pos)[0]
    while first > 1 and (not source.line(first - 1).strip() or source.line(first - 1).lstrip().startswith("#")):
        first -= 1
    return any(
        first <= source.position(comment.start_pos)[0] <= last and _SUPPRESSION.match(comment.text)
        for comment in file.file.comments
    )
