"""`policylang agenda` as users run it."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

POLICY = 'role guard "Guard"\nuser "amy" { assign role guard until 2026-12-01 }\n'
NOW = ("--now", "2026-11-21T12:00:00Z")


def test_text(run, write) -> None:
    write("policies/a.policy", POLICY)
    result = run("agenda", *NOW)
    assert result.returncode == 0
    assert result.stdout.decode() == (
        "2026-12-01, Tuesday, in 10 days\n"
        "  `guard` of `amy` ends  policies/a.policy:2:14\n"
        "\n"
        "1 to come until 2027-02-19 in UTC, as of 2026-11-21T12:00:00Z\n"
    )


def test_days_are_counted_from_now(run, write) -> None:
    write("policies/a.policy", POLICY)
    assert b"1 to come until 2026-12-01" in run("agenda", *NOW, "--days", "10").stdout
    assert b"nothing until 2026-11-30" in run("agenda", *NOW, "--days", "9").stdout
    assert run("agenda", *NOW, "--days", "-1").returncode == 2


def test_several_sets_each_in_its_timezone(run, write) -> None:
    write("policylang.yaml", "roots: [east, west]\n")
    write("east/a.policy", 'timezone "Pacific/Auckland"\n' + POLICY)
    write("west/a.policy", 'timezone "America/Denver"\n' + POLICY)
    result = run("agenda", "--now", "2026-12-01T12:00:00Z", "--days", "0", "--format", "json")
    assert result.returncode == 0
    east, west = json.loads(result.stdout)["sets"]
    assert (east["today"], west["today"]) == ("2026-12-02", "2026-12-01")
    assert [len(east[part]) for part in ("over", "coming")] == [1, 0]
    assert [len(west[part]) for part in ("over", "coming")] == [0, 1]
    text = run("agenda", "--now", "2026-12-01T12:00:00Z").stdout.decode()
    assert text.index("east\n") < text.index("west\n")


def test_people_from_a_directory(run, write) -> None:
    write("policylang.yaml", "directory: [people.csv]\n")
    write("a.policy", POLICY)
    write("people.csv", "id,role,until,because\nbo,guard,2026-12-01,leave\n")
    result = run("agenda", *NOW, "--format", "json")
    assert result.returncode == 0
    (found,) = json.loads(result.stdout)["sets"]
    assert [(each["user"], each["at"]["path"]) for each in found["coming"]] == [
        ("amy", "a.policy"),
        ("bo", "people.csv"),
    ]


def test_compiled_policy_sets(run, write) -> None:
    write("policies/a.policy", POLICY)
    assert run("compile", "-o", "a.json").returncode == 0
    result = run("agenda", *NOW, "a.json")
    assert result.returncode == 0
    assert b"`guard` of `amy` ends  a.policy:2:14\n" in result.stdout


def test_icalendar_is_the_same_every_time(run, write) -> None:
    write("policies/a.policy", POLICY)
    made = {run("agenda", *NOW, "--format", "icalendar", env={"PYTHONHASHSEED": seed}).stdout for seed in ("1", "2")}
    assert len(made) == 1
    assert next(iter(made)).startswith(b"BEGIN:VCALENDAR\r\n")


def test_icalendar_without_the_library(run, write) -> None:
    write("policies/a.policy", POLICY)
    write("icalendar.py", "raise ImportError('hidden')\n")
    result = run("agenda", *NOW, "--format", "icalendar", env={"PYTHONPATH": f".:{_root()}"})
    assert result.returncode == 2
    assert b"pip install 'policylang[calendar]'" in result.stderr
    assert result.stdout == b""


def _root() -> str:
    from tests.cli.conftest import ROOT

    return str(ROOT)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ('role guard\nuser "a" { assign role gard }\n', "PL101 unknown role `gard`"),
        ('role guard "G" # policylang: ignore PL402 until 2027-02-31\n', "PL100 `2027-02-31` is not a date"),
        ("role \xff", "cannot be read"),
    ],
)
def test_what_cannot_be_read(run, write, policy: str, said: str) -> None:
    write("policies/a.policy", policy.encode("latin-1"))
    write("fine/a.policy", POLICY)
    for format_ in ("text", "json", "icalendar"):
        result = run("agenda", *NOW, "policies", "fine", "--format", format_)
        assert result.returncode == 2
        assert said in result.stderr.decode()
        assert result.stdout == b""


def test_days_that_are_in_no_calendar(run, write) -> None:
    """A compiled document with a valid digest that nothing here wrote."""
    write("policies/a.policy", POLICY)
    text = run("compile").stdout.decode().replace("2026-12-01", "2026-02-31")
    content = json.loads(text)
    del content["digest"]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    write("a.json", re.sub("sha256:[0-9a-f]{64}", f"sha256:{digest}", text))
    for command in ("agenda", "check"):
        result = run(command, "a.json")
        assert result.returncode == 2
        assert "`2026-02-31` is not in the calendar" in (result.stdout + result.stderr).decode()


@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-21T12:00:00", "soon"])
def test_instants_that_are_none(run, write, now: str) -> None:
    write("policies/a.policy", POLICY)
    result = run("agenda", "--now", now)
    assert (result.returncode, result.stdout) == (2, b"")
