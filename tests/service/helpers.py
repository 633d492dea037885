"""A service in this process, and one in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec

from policylang import PolicySet, load
from policylang.service.app import make_app
from policylang.service.server import PatientServer, listen, uvicorn_settings
from policylang.service.stores.opening import open_store
from policylang.service.watching import PoliciesInForce
from policylang.settings.service import ServiceConfig

HERE = Path(__file__).parent


def config(**settings: Any) -> ServiceConfig:
    """A config as it is read from a file."""
    return msgspec.convert({"port": 8181, **settings}, ServiceConfig)


class _QuickServer(PatientServer):
    """Looks more often than uvicorn's own whether it is to end: hundreds of tests wait for that."""

    async def main_loop(self) -> None:
        looked = 0
        while not await self.on_tick(looked):
            await asyncio.sleep(0.01)
            looked += 1


@contextmanager
def served(
    policies: str | Path | PolicySet | PoliciesInForce, with_store: Any = None, **settings: Any
) -> Iterator[httpx.Client]:
    """A client of a service in a thread of this process."""
    made = config(**{"port": 0, **settings})
    if not isinstance(policies, PoliciesInForce):
        policies = PoliciesInForce(policies if isinstance(policies, PolicySet) else load(policies))
    store = open_store(made) if with_store is None else with_store
    with listen(made) as listening:
        made = msgspec.structs.replace(made, port=listening.getsockname()[1])
        server = _QuickServer(uvicorn_settings(made, make_app(made, policies, store)))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{made.port}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(10)


class Process:
    """``policylang serve`` in a process of its own."""

    def __init__(self, arguments: Sequence[str], cwd: Path) -> None:
        command = [sys.executable, "-m", "policylang", "serve", *arguments]
        self.process = subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert self.process.stderr is not None
        self.log: list[str] = []
        self.base = ""
        for line in self.process.stderr:
            self.log.append(line)
            found = re.search(r"serving on (\S+)", line)
            if found:
                self.base = found[1]
                break
        self._reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr or ()), daemon=True)
        self._reader.start()

    def __enter__(self) -> Process:
        if not self.base:
            self.process.wait()
            raise AssertionError("".join(self.log))
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self._reader.join(5)
            assert self.process.stderr is not None
            self.process.stderr.close()


def question(user: str, action: str, type_: str, id_: str, **more: Any) -> dict[str, Any]:
    """A request for an evaluation; ``more`` are properties of the resource."""
    resource: dict[str, Any] = {"type": type_, "id": id_}
    if more:
        resource["properties"] = more
    return {"subject": {"type": "user", "id": user}, "action": {"name": action}, "resource": resource}


EVALUATION = "/access/v1/evaluation"
EVALUATIONS = "/access/v1/evaluations"
SUBJECTS = "/access/v1/search/subject"
RESOURCES = "/access/v1/search/resource"
ACTIONS = "/access/v1/search/action"


def ids(answer: httpx.Response) -> list[str]:
    """What a search found."""
    assert answer.status_code == 200, answer.text
    return [each.get("id", each.get("name")) for each in answer.json()["results"]]


def post(client: httpx.Client, path: str, content: Mapping[str, Any] | str, **headers: str) -> httpx.Response:
    body = content if isinstance(content, str) else json.dumps(content)
    return client.post(path, content=body.encode(), headers={"Content-Type": "application/json", **headers})


CRM = HERE / "crm.policy"
ANN = {"name": "Ann", "sales_rep": "dana", "status": "lead"}
ASKED = question("dana", "view", "customer", "1", **ANN)
SEARCHED = {"subject": {"type": "user"}, "action": {"name": "view"}, "resource": ASKED["resource"]}


def raw(client: httpx.Client, data: bytes, seconds: float) -> bytes:
    """What comes back for bytes, until the service ends the connection."""
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), timeout=seconds) as connection:
        found = b""
        with suppress(ConnectionError):
            connection.sendall(data)
            while part := connection.recv(65536):
                found += part
        return found
