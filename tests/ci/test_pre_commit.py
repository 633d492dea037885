"""The hooks, run by pre-commit itself on a scratch repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from policylang.cli.main import commands
from tests.ci.scratch import BEFORE, ROOT, TEST, WRONG, Repository, environment

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PACKAGE = ("policylang", "grammar", "policies/quickstart", "pyproject.toml", "README.md", "LICENSE", "hatch_build.py")


def test_the_manifest_is_one() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_run_commands_that_there_are(hook) -> None:
    program, command, *options = hook["entry"].split()
    assert (program, options) == ("policylang", [])
    assert command in commands.list_commands(None)


def _hook_repository(folder: Path, home: Path) -> tuple[Repository, str]:
    """This repository as it stands here, committed or not: what a wheel is made of, and the hooks."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in (*PACKAGE, ".pre-commit-hooks.yaml"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=ignore)
        else:
            shutil.copyfile(ROOT / name, target)
    repository = Repository(folder, home)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "hooks")
    return repository, repository.git("rev-parse", "HEAD")


def test_hooks_in_a_scratch_repository(tmp_path: Path) -> None:
    """One test, because the hooks are installed once."""
    hooks, revision = _hook_repository(tmp_path / "hooks", tmp_path)
    scratch = Repository(tmp_path / "scratch", tmp_path)
    config = {"repos": [{"repo": str(hooks.folder), "rev": revision, "hooks": [{"id": hook["id"]} for hook in HOOKS]}]}
    (scratch.folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    settings = environment(
        tmp_path, PRE_COMMIT_HOME=str(tmp_path / "cache"), PIP_CONSTRAINT=str(ROOT / "constraints.txt")
    )
    del settings["PYTHONPATH"]  # the hooks bring their own policylang

    def run(*hooks: str) -> dict[str, str]:
        """What became of each hook, by its id."""
        scratch.git("add", "--all")
        command = [sys.executable, "-m", "pre_commit", "run", "--color", "never", "--verbose", *hooks]
        done = subprocess.run(command, cwd=scratch.folder, env=settings, capture_output=True, text=True, timeout=550)
        assert "Traceback" not in done.stdout, done.stdout
        found = {}
        status = ""
        for line in done.stdout.splitlines():
            if line.startswith("policylang "):
                status = "Passed" if "Passed" in line else "Skipped" if "Skipped" in line else "Failed"
            elif line.startswith("- hook id: "):
                found[line.removeprefix("- hook id: ")] = status
        assert set(found.values()) <= {"Passed", "Failed", "Skipped"}, done.stdout + done.stderr
        assert found, done.stdout + done.stderr
        assert (done.returncode != 0) is ("Failed" in found.values()), done.stdout
        return found

    policies = scratch.folder / "policies"
    policies.mkdir()
    (policies / "a.policy").write_text(BEFORE, encoding="utf-8")
    (policies / "a.test.yaml").write_text(TEST, encoding="utf-8")
    assert run("policylang-check") == {"policylang-check": "Passed"}
    assert run("policylang-test") == {"policylang-test": "Passed"}

    # The whole set is checked, not only the file that is staged.
    scratch.commit()
    (policies / "a.policy").write_text(WRONG, encoding="utf-8")
    scratch.git("commit", "--all", "--quiet", "--no-verify", "--message", "wrong")
    (policies / "b.policy").write_text('role other "Other"\n', encoding="utf-8")
    assert run("policylang-check") == {"policylang-check": "Failed"}
    (policies / "a.policy").write_text(BEFORE, encoding="utf-8")
    assert run("policylang-check") == {"policylang-check": "Passed"}

    (policies / "a.test.yaml").write_text(TEST.replace("allow:", "deny:"), encoding="utf-8")
    assert run("policylang-test") == {"policylang-test": "Failed"}

    # What is no policy does not start them.
    scratch.git("commit", "--all", "--quiet", "--no-verify", "--message", "all")
    (scratch.folder / "notes.txt").write_text("nothing\n", encoding="utf-8")
    assert set(run().values()) == {"Skipped"}
