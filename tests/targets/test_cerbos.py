"""Cerbos decides as the reference does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.engines.cerbos_engine import CerbosServer
from tests.generated import Case, Features, cases
from tests.targets.cerbos_session import starting
from tests.targets.differential import SETS, Compared, compare, known, of_case

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
FEATURES = Features(objects=False, spellings=False, strange_requests=False, requests=40)


@pytest.mark.parametrize("name", SETS)
def test_policy_sets_that_people_wrote(cerbos: CerbosServer, name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare("cerbos", starting(cerbos), policy_set, [scenario.asked for scenario in scenarios])
    assert found.refused == []
    assert found.unanswered == 0
    assert found.asked > 30
    assert 0.2 < found.allowed / found.asked < 0.8


def test_generated_policy_sets(cerbos: CerbosServer) -> None:
    total = Compared()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        total.add(compare("cerbos", starting(cerbos), case.policy_set, of_case(case)))

    agree()
    assert all(each.startswith("PL803") for each in total.refused)
    assert total.asked > 10 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.85
