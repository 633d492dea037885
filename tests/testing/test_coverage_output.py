"""Coverage as a table, as JSON and as lcov, and the options that ask for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from policylang.output import lcov
from tests.helpers import ACCEPTANCE, POLICIES
from tests.testing.helpers import HEAD, covered, policylang_test, write
from tests.testing.test_coverage import SMALL, TESTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tests = "tests:\n- {name: t, user: u, allow: {view: [hers]}, deny: {view: [his, low]}}\n"
    return write(tmp_path, a_policy=SMALL, a_test_yaml=f"{HEAD}{TESTS}{tests}")


def test_table_and_what_is_missing(folder: Path) -> None:
    result = policylang_test(folder, ".", "--coverage")
    assert result.code == 0
    assert result.out == (
        "3 passed, 0 failed in 1 file\n"
        "\n"
        "file      statements  outcomes  covered\n"
        "a.policy  3 of 5      8 of 12   64.7 %\n"
        "all       3 of 5      8 of 12   64.7 %\n"
        "\n"
        "missing\n"
        "  `seen within 7 days` in policy mine (a.policy:2) is never true or false\n"
        "  grant view, modify on doc (a.policy:4) never decides modify\n"
        "  deny modify on doc { n > 9 } (a.policy:6) is never evaluated\n"
        "  no case reaches deny modify on doc { n > 9 } (a.policy:6)\n"
        '  no case reaches group g of "v" (a.policy:9)\n'
    )


@pytest.mark.parametrize(("percent", "code"), [("64", 0), ("64.7", 0), ("64.71", 1), ("100", 1), ("0", 0)])
def test_fail_under(folder: Path, percent: str, code: int) -> None:
    result = policylang_test(folder, ".", "--fail-under", percent)
    assert result.code == code
    assert result.out == "3 passed, 0 failed in 1 file\n"
    assert bool(result.err) == bool(code)


@pytest.mark.parametrize("percent", ["101", "-1", "many", "nan"])
def test_fail_under_wants_a_percentage(folder: Path, percent: str) -> None:
    assert policylang_test(folder, ".", f"--fail-under={percent}").code == 2


def test_failed_tests_and_broken_files_stay_what_they_are(folder: Path) -> None:
    write(folder, b_test_yaml=f"{HEAD}{TESTS}tests: [{{name: t, user: u, allow: {{view: [his]}}}}]\n")
    assert policylang_test(folder, ".", "--coverage", "--fail-under", "10").code == 1
    write(folder, b_test_yaml=HEAD.replace("Z", ""))
    assert policylang_test(folder, ".", "--coverage", "--fail-under", "100").code == 2


def test_json(folder: Path) -> None:
    assert policylang_test(folder, ".", "--coverage-json", "c.json").out == "3 passed, 0 failed in 1 file\n"
    content = json.loads((folder / "c.json").read_bytes())
    assert (content["cases"], content["percent"]) == (3, 64.7)
    assert content["counts"] == content["files"]["a.policy"]["counts"]
    assert content["statements"][0] == {
        "kind": "grant",
        "words": "grant view, modify on doc",
        "path": "a.policy",
        "line": 4,
        "column": 3,
        "reached": 3,
        "decisive": 1,
        "actions": {"view": 1, "modify": 0},
    }
    printed = json.loads(policylang_test(folder, ".", "--coverage", "--format", "json").out)
    assert printed["coverage"] == content
    assert "coverage" not in json.loads(policylang_test(folder, ".", "--coverage-json", "c", "--format", "json").out)


def test_junit_stays_junit(folder: Path) -> None:
    result = policylang_test(folder, ".", "--coverage", "--format", "junit")
    assert result.out.startswith("<?xml")
    assert result.out.endswith("</testsuites>\n")
    assert "64.7 %" in result.err


def test_files_that_cannot_be_written(folder: Path) -> None:
    for option in ("--coverage-json", "--coverage-lcov"):
        result = policylang_test(folder, ".", option, "nowhere/c")
        assert result.code == 2
        assert "nowhere/c: cannot be written: no such file" in result.err


RECORD = re.compile(
    r"TN:\nSF:(?P<path>.+)\n(?P<branches>(?:BRDA:\d+,\d+,\d+,(?:\d+|-)\n)*)BRF:(?P<brf>\d+)\nBRH:(?P<brh>\d+)\n"
    r"(?P<lines>(?:DA:\d+,\d+\n)*)LF:(?P<lf>\d+)\nLH:(?P<lh>\d+)\nend_of_record\n"
)


@pytest.mark.parametrize("root", [ACCEPTANCE, POLICIES], ids=["acceptance", "policies"])
def test_lcov_is_well_formed_and_consistent(root: Path) -> None:
    """What geninfo(1) says of the format, and what `genhtml` checks: branches only on lines that there are, none taken
    on a line without hits, some evaluated on one with hits.
    """
    text = lcov.render(covered(root)[0]).decode()
    records = list(RECORD.finditer(text))
    assert "".join(record[0] for record in records) == text
    assert records
    for record in records:
        assert Path(record["path"]).is_file()
        lines = {int(n): int(hits) for n, hits in re.findall(r"DA:(\d+),(\d+)", record["lines"])}
        assert len(lines) == int(record["lf"]) == record["lines"].count("DA:")
        assert list(lines) == sorted(lines)
        assert sum(1 for hits in lines.values() if hits) == int(record["lh"])
        branches = re.findall(r"BRDA:(\d+),(\d+),(\d+),(\d+|-)", record["branches"])
        assert len({tuple(each[:3]) for each in branches}) == len(branches) == int(record["brf"])
        assert sum(1 for each in branches if each[3] not in "-0") == int(record["brh"])
        for line in {int(each[0]) for each in branches}:
            taken = [each[3] for each in branches if int(each[0]) == line]
            assert any(each not in "-0" for each in taken) == bool(lines[line])


def test_lcov_option(folder: Path) -> None:
    policylang_test(folder, ".", "--coverage-lcov", "c.info")
    text = (folder / "c.info").read_text()
    assert "SF:a.policy\n" in text
    assert "DA:4,1\nDA:5,2\nDA:6,0\nDA:8,1\nDA:9,0\n" in text
    assert "BRDA:6,0,0,-\nBRDA:6,0,1,-\n" in text


def test_the_same_bytes_in_any_folder_and_order(folder: Path) -> None:
    write(folder, b_test_yaml=f"{HEAD}{TESTS}tests: [{{name: t, user: v, allow: {{modify: [his]}}}}]\n")
    outputs = set()
    for paths in (["a.test.yaml", "b.test.yaml"], ["b.test.yaml", "./a.test.yaml"], ["."]):
        policylang_test(folder, *paths, "--coverage-json", "c.json", "--coverage-lcov", "c.info")
        outputs.add((folder / "c.json").read_bytes() + (folder / "c.info").read_bytes())
    assert len(outputs) == 1
