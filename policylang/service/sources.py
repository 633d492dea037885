"""Where the policies of a service come from, and whether they are still the same there."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from policylang.ir import LoadError, from_json
from policylang.ir import nodes as ir
from policylang.project.discovery import Problem, discover
from policylang.project.loading import read_policy_set

_MOST_BYTES = 1 << 30
_SECONDS = 30


class SourceError(Exception):
    """There are no policies there that may be used; says why."""


class ReadPolicies(msgspec.Struct, frozen=True):
    """A policy set, and what tells it from the next one at the same place."""

    policy_set: ir.PolicySet
    mark: object


class PolicySource(Protocol):
    def read(self, mark: object) -> ReadPolicies | None:
        """The policies, ``None`` where they are those of ``mark``. Raises `SourceError`."""
        ...


class Paths:
    """Compiled JSON, or folders and files of sources."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = tuple(paths)

    @property
    def _is_compiled(self) -> bool:
        (first, *more) = self._paths or ("",)
        return bool(first) and not more and not os.path.isdir(first) and not first.endswith(".policy")

    def read(self, mark: object) -> ReadPolicies | None:
        at = self._mark()  # before it is read: a change meanwhile is one the next time
        if at == mark:
            return None
        found = read_policy_set(self._paths)
        if isinstance(found, Problem):
            raise Unusable(found.in_words(), at)
        return ReadPolicies(found, at)

    def _mark(self) -> object:
        if self._is_compiled:
            try:
                stat = Path(self._paths[0]).stat()
            except OSError as error:
                return error.errno
            return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
        seen = hashlib.sha256()
        for sources in discover(self._paths):
            for each in (*sources.sources, *sources.directory):
                seen.update(repr((each.name, each.text)).encode("utf-8", "surrogatepass"))
            seen.update(repr((sources.config, [problem.in_words() for problem in sources.problems])).encode())
        return seen.hexdigest()


class Unusable(SourceError):  # noqa: N818
    """What is there may not be used; ``mark`` is that of what is there, so that it is refused once."""

    def __init__(self, message: str, mark: object) -> None:
        super().__init__(message)
        self.mark = mark


class Address:
    """Compiled JSON behind http or https, asked for with the ETag of what was read last."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise SourceError("policies come over https, but from this machine itself")
        self._address = address
        self._open = urllib.request.build_opener(_NoRedirects).open

    def read(self, mark: object) -> ReadPolicies | None:
        headers = {"Accept": "application/json"}
        if isinstance(mark, str):
            headers["If-None-Match"] = mark
        request = urllib.request.Request(self._address, headers=headers)  # noqa: S310  # the scheme is looked at above
        try:
            with self._open(request, timeout=_SECONDS) as answer:
                content = answer.read(_MOST_BYTES + 1)
                etag = answer.headers.get("ETag")
        except urllib.error.HTTPError as error:
            if error.code == 304:
                return None
            raise SourceError(f"the address answers {error.code}") from None
        except (OSError, ValueError) as error:
            raise SourceError(f"the address cannot be reached: {error}") from None
        mark_now = etag or hashlib.sha256(content).hexdigest()
        if mark_now == mark:
            return None
        if len(content) > _MOST_BYTES:
            raise Unusable(f"larger than {_MOST_BYTES:,} bytes", mark_now)
        try:
            return ReadPolicies(from_json(content), mark_now)
        except LoadError as error:
            raise Unusable(str(error), mark_now) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Policies come from where they are said to be."""

    def redirect_request(self, *_: object) -> None:
        return None


def source_of(paths: Sequence[str]) -> PolicySource:
    """Where the arguments of the command point to. Raises `SourceError`."""
    if len(paths) == 1 and paths[0].startswith(("http://", "https://")):
        return Address(paths[0])
    return Paths(paths)
