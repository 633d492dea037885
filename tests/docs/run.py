"""Runs the blocks of one document in order, in a folder of its own."""

from __future__ import annotations

import datetime
import doctest
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.commands import server
from tests.docs.blocks import ROOT, Block
from tests.engines.registry_engine import RegistryServer

_ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
SHOWN_NOW = "2026-11-21T12:00:00Z"
SHIPPED = frozenset({"policies/tracktik"})
_REGISTRY = "registry.example.com"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
_JQ_DIGEST = re.compile(r"jq -cSj 'del\(\.digest\)' (?P<file>\S+) \| sha256sum")


class ExampleError(Exception):
    """An example that is not as the document says."""


class Runner:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = ""
        self.code = 0
        self.registry: RegistryServer | None = None
        self.names: dict[str, Any] = {"__name__": "example"}
        self.unused: set[str] = set()
        """Files that were written and that no command has read since."""

    def run(self, block: Block, following: Block | None) -> None:
        """Run one block. Raises `ExampleError`."""
        match block.kind:
            case "file":
                path = self.folder / str(block.option("file"))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
                self.unused.add(path.relative_to(self.folder).as_posix())
            case "console":
                open_end = following is not None and following.info == "json in=output"
                self._console(block, open_end)
            case "json":
                self._json(block)
            case "python":
                self._python(block)

    # --- console ---------------------------------------------------------------------------------------------

    def _console(self, block: Block, open_end: bool) -> None:
        commands = list(_commands(block.text))
        if not commands:
            raise ExampleError("no command: commands begin with `$ `")
        for index, (command, expected) in enumerate(commands):
            self._command(command)
            if open_end and index == len(commands) - 1 and not expected:
                return
            if self.output.rstrip("\n") != expected.rstrip("\n"):
                raise ExampleError(f"`{command}` prints\n{self.output}\nthe document says\n{expected}")

    def _command(self, line: str) -> None:
        if line == "echo $?":
            self.output = f"{self.code}\n"
            return
        digest = _JQ_DIGEST.fullmatch(line)
        if digest:
            self.output = _jq_digest(self.folder, digest["file"])
            return
        words = shlex.split(line)
        target = None
        if words[-2:-1] == [">"]:
            *words, _, target = words
        settings = {}
        while words and _ASSIGNMENT.fullmatch(words[0]):
            name, value = words.pop(0).split("=", 1)
            settings[name] = value
        self._bring(words)
        read = [word for word in words[2:] if not word.startswith("-")] if words[0] == "policylang" else words[1:]
        self.unused = {file for file in self.unused if read and not any(f"{file}/".startswith(f"{r}/") for r in read)}
        match words:
            case ["cat", file]:
                self.output = (self.folder / file).read_text(encoding="utf-8")
            case ["policylang", *arguments] if _REGISTRY in line:
                self._with_registry(arguments, settings)
            case ["policylang", *arguments]:
                self._policylang(arguments, settings)
            case ["python", *arguments]:
                self._python_program(arguments, settings)
            case _:
                raise ExampleError(f"`{line}` is not a command that documents may show")
        if target is not None:
            (self.folder / target).write_text(self.output, encoding="utf-8")
            self.output = ""

    def _bring(self, words: list[str]) -> None:
        """Policy sets of the project that a command names."""
        for name in SHIPPED.intersection(words):
            if not (self.folder / name).exists():
                shutil.copytree(ROOT / name, self.folder / name)

    def _with_registry(self, arguments: list[str], settings: dict[str, str]) -> None:
        if self.registry is None:
            self.registry = RegistryServer()
        self._policylang([each.replace(_REGISTRY, self.registry.host) for each in arguments], settings)
        self.output = _DIGEST.sub("@sha256:DIGEST", self.output.replace(self.registry.host, _REGISTRY))

    def close(self) -> None:
        """End what runs beside the document."""
        if self.registry is not None:
            self.registry.close()

    def _policylang(self, arguments: list[str], settings: dict[str, str]) -> None:
        begun = _now()
        environment = _environment() | settings
        self._done(server().run(tuple(arguments), self.folder, environment, together=True), begun)

    def _python_program(self, arguments: list[str], settings: dict[str, str]) -> None:
        begun = _now()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=_environment() | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        self._done(done, begun)

    def _done(self, done: subprocess.CompletedProcess[bytes], begun: datetime.datetime) -> None:
        self.output, self.code = done.stdout.decode("utf-8").replace("\r\n", "\n"), done.returncode
        self.output = _with_shown_instant(self.output, begun)
        if "Traceback (most recent call last)" in self.output:
            raise ExampleError(f"`{' '.join(done.args)}` crashed\n{self.output}")

    # --- JSON and Python -------------------------------------------------------------------------------------

    def _json(self, block: Block) -> None:
        shown = _read_json("the block", block.text)
        file = block.option("file")
        if file is None and not block.option("output"):
            return
        if file is not None:
            whole = _read_json(file, (self.folder / file).read_text(encoding="utf-8"))
        else:
            whole = _read_json("the output", self.output)
        if not any(is_part(shown, candidate) for candidate in everything_in(whole)):
            raise ExampleError(f"does not occur in {file or 'the output'}:\n{block.text}")

    def _python(self, block: Block) -> None:
        self._read_by(block.text)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            if block.text.startswith(">>>"):
                self._doctest(block)
            else:
                code = compile("\n" * block.line + block.text, str(block.document), "exec", dont_inherit=True)
                exec(code, self.names)
        except ExampleError:
            raise
        except Exception as error:
            raise ExampleError(f"{type(error).__name__}: {error}") from error
        finally:
            os.chdir(before)

    def _read_by(self, text: str) -> None:
        """What a program reads: the files that it names, and those that these name."""
        for file in [each for each in self.unused if each in text]:
            self.unused.discard(file)
            self._read_by((self.folder / file).read_text(encoding="utf-8"))

    def _doctest(self, block: Block) -> None:
        test = doctest.DocTestParser().get_doctest(block.text, self.names, block.where, str(block.document), 0)
        report: list[str] = []
        result = doctest.DocTestRunner(verbose=False).run(test, out=report.append, clear_globs=False)
        self.names.update(test.globs)
        if result.failed:
            raise ExampleError("".join(report))


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "NO_COLOR")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "80"}


