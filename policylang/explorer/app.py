"""The server of the web application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from policylang.editor.server import PolicyServer, make_server
from policylang.explorer.live import LiveSets
from policylang.explorer.questions import answered
from policylang.output.page import Application, live_page
from policylang.text.readable import json_bytes

_SECONDS = 1.0
"""Between two looks at the sources."""
_HEARTBEAT = 15.0  # seconds
_LONGEST = 1_000_000  # bytes of a question


def make_explorer(app: Application, live: LiveSets) -> Starlette:
    """The page, what it shows, what tells it of changes, and the answers to its questions."""
    server = _Explorer(live)
    routes = [
        Route("/", _file(live_page(), "text/html")),
        Route("/app.js", _file(app.script.encode(), "text/javascript")),
        Route("/app.css", _file(app.style.encode(), "text/css")),
        Route("/editor.js", _file(app.editor.encode(), "text/javascript")),
        Route("/data", server.data),
        Route("/events", server.events),
        Route("/ask", server.ask, methods=["POST"]),
        WebSocketRoute("/lsp", server.edit),
    ]
    return Starlette(routes=routes, lifespan=server.lifespan)


def _file(content: bytes, media_type: str) -> Any:
    def served(_request: Request) -> Response:
        return Response(content, media_type=media_type)

    return served


class _Explorer:
    """What is asked over and over."""

    def __init__(self, live: LiveSets) -> None:
        self._live = live
        self._changed = asyncio.Condition()
        self._editors: set[PolicyServer] = set()

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Looks at the sources as long as the server runs."""
        task = asyncio.create_task(self._watch())
        yield
        task.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS)
            if await asyncio.to_thread(self._live.refresh):
                for editor in self._editors:
                    editor.reread()
                async with self._changed:
                    self._changed.notify_all()

    async def data(self, _request: Request) -> Response:
        return Response(self._live.shown.documents, media_type="application/json")

    async def events(self, _request: Request) -> Response:
        return StreamingResponse(self._told(), media_type="text/event-stream")

    async def _told(self) -> AsyncIterator[str]:
        """The version of what is shown, and each later one."""
        version = -1
        while True:
            shown = self._live.shown
            if shown.version != version:
                version = shown.version
                problem = shown.problem.in_words() if shown.problem else None
                said = msgspec.json.encode({"version": version, "problem": problem}).decode()
                yield f"data: {said}\n\n"
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait(), _HEARTBEAT)
                except TimeoutError:
                    yield ": still here\n\n"

    async def edit(self, websocket: WebSocket) -> None:
        """The language server, one for each page."""
        await websocket.accept()
        server = make_server([each.absolute() for each in self._live.looked_at])
        receive = server.talk(websocket.send_text)
        self._editors.add(server)
        try:
            while True:
                receive(await websocket.receive_text())
        except WebSocketDisconnect:
            pass
        except ValueError:
            await websocket.close(1007)
        finally:
            self._editors.discard(server)
            server.checker.close()

    async def ask(self, request: Request) -> Response:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST:
                return Response(status_code=413)
        try:
            asked: Any = msgspec.json.decode(bytes(body))
        except (msgspec.DecodeError, RecursionError):
            return Response(status_code=400)
        if not isinstance(asked, dict) or not isinstance(asked.get("params"), dict):
            return Response(status_code=400)
        result = await asyncio.to_thread(answered, self._live, str(asked.get("method")), asked["params"])
        content = {"jsonrpc": "2.0", "id": asked.get("id"), "result": result}
        return Response(json_bytes(content), media_type="application/json")
