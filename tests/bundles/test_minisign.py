"""Keys and signatures: those of minisign itself are read, and nothing passes that was changed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.signing import MOST_BYTES
from policylang.signing.minisign import (
    NotMinisignError,
    PasswordError,
    PublicKey,
    SecretKey,
    UntrustedError,
    _derived,
    new_key,
    read_public_key,
    read_secret_key,
    sign,
    verify,
)

FOLDER = Path(__file__).parent / "minisign"


def given_file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def no_password() -> bytes:
    raise AssertionError


PLAIN = read_public_key(given_file("plain.pub"))
LOCKED = read_public_key(given_file("locked.pub"))
SECRET = read_secret_key(given_file("plain.key"), no_password)
MESSAGE = given_file("message")
SIGNATURE = given_file("message.minisig")


def test_keys_of_minisign() -> None:
    assert SECRET.public == PLAIN
    assert PLAIN.name == "E73C7FC253B27B38"
    assert PLAIN.file() == given_file("plain.pub")
    # Its own comment says that every key is encrypted.
    assert SECRET.file().split(b"\n")[1] == given_file("plain.key").split(b"\n")[1]


def test_signatures_of_minisign() -> None:
    assert verify(MESSAGE, SIGNATURE, PLAIN) == "policies of the quarter"
    assert verify(MESSAGE, given_file("locked.minisig"), LOCKED) == "t"


def test_the_same_bytes_as_minisign_signs() -> None:
    made = sign(MESSAGE, SECRET, "policies of the quarter")
    assert made.split(b"\n")[1:] == SIGNATURE.split(b"\n")[1:]
    assert made == sign(MESSAGE, SECRET, "policies of the quarter")


def test_lines_may_end_as_on_windows() -> None:
    assert verify(MESSAGE, SIGNATURE.replace(b"\n", b"\r\n"), PLAIN) == "policies of the quarter"
    assert verify(MESSAGE, SIGNATURE.removesuffix(b"\n"), PLAIN) == "policies of the quarter"


def test_what_is_signed_otherwise() -> None:
    with pytest.raises(UntrustedError, match="signed with another key, 2C21F795C328EAF1, not E73C7FC253B27B38"):
        verify(MESSAGE, given_file("locked.minisig"), PLAIN)
    with pytest.raises(UntrustedError, match="the content is not what"):
        verify(MESSAGE + b" ", SIGNATURE, PLAIN)
    with pytest.raises(UntrustedError, match="the trusted comment is not what"):
        verify(MESSAGE, SIGNATURE.replace(b"of the quarter", b"of the year"), PLAIN)
    with pytest.raises(NotMinisignError, match="without hashing it first"):
        verify(MESSAGE, given_file("legacy.minisig"), PLAIN)
    other_key_of_that_name = PublicKey(PLAIN.id, LOCKED.key)
    with pytest.raises(UntrustedError, match="the content is not what"):
        verify(MESSAGE, SIGNATURE, other_key_of_that_name)


def test_a_hash_that_is_signed_the_old_way_is_no_signature_of_the_content() -> None:
    """Only the name of the algorithm tells a signature of a hash from one of content that looks like a hash."""
    first, line, *rest = SIGNATURE.decode().split("\n")
    data = base64.b64decode(line)
    renamed = "\n".join((first, base64.b64encode(b"Ed" + data[2:]).decode(), *rest)).encode()
    with pytest.raises(NotMinisignError):
        verify(hashlib.blake2b(MESSAGE).digest(), renamed, PLAIN)


@given(st.binary(max_size=300), st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=40))
def test_what_is_signed_verifies(content: bytes, comment: str) -> None:
    signature = sign(content, SECRET, comment)
    assert verify(content, signature, PLAIN) == comment
    with pytest.raises(UntrustedError):
        verify(content + b"\0", signature, PLAIN)


@given(st.data())
def test_no_changed_signature_verifies(data: st.DataObject) -> None:
    """Everything below the first line counts: it is as it was, or refused."""
    lines = SIGNATURE.split(b"\n")
    number = data.draw(st.integers(1, 3))
    line = bytearray(lines[number])
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[at]))
    lines[number] = bytes(line)
    with pytest.raises((NotMinisignError, UntrustedError)):
        verify(MESSAGE, b"\n".join(lines), PLAIN)


@pytest.mark.parametrize("number", [1, 3])
def test_the_bits_that_no_byte_takes_count_as_well(number: int) -> None:
    lines = SIGNATURE.split(b"\n")
    end = lines[number].rstrip(b"=")
    lines[number] = end[:-1] + bytes([end[-1] + 1]) + lines[number][len(end) :]
    assert base64.b64decode(lines[number]) == base64.b64decode(SIGNATURE.split(b"\n")[number])
    with pytest.raises(NotMinisignError, match="not Base64"):
        verify(MESSAGE, b"\n".join(lines), PLAIN)


@given(st.binary(max_size=400) | st.sampled_from([SIGNATURE, given_file("plain.key"), given_file("plain.pub")]))
def test_anything_is_read_or_refused(content: bytes) -> None:
    for read in (
        lambda: verify(MESSAGE, content, PLAIN),
        lambda: read_public_key(content),
        lambda: read_secret_key(content, no_password),
    ):
        with contextlib.suppress(NotMinisignError, UntrustedError):
            read()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a public key of minisign"),
        (b"untrusted comment: x\n", "not a public key of minisign"),
        (b"untrusted comment: x\nRWQ\n", "not Base64"),
        (b"untrusted comment: x\nRWQ=\n", "2 bytes, not 42"),
        ("untrusted comment: x\nü\n".encode(), "not Base64"),
        (b"\xff", "not UTF-8"),
        (given_file("plain.key"), "158 bytes, not 42"),
        (SIGNATURE, "not a public key of minisign"),
        (b"untrusted comment: x\n" + base64.b64encode(b"XX" + bytes(40)), "not a public key of minisign"),
        (b"untrusted comment: " + b"x" * MOST_BYTES, "larger than 16,384 bytes"),
    ],
)
def test_what_is_no_key(content: bytes, said: str) -> None:
    with pytest.raises(NotMinisignError, match=said):
        read_public_key(content)


@pytest.mark.parametrize("comment", ["two\nlines", "x" * 9000, "\x1b[2J", "\u2028"])
def test_comments_that_cannot_be_signed(comment: str) -> None:
    with pytest.raises(NotMinisignError, match="a comment is one line"):
        sign(MESSAGE, SECRET, comment)


def test_new_keys() -> None:
    one, other = new_key(), new_key()
    assert one != other
    assert read_secret_key(one.file(), no_password) == one
    assert read_public_key(one.public.file()) == one.public


# --- passwords -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "memory", "derived"),
    [
        (0, 0, "08eebda52e3bd1a9152d6dcfd2b93c48"),
        (32_768, 1 << 20, "828d5354c7e18a33163849cf18368fa6"),
        (100_000, 3_000_000, "8d4f870c41bcc6c1372cad67704e82f4"),
        (1 << 17, 1 << 16, "cd345953fbc6e79ae677a7bccaf52773"),
        (1 << 19, 1 << 24, "52d18dc289b5b9b10af938677904e4ba"),
        (1 << 20, 1 << 21, "ca78c67272c998bc05dfd91fc25641b5"),
    ],
)
def test_passwords_give_what_libsodium_derives(work: int, memory: int, derived: str) -> None:
    """The values are those of `crypto_pwhash_scryptsalsa208sha256` of libsodium 1.0.18."""
    assert _derived(lambda: b"pass word", bytes(range(32)), work, memory, 16).hex() == derived


def locked(key: SecretKey, password: bytes, work: int = 32_768, memory: int = 1 << 20) -> bytes:
    """The file of a key with a password, as minisign writes it."""
    keys = key.id + key.seed + key.public.key
    keys += hashlib.blake2b(b"Ed" + keys, digest_size=32).digest()
    salt = bytes(range(32))
    stream = hashlib.scrypt(password, salt=salt, n=1024, r=8, p=1, dklen=len(keys))
    limits = work.to_bytes(8, "little") + memory.to_bytes(8, "little")
    data = b"EdScB2" + salt + limits + bytes(one ^ other for one, other in zip(keys, stream, strict=True))
    return b"untrusted comment: minisign encrypted secret key\n" + base64.b64encode(data) + b"\n"


def test_a_key_with_a_password() -> None:
    content = locked(SECRET, b"pass word")
    assert read_secret_key(content, lambda: b"pass word") == SECRET
    for wrong in (b"", b"pass word ", b"Pass word"):
        with pytest.raises(PasswordError, match="the password is wrong"):
            read_secret_key(content, lambda wrong=wrong: wrong)  # type: ignore[misc]


@pytest.mark.parametrize(("work", "memory"), [((1 << 25) + 1, 0), (0, (1 << 30) + 1), (2**64 - 1, 2**64 - 1)])
def test_keys_that_ask_for_too_much(work: int, memory: int) -> None:
    with pytest.raises(NotMinisignError, match="more work"):
        read_secret_key(locked(SECRET, b"", work, memory), no_password)


@pytest.mark.parametrize("at", [0, 2, 4, 54, 62, 94, 126])
def test_a_damaged_secret_key(at: int) -> None:
    first, line, last = given_file("plain.key").split(b"\n")
    data = bytearray(base64.b64decode(line))
    data[at] ^= 1
    changed = b"\n".join((first, base64.b64encode(data), last))
    if at == 54:  # the id is no part of the key itself, and without a checksum anybody's
        assert read_secret_key(changed, no_password).public.key == PLAIN.key
        return
    with pytest.raises(NotMinisignError):
        read_secret_key(changed, no_password)
