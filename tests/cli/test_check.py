"""`policylang check`: which rules run, what is reported how, and with which exit code."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policylang.check.catalogue import CHECKS, RULES
from policylang.check.engine import run_checks
from policylang.diagnostics import Rule
from policylang.source import Location
from tests.check.test_rules import FILES, selected
from tests.cli.checking import NOW, SET, Check, codes, findings, policylang
from tests.helpers import POLICIES, compiled, marked

# --- exactly what is marked, and every witness replays --------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_findings_as_marked(check: Check, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    result = check("--select", ",".join(selected(text)), "--format", "json", str(path))
    told = [each for each in findings(result) if " is contained in " not in each["message"]]
    now = datetime.datetime.fromisoformat(NOW)
    expected = [Location.parse(each.at).line for each in run_checks(compiled(text), now, selected(text))]
    assert [each["line"] for each in told] == expected
    assert {(each["line"], each["code"]) for each in told} <= set(marked(text))


def commands_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """The answers that witnesses announce, and the command lines below them."""
    expected = ""
    for line in text.splitlines():
        if line.startswith("  witness: "):
            expected = line.split(": ")[1]
        elif line.startswith("    $ policylang "):
            yield expected, shlex.split(line.removeprefix("    $ policylang "))


def replays(arguments: list[str], expected: str) -> bool:
    result = policylang(*arguments)
    return result.stdout.startswith(f"{expected}: ") and result.exit_code == {"allowed": 0, "denied": 1}[expected]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_command_lines_replay(check: Check, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    report = check("--select", ",".join(selected(text)), str(path)).stdout
    for expected, arguments in commands_in(report):
        assert replays(arguments, expected), shlex.join(arguments)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code in CHECKS], ids=lambda rule: rule.code)
def test_witnesses_of_examples_replay_from_text_and_json(check: Check, write, rule: Rule) -> None:
    write("bad.policy", rule.bad)
    lines = list(commands_in(check("--select", rule.code, "bad.policy").stdout))
    witnesses = [
        witness
        for each in findings(check("--select", rule.code, "bad.policy", "--format", "json"))
        for witness in (each["witness"], *each["further_witnesses"])
        if witness is not None
    ]
    assert len(lines) == len(witnesses)
    for (expected, arguments), witness in zip(lines, witnesses, strict=True):
        assert expected == witness["expected"]
        assert replays(arguments, expected)
        assert replays([*options(witness), "--policies", "bad.policy"], expected)


def options(witness: dict[str, Any]) -> list[str]:
    """Every key of a witness as the option of `decide` that it is."""
    found = ["decide", *([witness["user"]] if "user" in witness else []), witness["action"]]
    for role in witness.get("as_roles", ()):
        found += ["--as-role", role]
    for key, value in witness.items():
        if key not in ("user", "action", "as_roles", "expected"):
            found += [f"--{key.replace('_', '-')}", value if isinstance(value, str) else json.dumps(value)]
    return found


def test_witnesses_replay_from_folders_and_compiled_sets(check: Check, write) -> None:
    write("my set/a.policy", SET)
    assert policylang("compile", "my set", "-o", "out.json").exit_code == 0
    for arguments in (("my set",), ("out.json",), ("my set/a.policy",)):
        report = check("--select", "PL402", *arguments)
        lines = list(commands_in(report.stdout))
        assert lines
        assert all(replays(line, expected) for expected, line in lines)


# --- text and JSON -------------------------------------------------------------------------------------------


def test_text(check: Check, write) -> None:
    write("policies/a.policy", SET)
    result = check("--select", "PL402")
    assert result.stdout.splitlines()[1:4] == [
        "  --> policies/a.policy:5:3",
        "  5 |   grant delete on doc",
        "    |   ^^^^^^^^^^^^^^^^^^^",
    ]
    assert result.stdout.splitlines()[-1] == f"1 warning in 1 file, as of {NOW}; 5 statements, 1 user"
    assert result.exit_code == 1


def test_what_a_users_block_says_is_called_by_what_people_wrote(check: Check, write) -> None:
    write(
        "p/a.policy",
        """\
