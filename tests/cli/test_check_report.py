"""What `policylang check` prints: finding by finding, and a first screen of many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click import unstyle

from policylang.check.catalogue import RULES
from policylang.output import text
from policylang.pipelines.extent import Extent
from policylang.pipelines.findings import ReportedFinding
from policylang.pipelines.findings import Result as Run
from policylang.source import Source
from tests.check.test_rules import FILES
from tests.cli.checking import SET, Check, codes, policylang

# --- exactly what is marked, and every witness replays --------------------------------------------------------


def reported(**said: Any) -> str:
    finding = ReportedFinding(
        "PL402", "unlimited-change", "warning", "m", None, "a.policy", 1, 1, 1, 2, (), None, **said
    )
    return "\n".join(map(unstyle, text.render(Run([finding], sources={"a.policy": Source("a.policy", "role a")}))))


def test_what_is_not_proved_says_so_and_is_counted() -> None:
    report = reported(unproved=True)
    assert "\n  not proved: " in report
    assert report.endswith("1 warning in 1 file, 1 not proved")


def test_what_is_proved_says_so() -> None:
    assert "\n  proved: nobody can\n" in reported(proved="nobody can")


def test_a_comment_that_cannot_be_read_is_told_and_keeps_nothing_from_compiling(check: Check, write) -> None:
    write("policies/a.policy", SET + "# policylang: ignore PL999\n")
    assert codes(check("--format", "json", "--select", "PL4")) == ["PL402", "PL100"]
    assert policylang("compile").exit_code == 0


@pytest.mark.parametrize("now", ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_far_from_today(check: Check, path: Path, now: str) -> None:
    assert check(str(path), "--now", now).exit_code in (0, 1)


# --- a first screen ------------------------------------------------------------------------------------------

MANY = (
    'resource doc "Document" { owner : user  actions view, delete }\n'
    + "".join(f'role r{n} "Role {n}" {{ grant delete on doc }}\n' for n in range(6))
    + 'resource unlabelled { actions view }\nuser "dana@x" { assign role r0 }\n'
)


def test_a_limit_shows_the_heaviest_and_counts_the_others(check: Check) -> None:
    Path("policies").mkdir()
    Path("policies/a.policy").write_text(MANY)
    whole = check("--select", "PL402,PL701")
    assert whole.output.count("warning[PL402]") == 6
    assert "info[PL701]" in whole.output
    few = check("--select", "PL402,PL7", "--limit", "2")
    assert few.exit_code == whole.exit_code == 1
    assert few.output.count("warning[PL402]") == 2
    assert "and 4 more of PL402: `policylang check --all --select PL402`" in few.output
    assert "1 info more: PL701 missing-label 1" in few.output
    assert few.output.splitlines()[-1] == whole.output.splitlines()[-1]


def test_a_limit_is_for_text(check: Check) -> None:
    for more in (["--all"], ["--statistics"], ["--format", "json"]):
        assert check("--limit", "3", *more).exit_code == 2


def test_errors_come_first_unless_places_are_asked_for(check: Check) -> None:
    Path("policies").mkdir()
    text = SET + 'role out "Out" { grant view on doc }\nterminated user "gone@x" { assign role out }\n'
    Path("policies/a.policy").write_text(text)

    def codes(*arguments: str) -> list[str]:
        lines = check("--select", "PL402,PL412", "--format", "concise", *arguments).output.splitlines()
        return [line.split(" ")[2] for line in lines[:-1]]

    assert codes() == ["PL412", "PL402"]
    assert codes("--sort", "place") == ["PL402", "PL412"]


def test_the_last_line_says_how_much_was_looked_at() -> None:
    def last(seconds: float | None = None, **counts: int) -> str:
        return text.summary(Run(extent=Extent(**counts), seconds=seconds))

    assert last() == "no findings in 0 files"
    assert last(statements=3, users=1, questions=7) == "no findings in 0 files; 3 statements, 1 user"
    whole = last(0.25, statements=1_200, users=10_021, grouped=10_000, groups=5_655, questions=4_321)
    assert whole == ("no findings in 0 files; 1,200 statements, 5,655 groups for 10,021 users, 4,321 questions, 0.2 s")
    assert last(statements=9, users=99, grouped=99, groups=90).endswith("; 9 statements, 99 users")
    assert last(statements=9, users=300, grouped=300, groups=100).endswith("; 9 statements, 300 users")


def test_concise_is_a_line_each(check: Check) -> None:
    Path("policies").mkdir()
    Path("policies/a.policy").write_text(SET)
    *lines, summary = check("--select", "PL402", "--format", "concise").output.splitlines()
    assert lines == [
        "policies/a.policy:5:3: warning PL402 group `staff` can delete every record of `doc`: no policy limits it"
    ]
    assert summary.startswith("1 warning in 1 file")
    Path("policies/a.policy").write_text("grant x\n")
    lines = check("--format", "concise").output.splitlines()
    assert lines[0].startswith("policies/a.policy:1:1: error PL100 ")
    assert check("nowhere", "--format", "concise").exit_code == 2


def test_statistics(check: Check) -> None:
    Path("policies").mkdir()
    Path("policies/a.policy").write_text(MANY)
    lines = check("--select", "PL402,PL701", "--statistics").output.splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["findings", "users", "severity", "rule", "name"],
        ["6", "1", "warning", "PL402", "unlimited-change"],
        ["1", "info", "PL701", "missing-label"],
    ]
    counted = json.loads(check("--select", "PL402,PL701", "--statistics", "--format", "json").output)
    assert [(each["code"], each["findings"]) for each in counted["rules"]] == [("PL402", 6), ("PL701", 1)]
    assert check("--statistics", "--format", "sarif").exit_code == 2


def test_summaries_count_the_files_with_findings(check: Check) -> None:
    Path("policies").mkdir()
    Path("policies/a.policy").write_text("grant x\n")
    Path("policies/b.policy").write_text('resource doc "Doc" { actions view }\n')
    assert check().output.splitlines()[-1] == "1 error in 1 of 2 files"


def test_rules_are_listed() -> None:
    listed = policylang("rules").output.splitlines()
    assert [line.split()[0] for line in listed[1:] if not line.startswith(" ")] == [rule.code for rule in RULES]
    content = json.loads(policylang("rules", "--format", "json").output)
    assert {each["code"]: each["proof"] for each in content} == {rule.code: rule.proof for rule in RULES}
