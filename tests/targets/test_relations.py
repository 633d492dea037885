"""OpenFGA and SpiceDB decide as the reference does what relations can say."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.generated import Case, Features, cases
from tests.targets.differential import Compared, compare, of_case
from tests.targets.relational import relational
from tests.targets.relations_session import ENGINES, starting

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
FEATURES = Features(
    objects=False, spellings=False, strange_requests=False, user_policies=False, resources=2, policies=3, requests=40
)


@pytest.mark.parametrize("target", ENGINES)
def test_generated_policy_sets(target: str) -> None:
    total = Compared()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        now = case.world.now
        total.add(compare(target, starting(target, now), relational(case.policy_set), of_case(case), now))

    agree()
    assert total.refused == []
    assert total.asked > 10 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.85