resource bill "Bill" { amount : int  actions create, approve, modify }
separate create on bill from approve on bill "four eyes"
role filing "Filing" { grant create on bill }
user "ann" { assign role filing  grant approve on bill because "a deputy" }
user "bo" { grant modify on bill }
""",
    )
    output = check("p").output
    assert "the grant in the block of `ann`" in output
    assert "the block of `bo` can modify every record of `bill`" in output
    assert not [line for line in output.splitlines() if "'s own" in line and "witness" not in line and "$" not in line]


def test_the_instant_is_in_the_output(check: Check, write) -> None:
    write("policies/a.policy", SET)
    assert json.loads(check("--format", "json", "--now", "2026-01-31T08:00:00-07:00").stdout)["now"] == (
        "2026-01-31T15:00:00Z"
    )
    assert check("--select", "PL2").stdout == f"no findings in 1 file, as of {NOW}; 5 statements, 1 user\n"
    now = json.loads(policylang("check", "--format", "json").stdout)["now"]
    assert now.endswith("Z")
    write("policies/b.policy", "role r { grant veiw on doc }")
    assert json.loads(check("--format", "json").stdout)["now"] is None


def test_an_instant_needs_its_offset(check: Check) -> None:
    for now in ("yesterday", "2026-01-31T08:00:00", "2026-01-31", "1969-12-31T00:00:00Z"):
        result = check("--now", now)
        assert (result.exit_code, "--now" in result.stderr) == (2, True)


def test_an_instant_lies_in_the_years_that_are_thought_about(check: Check, write) -> None:
    write("policies/a.policy", SET)
    for now in ("1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z"):
        assert (now, check("--now", now, "--select", "PL2").exit_code) == (now, 0)
    for now in ("1969-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2100-01-15T12:00:00Z"):
        result = check("--now", now, "--select", "PL2")
        assert (now, result.exit_code, "outside the calendar" in result.stderr) == (now, 2, True)


def test_hidden_characters_of_a_policy_do_not_reach_the_terminal(check: Check, write) -> None:
    write(
        "policies/a.policy",
        SET + 'user "\\u{1B}[31m@x" in staff { assign role r }\nrole r "R" { grant delete on doc }\n',
    )
    assert "\x1b" not in check().stdout


def test_errors_in_the_source_come_first(check: Check, write) -> None:
    write("policies/a.policy", SET)
    write("policies/b.policy", "role r { grant veiw on doc }")
    assert codes(check("--format", "json")) == ["PL101"]


def test_several_sets_each_by_itself(check: Check, write) -> None:
    write("one/a.policy", SET)
    write("two/b.policy", SET.replace("  grant delete on doc\n", ""))
    write("three/c.policy", "role r { grant veiw on doc }")
    assert codes(check("one", "two", "three", "--format", "json", "--select", "PL402,PL101")) == ["PL402", "PL101"]


def test_formats_for_other_programs(check: Check, write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("policies/a.policy", SET)
    assert (
        json.loads(check("--format", "sarif", "--select", "PL402").stdout)["runs"][0]["results"][0]["ruleId"] == "PL402"
    )
    assert json.loads(check("--format", "gitlab", "--select", "PL402").stdout)[0]["check_name"] == "unlimited-change"
    assert "PL402" in check("--format", "junit", "--select", "PL402").stdout
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert check("--format", "github", "--select", "PL402").stdout.startswith("::warning file=")
    assert "PL402" in (tmp_path / "summary.md").read_text()


# --- which rules run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--select", "PL402"], ["PL402"]),
        (["--select", "pl4"], ["PL402"]),
        (["--select", "unlimited-change"], ["PL402"]),
        (["--select", "PL1"], []),
        (["--select", "PL2, PL4", "--select", "PL7"], ["PL402"]),
        (["--select", "PL4", "--ignore", "PL402"], []),
        (["--ignore", "PL4,PL6"], []),
    ],
)
def test_rules_are_selected(check: Check, write, arguments: list[str], found: list[str]) -> None:
    write("policies/a.policy", SET)
    assert codes(check(*arguments, "--format", "json")) == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--select", "PL403,PL420"], "did you mean"),
        (["--select", "PL9"], "`policylang rules` lists the rules"),
        (["--select", "limit-lots"], "did you mean `limit-lost`?"),
        (["--select", ""], "`policylang rules` lists the rules"),
        (["--ignore", "PL"], "`policylang rules` lists the rules"),
        (["--ignore", "PL4020"], "did you mean `PL402`?"),
        (["--ignore", "PL101"], "PL101: this cannot be ignored"),
        (["--ignore", "PL1"], "PL1: this cannot be ignored"),
        (["--select", "PL201", "--ignore", "PL2"], "PL2: no rules are left to run"),
    ],
)
def test_what_is_no_rule_is_refused(check: Check, write, arguments: list[str], said: str) -> None:
    write("policies/a.policy", SET)
    result = check(*arguments)
    assert (result.exit_code, result.stdout, said in result.stderr) == (2, "", True)


def test_errors_in_the_source_cannot_be_left_out(check: Check, write) -> None:
    write("policies/a.policy", "role r { grant veiw on doc }")
    assert codes(check("--select", "PL402", "--format", "json")) == ["PL101"]


def test_severities_of_the_config(check: Check, write) -> None:
    write("policies/a.policy", SET)
    write("policies/policylang.yaml", "severities: {PL402: info}")
    result = check("--format", "json")
    assert [each["severity"] for each in findings(result) if each["code"] == "PL402"] == ["info"]
    write("policies/policylang.yaml", "severities: {PL402: off}")
    assert "PL402" not in codes(check("--format", "json"))
    assert codes(check("--format", "json", "--select", "PL4")) == []
    assert codes(check("--format", "json", "--select", "PL402")) == ["PL402"]


def test_a_rule_that_is_off_does_not_run(check: Check, write, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_world: object) -> None:
        raise AssertionError

    monkeypatch.setitem(CHECKS, "PL402", never)
    write("policies/a.policy", SET)
    write("policies/policylang.yaml", "severities: {PL402: off}")
    check()
    check("--ignore", "PL402")


def test_thresholds_of_the_config(check: Check, write) -> None:
    roles = [
        f"role r{number} {{ grant view on doc{number} }}\nresource doc{number} {{ actions view }}"
        for number in range(3)
    ]
    user = 'user "u@x" { ' + " ".join(f"assign role r{number}" for number in range(3)) + " }"
    write("policies/a.policy", "\n".join([*roles, user]))
    assert codes(check("--select", "PL309", "--format", "json")) == []
    write("policies/policylang.yaml", "thresholds: {roles_per_user: 2, same_permissions: 0.75}")
    assert codes(check("--select", "PL309", "--format", "json")) == ["PL309"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("severities: {PL499: info}", "severities: PL499: unknown rule"),
        ("ignores: {a.policy: [PL9]}", "ignores: a.policy: PL9: unknown rule"),
        ("ignores: {a.policy: [PL101]}", "`PL101` cannot be ignored"),
        ("ignores: {a.policy: [PL]}", "must be the code of a rule, or its beginning, not `PL`"),
        (
            "thresholds: {same_permissions: 90}",
            "`thresholds.same_permissions` must be a number above 0, at most 1, not `90`",
        ),
    ],
)
def test_mistakes_in_the_config(check: Check, write, config: str, said: str) -> None:
    write("policies/a.policy", SET)
    write("policies/policylang.yaml", config)
    result = check()
    assert (result.exit_code, said in result.stdout) == (2, True), result.stdout


@pytest.mark.parametrize(
    ("pattern", "applies"),
    [
        ("a.policy", True),
        ("policies/a.policy", False),
        ("**", True),
        ("**/*.policy", True),
        ("*/a.policy", False),
        ("?.policy", True),
        ("sub/", False),
        ("a.polic", False),
    ],
)
def test_rules_left_out_by_path(check: Check, write, pattern: str, applies: bool) -> None:
    write("policies/a.policy", SET)
    write("policies/policylang.yaml", f"ignores: {{'{pattern}': [PL40]}}")
    result = check("--select", "PL4", "--format", "json")
    assert codes(result) == ([] if applies else ["PL402"])
    assert json.loads(result.stdout)["ignored"] == applies


def test_paths_are_seen_from_the_config(check: Check, write) -> None:
    write("policylang.yaml", "ignores: {'sets/generated/': [PL4]}\nroots: [sets]")
    write("sets/generated/deep/a.policy", SET)
    assert codes(check("--select", "PL4", "--format", "json")) == []
    assert "1 ignored" in check("--select", "PL4").stdout


# --- exit codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "severity", "code"),
    [
        ([], "error", 1),
        ([], "warning", 1),
        ([], "info", 0),
        (["--fail-level", "error"], "warning", 0),
        (["--fail-level", "error"], "error", 1),
        (["--fail-level", "info"], "info", 1),
        (["--exit-zero"], "error", 0),
    ],
)
def test_exit_codes(check: Check, write, arguments: list[str], severity: str, code: int) -> None:
    write("policies/a.policy", SET)
    write("policies/policylang.yaml", f"severities: {{PL402: {severity}}}")
    assert check("--select", "PL402", *arguments).exit_code == code
    assert check("nowhere", *arguments).exit_code == 2


CRASH = """
from policylang.check.catalogue import CHECKS
from policylang.cli.main import main

