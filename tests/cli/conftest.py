"""Running the command line, in this process and as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from policylang.cli.main import commands
from tests.cli import asking
from tests.cli.checking import Check, policylang
from tests.commands import server

ROOT = Path(__file__).parents[2]

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]

NOW = "2026-11-21T12:00:00Z"
POLICIES = """\
resource doc "Document" { actions view }
role boss "Boss" { grant view on doc }
"""
SCENARIOS = f"""\
policies: .
now: {NOW}
records: {{d: {{resource: doc}}}}
tests:
  - {{name: the boss sees it, user: ann, allow: {{view: [d]}}}}
"""
FILES = {
    "p/policylang.yaml": "directory: [people.csv]\n",
    "p/people.csv": "id,role\nann,boss\n",
    "p/a.policy": POLICIES,
    "p/a.test.yaml": SCENARIOS,
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `policylang` in an empty folder, as users do. Returns what it printed and its exit code."""
    monkeypatch.chdir(tmp_path)

    def run_policylang(*arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **options.get("env", {})}  # type: ignore[dict-item]
        if options.keys() <= {"input"}:
            given = options.get("input", b"")
            result = server().run(arguments, Path.cwd(), environment, given)  # type: ignore[arg-type]
        else:
            result = subprocess.run(
                [sys.executable, "-m", "policylang", *arguments],
                capture_output="stdout" not in options,
                timeout=120,
                **{**options, "env": environment},  # type: ignore[call-overload]
            )
        assert b"Traceback" not in (result.stderr or b""), result.stderr.decode()
        return result

    return run_policylang


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file into the folder in which commands run."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy set in `p`, in which commands run."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Run `policylang check` in an empty folder, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(*arguments: str) -> Result:
        now = () if "--now" in arguments else ("--now", NOW)
        return policylang("check", *arguments, *now)

    return run


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> asking.Ask:
    """Run a command where the policies are; it must not crash."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.policy").write_text(asking.POLICIES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str, input: bytes | None = None) -> Result:
        given = ["--now", asking.NOW] if "--now" not in arguments and arguments[0] != "access" else []
        result = CliRunner().invoke(commands, [*arguments, *given], input=input)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return run
