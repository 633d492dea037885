"""What commands say besides their answer: what they wrote, why they fail, what was meant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policylang.cli.main import commands

NOW = "2026-11-21T12:00:00Z"
SET = """\
resource doc "Document" { owner : user  actions view }
role clerk "Clerk" { grant view on doc }
user "ann@x" { assign role clerk }
"""
MORE = 'role other "Other" { grant view on doc }\n'


def policylang(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments)


def git(*arguments: str) -> None:
    named = ("-c", "user.name=a", "-c", "user.email=a@x", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *named, *arguments], check=True, capture_output=True, timeout=60)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    Path("policies/a.policy").write_text(SET)
    return tmp_path


def test_compile_says_what_it_wrote() -> None:
    result = policylang("compile", "-o", "out.json")
    assert (result.exit_code, result.stderr) == (0, "wrote out.json\n")
    assert policylang("compile").stderr == ""
    bundle = policylang("compile", "--target", "cedar", "-o", "bundle")
    count = sum(each.is_file() for each in Path("bundle").rglob("*"))
    assert (bundle.exit_code, bundle.stderr) == (0, f"wrote {count} files to bundle\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("decide", "policies", "view", "doc"),
        ("access", "policies"),
        ("sql", "policies", "view", "doc"),
        ("who-can", "view", "policies"),
        ("eligible", "policies"),
    ],
)
def test_a_path_in_the_place_of_a_name_is_told(arguments: tuple[str, ...]) -> None:
    result = policylang(*arguments)
    assert result.exit_code == 2
    assert "name policy files with `--policies policies`" in result.output


def test_a_user_who_is_called_like_a_folder_is_a_user() -> None:
    Path("policies/a.policy").write_text(SET.replace("ann@x", "policies"))
    assert policylang("access", "policies").exit_code == 0


def test_one_revision_is_compared_with_the_working_tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git("init")
    git("add", ".")
    git("commit", "-m", "a")
    assert policylang("diff", "main", "--now", NOW).output.startswith("no change in access")
    Path("policies/b.policy").write_text(MORE)
    assert "role `other`" in policylang("diff", "main", "--now", NOW).output
    Path("policies/policylang.yaml").write_text("")
    monkeypatch.chdir(folder / "policies")
    assert "role `other`" in policylang("diff", "main", "--now", NOW).output


def test_a_folder_alone_is_compared_with_nothing() -> None:
    result = policylang("diff", "policies")
    assert result.exit_code == 2
    assert "name what to compare policies with" in result.output


def test_a_comparison_that_fails_says_why() -> None:
    Path("new").mkdir()
    Path("new/a.policy").write_text(SET + MORE)
    failed = policylang("diff", "policies", "new", "--now", NOW, "--fail-on", "gained", "--format", "json")
    assert failed.exit_code == 1
    assert "1 change fails `--fail-on gained`" in failed.stderr
    assert policylang("diff", "policies", "new", "--now", NOW).stderr == ""
    assert policylang("diff", "new", "policies", "--now", NOW, "--fail-on", "gained").stderr == ""


def test_a_pattern_of_ignores_that_matches_nothing_is_told() -> None:
    Path("policies/policylang.yaml").write_text('ignores:\n  "legacy/*": [PL7]\n  "a.*": [PL7]\n')
    result = policylang("check", "--select", "PL7", "--now", NOW)
    assert result.stderr == (
        "note: policies/policylang.yaml: the pattern `legacy/*` of `ignores` matches no policy file\n"
    )
    assert policylang("check", "policies/a.policy", "--select", "PL7", "--now", NOW).stderr == ""


def test_suppressions_take_the_names_of_rules() -> None:
    ignored = SET.replace("role clerk", '# policylang: ignore missing-label, PL402 because "x"\nrole clerk')
    Path("policies/a.policy").write_text(ignored.replace(' "Clerk"', ""))
    report = policylang("check", "--select", "PL701", "--now", NOW).output
    assert report.startswith("no findings in 1 file, 1 suppressed")
    Path("policies/a.policy").write_text("# policylang: ignore mising-label\n" + SET)
    assert "did you mean `missing-label`?" in policylang("check", "--now", NOW).output
