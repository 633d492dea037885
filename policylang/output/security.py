"""How much findings matter to security, on the scale from 0 to 10 of CVSS that code hosts sort by."""

from __future__ import annotations

from policylang.check.catalogue import BY_CODE

_SCORES = {"high": 8.0, "medium": 5.5, "low": 3.0}


def security_score(code: str) -> float | None:
    """The number of a rule; nothing for rules about correctness."""
    weight = BY_CODE[code].security if code in BY_CODE else None
    return None if weight is None else _SCORES[weight]
