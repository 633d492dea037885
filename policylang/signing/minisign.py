"""Keys and signatures as minisign writes them: Ed25519 over the BLAKE2b hash of a file (jedisct1.github.io/minisign).

Whatever is read here may come from anybody. Each part has one length and one form; all else is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Callable, Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policylang.signing import MOST_BYTES

_MOST_COMMENT = 8_192
_PURE, _PREHASHED = b"Ed", b"ED"
_PLAIN, _SCRYPT, _BLAKE2B = b"\0\0", b"Sc", b"B2"
_ID, _KEY, _SIGNATURE, _SALT, _CHECKSUM = 8, 32, 64, 32, 32
_SECRET = 2 + 2 + 2 + _SALT + 8 + 8 + _ID + 2 * _KEY + _CHECKSUM
_UNTRUSTED, _TRUSTED = "untrusted comment: ", "trusted comment: "
_MOST_MEMORY, _MOST_WORK = 1 << 30, 1 << 25  # what minisign itself takes to derive a key from a password
_R = 8
_MOST_SCRYPT = (1 << 31) - 1  # bytes that OpenSSL may take; the limits above keep it to half
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


class NotMinisignError(ValueError):
    """No key, or no signature, of the format. The message says why."""


class PasswordError(NotMinisignError):
    """The password of a secret key is wrong, or the key is damaged, which nobody can tell apart."""


class UntrustedError(Exception):
    """The signature is not one of this key over this content. The message says why."""


class _OtherKeyError(UntrustedError):
    """The signature is one of another key."""


class PublicKey(msgspec.Struct, frozen=True):
    """What signatures are verified with."""

    id: bytes
    key: bytes

    @property
    def name(self) -> str:
        """Its id as minisign shows it."""
        return _shown(self.id)

    def file(self) -> bytes:
        """The file that minisign writes."""
        return _lines(f"{_UNTRUSTED}minisign public key {self.name}", _base64(_PURE + self.id + self.key))


class SecretKey(msgspec.Struct, frozen=True):
    """What is signed with."""

    id: bytes
    seed: bytes

    @property
    def public(self) -> PublicKey:
        """The key that verifies what this one signs."""
        return PublicKey(self.id, self._private().public_key().public_bytes_raw())

    def sign(self, content: bytes) -> bytes:
        """The signature alone, 64 bytes."""
        return self._private().sign(content)

    def file(self) -> bytes:
        """The file that ``minisign -G -W`` writes: without a password, and without a checksum."""
        head = _PURE + _PLAIN + _BLAKE2B + bytes(_SALT + 8 + 8)
        keys = self.id + self.seed + self.public.key
        return _lines(f"{_UNTRUSTED}minisign secret key {_shown(self.id)}", _base64(head + keys + bytes(_CHECKSUM)))

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def new_key() -> SecretKey:
    """A key that nobody has."""
    return SecretKey(os.urandom(_ID), os.urandom(_KEY))


def read_public_key(content: bytes) -> PublicKey:
    """The key of a file. Raises `NotMinisignError`."""
    (line,) = _body(content, "public key", 1)
    data = _decoded(line, 2 + _ID + _KEY, "public key")
    if data[:2] != _PURE:
        raise NotMinisignError("not a public key of minisign")
    return PublicKey(data[2 : 2 + _ID], data[2 + _ID :])


def read_secret_key(content: bytes, password: Callable[[], bytes]) -> SecretKey:
    """The key of a file; ``password`` is asked where it has one. Raises `NotMinisignError`."""
    (line,) = _body(content, "secret key", 1)
    data = _decoded(line, _SECRET, "secret key")
    algorithm, derivation, checksum = data[:2], data[2:4], data[4:6]
    if algorithm != _PURE or checksum != _BLAKE2B or derivation not in (_PLAIN, _SCRYPT):
        raise NotMinisignError("not a secret key of minisign")
    limits = 6 + _SALT
    keys = data[limits + 16 :]
    if derivation == _SCRYPT:
        work, memory = (int.from_bytes(data[at : at + 8], "little") for at in (limits, limits + 8))
        stream = _derived(password, data[6:limits], work, memory, len(keys))
        keys = bytes(one ^ other for one, other in zip(keys, stream, strict=True))
    id_, seed, public, found = keys[:8], keys[8:40], keys[40:72], keys[72:]
    expected = hashlib.blake2b(_PURE + id_ + seed + public, digest_size=_CHECKSUM).digest()
    is_whole = hmac.compare_digest(found, expected) or (derivation == _PLAIN and not any(found))
    key = SecretKey(id_, seed)
    if not is_whole or key.public.key != public:
        if derivation == _SCRYPT:
            raise PasswordError("the password is wrong, or the secret key is damaged")
        raise NotMinisignError("the secret key is damaged")
    return key


def _derived(password: Callable[[], bytes], salt: bytes, work: int, memory: int, size: int) -> bytes:
    if memory > _MOST_MEMORY or work > _MOST_WORK:
        raise NotMinisignError("the secret key asks for more work than minisign's own do")
    n, p = _cost(work, memory)
    return hashlib.scrypt(password(), salt=salt, n=n, r=_R, p=p, maxmem=_MOST_SCRYPT, dklen=size)


def _cost(work: int, memory: int) -> tuple[int, int]:
    """N and p of scrypt, as libsodium picks them for limits of work and memory."""
    work = max(work, 32_768)
    is_short = work < memory // 32
    most = work // (_R * 4) if is_short else memory // (_R * 128)
    n = 2
    while n <= most // 2:
        n *= 2
    return n, 1 if is_short else max(work // 4 // n // _R, 1)


def sign(content: bytes, key: SecretKey, trusted_comment: str) -> bytes:
    """The signature of some content, as a file. Raises `NotMinisignError` for a comment that it cannot hold."""
    if len(trusted_comment.encode()) > _MOST_COMMENT or _CONTROL.search(trusted_comment):
        raise NotMinisignError(f"a comment is one line of at most {_MOST_COMMENT:,} bytes, without control characters")
    signature = key.sign(hashlib.blake2b(content).digest())
    return _lines(
        f"{_UNTRUSTED}signature of key {_shown(key.id)}",
        _base64(_PREHASHED + key.id + signature),
        f"{_TRUSTED}{trusted_comment}",
        _base64(key.sign(signature + trusted_comment.encode())),
    )


def verify(content: bytes, signature: bytes, key: PublicKey) -> str:
    """The trusted comment of a signature, whose file is ``signature``. Raises `NotMinisignError` for what is none, and
    `UntrustedError` for one that is not this key's over this content.
    """
    line, comment, line_of_all = _body(signature, "signature", 3)
    data = _decoded(line, 2 + _ID + _SIGNATURE, "signature")
    of_all = _decoded(line_of_all, _SIGNATURE, "signature")
    if not comment.startswith(_TRUSTED):
        raise NotMinisignError("not a signature of minisign: it has no trusted comment")
    if data[:2] == _PURE:
        raise NotMinisignError(
            "the file was signed without hashing it first, as old versions of minisign do: sign it again"
        )
    if data[:2] != _PREHASHED:
        raise NotMinisignError("not a signature of minisign")
    if data[2 : 2 + _ID] != key.id:
        raise _OtherKeyError(f"signed with another key, {_shown(data[2 : 2 + _ID])}, not {key.name}")
    own, said = data[2 + _ID :], comment.removeprefix(_TRUSTED)
    if not _is_signed(key, own, hashlib.blake2b(content).digest()):
        raise UntrustedError(f"the content is not what key {key.name} signed")
    if not _is_signed(key, of_all, own + said.encode()):
        raise UntrustedError(f"the trusted comment is not what key {key.name} signed")
    return said


def verify_by_one(content: bytes, signature: bytes, keys: Sequence[PublicKey]) -> tuple[PublicKey, str]:
    """Which of the keys has signed, and the trusted comment. Raises as `verify` does, where none has."""
    others = []
    for key in keys:
        try:
            return key, verify(content, signature, key)
        except _OtherKeyError as error:
            others.append(error)
    if len(others) == 1:
        raise others[0]
    raise _OtherKeyError(f"signed with none of the keys {', '.join(key.name for key in keys)}")


def _is_signed(key: PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _body(content: bytes, what: str, lines: int) -> list[str]:
    """The lines of a file below its untrusted comment. Raises `NotMinisignError`."""
    if len(content) > MOST_BYTES:
        raise NotMinisignError(f"not a {what} of minisign: larger than {MOST_BYTES:,} bytes")
    try:
        first, *rest = content.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
    except UnicodeDecodeError:
        raise NotMinisignError(f"not a {what} of minisign: not UTF-8") from None
    if not first.startswith(_UNTRUSTED) or len(rest) != lines:
        raise NotMinisignError(f"not a {what} of minisign")
    return rest


def _decoded(line: str, size: int, what: str) -> bytes:
    try:
        data = base64.b64decode(line.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise NotMinisignError(f"not a {what} of minisign: not Base64") from None
    if _base64(data) != line:  # the last character has bits that no byte takes; minisign wants them to be zero, too
        raise NotMinisignError(f"not a {what} of minisign: not Base64")
    if len(data) != size:
        raise NotMinisignError(f"not a {what} of minisign: {len(data)} bytes, not {size}")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _shown(id_: bytes) -> str:
    """The id of a key as minisign shows it."""
    return id_[::-1].hex().upper()
