"""Who may ask: whoever knows the address, from a page that came from it."""

from __future__ import annotations

import hmac
import secrets

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SENT = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}


def new_token() -> str:
    """What nobody can guess who was not told the address."""
    return secrets.token_urlsafe(24)


class Gate:
    """Lets requests through whose address has the token, that name this server, and that no other page sends."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = frozenset((f"127.0.0.1:{port}", f"localhost:{port}"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_SENT.items()]
            await send(message)

        refused = self._refused(scope, Headers(scope=scope))
        if refused is not None and scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if refused is not None:
            return await PlainTextResponse(*refused)(scope, receive, guarded)
        inside = "/" + scope["path"].split("/", 2)[2]
        return await self._app({**scope, "path": inside, "raw_path": inside.encode()}, receive, guarded)

    def _refused(self, scope: Scope, headers: Headers) -> tuple[str, int] | None:
        """Why a request is not let through, and the status that says so."""
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in self._hosts:
            # A page of some site may have a name of its own that leads here.
            return "the request is for another host\n", 400
        if origin is not None and origin.removeprefix("http://") != host:
            return "the request comes from another page\n", 403
        parts = scope["path"].split("/", 2)
        if len(parts) < 3 or not hmac.compare_digest(parts[1].encode(), self._token.encode()):
            return "open the address that `policylang explore` printed\n", 404
        if scope["type"] == "websocket":
            asks = origin is not None
        else:
            json = headers.get("content-type", "").partition(";")[0] == "application/json"
            asks = scope["method"] != "POST" or (origin is not None and json)
        if not asks:
            return "only the page itself may ask that\n", 403
        return None
