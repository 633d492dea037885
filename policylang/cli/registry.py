"""`policylang push` and `policylang pull`"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from policylang import signing
from policylang.cli.options import TEXT, repeatable, text_option
from policylang.cli.signing import read_file, read_verifying_key
from policylang.cli.terminal import CLEAN, FINDINGS, progress, stop, write_lines
from policylang.cli.writing import STANDARD_OUTPUT, check_output, write_output
from policylang.diagnostics import visible
from policylang.ir import LoadError
from policylang.project.bundle import MOST_BYTES, BundleManifest, is_bundle, unpack
from policylang.project.discovery import Problem
from policylang.registry import artifact
from policylang.registry.client import Registry, RegistryError
from policylang.registry.reference import SCHEME, Reference

if TYPE_CHECKING:
    from policylang.signing.minisign import PublicKey

_REFERENCE = "write `oci://HOST/NAME:TAG`, such as `oci://registry.example.com/policies/crm:prod`"
_ASK = "check the reference, the registry, and that you have logged in to it, such as with `docker login`"
_NOT_A_BUNDLE = "name a bundle, which `policylang bundle` writes"


@click.command("push")
@click.argument("file", type=TEXT)
@click.argument("reference", type=TEXT)
@text_option("--signature", "SIGNATURE", "The signature.  [default: FILE.minisig if there is one]")
def push(file: str, reference: str, signature: str | None) -> None:
    """Put a bundle and its signature into an OCI registry.

    REFERENCE is where: oci://HOST/NAME:TAG. Both go there together, under a digest that names exactly them.
    """
    to = _reference(reference)
    content = read_file(file, MOST_BYTES)
    manifest = _manifest(file, content)
    path = signature or file + signing.SUFFIX
    signed = read_file(path, signing.MOST_BYTES) if signature is not None or os.path.lexists(path) else None
    try:
        with progress() as step:
            step("pushing")
            name = os.path.basename(file)
            digest = artifact.push(to, artifact.Content(content, signed), name, manifest.revision)
    except RegistryError as error:
        _stop(to, error)
    how = "with its signature" if signed is not None else "which is not signed"
    write_lines([f"pushed {visible(file)}, {how}", visible(_exactly(to, digest))])


@click.command("pull")
@click.argument("reference", type=TEXT)
@click.option("-o", "--output", required=True, metavar="FILE", type=click.Path(), help="File to write.")
@repeatable(
    "--key", "keys", "KEY", "A public key: without a signature of it, or of another one given, nothing is written."
)
def pull(reference: str, output: str, keys: tuple[str, ...]) -> None:
    """Get a bundle and its signature from an OCI registry, as FILE and FILE.minisig.

    REFERENCE is what push was given, or oci://HOST/NAME@sha256:… for exactly one content. Exit codes: 0 the files are
    written, 1 the bundle is not signed with any of the keys, 2 could not run.
    """
    of = _reference(reference)
    public = [read_verifying_key(path) for path in keys]
    beside = output + signing.SUFFIX
    if output == STANDARD_OUTPUT:
        raise click.UsageError("a bundle and its signature are two files: name one with -o")
    for path in (output, beside):
        check_output(path)
    try:
        with progress() as step:
            step("pulling")
            registry = Registry(of)
            digest = registry.digest()
            content = artifact.pull(registry, MOST_BYTES, signing.MOST_BYTES, digest)
    except RegistryError as error:
        _stop(of, error)
    _manifest(str(of), content.bundle)
    if public:
        _verify(of, content, public)
    write_output(content.bundle, output)
    if content.signature is None:
        written = f"wrote {visible(output)}, which is not signed"
        if os.path.lexists(beside):
            write_lines([f"{visible(beside)} is of something else: this bundle is not signed"], err=True)
    else:
        write_output(content.signature, beside)
        written = f"wrote {visible(output)} and {visible(beside)}"
    write_lines([written, visible(_exactly(of, digest))])
    sys.exit(CLEAN)


def _reference(text: str) -> Reference:
    try:
        return Reference.parse(text)
    except ValueError as error:
        stop(Problem(text, str(error), _REFERENCE))


def _exactly(reference: Reference, digest: str) -> str:
    """The reference of one content, whatever its tag will name."""
    return f"{SCHEME}{reference.host}/{reference.name}@{digest}"


def _manifest(path: str, content: bytes) -> BundleManifest:
    """What a bundle says of itself, or the end of the command where it is none."""
    try:
        if not is_bundle(content):
            raise LoadError("not a bundle")
        return unpack(content).manifest
    except LoadError as error:
        stop(Problem(path, str(error), _NOT_A_BUNDLE))


def _verify(reference: Reference, content: artifact.Content, keys: list[PublicKey]) -> None:
    """End the command where none of the keys has signed."""
    from policylang.signing import minisign

    if content.signature is None:
        reason = "it is not signed"
    else:
        try:
            minisign.verify_by_one(content.bundle, content.signature, keys)
        except (minisign.NotMinisignError, minisign.UntrustedError) as error:
            reason = str(error)
        else:
            return
    write_lines([f"{visible(str(reference))} is not to be trusted, nothing was written: {visible(reason)}"])
    sys.exit(FINDINGS)


def _stop(reference: Reference, error: RegistryError) -> NoReturn:
    stop(Problem(str(reference), str(error), _ASK))
