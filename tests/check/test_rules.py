"""Every rule finds what its cases say, and nothing else."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from policylang.check.catalogue import CHECKS, RULES
from policylang.check.engine import run_checks
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir.nodes import PolicySet
from policylang.source import Location
from tests.helpers import ACCEPTANCE, compiled, marked

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
CASES = Path(__file__).parent / "cases"
FILES = [*sorted((ACCEPTANCE / "faults").glob("*.policy")), *sorted(CASES.glob("*.policy"))]
CHECKED = [rule for rule in RULES if rule.code in CHECKS]
EVIDENT = {rule.code for rule in RULES if rule.proof} | {"PL409", "PL410"}
"""What these rules find has a witness, or says what was proved."""


def selected(text: str) -> list[str]:
    """The rules that a file names in its first line."""
    first = text.splitlines()[0]
    assert first.startswith("#! select ")
    return first.removeprefix("#! select ").replace(" ", "").split(",")


def found(text: str, codes: list[str]) -> list[tuple[int, str]]:
    """The findings, line and code. One about several users stands on the line of the first; the lines of the others
    where the same is marked count as well, if they are among its users.
    """
    policy_set = compiled(text)
    findings = run_checks(policy_set, NOW, codes)
    assert not [finding for finding in findings if finding.unproved and finding.code != "PL602"]
    assert not [
        (finding.at, finding.code)
        for finding in findings
        if finding.code in EVIDENT and not (finding.shown or finding.proved or finding.unproved)
    ]
    assert not [each for finding in findings for each in (finding.message, finding.help or "") if "\n" in each]
    lines = [(Location.parse(finding.at).line, finding.code) for finding in findings]
    told = [(user, finding.code, finding.at) for finding in findings for user in finding.users]
    others: list[tuple[int, str]] = []
    for line, code in dict.fromkeys(marked(text)):
        here = _user_at(policy_set, text, line)
        of_others = [at for user, of, at in told if (user, of) == (here, code) and Location.parse(at).line != line]
        others += [(line, code)] * min(len(of_others), marked(text).count((line, code)) - lines.count((line, code)))
    return sorted([*lines, *others])


def _user_at(policy_set: PolicySet, text: str, line: int) -> str | None:
    """The user whose declaration a line is in."""
    starts = {Location.parse(user.at).line: user.id for user in policy_set.users}
    above = max((start for start in starts if start <= line), default=None)
    between = text.splitlines()[above - 1 : line - 1] if above is not None else []
    closed = any(each.startswith("}") or (each.startswith("user") and "}" in each) for each in between)
    return None if above is None or closed else starts[above]


def unmarked(text: str, codes: list[str]) -> list[tuple[str, str]]:
    """Users whom findings concern, though nobody whose access is like theirs is marked."""
    policy_set = compiled(text)
    marks = {(_user_at(policy_set, text, line), code) for line, code in marked(text)}
    classes = {user: each.users for each in World(policy_set, NOW).user_classes for user in each.users}
    return [
        (user, finding.code)
        for finding in run_checks(policy_set, NOW, codes)
        for user in finding.users
        if finding.at in {each.at for each in policy_set.users}
        and not any((alike, finding.code) in marks for alike in classes[user])
    ]


def not_on_the_first(text: str, codes: list[str]) -> list[str]:
    """Findings that stand on a user's declaration, though it is not the first one of those whom they concern."""
    policy_set = compiled(text)
    places = {user.id: user.at for user in policy_set.users}
    wrong = []
    for finding in run_checks(policy_set, NOW, codes):
        of_users = sorted((places[user] for user in finding.users if user in places), key=Location.parse)
        if finding.at in of_users[1:]:
            wrong.append(f"{finding.at} {finding.code}")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_findings_as_marked(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    codes = selected(text)
    assert set(codes) <= set(CHECKS)
    assert found(text, codes) == sorted(marked(text))
    assert unmarked(text, codes) == []
    assert not_on_the_first(text, codes) == []


@pytest.mark.parametrize("rule", CHECKED, ids=lambda rule: rule.code)
def test_examples_of_the_rule(rule: Rule) -> None:
    expected = marked(rule.bad)
    assert {code for _, code in expected} == {rule.code}
    assert found(rule.bad, [rule.code]) == sorted(expected)
    assert found(rule.good, [rule.code]) == []
    assert rule.near
    assert found(rule.near, [rule.code]) == []


def test_a_message_names_three_resources() -> None:
    names = ["a", "b", "c", "d", "e"]
    text = "\n".join(
        [
            *(f"resource {name} {{ owner : user  actions view }}" for name in names),
            "policy mine on any resource with owner { owner is assigned user }",
            f"role limited {{ {' '.join(f'grant view on {name}  policy mine on {name}' for name in names)} }}",
            f"role open_role {{ {' '.join(f'grant view on {name}' for name in names)} }}",
            'user "u" { assign role limited  assign role open_role }',
        ]
    )
    (finding,) = run_checks(compiled(text), NOW, ["PL301"])
    assert finding.message.endswith("for `u`: view on `a`; view on `b`; view on `c`; and on 2 more")


@pytest.mark.parametrize(
    ("override", "line", "name"),
    [("override policy of_b on doc", 8, "of_b"), ("override policy of_b on other", 6, "of_a"), ("", 6, "of_a")],
)
def test_a_lost_limit_is_the_one_that_stands(override: str, line: int, name: str) -> None:
    text = f"""\
resource doc {{ owner : user  level : int  actions view }}
resource other {{ owner : user  level : int  actions view }}
policy of_a on any resource with level {{ level < 5 }}
policy of_b on any resource with level {{ level < 3 }}
group staff {{ grant view on doc  grant view on other
  policy of_a on doc  policy of_a on other }}
role reader {{ grant view on doc }}
user "u" in staff {{ {override}
  assign role reader }}
"""
    (finding,) = run_checks(compiled(text), NOW, ["PL301"])
    limited = [each for each in finding.related if "is limited by" in each.message]
    assert [(each.location.line, each.message) for each in limited] == [
        (line, f"group `staff` is limited by `{name} on doc`")
    ]


def test_the_severity_of_a_separation_is_the_urgency_of_its_findings() -> None:
    for severity, urgency in (("", 0), (" severity low", -1), (" severity medium", 0), (" severity high", 1)):
        text = (
            "resource a { actions create, approve, pay }\nrole r { grant all on a }\n"
            f"separate at most 1 of {{ create on a  approve on a }}{severity}\n"
            "separate at most 2 of { create on a  approve on a  pay on a } severity low\n"
        )
        (finding,) = run_checks(compiled(text), NOW, ["PL211"])
        assert finding.urgency == urgency
