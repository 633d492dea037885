"""Who is answered, what is refused, and what happens while a store fails."""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from policylang import load
from policylang.runtime.filter import Filter
from policylang.runtime.index import Index
from policylang.service.security import Guard
from policylang.service.stores.store import Deadline, StoreError
from policylang.service.wire import RefusedRequest
from policylang.settings.service import ServiceConfig
from tests.service.helpers import (
    ANN,
    ASKED,
    CRM,
    EVALUATION,
    EVALUATIONS,
    RESOURCES,
    SEARCHED,
    SUBJECTS,
    config,
    post,
    question,
    raw,
    served,
)


def _token(name: str, *scopes: str) -> dict[str, Any]:
    return {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}


# --- who asks ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    tokens = [_token("asker", "evaluate"), _token("searcher", "search"), _token("root", "evaluate", "search", "admin")]
    with served(CRM, tokens=tokens) as client:
        yield client


@pytest.mark.parametrize(
    ("token", "statuses"),
    [
        ("asker", (200, 403, 403)),
        ("searcher", (403, 200, 403)),
        ("root", (200, 200, 200)),
        ("", (401, 401, 401)),
        ("other", (401, 401, 401)),
        ("x" * 10_000, (401, 401, 401)),
    ],
)
def test_scopes(guarded: httpx.Client, token: str, statuses: tuple[int, ...]) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found = (
        post(guarded, EVALUATION, ASKED, **headers),
        post(guarded, SUBJECTS, SEARCHED, **headers),
        guarded.get("/metrics", headers=headers),
    )
    assert tuple(each.status_code for each in found) == statuses
    for each in found:
        assert ("WWW-Authenticate" in each.headers) is (each.status_code == 401)


@pytest.mark.parametrize("header", ["Basic asker", "asker", "Bearer", "Bearer asker asker"])
def test_no_token(guarded: httpx.Client, header: str) -> None:
    assert post(guarded, EVALUATION, ASKED, Authorization=header).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/.well-known/authzen-configuration", "/openapi.json"])
def test_what_everybody_may_read(guarded: httpx.Client, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "0.0.0.0"}, "clients need not say who they are"),
        ({"host": "pdp.example.test"}, "clients need not say who they are"),
        ({"host": "::"}, "clients need not say who they are"),
        ({"host": "0.0.0.0", "tls": {"certificate": "a", "key": "b"}}, "clients need not say who they are"),
        ({"host": "0.0.0.0", "tls_in_front": True}, "clients need not say who they are"),
        ({"host": "0.0.0.0", "tokens": [_token("a", "search")]}, "in the clear"),
        ({"tls_in_front": True, "tls": {"certificate": "a", "key": "b"}}, "contradict"),
        ({"tokens": [_token("a", "search"), _token("a", "admin")]}, "the same"),
        ({"tokens": [{**_token("", "search"), "name": "a"}]}, "a token is empty"),
        ({"trusted": {"action": ["field"]}}, "always read"),
    ],
)
def test_unsafe(settings: dict[str, Any], words: str) -> None:
    refusal = config(**settings).unsafe()
    assert refusal is not None
    assert words in refusal[0]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "::1"},
        {"host": "localhost"},
        {"host": "127.8.8.8"},
        {"host": "0.0.0.0", "tokens": [_token("a", "search")], "tls_in_front": True},
        {"host": "0.0.0.0", "tokens": [_token("a", "search")], "tls": {"certificate": "a", "key": "b"}},
        {"host": "0.0.0.0", "tls": {"certificate": "a", "key": "b", "client_ca": "c"}},
    ],
)
def test_safe(settings: dict[str, Any]) -> None:
    assert config(**settings).unsafe() is None


def test_a_page_of_another_site_gets_nothing() -> None:
    """A name of its own that leads to this machine is not enough."""
    with served(CRM) as client:
        assert post(client, EVALUATION, ASKED, Host="evil.example.test").status_code == 400
        assert post(client, EVALUATION, ASKED, Host="localhost:8181").status_code == 200
        assert post(client, EVALUATION, ASKED, Host="[::1]:8181").status_code == 200
        assert post(client, EVALUATION, ASKED, Host="[").status_code == 400
    with served(CRM, address="http://pdp.example.test") as client:
        assert post(client, EVALUATION, ASKED, Host="pdp.example.test").status_code == 200


def test_all_hashes_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    import policylang.service.security as security

    seen = []
    real = security.hmac.compare_digest
    monkeypatch.setattr(security.hmac, "compare_digest", lambda a, b: seen.append(a) or real(a, b))
    guard = Guard(config(tokens=[_token(name, "evaluate") for name in "abc"]))
    guard.check({b"authorization": b"Bearer a"}, "evaluate")
    assert len(seen) == 3


def test_what_comes_behind_a_body_is_no_header(guarded: httpx.Client) -> None:
    body = json.dumps(ASKED).encode()
    head = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    data = (
        head
        + b"Connection: close\r\nTransfer-Encoding: chunked\r\n%s\r\n"
        + b"%x\r\n%s\r\n0\r\n" % (len(body), body)
        + b"%s\r\n"
    )
    token = b"Authorization: Bearer asker\r\n"
    assert b" 200 " in raw(guarded, data % (token, b""), 10)
    assert b" 401 " in raw(guarded, data % (b"", token), 10)


# --- TLS -----------------------------------------------------------------------------------------------------


