"""The decisions of the acceptance files come out as written."""

from __future__ import annotations

import pytest

from policylang.pipelines.test import run_suite
from tests.helpers import ACCEPTANCE, POLICIES


@pytest.mark.parametrize(
    ("folder", "count"),
    [
        (ACCEPTANCE / "securitytrax", 60),
        (ACCEPTANCE / "tracktik", 80),
        (ACCEPTANCE / "beyond", 66),
        (POLICIES / "quickstart", 30),
        (POLICIES / "securitytrax", 600),
        (POLICIES / "tracktik", 400),
    ],
    ids=lambda value: "-".join(value.parts[-2:]) if hasattr(value, "parts") else None,
)
def test_scenarios_hold(folder, count: int) -> None:
    results = list(run_suite([str(folder)]))
    assert [result.problem for result in results if result.problem] == []
    cases = [case for result in results for case in result.cases]
    assert [case for case in cases if case.failure] == []
    assert len(cases) >= count
