"""What is known of characters, the same on every Python.

Each version brings the tables of another Unicode. What the first supported one does not have, none has here: such a
character is no letter, has no name and is not shown as it is. Of all others the tables say the same.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

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
