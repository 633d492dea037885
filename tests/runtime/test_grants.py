"""What is resolved once for plans, explanations, rules and targets is what the parts of the reference say."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from hypothesis import given, settings

from policylang.ir import nodes as ir
from policylang.model.conditions import Condition
from policylang.runtime import parts
from policylang.runtime.grants import granted, holdings, limiting
from policylang.runtime.index import Index
from policylang.runtime.sources import RightsSource, sources
from policylang.runtime.truth import Situation
from tests.generated import Case, Features, cases

EXAMPLES = settings.default.max_examples // 6  # type: ignore[union-attr]


def conditions(index: Index, limits: Iterable[ir.Limit]) -> list[Condition]:
    return [index.instances[limit.instance].condition for limit in limits]


def limits_of(policies: tuple[ir.UserPolicy, ...]) -> tuple[ir.Limit, ...]:
    return tuple(each.limit for each in policies)


@given(cases(Features(requests=0)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_grants_and_their_limits_are_those_of_the_reference(case: Case) -> None:
    index = Index(case.policy_set)
    now = datetime.datetime(2026, 6, 15, 12, tzinfo=datetime.UTC)
    for holder in index.requesters:
        user = index.users.get(holder)
        overrides = limits_of(user.overrides) if user is not None else ()
        appends = limits_of(user.appends) if user is not None else ()
        for resource, actions in index.actions.items():
            s = Situation(index, holder, resource, {}, {}, now)
            for action, declared in actions.items():
                found = [
                    (each.source, each.chain, each.grant, conditions(index, each.limits))
                    for holding in holdings(index, holder, now)
                    if holding.active
                    for each in granted(index, holding.source, overrides, (resource, action))
                ]
                skips = declared.bypasses_policies
                assert found == [
                    (source, chain, grant, [] if skips else list(parts.limits(s, source, chain, action)))
                    for source, chain, grant in parts.granted_by(s, action, sources(index, holder, now))
                ]
                mine = conditions(index, limiting(index, appends, resource, action))
                assert mine == ([] if skips else list(parts.appends(s, action)))


@given(cases(Features(requests=0)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_all_that_is_granted_is_what_is_granted_action_by_action(case: Case) -> None:
    index = Index(case.policy_set)
    overrides = [limits_of(user.overrides) for user in index.users.values()]
    for group in index.groups:
        source = RightsSource("group", group)
        for mine in ((), *overrides):
            every = list(granted(index, source, mine))
            for resource, actions in index.actions.items():
                for action in actions:
                    some = [each for each in every if (each.grant.resource, each.action) == (resource, action)]
                    assert some == list(granted(index, source, mine, (resource, action)))


@given(cases(Features(requests=0)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_what_is_held_is_active_when_the_reference_says_so(case: Case) -> None:
    """At every instant around a date of an assignment, and at any time."""
    index = Index(case.policy_set)
    noon = datetime.time(12, tzinfo=datetime.UTC)
    days = {
        datetime.date.fromisoformat(day) + datetime.timedelta(days=more)
        for user in index.users.values()
        for each in user.assignments
        for day in (each.start, each.until)
        if day is not None and "0002" < day < "9999"
        for more in (-1, 0, 1)
    }
    instants = [datetime.datetime.combine(day, noon) for day in sorted(days)]
    for holder in index.requesters:
        for now in (*instants, None):
            found = list(holdings(index, holder, now))
            assert [each.source for each in found if each.active] == list(sources(index, holder, now))
            assert all((each.due is not None) <= (now is not None and each.assignment is not None) for each in found)
