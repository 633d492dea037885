"""The decisions of the acceptance files come out as written."""

from __future__ import annotations

import pytest

from policylang.discovery import discover
from policylang.project import Project
from policylang.testing.run import read_scenarios, run_scenarios
from tests.helpers import ACCEPTANCE


@pytest.mark.parametrize("path", sorted(ACCEPTANCE.rglob("*.test.yaml")), ids=lambda path: path.parent.name)
def test_acceptance_scenarios(path) -> None:
    scenarios, document = read_scenarios(path.read_text(encoding="utf-8"))
    (sources,) = discover([str(path.parent / scenarios.policies)])
    policy_set = Project(sources).ir
    assert policy_set is not None
    cases = list(run_scenarios(scenarios, document, policy_set))
    assert [case for case in cases if not case.passed] == []
    assert len(cases) > 40
