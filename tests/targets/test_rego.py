"""Rego decides as the reference does, on regorus and, what people wrote, on rego-cpp as well."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.engines.rego_engine import RegoCppEngine, RegorusEngine
from tests.generated import Case, Features, cases
from tests.targets.differential import SETS, Compared, compare, known, of_case
from tests.targets.rego_session import Engine, starting

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
FEATURES = Features(strange_requests=False)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("engine", [RegorusEngine, RegoCppEngine])
def test_policy_sets_that_people_wrote(engine: Engine, name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare("rego", starting(engine), policy_set, [scenario.asked for scenario in scenarios])
    assert found.refused == []
    assert found.unanswered == 0
    assert found.asked == len(scenarios)
    assert 0.2 < found.allowed / found.asked < 0.8


def test_generated_policy_sets() -> None:
    total = Compared()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        total.add(compare("rego", starting(RegorusEngine), case.policy_set, of_case(case)))

    agree()
    assert total.refused == []
    assert total.asked > 20 * EXAMPLES
    assert total.unanswered < total.asked / 100
    assert 0.15 < total.allowed / total.asked < 0.7
