"""Names and paths can hold any text: no output lets them speak for policylang."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from policylang.ir import from_json
from policylang.targets import NAMES
from tests.cli.checking import policylang
from tests.cli.conftest import NOW, POLICIES, SCENARIOS

BREAKS = "amy\n::stop-commands::FORGED\r\nFORGED no findings\u2028FORGED\x85FORGED\x1b[2J\u202e"


def escaped(text: str) -> str:
    return "".join(f"\\u{{{ord(each):X}}}" for each in text)


ESCAPED = escaped(BREAKS)
HOSTILE = f"""\
scope site
place site "HQ\\n::error file=x::FORGED"
resource customer "Customer" {{ name : text  actions view, delete }}
role guard "Guard\\n::error::FORGED" {{ grant view on customer because "why\\n::error::FORGED" }}
role boss "Boss" {{ grant delete on customer }}
separate view on customer from delete on customer "both\\n::error::FORGED"
invariant "none\\n::error::FORGED" {{ no user with role boss can delete customer }}
user "{ESCAPED}" "Amy\\n::error::FORGED" {{
  assign role guard at site "HQ\\n::error file=x::FORGED" until 2026-12-31 because "so\\n::error::FORGED"
  assign role guard
  assign role boss
}}
review user "{ESCAPED}" every 30 days last 2026-01-01 by "x\\n::error::FORGED"
"""
UNSHOWN = "caf\u00e9 \x85\u2028\u2029\u202e\u2066\x7f\ufeff\U000e0041\U0001f511"
SHOWN = f"""\
resource customer {{ actions view }}
role guard {{ grant view on customer }}
user "{escaped(UNSHOWN)}" {{ assign role guard }}
"""
ASKED = ["--policies", "h", "--now", NOW]
COMMANDS = [
    *(
        ["check", "h", "--now", NOW, "--format", each]
        for each in ("text", "json", "sarif", "github", "gitlab", "junit")
    ),
    *(["test", "h", "--format", each] for each in ("text", "json", "junit")),
    *(["agenda", "h", "--now", NOW, "--format", each] for each in ("text", "json", "icalendar")),
    *(["who-can", "view", "customer", *ASKED, "--format", each] for each in ("text", "json", "csv")),
    *(["access", BREAKS, *ASKED, "--format", each] for each in ("text", "json", "csv")),
    *(["decide", BREAKS, "view", "--resource", "customer", *ASKED, "--format", each] for each in ("text", "json")),
    ["decide", BREAKS, "\n::error::FORGED", "--resource", "customer", *ASKED],
    ["eligible", "customer.\n::error::FORGED", *ASKED],
    *(["diff", "p", "h", "--now", NOW, "--format", each] for each in ("text", "json", "markdown")),
    ["diff", "p\n::error::FORGED", "h"],
    ["check", "\n::error::FORGED"],
    ["check", "--select", "\n::error::FORGED", "h"],
    ["check", "--no\n::error::FORGED", "h"],
    ["explain", "\n::error::FORGED"],
    ["compile", "h"],
    ["compile", "h", "-o", "gone\n::error::FORGED/x"],
    ["test", "h", "--generate"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda each: " ".join(each[:1] + each[-2:])[:40].replace("\n", " "))
def test_no_line_begins_with_text_of_the_policies(folder: Path, arguments: list[str]) -> None:
    (folder / "h").mkdir()
    (folder / "h/a.policy").write_text(HOSTILE, encoding="utf-8")
    quoted = "".join(f"\\u{ord(each):04x}" for each in BREAKS)
    tests = f'tests: [{{name: "first\\n::error::FORGED", user: "{quoted}", deny: {{view: [d]}}}}]'
    scenarios = f"policies: .\nnow: {NOW}\nrecords: {{d: {{resource: customer}}}}\n{tests}\n"
    (folder / "h/a.test.yaml").write_text(scenarios, encoding="utf-8")
    result = policylang(*arguments)
    said = result.stdout + result.stderr
    assert "FORGED" in said or arguments[:2] == ["test", "h"]
    # Tables and iCalendar break long lines, but not in front of a command.
    forged = ("::stop", "::error::", *(() if {"icalendar", "text"} & {*arguments} else ("FORGED",)))
    assert not [line for line in said.splitlines() if line.lstrip().startswith(forged)]
    assert "\x1b[2J" not in said
    assert "\u202e" not in said


@pytest.mark.parametrize("target", [None, *NAMES])
def test_compiled_json_shows_itself_and_says_the_same(folder: Path, target: str | None) -> None:
    """On standard output as in the file, for every target; escapes change neither values nor the digest."""
    (folder / "h").mkdir()
    (folder / "h/a.policy").write_text(SHOWN, encoding="utf-8")
    if target is None:
        printed = policylang("compile", "h").stdout
        (folder / "out").mkdir()
        assert policylang("compile", "h", "-o", "out/x.json").exit_code == 0
        assert (folder / "out/x.json").read_text(encoding="utf-8") == printed
        loaded = from_json(printed.encode())
        assert [each.id for each in loaded.users] == [UNSHOWN]
        assert from_json(json.dumps(json.loads(printed)).encode()) == loaded
        content = {name: each for name, each in json.loads(printed).items() if name != "digest"}
        plain = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert loaded.digest == f"sha256:{hashlib.sha256(plain.encode()).hexdigest()}"
    else:
        assert policylang("compile", "h", "--target", target, "-o", "out").exit_code == 0
    for path in [path for path in (folder / "out").rglob("*") if path.suffix in (".json", ".yaml")]:
        text = path.read_text(encoding="utf-8")
        assert all(map(str.isprintable, text.split("\n"))), path


# --- paths ---------------------------------------------------------------------------------------------------

BYTES = os.fsdecode(b"bad\xff name")


@pytest.mark.parametrize(
    "arguments",
    [
        *(["check", BYTES, "--now", NOW, "--format", each] for each in ("text", "json", "sarif", "github", "gitlab")),
        ["check", BYTES, "--now", NOW, "--format", "junit"],
        ["check", BYTES, "--now", NOW, "-o", f"{BYTES}/out"],
        ["check", BYTES, "--now", NOW, "--write-baseline", f"{BYTES}/b.json"],
        ["check", f"{BYTES}/a.policy", "--now", NOW, "--diff"],
        ["compile", BYTES],
        ["compile", BYTES, "-o", f"{BYTES}/out.json"],
        ["compile", BYTES, "--target", "rego", "-o", f"{BYTES}/rego"],
        *(["test", BYTES, "--coverage", "--format", each] for each in ("text", "json", "junit")),
        ["test", BYTES, "--coverage-json", "c.json", "--coverage-lcov", "c.info"],
        ["test", BYTES, "--generate", "-o", f"{BYTES}/g.test.yaml"],
        ["test", BYTES, "--generate"],
        *(["agenda", BYTES, "--now", NOW, "--format", each] for each in ("text", "json", "icalendar")),
        ["decide", "ann", "view", "--resource", "doc", "--policies", BYTES, "--now", NOW, "--format", "json"],
        ["diff", BYTES, "p", "--now", NOW, "--format", "json"],
        ["fmt", BYTES],
        ["fmt", BYTES, "--diff"],
        ["init", BYTES],
        ["explain", BYTES],
    ],
    ids=lambda each: " ".join(each).encode("ascii", "replace").decode(),
)
def test_names_that_are_not_utf_8(folder: Path, arguments: list[str]) -> None:
    """A report or a plain error."""
    try:
        (folder / BYTES).mkdir()
    except OSError:
        pytest.skip("the file system has no such names")
    (folder / BYTES / "a.policy").write_text(POLICIES, encoding="utf-8")
    (folder / BYTES / "a.test.yaml").write_text(SCENARIOS, encoding="utf-8")
    result = policylang(*arguments)
    assert result.exit_code in (0, 1, 2)
    assert result.stdout or result.stderr or result.exit_code == 0
    assert "mistake in policylang" not in result.stderr


def test_ids_that_begin_like_commands(folder: Path) -> None:
    """They stand at the beginning of rows."""
    users = 'user "::error::x" "Ann" { assign role boss }\nuser "##[error]x" { assign role boss }\n'
    (folder / "p/b.policy").write_text(users, encoding="utf-8")
    for format_, shown in (
        ("text", ("\\u{3A}:error::x", "\\u{23}#[error]x")),
        ("csv", ('"::error::x",', '"##[error]x",')),
    ):
        said = policylang("who-can", "view", "doc", "--policies", "p", "--now", NOW, "--format", format_).stdout
        assert all(any(line.startswith(each) for line in said.splitlines()) for each in shown), said
