"""The pictures of the web application in the documentation, made anew: `make pictures`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import web
from tools.engines import MissingError

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
POLICIES = "policies/tracktik"
CHANGED = "tests/web/changed"
AT = "2026-11-21T12:00:00-07:00"


def make() -> None:
    """Make all of them. Raises `MissingError`."""
    web.built()
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, exploring(POLICIES) as address:
        folder = Path(name)
        reports = {"tracktik": _report(folder / "tracktik.html", POLICIES), "shop": _shop(folder)}
        jobs = {"reports": reports, "explore": address, "pictures": str(FOLDER)}
        command = ["node", str(ROOT / "tools" / "pictures.mjs"), str(web.installed()), *web.browser()]
        node = shutil.which(command[0])
        if node is None:
            raise MissingError("node is not there: install Node.js")
        subprocess.run([node, *command[1:]], input=json.dumps(jobs), text=True, check=True)


def _report(path: Path, policies: str, *more: str) -> str:
    command = [sys.executable, "-m", "policylang", "report", policies, "--now", AT, "-o", str(path), *more]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return str(path)


def _shop(folder: Path) -> str:
    return _report(
        folder / "shop.html", f"{CHANGED}/new", "--against", f"{CHANGED}/old", "--usage", f"{CHANGED}/log.csv"
    )


@contextmanager
def exploring(policies: str) -> Iterator[str]:
    """The explorer, and its address."""
    command = [sys.executable, "-m", "policylang", "explore", policies, "--no-browser", "--now", AT]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def main() -> int:
    """Make the pictures; the exit code."""
    try:
        make()
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    for path in sorted(FOLDER.glob("*.png")):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
