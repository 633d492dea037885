"""The action and the templates are what GitHub and GitLab take, by the schemas that these publish."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.ci.runner import ACTION, GITLAB
from tests.ci.scratch import ROOT
from tests.docs.blocks import DOCUMENTS, blocks

SCRIPTS = sorted((ROOT / "ci").glob("*.sh"))


def accepts(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_action() -> None:
    accepts("github-actions", ROOT / "action.yml")


def test_gitlab() -> None:
    accepts("gitlab-ci", ROOT / "ci" / "gitlab.yml")


@pytest.mark.parametrize(("schema", "folder"), [("github-workflows", ".github/"), ("gitlab-ci", ".gitlab-ci")])
def test_examples_of_the_documentation(schema: str, folder: str, tmp_path: Path) -> None:
    shown = [block for file in DOCUMENTS for block in blocks(file) if block.info.startswith(f"yaml file={folder}")]
    assert shown
    for number, block in enumerate(shown):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block.text, encoding="utf-8")
        accepts(schema, path)


def test_examples_of_the_documentation_give_inputs_that_there_are() -> None:
    found = 0
    for block in (block for file in DOCUMENTS for block in blocks(file) if block.info.startswith("yaml file=.github/")):
        for job in yaml.safe_load(block.text)["jobs"].values():
            for step in job["steps"]:
                if "policylang@" in step.get("uses", ""):
                    found += 1
                    assert step.get("with", {}).keys() <= ACTION["inputs"].keys()
    assert found


def test_nothing_is_spliced_into_commands() -> None:
    """What GitHub replaces in a command is code by then, whoever wrote it."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    files = [*SCRIPTS, *(block for file in DOCUMENTS for block in blocks(file) if "file=.github/" in block.info)]
    for file in files:
        if isinstance(file, Path):
            assert "${{" not in file.read_text(encoding="utf-8")
        else:
            for job in yaml.safe_load(file.text)["jobs"].values():
                assert not [step for step in job["steps"] if "${{" in step.get("run", "")], file.where


def test_inputs_and_variables_are_used() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([a-z-]+)", text)) == ACTION["inputs"].keys()
    for step in ACTION["runs"]["steps"]:
        if "run" in step:
            (name,) = re.findall(r"ci/[a-z]+\.sh", step["run"])
            script = (ROOT / name).read_text(encoding="utf-8")
            assert set(step["env"]) == set(re.findall(r"^#   (POLICYLANG_\w+)", script, flags=re.MULTILINE))
    variables = set(re.findall(r"POLICYLANG_\w+", str(GITLAB)))
    head = (ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8").partition(".policylang:")[0]
    assert set(re.findall(r"^#   (POLICYLANG_\w+)", head, flags=re.MULTILINE)) == variables


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
