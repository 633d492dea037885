"""What is installed from a wheel works in an empty folder, without the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(name for name in names if name.endswith("METADATA"))
        text = archive.read(metadata).decode()
    assert {"policylang/grammar/policylang.lark", "policylang/syntax/tables.json"} <= names
    assert "policylang/starter/company.policy" in names
    assert "policylang/py.typed" in names
    assert {"policylang/web/app.js", "policylang/web/app.css", "policylang/web/editor.js"} <= names
    assert {f"policylang/schemas/{name}.schema.json" for name in ("ir", "config", "scenario")} <= names
    assert not any(name.startswith(("tests", "benchmarks", "tools", "policies")) for name in names)
    assert "License-Expression: Apache-2.0" in text


def test_commands_work_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    empty = tmp_path / "empty"
    empty.mkdir()

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        command = [sys.executable, "-m", "policylang", *arguments]
        return subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True)

    where = [sys.executable, "-c", "import policylang; print(policylang.__file__)"]
    shown = subprocess.run(
        where, cwd=empty, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True
    )
    assert shown.stdout.startswith(str(site))
    assert run("init").returncode == 0
    assert run("check").returncode == 0
    assert run("compile", "-o", "out.json").returncode == 0
    assert run("report").returncode == 0
    assert (empty / "access.html").stat().st_size > 100_000
    assert (empty / "out.json").stat().st_size > 1000
