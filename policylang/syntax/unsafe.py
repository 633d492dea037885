"""Text that does not say what it shows: bidirectional controls, invisible and confusable characters (PL106).

Sources: Unicode UAX #9 (bidirectional controls), UTS #39 (confusables), and the "Trojan Source" paper
(Boucher and Anderson, 2021) for why comments count as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from policylang.diagnostics import Diagnostic
from policylang.source import Location, Source
from policylang.text.characters import letters, name, normal

# Control characters but tab and line breaks; bidirectional controls; spaces and joiners without a shape of their own.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Cyrillic and Greek letters that common fonts draw like the Latin letters below them (UTS #39, confusables.txt).
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
    "\u03bf\u03bd\u03b9\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijshdqw" + "ABEKMHOPCTYXSIJ" + "ovi" + "ABEZHIKMNOPTYX",
)

_STRING_OR_COMMENT = re.compile(r'#[^\n\r]*|"(?:[^"\\\n\r]++|\\[^\n\r])*+"')


def skeleton(text: str) -> str:
    """What the text looks like: texts that differ but have one skeleton can be taken for each other."""
    return normal(text.translate(_LOOKALIKES))


def confusable_letter(word: str) -> str | None:
    """A letter of ``word`` that poses as a Latin one among Latin ones, or ``None``."""
    if word.isascii():
        return None
    latin = any(name(c).startswith("LATIN") for c in word)
    for letter in word:
        if letter.isascii():
            continue
        disguised = skeleton(letter)
        compatible = normal(letter) != letter and disguised.isascii()
        if compatible or (latin and disguised.isascii()):
            return letter
    return None


def confusable_word(text: str) -> tuple[re.Match[str], str] | None:
    """The first word of a text with a letter that poses as a Latin one, and the letter."""
    if text.isascii():
        return None
    return next(((word, letter) for word in letters(text) if (letter := confusable_letter(word[0]))), None)


def invisible(source: Source) -> Iterator[tuple[str, Location]]:
    """The first invisible character of each line that has one."""
    last_line = 0
    for match in INVISIBLE.finditer(source.text):
        location = source.location(match.start(), match.end())
        if location.line != last_line:
            last_line = location.line
            yield match[0], location


def named(character: str) -> str:
    """``U+202E RIGHT-TO-LEFT OVERRIDE``"""
    return f"U+{ord(character):04X} {name(character)}".rstrip()


def unsafe_text(source: Source) -> Iterator[Diagnostic]:
    """PL106 for every line of the source with an unsafe character in it, at the first one."""
    text = source.text
    if text.isascii() and text.isprintable():
        return
    for character, location in invisible(source):
        yield Diagnostic(
            code="PL106",
            message=f"{_kind(character)} character {named(character)}",
            location=location,
            help=f"delete it; where a text in quotes needs it, write `\\u{{{ord(character):X}}}`",
        )
    if text.isascii():
        return
    for quoted in _STRING_OR_COMMENT.finditer(text):
        found = None if quoted[0].startswith("#") else confusable_word(quoted[0])
        if found is not None:
            word, letter = found
            start = quoted.start() + word.start()
            yield Diagnostic(
                code="PL106",
                message=f"`{word[0]}` mixes alphabets: {named(letter)} looks like `{skeleton(letter)}`",
                location=source.location(start, start + len(word[0])),
                help=f"write `{skeleton(word[0])}`, or `\\u{{{ord(letter):X}}}` if the letter is meant",
            )


def _kind(character: str) -> str:
    if character in _BIDIRECTIONAL:
        return "bidirectional control"
    return "control" if unicodedata.category(character) == "Cc" else "invisible"
