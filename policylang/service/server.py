"""The processes: one that serves, or one that watches the policies and several that serve."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from policylang.api.policy_set import PolicySet
from policylang.decisionlog.writer import FileSink
from policylang.files.writing import write_atomically
from policylang.ir import to_json
from policylang.service.app import make_app
from policylang.service.metrics import MULTIPROCESS, Metrics
from policylang.service.sources import Paths, PolicySource, ReadPolicies, Unusable
from policylang.service.stores.opening import open_store
from policylang.service.stores.store import Store
from policylang.service.tracing import to_collector
from policylang.service.watching import PoliciesInForce, Watcher
from policylang.settings.service import ServiceConfig

log = logging.getLogger("policylang.service")

_LONGEST_HEAD = 65_536  # bytes
_TOO_LONG = "The head of the request is too long."
_HOSTS = "The request is for two hosts."
_SHARED = "POLICYLANG_SERVICE"
_WORKER_SECONDS = 0.25
_WORKER_MAY_HANG = 30
"""Seconds until a worker that says nothing is killed. One that starts says nothing until it has read its modules."""
_WAITING = 2048  # connections


class UnfitError(Exception):
    """A file that the settings name cannot be used; the message says which, and why."""


class PatientProtocol(HttpToolsProtocol):
    """Closes connections that send no complete head of a request, or one that is too long: slow clients hold nothing
    for long. Trailers behind a chunked body are not taken for headers.
    """

    seconds = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._served: Any = None
        self._head: int | None = None
        self._timer = self.loop.call_later(self.seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > _LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response(_TOO_LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head = None
        if [name for name, _ in self.headers].count(b"host") > 1:
            raise ValueError(_HOSTS)
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > _LONGEST_HEAD:
            raise ValueError(_TOO_LONG)  # which the parser makes a 400
        super().on_headers_complete()

    def _look(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is self._served:
            self.transport.close()
            return
        self._served = self.cycle
        self._timer = self.loop.call_later(self.seconds, self._look)


class Shared(msgspec.Struct, frozen=True):
    """What a worker is told by the process that starts it."""

    config: ServiceConfig
    folder: str
    """With the policies in force, and why newer ones are not."""

    @property
    def policies(self) -> Path:
        return Path(self.folder) / "policies.json"

    @property
    def refused(self) -> Path:
        return Path(self.folder) / "refused"


class SharedPolicies(PoliciesInForce):
    """The policies in force, written to a file that all workers read, so that they agree."""

    def __init__(self, read: ReadPolicies, shared: Shared) -> None:
        super().__init__(PolicySet(read.policy_set))
        self._shared = shared
        write_atomically(shared.policies, to_json(read.policy_set))

    def replace(self, policies: PolicySet) -> None:
        write_atomically(self._shared.policies, to_json(policies.index.policy_set))
        self._shared.refused.unlink(missing_ok=True)
        super().replace(policies)

    def refuse(self, reason: str) -> None:
        write_atomically(self._shared.refused, reason.encode("utf-8", "replace"))
        super().refuse(reason)

    def confirm(self) -> None:
        self._shared.refused.unlink(missing_ok=True)
        super().confirm()


class SharedSource:
    """The policies that a worker reads from that file."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._policies = Paths([str(shared.policies)])

    def read(self, mark: object) -> ReadPolicies | None:
        read = self._policies.read(mark)
        if read is None and self._shared.refused.exists():
            raise Unusable(self._shared.refused.read_text(encoding="utf-8"), mark)
        return read


def serve(config: ServiceConfig, source: PolicySource, tell: Callable[[str], object]) -> None:
    """Serve until a signal ends it; ``tell`` is told where. Raises `SourceError` and `StoreError` where there is
    nothing to start with, `UnfitError` for a file that cannot be used, ImportError where a package is missing, OSError
    where the address cannot be had.
    """
    _log_here()
    _try_files(config)
    if config.traces:
        to_collector().close()
    read = source.read(None)
    assert read is not None
    store = open_store(config)
    if store is not None and config.workers > 1:
        store.close()  # each worker opens its own
    with listen(config) as listening:
        config = msgspec.structs.replace(config, port=listening.getsockname()[1])
        tell(config.base)
        if config.workers == 1:
            _serve_here(config, source, read, store, listening)
        else:
            _serve_in_workers(config, source, read, listening)


