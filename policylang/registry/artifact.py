"""A bundle as an artifact of a registry: its manifest names the bundle by its digest, and its signature beside it.

Both come and go together, so nobody ever has one without the other.
"""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.registry.client import MANIFEST, Registry, RegistryError, digest_of
from policylang.registry.reference import Reference, is_digest

_ARTIFACT = "application/vnd.policylang.bundle.v1"
BUNDLE = "application/vnd.policylang.bundle.v1+tar"
SIGNATURE = "application/vnd.policylang.bundle.v1.minisig"

_EMPTY = "application/vnd.oci.empty.v1+json"
_NOTHING = b"{}"
_TITLE = "org.opencontainers.image.title"
_REVISION = "org.opencontainers.image.revision"


class Content(msgspec.Struct, frozen=True):
    """What is pushed and pulled."""

    bundle: bytes
    signature: bytes | None = None


class _Descriptor(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Names some content in a manifest."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}


class _Manifest(msgspec.Struct, frozen=True, rename="camel"):
    config: _Descriptor
    layers: tuple[_Descriptor, ...] = ()


def make_manifest(content: Content, name: str, revision: str | None) -> bytes:
    """The manifest, the same bytes for the same content; ``name``: that of the file which oras pulls it into."""
    layers = [_descriptor(BUNDLE, content.bundle, name)]
    if content.signature is not None:
        layers.append(_descriptor(SIGNATURE, content.signature, f"{name}.minisig"))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": _ARTIFACT,
        "config": _descriptor(_EMPTY, _NOTHING),
        "layers": layers,
    }
    if revision is not None:
        manifest["annotations"] = {_REVISION: revision}
    return msgspec.json.encode(manifest)


def push(reference: Reference, content: Content, name: str, revision: str | None) -> str:
    """Put a bundle and its signature into a registry; the digest of the manifest. Raises `RegistryError`."""
    registry = Registry(reference)
    manifest = make_manifest(content, name, revision)
    digest = digest_of(manifest)
    if reference.digest not in (None, digest):
        raise RegistryError(f"the digest would be {digest}: push to a tag")
    for each in (_NOTHING, content.bundle, content.signature):
        if each is not None:
            registry.put_blob(each)
    registry.put_manifest(manifest)
    return digest


def pull(registry: Registry, most: int, most_signature: int, digest: str) -> Content:
    """The content of a manifest, whose digest is given. Raises `RegistryError`."""
    bundle, signature = _layers(registry.manifest(digest))
    for each, limit in ((bundle, most), (signature, most_signature)):
        if each is not None and not 0 <= each.size <= limit:
            raise RegistryError(f"what the manifest names is larger than {limit:,} bytes")
    return Content(
        registry.blob(bundle.digest, bundle.size),
        None if signature is None else registry.blob(signature.digest, signature.size),
    )


def _descriptor(media_type: str, content: bytes, title: str | None = None) -> _Descriptor:
    return _Descriptor(media_type, digest_of(content), len(content), {} if title is None else {_TITLE: title})


def _layers(content: bytes) -> tuple[_Descriptor, _Descriptor | None]:
    """The bundle of a manifest, and its signature. Raises `RegistryError`."""
    try:
        manifest = msgspec.json.decode(content, type=_Manifest)
    except (ValueError, RecursionError):
        raise RegistryError("what is there is not a bundle of policies") from None
    bundles = [each for each in manifest.layers if each.media_type == BUNDLE]
    signatures = [each for each in manifest.layers if each.media_type == SIGNATURE]
    if len(bundles) != 1 or len(signatures) > 1 or len(manifest.layers) != len(bundles) + len(signatures):
        raise RegistryError("what is there is not a bundle of policies")
    if not all(is_digest(each.digest) for each in manifest.layers):
        raise RegistryError("the manifest names content otherwise than by SHA-256")
    return bundles[0], signatures[0] if signatures else None
