"""Cerbos: a server that is given one set of policies after the other, and `cerbos compile`."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.engines import files
from tests.engines.files import EngineError, Files
from tests.engines.process import Server
from tools import engines

_AT_ONCE = 500  # resources in a request, the most that Cerbos can be set to
_STARTING = 30  # seconds, until a server is given up, or policies are
_ADMIN = {"Authorization": "Basic " + base64.b64encode(b"cerbos:cerbosAdmin").decode()}  # Cerbos's own default


class CerbosServer:
    """A server on a socket of its own.

    ``settings``: the sections of the server's configuration that a bundle says have to be set, such as
    ``{"engine": {"strictEvaluation": True}}``; those that say where it listens and reads are the server's.
    """

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        program = engines.installed(engines.CERBOS)
        self._folder = Path(tempfile.mkdtemp(prefix="cerbos"))
        self._policies = self._folder / "policies"
        self._policies.mkdir()
        self._loaded = 0
        own = {
            "server": {
                "httpListenAddr": f"unix:{self._folder}/http",
                "grpcListenAddr": f"unix:{self._folder}/grpc",
                "adminAPI": {"enabled": True},
                "requestLimits": {"maxActionsPerResource": _AT_ONCE, "maxResourcesPerRequest": _AT_ONCE},
            },
            "storage": {"driver": "disk", "disk": {"directory": str(self._policies), "watchForChanges": False}},
            "telemetry": {"disabled": True},
        }
        (self._folder / "config.yaml").write_text(json.dumps({**(settings or {}), **own}))
        command = [str(program), "server", "--config", str(self._folder / "config.yaml")]
        command += ["--log-level=warn", "--debug-listen-addr="]
        self._server = Server(command, "KILL", self._folder)
        self._connection = Connection(self._folder / "http")
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        until = time.monotonic() + _STARTING
        while True:
            try:
                if self._ask("GET", "/_cerbos/health")[0] == http.client.OK:
                    return
            except OSError:
                self._connection.close()
            if self._server.ended() or time.monotonic() > until:
                raise EngineError(f"cerbos did not start:\n{self._server.log()}")
            time.sleep(0.005)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop it."""
        self._connection.close()
        self._server.close()

    def load(self, bundle: Files) -> None:
        """Have these policies and schemas, and no others; raises where Cerbos does not accept them."""
        self._loaded += 1
        shutil.rmtree(self._policies)
        self._policies.mkdir()
        files.write(self._policies, bundle)
        # The answer comes before the new policies are in force, and is the same where they do not compile and the old
        # ones stay; schemas are kept apart from policies, and forgotten later. So each set has a mark that only it
        # allows, with a schema that only it has; what is wrong with it stands in the log.
        mark = f"loaded_{self._loaded}"
        files.write(self._policies, _mark(mark))
        said = self._server.written()
        status, _ = self._ask("GET", "/admin/store/reload?wait=true")
        until = time.monotonic() + _STARTING
        while status != http.client.OK or not self._is_loaded(mark):
            log = self._server.log(said)
            if status != http.client.OK or "Error reloading" in log or time.monotonic() > until:
                raise EngineError(f"cerbos did not load the policies:\n{log}")
            time.sleep(0.002)

    def _is_loaded(self, mark: str) -> bool:
        resource = {"kind": mark, "id": mark, "attr": {mark: True}}
        asked = {"principal": {"id": mark, "roles": [mark]}, "resources": [{"resource": resource, "actions": [mark]}]}
        status, body = self._ask("POST", "/api/check/resources", asked)
        if status != http.client.OK:
            raise EngineError(str(body))
        return all(
            each["actions"][mark] == "EFFECT_ALLOW" and not each.get("validationErrors") for each in body["results"]
        )

    def check(self, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, bool]]:
        """Whether each action of each ``{"principal", "resource", "actions"}`` is allowed.

        Fast where requests of one principal stand together. ``now()`` is the machine's time.
        """
        answers = []
        for principal, group in groupby(requests, key=lambda each: each["principal"]):
            asked = [*group]
            for begin in range(0, len(asked), _AT_ONCE):
                resources = [
                    {"resource": each["resource"], "actions": [*each["actions"]]}
                    for each in asked[begin : begin + _AT_ONCE]
                ]
                status, body = self._ask(
                    "POST", "/api/check/resources", {"principal": principal, "resources": resources}
                )
                if status != http.client.OK:
                    raise EngineError(str(body))
                answers += [_answer(*each) for each in zip(resources, body["results"], strict=True)]
        return answers

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        try:
            return self._ask_once(method, path, body)
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the server closes one that rests for some minutes
            return self._ask_once(method, path, body)

    def _ask_once(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        headers = _ADMIN if path.startswith("/admin") else {}
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        content = response.read()
        return response.status, json.loads(content or b"null")


class Tested(NamedTuple):
    """What `cerbos compile` found: how many answers its tests are about, and those that were not as expected."""

    answers: int
    wrong: tuple[str, ...]


def compile(folder: Path, strict: bool = True) -> Tested:
    """Compile the policies of a folder and run the tests in it; raises where they do not compile or cannot be run."""
    command = [str(engines.installed(engines.CERBOS)), "compile", "--output=json", str(folder)]
    run = subprocess.run(
        [*command, *(["--strict-evaluation"] if strict else [])], check=False, capture_output=True, text=True
    )
    report = json.loads(run.stdout) if run.stdout.startswith("{") else {}
    wrong = tuple(_wrong(report))
    if run.returncode and not wrong:
        raise EngineError(run.stdout + run.stderr)
    return Tested(report.get("summary", {}).get("testsCount", 0), wrong)


def _wrong(report: Mapping[str, Any]) -> list[str]:
    found = []
    for suite in report.get("suites", ()):
        for case in suite.get("testCases", ()):
            for principal in case["principals"]:
                for resource in principal["resources"]:
                    for action in resource["actions"]:
                        if action["details"]["result"] not in ("RESULT_PASSED", "RESULT_SKIPPED"):
                            found.append(f"{case['name']}: {action['name']}: {action['details'].get('failure', '')}")
    return found


def _mark(name: str) -> dict[str, str]:
    rule = {"actions": [name], "effect": "EFFECT_ALLOW", "roles": [name]}
    schema = {"resourceSchema": {"ref": "cerbos:///loaded/schema.json"}}
    policy = {"version": "default", "resource": name, "rules": [rule], "schemas": schema}
    return {
        f"{name}.json": json.dumps({"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": policy}),
        "_schemas/loaded/schema.json": json.dumps({"type": "object", "required": [name]}),
    }


def _answer(asked: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, bool]:
    assert result["resource"]["kind"] == asked["resource"]["kind"]
    if result.get("validationErrors"):
        raise EngineError(f"{asked}: {result['validationErrors']}")
    return {action: result["actions"][action] == "EFFECT_ALLOW" for action in asked["actions"]}


class Connection(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self._path))
