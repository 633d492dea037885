"""`policylang push` and `pull`: what they say, write and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from policylang.project.bundle import pack
from policylang.registry.artifact import Content, push
from policylang.registry.reference import Reference
from policylang.signing.minisign import SecretKey, new_key, sign
from tests.engines.registry_engine import RegistryServer
from tests.helpers import compiled

KEY, OTHER = new_key(), new_key()
BUNDLE = pack(compiled("resource doc { actions view }\nrole r { grant view on doc }\n"), f"sha256:{'0' * 64}", "r1")


@pytest.fixture(autouse=True)
def _files(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "none"))
    write("crm.bundle", BUNDLE)
    write("team.pub", KEY.public.file())
    write("other.pub", OTHER.public.file())


def signature(content: bytes = BUNDLE, key: SecretKey = KEY) -> bytes:
    return sign(content, key, "test")


def test_there_and_back(run, write, registry: RegistryServer, tmp_path: Path) -> None:
    reference = f"oci://{registry.host}/cli/there:prod"
    write("crm.bundle.minisig", signature())
    result = run("push", "crm.bundle", reference)
    assert (result.returncode, result.stderr) == (0, b"")
    said, exactly = result.stdout.decode().splitlines()
    assert said == "pushed crm.bundle, with its signature"
    assert exactly.startswith(f"oci://{registry.host}/cli/there@sha256:")
    for of in (reference, exactly):
        result = run("pull", of, "-o", "new.bundle", "--key", "other.pub", "--key", "team.pub")
        assert (result.returncode, result.stderr) == (0, b"")
        assert result.stdout.decode() == f"wrote new.bundle and new.bundle.minisig\n{exactly}\n"
        assert (tmp_path / "new.bundle").read_bytes() == BUNDLE
        assert (tmp_path / "new.bundle.minisig").read_bytes() == signature()
    assert run("verify", "new.bundle", "--key", "team.pub").returncode == 0


def test_without_a_signature(run, registry: RegistryServer, tmp_path: Path) -> None:
    reference = f"oci://{registry.host}/cli/unsigned:prod"
    result = run("push", "crm.bundle", reference)
    assert result.stdout.decode().startswith("pushed crm.bundle, which is not signed\n")
    result = run("pull", reference, "-o", "new.bundle", "--key", "team.pub")
    assert result.returncode == 1
    said = f"{reference} is not to be trusted, nothing was written: it is not signed\n"
    assert result.stdout.decode() == said
    assert not (tmp_path / "new.bundle").exists()
    (tmp_path / "new.bundle.minisig").write_bytes(signature())
    result = run("pull", reference, "-o", "new.bundle")
    assert result.returncode == 0
    assert result.stdout.decode().startswith("wrote new.bundle, which is not signed\n")
    assert result.stderr.decode() == "new.bundle.minisig is of something else: this bundle is not signed\n"


@pytest.mark.parametrize(
    ("signed", "said"),
    [
        (signature(key=OTHER), "signed with another key"),
        (signature(b"other"), "the content is not what key"),
        (b"noise", "not a signature of minisign"),
    ],
)
def test_not_to_be_trusted(run, registry: RegistryServer, tmp_path: Path, signed: bytes, said: str) -> None:
    to = Reference.parse(f"oci://{registry.host}/cli/untrusted:prod")
    push(to, Content(BUNDLE, signed), "crm.bundle", None)
    result = run("pull", str(to), "-o", "new.bundle", "--key", "team.pub")
    assert result.returncode == 1
    assert f"is not to be trusted, nothing was written: {said}" in result.stdout.decode()
    assert {path.name for path in tmp_path.iterdir()} == {"crm.bundle", "team.pub", "other.pub"}


def test_what_is_no_bundle(run, registry: RegistryServer, tmp_path: Path) -> None:
    to = Reference.parse(f"oci://{registry.host}/cli/broken:prod")
    for content, said in ((BUNDLE[:-1], "the bundle ends too early"), (b"{}", "not a bundle"), (b"", "not a bundle")):
        push(to, Content(content), "crm.bundle", None)
        result = run("pull", str(to), "-o", "new.bundle")
        assert result.returncode == 2
        assert f"error: {to}: {said}" in result.stderr.decode()
    assert not (tmp_path / "new.bundle").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["push", "none", "oci://127.0.0.1:1/crm:prod"], "error: none: cannot be read: no such file or directory"),
        (["push", "team.pub", "oci://127.0.0.1:1/crm:prod"], "error: team.pub: not a bundle\n  help: name a bundle"),
        (["push", "crm.bundle", "crm:prod"], "error: crm:prod: this is not `oci://HOST/NAME:TAG`"),
        (["push", "crm.bundle", "oci://127.0.0.1:1/crm"], "this names no tag and no digest\n  help: write `oci://"),
        (
            ["push", "crm.bundle", "oci://127.0.0.1:1/crm:prod"],
            "crm:prod: the registry cannot be reached: connection refused\n",
        ),
        (["push", "crm.bundle", "oci://127.0.0.1:1/crm:prod", "--signature", "none"], "error: none: cannot be read"),
        (["pull", "oci://127.0.0.1:1/crm:prod", "-o", "x"], "crm:prod: the registry cannot be reached: "),
        (["pull", "oci://127.0.0.1:1/crm:prod", "-o", "-"], "a bundle and its signature are two files"),
        (["pull", "oci://127.0.0.1:1/crm:prod", "-o", "x.policy"], "error: x.policy: not written: this is a policy"),
        (["pull", "oci://127.0.0.1:1/crm:prod", "-o", "x", "--key", "crm.bundle"], "crm.bundle: not a public key"),
    ],
)
def test_mistakes(run, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert said in result.stderr.decode()
