"""Ids that a reader takes for each other: of different case, width or composition, with blanks at the ends, or of
letters that look alike in whatever scripts.

What looks like what comes from Unicode (UTS #39). Plain ASCII ids differ by case and blanks alone: `user1` and `userl`
are two names that people tell apart, and a rule about them would find half of all numbered accounts.

Normalisation and case are those of Unicode 3.2, which every version of Python has.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

from policylang.syntax.unsafe import INVISIBLE

_UNICODE = unicodedata.ucd_3_2_0
_PATH = Path(__file__).with_name("confusables.txt")

Where = TypeVar("Where", bound=Hashable)


def alike(ids: Iterable[tuple[str, Where]]) -> Iterator[tuple[str, Where, str, Where]]:
    """Each id that looks like one before it, with the first such one. Takes time in proportion to the ids."""
    given = list(ids)
    folded: dict[str, tuple[str, Where]] = {}
    plain = all(id.isascii() for id, _ in given)
    looks: dict[str, dict[str, tuple[str, Where]]] = {}
    for id, where in given:
        this = (id, where)
        key = _folded(id)
        first = folded.setdefault(key, this)
        if first is this and not plain:
            first = _seen(looks, id, key, this)
        if first is not this and first[0] != id:
            yield (*this, *first)


def how_alike(one: str, other: str) -> str:
    """In what two such ids differ, for messages."""
    if one.strip() == other.strip():
        return "differs in spaces at its ends"
    if one.strip().lower() == other.strip().lower():
        return "differs in upper and lower case"
    return "differs in a letter that cannot be seen"


def _seen(
    looks: dict[str, dict[str, tuple[str, Where]]], id: str, key: str, this: tuple[str, Where]
) -> tuple[str, Where]:
    """The first of the ids before this one that look like it and have other letters than those of ASCII."""
    strange = "".join(c for c in key if not c.isascii())
    found = None
    for look in dict.fromkeys((key.translate(_table()), _lower(_normal(id).translate(_table())))):
        before = looks.setdefault(look, {})
        found = found or next((each for letters, each in before.items() if letters != strange), None)
        before.setdefault(strange, this)
    return found or this


def _folded(id: str) -> str:
    """Without difference of case, width, composition and blanks at the ends."""
    if id.isascii():
        return id.strip().lower()
    return _UNICODE.normalize("NFD", _lower(_normal(id)))


def _lower(text: str) -> str:
    """Only letters that Unicode 3.2 has: later ones have other cases in each version."""
    return "".join(c if _UNICODE.category(c) == "Cn" else c.lower() for c in text)


def _normal(id: str) -> str:
    return INVISIBLE.sub("", _UNICODE.normalize("NFD", _UNICODE.normalize("NFKC", id))).strip()


@cache
def _table() -> dict[int, str]:
    """What each character looks like."""
    rows = (line.split(";") for line in _PATH.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {int(one, 16): "".join(chr(int(c, 16)) for c in other.split()) for one, other in rows}
