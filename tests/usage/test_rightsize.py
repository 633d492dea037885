"""What is proposed to be taken out, and what is kept."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec
import pytest

from benchmarks import usage_logs
from policylang.runtime.index import Index
from policylang.settings.usage import UsageSettings
from policylang.usage.proposals import KeepRuleError, read_keep
from policylang.usage.read import read_usage
from policylang.usage.rightsize import rightsize
from tests.helpers import project
from tests.usage.helpers import ALL_USED, NOW, POLICIES, made, taken, text, usage_of

CAUSES = ("unused", "narrowed")
PLANTED = """\
resource doc { optional note : text  actions view, modify, delete }
resource file { actions view, print }
role clerk {
  grant view, modify, delete on doc  # the daily work
  grant all on file
  # nobody needs this
  grant view on doc (note)
}
role old { grant all on file }
role inner { grant delete on doc }
role outer { role inner }
group desk { grant view on file }
user "ann" in desk { assign role clerk }
user "ben" "Ben" in desk { assign role clerk  assign role outer until 2030-01-01 }
user "cy" {
  grant print on file
  grant view on file
  assign role old
}
"""
DONE = ("ann view doc", "ann modify doc", "ann print file", "ann view file", "ben delete doc", "cy view file")


def test_what_was_planted_is_found_and_nothing_else() -> None:
    found = made(project(PLANTED), usage_of(*DONE))
    assert taken(found) == [
        "group `desk` of `ben`",
        "print on `file` of role `old`",
        "print on `file` of user `cy`",
    ]
    assert found.rejected == ()
    assert found.left == ()
    assert text(found) == PLANTED.replace('"Ben" in desk', '"Ben"').replace("  grant print on file\n", "").replace(
        "role old { grant all on file }", "role old { grant view on file }"
    )


def test_what_a_generator_plants_is_found_exactly(tmp_path: Path) -> None:
    policies = project(usage_logs.policies(30, 300))
    assert policies.ir is not None
    planted = usage_logs.write_log(tmp_path / "log.csv", 5_000, 30, 300)
    reading = read_usage([str(tmp_path / "log.csv")], Index(policies.ir))
    found = rightsize(policies, reading, NOW)
    assert (found.rejected, found.left, found.elsewhere) == ((), (), ())
    assert {each.proposal.name for each in found.certified} == {*planted.unused, *planted.dormant}


def test_what_a_generator_plants_in_decisions_is_found_exactly(tmp_path: Path) -> None:
    policies = project(usage_logs.policies(30, 150))
    assert policies.ir is not None
    planted = usage_logs.write_decisions(tmp_path / "log.jsonl", 4_000, 30, 150)
    found = rightsize(policies, read_usage([str(tmp_path / "log.jsonl")], Index(policies.ir)), NOW)
    assert (found.rejected, found.left, found.elsewhere) == ((), (), ())
    by_cause = {cause: [e.proposal.name for e in found.certified if e.proposal.cause == cause] for cause in CAUSES}
    assert sorted(by_cause["unused"]) == sorted([*planted.unused, *planted.dormant])
    assert sorted(by_cause["narrowed"]) == sorted(planted.limited)


def test_what_is_taken_out_is_said_of_those_who_lose_it() -> None:
    found = made(project(POLICIES), usage_of(*(row for row in ALL_USED if row != "ann modify doc")))
    (only,) = found.certified
    assert only.proposal.title == "take out of role `clerk` what nobody uses"
    assert only.proposal.users == ("ann", "cy")
    assert only.lost == ("role `clerk` (`ann`, `cy`) loses modify on `doc`",)


def test_the_least_risk_comes_first() -> None:
    found = made(project(POLICIES), usage_of("ann view doc", "cy view doc", "cy delete doc"))
    sizes = [(len(each.proposal.users), len(each.proposal.parts)) for each in found.certified]
    assert sizes == sorted(sizes)
    assert len(sizes) > 1


def test_each_change_stands_on_those_before_it() -> None:
    found = made(project(POLICIES), usage_of("ann view doc", "cy delete doc"))
    texts = [found.project, *(each.after for each in found.certified)]
    for before, each in zip(texts, found.certified, strict=False):
        assert [(s.name, s.text) for s in each.before.sources.sources] == [
            (s.name, s.text) for s in before.sources.sources
        ]


@pytest.mark.parametrize(
    "config",
    [
        UsageSettings(break_glass=("clerk",)),
        UsageSettings(periods={"clerk": 900}),
        UsageSettings(days=500),
    ],
)
def test_exceptions_are_those_of_usage(config: UsageSettings) -> None:
    usage = usage_of(*(row for row in ALL_USED if row != "ann modify doc"), config=config)
    assert taken(made(project(POLICIES), usage)) == []


def test_what_was_used_too_long_ago_stays_and_is_named() -> None:
    old = usage_of("ann modify doc", at=NOW - datetime.timedelta(days=300)).uses
    recent = usage_of(*(row for row in ALL_USED if row != "ann modify doc"))
    uses = sorted((*recent.uses, *old), key=lambda use: use.order)
    found = made(project(POLICIES), msgspec.structs.replace(recent, uses=tuple(uses)))
    assert taken(found) == []
    assert [(each.what, each.why) for each in found.left] == [
        ("modify on `doc` of role `clerk`", "last used on 2026-01-25, which is in the log")
    ]


@pytest.mark.parametrize("rule", ["role clerk", "resource doc", "modify on doc"])
def test_what_is_kept(rule: str) -> None:
    policies = project(POLICIES)
    assert policies.ir is not None
    usage = usage_of(*(row for row in ALL_USED if row != "ann modify doc"))
    found = made(policies, usage, read_keep([rule], Index(policies.ir)))
    assert taken(found) == []
    assert [each.why for each in found.left] == ["kept"]


@pytest.mark.parametrize("rule", ["user cy", "role cleaner", " user  cy"])
def test_assignments_that_are_kept(rule: str) -> None:
    policies = project(POLICIES)
    assert policies.ir is not None
    usage = usage_of(*(row for row in ALL_USED if row != "cy delete doc"))
    assert taken(made(policies, usage)) == ["role `cleaner` of `cy`"]
    assert taken(made(policies, usage, read_keep([rule], Index(policies.ir)))) == []


@pytest.mark.parametrize("rule", ["", "role", "role nobody", "clerk", "fly on doc", "view on moon", " on ", "task x"])
def test_what_names_nothing_is_no_rule(rule: str) -> None:
    policies = project(POLICIES)
    assert policies.ir is not None
    with pytest.raises(KeepRuleError):
        read_keep([rule], Index(policies.ir))


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("grant modify on doc  # policylang: ignore PL407", "a comment stands in it or suppresses a finding there"),
        ("# policylang: ignore PL407\n grant view, modify on doc", "a comment stands in it or suppresses"),
        ("grant view, # see below\n modify on doc", "a comment stands in it"),
        ("grant view, modify on all resources", "several resources at once"),
    ],
)
def test_what_cannot_be_taken_out_is_named(statement: str, why: str) -> None:
    policies = POLICIES.replace("  grant view, modify on doc\n", f"  {statement}\n  grant view on doc\n")
    found = made(project(policies), usage_of(*(row for row in ALL_USED if row != "ann modify doc")))
    assert taken(found) == []
    assert any(why in each.why for each in found.left), found.left
    assert text(found) == policies
