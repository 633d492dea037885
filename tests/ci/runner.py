"""As much of a GitHub runner as the composite action needs, and of a GitLab runner as the template needs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.ci.scratch import ROOT, environment

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GITLAB: dict[str, Any] = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


class Job:
    """Steps of the action, run in a checkout. ``summary``, ``outputs`` and ``path`` are what they left behind."""

    def __init__(self, checkout: Path, files: Path) -> None:
        files.mkdir(parents=True, exist_ok=True)
        self.checkout, self.files = checkout, files

    def step(self, id: str, inputs: dict[str, str], **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the step with these inputs; those not given are as the action says, without a pull request around it."""
        (step,) = (each for each in ACTION["runs"]["steps"] if each.get("id") == id)
        given = {name: each["default"] for name, each in ACTION["inputs"].items()} | {"base": ""} | inputs
        assert given.keys() == ACTION["inputs"].keys()
        values = {name: _INPUT.sub(lambda match: given[match[1]], text) for name, text in step["env"].items()}
        values = {name: text for name, text in values.items() if "${{" not in text}
        runner = {
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_PATH": str(self.files / "path"),
            "GITHUB_STEP_SUMMARY": str(self.files / "summary"),
            "RUNNER_TEMP": str(self.files),
        }
        return subprocess.run(
            # as runners call `shell: bash`
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env=environment(self.files, **runner, **values, **settings),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def read(self, name: str) -> str:
        path = self.files / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs, read as GitHub reads them: the last one of a name counts."""
        lines = iter(self.read("output").split("\n"))
        found = {}
        for line in lines:
            name, mark, value = re.fullmatch(r"([\w-]+)(=|<<)(.*)|()()()", line).groups()[:3]  # type: ignore[union-attr]
            if mark == "=":
                found[name] = value
            elif mark == "<<":
                text = []
                for more in lines:
                    if more == value:
                        break
                    text.append(more)
                else:
                    raise AssertionError(f"the output {name} never ends")
                found[name] = "\n".join(text)
        return found


def gitlab_job(name: str, checkout: Path, home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a job of the template, with its variables, without installing anything."""
    job = {**GITLAB[".policylang"], **GITLAB[name]}
    script = "\n".join(["set -e", "set -f", *job["script"]])
    return subprocess.run(
        ["sh", "-c", script],
        cwd=checkout,
        env=environment(home, **job["variables"] | settings),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
