"""How long a search may go on, and the best that it has found by then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from policylang.mining.matrix import FoundRole

Ended = Literal["finished", "time", "interrupted"]
Step = Callable[[str], None]


class OutOfTimeError(Exception):
    """The time is up."""


class RoleSearch:
    """``price`` says what a solution costs; of those offered the cheapest is kept, of equal ones the first."""

    def __init__(
        self, price: Callable[[Sequence[FoundRole]], int], seconds: float | None = None, step: Step = lambda _what: None
    ) -> None:
        self._price, self._step = price, step
        self._end = None if seconds is None else time.monotonic() + seconds
        self.best: tuple[FoundRole, ...] = ()
        self.cost: int | None = None
        self.ended: Ended = "finished"

    def left(self) -> float | None:
        """Seconds; ``None`` for as many as it takes."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def tick(self, what: str | None = None) -> None:
        """To be called often. Raises `OutOfTimeError`."""
        if self._end is not None and time.monotonic() >= self._end:
            raise OutOfTimeError
        if what is not None:
            so_far = "" if self.cost is None else f"; best so far {self.cost:,}"
            self._step(f"{what}{so_far}")

    def offer(self, roles: Sequence[FoundRole]) -> bool:
        """A solution; whether it is the best now."""
        cost = self._price(roles)
        if self.cost is not None and cost >= self.cost:
            return False
        self.best, self.cost = tuple(roles), cost
        return True

    def run(self, work: Callable[[], None]) -> bool:
        """Do some work; whether it came to its end. The time may run out, and somebody may interrupt it."""
        try:
            work()
        except OutOfTimeError:
            self.ended = "time"
        except KeyboardInterrupt:
            self.ended = "interrupted"
        else:
            return True
        return False
