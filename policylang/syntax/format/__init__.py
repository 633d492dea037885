"""The one layout of policy files.

Only white space is changed, and escapes in texts; every word and every comment stays, in its order. What follows from
the author's own layout: a block written on one line stays on one if it fits, one empty line stays one, and a comment
stays behind its line or above it.
"""

from __future__ import annotations

import msgspec

from policylang.diagnostics import Diagnostic
from policylang.settings.limits import Limits
from policylang.source import Source
from policylang.syntax import ast
from policylang.syntax.format.layout import laid_out
from policylang.syntax.format.lexemes import Lexemes
from policylang.syntax.parser import parse


class FormatError(Exception):
    """The text that was made does not say what the file says: a mistake in this package."""


class Formatted(msgspec.Struct, frozen=True):
    """The text in its layout, or why it has none: the mistakes in the file."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...] = ()


def format_source(source: Source, width: int, limits: Limits | None = None) -> Formatted:
    """Format one file, and check that it still says the same: equal words and an equal tree, and the same comments
    between the same words.

    ``width``: characters of a line, comments behind it not counted. The text has ``\\n`` for every line break of the
    file. Raises `FormatError` where the check fails.
    """
    before = parse(Source(source.name, _with_newlines(source.text), source.display), limits)
    if before.diagnostics:
        return Formatted(None, before.diagnostics)
    lexemes = Lexemes(before.source.text)
    said = lexemes.said()
    text = laid_out(lexemes, before.file, width)
    if text == before.source.text:
        return Formatted(text)
    after = parse(Source(source.name, text, source.display), limits)
    one, other = (ast.without_places(each.file.declarations) for each in (before, after))
    if after.diagnostics or one != other or Lexemes(text).said() != said:
        raise FormatError(source.display)
    return Formatted(text)


def _with_newlines(text: str) -> str:
    """The text with ``\\n`` for every line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
