"""Requests over HTTP that end: one instant until which everything has to be there, however slowly it comes."""

from __future__ import annotations

import http.client
import io
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

from policylang.diagnostics import reason

SECONDS = 30
"""How long the other side may be silent."""
SECONDS_ALL = 300
"""How long a whole transfer may take."""
_PART = 1 << 16
_LATE = "it takes too long"
_UNTIL = "policylang_until"
"""An attribute of requests: until when they may take."""


def send(request: urllib.request.Request, until: float) -> Any:
    """The answer to a request, as of `urllib.request.urlopen`; but no redirect is followed. That, and whatever reads
    the answer later, raises TimeoutError after ``until``, an instant of `time.monotonic`.
    """
    setattr(request, _UNTIL, until)
    return _opener().open(request, timeout=SECONDS)


def why(error: Exception) -> str:
    """What failed on the way to the other side, in the system's words."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return reason(cause) if isinstance(cause, OSError) else str(cause)


def parts(body: bytes, until: float) -> Iterator[bytes]:
    """A body as it is sent. Raises TimeoutError after ``until``."""
    for begin in range(0, len(body), _PART):
        if time.monotonic() > until:
            raise TimeoutError(_LATE)
        yield body[begin : begin + _PART]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Content comes from where it is said to be, and who follows a redirect decides where credentials go."""

    def redirect_request(self, *_: object) -> None:
        return None


class _Timed(io.RawIOBase):
    """What comes from a socket, read with as much patience as is left."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket, until: float) -> None:
        self._raw, self._socket, self._until = raw, connected, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError(_LATE)
        self._socket.settimeout(min(SECONDS, left))
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            raise TimeoutError(_LATE) from None

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, connected: socket.socket, *arguments: Any, until: float, **named: Any) -> None:
        super().__init__(connected, *arguments, **named)
        self.fp = io.BufferedReader(_Timed(self.fp.detach(), connected, until))


def _giving_up(http_class: Any, request: urllib.request.Request) -> Any:
    """Makes connections whose answers are read with as much patience as a request has."""

    def connection(*arguments: Any, **named: Any) -> Any:
        made = http_class(*arguments, **named)
        made.response_class = partial(_Response, until=getattr(request, _UNTIL))
        return made

    return connection


class _Http(urllib.request.HTTPHandler):
    def do_open(self, http_class: Any, req: urllib.request.Request, **named: Any) -> http.client.HTTPResponse:
        return super().do_open(_giving_up(http_class, req), req, **named)


class _Https(urllib.request.HTTPSHandler):
    def do_open(self, http_class: Any, req: urllib.request.Request, **named: Any) -> http.client.HTTPResponse:
        return super().do_open(_giving_up(http_class, req), req, **named)


@cache
def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_NoRedirects, _Http, _Https)