def crash(world):
    raise KeyError("\\x1b[31m")

CHECKS["PL402"] = crash
main(["check", "policies"])
"""


@pytest.mark.usefixtures("check")
def test_a_mistake_in_a_rule_is_no_finding(write) -> None:
    write("policies/a.policy", SET)
    environment = {**os.environ, "PYTHONPATH": str(POLICIES.parent)}
    made = subprocess.run([sys.executable, "-c", CRASH], env=environment, capture_output=True, text=True, timeout=60)
    assert (made.returncode, made.stdout) == (2, "")
    assert made.stderr.startswith("error: a mistake in policylang: KeyError at ")
    assert "while checking PL402 unlimited-change, " in made.stderr
    assert len(made.stderr.splitlines()) == 2
    assert "\x1b" not in made.stderr


# --- compiled policy sets ------------------------------------------------------------------------------------


def test_compiled_sets_are_examined(check: Check, write) -> None:
    write("policies/a.policy", SET.replace("grant delete on doc", "grant delete on doc  # policylang: ignore PL402"))
    policylang("compile", "-o", "out.json")
    result = check("out.json", "--select", "PL402")
    assert result.stdout.splitlines()[1] == "  --> a.policy:5:3 in out.json"
    assert "|" not in result.stdout
    assert result.exit_code == 1
    (finding,) = findings(check("out.json", "--select", "PL402", "--format", "json"))
    assert (finding["path"], finding["compiled"]) == ("a.policy", "out.json")


def test_compiled_sets_with_the_nearest_config(check: Check, write) -> None:
    write("policies/a.policy", SET)
    policylang("compile", "-o", "out.json")
    write("policylang.yaml", "severities: {PL402: error}")
    assert findings(check("out.json", "--select", "PL402", "--format", "json"))[0]["severity"] == "error"
    write("policylang.yaml", "severity: {}")
    assert check("out.json").exit_code == 2
