"""Comments that suppress findings."""

from __future__ import annotations

import datetime

import pytest

from policylang.check.catalogue import BY_CODE, CHECKS, OF_SUPPRESSIONS
from policylang.check.engine import Examination, examine
from policylang.check.suppress.suppressions import read_suppressions
from policylang.diagnostics import Rule
from policylang.source import Location
from tests.helpers import marked, project

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
ABOUT = ("PL704", "PL705", "PL706")


def examined(text: str, *codes: str, now: datetime.datetime = NOW) -> Examination:
    made = project(text)
    assert made.ir is not None, made.diagnostics
    suppressions, mistakes = read_suppressions(made.files)
    assert mistakes == []
    return examine(made.ir, now, codes, files=made.files, suppressions=suppressions)


def found(text: str, *codes: str, now: datetime.datetime = NOW) -> list[tuple[int, str]]:
    return [(Location.parse(each.finding.at).line, each.finding.code) for each in examined(text, *codes, now=now).found]


# --- what a comment speaks of ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "role a # policylang: ignore PL701",
        "#policylang:ignore PL701\nrole a",
        "## policylang: ignore PL702, PL701\nrole a",
        "# policylang: ignore PL701\n\n# of something else\n\nrole a",
        "role a { # policylang: ignore PL701\n}",
        "# policylang: ignore PL701 # and why not\nrole a",
        "    # policylang: ignore PL701\n  protected role a {\n}",
        'role a # policylang: ignore PL701 until 2026-11-21 because "not # yet"',
        'feature f on\nrole a role b "B" # policylang: ignore PL701',
    ],
)
def test_suppressed(text: str) -> None:
    result = examined(text, "PL701")
    assert (result.found, result.suppressed) == ((), 1)


@pytest.mark.parametrize(
    "text",
    [
        "role a",
        "role a # policylang: ignore PL702",
        "role a\n# policylang: ignore PL701",
        "role a\n# policylang: ignore PL701\nfeature f on",
        "role a {\n} # policylang: ignore PL701",
        "role a {\n  # policylang: ignore PL701\n}",
        "# policylang: ignore PL701\nfeature f on\nrole a",
        "# policylang: ignore PL701\nfeature f on role a",
        "# policylang: about PL701 nothing is said\nrole a".replace("policylang:", "policylang"),
        'role a # policylang: ignore PL701 because "x" until 2026-11-20',
    ],
)
def test_not_suppressed(text: str) -> None:
    result = examined(text, "PL701")
    assert ([each.finding.code for each in result.found], result.suppressed) == (["PL701"], 0)


BLOCK = """\
resource doc "Doc" {{ actions view, modify }}
role r "R" {{{outer}
  {before}
  grant all on doc{inner}
  grant modify on doc because "one"
    {behind}
}}
"""


@pytest.mark.parametrize(
    ("where", "suppressed"),
    [("outer", True), ("before", True), ("inner", True), ("behind", False)],
)
def test_items_and_all_that_is_inside_a_declaration(where: str, suppressed: bool) -> None:
    comments = dict.fromkeys(("outer", "before", "inner", "behind"), "") | {where: " # policylang: ignore PL401"}
    assert found(BLOCK.format(**comments), "PL401") == ([] if suppressed else [(4, "PL401")])


def test_each_file_speaks_for_itself() -> None:
    made = project(a="role a", b="role b # policylang: ignore PL701")
    assert made.ir is not None
    suppressions, _ = read_suppressions(made.files)
    result = examine(made.ir, NOW, ["PL701"], files=made.files, suppressions=suppressions)
    assert [each.finding.at.split(":")[0] for each in result.found] == ["a.policy"]


def test_days_are_those_of_the_timezone() -> None:
    text = 'timezone "Asia/Tokyo"\nrole a # policylang: ignore PL701 because "x" until 2026-11-21'
    assert found(text, "PL701", "PL706", now=NOW) == []
    later = datetime.datetime(2026, 11, 21, 15, tzinfo=datetime.UTC)
    assert found(text, "PL701", "PL706", now=later) == [(2, "PL701"), (2, "PL706")]


# --- PL704, PL705, PL706 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ABOUT)
def test_examples(code: str) -> None:
    rule: Rule = BY_CODE[code]
    assert {code} == {each for _, each in marked(rule.bad)}
    assert found(rule.bad, code, "PL701") == sorted(marked(rule.bad) + [(1, "PL701")] * (code == "PL706"))
    assert found(rule.good, code, "PL701") == []
    assert found(rule.near, code, "PL701") == []


