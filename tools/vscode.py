"""The extension for VS Code: installs what npm has for it, builds and packages it.

    python -m tools.vscode   # packages it, and says where it is

It is built in `build/vscode`, from a copy of `editors/vscode`. The versions stand in its `package-lock.json`, with the
digest of each.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.engines import MissingError

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "editors" / "vscode"
FOLDER = ROOT / "build" / "vscode"
PACKAGE = FOLDER / "policylang.vsix"
_COPIED = ("node_modules", "dist", "*.vsix")


def prepared() -> Path:
    """The folder with the extension and its packages, installed where they are not those of the lock file. Raises
    `MissingError`.
    """
    wanted = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    stamp = FOLDER / "installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ("src", "test", "syntaxes", "snippets"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    shutil.copytree(SOURCES, FOLDER, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_COPIED))
    if not stamp.is_file() or stamp.read_text() != wanted:
        # Without scripts: esbuild's binary comes as a package of its own.
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(wanted)
    return FOLDER


def run(script: str) -> str:
    """Run a script of the extension; what it printed. Raises `MissingError` where it fails."""
    return _npm("run", "--silent", script)


def packaged() -> Path:
    """The extension as a file to install. Raises `MissingError`."""
    prepared()
    run("bundle")
    run("package")
    return PACKAGE


def _npm(*words: str) -> str:
    if shutil.which("npm") is None:
        raise MissingError("the extension needs npm: install Node.js")
    environment = {**os.environ, "POLICYLANG_ROOT": str(ROOT)}
    command = ["npm", *words]
    found = subprocess.run(command, check=False, capture_output=True, text=True, cwd=FOLDER, env=environment)
    if found.returncode:
        raise MissingError(f"`npm {' '.join(words)}` failed:\n{found.stdout}{found.stderr}")
    return found.stdout


def main() -> int:
    """Package it; the exit code."""
    try:
        print(packaged())
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
