"""A proxy that asks before it passes a request on: Envoy's ``ext_authz``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from policylang.api.policy_set import PolicySet
from policylang.service.gateway import GatewayReader
from policylang.service.wire import RefusedRequest
from tests.docs.blocks import ROOT
from tests.engines.envoy_engine import EnvoyServer
from tests.helpers import compiled
from tests.service.helpers import config, served

SOURCE = """
request { optional channel : text }
resource customer { name : text  rep : user  actions view, modify, delete }
resource page { actions view }
policy own on customer { assigned user is rep }
policy by_hand on customer for delete { request.channel is "ui" }
role rep { grant view, modify, delete on customer  grant view on page  policy own  policy by_hand }
user "ann" { assign role rep }
user "zoë" { assign role rep }
"""
GATEWAY: dict[str, Any] = {
    "user": "x-user",
    "routes": [
        {"method": "GET", "path": "/", "action": "view", "resource": "page"},
        {"method": "GET", "path": "/customers/new", "action": "create", "resource": "customer"},
        {"method": "GET", "path": "/customers/{id}", "action": "view", "resource": "customer"},
        {"method": "DELETE", "path": "/customers/{id}", "action": "delete", "resource": "customer"},
        {"method": "PUT", "path": "/customers/{id}/fields/*", "action": "modify", "resource": "customer"},
    ],
    "context": {"channel": "x-channel"},
    "hosts": ["crm.example.com"],
}
RECORDS = '{"customer": [{"id": "1", "name": "A", "rep": "ann"}, {"id": "é 2", "name": "B", "rep": "zoë"}]}'
ANN = {"x-user": "ann"}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "records.json").write_text(RECORDS)
    return {"store": {"kind": "memory", "path": str(tmp_path / "records.json")}, "gateway": GATEWAY}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", ANN, 200),
        ("GET", "/customers/1", ANN, 200),
        ("HEAD", "/customers/1", ANN, 200),
        ("GET", "/customers/1?fields=all", ANN, 200),
        ("GET", "/customers/%31", ANN, 200),
        ("PUT", "/customers/1/fields/name", ANN, 200),
        ("GET", "/customers/%C3%A9%202", {"x-user": "zoë".encode()}, 200),
        ("GET", "/customers/%C3%A9%202", ANN, 403),
        ("GET", "/customers/9", ANN, 403),
        ("GET", "/customers/new", ANN, 403),
        ("GET", "/customers/1", {"x-user": "nobody"}, 403),
        ("GET", "/customers/1", {}, 401),
        ("GET", "/customers/1", {"x-user": ""}, 401),
        ("GET", "/customers/1", {"x-user": b"\xff"}, 403),
        ("GET", "/customers", ANN, 403),
        ("GET", "/customers/", ANN, 403),
        ("GET", "/customers/1/", ANN, 403),
        ("GET", "//customers/1", ANN, 403),
        ("GET", "/Customers/1", ANN, 403),
        ("GET", "/customers/1/fields/x", ANN, 403),
        ("GET", "/elsewhere/%2e%2e/1", ANN, 403),
        ("GET", "/customers/%2e%2e", ANN, 403),
        ("GET", "/customers/1%2Ffields", ANN, 403),
        ("GET", "/customers/1%5C..", ANN, 403),
        ("GET", "/customers/1;x=1", ANN, 403),
        ("GET", "/customers/%ff", ANN, 403),
        ("GET", "/customers/1%00", ANN, 403),
        ("DELETE", "/customers/1", ANN, 403),
        ("DELETE", "/customers/1", {**ANN, "x-channel": "ui"}, 200),
        ("DELETE", "/customers/1", {**ANN, "x-channel": b"\xff"}, 403),
        ("PATCH", "/customers/1", ANN, 405),
    ],
)
def test_requests(settings: dict[str, Any], method: str, path: str, headers: dict[str, Any], status: int) -> None:
    with served(PolicySet(compiled(SOURCE)), **settings) as client:
        request = client.build_request(method, "/", headers=headers)
        request.url = request.url.copy_with(raw_path=f"/ext_authz{path}".encode())
        assert client.send(request).status_code == status


def test_a_header_that_comes_twice(settings: dict[str, Any]) -> None:
    with served(PolicySet(compiled(SOURCE)), **settings) as client:
        for name in ("x-user", "x-channel"):
            headers = [("x-user", "ann"), (name, "ann"), (name, "ann")]
            assert client.get("/ext_authz/customers/1", headers=headers).status_code == 403


def test_hosts(settings: dict[str, Any]) -> None:
    """Envoy passes on for which host a request is."""
    with served(PolicySet(compiled(SOURCE)), **settings) as client:
        for host, status in (("crm.example.com", 200), ("crm.example.com:8443", 200), ("evil.example.com", 400)):
            assert client.get("/ext_authz/customers/1", headers={**ANN, "Host": host}).status_code == status


def test_there_is_none_unless_it_is_set(settings: dict[str, Any]) -> None:
    with served(PolicySet(compiled(SOURCE))) as client:
        assert client.get("/ext_authz/customers/1", headers=ANN).status_code == 404


@given(st.binary(max_size=40))
def test_no_path_breaks_it(path: bytes) -> None:
    reader = GatewayReader(config(gateway=GATEWAY).gateway)  # type: ignore[arg-type]
    try:
        wanted = reader.question("GET", b"/ext_authz/customers/" + path, Headers(ANN))
    except RefusedRequest:
        return
    assert wanted.resource.id not in ("", ".", "..")
    assert not set(wanted.resource.id) & set("/\\\0;")


# --- a real one ----------------------------------------------------------------------------------------------


def documented() -> dict[str, Any]:
    """The filter as the documentation shows it."""
    text = (ROOT / "docs/integrations.md").read_text(encoding="utf-8")
    block = text.split("```yaml file=envoy/ext_authz.yaml\n")[1].split("```")[0]
    found: dict[str, Any] = yaml.safe_load(block)["typed_config"]
    del found["@type"]
    return found


def test_envoy(settings: dict[str, Any]) -> None:
    filter = documented()
    token = hashlib.sha256(b"TOKEN").hexdigest()
    tokens = [{"name": "envoy", "sha256": token, "scopes": ["evaluate"]}]
    with served(PolicySet(compiled(SOURCE)), tokens=tokens, **settings) as client:
        port = urlsplit(str(client.base_url)).port
        assert port is not None
        with EnvoyServer(filter, port) as envoy, httpx.Client(base_url=envoy.base) as through:
            # What a client says of itself to the service counts for nothing.
            headers = {**ANN, "Host": "any.example.com", "Authorization": "Bearer mine"}
            answer = through.get("/customers/1", headers=headers)
            assert (answer.status_code, answer.text) == (200, "passed")
            assert through.get("/customers/%C3%A9%202", headers=headers).status_code == 403
            assert through.get("/customers/1").status_code == 401
            assert through.delete("/customers/1", headers=headers).status_code == 403
            assert through.delete("/customers/1", headers={**headers, "x-channel": "ui"}).status_code == 200
            assert through.post("/customers/1", headers=headers, content=b"body").status_code == 405
    with EnvoyServer(filter, port) as envoy, httpx.Client(base_url=envoy.base) as through:
        assert through.get("/customers/1", headers=ANN).status_code == 403  # nobody answers: nothing passes
