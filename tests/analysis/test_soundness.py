"""What the analysis says can never be is not among the records that there are; what it says can be, is."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings

from policylang.analysis.asker import Asker
from policylang.analysis.formula import AllOf, Formula, Holds, Not, holds, true
from policylang.analysis.search import UNPROVED, find
from policylang.analysis.witness import Witness, situation
from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation
from tests.generated import Case, Features, cases

# Without shrinking: it takes minutes, and the case that is printed says enough.
SETTINGS = settings(
    deadline=None,
    max_examples=settings.default.max_examples // 3,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

WELL_FORMED = Features(wrong_values=False, unknown_records=False, strange_requests=False, holes=False, requests=25)
ANY = Features(requests=25)
"""Whatever a caller may send: records and requests that lack something, and values that are not of their type."""
TRUTHS = (True, False, None)


def all_optional(policy_set: ir.PolicySet) -> ir.PolicySet:
    """The same policy set, in which every record is well-formed, whatever it lacks."""

    def loosened(attributes: tuple[ir.Attribute, ...]) -> tuple[ir.Attribute, ...]:
        return tuple(msgspec.structs.replace(a, optional=True) for a in attributes)

    return msgspec.structs.replace(
        policy_set,
        subject=loosened(policy_set.subject),
        request=loosened(policy_set.request),
        resources=tuple(msgspec.structs.replace(r, attributes=loosened(r.attributes)) for r in policy_set.resources),
    )


def formulas(index: Index, resource: str) -> list[Formula]:
    """Conditions with each truth value, and pairs of them."""
    conditions = [i.condition for i in index.policy_set.policy_instances if i.resource == resource]
    single: list[Formula] = [Holds(condition, value) for condition in conditions for value in TRUTHS]
    pairs = list(combinations(conditions, 2))[:6]
    both: list[Formula] = [AllOf((true(first), true(second))) for first, second in pairs]
    return [*single, *both, *(AllOf((true(first), Not(true(second)))) for first, second in pairs)]


@SETTINGS
@given(cases(WELL_FORMED))
def test_never_is_never(case: Case) -> None:
    index = Index(all_optional(case.policy_set))
    answers: dict[tuple[Formula, str, str | None], Any] = {}
    for request in case.requests:
        if request.row is None or request.user not in index.users:
            continue
        arguments = request.arguments(case.rows)
        there = Situation(
            index, request.user, request.resource, arguments["record"], arguments["request"] or {}, request.now
        )
        for formula in formulas(index, request.resource):
            if not holds(formula, there):
                continue
            for user in (None, request.user):
                key = (formula, request.resource, user)
                if key not in answers:
                    answers[key] = find(formula, Asker(index, request.resource, case.world.now, user))
                assert answers[key] is not None, (formula, user, request)


@SETTINGS
@given(cases(ANY))
def test_never_is_never_of_any_request(case: Case) -> None:
    index = Index(case.policy_set)
    answers: dict[tuple[Formula, str, str | None], Any] = {}
    for request in case.requests:
        names = (request.resource, request.user)
        if request.row is None or not all(isinstance(name, str) for name in names):
            continue
        if request.resource not in index.resources or request.user not in index.users:
            continue
        arguments = request.arguments(case.rows)
        there = Situation(
            index, request.user, request.resource, arguments["record"], arguments["request"] or {}, request.now
        )
        for formula in formulas(index, request.resource):
            if not holds(formula, there):
                continue
            for user in (None, request.user):
                key = (formula, request.resource, user)
                if key not in answers:
                    asker = Asker(index, request.resource, case.world.now, user, incomplete=True)
                    answers[key] = find(formula, asker)
                assert answers[key] is not None, (formula, user, request)


@SETTINGS
@given(cases(WELL_FORMED))
def test_witnesses_are_well_formed_and_hold(case: Case) -> None:
    index = Index(case.policy_set)
    for resource in index.resources:
        for formula, incomplete in product(formulas(index, resource), (False, True)):
            asker = Asker(index, resource, case.world.now, incomplete=incomplete)
            found = find(formula, asker)
            if isinstance(found, Witness):
                assert holds(formula, situation(asker, found))


def test_most_questions_are_settled() -> None:
    """Not proved is an honest answer and must stay a rare one, also for conditions that nobody would write by hand."""
    settled = {True: 0, False: 0}

    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(cases(WELL_FORMED))
    def ask(case: Case) -> None:
        index = Index(case.policy_set)
        for resource in index.resources:
            for formula, incomplete in product(formulas(index, resource), (False, True)):
                asker = Asker(index, resource, case.world.now, incomplete=incomplete)
                settled[find(formula, asker) is not UNPROVED] += 1

    ask()
    assert settled[True] > 0.85 * sum(settled.values()), settled