def test_the_rules_about_comments_are_no_others() -> None:
    assert set(ABOUT) == OF_SUPPRESSIONS
    assert not OF_SUPPRESSIONS & CHECKS.keys()


def test_only_what_ran_is_stale() -> None:
    text = 'role a "A" # policylang: ignore PL701, PL402 because "x"'
    assert found(text, "PL704") == []
    assert found(text, "PL704", "PL701") == [(1, "PL704")]
    (both,) = examined(text, "PL704", "PL701", "PL402").found
    assert both.finding.help == "delete the comment"
    (one,) = examined(text.replace(' "A"', ""), "PL704", "PL701", "PL402").found
    assert one.finding.help == "remove `PL402` from the comment"


def test_a_comment_that_speaks_of_nothing_is_stale() -> None:
    assert found('role a "A"\n# policylang: ignore PL701 because "x"', "PL704") == [(2, "PL704")]
    assert found('role a "A" {\n} # policylang: ignore PL701 because "x"', "PL704") == [(2, "PL704")]


def test_two_comments_about_one_finding_are_both_of_use() -> None:
    text = '# policylang: ignore PL701 because "x"\nrole a # policylang: ignore PL701 because "y"'
    assert found(text, "PL701", "PL704") == []


def test_one_that_is_over_is_not_stale_as_well() -> None:
    assert found('role a "A" # policylang: ignore PL701 because "x" until 2026-01-31', *ABOUT, "PL701") == [
        (1, "PL706")
    ]


def test_blanks_are_no_reason() -> None:
    assert found('role a # policylang: ignore PL701 because " "', "PL701", "PL705") == [(1, "PL705")]


# --- what cannot be read --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "words", "said"),
    [
        ("# policylang: ingore PL701", "ingore", "did you mean `ignore`?"),
        ("# policylang: Ignore PL701", "Ignore", "did you mean `ignore`?"),
        ("# policylang: ignore", "# policylang: ignore", "code of a rule"),
        ("# policylang:", "# policylang:", "`ignore`"),
        ("# policylang ignore PL701", "ignore", "colon"),
        ("# policylang-ignore: PL701", None, ""),
        ("# policylang: ignore PL999", "PL999", "unknown rule"),
        ("# policylang: ignore PL4", "PL4", "whole code"),
        ("# policylang: ignore pl701", "pl701", "did you mean `PL701`?"),
        ("# policylang: ignore PL710", "PL710", "did you mean"),
        ("# policylang: ignore limit-list", "limit-list", "unknown rule"),
        ("# policylang: ignore PL701 PL702", "PL702", "comma"),
        ("# policylang: ignore PL701,", None, "code of a rule"),
        ("# policylang: ignore PL701,, PL702", ",", "code of a rule"),
        ("# policylang: ignore PL101", "PL101", "cannot be ignored"),
        ("# policylang: ignore PL704", "PL704", "cannot be ignored"),
        ("# policylang: ignore PL701 because x", "x", "in quotes"),
        ('# policylang: ignore PL701 because "x', '"x', "never closed"),
        ("# policylang: ignore PL701 because", None, "reason"),
        ("# policylang: ignore PL701 until 2027-02-30", "2027-02-30", "not a date"),
        ("# policylang: ignore PL701 until 2027-2-3", "2027-2-3", "not a date"),
        ("# policylang: ignore PL701 until 2027-W01-1", "2027-W01-1", "not a date"),
        ("# policylang: ignore PL701 until tomorrow", "tomorrow", "not a date"),
        ("# policylang: ignore PL701 until", None, "a date"),
        ("# policylang: ignore PL701 -- later", "--", "does not fit"),
        ("# policylang: ignore PL701 until 2027-01-01 until 2027-01-02", "until", "twice"),
    ],
)
def test_mistakes_are_told(comment: str, words: str | None, said: str) -> None:
    made = project(f"role a\n{comment}\r\nrole b")
    suppressions, (mistake,) = read_suppressions(made.files)
    assert suppressions == []
    assert (mistake.code, mistake.severity) == ("PL100", "error")
    assert said in f"{mistake.message} {mistake.help}"
    assert mistake.location.line == mistake.location.end_line == 2
    if words is not None:
        assert comment[mistake.location.column - 1 : mistake.location.end_column - 1] == words


@pytest.mark.parametrize(
    "comment",
    ["# policylang is a language", "# policylang ignores blanks", "# see policylang: ignore PL701", "# ignore PL701"],
)
def test_other_comments_are_for_people(comment: str) -> None:
    assert read_suppressions(project(f"{comment}\nrole a").files) == ([], [])
