"""Usage reports find exactly what is planted in generated logs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.usage_logs import NOW, policies, write_log
from policylang.runtime.index import Index
from policylang.usage.analyse import usage_report
from policylang.usage.read import read_usage
from tests.helpers import compiled


def test_what_is_planted_is_found_and_nothing_else(tmp_path: Path) -> None:
    groups, users = 40, 1200
    log = tmp_path / "log.parquet"
    planted = write_log(log, 200_000, groups, users)
    policy_set = compiled(policies(groups, users))
    report = usage_report(policy_set, read_usage([str(log)], Index(policy_set)), NOW)
    assert planted.unused
    assert planted.denied
    assert planted.dormant
    assert planted.outliers
    assert {each.kind for each in report.unused} == {"grant", "user"}
    found = {kind: {each.by or each.what for each in report.unused if each.kind == kind} for kind in ("grant", "user")}
    assert found == {
        "grant": {f"group `{each}`" for each in planted.unused},
        "user": {f"`{each}`" for each in planted.dormant},
    }
    assert {user: each.attempts // len(each.users) for each in report.denied for user in each.users} == planted.denied
    assert sorted(each.user for each in report.outliers) == sorted(planted.outliers)
