"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a typing mistake could have turned into ``word``, or ``None``.

    One mistake in three letters is allowed, four at most; two letters swapped count as one mistake. Of equally close
    candidates the first in alphabetical order wins, so that the answer does not depend on any order.
    """
    allowed = min(len(word) // 3, 4)
    # As many mistakes as one is longer than the other are there in any case.
    similar = [each for each in candidates if abs(len(each) - len(word)) <= allowed]
    if not allowed or not similar:
        return None
    # Imported when it is needed: most runs suggest nothing.
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    found = process.extract(word, similar, scorer=OSA.distance, score_cutoff=allowed, limit=None)
    near = [(distance, candidate) for candidate, distance, _ in found if candidate != word]
    return min(near)[1] if near else None
