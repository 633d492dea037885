"""Runs `policylang` as a process of its own, forked from one that has the modules of the commands loaded.

Most of what a command costs in a test is the start of Python and its end. A fork has its own memory, streams, folder
and exit code; it ends as Python does, except that Python does not take itself apart. What reads its settings when
Python starts is not for here: run that as a program.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIBRARIES = ("cryptography", "duckdb", "highspy", "ibis.backends.duckdb", "jsonschema", "openpyxl", "z3")
"""What commands import only when they need it."""
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
        self,
        arguments: tuple[str, ...],
        folder: Path,
        environment: Mapping[str, str],
        given: bytes = b"",
        timeout: float = 120,
        *,
        together: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """What `subprocess.run` says of the command, with both outputs captured, or the errors among the output."""
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            stdin.write(given)
            stdin.seek(0)
            asked = json.dumps([list(arguments), os.fspath(folder), dict(environment)], ensure_ascii=True).encode()
            streams = [stdin.fileno(), out.fileno(), (out if together else err).fileno()]
            socket.send_fds(self._ours, [len(asked).to_bytes(4)], streams)
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


def run(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What it printed, as texts; it must not crash."""
    done = server().run(arguments, folder, environment)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def _serve(number: int) -> None:
    from policylang.cli import main as command_line

    for place in command_line._COMMANDS.values():
        importlib.import_module(f"policylang.cli.{place.split(':')[0]}")
    for name in LIBRARIES:
        importlib.import_module(name)
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
    _end_with(command_line.main)


def _end_with(main: Callable[[], None]) -> None:
    """Never returns: the exit code is that of the command."""
    code: object = 1
    try:
        try:
            main()
        except Exception:
            sys.excepthook(*sys.exc_info())
    except SystemExit as end:
        code = end.code
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _exactly(asked: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        read += asked.recv(min(size - len(read), _SIZE))
    return read


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
