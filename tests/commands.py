"""Runs `policylang` as a process of its own, forked from one that has the modules of the commands loaded.

Most of what a command costs in a test is the start of Python. A fork has its own memory, streams, folder and exit
code, and finishes as any process does. What reads its settings when Python starts is not for here: run that as a
program.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = (
    "access",
    "agenda",
    "check",
    "compile",
    "decide",
    "diff",
    "explain",
    "fmt",
    "init",
    "schema",
    "test",
    "who_can",
)
_SIZE = 1_000_000


class Server:
    """Forks commands, one at a time."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(theirs.fileno())],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()

    def run(
        self, arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], given: bytes, timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """What `subprocess.run` says of the command, with both outputs captured."""
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            stdin.write(given)
            stdin.seek(0)
            asked = json.dumps([list(arguments), os.fspath(folder), dict(environment)], ensure_ascii=True).encode()
            socket.send_fds(self._ours, [len(asked).to_bytes(4)], [stdin.fileno(), out.fileno(), err.fileno()])
            self._ours.sendall(asked)
            self._ours.settimeout(timeout)
            try:
                answer = self._ours.recv(4)
            except TimeoutError:
                self._process.kill()
                raise subprocess.TimeoutExpired(list(arguments), timeout) from None
            assert len(answer) == 4, "the process that forks commands is gone"
            out.seek(0)
            err.seek(0)
            code = int.from_bytes(answer, signed=True)
            return subprocess.CompletedProcess(list(arguments), code, out.read(), err.read())


_servers: dict[int, Server] = {}
_lock = threading.Lock()


def server() -> Server:
    """The one of this process; another if it had to be stopped."""
    with _lock:
        known = _servers.get(os.getpid())
        if known is None or known._process.poll() is not None:
            known = _servers[os.getpid()] = Server()
        return known


def _serve(number: int) -> None:
    for name in COMMANDS:
        importlib.import_module(f"policylang.cli.{name}")
    with socket.socket(fileno=number) as asked:
        while True:
            length, streams, _, _ = socket.recv_fds(asked, 4, 3)
            if not length:
                return
            arguments, folder, environment = json.loads(_exactly(asked, int.from_bytes(length)))
            child = os.fork()
            if not child:
                break
            for stream in streams:
                os.close(stream)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            asked.sendall(status.to_bytes(4, signed=True))
    for target, stream in enumerate(streams):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    from policylang.cli.main import main

    main()


def _exactly(asked: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += asked.recv(min(size - len(read), _SIZE))
    return read


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
