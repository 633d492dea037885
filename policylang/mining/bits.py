"""Sets of small numbers as the bits of an integer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import and_, or_


def members(bits: int) -> Iterator[int]:
    """The numbers in a set, in order."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def set_of(numbers: Iterable[int]) -> int:
    """The set of some numbers."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def union(sets: Iterable[int]) -> int:
    """The members of any of some sets."""
    return reduce(or_, sets, 0)


def common(sets: Iterable[int]) -> int:
    """The members of all of some sets; of none everything, which is -1."""
    return reduce(and_, sets, -1)


def transposed(rows: Sequence[int], width: int) -> list[int]:
    """The columns of a matrix of which the rows are given, each a set of columns."""
    columns = [0] * width
    for number, row in enumerate(rows):
        bit = 1 << number
        for column in members(row):
            columns[column] |= bit
    return columns


class Weigher:
    """How much the members of a set weigh together. Counts bits, once for each binary digit of the weights."""

    def __init__(self, weights: Sequence[int]) -> None:
        self.weights = weights
        most = max(weights, default=0).bit_length()
        self._digits = [
            (1 << digit, set_of(number for number, weight in enumerate(weights) if weight >> digit & 1))
            for digit in range(most)
        ]

    def __call__(self, bits: int) -> int:
        return sum(value * (bits & mask).bit_count() for value, mask in self._digits)
