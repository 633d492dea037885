"""Bundles: one file with a compiled policy set and where it comes from, the same bytes for the same content.

A bundle is a tar archive (ustar) of two plain files, ``manifest.json`` and ``policies.json``, in this order, of nobody
and of no time. Only that is read: an archive with anything else in it, or written otherwise, is no bundle.
"""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal

import msgspec

from policylang.ir import LoadError, from_json, to_json
from policylang.ir import nodes as ir
from policylang.ir.codec import is_laid_out
from policylang.project.discovery import SourceSet

MOST_BYTES = 1 << 30
"""Of a bundle, and of a compiled policy set."""

_MANIFEST, _POLICIES = "manifest.json", "policies.json"
_MOST_MANIFEST = 65_536
_BLOCK = 512
_SIZE = slice(124, 135)
_CHECKSUM = slice(148, 156)
_HELP = "a bundle is what `policylang bundle` writes"


class BundleManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of itself."""

    digest: ir.Digest
    """That of the policy set."""
    sources: ir.Digest
    """That of the files that it was compiled from, see `sources_digest`."""
    revision: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None
    """Where these files are in version control."""
    version: Literal[1] = 1
    format: Literal["policylang policy bundle"] = "policylang policy bundle"


class Packed(msgspec.Struct, frozen=True):
    """What is in a bundle."""

    manifest: BundleManifest
    policy_set: ir.PolicySet


def sources_digest(sources: SourceSet) -> str:
    """SHA-256 over the lines that ``sha256sum`` prints for the files of a policy set, without byte order marks, in the
    order of the bytes of their names.
    """
    files = {each.name.encode("utf-8", "surrogateescape"): each.text for each in (*sources.sources, *sources.directory)}
    lines = (_sum_line(name, text.encode()) for name, text in sorted(files.items()))
    return f"sha256:{hashlib.sha256(b''.join(lines)).hexdigest()}"


def _sum_line(name: bytes, content: bytes) -> bytes:
    escaped = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"" if escaped == name else b"\\"
    return b"%s%s  %s\n" % (mark, hashlib.sha256(content).hexdigest().encode(), escaped)


def pack(policy_set: ir.PolicySet, sources: str, revision: str | None) -> bytes:
    """The bundle of a policy set; ``sources``: the digest of its files."""
    manifest = BundleManifest(policy_set.digest, sources, revision)
    return _entry(_MANIFEST, _manifest_json(manifest)) + _entry(_POLICIES, to_json(policy_set)) + bytes(2 * _BLOCK)


def is_bundle(content: bytes) -> bool:
    """Whether some content would be a bundle, and not JSON."""
    if content[:1] in b"{ \t\r\n":
        return False  # whatever a text in it says
    return content.startswith(b"%s\0" % _MANIFEST.encode()) or content[257:262] == b"ustar"


def unpack(content: bytes) -> Packed:
    """What is in a bundle. Raises `LoadError` for anything that `pack` does not write."""
    manifest_json, at = _read_entry(content, 0, _MANIFEST, _MOST_MANIFEST)
    policies_json, at = _read_entry(content, at, _POLICIES, MOST_BYTES)
    if len(content) < at + 2 * _BLOCK:
        raise LoadError(_EARLY)
    if len(content) > at + 2 * _BLOCK or any(content[at:]):
        raise LoadError(f"there is more in the bundle than `{_MANIFEST}` and `{_POLICIES}`: {_HELP}")
    try:
        manifest = msgspec.json.decode(manifest_json, type=BundleManifest)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"`{_MANIFEST}` of the bundle cannot be used: {error}") from None
    if _manifest_json(manifest) != manifest_json:
        raise LoadError(f"`{_MANIFEST}` of the bundle is written otherwise: {_HELP}")
    policy_set = from_json(policies_json)
    if not is_laid_out(policies_json):
        raise LoadError(f"`{_POLICIES}` of the bundle is written otherwise: {_HELP}")
    if policy_set.digest != manifest.digest:
        raise LoadError(f"`{_MANIFEST}` of the bundle is of other policies: {_HELP}")
    return Packed(manifest, policy_set)


def from_compiled(content: bytes) -> ir.PolicySet:
    """The policy set of compiled JSON or of a bundle. Raises `LoadError`."""
    if len(content) > MOST_BYTES:
        raise LoadError(f"larger than {MOST_BYTES:,} bytes")
    return unpack(content).policy_set if is_bundle(content) else from_json(content)


_EARLY = "the bundle ends too early, pack it again"


def _manifest_json(manifest: BundleManifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=2) + b"\n"


def _entry(name: str, content: bytes) -> bytes:
    return _header(name, len(content)) + content + bytes(-len(content) % _BLOCK)


def _header(name: str, size: int) -> bytes:
    """The block before a file: readable by all, of the user 0, of 1970. `tarfile` writes it differently by version."""
    nobody = b"%07o\0%07o\0" % (0, 0)
    head = name.encode().ljust(100, b"\0") + b"%07o\0" % 0o644 + nobody + b"%011o\0%011o\0" % (size, 0)
    kind = b" " * 8 + b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + nobody
    block = bytearray((head + kind).ljust(_BLOCK, b"\0"))
    block[_CHECKSUM] = b"%06o\0 " % sum(block)
    return bytes(block)


def _read_entry(content: bytes, at: int, name: str, most: int) -> tuple[bytes, int]:
    """The file of a name that begins at a place, and where the next one does."""
    header = content[at : at + _BLOCK]
    if len(header) < _BLOCK:
        raise LoadError(_EARLY)
    size = int(header[_SIZE], 8) if re.fullmatch(rb"[0-7]{11}", header[_SIZE]) else -1
    if size < 0 or header != _header(name, size):
        raise LoadError(f"there is something else in the bundle where `{name}` has to be, as a plain file: {_HELP}")
    if size > most:
        raise LoadError(f"`{name}` of the bundle is larger than {most:,} bytes")
    begin = at + _BLOCK
    end = begin + size
    following = end + -size % _BLOCK
    if len(content) < following:
        raise LoadError(_EARLY)
    if any(content[end:following]):
        raise LoadError(f"there is something behind `{name}` in the bundle: {_HELP}")
    return content[begin:end], following
