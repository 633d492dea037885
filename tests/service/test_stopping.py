"""The end of a service: what has arrived is answered, and it does not take for ever."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from policylang import load
from policylang.service.app import make_app
from policylang.service.server import PatientServer, listen, uvicorn_settings
from policylang.service.watching import PoliciesInForce
from tests.service.helpers import Process, config
from tests.service.test_reload import OLD, VIEW, children, until

_BODY = json.dumps(VIEW).encode()
_HEAD = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_REQUEST = _HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


@contextlib.contextmanager
def _service(folder: Path, workers: int, more: str = "") -> Iterator[tuple[Process, list[int]]]:
    """A service, and the processes of it that answer."""
    (folder / "a.policy").write_text(OLD)
    (folder / "service.yaml").write_text(f"workers: {workers}\nport: 0\npoll_seconds: 3600\n{more}")
    with Process([str(folder / "a.policy"), "--config", "service.yaml"], folder) as service:
        pid = service.process.pid
        until(lambda: len(children(pid)) == (workers if workers > 1 else 0))
        serving = children(pid) if workers > 1 else [pid]
        for _ in range(20 * workers):  # until each of them answers
            with _connection(service) as connection:
                assert b" 200 " in _answer(connection, _REQUEST)
        yield service, serving


def _connection(service: Process) -> socket.socket:
    host, port = service.base.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def _answer(connection: socket.socket, request: bytes) -> bytes:
    """One answer, whose connection stays."""
    connection.sendall(request)
    found = b""
    while b"\r\n\r\n" not in found or not found.endswith(b"}"):
        part = connection.recv(65536)
        assert part, found
        found += part
    return found


def _rest(connection: socket.socket) -> bytes:
    """What comes until the connection is closed."""
    found = b""
    while part := connection.recv(65536):
        found += part
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_sent_is_answered(tmp_path: Path, workers: int) -> None:
    """Also on connections that nobody has taken from the kernel; and who comes later is refused at once."""
    with contextlib.ExitStack() as held, _service(tmp_path, workers) as (service, serving):
        idle = [held.enter_context(_connection(service)) for _ in range(30)]
        for each in idle:
            assert b"connection: close" not in _answer(each, _REQUEST)
        for pid in serving:
            os.kill(pid, signal.SIGSTOP)
        new = [held.enter_context(_connection(service)) for _ in range(30)]
        for each in (*idle, *new):
            each.sendall(_REQUEST)
        for pid in {service.process.pid, *serving}:  # as a supervisor tells all processes
            os.kill(pid, signal.SIGTERM)
        for pid in serving:
            os.kill(pid, signal.SIGCONT)
        for each in (*idle, *new):
            found = _rest(each)
            assert found.startswith(b"HTTP/1.1 200 "), found
            assert b'"decision":true' in found
        service.process.wait(20)
        with pytest.raises(ConnectionError):
            _connection(service)
    assert not [line for line in service.log if "ERROR" in line]


class _Held(PatientServer):
    """A server that reads nothing between the moment when it is told to end and its doing so."""

    sent = threading.Event()

    async def on_tick(self, counter: int) -> bool:
        self.sent.wait()
        return await super().on_tick(counter)


def test_what_is_read_at_the_end_is_answered(tmp_path: Path) -> None:
    """On connections that are idle, on new ones, and several behind each other on one; the last answer says so."""
    (tmp_path / "a.policy").write_text(OLD)
    service = config(port=0)
    policies = PoliciesInForce(load(tmp_path / "a.policy"))
    with contextlib.ExitStack() as held:
        listening = held.enter_context(listen(service))
        server = _Held(uvicorn_settings(service, make_app(service, policies, None)))
        server.sent.set()
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        port = listening.getsockname()[1]

        def connection() -> socket.socket:
            return held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))

        idle = [connection() for _ in range(30)]
        for each in idle:
            assert b"connection: close" not in _answer(each, _REQUEST)
        server.sent.clear()
        time.sleep(0.3)  # it is held in its next tick
        new = [connection() for _ in range(30)]
        for each in (*idle[1:], *new):
            each.sendall(_REQUEST)
        idle[0].sendall(_REQUEST * 3)
        server.should_exit = True
        time.sleep(1.5)  # longer than connections are waited for
        server.sent.set()
        for each in (*idle, *new):
            found = _rest(each)
            assert found.count(b"HTTP/1.1 200 OK") == (3 if each is idle[0] else 1), found
            assert found.count(b"\r\nconnection: close\r\n") == 1
            assert found.count(b'"decision":true') == found.count(b"HTTP/1.1")
        thread.join(20)
        assert not thread.is_alive()


def test_a_request_that_is_arriving_is_answered(tmp_path: Path) -> None:
    """Its head or its body is half there."""
    with contextlib.ExitStack() as held, _service(tmp_path, 1) as (service, _):
        halves = [(held.enter_context(_connection(service)), at) for at in (10, 60, len(_REQUEST) - 10)]
        for connection, at in halves:
            connection.sendall(_REQUEST[:at])
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)
        for connection, at in halves:
            connection.sendall(_REQUEST[at:])
            assert b" 200 " in _rest(connection)
        service.process.wait(20)


@pytest.mark.parametrize("workers", [1, 2])
def test_who_sends_no_more_does_not_hold_it(tmp_path: Path, workers: int) -> None:
    more = "bounds: {seconds: 1, read_seconds: 60}\n"
    with contextlib.ExitStack() as held, _service(tmp_path, workers, more) as (service, _):
        connections = [held.enter_context(_connection(service)) for _ in range(3)]
        for connection, part in zip(connections, (b"", _REQUEST[:10], _REQUEST[:-1]), strict=True):
            connection.sendall(part)
        time.sleep(0.2)
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(20)
        assert _rest(connections[0]) == b""
        assert b" 503 " in _rest(connections[2])


def test_a_worker_that_hangs_does_not_hold_it(tmp_path: Path) -> None:
    with _service(tmp_path, 2, "bounds: {seconds: 1}\n") as (service, serving):
        os.kill(serving[0], signal.SIGSTOP)
        time.sleep(1)  # it is asked meanwhile whether it lives
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(40)
        until(lambda: not Path(f"/proc/{serving[0]}").exists())
