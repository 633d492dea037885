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
from policylang.runtime.truth import Truth, conjunction, disjunction, negation
from policylang.testing.coverage.outcomes import OUTCOMES
from policylang.testing.generate.domains import RequestValues
from policylang.testing.generate.variables import ChosenValue, Values, variables

_STEPS = 1_500
"""Attempts for one record."""
_ATTEMPTS = 4_000
"""Attempts for all records of one user, action and instant."""
_WHOLE, _PARTS, _LEAST = 5_000_000, 20, 15_000
"""What may be done for a file; the part of what is left that one boundary may take, and how much it may in any case."""

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


class AnyDemand(msgspec.Struct, frozen=True):
    """One of several demands; without any it cannot be met."""

    items: tuple[Demand, ...]


class AllDemands(msgspec.Struct, frozen=True):
    items: tuple[Demand, ...]


Demand = Want | AnyDemand | AllDemands


class Work:
    """How much may be done, so that a file is made within seconds. It is counted, since a clock would make another file
    on another machine: in demands and tests that are looked at, and in attempts.
    """

    def __init__(self, whole: int = _WHOLE) -> None:
        self._whole, self._here, self.attempts = whole, 0, 0

    def begin(self) -> None:
        """For the next boundary, a part of what is left: no boundary takes everything from those behind it."""
        self._here = max(self._whole // _PARTS, min(self._whole, _LEAST))

    def begin_user(self) -> None:
        """For one user, action and instant."""
        self.attempts = _ATTEMPTS

    def do(self, amount: int) -> bool:
        """Do so much; whether there was as much left."""
        self._here -= amount
        self._whole -= amount
        return not self.is_used_up

    @property
    def is_used_up(self) -> bool:
        return self._here <= 0


class Demanded:
    """Demands, and the tests in them with what they depend on."""

    def __init__(self, domains: RequestValues, demands: Sequence[Demand]) -> None:
        self.demands = demands
        self.tests = tuple(dict.fromkeys(test for demand in demands for test in _tests(demand)))
        index, resource = domains.index, domains.resource
        self.of_test = {test: tuple(variables(index, resource, test)) for test in self.tests}
        self.variables = tuple(dict.fromkeys(each for test in self.tests for each in self.of_test[test]))
        self.needs = {test: self._needs(test) for test in self.tests}
        self.values = {
            each: domains.of(each, tuple(test for test in self.tests if each in self.of_test[test]))
            for each in self.variables
        }

    def _needs(self, test: c.Test) -> tuple[ChosenValue, ...]:
        """What must be chosen to decide a test: a value that lies behind another one waits for that."""
        paths = {(each.root, each.steps[: n + 1]) for each in self.of_test[test] for n in range(len(each.steps))}
        return tuple(each for each in self.variables if (each.root, each.steps) in paths)


class Search:
    """A search for values that meet all demands."""

    def __init__(self, domains: RequestValues, demanded: Demanded, fixed: Values, work: Work) -> None:
        self._domains, self._demanded, self._fixed, self._work = domains, demanded, fixed, work
        self._order = [each for each in demanded.variables if each not in fixed]
        self._decided: list[list[c.Test]] = [[] for _ in range(len(self._order) + 1)]
        depth = {each: n for n, each in enumerate(self._order, 1)}
        for test in demanded.tests:
            self._decided[max((depth.get(each, 0) for each in demanded.needs[test]), default=0)].append(test)
        self._left = min(_STEPS, work.attempts)

    def run(self) -> Values | None:
        """The first values found, or ``None`` where there are none among those that are tried."""
        return self._try(dict(self._fixed), {}, self._demanded.demands, 0)

    def _try(self, chosen: Values, before: dict[c.Test, Truth], demands: Sequence[Demand], depth: int) -> Values | None:
        """``demands``: those that what is known before leaves open."""
        self._left -= 1
        self._work.attempts -= 1
        if self._left < 0 or not self._work.do(1 + len(self._decided[depth])):
            return None
        known, left = before, demands
        if self._decided[depth]:
            known = {**before, **self._domains.truths(self._decided[depth], chosen)}
        if self._decided[depth] or depth == 0:
            left = []
            for number, demand in enumerate(demands, 1):
                met = _met(demand, known)
                if met is False:
                    self._work.do(number)
                    return None
                if met is None:
                    left.append(demand)
            self._work.do(len(demands))
        if depth == len(self._order):
            return None if left else chosen
        each = self._order[depth]
        for value in self._demanded.values[each]:
            found = self._try({**chosen, each: value}, known, left, depth + 1)
            if found is not None:
                return found
        return None


def _tests(demand: Demand) -> Iterable[c.Test]:
    if isinstance(demand, Want):
        return demand.condition.tests()
    return (test for item in demand.items for test in _tests(item))


def _met(demand: Demand, known: dict[c.Test, Truth]) -> Truth:
    """Whether a demand is met; ``None`` while that is open."""
    if isinstance(demand, Want):
        if demand.test is None and (answer := _known(demand.condition, known)) is not _OPEN:
            return answer in demand.truths
        found = _truths(demand.condition, demand, known)
        return True if found <= demand.truths else None if found & demand.truths else False
    each = (_met(item, known) for item in demand.items)
    return disjunction(each) if isinstance(demand, AnyDemand) else conjunction(each)


_OPEN: Any = object()


def _known(condition: c.Condition, known: dict[c.Test, Truth]) -> Any:
    """The truth of a condition of which all tests are known. Much quicker than `_truths`, and the common case."""
    match condition:
        case c.And(items) | c.Or(items):
            each = [_known(item, known) for item in items]
            if _OPEN in each:
                return _OPEN
            return conjunction(each) if isinstance(condition, c.And) else disjunction(each)
        case c.Not(item):
            found = _known(item, known)
            return found if found is _OPEN else negation(found)
        case _:
            return known.get(condition, _OPEN)


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
