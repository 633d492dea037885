"""What a target cannot express is refused with its place, and then nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from policylang.check.catalogue import RULES
from policylang.cli.main import commands
from policylang.diagnostics import Rule
from policylang.targets import NAMES, find_target
from policylang.targets.compiling import compile_for
from policylang.targets.constructs import CONSTRUCTS
from policylang.targets.target import Bundle, Input
from tests.helpers import compiled, marked

TARGET_RULES = [rule for rule in RULES if rule.family == "targets"]


def named(example: str) -> str:
    """The target that an example names in its first line."""
    found = re.match(r"# policylang compile --target (\w+)\n", example)
    assert found
    return found[1]


@pytest.mark.parametrize("rule", TARGET_RULES, ids=lambda rule: rule.code)
def test_examples_of_rules(rule: Rule) -> None:
    refused = compile_for(find_target(named(rule.bad)), Input(compiled(rule.bad)))
    assert not isinstance(refused, Bundle)
    assert [(each.location.line, each.code) for each in refused] == marked(rule.bad) != []
    assert isinstance(compile_for(find_target(named(rule.good)), Input(compiled(rule.good))), Bundle)


@pytest.mark.parametrize("name", NAMES)
def test_capabilities_are_complete(name: str) -> None:
    target = find_target(name)
    assert target.name == name
    assert set(target.support) == set(CONSTRUCTS)
    refused = {construct for construct, support in target.support.items() if support == "refused"}
    assert set(target.ways_out) == refused
    assert all(help and help[-1] != "." for help in target.ways_out.values())


def test_the_command_writes_a_bundle_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    policy = Path("policies/a.policy")
    policy.write_text(TARGET_RULES[0].bad)
    target = named(TARGET_RULES[0].bad)
    result = CliRunner().invoke(commands, ["compile", "--target", target, "-o", "out"])
    assert result.exit_code == 2
    assert "PL801" in result.output
    assert "policies/a.policy:8:" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["policies"]
    policy.write_text(TARGET_RULES[0].good)
    assert CliRunner().invoke(commands, ["compile", "--target", target, "-o", "out"]).exit_code == 0
    assert {"README.md", "sourcemap.json"} < {path.name for path in Path("out").iterdir()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "postgres"], "a bundle is a folder"),
        (["--target", "postgres", "-o", "policies"], "is no bundle"),
        (["--target", "nothing", "-o", "out"], "'nothing' is not one of"),
        (["--now", "2026-01-31T08:00:00Z"], "together with `--target`"),
        (["--target", "postgres", "-o", "out", "--now", "soon"], "not an instant"),
    ],
)
def test_wrong_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/a.policy").write_text("resource a { actions view }\n")
    result = CliRunner().invoke(commands, ["compile", *arguments])
    assert result.exit_code == 2
    assert said in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["policies"]
    assert [path.name for path in Path("policies").iterdir()] == ["a.policy"]
