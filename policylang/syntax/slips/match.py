"""Phrases: how a line of a table is matched with the text around a mistake.

A phrase is a regular expression with placeholders: ``<x>`` for the path of an attribute, ``<v>`` for a value, ``<n>``
for a number, ``<u>`` for a unit of time, ``<w>`` for a name, ``<d>`` for a day and ``<t>`` for a text in quotes; a
digit behind the letter tells two of a kind apart. Groups capture nothing, and a blank is any white space.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import msgspec

from policylang.syntax.stop import Stop
from policylang.text.characters import masked

_TEXT = r'"[^"\n]*"'
_KINDS = {
    "x": r"assigned\s+user(?:\.\w+)*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*",
    "v": rf"'[^'\"\n]*'|assigned\s+user(?:\.\w+)*|{_TEXT}|-?\d[\w.:+-]*|[A-Za-z_]\w*(?:\.\w+)*",
    "n": r"\d+",
    "u": r"(?:minute|hour|day|week|month|year)s?",
    "w": r"[A-Za-z_]\w*",
    "t": _TEXT,
    "d": r"\d{4}-\d\d-\d\d",
}
_PLACEHOLDER = re.compile(r"<([a-z])(\d?)>")

# How far a phrase may reach to either side of the token that does not fit, in characters.
_REACH = 160


class Slip(msgspec.Struct, frozen=True):
    """A phrase as people write it. ``write`` is what to put in its place; ``help`` is what to say, where that is more
    or where nothing can be put in its place without knowing more.
    """

    phrase: str
    write: str | None = None
    help: str | None = None


class Guess(msgspec.Struct, frozen=True):
    """A help text and, where it is an edit, the offsets of the text to replace and what to put there."""

    help: str
    start: int
    end: int
    replacement: str | None


def first_match(table: Iterable[Slip], stop: Stop) -> Guess | None:
    """The first line of the table whose phrase covers the token that does not fit, or ends right before it."""
    text = stop.source.text
    first = stop.before[0].start_pos if stop.before else stop.token.start_pos
    begin = max(first, stop.token.start_pos - _REACH)
    window = text[begin : stop.token.end_pos + _REACH]
    here, behind = stop.token.start_pos - begin, max(stop.token.end_pos, stop.token.start_pos + 1) - begin
    if stop.token.value in stop.scan.lexer.keywords and stop.column(stop.token) is not None:
        window, behind = window[:here], here  # the next line begins something of its own
    last = stop.before[-1].end_pos - begin if stop.before else here
    known = masked(window)
    for each in table:
        for found in matcher(each.phrase).finditer(known):
            if found.start() < behind and found.end() >= min(last, here):
                guess = _guess(each, found, text, begin)
                if guess.replacement != text[guess.start : guess.end]:
                    return guess
    return None


def _guess(slip: Slip, found: re.Match[str], text: str, begin: int) -> Guess:
    spans = {name: found.span(name) for name in found.groupdict()}
    written = {name: text[begin + start : begin + end] for name, (start, end) in spans.items() if start >= 0}
    replacement = None if slip.write is None else _filled(slip.write, written)
    help = (
        f"write `{replacement}`" if slip.help is None else _filled(slip.help, {**written, "write": replacement or ""})
    )
    return Guess(help, begin + found.start(), begin + found.end(), replacement)


def _filled(template: str, values: dict[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda each: re.sub(r"\s+", " ", values.get(each[1], each[0])), template)


@cache
def matcher(phrase: str) -> re.Pattern[str]:
    """A phrase as a regular expression; a placeholder that comes again is the same text again."""
    seen: set[str] = set()

    def placeholder(found: re.Match[str]) -> str:
        name = found[1] + found[2]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>{_KINDS[found[1]]})"

    text = re.sub(r"(?<!\\)\((?!\?)", "(?:", phrase)
    text = text.replace(" ?", r"\s*").replace(" ", r"\s+")
    text = _PLACEHOLDER.sub(placeholder, text)
    before = r"(?<![\w.])" if re.match(r"\w|<[wxvn]|\(\w", phrase) else ""
    behind = r"(?!\w)" if re.search(r"[\w>?)]$", phrase) else ""
    return re.compile(before + text + behind)
