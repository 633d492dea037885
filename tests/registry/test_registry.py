"""Bundles in registries: a real one keeps them, and nothing that one sends is believed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oras.client
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.registry import client, transfer
from policylang.registry.artifact import BUNDLE, SIGNATURE, Content, make_manifest, pull, push
from policylang.registry.client import NotThereError, Registry, RegistryError, digest_of
from policylang.registry.reference import Reference, is_local
from tests.engines.registry_engine import RegistryServer
from tests.registry.fake import Answering, Asked, Said, fake, holding
from tests.registry.slow import ANSWERS, dripping, reading_little

CONTENT = Content(b"bundle" * 100, b"signature\n")
LOGIN = base64.b64encode(b"ann:secret").decode()
_HTPASSWD = "ann:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"  # secret
_MOST = 10_000


@pytest.fixture(autouse=True)
def _nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(tmp_path / "auth.json"))


def log_in(folder: Path, host: str, auth: str = LOGIN) -> None:
    (folder / "auth.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


def pulled(reference: Reference) -> Content:
    registry = Registry(reference)
    return pull(registry, _MOST, _MOST, registry.digest())


# --- references ----------------------------------------------------------------------------------------------

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "base", "of"),
    [
        ("oci://registry.example.com/team/crm:prod", "https://registry.example.com/v2/team/crm", "prod"),
        ("registry.example.com/crm:1.0", "https://registry.example.com/v2/crm", "1.0"),
        (f"oci://r.example:8443/a/b-c__d@{DIGEST}", "https://r.example:8443/v2/a/b-c__d", DIGEST),
        (f"oci://r.example/a:prod@{DIGEST}", "https://r.example/v2/a", DIGEST),
        ("oci://localhost:5000/a:b", "http://localhost:5000/v2/a", "b"),
        ("oci://127.0.0.1/a:b", "http://127.0.0.1/v2/a", "b"),
        ("oci://[::1]:5000/a:b", "http://[::1]:5000/v2/a", "b"),
        ("oci://localhost.example.com/a:b", "https://localhost.example.com/v2/a", "b"),
    ],
)
def test_references(text: str, base: str, of: str) -> None:
    found = Reference.parse(text)
    assert (found.base, found.of) == (base, of)
    assert Reference.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "oci://",
        "oci://host",
        "oci://host/a",
        "oci://host/A:b",
        "oci://host/a//b:c",
        "oci://host/../a:b",
        "oci://host/a:b c",
        "oci://host/a:b?c",
        "oci://user@host/a:b",
        "oci://host/a@sha256:abc",
        "oci://host/a@md5:" + "a" * 32,
        f"oci://host/{'a' * 256}:b",
        "oci://ho\nst/a:b",
        "https://host/a:b",
        "oci://host:65536/a:b",
        "oci://host/a:b\n",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match=r"this (is not|names no)"):
        Reference.parse(text)


def test_this_machine() -> None:
    assert all(map(is_local, ("localhost", "localhost:1", "127.0.0.1:5000", "[::1]", "[::1]:5000")))
    assert not any(map(is_local, ("example.com:443", "10.0.0.1", "[2001:db8::1]:5000", "127.0.0.1.example.com", "")))


# --- a real registry -----------------------------------------------------------------------------------------


def test_what_is_pushed_is_pulled(registry: RegistryServer) -> None:
    reference = Reference.parse(f"oci://{registry.host}/team/pushed:prod")
    digest = push(reference, CONTENT, "crm.bundle", "4f2c1d9")
    assert Registry(reference).digest() == digest == digest_of(make_manifest(CONTENT, "crm.bundle", "4f2c1d9"))
    assert pulled(reference) == CONTENT
    exactly = Reference.parse(f"oci://{registry.host}/team/pushed@{digest}")
    push(reference, Content(b"other"), "crm.bundle", None)
    assert pulled(reference) == Content(b"other")
    assert pulled(exactly) == CONTENT
    assert push(exactly, CONTENT, "crm.bundle", "4f2c1d9") == digest  # again: nothing new
    with pytest.raises(RegistryError, match="push to a tag"):
        push(exactly, Content(b"other"), "crm.bundle", None)
    with pytest.raises(NotThereError, match="the registry answers 404"):
        pulled(Reference.parse(f"oci://{registry.host}/team/pushed:none"))


def test_oras_pulls_it(registry: RegistryServer, tmp_path: Path) -> None:
    push(Reference.parse(f"oci://{registry.host}/team/oras:prod"), CONTENT, "crm.bundle", None)
    oras.client.OrasClient(insecure=True).pull(f"{registry.host}/team/oras:prod", outdir=str(tmp_path / "out"))
    found = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert found == {"crm.bundle": CONTENT.bundle, "crm.bundle.minisig": CONTENT.signature}


def test_a_disk_that_lost_something(registry: RegistryServer) -> None:
    reference = Reference.parse(f"oci://{registry.host}/team/damaged:prod")
    content = Content(b"damaged" * 100)
    digest = push(reference, content, "crm.bundle", None)
    blob = registry.blob(digest_of(content.bundle))
    blob.write_bytes(content.bundle[:-5])
    with pytest.raises(RegistryError, match="the registry sends 695 of 700 bytes"):
        pulled(reference)
    blob.write_bytes(content.bundle[:-1] + b"x")
    with pytest.raises(RegistryError, match="the content that the registry sends is not sha256:"):
        pulled(reference)
    blob.write_bytes(content.bundle)
    manifest = registry.blob(digest)
    manifest.write_bytes(manifest.read_bytes().replace(b"crm.bundle", b"abc.bundle"))
    with pytest.raises(RegistryError):
        pulled(reference)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[RegistryServer]:
    """A registry that wants a login."""
    (tmp_path / "htpasswd").write_text(_HTPASSWD)
    with RegistryServer({"auth": {"htpasswd": {"realm": "test", "path": str(tmp_path / "htpasswd")}}}) as server:
        yield server


def test_a_login(closed: RegistryServer, tmp_path: Path) -> None:
    reference = Reference.parse(f"oci://{closed.host}/team/crm:prod")
    with pytest.raises(RegistryError, match="the registry answers 401"):
        push(reference, CONTENT, "crm.bundle", None)
    log_in(tmp_path, "elsewhere.example.com")
    with pytest.raises(RegistryError, match="401"):
        push(reference, CONTENT, "crm.bundle", None)
    log_in(tmp_path, closed.host, base64.b64encode(b"ann:wrong").decode())
    with pytest.raises(RegistryError, match="401"):
        push(reference, CONTENT, "crm.bundle", None)
    log_in(tmp_path, closed.host)
    push(reference, CONTENT, "crm.bundle", None)
    assert pulled(reference) == CONTENT


# --- one that answers as it likes ----------------------------------------------------------------------------


def refused(answering: Answering, said: str, reference: str = "team/crm:prod") -> None:
    with fake(answering) as host, pytest.raises(RegistryError, match=said):
        pulled(Reference.parse(f"oci://{host}/{reference}"))


def _manifest(**changes: Any) -> bytes:
    return json.dumps({**json.loads(make_manifest(CONTENT, "crm.bundle", None)), **changes}).encode()


def _layer(kind: str, content: bytes = CONTENT.bundle, **changes: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(content), "size": len(content), **changes}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (b"", "not a bundle of policies"),
        (b"[" * 100_000, "not a bundle of policies"),
        (b"\xff", "not a bundle of policies"),
        (_manifest()[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not a bundle of policies"),
        (b"{}", "not a bundle of policies"),
        (_manifest(layers=[]), "not a bundle of policies"),
        (_manifest(layers=[_layer("application/vnd.oci.image.layer.v1.tar+gzip")]), "not a bundle of policies"),
        (_manifest(layers=[_layer(BUNDLE), _layer(BUNDLE)]), "not a bundle of policies"),
        (_manifest(layers=[_layer(BUNDLE), _layer("text/plain")]), "not a bundle of policies"),
        (_manifest(layers=[_layer(BUNDLE), _layer(SIGNATURE), _layer(SIGNATURE)]), "not a bundle of policies"),
        (_manifest(layers=[_layer(BUNDLE, digest="sha256:../../../etc/passwd")]), "otherwise than by SHA-256"),
        (_manifest(layers=[_layer(BUNDLE, digest="md5:abc")]), "otherwise than by SHA-256"),
        (_manifest(layers=[_layer(BUNDLE, size=_MOST + 1)]), "larger than 10,000 bytes"),
        (_manifest(layers=[_layer(BUNDLE, size=-1)]), "larger than 10,000 bytes"),
        (_manifest(layers=[_layer(BUNDLE), _layer(SIGNATURE, size=1 << 40)]), "larger than 10,000 bytes"),
        (_manifest(layers=[_layer(BUNDLE, size=10)]), "the content that the registry sends is not"),
        (_manifest(layers=[_layer(BUNDLE, size=601)]), "the registry sends 600 of 601 bytes"),
        (_manifest(layers=[_layer(BUNDLE, b"not there")]), "the registry answers 404"),
        (_manifest(pad="x" * client.MOST_MANIFEST), "the manifest is larger than 1,048,576 bytes"),
    ],
)
def test_manifests(manifest: bytes, said: str) -> None:
    refused(holding(CONTENT, manifest), said)


def test_another_manifest_than_its_digest() -> None:
    refused(holding(CONTENT), "the manifest that the registry sends is not", f"team/crm@{DIGEST}")


@given(st.binary(max_size=600), st.integers(0, 600))
def test_no_manifest_breaks_it(noise: bytes, at: int) -> None:
    whole = make_manifest(CONTENT, "crm.bundle", None)
    answering = holding(CONTENT, whole[:at] + noise + whole[at:])
    registry = Registry(Reference.parse("oci://127.0.0.1:1/team/crm:prod"))
    registry._send = lambda method, address, *_: _answer(  # type: ignore[method-assign]
        answering(Asked(method, address.removeprefix("http://127.0.0.1:1"), {}))
    )
    try:
        found = pull(registry, _MOST, _MOST, registry.digest())
    except RegistryError:
        return
    assert found.bundle == CONTENT.bundle
    assert found.signature in (CONTENT.signature, None)


def _answer(said: Said) -> client.RegistryAnswer:
    from email.message import Message

    headers = Message()
    for name, value in said.headers.items():
        headers[name] = value
    return client.RegistryAnswer(said.status, headers, said.content)


def test_no_header_says_the_digest() -> None:
    holds = holding(CONTENT)

    def answering(asked: Asked) -> Said:
        return holds(asked)._replace(headers={})

    with fake(answering) as host:
        assert pulled(Reference.parse(f"oci://{host}/team/crm:prod")) == CONTENT


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (Said(500, b"<html>secret"), "^the registry answers 500$"),
        (Said(403, b'{"errors": [{"code": "DENIED", "message": "secret"}]}'), "^the registry answers 403 DENIED$"),
        (Said(403, b'{"errors": [{"code": "\\u001b[31m"}, 5]}'), "^the registry answers 403$"),
        (Said(404, b"[]"), "^the registry answers 404$"),
        (Said(500, b"[" * 50_000), "^the registry answers 500$"),
        (Said(429, b'{"errors": {}}'), "^the registry answers 429$"),
        (Said(301, b"", {"Location": "/elsewhere"}), "^the registry answers 301$"),
    ],
)
def test_refusals(said: Said, shown: str) -> None:
    with fake(lambda _: said) as host, pytest.raises(RegistryError, match=shown):
        Registry(Reference.parse(f"oci://{host}/team/crm:prod")).manifest()


def test_nobody_there() -> None:
    with pytest.raises(RegistryError, match="the registry cannot be reached"):
        Registry(Reference.parse("oci://127.0.0.1:1/team/crm:prod")).digest()


def test_no_http() -> None:
    refused(lambda _: Said(200, b"", {"Content-Length": "5"}), "not a bundle|cannot be reached|does not speak")


def test_content_elsewhere() -> None:
    """Registries keep blobs in buckets: they are fetched there, and nobody there is told who asks."""
    holds, seen = holding(CONTENT), []

    def bucket(asked: Asked) -> Said:
        seen.append(asked)
        return holds(asked._replace(path=asked.path.removeprefix("/bucket")))

    with fake(bucket) as elsewhere:

        def answering(asked: Asked) -> Said:
            if "/blobs/" in asked.path:
                return Said(307, b"", {"Location": f"http://{elsewhere}/bucket{asked.path}"})
            return holds(asked) if "Authorization" in asked.headers else Said(401, b"", {"WWW-Authenticate": "Basic"})

        with fake(answering) as host:
            Path(_auth_file()).write_text(json.dumps({"auths": {host: {"auth": LOGIN}}}))
            assert pulled(Reference.parse(f"oci://{host}/team/crm:prod")) == CONTENT
    assert len(seen) == 2
    assert not any("Authorization" in asked.headers for asked in seen)


def _auth_file() -> str:
    import os

    return os.environ["REGISTRY_AUTH_FILE"]


@pytest.mark.parametrize("address", ["http://bucket.example.com/x", "ftp://127.0.0.1/x", "file:///etc/passwd"])
def test_content_without_tls(address: str) -> None:
    holds = holding(CONTENT)
    refused(
        lambda asked: Said(307, b"", {"Location": address}) if "/blobs/" in asked.path else holds(asked),
        "the registry sends the content without TLS",
    )


def test_redirects_end() -> None:
    holds = holding(CONTENT)
    refused(
        lambda asked: Said(307, b"", {"Location": asked.path}) if "/blobs/" in asked.path else holds(asked),
        "the registry answers 307",
    )


def test_tokens(tmp_path: Path) -> None:
    """A registry sends for a token, which is for one repository and ends."""
    holds, tokens, scopes = holding(CONTENT), ["first", "second"], []

    def answering(asked: Asked) -> Said:
        if asked.path.startswith("/token?"):
            scopes.append(asked.path)
            assert asked.headers["Authorization"] == f"Basic {LOGIN}"
            return Said(200, json.dumps({"token": tokens[0]}).encode())
        if asked.headers.get("Authorization") == f"Bearer {tokens[0]}":
            return holds(asked)
        realm = f'Bearer realm="http://{asked.headers["Host"]}/token",service="s",scope="repository:team/crm:pull"'
        return Said(401, b"", {"WWW-Authenticate": realm})

    with fake(answering) as host:
        log_in(tmp_path, host)
        reference = Reference.parse(f"oci://{host}/team/crm:prod")
        registry = Registry(reference)
        digest = registry.digest()
        assert pull(registry, _MOST, _MOST, digest) == CONTENT
        assert scopes == ["/token?scope=repository%3Ateam%2Fcrm%3Apull&service=s"]
        del tokens[0]  # the first one has ended
        assert pull(registry, _MOST, _MOST, digest) == CONTENT
        assert len(scopes) == 2


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('Bearer realm="http://tokens.example.com/"', "the registry sends for tokens without TLS"),
        ('Bearer realm="http://["', "the registry names what is no address"),
        ("Bearer", "the registry sends for tokens without TLS"),
        ('Bearer realm="http://HOST/none"', "the registry gives no token"),
        ('Bearer realm="http://HOST/line"', "the registry gives no token"),
        ('Bearer realm="http://HOST/deep"', "the registry gives no token"),
        ('Bearer realm="http://HOST/refused"', "the registry answers 500"),
        ("Negotiate", "the registry answers 401"),
        ("Basic", "the registry answers 401"),
    ],
)
def test_bad_challenges(said: str, shown: str) -> None:
    def answering(asked: Asked) -> Said:
        if asked.path.startswith("/none"):
            return Said(200, b"[]")
        if asked.path.startswith("/deep"):
            return Said(200, b"[" * 50_000)
        if asked.path.startswith("/line"):
            return Said(200, b'{"token": "a\\nb"}')
        if asked.path.startswith("/refused"):
            return Said(500)
        return Said(401, b"", {"WWW-Authenticate": said.replace("HOST", asked.headers["Host"])})

    refused(answering, shown)


@pytest.mark.parametrize(
    "location", ["http://elsewhere.example.com/upload", "//elsewhere.example.com/u", "file:///x", "http://["]
)
def test_uploads_go_to_the_registry(location: str) -> None:
    def answering(asked: Asked) -> Said:
        return Said(202, b"", {"Location": location}) if asked.method == "POST" else Said(404)

    with fake(answering) as host, pytest.raises(RegistryError, match=r"sends uploads to another host|no address"):
        push(Reference.parse(f"oci://{host}/team/crm:prod"), CONTENT, "crm.bundle", None)


def test_it_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "SECONDS_ALL", -1)
    refused(holding(CONTENT), "the registry cannot be reached: it takes too long")


@pytest.mark.parametrize("part", ANSWERS)
def test_an_answer_that_drips(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """A byte now and then is no silence; all of it has to be there in time."""
    monkeypatch.setattr(transfer, "SECONDS_ALL", 0.5)
    with dripping(*ANSWERS[part]) as host, pytest.raises(RegistryError, match="it takes too long"):
        Registry(Reference.parse(f"oci://{host}/team/crm:prod")).manifest()


def test_an_upload_that_is_read_in_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "SECONDS_ALL", 0.5)
    monkeypatch.setattr(transfer, "SECONDS", 1)
    with reading_little() as host, pytest.raises(RegistryError, match=r"timed out|too long"):
        Registry(Reference.parse(f"oci://{host}/team/crm:prod")).put_manifest(b"x" * 50_000_000)
