"""Names in models and ids of objects."""

from __future__ import annotations

import re

from policylang.text.names import free_name

EVERYWHERE = "=everywhere"
"""The id of the place around all places. No encoded name is like it."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]")
_LONGEST = 40


class Names:
    """Names of types or relations: readable, none twice, letters and digits in what every engine accepts."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def make(self, *words: str) -> str:
        """The words as one name; with a number at its end where it was taken already."""
        joined = re.sub(r"[^a-z0-9]+", "_", "_".join(words).lower())[:_LONGEST].strip("_")
        name = free_name(joined, self._taken)
        self._taken.add(name)
        return name


def object_id(text: str) -> str:
    """A text as an id that both engines accept, different for different texts.

    ASCII letters, digits, ``_`` and ``-`` stay; each other byte of the UTF-8 text is ``=`` and two capital hex digits;
    the empty text is ``=``. Raises ValueError for a text that is no Unicode (lone surrogates).
    """
    if not text:
        return "="
    encoded = (
        each if _PLAIN.fullmatch(each) else "".join(f"={byte:02X}" for byte in each.encode("utf-8")) for each in text
    )
    return "".join(encoded)
