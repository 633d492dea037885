"""Bundles of policy sets without scenario tests: tests and READMEs ask what this policy set is about."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from policylang.cli.main import commands
from policylang.runtime.index import Index
from policylang.runtime.reference import answer
from policylang.targets.examples import NOW, example_request, example_scenarios
from tests.helpers import compiled

SET = """\
resource paper "Paper" { writer : user  actions view, create }
policy own "Own" on paper { writer is assigned user }
role author "Author" { grant view, create on paper  policy own }
user "ann@press.test" { assign role author }
"""
TESTS = {
    "cedar": "tests.json",
    "rego": "policylang/scenarios/data.json",
    "cerbos": "policies/tests/scenarios_test.yaml",
    "openfga": "store.fga.yaml",
}


@pytest.mark.parametrize("target", ["cedar", "rego", "cerbos", "postgres", "openfga", "spicedb"])
def test_tests_are_never_empty_and_examples_are_of_this_set(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/a.policy").write_text(SET)
    assert CliRunner().invoke(commands, ["compile", "--target", target, "-o", "out"]).exit_code == 0
    if target in TESTS:
        text = Path("out", TESTS[target]).read_text()
        assert "paper" in text
        assert "ann" in text
    readme = Path("out/README.md").read_text()
    assert "ann@example.test" not in readme
    if target == "rego":
        example = json.loads(re.findall(r"```json\n(.*?)```", readme, re.DOTALL)[0])
        assert (example["user"], example["resource"]) == ("ann@press.test", "paper")
    if target == "postgres":
        assert "policylang.become('ann@press.test', '{}')" in readme


def test_examples_have_the_answers_of_the_reference() -> None:
    policy_set = compiled(SET)
    index = Index(policy_set)
    scenarios = example_scenarios(policy_set, None)
    assert [(each.asked.user, each.asked.action) for each in scenarios] == [
        ("nobody", "view"),
        ("ann@press.test", "view"),
        ("ann@press.test", "create"),
    ]
    assert all(answer(index, each.asked).allowed == each.allowed for each in scenarios)
    assert example_request(index).now == NOW


def test_a_set_in_which_nobody_has_anything_has_examples_too() -> None:
    scenarios = example_scenarios(compiled("resource paper { actions view }"), None)
    assert [(each.asked.user, each.allowed) for each in scenarios] == [("nobody", False), ("nobody", False)]