def _with_shown_instant(text: str, begun: datetime.datetime) -> str:
    """The text with the instant that documents show in place of the present one."""

    def shown(match: re.Match[str]) -> str:
        instant = datetime.datetime.fromisoformat(match[0])
        return SHOWN_NOW if begun <= instant <= datetime.datetime.now(datetime.UTC) else match[0]

    return _INSTANT.sub(shown, text)


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output shown below it."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    if parts[0].strip():
        raise ExampleError("output without a command above it")
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _read_json(what: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ExampleError(f"{what} is not JSON: {error}") from None


def _jq_digest(folder: Path, file: str) -> str:
    """What the jq command of the documentation prints; worked out in Python, and compared with jq if it is there."""
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    del content["digest"]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    line = f"{hashlib.sha256(canonical.encode()).hexdigest()}  -\n"
    jq = shutil.which("jq")
    if jq:
        printed = subprocess.run(
            [jq, "-cSj", "del(.digest)", file], cwd=folder, capture_output=True, timeout=60, check=True
        ).stdout
        if f"{hashlib.sha256(printed).hexdigest()}  -\n" != line:
            raise ExampleError("jq and Python disagree about the digest")
    return line


def is_part(shown: Any, whole: Any) -> bool:
    """Whether everything shown is in the whole: objects may have more fields, everything else is equal."""
    if isinstance(shown, dict) and isinstance(whole, dict):
        return all(key in whole and is_part(value, whole[key]) for key, value in shown.items())
    if isinstance(shown, list) and isinstance(whole, list):
        return len(shown) == len(whole) and all(map(is_part, shown, whole))
    return type(shown) is type(whole) and bool(shown == whole)


def everything_in(value: Any) -> Iterator[Any]:
    """The value and every value inside it."""
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from everything_in(item)
