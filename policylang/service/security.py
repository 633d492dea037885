"""Who asks, and what they may ask."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from policylang.service.wire import RefusedRequest
from policylang.settings.service import Scope, ServiceConfig

_LONGEST_TOKEN = 4096


class Guard:
    """Tells who sends a request by its headers. Raises `RefusedRequest`."""

    def __init__(self, config: ServiceConfig) -> None:
        self._tokens = [(bytes.fromhex(each.sha256), each.scopes) for each in config.tokens]
        self._certified = config.tls.client_scopes if config.tls is not None and config.tls.client_ca else None
        self._open = not config.has_credentials
        self._hosts = config.hosts

    def check(self, headers: Mapping[bytes, bytes], scope: Scope) -> None:
        """Refuse who may not ask that."""
        if self._open:
            # Against DNS rebinding: a web page may make a name of its own resolve to this address.
            if self._hosts is not None and _host(headers.get(b"host", b"")) not in self._hosts:
                raise RefusedRequest(400, "the request is for another host")
            return
        scopes = self._scopes(headers)
        if scopes is None:
            raise RefusedRequest(401, "say who you are: `Authorization: Bearer` and a token")
        if scope not in scopes:
            raise RefusedRequest(403, "this client may not ask that")

    def _scopes(self, headers: Mapping[bytes, bytes]) -> tuple[Scope, ...] | None:
        """What the client may do; ``None`` for one who is not known. With tokens in the config every client needs one,
        also one with a certificate.
        """
        if not self._tokens:
            return self._certified
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
            return None
        sent = hashlib.sha256(token.strip().encode("latin-1")).digest()
        found = None
        for hash_, scopes in self._tokens:  # all of them, so that the time it takes tells nothing
            if hmac.compare_digest(hash_, sent):
                found = scopes
        return found


@lru_cache(maxsize=64)
def _host(header: bytes) -> str | None:
    try:
        return urlsplit(f"//{header.decode('latin-1')}").hostname
    except ValueError:
        return None
