"""The playground: the web application with the compiler inside it, as static files in `build/playground`.

    python -m tools.playground

Python runs in the browser (Pyodide, from npm), with the wheels that Z3 and msgspec have for it. policylang and the pure
packages that it needs come from here, compiled ahead, because parsing them in the browser takes longer than the check.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from policylang.check.catalogue import RULES
from tools import web
from tools.engines import MissingError

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "playground"
WHEELS = ROOT / "build" / "playground-wheels"
WANTED = ("z3-solver==5.3.3.0", "msgspec==0.22.0")
_PLATFORM = ("--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14")
_PURE = ("lark", "click", "yaml", "rapidfuzz", "tzdata")
_OF_EDITOR = ("pygls", "lsprotocol", "cattrs", "attr", "attrs", "typing_extensions")
_LEFT_OUT = ("service", "mining", "targets", "editor")
_RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
_EXAMPLES = ("quickstart", "tracktik", "securitytrax")


def built() -> Path:
    """The folder with the playground, built where it is out of date. Raises `MissingError`."""
    modules = web.installed()
    web.built()
    archives = _archives()
    content = b"".join(path.read_bytes() for path in archives.values())
    digest = hashlib.sha256(content + web.digest().encode()).hexdigest()
    stamp = FOLDER / "built"
    if stamp.is_file() and stamp.read_text() == digest:
        return FOLDER
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name in _RUNTIME:
        shutil.copy(modules / "pyodide" / name, FOLDER / name)
    for path in (ROOT / "web" / "playground").iterdir():
        shutil.copy(path, FOLDER / path.name)
    for name in ("app.js", "app.css", "editor.js"):
        shutil.copy(web.BUILT / name, FOLDER / name)
    wheels = _wheels()
    for wheel in wheels:
        shutil.copy(wheel, FOLDER / wheel.name)
    (FOLDER / "wheels.json").write_text(json.dumps([wheel.name for wheel in wheels]))
    (FOLDER / "examples.json").write_text(json.dumps(examples(), ensure_ascii=False), encoding="utf-8")
    _compile(modules, {sources: FOLDER / f"{name}.zip" for name, sources in archives.items()})
    stamp.write_text(digest)
    return FOLDER


def _archives() -> dict[str, Path]:
    """The sources of everything that runs there: for checks, and what is loaded after the first one."""
    package = ROOT / "policylang"
    app = {name: _place(name) for name in _PURE}
    app |= {"policylang/grammar": ROOT / "grammar", "policylang": package}
    editor = {name: _place(name) for name in _OF_EDITOR}
    editor |= {"policylang/editor": package / "editor"}
    return {"app": _archive("app", app, _LEFT_OUT), "editor": _archive("editor", editor)}


def _archive(name: str, parts: dict[str, Path], left_out: tuple[str, ...] = ()) -> Path:
    """An archive of packages and modules, without some parts of policylang."""
    path = ROOT / "build" / f"playground-{name}.zip"
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, place in parts.items():
            _add(archive, place, part, left_out if part == "policylang" else ())
    return path


def _place(name: str) -> Path:
    """The folder of a package, or the file of a module."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise MissingError(f"the package {name} is not installed")
    origin = Path(found.origin)
    return origin.parent if origin.name == "__init__.py" else origin


def _add(archive: zipfile.ZipFile, folder: Path, name: str, left_out: tuple[str, ...]) -> None:
    if folder.is_file():
        archive.writestr(zipfile.ZipInfo(folder.name), folder.read_bytes(), zipfile.ZIP_DEFLATED)
        return
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_dir() or "__pycache__" in inside.parts or path.suffix in (".so", ".pyc", ".pyd", ".js", ".css"):
            continue
        if inside.parts[0] not in left_out:
            # A fixed time: the same sources give the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{name}/{inside.as_posix()}"), path.read_bytes(), zipfile.ZIP_DEFLATED)


def _wheels() -> list[Path]:
    """The wheels that are built for the browser, from PyPI."""
    WHEELS.mkdir(parents=True, exist_ok=True)
    if len(list(WHEELS.glob("*.whl"))) < len(WANTED):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        # The constraints are about the wheels of this machine.
        environment = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
        command += [*_PLATFORM, "--dest", str(WHEELS), *WANTED]
        run = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if run.returncode:
            raise MissingError(f"pip could not get {' and '.join(WANTED)} for the browser:\n{run.stderr}")
    return sorted(WHEELS.glob("*.whl"))


def _compile(modules: Path, targets: dict[Path, Path]) -> None:
    node = shutil.which("node")
    if node is None:
        raise MissingError("the playground is built with node, which is not there: install Node.js")
    command = [
        node,
        str(ROOT / "tools" / "precompile.mjs"),
        str(modules),
        *(str(path) for pair in targets.items() for path in pair),
    ]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    if run.returncode:
        raise MissingError(f"the playground could not be compiled:\n{run.stderr}")


def examples() -> list[dict[str, object]]:
    """The example policy sets, and what each rule finds and does not find."""
    found: list[dict[str, object]] = []
    for name in _EXAMPLES:
        files = sorted((ROOT / "policies" / name).glob("*.policy"))
        text = "\n".join(path.read_text(encoding="utf-8").rstrip() + "\n" for path in files)
        found.append({"id": name, "title": name, "group": "Examples", "text": text})
    for rule in RULES:
        for kind, text in (("bad", rule.bad), ("good", rule.good)):
            if text:
                shown = text.replace("#! ", "# ")
                title = f"{rule.code} {rule.name}: {'what it finds' if kind == 'bad' else 'how it is right'}"
                found.append({"id": f"{rule.code}-{kind}", "title": title, "group": "Rules", "text": shown})
    return found


def main() -> int:
    """Build it; the exit code."""
    try:
        print(built())
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
