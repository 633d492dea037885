"""Changes of source texts, for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

import click

from policylang.diagnostics import visible
from policylang.source import Source

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render(changed: Iterable[tuple[Source, Source]]) -> Iterator[str]:
    """A unified diff of sources as they were and as they are, styled for a terminal."""
    for old, new in changed:
        before, after = _lines(old.text), _lines(new.text)
        for line in difflib.unified_diff(before, after, old.display, new.display, lineterm=""):
            shown = visible(line.rstrip("\r\n").replace("\t", "    "))
            colour = _COLOURS.get(line[:1])
            yield click.style(shown, fg=colour) if colour else shown


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[: None if not text.endswith(("\n", "\r")) else -1]
