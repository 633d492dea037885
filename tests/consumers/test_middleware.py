"""The middleware for Express and Fastify on the real ones, by policies in the process and by a service."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from policylang import load
from tests.docs.blocks import ROOT, blocks
from tests.docs.run import Runner
from tests.service.helpers import served
from tools import engines
from tools.consumers import FOLDER

_ANN = {"X-User": "dana@acme.test"}
_LISTEN = """
app.use((error, request, response, next) => response.sendStatus(500));
const listening = app.listen(0, "127.0.0.1", async () => {
  const address = await server.listen({ port: 0, host: "127.0.0.1" });
  console.log(`http://127.0.0.1:${listening.address().port} ${address}`);
});
process.stdin.on("end", () => process.exit()).resume();
"""


@pytest.fixture(scope="module")
def package(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's example, and everything that it imports."""
    folder = tmp_path_factory.mktemp("middleware")
    home = folder / "node_modules" / "policylang"
    home.mkdir(parents=True)
    shutil.copy(FOLDER / "package.json", home)
    (home / "dist").symlink_to(dist)
    for engine in (engines.EXPRESS, engines.FASTIFY):
        for path in engines.installed(engine).parents[1].iterdir():
            target = folder / "node_modules" / path.name
            if not target.exists() and not path.name.startswith("."):
                target.symlink_to(path)
    found = blocks(ROOT / "docs/integrations.md")
    runner = Runner(folder)
    for block in found:
        if block.info == "policy file=policies/crm.policy" or "compile policies" in block.text:
            runner.run(block, None)
    module = "\n".join(block.text for block in found if block.kind == "javascript")
    (folder / "example.mjs").write_text(module + _LISTEN)
    return folder


class Running:
    """The example, on two ports."""

    def __init__(self, folder: Path, service: str, token: str) -> None:
        environment = {**os.environ, "POLICYLANG_URL": service, "POLICYLANG_TOKEN": token}
        self._process = subprocess.Popen(
            ["node", "example.mjs"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.express, self.fastify = self._process.stdout.readline().split()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)


def status(base: str, path: str, **headers: str) -> int:
    return httpx.get(base + path, headers=headers).status_code


def test_the_documentation(package: Path) -> None:
    token = {"name": "app", "sha256": hashlib.sha256(b"secret").hexdigest(), "scopes": ["evaluate"]}
    with (
        served(load(package / "crm.json"), tokens=[token]) as client,
        Running(package, str(client.base_url), "secret") as running,
    ):
        for base, path in ((running.express, ""), (running.express, "/remote"), (running.fastify, "")):
            answer = httpx.get(f"{base}{path}/customers/c1", headers=_ANN)
            assert (answer.status_code, answer.json()) == (200, ["name", "sales_rep"])
            assert status(base, f"{path}/customers/c2", **_ANN) == 403
            assert status(base, f"{path}/customers/c3", **_ANN) == 403
            assert status(base, f"{path}/customers/c1") == 401
            assert status(base, f"{path}/customers/c1", **{"X-User": "nobody"}) == 403
        with Running(package, str(client.base_url), "wrong") as stranger:
            assert status(stranger.express, "/remote/customers/c1", **_ANN) == 503


ANSWERS: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "an error": (500, b'{"decision": true}', {}),
    "no JSON": (200, b"yes", {}),
    "no decision": (200, b'{"decision": "true"}', {}),
    "null": (200, b"null", {}),
    "another status": (204, b"", {}),
    "elsewhere": (307, b"", {"Location": "/yes"}),
}


@pytest.fixture(scope="module")
def strange() -> Iterator[str]:
    """A service that answers what it should not, by the first part of the path."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            name = self.path.split("/")[1].replace("%20", " ")
            code, content, headers = ANSWERS.get(name, (200, b'{"decision": true, "context": {"fields": [1]}}', {}))
            self.send_response(code)
            for key, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_is_no_answer(package: Path, strange: str) -> None:
    """In one process: each address in turn, and one where nobody is."""
    module = """
        import { express, remote } from "policylang/middleware";
        for (const base of JSON.parse(process.argv[2])) {
          const response = { locals: {}, sendStatus: (status) => console.log(status) };
          const asked = () => ({ user: "u", action: "a", resource: "r" });
          const next = () => console.log(JSON.stringify(response.locals.decision));
          await express(remote(base, { timeout: 2000 }), asked)({}, response, next);
        }
    """
    (package / "strange.mjs").write_text(module)
    bases = [*(f"{strange}/{name.replace(' ', '%20')}" for name in ANSWERS), "http://127.0.0.1:1", f"{strange}/right/"]
    done = subprocess.run(
        ["node", "strange.mjs", json.dumps(bases)], cwd=package, capture_output=True, text=True, timeout=60, check=True
    )
    *refused, right = done.stdout.splitlines()
    assert refused == ["503"] * 7
    assert json.loads(right) == {"allowed": True, "fields": [], "reasons": [], "missing": []}
