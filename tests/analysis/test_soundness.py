"""What the analysis says can never be is not among the records that there are; what it says can be, is."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from msgspec.structs import replace

from policylang.analysis.asker import Asker
from policylang.analysis.formula import AllOf, Formula, Holds, NotOf, holds, true
from policylang.analysis.months import FIRST_YEAR, LAST_YEAR
from policylang.analysis.prover import Prover
from policylang.analysis.query import (
    ANYBODY,
    ANYTHING,
    AS_DECLARED,
    COMPLETE,
    SOMEBODY,
    DeclaredUser,
    NamedUser,
    Query,
    Sat,
    at_one_instant,
)
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.analysis.search import find
from policylang.analysis.witness import situation
from policylang.check.rules.administration.unknown_user import users_named
from policylang.model.types import PlaceType
from policylang.runtime.index import Index
from policylang.runtime.reference import written
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, BadValueError, attribute, read
from tests.generated import Case, Features, cases

# Without shrinking: it takes minutes, and the case that is printed says enough. Each example is hundreds of questions.
SETTINGS = settings(
    deadline=None,
    max_examples=settings.default.max_examples // 12,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

ANY_RECORD = Features(requests=25)
WELL_FORMED = Features(wrong_values=False, unknown_records=False, strange_requests=False, holes=False, requests=25)
TRUTHS = (True, False, None)


def at_home(index: Index, s: Situation) -> bool:
    """Whether the record lives at a place that there is, or at none: every other one is nobody's."""
    name = index.resources[s.resource].place
    try:
        return name is None or written(s, name) is not None
    except BadValueError:
        return False


def formulas(index: Index, resource: str) -> list[Formula]:
    """Conditions with each truth value, and pairs of them."""
    conditions = [i.condition for i in index.policy_set.policy_instances if i.resource == resource]
    single: list[Formula] = [Holds(condition, value) for condition in conditions for value in TRUTHS]
    pairs = list(combinations(conditions, 2))[:6]
    both: list[Formula] = [AllOf((true(first), true(second))) for first, second in pairs]
    return [*single, *both, *(AllOf((true(first), NotOf(true(second)))) for first, second in pairs)]


def askers(formula: Formula, user: str) -> Iterator[tuple[str | None, bool]]:
    """Who stands for a user: that one, as declared and with any attributes, and somebody made up, if no condition names
    the user.
    """
    yield from ((user, False), (user, True))
    if all(user != named for condition in formula.conditions() for named, _, _ in users_named(condition)):
        yield None, False


@SETTINGS
@given(cases(ANY_RECORD))
def test_never_is_never(case: Case) -> None:
    """Of any record and request there can be, whatever is missing, unknown or of another type."""
    index = Index(case.policy_set)
    prover = Prover(index, case.world.now)
    answers: dict[tuple[Formula, str, str | None, bool], Any] = {}
    for request in case.requests:
        if request.row is None or not (isinstance(request.user, str) and isinstance(request.resource, str)):
            continue
        if request.resource not in index.resources or request.user not in index.users:
            continue
        if request.now.utcoffset() is None:
            continue  # refused before anything is asked
        if request.now.year in (datetime.MINYEAR, datetime.MAXYEAR):
            continue  # in UTC it may lie outside of the calendar
        arguments = request.arguments(case.rows)
        there = Situation(
            index, request.user, request.resource, arguments["record"], arguments["request"] or {}, request.now
        )
        if not at_home(index, there):
            continue
        for formula in formulas(index, request.resource):
            if not holds(formula, there):
                continue
            for user, anyhow in askers(formula, request.user):
                key = (formula, request.resource, user, anyhow)
                if key not in answers:
                    who = SOMEBODY if user is None else NamedUser(user) if anyhow else DeclaredUser(user)
                    query = Query(formula, request.resource, case.world.now, ANYTHING, who)
                    answers[key] = find(Asker(index, query))
                    assert UNSAT not in (prover.ask(query), prover.settle(query)), query
                    anybody = replace(query, who=ANYBODY)
                    assert UNSAT not in (prover.ask(anybody), prover.settle(anybody)), query
                    if FIRST_YEAR < request.now.year < LAST_YEAR:
                        at = request.now.astimezone(datetime.UTC)
                        then = replace(query, now=at, since=at, until=at + datetime.timedelta(seconds=1))
                        assert UNSAT not in (prover.ask(then), prover.settle(then)), then
                        once = at_one_instant(formula, request.resource, at, ANYTHING, who)
                        assert prover.ask(once) is not UNSAT, once
                assert answers[key] is not UNSAT, (formula, user, anyhow, request)


def is_complete(index: Index, resource: str, record: dict[str, Any]) -> bool:
    """Whether there is a value of its type for everything that is not optional."""
    for name, declared in index.attributes[resource].items():
        if isinstance(declared.type, PlaceType) and not index.places_of(declared.type.scope):
            continue  # there is none that could be written
        if read(declared.type, attribute(record, name), name) is MISSING and not declared.optional:
            return False
    return True


@settings(SETTINGS, max_examples=settings.default.max_examples // 36)
@given(cases(WELL_FORMED))
def test_witnesses_are_well_formed_and_hold(case: Case) -> None:
    index = Index(case.policy_set)
    for resource, assumed in product(index.resources, (AS_DECLARED, COMPLETE, ANYTHING)):
        for formula in formulas(index, resource):
            asker = Asker(index, Query(formula, resource, case.world.now, assumed))
            found = find(asker)
            if isinstance(found, Sat):
                assert holds(formula, situation(asker, found.witness))
                if assumed >= COMPLETE:
                    assert is_complete(index, resource, found.witness.record)


@pytest.mark.hypothesis
def test_most_questions_are_settled() -> None:
    """Not proved is an honest answer and must stay a rare one, also for conditions that nobody would write by hand."""
    settled = {True: 0, False: 0}

    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(cases(WELL_FORMED))
    def ask(case: Case) -> None:
        index = Index(case.policy_set)
        for resource in index.resources:
            for formula in formulas(index, resource):
                for assumed in (AS_DECLARED, ANYTHING):
                    asker = Asker(index, Query(formula, resource, case.world.now, assumed))
                    settled[find(asker) is not UNKNOWN] += 1

    ask()
    assert settled[True] > 0.85 * sum(settled.values()), settled
