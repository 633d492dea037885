"""A server that sends a byte now and then, and reads as slowly."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
ANSWERS = {
    "the status": (b"", b"HTTP/1.1 200 " + b"x" * 60_000),
    "the head": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 10_000),
    "the content": (HEAD, b"x" * 100_000),
    "the size of a piece": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 60_000),
    "an error": (HEAD.replace(b"200 OK", b"404 Not Found"), b"x" * 100_000),
    "what follows the last piece": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
        b"a: b\r\n" * 10_000,
    ),
}
"""What is sent at once, and what drips after it."""

_BETWEEN = 0.01


@contextmanager
def dripping(at_once: bytes, dripped: bytes) -> Iterator[str]:
    """The host of a server that would send its answer for minutes."""
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65_536)
                    connection.sendall(at_once)
                    for n in range(len(dripped)):
                        connection.sendall(dripped[n : n + 1])
                        if ended.wait(_BETWEEN):
                            return
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@contextmanager
def reading_little() -> Iterator[str]:
    """The host of a server that accepts an upload, and reads a byte of it now and then."""
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        with listening.accept()[0] as connection:
            while not ended.wait(_BETWEEN) and connection.recv(1):
                time.sleep(0)

    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            thread.join(10)
