"""Where the policies of a service come from, and whether they are still the same there."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from policylang import signing
from policylang.ir import LoadError
from policylang.ir import nodes as ir
from policylang.project.bundle import MOST_BYTES, from_compiled
from policylang.project.discovery import Problem, discover, mark_of, read_regular, unreadable
from policylang.project.loading import policy_set_of, read_compiled
from policylang.registry import artifact, transfer
from policylang.registry.client import Registry, RegistryError
from policylang.registry.reference import SCHEME, Reference

if TYPE_CHECKING:
    from policylang.signing.minisign import PublicKey

_CUT_SHORT = "the address sends less than it says"
_TRIES = 5
"""How often files that change while they are read are read again."""


class SourceError(Exception):
    """There are no policies there that may be used; the message says why.

    ``problem``: the same with its place, where it has one.
    """

    problem: Problem | None = None


class ReadPolicies(msgspec.Struct, frozen=True):
    """A policy set, and what tells it from the next one at the same place."""

    policy_set: ir.PolicySet
    mark: object


class PolicySource(Protocol):
    def read(self, mark: object) -> ReadPolicies | None:
        """The policies, ``None`` where they are those of ``mark``. Raises `SourceError`."""
        ...


class Paths:
    """Compiled JSON or a bundle, or folders and files of sources."""

    def __init__(self, paths: Sequence[str], keys: Sequence[PublicKey] = ()) -> None:
        """``keys``: a signature of one of them has to lie beside the file. Raises `SourceError` where there is no one
        file.
        """
        self._paths, self._keys = tuple(paths), tuple(keys)
        if keys and not self._is_compiled:
            raise SourceError("sources have no signature: with `verify`, serve a bundle")

    @property
    def _is_compiled(self) -> bool:
        (first, *more) = self._paths or ("",)
        return bool(first) and not more and not os.path.isdir(first) and not first.endswith(".policy")

    def read(self, mark: object) -> ReadPolicies | None:
        if not self._is_compiled:
            return self._of_sources(mark)
        path = self._paths[0]
        at = _stat(path), _stat(path + signing.SUFFIX) if self._keys else None
        if at == mark:
            return None  # a change after this is one the next time
        return ReadPolicies(self._signed(at) if self._keys else _usable(read_compiled(path), at), at)

    def _of_sources(self, mark: object) -> ReadPolicies | None:
        """The policies of files that are found the same twice: while they change, those of two versions may be found
        together, and be policies that nobody wrote.
        """
        at = mark_of(discover(self._paths))
        for _ in range(_TRIES):
            if at == mark:
                return None
            before, sets = at, discover(self._paths)
            at = mark_of(sets)
            if at == before:
                return ReadPolicies(_usable(policy_set_of(sets, self._paths), at), at)
        raise SourceError("the files change while they are read")

    def _signed(self, at: object) -> ir.PolicySet:
        path = self._paths[0]
        try:
            content = read_regular(Path(path), MOST_BYTES + 1)
            path += signing.SUFFIX
            signature = read_regular(Path(path), signing.MOST_BYTES + 1)
        except OSError as error:
            found = unreadable(path, error)
            raise Unusable(found.in_words(), at, found) from None
        return _loaded(content, signature, self._keys, at)


def _usable(found: ir.PolicySet | Problem, mark: object) -> ir.PolicySet:
    """What was found. Raises `Unusable` for a problem."""
    if isinstance(found, Problem):
        raise Unusable(found.in_words(), mark, found)
    return found


def _stat(path: str) -> object:
    try:
        stat = Path(path).stat()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0)
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


class Unusable(SourceError):  # noqa: N818
    """What is there may not be used; ``mark`` is that of what is there, so that it is refused once."""

    def __init__(self, message: str, mark: object, problem: Problem | None = None) -> None:
        super().__init__(message)
        self.mark, self.problem = mark, problem


def _loaded(content: bytes, signature: bytes | None, keys: Sequence[PublicKey], mark: object) -> ir.PolicySet:
    """The policies of some content, which one of the keys has signed if there are any. Raises `Unusable`."""
    if len(content) > MOST_BYTES:
        raise Unusable(f"larger than {MOST_BYTES:,} bytes", mark)
    if keys:
        from policylang.signing.minisign import NotMinisignError, UntrustedError, verify_by_one

        if signature is None:
            raise Unusable("there is no signature", mark)
        try:
            verify_by_one(content, signature, keys)
        except (NotMinisignError, UntrustedError) as error:
            raise Unusable(f"the signature does not verify: {error}", mark) from None
    try:
        return from_compiled(content)
    except LoadError as error:
        raise Unusable(str(error), mark) from None


class _Seen(msgspec.Struct, frozen=True):
    """What an address had: the ETag of the content or its digest, and the signature."""

    content: str
    is_etag: bool
    signature: bytes | None


class _Address:
    """Compiled JSON or a bundle behind http or https, asked for with the ETag of what was read last."""

    def __init__(self, address: str, keys: Sequence[PublicKey] = ()) -> None:
        """``keys``: a signature of one of them has to be behind the address of the content and ``.minisig``."""
        try:
            parts = urlsplit(address)
            _ = parts.port  # of which a number that is too large would be taken for another
        except ValueError as error:
            raise SourceError(f"no address: {str(error).lower()}") from None
        if "@" in parts.netloc:
            raise SourceError("a user and a password in an address are not sent: leave them out")
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise SourceError("policies come over https, but from this machine itself")
        self._address, self._keys = address, tuple(keys)
        self._signature_address = parts._replace(path=parts.path + signing.SUFFIX).geturl()

    def read(self, mark: object) -> ReadPolicies | None:
        seen = mark if isinstance(mark, _Seen) else None
        until = time.monotonic() + transfer.SECONDS_ALL
        signature = self._signature(until) if self._keys else None
        is_same = seen is not None and seen.signature == signature
        etag = seen.content if seen and is_same and seen.is_etag else None
        got = self._get(until, self._address, MOST_BYTES, etag)
        if got is None:
            return None
        content, etag = got
        now = _Seen(etag or hashlib.sha256(content).hexdigest(), etag is not None, signature)
        return None if now == mark else ReadPolicies(_loaded(content, signature, self._keys, now), now)

    def _signature(self, until: float) -> bytes:
        try:
            got = self._get(until, self._signature_address, signing.MOST_BYTES, None)
        except SourceError as error:
            raise SourceError(f"the signature: {error}") from None
        assert got is not None
        return got[0]

    def _get(self, until: float, address: str, most: int, etag: str | None) -> tuple[bytes, str | None] | None:
        """What is there, up to a byte more than ``most``, and its ETag; ``None`` where that is as given. Raises
        `SourceError`.
        """
        headers = {} if etag is None else {"If-None-Match": etag}
        request = urllib.request.Request(address, headers=headers)  # noqa: S310  # the scheme is looked at above
        try:
            with transfer.send(request, until) as answer:
                content, said = answer.read(most + 1), answer.headers.get("Content-Length", "")
                etag = answer.headers.get("ETag")
        except urllib.error.HTTPError as error:
            if error.code == 304 and etag is not None:
                return None
            raise SourceError(f"the address answers {error.code}") from None
        except (OSError, ValueError) as error:
            raise SourceError(f"the address cannot be reached: {transfer.why(error)}") from None
        except http.client.IncompleteRead:
            raise SourceError(_CUT_SHORT) from None
        except http.client.HTTPException as error:
            raise SourceError(f"the address does not speak HTTP: {type(error).__name__}") from None
        if said.isdecimal() and len(content) < min(int(said[:20]), most + 1):
            raise SourceError(_CUT_SHORT)  # else its ETag would be taken for that of the whole
        return content, etag


class _Artifact:
    """A bundle in a registry. What is there is known by its digest, which is all that is asked for most of the time."""

    def __init__(self, reference: str, keys: Sequence[PublicKey] = ()) -> None:
        """``keys``: one of them has to have signed the bundle. Raises `SourceError` for a bad reference."""
        try:
            self._registry = Registry(Reference.parse(reference))
        except ValueError as error:
            raise SourceError(str(error)) from None
        self._keys = tuple(keys)

    def read(self, mark: object) -> ReadPolicies | None:
        try:
            digest = self._registry.digest()
            if digest == mark:
                return None
            found = artifact.pull(self._registry, MOST_BYTES, signing.MOST_BYTES, digest)
        except RegistryError as error:
            raise SourceError(str(error)) from None
        return ReadPolicies(_loaded(found.bundle, found.signature, self._keys, digest), digest)


def is_address(path: str) -> bool:
    """Whether an argument of the command is an address, and no file."""
    return path.startswith(("http://", "https://"))


def source_of(paths: Sequence[str], keys: Sequence[PublicKey] = ()) -> PolicySource:
    """Where the arguments of the command point to; ``keys``: those that signatures may be of. Raises `SourceError`."""
    if len(paths) == 1 and is_address(paths[0]):
        return _Address(paths[0], keys)
    if len(paths) == 1 and paths[0].startswith(SCHEME):
        return _Artifact(paths[0], keys)
    return Paths(paths, keys)
