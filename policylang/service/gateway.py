"""Requests that a proxy asks about before it passes them on: Envoy's ``ext_authz`` over HTTP.

The proxy sends method, path and headers of the request, below `PREFIX`; 200 lets it through. The config says what a
route means, and which header says who asks. What no route describes is denied.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from policylang.service.wire import AskedAction, Entity, Evaluation, RefusedRequest
from policylang.settings.service import Gateway, GatewayRoute

PREFIX = "/ext_authz"

_NOT_ROUTED = "no route is for this request"
_ID = "{id}"
_ANY = "*"


class GatewayReader:
    """Says what a request through the proxy is about to do."""

    def __init__(self, config: Gateway) -> None:
        self._config = config
        self._routes = [(route, route.path.removeprefix("/").split("/")) for route in config.routes]

    @property
    def methods(self) -> list[str]:
        """Those that a route has."""
        return sorted({route.method for route in self._config.routes})

    def question(self, method: str, raw_path: bytes, headers: Headers) -> Evaluation:
        """Raises `RefusedRequest` where nobody is known to ask, or no route describes the request."""
        user = _only(headers, self._config.user)
        if not user:
            raise RefusedRequest(401, "nobody is known to ask")
        segments = _segments(raw_path.removeprefix(PREFIX.encode()))
        route, id_ = self._route("GET" if method == "HEAD" else method, segments)
        context = {
            name: value
            for name, header in self._config.context.items()
            if (value := _only(headers, header)) is not None
        }
        return Evaluation(
            Entity(self._config.subject, user), AskedAction(route.action), Entity(route.resource, id_), context
        )

    def _route(self, method: str, segments: list[str]) -> tuple[GatewayRoute, str]:
        """The first route of the request, and the id in the path."""
        for route, pattern in self._routes:
            if route.method != method or len(pattern) != len(segments):
                continue
            pairs = list(zip(pattern, segments, strict=True))
            if all(wanted in (_ID, _ANY) or wanted == found for wanted, found in pairs):
                return route, next((found for wanted, found in pairs if wanted == _ID), "")
        raise RefusedRequest(403, _NOT_ROUTED)


def _segments(path: bytes) -> list[str]:
    """The parts of a path. One that two servers may read differently is refused."""
    try:
        found = [unquote_to_bytes(each).decode() for each in path.removeprefix(b"/").split(b"/")]
    except UnicodeDecodeError:
        raise RefusedRequest(403, _NOT_ROUTED) from None
    empty = "" in found and found != [""]
    if empty or any(each in (".", "..") or set(each) & set("/\\\0;") for each in found):
        raise RefusedRequest(403, _NOT_ROUTED)
    return found


def _only(headers: Headers, name: str) -> str | None:
    """The value of a header; ``None`` where there is none. One that comes twice, or is no text, is refused."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise RefusedRequest(403, "a header comes twice")
    try:
        return values[0].encode("latin-1").decode() if values else None
    except UnicodeDecodeError:
        raise RefusedRequest(403, "a header is not UTF-8") from None
