"""The phrases, by the part of the language that they stand in."""

from __future__ import annotations

from policylang.syntax.slips.conditions import CONDITIONS
from policylang.syntax.slips.declarations import DECLARATIONS
from policylang.syntax.slips.items import BUNDLES, RECORDS, USERS
from policylang.syntax.slips.match import Slip

_EVERYWHERE = (
    Slip("assigned user's <w>", "assigned user.<w>"),
    Slip("<w>'s <w2>", "<w>.<w2>"),
    Slip(r"'(?P<text>[^'\"\n]*)'", '"<text>"'),
    Slip(r"[\u201c\u201d](?P<text>[^\u201c\u201d\"\n]*)[\u201c\u201d]", '"<text>"'),
)

TABLES: dict[str, tuple[Slip, ...]] = {
    **DECLARATIONS,
    "condition": CONDITIONS,
    "bundle": BUNDLES,
    "user block": USERS,
    "record": RECORDS,
}


def phrases(place: str) -> tuple[Slip, ...]:
    """The phrases that may have been meant in a part of the language, the most likely first."""
    return (*TABLES.get(place, ()), *_EVERYWHERE)
