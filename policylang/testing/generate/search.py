"""Looking for a record that meets demands on conditions, by trying values one variable after the other.

Demands are checked as soon as the values chosen so far decide them: a condition of which some tests are still open can
come to one of several truths, and a demand that none of them meets ends the attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any

import msgspec

from policylang.model import conditions as c
from policylang.runtime.truth import Truth, conjunction, disjunction, negation, truth
from policylang.testing.coverage.outcomes import OUTCOMES
from policylang.testing.generate.domains import Domains
from policylang.testing.generate.variables import Values, Variable, variables

_STEPS = 1_500
"""Attempts for one record."""

Truths = frozenset[Truth]
ANY: Truths = frozenset(OUTCOMES)
TRUE: Truths = frozenset((True,))
FALSE: Truths = frozenset((False,))
NOT_TRUE: Truths = frozenset((False, None))


class Want(msgspec.Struct, frozen=True):
    """A condition comes to one of ``truths``, also if ``test`` in it were ``given``."""

    condition: c.Condition
    truths: Truths
    test: c.Test | None = None
    given: Truth = None


class AnyOf(msgspec.Struct, frozen=True):
    """One of several demands; without any it cannot be met."""

    items: tuple[Demand, ...]


class AllOf(msgspec.Struct, frozen=True):
    items: tuple[Demand, ...]


Demand = Want | AnyOf | AllOf


class Search:
    """A search for values that meet all demands."""

    def __init__(self, domains: Domains, demands: Sequence[Demand], fixed: Values) -> None:
        self._domains, self._demands = domains, demands
        self._tests = tuple(dict.fromkeys(test for demand in demands for test in _tests(demand)))
        index, resource = domains.index, domains.resource
        self._of_test = {test: tuple(variables(index, resource, test)) for test in self._tests}
        found = dict.fromkeys(each for test in self._tests for each in self._of_test[test])
        self._order = [each for each in found if each not in fixed]
        self._values = {
            each: domains.of(each, tuple(test for test in self._tests if each in self._of_test[test]))
            for each in self._order
        }
        self._fixed = fixed
        self._decided = [[test for test in self._tests if self._depth(test) == n] for n in range(len(self._order) + 1)]
        self._left = min(_STEPS, domains.steps)

    def run(self) -> Values | None:
        """The first values found, or ``None`` where there are none among those that are tried."""
        return self._try(dict(self._fixed), {}, 0)

    def _depth(self, test: c.Test) -> int:
        """How many variables must be chosen to decide a test. What lies behind another one waits for that."""
        needed = [
            n for n, each in enumerate(self._order, 1) if any(_before(each, mine) for mine in self._of_test[test])
        ]
        return max(needed, default=0)

    def _try(self, chosen: Values, before: dict[c.Test, Truth], depth: int) -> Values | None:
        self._left -= 1
        self._domains.steps -= 1
        if self._left < 0:
            return None
        known = before
        if self._decided[depth]:
            s = self._domains.situation(chosen)
            known = {**before, **{test: truth(test, s) for test in self._decided[depth]}}
        met = [_met(demand, known) for demand in self._demands]
        if False in met:
            return None
        if depth == len(self._order):
            return chosen if all(met) else None
        each = self._order[depth]
        for value in self._values[each]:
            found = self._try({**chosen, each: value}, known, depth + 1)
            if found is not None:
                return found
        return None


def _before(first: Variable, second: Variable) -> bool:
    """Whether a value depends on another: it is the same, or lies behind it."""
    return first.root == second.root and second.steps[: len(first.steps)] == first.steps


def _tests(demand: Demand) -> Iterable[c.Test]:
    if isinstance(demand, Want):
        return demand.condition.tests()
    return (test for item in demand.items for test in _tests(item))


def _met(demand: Demand, known: dict[c.Test, Truth]) -> Truth:
    """Whether a demand is met; ``None`` while that is open."""
    if isinstance(demand, Want):
        found = _truths(demand.condition, demand, known)
        return True if found <= demand.truths else None if found & demand.truths else False
    each = (_met(item, known) for item in demand.items)
    return disjunction(each) if isinstance(demand, AnyOf) else conjunction(each)


def _truths(condition: c.Condition, demand: Want, known: dict[c.Test, Truth]) -> Truths:
    """What a condition can come to."""
    match condition:
        case c.And(items):
            return reduce(lambda a, b: _both(a, b, conjunction), (_truths(item, demand, known) for item in items))
        case c.Or(items):
            return reduce(lambda a, b: _both(a, b, disjunction), (_truths(item, demand, known) for item in items))
        case c.Not(item):
            return frozenset(negation(each) for each in _truths(item, demand, known))
        case _:
            if condition == demand.test:
                return frozenset((demand.given,))
            return frozenset((known[condition],)) if condition in known else ANY


def _both(first: Truths, second: Truths, joined: Any) -> Truths:
    return frozenset(joined((a, b)) for a in first for b in second)
