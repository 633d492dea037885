"""`policylang rightsize`"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from policylang.cli.main import commands
from policylang.decisionlog.entry import FORMAT, LoggedDecision, encode
from policylang.schemas import SCHEMAS
from policylang.usage.rightsize import rightsize
from tests.usage.helpers import POLICIES

LOG = """\
user,action,resource,time
ann,view,doc,2026-08-01T08:00:00Z
ann,view,doc,2026-11-20T08:00:00Z
ben,delete,doc,2026-11-20T08:00:00Z
ben,view,doc,2026-11-20T08:00:00Z
cy,view,doc,2026-11-20T08:00:00Z
nobody,view,doc,2026-11-20T08:00:00Z
"""
AFTER = POLICIES.replace("grant view, modify on doc", "grant view on doc").replace(
    "assign role clerk  assign role cleaner }", "assign role clerk }"
)


@pytest.fixture
def here(write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("p/a.policy", POLICIES)
    write("log.csv", LOG)
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    asked = ["rightsize", "log.csv", "p", "-o", "out", "--now", "2026-11-21T12:00:00Z"]
    result = CliRunner().invoke(commands, [*asked, *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def patched(here: Path) -> bytes:
    """The policy file after all patches."""
    for patch in sorted((here / "out").glob("*.patch")):
        applied = ["git", "apply", "--whitespace=nowarn", str(patch)]
        subprocess.run(applied, cwd=here, check=True, capture_output=True)
    return (here / "p" / "a.policy").read_bytes()


def test_patches_and_report(here: Path) -> None:
    code, said = run()
    assert code == 1
    assert "1 of 6 rows cannot be used: `policylang usage` says why\n" in said
    assert "0001-user-cy.patch: take from user `cy` what they do not use\n" in said
    never = "never used since the log begins, on 2026-08-01"
    assert f"  modify on `doc` of role `clerk`: {never}; 2 users have it\n" in said
    assert "  role `clerk` (`ann`, `cy`) loses modify on `doc`\n" in said
    assert said.endswith("2 changes proposed, 0 not proved, as of 2026-11-21T12:00:00Z\nwrote 3 files to out\n")
    report = json.loads((here / "out/report.json").read_text())
    Draft202012Validator(SCHEMAS["rightsize"]()).validate(report)
    assert [each["patch"] for each in report["proposals"]] == ["0001-user-cy.patch", "0002-role-clerk.patch"]
    assert sorted(each.name for each in (here / "out").iterdir()) == [
        "0001-user-cy.patch",
        "0002-role-clerk.patch",
        "report.json",
    ]
    assert (here / "p/a.policy").read_text() == POLICIES
    assert patched(here).decode() == AFTER


def test_written(here: Path) -> None:
    code, said = run("--write")
    assert code == 1
    assert said.endswith("wrote 3 files to out, changed 1 policy file\n")
    assert (here / "p/a.policy").read_text() == AFTER


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: f"\ufeff{text}",
        lambda text: f"\ufeff{text}".replace("\n", "\r\n").rstrip(),
    ],
)
def test_patches_say_what_write_does(here: Path, change: Callable[[str], str]) -> None:
    (here / "p/a.policy").write_bytes(change(POLICIES).encode())
    assert run()[0] == 1
    by_patches = patched(here)
    (here / "p/a.policy").write_bytes(change(POLICIES).encode())
    assert run("-o", "again", "--write")[0] == 1
    assert (here / "p/a.policy").read_bytes() == by_patches == change(AFTER).encode()


@pytest.mark.parametrize(("cwd", "applied_in"), [("p", "p"), ("other", "p"), (".", ".")])
def test_patches_apply_here_or_where_the_policies_are(
    here: Path, monkeypatch: pytest.MonkeyPatch, cwd: str, applied_in: str
) -> None:
    (here / "other").mkdir()
    monkeypatch.chdir(here / cwd)
    asked = ["rightsize", str(here / "log.csv"), str(here / "p"), "-o", str(here / "out")]
    said = CliRunner().invoke(commands, [*asked, "--now", "2026-11-21T12:00:00Z"]).output
    assert (f"to be applied in {here / 'p'}" in said) == (cwd == "other")
    for patch in sorted((here / "out").glob("*.patch")):
        subprocess.run(["git", "apply", str(patch)], cwd=here / applied_in, check=True, capture_output=True)
    assert (here / "p/a.policy").read_text() == AFTER


def test_the_names_of_files_may_have_blanks(here: Path) -> None:
    """`git apply` knows where a name ends by what is behind it, `patch` by a tab alone."""
    (here / "p/a.policy").rename(here / "p/a b.policy")
    run()
    assert "\n--- a/p/a b.policy\t\n+++ b/p/a b.policy\t\n" in (here / "out/0001-user-cy.patch").read_text()
    (here / "p/a.policy").write_text("")
    patched(here)
    assert (here / "p/a b.policy").read_text() == AFTER


def test_json(here: Path) -> None:
    _, said = run("--format", "json")
    assert said == (here / "out/report.json").read_text()


def test_nothing_to_take_out(here: Path) -> None:
    code, said = run("--keep", "role clerk", "--keep", "user cy")
    assert code == 0
    assert "unused and left alone:\n  modify on `doc` of role `clerk`: kept\n" in said
    assert [each.name for each in (here / "out").iterdir()] == ["report.json"]
    code, said = run("-o", "more", "--days", "300")
    assert code == 0
    assert "nothing is called unused; ask for fewer with `--days`" in said


def test_what_is_granted_elsewhere_as_well(here: Path, write: Callable[..., Path]) -> None:
    write("p/a.policy", POLICIES + 'user "di" in desk { assign role clerk }\n')
    write("log.csv", f"{LOG}di,view,doc,2026-11-20T08:00:00Z\n")
    _, said = run()
    assert "used, and granted elsewhere as well (`--doubled` takes it out):\n" in said
    assert "  group `desk` of `di`: last used on 2026-11-20\n" in said
    _, said = run("-o", "more", "--doubled")
    assert ": take from user `di` what is granted elsewhere as well\n" in said
    assert "  group `desk` of `di`: last used on 2026-11-20, and everybody who used it has it from elsewhere\n" in said


@pytest.mark.parametrize("change", [lambda text: text, lambda text: text.rstrip().replace("\n", "\r\n")])
def test_a_decision_log_narrows(here: Path, change: Callable[[str], str]) -> None:
    text = "resource doc { owner : user  actions view }\nrole clerk {\n  grant view on doc\n}\n"
    text = change(f'{text}user "ann" {{ assign role clerk }}\n')
    (here / "p/a.policy").write_bytes(text.encode())
    days = [f"2026-11-20T08:{n:02}:00Z" for n in range(30)]
    entries = [
        LoggedDecision(FORMAT, day, day, "sha256:0", "ann", "view", "doc", True, (), 1, day, record={"owner": "ann"})
        for day in ("2026-08-01T08:00:00Z", *days)
    ]
    (here / "log.jsonl").write_bytes(b"".join(encode(each) + b"\n" for each in entries))
    asked = ["rightsize", "log.jsonl", "p", "-o", "out", "--now", "2026-11-21T12:00:00Z"]
    said = CliRunner().invoke(commands, asked).output
    assert "0001-role-clerk.patch: limit what role `clerk` grants to what was asked for\n" in said
    what = "view on `doc` of role `clerk`: only where assigned user is owner"
    assert f"  {what}: all that was asked for, last used on 2026-11-20; 1 user has it\n" in said
    assert said.count("nobody can do more, no smaller policy of the family would do\n") == 1
    report = json.loads((here / "out/report.json").read_text())
    Draft202012Validator(SCHEMAS["rightsize"]()).validate(report)
    by_patch = patched(here).decode()
    grant, own = "  grant view on doc\n", "  policy doc_owner_is_user\n"
    after = text.rstrip().replace("\r", "").replace(grant, grant + own)
    assert by_patch.replace("\r", "") == f"{after}\npolicy doc_owner_is_user on doc {{ assigned user is owner }}\n"
    assert by_patch == change(by_patch.replace("\r", "")) or by_patch.rstrip() == change(by_patch.replace("\r", ""))


@pytest.mark.parametrize("arguments", [(), ("--write",)])
def test_sources_that_changed_meanwhile_are_left_alone(
    here: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    def meanwhile(*given: Any, **named: Any) -> Any:
        made = rightsize(*given, **named)
        (here / "p/a.policy").write_text(f"# mine\n{POLICIES}")
        return made

    monkeypatch.setattr("policylang.cli.rightsize.run", meanwhile)
    code, said = run(*arguments)
    assert code == 2
    assert "p/a.policy: nothing was written: has changed since it was read" in said
    assert not (here / "out").exists()
    assert (here / "p/a.policy").read_text() == f"# mine\n{POLICIES}"


def test_a_file_that_is_not_to_be_written(here: Path) -> None:
    (here / "p/a.policy").chmod(0o444)
    code, said = run("--write")
    assert code == 2
    assert "p/a.policy: not changed: is read-only" in said
    assert (here / "p/a.policy").read_text() == POLICIES


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--keep", "role nobody"), "--keep `role nobody` names nothing: write role NAME"),
        (("--days", "0"), "--days"),
        (("-o", "p"), "the folder is not empty"),
        (("-o", "log.csv"), "the folder is not empty"),
        (("none.csv",), "there is no such file"),
        (("q",), "q"),
        (("--mapping", "none.yaml"), "cannot be read"),
    ],
)
def test_what_cannot_be_run(here: Path, arguments: tuple[str, ...], said: str) -> None:
    code, output = run(*arguments)
    assert code == 2
    assert said in output
    assert not (here / "out").exists()


def test_people_from_elsewhere_are_named_and_left_alone(here: Path, write: Callable[..., Path]) -> None:
    write("p/policylang.yaml", "directory: [people.csv]\n")
    write("p/people.csv", "id,role\ndi,clerk\n")
    _, said = run("--keep", "role cleaner", "--keep", "modify on doc")
    reason = "it does not stand in a policy file of the set: change it where it comes from"
    assert f"  role `clerk` of `di`: {reason}\n" in said
    assert said.endswith("0 changes proposed, 0 not proved, as of 2026-11-21T12:00:00Z\nwrote 1 file to out\n")


def test_one_set_at_a_time(here: Path, write: Callable[..., Path]) -> None:
    write("q/a.policy", POLICIES)
    code, said = run("q")
    assert code == 2
    assert "these are 2 policy sets" in said


def test_compiled_sets_and_broken_ones_cannot_be_changed(here: Path, write: Callable[..., Path]) -> None:
    write("empty.csv", "user,action,resource,time\n")
    write("foreign.csv", "user,action,resource,time\nx,y,z,2026-11-20T08:00:00Z\n")
    asked = ["-o", "out", "--now", "2026-11-21T12:00:00Z"]
    assert CliRunner().invoke(commands, ["compile", "p", "-o", "set.json"]).exit_code == 0
    for arguments, said in (
        (["log.csv", "set.json"], "a compiled policy set cannot be changed"),
        (["empty.csv", "p"], "the log is empty"),
        (["foreign.csv", "p"], "nothing in the log is known to the policy set"),
        (["p"], "name a log"),
    ):
        result = CliRunner().invoke(commands, ["rightsize", *arguments, *asked])
        assert result.exit_code == 2
        assert said in result.output
    write("p/a.policy", "role {\n")
    code, said = run()
    assert code == 2
    assert "PL100" in said
