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
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httptools
import msgspec
import uvicorn
from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from policylang.api.policy_set import PolicySet
from policylang.decisionlog.writer import FileSink
from policylang.diagnostics import reason
from policylang.files.writing import write_atomically
from policylang.ir import to_json
from policylang.service.app import make_app
from policylang.service.metrics import MULTIPROCESS, Metrics
from policylang.service.sources import Paths, PolicySource, ReadPolicies, Unusable
from policylang.service.stores.opening import open_store
from policylang.service.stores.store import Store
from policylang.service.tracing import Traces
from policylang.service.watching import PoliciesInForce, Watcher
from policylang.settings.service import ServiceConfig

log = logging.getLogger("policylang.service")

_LONGEST_HEAD = 65_536  # bytes
_TOO_LONG = "The head of the request is too long."
_NO_HTTP = "Invalid HTTP request received."
_OTHER = (b"upgrade", b"http2-settings")
_CODINGS = "The body is in a coding that is not read here."
_HOSTS = "The request is for two hosts."
_SHARED = "POLICYLANG_SERVICE"
_WORKER_SECONDS = 0.25
_WORKER_MAY_HANG = 30
"""Seconds until a worker that says nothing is killed. One that starts says nothing until it has read its modules."""
_WAITING = 2048  # connections
_LAST_SECONDS = 1.0
"""How long a service that ends waits for what clients may have sent already on connections that are idle."""
_LAST_LOOKS = 50
_LOG_SECONDS = 12
"""How long it may take, behind the last answer, to write down what was decided."""


class UnfitError(Exception):
    """A file that the settings name cannot be used; the message says which, and why."""

    help = "check the file, and that this user may use it"


class _PasswordError(UnfitError):
    """A key has a password."""

    help = "name a key without one, such as `openssl pkey -in KEY -out FILE` writes, that only this user can read"


class _EndingState(ServerState):
    """What the connections of a server know of it."""

    ending = False


class _PatientProtocol(HttpToolsProtocol):
    """Closes connections that send no complete head of a request, or one that is too long: slow clients hold nothing
    for long. Trailers behind a chunked body are not taken for headers, and no request goes on in another protocol. When
    the service ends, the last request that has arrived is answered with `Connection: close`.
    """

    server_state: _EndingState

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._served: Any = None
        self._head: int | None = None
        self._closing: Any = None
        self._timer = self.loop.call_later(self.timeout_keep_alive, self._look)
        if self.server_state.ending:
            self.loop.call_later(_LAST_SECONDS, self.loop.call_later, 0.02, self.shutdown)  # having read what is there

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            self._stay(data[error.args[0] :])
            return
        except httptools.HttpParserError:
            self.send_400_response(_NO_HTTP)
            return
        if self._head is not None:
            self._head += len(data)
            if self._head > _LONGEST_HEAD and not self.transport.is_closing():
                self.send_400_response(_TOO_LONG)

    def _stay(self, rest: bytes) -> None:
        """Read a request that asks for another protocol as if it did not: what is behind its head is its body, and
        would else be taken for the next request.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response(_NO_HTTP)
            return
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                value = b", ".join(each for each in value.split(b",") if each.strip().lower() not in _OTHER)
            if name not in _OTHER:
                lines.append(name + b": " + value)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join((*lines, b"", b"")) + rest)

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

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
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if codings not in ([], [b"chunked"]):
            raise ValueError(_CODINGS)
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > _LONGEST_HEAD:
            raise ValueError(_TOO_LONG)  # which the parser makes a 400
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        if self.server_state.ending:
            self.close_behind()

    def close_behind(self) -> None:
        """Close the connection behind the answer to the last request that has arrived, if there is one."""
        if self._closing is not None and self._closing is not self.cycle and not self._closing.response_started:
            self._closing.keep_alive = True  # another has come behind it
        if self.cycle is not None and not self.cycle.response_started and self.cycle.keep_alive:
            self.cycle.keep_alive = False
            self._closing = self.cycle

    def shutdown(self) -> None:
        if self._head is not None:
            return  # a request is arriving: it is answered, or cut like every slow one
        super().shutdown()

    def _look(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is self._served:
            self.transport.close()
            return
        self._served = self.cycle
        self._timer = self.loop.call_later(self.timeout_keep_alive, self._look)


class PatientServer(uvicorn.Server):
    """Answers, when it ends, what has arrived by then: also on connections that the kernel has taken and nobody here
    has, and on idle ones whose next request is on its way.
    """

    server_state: _EndingState

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = _EndingState()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End within the time for an answer and some seconds."""
        loop = asyncio.get_running_loop()
        kept = [each.dup() for each in sockets or ()]  # or the kernel would reset who waits there
        for server in self.servers:
            server.close()
        for each in sockets or ():
            each.close()
        await asyncio.sleep(0)
        self.server_state.ending = True
        for connection in list(self.server_state.connections):
            if isinstance(connection, _PatientProtocol):
                connection.close_behind()
        taken = [loop.create_task(self._take(each)) for listening in kept for each in _waiting_at(listening)]
        for _ in range(_LAST_LOOKS):  # and not until an instant: on a busy machine that may come before the first look
            if not self.server_state.connections and all(each.done() for each in taken):
                break
            await asyncio.sleep(_LAST_SECONDS / _LAST_LOOKS)
        for task in taken:
            task.cancel()
        await super().shutdown([])

    async def _take(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection, ssl=self.config.ssl)

    def _protocol(self) -> asyncio.Protocol:
        return _PatientProtocol(self.config, self.server_state, self.lifespan.state)


