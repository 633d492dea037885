"""The rest of a request of which some values are fixed: values with which all demands are met.

Ordinary values come first. Where they do not meet the demands, the prover says whether any do, and what in its witness
need not be as it is becomes ordinary again, one value after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from policylang.analysis.formula import TRUE, AllOf, AnyOf, Formula, NotOf, given, true
from policylang.analysis.prover import Prover
from policylang.analysis.query import ANYTHING, DeclaredUser, Sat, Witness, at_one_instant
from policylang.model import conditions as c
from policylang.model.types import RecordType, SetType, Type, UserType
from policylang.runtime.residual import as_value
from policylang.runtime.values import MISSING, read
from policylang.testing.generate.domains import RequestValues
from policylang.testing.generate.variables import AT, Values, variables
from policylang.testing.generate.work import Work

_QUESTION = 5
"""What asking costs, by the tests that are asked about."""
_MOST_TRIED = 20
"""Values that are tried in the place of one of a witness."""


class Demanded:
    """Demands, and the tests in them with what they depend on."""

    def __init__(self, domains: RequestValues, demands: Sequence[Formula]) -> None:
        self.formula = AllOf(tuple(demands))
        self.tests = tuple(dict.fromkeys(self.formula.tests()))
        index, resource = domains.index, domains.resource
        self.of_test = {test: tuple(variables(index, resource, test)) for test in self.tests}
        self.variables = tuple(dict.fromkeys(each for test in self.tests for each in self.of_test[test]))
        self._paths = {test: self._on_the_way(test) for test in self.tests}

    def _on_the_way(self, test: c.Test) -> frozenset[tuple[str, tuple[str, ...]]]:
        """What a test depends on, and what that lies behind."""
        return frozenset(
            (each.root, each.steps[: n + 1]) for each in self.of_test[test] for n in range(len(each.steps))
        )

    def settled(self, test: c.Test, fixed: Values) -> bool:
        """Whether the fixed values decide a test."""
        paths = self._paths[test]
        return not any((each.root, each.steps) in paths for each in self.variables if each not in fixed)


class Filling:
    """Values for one user, action and instant."""

    def __init__(self, domains: RequestValues, work: Work) -> None:
        self._domains, self._work = domains, work
        self._prover = Prover(domains.index, domains.now)

    def fill(self, demanded: Demanded, fixed: Values) -> Values | None:
        """The fixed values with the others beside them; ``None`` where none were found that meet the demands."""
        settled = [test for test in demanded.tests if demanded.settled(test, fixed)]
        formula = given(demanded.formula, self._domains.truths(settled, fixed))
        self._work.do(len(demanded.tests))
        free = [each for each in demanded.variables if each not in fixed]
        chosen = {**fixed, **{each: next(self._domains.samples(each.type)) for each in free}}
        if self._is_met(formula, chosen):
            return chosen
        witness = self._ask(formula, demanded, fixed, free)
        if witness is None:
            return None
        chosen = {**fixed, **{each: _chosen(witness, each, free) for each in free}}
        for each in free:
            tests = tuple(test for test in demanded.tests if each in demanded.of_test[test])
            for value in islice(self._domains.ordinary(each, tests), _MOST_TRIED):
                if self._is_met(formula, {**chosen, each: value}):
                    chosen[each] = value
                    break
        return chosen if self._is_met(formula, chosen) else None

    def _is_met(self, formula: Formula, values: Values) -> bool:
        tests = dict.fromkeys(formula.tests())
        self._work.do(1 + len(tests))
        return given(formula, self._domains.truths(tests, values)) == TRUE

    def _ask(self, formula: Formula, demanded: Demanded, fixed: Values, free: list[c.Path]) -> Witness | None:
        """A situation in which the demands are met, with the first users there are, or else with others."""
        tests = set(formula.tests())
        open_ = {each for test in tests for each in demanded.of_test[test]}
        as_fixed = [_has(each, value) for each, value in fixed.items() if each in open_]
        users = [each for each in free if isinstance(each.type, UserType)]
        for pool in (self._domains.samples, self._domains.pool) if users else (self._domains.samples,):
            among = [_among(each, pool(each.type)) for each in users]
            self._work.do(_QUESTION * len(tests))
            asked = AllOf((formula, *as_fixed, *among))
            who = DeclaredUser(self._domains.user)
            found = self._prover.ask(at_one_instant(asked, self._domains.resource, self._domains.now, ANYTHING, who))
            if isinstance(found, Sat):
                return found.witness
        return None


def _among(each: c.Path, users: Iterable[str]) -> Formula:
    """It is one of these users, or missing: nobody is made up."""
    # One by one, since each has attributes of its own.
    chosen = (true(c.Compare("eq", each, c.Constant(each.type, user, AT), AT)) for user in dict.fromkeys(users))
    return AnyOf((*chosen, true(c.Missing(each, AT))))


def _has(each: c.Path, value: Any) -> Formula:
    """It has this value. What else is in a set is not said: that is looked at in the end."""
    if value is MISSING:
        return true(c.Missing(each, AT))
    if isinstance(each.type, SetType):
        item = each.type.item
        return AllOf(tuple(true(c.Contains(each, _constant(item, one), AT)) for one in value))
    if isinstance(value, dict):
        return NotOf(true(c.Missing(each, AT)))
    return true(c.Compare("eq", each, _constant(each.type, value), AT))


def _constant(type_: Type, value: Any) -> c.Constant:
    if isinstance(type_, RecordType):
        return c.Constant(type_, value, AT)
    return c.Constant(type_, as_value(type_, read(type_, value, "value")), AT)


def _chosen(witness: Witness, each: c.Path, free: list[c.Path]) -> Any:
    """The value that something has in a witness; of a related record what lies behind it is chosen by itself."""
    found: Any = witness.record if each.root == "record" else witness.request
    for step in each.steps:
        found = found.get(step, MISSING) if isinstance(found, dict) else MISSING
    if isinstance(found, dict):
        behind = {other.steps[len(each.steps)] for other in free if _is_behind(other, each)}
        return {name: value for name, value in found.items() if name not in behind}
    if isinstance(found, list):
        found = [item for item in found if item is not None]  # nobody writes an item that is missing
        return sorted(found) if all(isinstance(item, str) for item in found) else found
    return found


def _is_behind(other: c.Path, each: c.Path) -> bool:
    length = len(each.steps)
    return other.root == each.root and len(other.steps) > length and other.steps[:length] == each.steps
