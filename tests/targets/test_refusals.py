"""What a target cannot express is refused with its place, and then nothing is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from policylang.check.catalogue import RULES
from policylang.cli.main import commands
from policylang.diagnostics import Rule
from policylang.pipelines.compile import compile_for
from policylang.runtime.index import Index
from policylang.targets import NAMES, find_target
from policylang.targets.cedar.request import asking
from policylang.targets.constructs import CONSTRUCTS
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.target import Input, RefusedError, TargetBundle
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
    assert not isinstance(refused, TargetBundle)
    assert [(each.location.line, each.code) for each in refused] == marked(rule.bad) != []
    assert isinstance(compile_for(find_target(named(rule.good)), Input(compiled(rule.good))), TargetBundle)


@pytest.mark.parametrize("name", NAMES)
def test_capabilities_are_complete(name: str) -> None:
    target = find_target(name)
    assert target.name == name
    assert {*target.support, *target.ways_out} <= CONSTRUCTS.keys()
    assert target.support.keys().isdisjoint(target.ways_out)
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
        (["--target", "postgres", "-o", "policies"], "is not a bundle"),
        (["--target", "nothing", "-o", "out"], "'nothing' is not one of"),
        (["--now", "2026-01-31T08:00:00Z"], "together with `--target`"),
        (["--target", "postgres", "-o", "out", "--now", "soon"], "not an instant"),
        (["--target", "openfga", "-o", "out", "--now", "0999-12-31T23:59:59Z"], "use a year from 1000 to 8999"),
        (["--target", "cerbos", "-o", "out", "--now", "9999-12-31T23:59:59Z"], "use a year from 1000 to 8999"),
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


TWO = """\
resource a {{
  rate : decimal
  tall : decimal
  actions view
}}
policy p on a {{
  not (rate < {number}
    {word} tall < {number})  #! PL803
}}
group g {{
  grant view on a
  policy p
}}
user "u" in g
"""
NUMBERS = {"cedar": "0.1234567890123456789", "cerbos": "0.12345678901234567"}


@pytest.mark.parametrize("word", ["and", "or"])
@pytest.mark.parametrize("name", NUMBERS)
def test_all_is_refused_at_once(name: str, word: str) -> None:
    """Nothing that was refused keeps the rest from being looked at."""
    found = compile_for(find_target(name), Input(compiled(TWO.format(number=NUMBERS[name], word=word))))
    assert not isinstance(found, TargetBundle)
    assert [(each.code, each.location.line) for each in found] == [("PL803", 7), ("PL803", 8)]


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_that_limits_nothing_is_refused_too(name: str) -> None:
    """It is attached, so the next grant would be limited by it."""
    text = """
        resource b { rate : decimal  tag : text  actions view, create }
        resource a { other : b  tags : set of text  address : ip  length : duration  net : text  actions view, create }
        policy p on a for create { other.rate < 0.12345678901234567890123 and other.tag contains other.tag }
        group g { grant view on a  policy p }
        user "u" in g
    """
    refused = compile_for(find_target(name), Input(compiled(text)))
    assert isinstance(refused, TargetBundle) == (name in ("rego", "postgres"))


def test_requests_are_made_for_what_was_compiled_only() -> None:
    rule = next(rule for rule in TARGET_RULES if named(rule.bad) == "openfga")
    with pytest.raises(RefusedError):
        RelationPlan(Index(compiled(rule.bad)), None)
    wrong = TWO.format(number=NUMBERS["cedar"], word="or")
    with pytest.raises(RefusedError):
        asking(compiled(wrong))


RECORDS_OF_USERS = """\
subject {
  home : deal
  boss : user
}
request { on_behalf : user }
resource deal {
  address : text
  owner : user
  parent : deal
  actions view
}
policy p0 on deal { owner.home.address is "x" }  # refused
policy p1 on deal { owner.boss.home.parent.address is "x" }  # refused
policy p2 on deal { assigned user.home.address is address }  # refused
policy p3 on deal { request.on_behalf.home.address is address }  # refused
policy p4 on deal { parent.owner.boss.home.address is "x" }  # refused
policy p5 on deal { parent.owner.boss is owner }
group g {
  grant view on deal
  policy p0
  policy p1
  policy p2
  policy p3
  policy p4
  policy p5
}
user "a" in g { home : "d1" }
"""


def test_postgres_follows_no_record_of_a_user() -> None:
    refused = compile_for(find_target("postgres"), Input(compiled(RECORDS_OF_USERS)))
    lines = [number for number, line in enumerate(RECORDS_OF_USERS.splitlines(), 1) if line.endswith("# refused")]
    assert not isinstance(refused, TargetBundle)
    assert [(each.location.line, each.code) for each in refused] == [(line, "PL801") for line in lines]
