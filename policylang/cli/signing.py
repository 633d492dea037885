"""`policylang sign` and `policylang verify`"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from policylang import signing
from policylang.cli.options import TEXT, repeatable, text_option
from policylang.cli.terminal import CLEAN, FINDINGS, is_terminal, stop, write_lines
from policylang.cli.writing import STANDARD_OUTPUT, cannot_write, check_output, write_output
from policylang.diagnostics import visible
from policylang.project.bundle import MOST_BYTES
from policylang.project.discovery import Problem, read_regular, unreadable

if TYPE_CHECKING:
    from policylang.signing.minisign import PublicKey

_PUBLIC = ".pub"
_MOST_PASSWORD = 1024


@click.command("sign")
@click.argument("file", required=False, type=TEXT)
@text_option("--key", "KEY", "The secret key, of minisign or made with --new-key.")
@click.option("--comment", type=TEXT, help="Text that is signed with the file.  [default: file:NAME]")
@click.option("-o", "--output", type=click.Path(), metavar="SIGNATURE", help="File to write.  [default: FILE.minisig]")
@text_option("--new-key", "KEY", "Make a secret key, and the public one beside it (KEY.pub).")
def sign(file: str | None, key: str | None, comment: str | None, output: str | None, new_key: str | None) -> None:
    """Sign a file, such as a bundle, with Ed25519 as minisign does.

    The password of a key that has one is asked for, or read from standard input.
    """
    _need_package("sign")
    if new_key is not None:
        if file or key or comment or output:
            raise click.UsageError("--new-key stands alone")
        _make_key(new_key)
        return
    if file is None or key is None:
        raise click.UsageError("name the file to sign, and the secret key with --key")
    from policylang.signing import minisign

    content = read_file(file, MOST_BYTES)
    try:
        secret = minisign.read_secret_key(read_file(key, signing.MOST_BYTES), _password)
    except minisign.PasswordError as error:
        stop(Problem(key, str(error), "type the password, or give it as the first line of standard input"))
    except minisign.NotMinisignError as error:
        stop(Problem(key, str(error), "name a secret key, such as `minisign -G` or `policylang sign --new-key` make"))
    said = f"file:{os.path.basename(file)}" if comment is None else comment
    try:
        signature = minisign.sign(content, secret, said)
    except minisign.NotMinisignError as error:
        stop(Problem("--comment", str(error), "give another `--comment`"))
    target = output or file + signing.SUFFIX
    write_output(signature, target, (file, key, _public_of(key)))
    if target != STANDARD_OUTPUT:
        write_lines([f"wrote {visible(target)}"], err=True)


@click.command("verify")
@click.argument("file", type=TEXT)
@repeatable("--key", "keys", "KEY", "A public key; one of several is enough.", required=True)
@text_option("--signature", "SIGNATURE", "The signature.  [default: FILE.minisig]")
def verify(file: str, keys: tuple[str, ...], signature: str | None) -> None:
    """Say whether a file was signed with a key, or with one of several.

    Exit codes: 0 it is, 1 it is not, 2 could not run.
    """
    _need_package("verify")
    from policylang.signing import minisign

    public = [read_verifying_key(path) for path in keys]
    content = read_file(file, MOST_BYTES)
    named = signature or file + signing.SUFFIX
    try:
        by, said = minisign.verify_by_one(content, read_file(named, signing.MOST_BYTES), public)
    except minisign.NotMinisignError as error:
        stop(Problem(named, str(error), "sign the file with `policylang sign` or `minisign -S`"))
    except minisign.UntrustedError as error:
        write_lines([f"{visible(file)} is not to be trusted: {error}"])
        sys.exit(FINDINGS)
    said = said.replace("\t", " ")  # minisign's own comments have them
    key = keys[public.index(by)]
    write_lines([f"{visible(file)} is signed with the key {visible(key)}; comment: {visible(said)}"])
    sys.exit(CLEAN)


def read_verifying_key(path: str) -> PublicKey:
    """The public key of a file, or the end of the command."""
    _need_package("verify")
    from policylang.signing import minisign

    try:
        return minisign.read_public_key(read_file(path, signing.MOST_BYTES))
    except minisign.NotMinisignError as error:
        stop(Problem(path, str(error), "name a public key, such as `minisign -G` or `policylang sign --new-key` make"))


def _need_package(command: str) -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        help = "pip install 'policylang[signing]'"
        stop(Problem(command, f"needs a package that is not installed: {error.name}", help))


def read_file(path: str, most: int) -> bytes:
    """The content of a file of at most so many bytes, or the end of the command."""
    try:
        content = read_regular(Path(path), most + 1)
    except OSError as error:
        stop(unreadable(path, error))
    if len(content) > most:
        stop(Problem(path, f"larger than {most:,} bytes", "check the path"))
    return content


def _password() -> bytes:
    if is_terminal(sys.stdin):
        return getpass.getpass("Password: ").encode()
    line = sys.stdin.buffer.readline(_MOST_PASSWORD + 1) if sys.stdin is not None else b""
    return line.removesuffix(b"\n").removesuffix(b"\r")


def _public_of(path: str) -> str:
    """Where the public key of a secret one is."""
    return os.path.splitext(path)[0] + _PUBLIC


def _make_key(path: str) -> None:
    """Write a new pair of keys; nothing is replaced, and the secret one is for its owner alone."""
    from policylang.signing import minisign

    public = _public_of(path)
    if public == path:
        stop(Problem(path, "this would be the name of the public key", "name the secret key, such as `team.key`"))
    for each in (path, public):
        check_output(each)
        if os.path.lexists(each):
            _exists(each)
    key = minisign.new_key()
    at = path
    try:
        _write_new(path, key.file(), 0o600)
        at = public
        try:
            _write_new(public, key.public.file(), 0o666)
        except BaseException:
            os.unlink(path)
            raise
    except FileExistsError:
        _exists(at)
    except OSError as error:
        cannot_write(at, error)
    write_lines([f"wrote {visible(path)}, the secret key, and {visible(public)}, the public one"], err=True)


def _exists(path: str) -> NoReturn:
    stop(Problem(path, "not written: there is such a file", "name another file: keys are not replaced"))


def _write_new(path: str, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
