"""Rows for people, for spreadsheets and for programs."""

from __future__ import annotations

import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import click

from policylang.diagnostics import visible
from policylang.output.text import width_of

_GAP = "  "
_KEPT_WHOLE = (24, 20, 16, 12, 8)
"""Words up to this length are not broken, the first that leaves room."""

_JOINTS = "_.-@/:"
_COMMAND = re.compile(r"^((?:::|##\[)[^,\r\n]*)", re.MULTILINE)
"""A first cell without quotes that begins as commands of CI systems do."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - wide forms count


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> Iterator[str]:
    """An aligned table, a line a row; within a ``width`` (columns of a terminal) long cells go on in further lines.

    Columns in which nothing stands are left out.
    """
    shown = [[visible(cell) for cell in row] for row in rows]
    kept = [n for n in range(len(header)) if any(row[n] for row in shown)]
    cells = [[row[n] for n in kept] for row in ([*header], *shown)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(width_of, column)) for column in columns]
    if width is not None:
        widths = _fitted(columns, widths, width - len(_GAP) * (len(widths) - 1))
    for number, row in enumerate(cells if kept else ()):
        wrapped = [_wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
        for line in range(max(map(len, wrapped), default=0)):
            parts = [lines[line] if line < len(lines) else "" for lines in wrapped]
            padded = (part + " " * (room - width_of(part)) for part, room in zip(parts, widths, strict=True))
            text = _GAP.join(padded).rstrip()
            yield text if number else click.style(text, bold=True)


def _fitted(columns: list[tuple[str, ...]], natural: list[int], room: int) -> list[int]:
    """Widths that fit into the room: wide columns give, and keep their words whole as far as that is possible."""
    words = [max(width_of(word) for cell in column for word in cell.split(" ")) for column in columns]
    for kept in _KEPT_WHOLE:
        floors = [min(word, kept) for word in words]
        if sum(floors) <= room:
            break

    def at_most(cap: int) -> list[int]:
        return [min(width, max(floor, cap)) for width, floor in zip(natural, floors, strict=True)]

    caps = range(max(natural) + 1)
    cap = bisect_right(caps, room, key=lambda cap: sum(at_most(cap))) - 1
    return at_most(max(cap, 0))


def _wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most that width, broken between words where that is possible."""
    if width_of(text) <= room:
        return [text]
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and width_of(line) + 1 + width_of(word) <= room:
            line = f"{line} {word}"
            continue
        if line:
            lines.append(line)
        line = word
        while width_of(line) > room:
            head = _head(line, room)
            lines.append(head)
            line = line[len(head) :]
    return [*lines, line]


def _head(word: str, room: int) -> str:
    """As much of a long word as fits, one character at least; up to a joint in it, if one is near the end."""
    end = 1
    while end < len(word) and width_of(word[: end + 1]) <= room:
        end += 1
    joint = max(word.rfind(mark, 0, end) for mark in _JOINTS) + 1
    return word[: joint if joint > end // 2 else end]


def as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """CSV (RFC 4180) in UTF-8, with a heading.

    Spreadsheets run a cell that begins like a formula; such a cell gets an apostrophe in front, which they do not
    show. Control characters are written as ``\\u{…}``, so that a row is a line.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(visible(cell)) for cell in row] for row in rows)
    return _COMMAND.sub(r'"\1"', text.getvalue()).encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA) else cell
