"""What is known of characters, the same on every Python.

Each version brings the tables of another Unicode. What the first supported one does not have, none has here: such a
character is no letter, has no name and is not shown as it is. Of all others the tables say the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_LETTERS = re.compile(r"[^\W\d_]+")
_NARROW = re.compile("[\u2630-\u2637\u268a-\u268f\u4dc0-\u4dff\U0001d300-\U0001d376]")
"""Wide since Unicode 16."""
_PATH = Path(__file__).with_name("unicode14.txt")


@cache
def _later() -> re.Pattern[str]:
    """The characters that Unicode 14, which Python 3.11 has, does not know."""
    lines = (line for line in _PATH.read_text(encoding="ascii").splitlines() if not line.startswith("#"))
    known = "".join("\\U{:0>8}-\\U{:0>8}".format(*line.split("-")) for line in lines)
    return re.compile(f"[^{known}]")


def is_known(text: str) -> bool:
    """Whether there is nothing in the text that only later versions know."""
    return text.isascii() or _later().search(text) is None


def is_printable(text: str) -> bool:
    """Whether every character shows itself."""
    return text.isprintable() and is_known(text)


def is_letter(character: str) -> bool:
    return character.isalpha() and is_known(character)


def is_word(character: str) -> bool:
    """Whether it is a letter, a digit or an underscore."""
    return (character.isalpha() or character.isdecimal() or character == "_") and is_known(character)


def masked(text: str) -> str:
    """With the sign for what cannot be read, which is no letter, in place of each character that is not known."""
    return text if is_known(text) else _later().sub("\ufffd", text)


def letters(text: str) -> Iterator[re.Match[str]]:
    """Each run of letters."""
    return _LETTERS.finditer(masked(text))


def width(character: str) -> int:
    """Columns on a terminal: of a wide character two, of a combining one none."""
    if _NARROW.match(character) or not is_known(character):
        return 1
    return 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1


def name(character: str) -> str:
    """Its name in Unicode, or nothing."""
    return unicodedata.name(character, "") if is_known(character) else ""


def normal(text: str) -> str:
    """In the form NFKC, but for what is not known."""
    if is_known(text):
        return unicodedata.normalize("NFKC", text)
    known = _later().split(text)
    later = _later().findall(text)
    return "".join(
        f"{unicodedata.normalize('NFKC', part)}{after}" for part, after in zip(known, [*later, ""], strict=True)
    )
