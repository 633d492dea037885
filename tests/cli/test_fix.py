"""`policylang check --fix` and `--diff`: what is written, what is not, and what is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import Result

from policylang.check.fix import mend
from policylang.cli import fixing
from tests.cli.checking import NOW, Check, codes, policylang

SET = """\
resource doc "Document" { created : datetime  actions view }
policy newer_than(age: duration) "Newer" on doc { created within age }
group sales "Sales" {
  grant view on doc
  policy newer_than(30 days)
  policy newer_than(60 days)
}
user "amy@x" in sales
"""
FIXED = SET.replace("  policy newer_than(60 days)\n", "")
PARTS = {
    "who.policy": 'group staff "Staff" { grant view on doc }\nuser "amy@x" in staff\ndeny delete on doc\n',
    "what.policy": 'resource doc "Doc" { actions view, delete }\n',
}
"""The deny does nothing: nobody may delete."""


def test_what_does_nothing_is_taken_out(check: Check, write, tmp_path: Path) -> None:
    write("policies/a.policy", SET)
    write("policies/b.policy", "# nothing\r\n")
    result = check("--fix")
    assert (result.exit_code, result.stderr) == (0, "fixed 1 finding in 1 file\n")
    assert result.stdout == f"no findings in 2 files, as of {NOW}; 6 statements, 1 user\n"
    assert (tmp_path / "policies/a.policy").read_text() == FIXED
    assert (tmp_path / "policies/b.policy").read_bytes() == b"# nothing\r\n"
    again = check("--fix")
    assert (again.exit_code, again.stderr) == (0, "fixed nothing\n")


@pytest.mark.parametrize("format_", ["json", "sarif", "gitlab", "junit", "github"])
def test_every_format_has_what_remains(check: Check, write, format_: str) -> None:
    write("policies/a.policy", SET.replace('"Sales"', ""))
    result = check("--fix", "--format", format_)
    assert result.stderr == "fixed 1 finding in 1 file\n"
    assert "PL701" in result.stdout
    assert '"PL204"' not in result.stdout.partition('"results"')[2] + result.stdout.partition('"findings"')[2]
    assert result.stdout == check("--format", format_).stdout


def test_the_exit_code_is_about_what_remains(check: Check, write) -> None:
    write("policies/a.policy", SET + 'user "bo@x" { append policy newer_than(60 days) on doc }\n')
    assert check("--fix", "--fail-level", "info", "--select", "PL204").exit_code == 0
    assert check("--fix", "--select", "PL204,PL701", "--fail-level", "info").exit_code == 0
    write("policies/a.policy", SET.replace('"Sales"', ""))
    assert check("--fix", "--fail-level", "info").exit_code == 1
    write("policies/a.policy", SET.replace('"Sales"', ""))
    assert check("--fix", "--fail-level", "info", "--exit-zero").exit_code == 0


# --- only what a run would report ----------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("--select", "PL3"), ("--ignore", "PL204"), ("--ignore", "PL2")])
def test_rules_that_do_not_run_fix_nothing(check: Check, write, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    write("policies/a.policy", SET)
    assert check("--fix", *arguments).stderr == "fixed nothing\n"
    assert (tmp_path / "policies/a.policy").read_text() == SET


def test_what_a_comment_suppresses_stays(check: Check, write, tmp_path: Path) -> None:
    text = SET.replace("(60 days)", '(60 days)  # policylang: ignore PL204 because "both are law"')
    write("policies/a.policy", text)
    assert check("--fix").stderr == "fixed nothing\n"
    assert (tmp_path / "policies/a.policy").read_text() == text


def test_what_is_in_the_baseline_stays(check: Check, write, tmp_path: Path) -> None:
    write("policies/a.policy", SET)
    check("--write-baseline", "base.json")
    more = SET.replace(
        "user", "group office { grant view on doc  policy newer_than(1 day)  policy newer_than(2 days) }\nuser"
    )
    write("policies/a.policy", more)
    assert check("--fix", "--baseline", "base.json").stderr == "fixed 1 finding in 1 file\n"
    assert (tmp_path / "policies/a.policy").read_text() == more.replace("  policy newer_than(2 days)", "")


def test_rules_left_out_by_path_fix_nothing_there(check: Check, write, tmp_path: Path) -> None:
    user = 'user "{}" in sales {{ append policy newer_than(60 days) on doc }}\n'
    write("policies/policylang.yaml", "ignores: {'generated/': [PL208]}")
    write("policies/a.policy", FIXED)
    write("policies/b.policy", user.format("bo@x"))
    generated = write("policies/generated/c.policy", user.format("cy@x"))
    result = check("--fix", "--select", "PL208")
    # Bo and Cy are alike, so that it is one finding: half of it is not mended.
    assert (result.exit_code, result.stderr) == (1, "fixed nothing\n")
    generated.unlink()
    assert check("--fix", "--select", "PL208").stderr.splitlines() == [
        "fixed 1 finding in 1 file",
        "note: policies/policylang.yaml: the pattern `generated/` of `ignores` matches no policy file",
    ]
    assert (tmp_path / "policies/b.policy").read_text() == 'user "bo@x" in sales { }\n'


def test_sets_with_errors_are_left_alone_and_others_are_not(check: Check, write, tmp_path: Path) -> None:
    write("one/a.policy", SET)
    write("two/b.policy", SET.replace("grant view", "grant veiw"))
    result = check("one", "two", "--fix", "--format", "json")
    assert (result.exit_code, codes(result)) == (1, ["PL101"])
    assert (tmp_path / "one/a.policy").read_text() == FIXED
    assert "veiw" in (tmp_path / "two/b.policy").read_text()


def test_what_was_not_proved_to_be_safe_is_told(check: Check, write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("policies/a.policy", SET)
    monkeypatch.setattr(mend, "access_change", lambda *_: "group `sales` would differ")
    result = check("--fix", "--select", "PL204", "--fail-level", "info")
    told = "note: policies/a.policy:6:3: PL204 is not fixed: group `sales` would differ\nfixed nothing\n"
    assert (result.exit_code, result.stderr) == (1, told)


# --- files ---------------------------------------------------------------------------------------------------


def test_line_breaks_and_mark_stay(check: Check, write, tmp_path: Path) -> None:
    path = write("policies/a.policy", b"\xef\xbb\xbf" + SET.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    assert check("--fix").stderr == "fixed 1 finding in 1 file\n"
    assert path.read_bytes() == b"\xef\xbb\xbf" + FIXED.replace("\n", "\r\n").encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in (tmp_path / "policies").iterdir()] == ["a.policy"]


def unchanged(result: Result, path: Path, said: str, text: str = SET) -> None:
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert path.read_text() == text
    assert [each.name for each in path.parent.iterdir() if each.name.startswith(".")] == []


def test_a_file_that_must_not_be_written(check: Check, write) -> None:
    path = write("policies/a.policy", SET)
    path.chmod(0o444)
    unchanged(check("--fix"), path, "policies/a.policy: not fixed: is read-only")


def test_a_file_that_has_changed_meanwhile(check: Check, write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("policies/a.policy", SET)
    real = fixing.write

    def later(changed) -> None:
        path.write_text(f"{SET}# later\n")
        real(changed)

    monkeypatch.setattr(fixing, "write", later)
    unchanged(check("--fix"), path, "policies/a.policy: not fixed: has changed since it was read", f"{SET}# later\n")


def test_a_disk_that_is_full(check: Check, write, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write("one/a.policy", SET), write("two/b.policy", SET)
    replace = os.replace

    def failing(source: str, target: Path) -> None:
        if target.name == "b.policy":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    result = check("one", "two", "--fix")
    unchanged(result, first, "two/b.policy: not fixed: no space left on device")
    unchanged(result, second, "no file was changed")


def test_links_inside_are_followed_and_stay(check: Check, write, tmp_path: Path) -> None:
    path = write("policies/.a.text", SET)
    (tmp_path / "policies/a.policy").symlink_to(".a.text")
    assert check("--fix").stderr == "fixed 1 finding in 1 file\n"
    assert path.read_text() == FIXED
    assert (tmp_path / "policies/a.policy").is_symlink()


def test_the_folder_may_be_a_link(check: Check, write, tmp_path: Path) -> None:
    path = write("elsewhere/a.policy", SET)
    (tmp_path / "policies").symlink_to("elsewhere")
    assert check("--fix").stderr == "fixed 1 finding in 1 file\n"
    assert path.read_text() == FIXED


@pytest.mark.parametrize("folder", [False, True])
def test_links_that_lead_out_are_not_followed(check: Check, write, tmp_path: Path, folder: bool) -> None:
    path = write("elsewhere/a.policy", SET)
    write("policies/b.policy", 'group other "Other" { grant view on doc }\n')
    name = "linked" if folder else "a.policy"
    (tmp_path / "policies" / name).symlink_to(path.parent if folder else path)
    for option in ("--fix", "--diff"):
        unchanged(check(option), path, "a link to a file outside of the policy set")


def test_a_file_in_two_policy_sets(check: Check, write) -> None:
    path = write("all/one/a.policy", SET)
    write("all/b.policy", 'user "bo@x" in sales\n')
    unchanged(check("all", "all/one", "--fix"), path, "the file is there more than once")


# --- a part of a policy set ----------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [True, False])
def test_a_part_is_not_fixed_where_the_whole_would_change(check: Check, write, config: bool) -> None:
    """The deny does nothing in the two files, and something beside the third one."""
    for name, text in PARTS.items():
        write(f"policies/{name}", text)
    grant = write("policies/more.policy", 'role editor "Editor" { grant delete on doc }\n')
    if config:
        write("policylang.yaml", "roots: [policies]")
    parts = [f"policies/{name}" for name in PARTS]
    path = grant.parent / "who.policy"
    refused = check(*parts, "--fix", "--select", "PL206")
    unchanged(refused, path, "part of the policy set `policies`, where", PARTS["who.policy"])
    assert check("policies", "--fix", "--select", "PL206").stderr == "fixed nothing\n"
    grant.unlink()
    assert check(*parts, "--fix", "--select", "PL206").stderr == "fixed 1 finding in 1 file\n"


def test_a_subfolder_is_not_fixed_where_the_whole_would_change(check: Check, write) -> None:
    write("policies/policylang.yaml", "")
    for name, text in PARTS.items():
        write(f"policies/sub/{name}", text)
    path = write("policies/sub/who.policy", PARTS["who.policy"])
    other = write("policies/more.policy", 'role editor "Editor" { grant delete on doc }\n')
    said = "part of the policy set `policies`, where role `editor` would no longer allow the same"
    unchanged(check("policies/sub", "--fix", "--select", "PL206"), path, said, PARTS["who.policy"])
    other.write_text("role editor {")
    unchanged(check("policies/sub", "--fix", "--select", "PL206"), path, "where there are errors", PARTS["who.policy"])


def test_neighbours_that_make_no_policy_set_together_do_not_count(check: Check, write) -> None:
    path = write("a.policy", SET)
    write("b.policy", SET)
    assert check("a.policy", "--fix").stderr == "fixed 1 finding in 1 file\n"
    assert path.read_text() == FIXED


# --- differences ---------------------------------------------------------------------------------------------


def test_the_difference_is_shown_and_nothing_written(check: Check, write) -> None:
    path = write("policies/a.policy", SET)
    result = check("--diff")
    assert result.exit_code == 1
    assert result.stderr == "would fix 1 finding in 1 file\n"
    lines = result.stdout.splitlines()
    assert lines[:2] == ["--- policies/a.policy", "+++ policies/a.policy"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ["-  policy newer_than(60 days)"]
    assert path.read_text() == SET
    assert check("--diff", "--exit-zero").exit_code == 0
    path.write_text(FIXED)
    clean = check("--diff")
    assert (clean.exit_code, clean.stdout, clean.stderr) == (0, "", "would fix nothing\n")


def test_a_difference_of_what_cannot_be_read(check: Check, write) -> None:
    write("policies/a.policy", SET.replace("grant view", "grant veiw"))
    result = check("--diff")
    assert (result.exit_code, result.stdout, "PL101" in result.stderr) == (1, "", True)
    assert check("nowhere", "--diff").exit_code == 2


# --- what does not go together -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("--fix", "--diff"),
        ("--diff", "--format", "json"),
        ("--fix", "--write-baseline", "base.json"),
        ("--diff", "--write-baseline", "base.json"),
    ],
)
def test_options_that_contradict_each_other(check: Check, write, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path = write("policies/a.policy", SET)
    unchanged(check(*arguments), path, ": remove --")
    assert not (tmp_path / "base.json").exists()


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_compiled_policy_sets_are_not_fixed(check: Check, write, option: str) -> None:
    path = write("policies/a.policy", SET)
    policylang("compile", "-o", "out.json")
    unchanged(check("out.json", "policies", option), path, "out.json: a compiled policy set cannot be fixed")


# --- suggestions ---------------------------------------------------------------------------------------------


def test_what_people_decide_is_suggested(check: Check, write) -> None:
    users = "".join(f'user "{name}@x" {{ assign role guard until 2026-03-31 }}\n' for name in ("amy", "bo"))
    path = write(
        "a.policy", f'resource doc "Doc" {{ actions view }}\nrole guard "Guard" {{ grant view on doc }}\n{users}'
    )
    before = path.read_text()
    result = check("a.policy", "--fix", "--select", "PL307")
    assert "\n  suggestion: remove `assign role guard until 2026-03-31` and 1 more like it\n" in result.stdout
    assert (result.exit_code, result.stderr, path.read_text()) == (1, "fixed nothing\n", before)
    assert "suggestion" not in json.loads(check("a.policy", "--format", "json").stdout)["findings"][0]
