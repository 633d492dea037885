"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a typing mistake could have turned into ``word``, or ``None``.

    About one mistake in three letters is allowed; two letters swapped count as one mistake. Case does not count. Of
    equally close candidates the first in alphabetical order wins, so that the answer does not depend on any order.
    """
    folded = word.casefold()
    found = process.extract(
        folded,
        sorted(set(candidates)),
        processor=str.casefold,
        scorer=OSA.distance,
        score_cutoff=max(1, min(len(word) // 3, 4)),
        limit=1,
    )
    return found[0][0] if found and found[0][0] != word else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """A help text with the closest candidate, or ``None``."""
    candidate = closest(word, candidates)
    return f"did you mean `{candidate}`?" if candidate else None
