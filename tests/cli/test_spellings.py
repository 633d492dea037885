"""`.yml` is read wherever `.yaml` is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from policylang.settings.config import FILE_NAMES, read_config
from policylang.testing.scenario import SUFFIXES
from tests.cli.checking import policylang
from tests.cli.conftest import FILES, NOW, ROOT
from tests.cli.test_outputs import OUTPUTS, content


@pytest.fixture
def short(folder: Path) -> Path:
    """The policy set with every YAML file named `.yml`."""
    for name in FILES:
        if name.endswith(".yaml"):
            (folder / name).rename(folder / name.replace(".yaml", ".yml"))
    return folder


@pytest.mark.parametrize("what", OUTPUTS)
@pytest.mark.parametrize("name", ["p/policylang.yml", "p/people.csv", "p/a.test.yml", "policylang.yml"])
def test_outputs_replace_neither(short: Path, what: str, name: str) -> None:
    before = content(short)
    result = policylang(*OUTPUTS[what], name)
    assert (result.exit_code, content(short)) == (2, before)
    assert "not written: this is " in result.stderr


def test_the_config_counts_and_scenarios_run(short: Path) -> None:
    assert policylang("test", "p").stdout == "1 passed, 0 failed in 1 file\n"
    done = policylang("decide", "ann", "view", "doc", "--policies", "p", "--now", NOW)
    assert done.stdout.startswith("allowed"), done.output


def test_a_folder_with_a_config_is_a_set_of_its_own(short: Path) -> None:
    (short / "p/inner").mkdir()
    (short / "p/inner/b.policy").write_text("resource doc { actions view }\n")
    assert "PL102" in policylang("check", "p", "--now", NOW).output
    (short / "p/inner/policylang.yml").write_text("format: {line_width: 80}\n")
    assert "PL102" not in policylang("check", "p", "--now", NOW).output


def test_unknown_rules_are_said_of_the_file_that_names_them(short: Path) -> None:
    (short / "p/policylang.yml").write_text("severities: {PL299: off}\n")
    assert "error: p/policylang.yml: " in policylang("check", "p", "--now", NOW).output


@pytest.mark.parametrize("where", ["p", "."])
@pytest.mark.parametrize("arguments", [["check", "p"], ["fmt", "--check", "p"], ["compile", "p"], ["test", "p"]])
def test_two_configs_in_one_folder_are_an_error(folder: Path, where: str, arguments: list[str]) -> None:
    if where == ".":
        (folder / "p/policylang.yaml").rename(folder / "policylang.yaml")
    (folder / where / "policylang.yml").write_text("{}\n")
    result = policylang(*arguments)
    assert result.exit_code == 2
    place = re.escape(f"{where}/policylang.yaml:1:1".removeprefix("./"))
    assert re.search(f"^error: {place}: `policylang.yml` is here too$", result.output, re.MULTILINE)


def test_revisions_are_read_alike(short: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.test", "-c", "commit.gpgsign=false")
        subprocess.run(("git", *who, *arguments), check=True, capture_output=True)

    (short / "p/policylang.yml").unlink()
    (short / "policylang.yml").write_text("roots: [p]\ndirectory: [p/people.csv]\n")
    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "one")
    (short / "p/people.csv").write_text("id,role\n")
    done = policylang("diff", "main", "p", "--now", NOW, "--format", "json")
    assert "ann" in done.stdout, done.output
    (short / "policylang.yaml").write_text("{}\n")
    git("add", ".")
    git("commit", "-m", "two")
    done = policylang("diff", "main~..main", "--now", NOW)
    assert (done.exit_code, "`policylang.yml` is here too" in done.stderr) == (2, True)


def test_the_same_settings_come_of_both(tmp_path: Path) -> None:
    for name in FILE_NAMES:
        (tmp_path / name).write_text("format: {line_width: 77}\n")
        assert read_config(tmp_path / name).format.line_width == 77
        (tmp_path / name).unlink()


def test_what_runs_commands_for_people_knows_both() -> None:
    hooks = {each["id"]: each["files"] for each in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    for id_, names in (
        ("policylang-check", FILE_NAMES),
        ("policylang-test", (*FILE_NAMES, *(f"a{each}" for each in SUFFIXES))),
    ):
        for name in names:
            assert re.search(hooks[id_], f"policies/{name}"), (id_, name)
    jobs = yaml.safe_load(
        (ROOT / "ci/gitlab.yml").read_text().partition("\n---\n")[2] or (ROOT / "ci/gitlab.yml").read_text()
    )
    assert [f"**/*{each}" for each in SUFFIXES] == jobs["policylang-test"]["rules"][0]["exists"]


@pytest.mark.parametrize("name", FILE_NAMES)
@pytest.mark.parametrize("made", ["fifo", "folder", "dangling"])
@pytest.mark.parametrize("arguments", [["check", "p"], ["fmt", "--check", "p"], ["compile", "p"]])
def test_a_config_that_cannot_be_read_is_not_passed_over(
    folder: Path, name: str, made: str, arguments: list[str]
) -> None:
    (folder / "p/policylang.yaml").unlink()
    path = folder / "p" / name
    {"fifo": lambda: os.mkfifo(path), "folder": path.mkdir, "dangling": lambda: path.symlink_to("nothing")}[made]()
    result = policylang(*arguments)
    words = "this link is broken" if made == "dangling" else "cannot be read: not a regular file"
    assert (result.exit_code, f"error: p/{name}: {words}" in result.output) == (2, True)