def _try_files(config: ServiceConfig) -> None:
    """Raises `UnfitError` for files that cannot be used, before anybody is told that the service is there."""
    if config.tls is not None:
        for name in ("certificate", "key", "client_ca"):
            path = getattr(config.tls, name)
            if path is not None:
                with _of_setting(f"tls.{name}", f"{path}: cannot be read"):
                    Path(path).read_bytes()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with _of_setting("tls", "the certificate and its key cannot be used"):
            context.load_cert_chain(config.tls.certificate, config.tls.key)
        if config.tls.client_ca is not None:
            with _of_setting("tls.client_ca", f"{config.tls.client_ca}: cannot be used"):
                context.load_verify_locations(config.tls.client_ca)
    if config.log is not None:
        with _of_setting("log.path", f"{config.log.path}: cannot be written"):
            FileSink(Path(config.log.path)).close()


@contextlib.contextmanager
def _of_setting(name: str, message: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnfitError(f"`{name}`: {message}: {(error.strerror or str(error)).lower()}") from None


def listen(config: ServiceConfig) -> socket.socket:
    """A socket at the address. Raises OSError."""
    family, kind, protocol, _, at = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(at)
        listening.listen(_WAITING)  # who comes before a worker is ready waits
        listening.set_inheritable(True)
    except OSError:
        listening.close()
        raise
    return listening


def _serve_here(
    config: ServiceConfig,
    source: PolicySource,
    read: ReadPolicies,
    store: Store | None,
    listening: socket.socket,
) -> None:
    policies = PoliciesInForce(PolicySet(read.policy_set))
    settings = uvicorn_settings(config, make_app(config, policies, store))
    with Watcher(source, read, config.poll_seconds, policies) as watcher:
        _on_hangup(lambda *_: watcher.look_soon())
        uvicorn.Server(settings).run([listening])


def _serve_in_workers(
    config: ServiceConfig, source: PolicySource, read: ReadPolicies, listening: socket.socket
) -> None:
    with tempfile.TemporaryDirectory(prefix="policylang-") as folder:
        shared = Shared(config, folder)
        policies = SharedPolicies(read, shared)
        metrics = Path(folder) / "metrics"
        metrics.mkdir()
        os.environ[MULTIPROCESS] = str(metrics)
        os.environ[_SHARED] = msgspec.json.encode(shared).decode()
        settings = uvicorn_settings(config, "policylang.service.server:worker")
        with Watcher(source, read, config.poll_seconds, policies) as watcher:
            workers = Multiprocess(settings, [listening])  # which takes the signals
            _on_hangup(lambda *_: watcher.look_soon())
            workers.run()


def _on_hangup(handler: Any) -> None:
    """What SIGHUP does, which would end a process."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, handler)


def worker() -> Starlette:
    """The application of one worker."""
    _log_here()
    _on_hangup(signal.SIG_IGN)
    shared = msgspec.json.decode(os.environ[_SHARED], type=Shared)
    source = SharedSource(shared)
    read = source.read(None)
    assert read is not None
    policies = PoliciesInForce(PolicySet(read.policy_set))
    Watcher(source, read, _WORKER_SECONDS, policies).start()
    return make_app(shared.config, policies, open_store(shared.config), Metrics())


def uvicorn_settings(config: ServiceConfig, app: Any) -> uvicorn.Config:
    """How the server is run."""
    PatientProtocol.seconds = config.bounds.read_seconds
    tls: dict[str, Any] = {}
    if config.tls is not None:
        tls = {"ssl_certfile": config.tls.certificate, "ssl_keyfile": config.tls.key}
        if config.tls.client_ca is not None:
            tls |= {"ssl_ca_certs": config.tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
    return uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        factory=isinstance(app, str),
        workers=config.workers,
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=config.bounds.read_seconds,
        timeout_worker_healthcheck=_WORKER_MAY_HANG,
        timeout_graceful_shutdown=config.bounds.seconds + 1,
        **tls,
    )


def _log_here() -> None:
    """What happens is told on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name, level in (("policylang", logging.INFO), ("uvicorn", logging.WARNING)):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(level)
