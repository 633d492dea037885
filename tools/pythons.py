"""Every other Python here that policylang supports, each with what policylang needs: environments for tests.

    python -m tools.pythons   # makes what is missing, and says where each is

Found are `python3.11` and later on PATH, and those of pyenv. Each version has a virtual environment in `build/pythons`,
in a folder named after what is installed, so a change of that is a new folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "pythons"
_CONSTRAINTS = ROOT / "constraints.txt"
_NAMES = [f"python3.{minor}" for minor in range(11, 20)]
_SAY = "import platform as p; print(p.python_implementation() == 'CPython' and p.python_version())"


class MissingError(Exception):
    """An environment could not be made; says which, and why."""


@cache
def found() -> dict[str, Path]:
    """Those of other versions than this one that start, by version; of two the same, the one that is first on PATH."""
    pythons: dict[str, Path] = {}
    for path in (*_on_path(), *_of_pyenv()):
        version = _version(path)
        if version and version != platform.python_version():
            pythons.setdefault(version, path)
    return dict(sorted(pythons.items(), key=lambda each: [int(part) for part in each[0].split(".")]))


def _on_path() -> Iterator[Path]:
    for folder in os.get_exec_path():
        yield from (path for name in _NAMES if (path := Path(folder, name)).is_file())


def _of_pyenv() -> Iterator[Path]:
    """Pyenv's own commands on PATH start only the versions that somebody chose."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for name in _NAMES:
        version = name.removeprefix("python")
        yield from sorted(root.glob(f"versions/{version}.*/bin/{name}"))


def _version(python: Path) -> str | None:
    """Its version, if it is a release that starts."""
    try:
        said = subprocess.run([python, "-I", "-c", _SAY], check=False, capture_output=True, text=True, timeout=60)
    except OSError:
        return None
    version = said.stdout.strip()
    return version if version.replace(".", "").isdecimal() else None


def installed(version: str, python: Path) -> Path:
    """The Python of a version's environment, made where it is missing. Raises `MissingError` where that fails."""
    wanted = (ROOT / "pyproject.toml").read_bytes() + _CONSTRAINTS.read_bytes()
    folder = FOLDER / hashlib.sha256(wanted).hexdigest()[:12] / version
    made = folder / "made"
    if not made.exists():
        _run(version, [python, "-m", "venv", "--clear", "--without-pip", folder])
        pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python"]
        options = ["--quiet", "--disable-pip-version-check", "--constraint", _CONSTRAINTS]
        _run(version, [*pip, "install", *options, "--editable", f"{ROOT}[calendar,parquet]"])
        made.touch()
    return folder / "bin" / "python"


def _run(version: str, command: list[str | Path]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise MissingError(f"no environment for Python {version}:\n{done.stderr}{done.stdout}")


def main() -> int:
    """Make all of them; the exit code."""
    try:
        for version, python in found().items():
            print(version, installed(version, python))
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
