"""A registry that answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from policylang.registry.artifact import Content, make_manifest
from policylang.registry.client import digest_of


class Asked(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]


class Said(NamedTuple):
    status: int
    content: bytes = b""
    headers: Mapping[str, str] = {}


Answering = Callable[[Asked], Said]


@contextmanager
def fake(answering: Answering) -> Iterator[str]:
    """The host of a registry."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = answering(Asked(self.command, self.path, dict(self.headers)))
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(said.content)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.content)

        do_GET = do_HEAD = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def holding(content: Content, manifest: bytes | None = None) -> Answering:
    """Has one artifact, under every tag of `team/crm`."""
    made = make_manifest(content, "crm.bundle", None) if manifest is None else manifest
    blobs = {digest_of(each): each for each in (content.bundle, content.signature) if each is not None}

    def answering(asked: Asked) -> Said:
        kind, _, name = asked.path.removeprefix("/v2/team/crm/").partition("/")
        if kind == "manifests":
            return Said(200, made, {"Docker-Content-Digest": digest_of(made)})
        return Said(200, blobs[name]) if name in blobs else Said(404)

    return answering
