"""Debian's registry of container images, on a port of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.engines.files import EngineError
from tests.engines.process import Server
from tools import engines

_STARTING = 30  # seconds


class RegistryServer:
    """``settings``: sections of the registry's configuration beside where it listens and what it keeps."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        program = engines.registry()
        folder = Path(tempfile.mkdtemp(prefix="registry"))
        self.host = f"127.0.0.1:{_free_port()}"
        self.data = folder / "data"
        config = {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.data)}},
            "http": {"addr": self.host},
            **(settings or {}),
        }
        (folder / "config.yml").write_text(json.dumps(config))
        # It takes settings from all variables that begin like this, and other programs have one for their logins.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
        self._server = Server([str(program), "serve", str(folder / "config.yml")], "KILL", folder, env=environment)
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _wait(self) -> None:
        until = time.monotonic() + _STARTING
        while True:
            try:
                self.ask("GET", "/v2/")
            except OSError:
                if self._server.ended() or time.monotonic() > until:
                    raise EngineError(f"the registry did not start:\n{self._server.log()}") from None
                time.sleep(0.01)
            else:
                return

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, bytes]:
        """The status and the content of an answer."""
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def blob(self, digest: str) -> Path:
        """The file in which it keeps some content."""
        hexadecimal = digest.removeprefix("sha256:")
        return self.data / "docker/registry/v2/blobs/sha256" / hexadecimal[:2] / hexadecimal / "data"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop it."""
        self._server.close()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
