"""`policylang usage`, and `check --usage`"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from policylang.cli.main import commands
from policylang.schemas import SCHEMAS
from tests.usage.helpers import POLICIES

NOW = ["--now", "2026-11-21T12:00:00Z"]
LOG = """\
user,action,resource,time,decision
ann,view,doc,2026-08-01T08:00:00Z,allow
ann,view,doc,2026-11-20T08:00:00Z,allow
ann,delete,doc,2026-11-20T08:00:00Z,deny
ben,delete,doc,2026-11-20T08:00:00Z,allow
ben,view,doc,2026-11-20T08:00:00Z,allow
cy,view,doc,2026-11-20T08:00:00Z,allow
cy,delete,doc,2026-11-20T08:00:00Z,allow
"""


@pytest.fixture
def here(write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("p/a.policy", POLICIES)
    write("log.csv", LOG)
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, [*arguments, *NOW])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_nothing_but_the_report_is_printed_however_long_it_takes(here: Path) -> None:
    """DuckDB looks at what is left when the process ends, once something has outlived a look for cycles."""
    code = "from policylang.cli import main; main.COLLECTIONS = 700, 10, 10; main.main()"
    done = subprocess.run([sys.executable, "-c", code, "usage", "log.csv", "p", *NOW], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")


def test_text_json_and_csv_say_the_same(here: Path) -> None:
    code, said = run("usage", "log.csv", "p")
    assert code == 1
    assert "grant  modify on `doc`  role `clerk`  2      never  a.policy:4:3\n" in said
    assert said.endswith("1 unused thing, 1 denied attempt, 0 outliers, as of 2026-11-21T12:00:00Z\n")
    code, said = run("usage", "log.csv", "p", "--format", "json")
    report = json.loads(said)
    Draft202012Validator(SCHEMAS["usage"]()).validate(report)
    assert (report["rows"], report["known"], report["covered"]) == (7, 7, True)
    _, said = run("usage", "log.csv", "p", "--format", "csv")
    assert [row[0] for row in csv.reader(io.StringIO(said))] == ["part", "unused", "denied"]


def test_settings_of_the_policy_set(here: Path, write) -> None:
    write("p/policylang.yaml", "usage: {break_glass: [clerk]}\n")
    assert run("usage", "log.csv", "p")[0] == 0
    write("p/policylang.yaml", "usage: {days: 120}\n")
    code, said = run("usage", "log.csv", "p")
    assert code == 0
    assert "the log begins later than 120 days before 2026-11-21T12:00:00Z: nothing is called unused" in said
    assert run("usage", "log.csv", "p", "--days", "90")[0] == 1


def test_settings_that_name_nobody_are_told(here: Path, write) -> None:
    write("p/policylang.yaml", "usage: {break_glass: [clrk, cleaner], periods: {closing: 200}}\n")
    first = (
        "note: `usage.break_glass` names `clrk`, which is no role or group of this policy set; did you mean `clerk`?\n"
    )
    second = "note: `usage.periods` names `closing`, which is no role, group or task of this policy set\n"
    for command in (
        ["usage", "log.csv", "p"],
        ["check", "p", "--usage", "log.csv"],
        ["rightsize", "log.csv", "p", "-o", "e"],
    ):
        assert first + second in run(*command)[1]
    assert len(json.loads(run("usage", "log.csv", "p", "--format", "json")[1])["unnamed"]) == 2


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgres://ann:s3%40cret@localhost:1/db#events", "postgres://…@localhost:1/db"),
        ("postgres://ann:s3@cret@localhost:1/db#events", "postgres://…@localhost:1/db"),
        ("postgres://ann:s3?cret@localhost:1/db#events", "postgres://…"),
        ("postgres://localhost:1/db?password=s3@cret#events", "postgres://…"),
        ("postgres://localhost:1/db?password=s3cret#events", "postgres://localhost:1/db"),
        ("postgres://ann:s3cret@localhost:1/db", "postgres://…@localhost:1/db"),
        ("postgres://ann:s3#cret@localhost:1/db#events", "postgres://…@localhost:1/db"),
        ("postgres://ann:s3#cret@localhost:1/db", "postgres://…@localhost:1/db"),
        ("postgres://ann:s3cret@localhost:1/db#", "postgres://…@localhost:1/db"),
        ("nothing://ann:s3cret@localhost:1/db#events", "nothing://…@localhost:1/db"),
    ],
)
def test_no_password_of_an_address_is_shown(here: Path, address: str, shown: str) -> None:
    for command in (
        ["usage", address, "p"],
        ["check", "p", "--usage", address],
        ["rightsize", address, "p", "-o", "e"],
    ):
        code, said = run(*command)
        assert code == 2
        assert said.startswith(f"error: {shown}: ")
        assert "cret" not in said


def test_compiled_sets_and_json_logs_are_told_apart(here: Path, write) -> None:
    assert CliRunner().invoke(commands, ["compile", "p", "-o", "set.json"]).exit_code == 0
    rows = [dict(zip(LOG.split("\n")[0].split(","), row.split(","), strict=True)) for row in LOG.split()[1:]]
    write("log.json", "".join(json.dumps(row) + "\n" for row in rows))
    assert run("usage", "log.json", "set.json")[0] == 1


def test_findings_with_baseline_and_suppressions(here: Path, write) -> None:
    asked = ["check", "p", "--select", "PL407,PL415,PL704", "--usage", "log.csv"]
    code, said = run(*asked, "--format", "concise")
    assert code == 1
    assert "p/a.policy:4:3: warning PL407 nobody has used modify on `doc` of role `clerk` for 90 days" in said
    assert run(*asked, "--write-baseline", "base.json")[0] == 0
    assert run(*asked, "--baseline", "base.json")[0] == 0
    without = ["check", "p", "--select", "PL407,PL415,PL704"]
    assert "no longer" not in run(*without, "--baseline", "base.json")[1]
    line = "  grant view, modify on doc\n"
    ignored = f'  # policylang: ignore PL407 because "it is new"\n{line}'
    write("p/a.policy", POLICIES.replace(line, ignored))
    assert run(*asked)[0] == 0
    assert run(*without)[0] == 0  # without a log nobody can tell whether it is stale


def test_a_check_says_what_it_cannot_use_of_a_log(here: Path, write) -> None:
    write("log.csv", LOG.replace("ann,view,doc,2026-08", "eve,view,doc,2026-09"))
    code, said = run("check", "p", "--select", "PL407", "--usage", "log.csv")
    assert code == 0
    assert "note: the log begins later than 90 days before 2026-11-21T12:00:00Z: what may be unused that long" in said
    assert "note: 1 row of the log, of 7, cannot be used: `policylang usage` says why\n" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("usage", "p"), "name a log"),
        (("usage", "none.csv", "p"), "there is no such file"),
        (("usage", "log.csv", "q"), "q"),
        (("usage", "log.csv", "p", "--mapping", "none.yaml"), "cannot be read"),
        (("check", "p", "--usage", "none.csv"), "there is no such file"),
        (("check", "p", "--mapping", "m.yaml"), "--mapping says what is in the log of --usage"),
        (("check", "p", "--usage", "p"), "a folder is no log"),
        (("check", "p", "--usage", "p/a.policy"), "not known as a log by its name"),
    ],
)
def test_what_cannot_be_run(here: Path, arguments: tuple[str, ...], said: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert said in output


def test_without_the_extra_it_says_which(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "ibis", None)
    code, said = run("usage", "log.csv", "p")
    assert code == 2
    assert "pip install 'policylang[usage]'" in said
