"""Which part of the language the mistake stands in."""

from __future__ import annotations

from policylang.syntax.stop import Stop

_MARKS = frozenset({"protected", "essential", "superuser", "terminated"})

# What the block of a declaration holds, where several declarations hold the same.
_BLOCKS = {
    "policy": "condition",
    "deny": "condition",
    "role": "bundle",
    "group": "bundle",
    "user": "user block",
    "resource": "record",
    "subject": "record",
    "request": "record",
}


def place_of(stop: Stop) -> str:
    """What is open at the token that does not fit: the kind of block, or the declaration's keyword before its block;
    empty where a declaration should begin.
    """
    if not stop.before:
        return ""
    words = [token.value for token in stop.before if token.value not in _MARKS]
    keyword = words[0] if words else stop.before[0].value
    if stop.open_braces == 0:
        return keyword
    return "condition" if stop.open_braces > 1 else _BLOCKS.get(keyword, keyword)