def _waiting_at(listening: socket.socket) -> list[socket.socket]:
    """The connections that nobody has taken from a socket, which is closed: who comes later is refused, and knows."""
    found = []
    listening.setblocking(False)
    with listening, contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            connection.setblocking(False)
            found.append(connection)
    return found


class _PatientWorker(Process):
    """A worker that ends like `PatientServer`."""

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = PatientServer(self.config)
        return self._server


class _PatientWorkers(Multiprocess):
    """Ends when it is told, though a worker hangs."""

    def init_processes(self) -> None:
        self.processes += [self._begun() for _ in range(self.processes_num)]

    def _begun(self) -> _PatientWorker:
        process = _PatientWorker(self.config, self.sockets)
        process.start()
        return process

    def keep_subprocess_alive(self) -> None:
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set() or self._answers(process):
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                log.error("a worker does not start: the service ends")
                self.should_exit.set()
            else:
                self.processes[place] = self._begun()

    def _answers(self, process: Process) -> bool:
        """Whether a worker says that it lives, or may do so later: a signal is looked at first."""
        for _ in range(_WORKER_MAY_HANG):
            if process.is_alive(1) or self.signal_queue:
                return True
            if not process.process.is_alive():
                return False
        return False

    def terminate_all(self) -> None:
        for each in self.sockets:
            each.close()  # or who comes now would wait for workers that take nobody any more
        super().terminate_all()

    def join_all(self) -> None:
        end = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + _LAST_SECONDS + _LOG_SECONDS
        for each in self.processes:
            each.process.join(max(end - time.monotonic(), 0))
            if each.exitcode is None:
                log.error("a worker does not end, and is killed")
                each.kill()
                each.join()


class _Shared(msgspec.Struct, frozen=True):
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


class _SharedPolicies(PoliciesInForce):
    """The policies in force, written to a file that all workers read, so that they agree."""

    def __init__(self, read: ReadPolicies, shared: _Shared) -> None:
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


class _SharedSource:
    """The policies that a worker reads from that file."""

    def __init__(self, shared: _Shared) -> None:
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
        Traces.to_collector().close()
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
            context.load_cert_chain(config.tls.certificate, config.tls.key, partial(_no_password, config.tls.key))
        if config.tls.client_ca is not None:
            with _of_setting("tls.client_ca", f"{config.tls.client_ca}: cannot be used"):
                context.load_verify_locations(config.tls.client_ca)
    if config.log is not None:
        with _of_setting("log.path", f"{config.log.path}: cannot be written"):
            FileSink(Path(config.log.path)).close()


def _no_password(path: str) -> str:
    raise _PasswordError(f"`tls.key`: {path}: it has a password, and nobody is there to type it")


@contextlib.contextmanager
def _of_setting(name: str, message: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnfitError(f"`{name}`: {message}: {reason(error)}") from None


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
        PatientServer(settings).run([listening])


def _serve_in_workers(
    config: ServiceConfig, source: PolicySource, read: ReadPolicies, listening: socket.socket
) -> None:
    with tempfile.TemporaryDirectory(prefix="policylang-") as folder:
        shared = _Shared(config, folder)
        policies = _SharedPolicies(read, shared)
        metrics = Path(folder) / "metrics"
        metrics.mkdir()
        os.environ[MULTIPROCESS] = str(metrics)
        os.environ[_SHARED] = msgspec.json.encode(shared).decode()
        settings = uvicorn_settings(config, "policylang.service.server:worker")
        with Watcher(source, read, config.poll_seconds, policies) as watcher:
            workers = _PatientWorkers(settings, [listening])  # which takes the signals
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
    shared = msgspec.json.decode(os.environ[_SHARED], type=_Shared)
    source = _SharedSource(shared)
    read = source.read(None)
    assert read is not None
    policies = PoliciesInForce(PolicySet(read.policy_set))
    Watcher(source, read, _WORKER_SECONDS, policies).start()
    return make_app(shared.config, policies, open_store(shared.config), Metrics())


def uvicorn_settings(config: ServiceConfig, app: Any) -> uvicorn.Config:
    """How the server is run."""
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
        http=_PatientProtocol,
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
