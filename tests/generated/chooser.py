"""Choices that Hypothesis makes, and shrinks: to the first item, to few items, to False."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@cache
def _below(limit: int) -> st.SearchStrategy[int]:
    return st.integers(0, limit - 1)


class Chooser:
    """What a composite strategy draws with. Cheap: a policy set takes a thousand choices."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return low + (self._draw(_below(high - low + 1)) if high > low else 0)

    def chance(self, percent: int) -> bool:
        return percent > 0 and (percent >= 100 or self._draw(_below(100)) >= 100 - percent)

    def one(self, items: Sequence[T]) -> T:
        """One of the items. The simplest should stand first."""
        return items[self.number(0, len(items) - 1)]

    def some(self, items: Sequence[T], least: int = 0, most: int | None = None) -> list[T]:
        """Several different items, in their order."""
        most = len(items) if most is None else min(most, len(items))
        left = list(range(len(items)))
        taken = [left.pop(self.number(0, len(left) - 1)) for _ in range(self.number(min(least, most), most))]
        return [items[n] for n in sorted(taken)]
