"""Baselines: findings that were there before are not reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.checking import NOW, SET, Check, codes, policylang
from tests.helpers import POLICIES


@pytest.fixture
def adopted(check: Check, write) -> None:
    write("policies/a.policy", SET)
    result = check("--select", "PL4", "--write-baseline", "base.json")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote 1 finding to base.json\n")


@pytest.mark.usefixtures("adopted")
def test_findings_of_a_baseline_are_not_reported(check: Check, tmp_path: Path) -> None:
    result = check("--select", "PL4", "--baseline", "base.json")
    assert result.stdout == f"no findings in 1 file, 1 in the baseline, as of {NOW}; 5 statements, 1 user\n"
    assert result.exit_code == 0
    content = json.loads((tmp_path / "base.json").read_text())
    assert [(each["code"], each["path"]) for each in content["findings"]] == [("PL402", "policies/a.policy")]
    as_json = json.loads(check("--select", "PL4", "--baseline", "base.json", "--format", "json").stdout)
    assert as_json["baseline"] == {"path": "base.json", "known": 1, "stale": []}


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize(
    "moved",
    [
        "\n\n# more\n" + SET,
        SET.replace("  grant delete on doc", "      grant   delete on doc"),
        SET.replace('"Staff"', '"People"').replace("  grant view on doc\n", ""),
        SET.replace("owner : user", "owner : user  size : int") + 'user "gus@x" in staff\n',
    ],
)
def test_a_baseline_holds_when_lines_move(check: Check, write, moved: str) -> None:
    write("policies/a.policy", moved)
    assert codes(check("--select", "PL402", "--baseline", "base.json", "--format", "json")) == []


@pytest.mark.usefixtures("adopted")
@pytest.mark.parametrize(
    "other",
    [
        SET.replace("group staff", "group people").replace("in staff", "in people"),
        SET.replace("delete on doc", "delete on doc including x").replace("owner", "sensitive x : int  owner"),
        SET + 'role r "R" { grant delete on doc }\nuser "gus@x" { assign role r }\n',
    ],
)
def test_other_findings_are_reported(check: Check, write, other: str) -> None:
    write("policies/a.policy", other)
    assert codes(check("--select", "PL402", "--baseline", "base.json", "--format", "json")) == ["PL402"]


@pytest.mark.usefixtures("adopted")
def test_what_does_not_occur_any_more_is_told(check: Check, write) -> None:
    write("policies/a.policy", SET.replace("  grant delete on doc\n", ""))
    result = check("--select", "PL4", "--baseline", "base.json")
    assert result.exit_code == 0
    told = "note: 1 finding of `base.json` does not occur any more\n  PL402 policies/a.policy: "
    assert result.stdout.startswith(told)
    assert "note" not in check("--select", "PL2", "--baseline", "base.json").stdout
    write("elsewhere/b.policy", SET)
    assert "note" not in check("elsewhere", "--ignore", "PL4", "--baseline", "base.json").stdout


@pytest.mark.usefixtures("adopted")
def test_a_baseline_is_found_from_any_folder(check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path / "policies")
    assert codes(check(".", "--select", "PL4", "--baseline", "../base.json", "--format", "json")) == []


def test_a_baseline_of_compiled_sets(check: Check, write) -> None:
    write("policies/a.policy", SET)
    policylang("compile", "-o", "out.json")
    assert check("out.json", "--select", "PL4", "--write-baseline", "base.json").exit_code == 0
    assert check("out.json", "--select", "PL4", "--baseline", "base.json").exit_code == 0
    write("policies/a.policy", SET.replace("  grant delete on doc\n", ""))
    policylang("compile", "-o", "out.json")
    told = check("out.json", "--select", "PL4", "--baseline", "base.json").stdout
    assert "  PL402 out.json#a.policy: " in told


def test_equal_findings_are_counted(check: Check, write) -> None:
    write("policies/a.policy", SET)
    check("--select", "PL4", "--write-baseline", "base.json")
    write("policies/a.policy", SET.replace("grant delete on doc", "grant delete on doc  grant delete on doc"))
    found = codes(check("--select", "PL402", "--format", "json"))
    left = codes(check("--select", "PL402", "--baseline", "base.json", "--format", "json"))
    assert len(found) - len(left) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        ("[]", "this is not a baseline"),
        ("{", "this is not a baseline"),
        ('{"version": 2}', "not a baseline"),
    ],
)
def test_what_is_no_baseline(check: Check, write, content: str | None, said: str) -> None:
    write("policies/a.policy", SET)
    if content is not None:
        write("base.json", content)
    result = check("--baseline", "base.json")
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_a_baseline_is_not_written_over_errors(check: Check, write, tmp_path: Path) -> None:
    write("policies/a.policy", "role r { grant veiw on doc }")
    write("base.json", "old")
    result = check("--write-baseline", "base.json")
    assert (result.exit_code, "nothing was written" in result.stderr, "PL101" in result.stderr) == (2, True, True)
    assert (tmp_path / "base.json").read_text() == "old"
    assert check("nowhere", "--write-baseline", "base.json").exit_code == 2
    assert check("--baseline", "a", "--write-baseline", "b").exit_code == 2


def test_errors_in_the_source_are_in_no_baseline(check: Check, write) -> None:
    write("policies/a.policy", SET)
    check("--write-baseline", "base.json")
    write("policies/a.policy", SET + "role r { grant veiw on doc }")
    assert codes(check("--baseline", "base.json", "--format", "json")) == ["PL101"]


def test_the_examples_are_clean() -> None:
    result = policylang("check", str(POLICIES), "--now", NOW)
    assert result.exit_code == 0, result.stdout
