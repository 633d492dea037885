"""What a comment that suppresses findings says."""

from __future__ import annotations

import datetime

import msgspec

from policylang.check.enclosing import Offsets
from policylang.source import Location


class Suppression(msgspec.Struct, frozen=True):
    """One comment. ``extents``: what it speaks of, nothing if there is nothing where it stands."""

    at: Location
    codes: tuple[str, ...]
    reason: str | None
    until: datetime.date | None
    extents: tuple[Offsets, ...]

    def is_over(self, today: datetime.date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until < today