def _certificates(folder: Path) -> None:
    """An authority, and a certificate of it for the server and one for a client."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)

    def made(name: str, by: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None) -> tuple[Any, Any]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        issuer, signing = by or (subject, key)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=9))
        builder = builder.add_extension(x509.BasicConstraints(by is None, None), critical=True)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(signing, hashes.SHA256())
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (folder / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
        return subject, key

    authority = made("authority", None)
    made("server", authority)
    made("client", authority)
    made("stranger", None)


def test_clients_with_certificates(tmp_path: Path) -> None:
    _certificates(tmp_path)
    tls = {name: str(tmp_path / file) for name, file in (("certificate", "server.pem"), ("key", "server.key"))}
    tls["client_ca"] = str(tmp_path / "authority.pem")

    def client(name: str | None, base: httpx.URL) -> httpx.Client:
        context = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        if name is not None:
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        return httpx.Client(base_url=base.copy_with(scheme="https"), verify=context)

    with served(CRM, tls={**tls, "client_scopes": ["evaluate"]}) as plain:
        with client("client", plain.base_url) as known:
            assert post(known, EVALUATION, ASKED).status_code == 200
            assert post(known, SUBJECTS, SEARCHED).status_code == 403
            described = known.get("/.well-known/authzen-configuration").json()
            assert described["policy_decision_point"].startswith("https://")
        for name in (None, "stranger"):
            with client(name, plain.base_url) as unknown, pytest.raises(httpx.HTTPError):
                post(unknown, EVALUATION, ASKED)
        with pytest.raises(httpx.HTTPError):
            post(plain, EVALUATION, ASKED)


# --- stores that fail ----------------------------------------------------------------------------------------


class Hanging:
    """A store that does not answer in time, unless it is told to stop."""

    blocking = True
    server: str | None = None

    def __init__(self) -> None:
        self.stopped = 0

    def reach(self, deadline: Deadline) -> None: ...

    def holds(self, index: Index, resource: str) -> bool:
        return True

    def row(self, index: Index, resource: str, key: str, deadline: Deadline) -> Mapping[str, Any] | None:
        if key == "quick":
            return ANN
        ended = []
        with deadline.interrupting(lambda: ended.append(1)):
            until = time.monotonic() + 5
            while time.monotonic() < until and not ended:
                time.sleep(0.01)
        self.stopped += len(ended)
        raise StoreError("stopped")

    def search(self, index: Index, found: Filter, after: str | None, most: int, deadline: Deadline) -> list[str]:
        self.row(index, found.resource, "", deadline)
        return []

    def close(self) -> None: ...


def test_a_store_that_hangs() -> None:
    store = Hanging()
    asked = question("dana", "view", "customer", "slow")
    with served(CRM, with_store=store, bounds={"seconds": 1, "threads": 2}) as client:
        begun = time.monotonic()
        answer = post(client, EVALUATION, asked)
        assert (answer.status_code, answer.json()) == (503, "it took too long")
        assert time.monotonic() - begun < 3
        assert post(client, EVALUATIONS, {"evaluations": [asked] * 2}).status_code == 503
        searched = {**asked, "resource": {"type": "customer"}}
        assert post(client, RESOURCES, searched).status_code == 503
        # The threads are free again.
        assert post(client, EVALUATION, question("dana", "view", "customer", "quick")).json()["decision"] is True
    assert store.stopped == 3


class Broken(Hanging):
    blocking = False

    def row(self, index: Index, resource: str, key: str, deadline: Deadline) -> Mapping[str, Any] | None:
        match key:
            case "error":
                raise StoreError("secret words")
            case "bug":
                raise ZeroDivisionError("secret words")
            case "garbage":
                return {"sales_rep": object(), "status": b"\xff", "name": 5}
            case _:
                return dict.fromkeys(("sales_rep", "status", "name"), ANN)


def test_a_store_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    with served(CRM, with_store=Broken()) as client:
        error = post(client, EVALUATION, question("dana", "view", "customer", "error"))
        assert (error.status_code, error.json()) == (503, "the record store does not answer")
        bug = post(client, EVALUATION, question("dana", "view", "customer", "bug"))
        assert bug.status_code == 500
        assert "secret" not in error.text + bug.text
        batch = {"evaluations": [question("dana", "view", "customer", id_) for id_ in ("1", "error")]}
        assert post(client, EVALUATIONS, batch).status_code == 503
        for id_ in ("garbage", "records"):
            assert post(client, EVALUATION, question("dana", "view", "customer", id_)).json()["decision"] is False


def test_a_search_that_the_store_cannot_be_asked(tmp_path: Path) -> None:
    """SQLite has no addresses; nothing is left out of a filter in silence."""
    import sqlite3

    (tmp_path / "p.policy").write_text(
        "resource host { address : ip  actions view }\n"
        'policy inside on host { address in "10.0.0.0/8" }\n'
        "role r { grant view on host policy inside }\n"
        'user "u" { assign role r }\n'
    )
    with sqlite3.connect(tmp_path / "r.sqlite") as connection:
        connection.execute("CREATE TABLE host (id text, address text)")
        connection.execute("INSERT INTO host VALUES ('1', '10.0.0.1')")
    connection.close()
    with served(load(tmp_path / "p.policy"), store={"kind": "sqlite", "path": str(tmp_path / "r.sqlite")}) as client:
        asked = question("u", "view", "host", "1")
        assert post(client, EVALUATION, asked).json()["decision"] is True
        asked = {**asked, "resource": {"type": "host"}}
        assert post(client, RESOURCES, asked).status_code == 501
        assert post(client, RESOURCES, {**asked, "context": {"path": r"C:\u0000"}}).status_code == 501


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    import sqlite3

    sqlite3.connect(tmp_path / "r.sqlite").close()
    with served(CRM, store={"kind": "sqlite", "path": str(tmp_path / "r.sqlite")}) as client:
        assert post(client, EVALUATION, question("dana", "view", "customer", "1")).status_code == 503


def test_refusals_are_values() -> None:
    with pytest.raises(RefusedRequest):
        Guard(ServiceConfig()).check({b"host": b"elsewhere"}, "evaluate")
