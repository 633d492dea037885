"""How much may be done for one file."""

from __future__ import annotations

_WHOLE, _PARTS, _LEAST = 5_000_000, 20, 15_000
"""What may be done for a file; the part of what is left that one boundary may take, and how much it may in any case."""


class Work:
    """How much may be done, so that a file is made within seconds. It is counted, since a clock would make another file
    on another machine: in demands and tests that are looked at.
    """

    def __init__(self) -> None:
        self._whole, self._here = _WHOLE, 0

    def begin(self) -> None:
        """For the next boundary, a part of what is left: no boundary takes everything from those behind it."""
        self._here = max(self._whole // _PARTS, min(self._whole, _LEAST))

    def do(self, amount: int) -> None:
        """Do so much."""
        self._here -= amount
        self._whole -= amount

    @property
    def is_used_up(self) -> bool:
        return self._here <= 0
