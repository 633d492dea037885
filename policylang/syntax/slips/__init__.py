"""What people write out of habit, from English and from other languages, and how it is written here.

Each table is data: a phrase, and either what to write in its place or what to say about it. The first phrase that
covers the place where the automaton stopped wins.
"""

from __future__ import annotations

from policylang.syntax.slips.conditions import CONDITIONS
from policylang.syntax.slips.declarations import DECLARATIONS
from policylang.syntax.slips.items import BUNDLES, RECORDS, USERS
from policylang.syntax.slips.match import Guess, Slip, first_match
from policylang.syntax.stop import Stop

__all__ = ["TABLES", "Guess", "phrases", "slip"]

_EVERYWHERE = (
    Slip("assigned user's <w>", "assigned user.<w>"),
    Slip("<w>'s <w2>", "<w>.<w2>"),
    Slip(r"'(?P<text>[^'\"\n]*)'", '"<text>"'),
    Slip(r"[\u201c\u201d](?P<text>[^\u201c\u201d\"\n]*)[\u201c\u201d]", '"<text>"'),
)

_NO_REASON = "only a grant, a deny, an assignment, an append and an override have a reason: make it a comment, `# …`"

TABLES: dict[str, tuple[Slip, ...]] = {
    **DECLARATIONS,
    "condition": CONDITIONS,
    "bundle": BUNDLES,
    "user block": USERS,
    "record": RECORDS,
}

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


def slip(stop: Stop) -> Guess | None:
    """What was meant by the words around the token that does not fit, if it is a known way to write something."""
    return _needless_reason(stop) or first_match(phrases(_place_of(stop)), stop)


def _needless_reason(stop: Stop) -> Guess | None:
    """A reason for what needs none. In the block of a user its keyword is first taken for the name of an attribute."""
    word = stop.previous() if stop.token.type == "STRING" and stop.expected == {"COLON"} else stop.token
    before = stop.previous(2)
    if word is None or word.value != "because" or (before is not None and before.value == "because"):
        return None
    return Guess(_NO_REASON, word.start_pos, word.end_pos, None)


def phrases(place: str) -> tuple[Slip, ...]:
    """The phrases that may have been meant in a part of the language, the most likely first."""
    return (*TABLES.get(place, ()), *_EVERYWHERE)


def _place_of(stop: Stop) -> str:
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
