"""Every Python writes the same bytes, whatever surrounds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.pythons import commands
from tools import pythons

RUN = Path(__file__).with_name("run.py")
TOKYO = {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C", "FILE_ORDER": "reversed"}
BERLIN = {
    "PYTHONHASHSEED": "4294967295",
    "TZ": "Europe/Berlin",
    # Files are ASCII where nothing else is said.
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "utf-8",
}
PLAIN = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}

Said = dict[str, list[str]]
"""By the command its exit code and what it wrote, and by the path the content of each file."""


def said(python: str | Path, folder: Path, surroundings: dict[str, str]) -> Said:
    folder.mkdir()
    commands.write(folder)
    (folder / "out").mkdir()
    asked = json.dumps(commands.commands(folder))
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "SystemRoot", "TMPDIR")}
    run = subprocess.run(
        [python, RUN, folder], input=asked.encode(), capture_output=True, env={**kept, **surroundings}, timeout=1200
    )
    assert run.returncode == 0, run.stderr.decode()
    found: Said = json.loads(run.stdout)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = [path.read_bytes().hex()]
    return found


def test_the_same_bytes(tmp_path: Path) -> None:
    """One test, so that what all are compared with is made once."""
    here = said(sys.executable, tmp_path / "here", PLAIN)
    assert [name for name, found in here.items() if "a mistake in policylang" in found[-1]] == []
    runs = {"Tokyo": (sys.executable, TOKYO), "Berlin": (sys.executable, BERLIN)}
    runs |= {version: (pythons.installed(version, python), PLAIN) for version, python in pythons.found().items()}
    for name, (python, surroundings) in runs.items():
        there = said(python, tmp_path / name, surroundings)
        assert here.keys() == there.keys(), name
        assert {each: (here[each], there[each]) for each in here if here[each] != there[each]} == {}, name
