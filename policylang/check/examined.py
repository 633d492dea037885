"""Findings whose evidence was tried."""

from __future__ import annotations

import msgspec

from policylang.check.finding import Finding
from policylang.check.reach import Reach
from policylang.source import Location


class Examined(msgspec.Struct, frozen=True):
    """A finding, for each piece of its evidence the attributes of the record that the decision looked at, and how far
    the finding reaches.
    """

    finding: Finding
    looked_at: tuple[frozenset[str], ...] = ()
    reach: Reach = Reach()

    @property
    def order(self) -> tuple[Location, str, str]:
        """What findings are sorted by: place, code, words."""
        return Location.parse(self.finding.at), self.finding.code, self.finding.message
