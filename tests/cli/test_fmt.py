"""`policylang fmt`: what is written, what is only shown, and the exit codes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from policylang.project.discovery import discover
from policylang.syntax.format import layout
from tests.cli.checking import policylang
from tests.helpers import POLICIES

UNTIDY = "role   a\n\n\n\nrole b # why\n"
TIDY = "role a\n\nrole b  # why\n"
WRONG = "role {\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_formats_the_files_that_check_would_read(write, tmp_path) -> None:
    write("policylang.yaml", "roots: [crm, staff]\n")
    write("crm/a.policy", UNTIDY)
    write("crm/inner/policylang.yaml", "format: {line_width: 40}\n")
    write("crm/inner/b.policy", "policy own on customer { owner is assigned user }\n")
    write("staff/c.policy", TIDY)
    write("elsewhere/d.policy", UNTIDY)
    write("crm/.hidden/e.policy", UNTIDY)
    tidy = tmp_path / "staff/c.policy"
    os.utime(tidy, (1, 1))
    result = policylang("fmt")
    assert (result.exit_code, result.stdout) == (0, "2 files formatted, 1 already formatted\n")
    assert (tmp_path / "crm/a.policy").read_text() == TIDY
    assert (tmp_path / "crm/inner/b.policy").read_text() == ("policy own on customer {\n  owner is assigned user\n}\n")
    assert tidy.stat().st_mtime == 1
    assert (tmp_path / "elsewhere/d.policy").read_text() == UNTIDY
    assert (tmp_path / "crm/.hidden/e.policy").read_text() == UNTIDY
    assert policylang("fmt").stdout == "0 files formatted, 3 already formatted\n"


def test_a_file_has_the_width_of_the_config_nearest_to_it(write) -> None:
    text = "policy own on customer { owner is assigned user }\n"
    write("crm/policylang.yaml", "format: {line_width: 40}\n")
    narrow, wide = write("crm/deep/a.policy", text), write("b.policy", text)
    assert policylang("fmt", "b.policy", "crm/deep/a.policy").stdout == "1 file formatted, 1 already formatted\n"
    assert wide.read_text() == text
    assert narrow.read_text() == "policy own on customer {\n  owner is assigned user\n}\n"


def test_check_lists_and_changes_nothing(write) -> None:
    path = write("policies/a.policy", UNTIDY)
    write("policies/b.policy", TIDY)
    result = policylang("fmt", "--check")
    assert result.exit_code == 1
    assert result.stdout == "would format policies/a.policy\n1 file would change, 1 already formatted\n"
    assert path.read_text() == UNTIDY
    assert policylang("fmt", "--check", "policies/b.policy").exit_code == 0


def test_diff_shows_and_changes_nothing(write) -> None:
    path = write("a.policy", UNTIDY)
    result = policylang("fmt", "--diff", "a.policy")
    assert result.exit_code == 1
    assert result.stdout == (
        "--- a.policy\n+++ a.policy\n@@ -1,5 +1,3 @@\n-role   a\n+role a\n \n-\n-\n-role b # why\n+role b  # why\n"
    )
    assert path.read_text() == UNTIDY
    write("a.policy", TIDY)
    result = policylang("fmt", "--diff", "a.policy")
    assert (result.exit_code, result.stdout) == (0, "")


@pytest.mark.parametrize("data", [TIDY.replace("\n", "\r\n"), TIDY.replace("\n", "\r"), "\ufeff" + TIDY])
def test_line_breaks_and_byte_order_mark(write, data: str) -> None:
    path = write("a.policy", data.encode())
    assert policylang("fmt", "--check", "a.policy").exit_code == 1
    assert policylang("fmt", "--diff", "a.policy").stdout
    assert policylang("fmt", "a.policy").exit_code == 0
    assert path.read_bytes() == TIDY.encode()


def test_files_with_mistakes_are_left_alone_and_the_others_formatted(write) -> None:
    wrong = write("policies/a.policy", WRONG)
    right = write("policies/b.policy", UNTIDY)
    write("policies/c.policy", b"role \xff\n")
    result = policylang("fmt")
    assert result.exit_code == 2
    assert "error[PL100] syntax-error" in result.stderr
    assert "policies/c.policy:1:6: not UTF-8" in result.stderr
    assert result.stdout == "1 file formatted, 0 already formatted\n"
    assert (wrong.read_text(), right.read_text()) == (WRONG, TIDY)


def test_names_and_types_do_not_matter(write) -> None:
    write("a.policy", "group  g { grant fly on nothing }\n")
    assert policylang("fmt", "a.policy").exit_code == 0


def test_standard_input(run, write) -> None:
    write("policylang.yaml", "format: {line_width: 40}\n")
    text = "policy own on customer { owner is assigned user }"
    result = run("fmt", "-", input=b"\xef\xbb\xbf" + text.encode())
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == b"policy own on customer {\n  owner is assigned user\n}\n"
    assert run("fmt", "-", input=result.stdout).stdout == result.stdout
    assert run("fmt", "-", input=b"").stdout == b""
    assert run("fmt", "--check", "-", input=text.encode()).returncode == 1
    assert run("fmt", "--check", "-", input=result.stdout).returncode == 0
    assert b"+++ -\n" in run("fmt", "--diff", "-", input=text.encode()).stdout


@pytest.mark.parametrize("data", [WRONG.encode(), b"\xff", b" " * 2000])
def test_standard_input_that_cannot_be_formatted(run, write, data: bytes) -> None:
    write("policylang.yaml", "limits: {file_bytes: 1000}\n")
    result = run("fmt", "-", input=data)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"error" in result.stderr


def test_standard_input_by_itself(write) -> None:
    assert policylang("fmt", "-", "policies").exit_code == 2


def test_a_config_with_a_mistake_leaves_its_set_alone(write) -> None:
    write("one/policylang.yaml", "format: {line_width: 5}\n")
    untouched = write("one/a.policy", UNTIDY)
    formatted = write("two/a.policy", UNTIDY)
    result = policylang("fmt", "one", "two")
    assert result.exit_code == 2
    assert "policylang.yaml:1:22" in result.stderr
    assert (untouched.read_text(), formatted.read_text()) == (UNTIDY, TIDY)


def test_a_file_named_twice_counts_once(write) -> None:
    write("policies/a.policy", UNTIDY)
    assert policylang("fmt", "policies", "policies/a.policy").stdout == "1 file formatted, 0 already formatted\n"


def test_a_read_only_file_stays(write) -> None:
    path = write("a.policy", UNTIDY)
    path.chmod(0o444)
    result = policylang("fmt", "a.policy")
    assert result.exit_code == 2
    assert "a.policy: cannot be written: is read-only" in result.stderr
    assert path.read_text() == UNTIDY


def test_links_and_permissions_stay(write, tmp_path) -> None:
    path = write("real.policy", UNTIDY)
    path.chmod(0o640)
    (tmp_path / "link.policy").symlink_to(path)
    assert policylang("fmt", "link.policy").exit_code == 0
    assert (tmp_path / "link.policy").is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == (TIDY, 0o640)


def test_a_file_that_would_grow_beyond_the_limit_stays(write) -> None:
    write("policylang.yaml", "limits: {file_bytes: 60}\n")
    text = "resource a { x : text yyyyyyyyyyyyyyy : text\n z : text }\n"
    path = write("a.policy", text)
    result = policylang("fmt", "a.policy")
    assert result.exit_code == 2
    assert "larger than 60 bytes" in result.stderr
    assert path.read_text() == text


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("role a", "role x"),
        lambda text: text.replace("# why", "# how"),
        lambda text: text.replace("  # why", "\n# why"),
    ],
)
def test_a_layout_that_says_something_else_is_not_written(write, monkeypatch, damage) -> None:
    def damaged(*arguments: object) -> str:
        return damage(layout.laid_out(*arguments))

    monkeypatch.setattr("policylang.syntax.format.laid_out", damaged)
    path = write("a.policy", UNTIDY)
    result = policylang("fmt", "a.policy")
    assert result.exit_code == 2
    assert "formatting would change what the file says" in result.stderr
    assert path.read_text() == UNTIDY


def test_examples_and_the_starter_are_formatted() -> None:
    result = policylang("fmt", "--check", str(POLICIES))
    assert result.exit_code == 0, result.stdout
    assert sum(len(set_.sources) for set_ in discover([str(POLICIES)])) > 20
