"""Policies with a signature: none that does not verify comes into force, at the start or later."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from policylang import PolicySet, load
from policylang.files.writing import write_atomically
from policylang.project.bundle import pack
from policylang.registry.artifact import Content, push
from policylang.registry.reference import Reference
from policylang.service.sources import PolicySource, SourceError, Unusable, source_of
from policylang.service.watching import PoliciesInForce, Watcher
from policylang.signing.minisign import new_key, sign
from tests.engines.registry_engine import RegistryServer
from tests.registry.fake import fake, holding
from tests.service.helpers import EVALUATION, Process, post
from tests.service.test_reload import EDIT, NEW, OLD, VIEW, _alive, until

KEY, OTHER = new_key(), new_key()
_CLOSE = {"Connection": "close"}
Sign = Callable[[bytes], bytes]


def bundle(source: str, folder: Path) -> bytes:
    path = folder / "source.policy"
    path.write_text(source)
    return pack(load(path).index.policy_set, f"sha256:{'0' * 64}", None)


def signed(content: bytes) -> bytes:
    return sign(content, KEY, "test")


class Watched:
    """A bundle beside its signature, and what watches them."""

    def __init__(self, folder: Path) -> None:
        self.file, self.signature = folder / "set.bundle", folder / "set.bundle.minisig"
        self.old, self.new = bundle(OLD, folder), bundle(NEW, folder)
        self.write(self.old, signed(self.old))
        source = source_of([str(self.file)], [KEY.public])
        read = source.read(None)
        assert read is not None
        self.policies = PoliciesInForce(PolicySet(read.policy_set))
        self.watcher = Watcher(source, read, 1, self.policies)

    def write(self, content: bytes, signature: bytes | None) -> None:
        write_atomically(self.file, content)
        if signature is None:
            self.signature.unlink(missing_ok=True)
        else:
            write_atomically(self.signature, signature)

    def look(self) -> str:
        self.watcher.look()
        return self.policies.now.digest


BAD: dict[str, tuple[Sign | None, str]] = {
    "none": (None, "set.bundle.minisig: cannot be read: no such file"),
    "of another key": (lambda content: sign(content, OTHER, "test"), "does not verify: signed with another key"),
    "of other content": (lambda content: signed(content + b"x"), "does not verify: the content is not what"),
    "with another comment": (lambda content: signed(content).replace(b"test", b"best"), "the trusted comment is not"),
    "empty": (lambda _: b"", "not a signature of minisign"),
    "cut": (lambda content: signed(content)[:100], "not a signature of minisign"),
    "long": (lambda content: signed(content) + b"x" * 20_000, "not a signature of minisign"),
}


@pytest.mark.parametrize("which", BAD)
def test_what_does_not_verify_is_refused(tmp_path: Path, which: str) -> None:
    make, said = BAD[which]
    watched = Watched(tmp_path)
    first = watched.policies.now.digest
    watched.write(watched.new, None if make is None else make(watched.new))
    for _ in range(3):
        assert watched.look() == first
    assert said in (watched.policies.state.refused or "")
    assert watched.policies.state.refusals == 1
    with pytest.raises(Unusable, match=r"minisig|verify"):
        source_of([str(watched.file)], [KEY.public]).read(None)
    watched.write(watched.new, signed(watched.new))
    assert watched.look() != first
    assert watched.policies.state.refused is None


def test_one_of_several_keys(tmp_path: Path) -> None:
    """A key is changed without a moment at which nothing is trusted."""
    watched = Watched(tmp_path)
    for keys in ([KEY.public, OTHER.public], [OTHER.public, KEY.public]):
        assert source_of([str(watched.file)], keys).read(None) is not None
    others = [OTHER.public, new_key().public]
    with pytest.raises(Unusable, match=f"signed with none of the keys {others[0].name}, {others[1].name}"):
        source_of([str(watched.file)], others).read(None)


def test_a_signature_may_come_after_its_file(tmp_path: Path) -> None:
    """They are two files: between their coming the new policies are refused, and then taken."""
    watched = Watched(tmp_path)
    first = watched.policies.now.digest
    write_atomically(watched.file, watched.new)
    assert watched.look() == first
    assert watched.policies.state.refused
    write_atomically(watched.signature, signed(watched.new))
    assert watched.look() != first
    assert watched.policies.state.refused is None


def test_a_signature_that_goes_is_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    first = watched.policies.now.digest
    watched.signature.unlink()
    assert watched.look() == first
    assert watched.policies.state.refused
    write_atomically(watched.signature, signed(watched.old))
    watched.look()
    assert watched.policies.state.refused is None


def test_what_is_signed_and_no_policies(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    first = watched.policies.now.digest
    cut = watched.new[:-1]
    watched.write(cut, signed(cut))
    assert watched.look() == first
    assert watched.policies.state.refused == "the bundle ends too early, pack it again"


def test_sources_have_no_signature(tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text(OLD)
    for paths in ([], [str(tmp_path)], [str(tmp_path / "a.policy")], ["a.json", "b.json"]):
        with pytest.raises(SourceError, match="sources have no signature"):
            source_of(paths, [KEY.public])


# --- an address ----------------------------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    files: ClassVar[dict[str, bytes]] = {}
    answered: ClassVar[list[tuple[str, int]]] = []

    def do_GET(self) -> None:
        content = self.files.get(self.path)
        tag = f'"{hash(content)}"'
        status = 404 if content is None else 304 if self.headers.get("If-None-Match") == tag else 200
        self.answered.append((self.path, status))
        self.send_response(status)
        self.send_header("ETag", tag)
        self.end_headers()
        if content is not None and status == 200:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    Handler.answered = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/set?version=1"
        server.shutdown()


def watching(source: PolicySource) -> tuple[PoliciesInForce, Callable[[], str]]:
    """The policies in force, and how to look once whether there are others: their digest."""
    read = source.read(None)
    assert read is not None
    policies = PoliciesInForce(PolicySet(read.policy_set))
    watcher = Watcher(source, read, 1, policies)

    def look() -> str:
        watcher.look()
        return policies.now.digest

    return policies, look


def test_an_address(address: str, tmp_path: Path) -> None:
    old, new = bundle(OLD, tmp_path), bundle(NEW, tmp_path)
    content, signature = "/set?version=1", "/set.minisig?version=1"
    Handler.files = {content: old, signature: signed(old)}
    source = source_of([address], [KEY.public])
    policies, look = watching(source)
    first = policies.now.digest
    assert look() == first
    assert Handler.answered[2:] == [(signature, 200), (content, 304)]
    Handler.files[content] = new
    assert look() == first
    assert "does not verify" in (policies.state.refused or "")
    del Handler.files[signature]
    assert look() == first
    assert policies.state.refused == "the signature: the address answers 404"
    Handler.files[signature] = sign(new, OTHER, "")
    assert look() == first
    Handler.files[signature] = signed(new)
    assert look() != first
    assert policies.state.refused is None
    with pytest.raises(Unusable, match="does not verify"):
        source_of([address], [OTHER.public]).read(None)


# --- a registry ----------------------------------------------------------------------------------------------


def test_a_registry(registry: RegistryServer, tmp_path: Path) -> None:
    old, new = bundle(OLD, tmp_path), bundle(NEW, tmp_path)
    to = Reference.parse(f"oci://{registry.host}/service/crm:prod")
    push(to, Content(old, signed(old)), "crm.bundle", None)
    source = source_of([str(to)], [KEY.public])
    policies, look = watching(source)
    first = policies.now.digest
    assert look() == first
    cut = new[:-1]
    for content, said in (
        (Content(new), "there is no signature"),
        (Content(new, signed(old)), "the signature does not verify: the content is not what"),
        (Content(new, sign(new, OTHER, "")), "the signature does not verify: signed with another key"),
        (Content(cut, signed(cut)), "the bundle ends too early, pack it again"),
    ):
        push(to, content, "crm.bundle", None)
        assert look() == look() == first
        assert said in (policies.state.refused or "")
    assert policies.state.refusals == 4
    push(to, Content(old, signed(old)), "crm.bundle", None)
    assert look() == first
    assert policies.state.refused is None
    digest = push(to, Content(new, signed(new)), "crm.bundle", None)
    blob = registry.blob(f"sha256:{hashlib.sha256(new).hexdigest()}")
    blob.write_bytes(new[:1000])
    assert look() == first
    assert "the registry sends 1,000 of" in (policies.state.refused or "")
    blob.write_bytes(new)
    assert look() != first
    assert policies.state.refused is None
    exactly = source_of([f"oci://{registry.host}/service/crm@{digest}"], [OTHER.public, KEY.public])
    read = exactly.read(None)
    assert read is not None
    assert exactly.read(read.mark) is None


def test_a_registry_is_asked_for_the_digest_alone(tmp_path: Path) -> None:
    content = bundle(OLD, tmp_path)
    holds, asked = holding(Content(content)), []
    with fake(lambda each: asked.append((each.method, each.path)) or holds(each)) as host:  # type: ignore[func-returns-value]
        source = source_of([f"oci://{host}/team/crm:prod"])
        read = source.read(None)
        assert read is not None
        del asked[:]
        assert source.read(read.mark) is None
        assert asked == [("HEAD", "/v2/team/crm/manifests/prod")]
    with pytest.raises(SourceError, match="the registry cannot be reached"):
        source.read(read.mark)


@pytest.mark.parametrize("reference", ["oci://host/a", "oci://host/a:b c", "oci:///a:b"])
def test_no_reference(reference: str) -> None:
    with pytest.raises(SourceError, match=r"this is not|no tag"):
        source_of([reference])


# --- processes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service(tmp_path: Path, workers: int) -> None:
    file, signature = tmp_path / "set.bundle", tmp_path / "set.bundle.minisig"
    old, new = bundle(OLD, tmp_path), bundle(NEW, tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/team.pub").write_bytes(KEY.public.file())
    (tmp_path / "keys/next.pub").write_bytes(new_key().public.file())
    verify = "verify: [keys/next.pub, keys/team.pub]"
    (tmp_path / "service.yaml").write_text(f"poll_seconds: 1\nworkers: {workers}\nport: 0\n{verify}\n")
    file.write_bytes(old)
    signature.write_bytes(sign(old, OTHER, ""))
    command = [sys.executable, "-m", "policylang", "serve", str(file), "--config", "service.yaml"]
    refused = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert f"error: {file}: the signature does not verify: signed with none of the keys" in refused.stderr
    signature.write_bytes(signed(old))
    with (
        Process([str(file), "--config", "service.yaml"], tmp_path) as service,
        httpx.Client(base_url=service.base, transport=httpx.HTTPTransport(retries=3)) as client,
    ):
        until(lambda: _alive(client))

        def decided(request: dict[str, Any]) -> set[bool]:
            return {post(client, EVALUATION, request, **_CLOSE).json()["decision"] for _ in range(8)}

        assert decided(VIEW) == {True}
        write_atomically(file, new)
        until(lambda: all(client.get("/readyz", headers=_CLOSE).json()["newer_refused"] for _ in range(8)))
        assert decided(EDIT) == {False}
        if workers == 1:
            assert "policylang_policy_newer_refused 1.0" in client.get("/metrics").text
        write_atomically(signature, signed(new))
        until(lambda: decided(EDIT) == {True})
        until(lambda: not any(client.get("/readyz", headers=_CLOSE).json()["newer_refused"] for _ in range(8)))
