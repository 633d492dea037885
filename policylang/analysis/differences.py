"""Difference constraints, ``x - y <= w``: whether numbers can meet them all, and numbers that do.

The Bellman-Ford algorithm on the graph of the constraints (Cormen et al., Introduction to Algorithms, "Difference
constraints and shortest paths"). A strict bound ``< w`` is kept as a second component that counts infinitesimals, so
the same code serves whole and dense numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from policylang.analysis.constraints import ZERO, Difference, Quantity
from policylang.analysis.satisfiability import UNSAT, Impossible

Solution = Mapping[Quantity, Fraction]


def solution(bounds: Sequence[Difference]) -> Solution | Impossible:
    """Numbers for the nodes, 0 for `ZERO`, that meet all bounds."""
    nodes: dict[Quantity, None] = dict.fromkeys([ZERO, *(node for each in bounds for node in (each.left, each.right))])
    # Whole numbers, which nearly all are, are added and compared many times faster than fractions.
    whole = all(bound.weight.denominator == 1 for bound in bounds)
    edges = [(b.left, b.right, int(b.weight) if whole else b.weight, b.strict) for b in bounds]
    distance: dict[Quantity, tuple[int | Fraction, int]] = dict.fromkeys(nodes, (0, 0))
    for _ in range(len(nodes) + 1):
        changed = False
        for left, right, weight, strict in edges:
            value, steps = distance[right]
            candidate = (value + weight, steps - strict)
            if candidate < distance[left]:
                distance[left] = candidate
                changed = True
        if not changed:
            return _numbers(distance, bounds)
    return UNSAT


def _numbers(distance: Mapping[Quantity, tuple[int | Fraction, int]], bounds: Iterable[Difference]) -> Solution:
    """Distances with something for the infinitesimals, of few digits: small enough does exist."""
    base, steps = distance[ZERO]
    if not any(bound.strict for bound in bounds):
        return {node: Fraction(value - base) for node, (value, _) in distance.items()}
    unit = Fraction(1)
    while True:
        unit /= 10
        numbers = {node: value - base + (count - steps) * unit for node, (value, count) in distance.items()}
        if all(_is_met(bound, numbers) for bound in bounds):
            return numbers


def _is_met(bound: Difference, numbers: Solution) -> bool:
    difference = numbers[bound.left] - numbers[bound.right]
    return difference < bound.weight if bound.strict else difference <= bound.weight
