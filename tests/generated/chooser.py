"""Choices that Hypothesis makes, and shrinks: to the first item, to few items, to False."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

T = TypeVar("T")


class Source(Protocol):
    """What Hypothesis hands to a strategy."""

    def draw_integer(self, min_value: int, max_value: int) -> int: ...


class Chooser:
    """What everything here is drawn with. Cheap: a case takes a thousand choices."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low if low == high else self._source.draw_integer(low, high)

    def chance(self, percent: int) -> bool:
        return percent > 0 and (percent >= 100 or self._source.draw_integer(0, 99) >= 100 - percent)

    def one(self, items: Sequence[T]) -> T:
        """One of the items. The simplest should stand first."""
        return items[self.number(0, len(items) - 1)]

    def some(self, items: Sequence[T], least: int = 0, most: int | None = None) -> list[T]:
        """Several different items, in their order."""
        most = len(items) if most is None else min(most, len(items))
        left = list(range(len(items)))
        taken = [left.pop(self.number(0, len(left) - 1)) for _ in range(self.number(min(least, most), most))]
        return [items[n] for n in sorted(taken)]

    def repeat(self, most: int, percent: int = 60) -> Iterator[int]:
        """0, 1, 2 and so on, each after another choice to go on: what is made in such a loop can be left out alone."""
        for number in range(most):
            if not self.chance(percent):
                return
            yield number
