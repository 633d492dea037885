"""Texts of other systems in policy files: labels, ids and comments that are what they were and show what they are."""

from __future__ import annotations

from policylang.diagnostics import visible
from policylang.syntax.quoting import quote_text
from policylang.syntax.unsafe import INVISIBLE, confusable_letter
from policylang.text.characters import letters

LONGEST_LABEL = 50
"""In quotes, so that the line that it stands on is not too long."""


def text(value: str) -> str:
    """A text in quotes, unchanged in what it says. What cannot be seen, and letters that pose as others, are escaped:
    they were in the other system, so they are meant.
    """
    written = quote_text(value)
    return written if written.isascii() else _escaped(written)


def label(value: str, most: int = LONGEST_LABEL) -> str:
    """The same of a text that is for people only: on one line, and cut where it is long."""
    line = " ".join(value.split())
    written = text(line[: most + 1])
    length = most
    while len(written) > most + 2:
        length -= 1
        written = text(f"{line[:length].rstrip()}…")
    return written


def comment(words: str) -> str:
    """Words behind a `#`, on one line, that nobody can take for anything else."""
    shown = visible(" ".join(words.split()))
    return f"# {shown if shown.isascii() else _escaped(shown)}"


def _escaped(written: str) -> str:
    shown = INVISIBLE.sub(lambda found: _number(found[0]), written)
    parts = []
    last = 0
    for word in letters(shown):
        again = word[0]
        while (letter := confusable_letter(again)) is not None:
            again = again.replace(letter, _number(letter))
            if not any(not each.isascii() for each in again):
                break
        parts += [shown[last : word.start()], again]
        last = word.end()
    return "".join([*parts, shown[last:]])


def _number(character: str) -> str:
    return f"\\u{{{ord(character):X}}}"
