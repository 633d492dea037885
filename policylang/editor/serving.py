"""The ways on which an editor and the server talk. Whatever is no standard stream is on loopback alone."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from pygls.io_ import run_async, run_websocket

from policylang.editor.server import make_server

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

_LOCAL_PAGES = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Pages of others must not talk to the server, whatever browser they are open in."""


def over_standard_streams() -> None:
    """Serve until the editor ends it."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else may be written between the messages
    make_server().start_io(sys.stdin.buffer, out)


def over_tcp(host: str, port: int) -> None:
    """Serve one editor over TCP."""
    server = make_server()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if server.connected():
            writer.close()
            return
        server.protocol.set_writer(writer)
        try:
            with suppress(ConnectionError):
                await run_async(stop_event=Event(), reader=reader, protocol=server.protocol)
        finally:
            ended.set()

    async def listen() -> None:
        async with await asyncio.start_server(connected, host, port) as listening:
            _tell(host, listening.sockets[0].getsockname()[1])
            await ended.wait()

    ended = asyncio.Event()
    _run(listen())


def over_websocket(host: str, port: int) -> None:
    """Serve one page over WebSocket."""
    from websockets.asyncio.server import serve

    server = make_server()

    async def connected(websocket: ServerConnection) -> None:
        if server.connected():
            return
        try:
            await run_websocket(websocket=websocket, stop_event=Event(), protocol=server.protocol)
        finally:
            ended.set()

    async def listen() -> None:
        async with serve(connected, host, port, origins=[None, _LOCAL_PAGES], max_size=64 * 1024 * 1024) as listening:
            _tell(host, next(iter(listening.sockets)).getsockname()[1])
            await ended.wait()

    ended = asyncio.Event()
    _run(listen())


def _tell(host: str, port: int) -> None:
    print(f"listening at {host}:{port}", file=sys.stderr, flush=True)  # noqa: T201


def _run(listening: object) -> None:
    try:
        asyncio.run(listening)  # type: ignore[arg-type]
    except KeyboardInterrupt:
        sys.exit(130)
