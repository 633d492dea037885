"""How much anybody can ask for, and what is not read as a request."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.service.helpers import (
    ACTIONS,
    ASKED,
    CRM,
    EVALUATION,
    EVALUATIONS,
    RESOURCES,
    SUBJECTS,
    Process,
    post,
    raw,
    served,
)
from tests.service.test_reload import OLD, VIEW


@pytest.fixture(scope="module")
def bounded() -> Iterator[httpx.Client]:
    bounds = {"body_bytes": 20_000, "depth": 8, "batch": 3, "seconds": 1, "read_seconds": 1}
    with served(CRM, bounds=bounds) as client:
        yield client


def test_bodies_are_bounded(bounded: httpx.Client) -> None:
    big = {**ASKED, "more": "x" * 20_000}
    assert post(bounded, EVALUATION, big).status_code == 413

    def parts() -> Iterator[bytes]:
        yield from (b" " * 1000 for _ in range(100))

    answer = bounded.post(EVALUATION, content=parts(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize("more", ["[" * 9 + "]" * 9, '{"a":' * 8 + "1" + "}" * 8, "[" * 9_000 + "]" * 9_000])
def test_depth_is_bounded(bounded: httpx.Client, more: str) -> None:
    body = json.dumps(ASKED)[:-1] + f', "more": {more}}}'
    assert post(bounded, EVALUATION, body).status_code == 400


def test_what_is_not_deep_may_be_long(bounded: httpx.Client) -> None:
    assert post(bounded, EVALUATION, {**ASKED, "more": [[] for _ in range(100)]}).status_code == 200


def test_batches_are_bounded(bounded: httpx.Client) -> None:
    assert post(bounded, EVALUATIONS, {**ASKED, "evaluations": [{}] * 3}).status_code == 200
    assert post(bounded, EVALUATIONS, {**ASKED, "evaluations": [{}] * 4}).status_code == 400


@pytest.mark.parametrize("name", ["subject", "action", "resource", "context"])
def test_what_stands_once_for_many_is_bounded(name: str) -> None:
    with served(CRM, bounds={"body_bytes": 20_000}) as client:
        long = {"text": "x" * 10_000}
        whole = {**ASKED, "context": {}}
        whole[name] = {**whole[name], **(long if name == "context" else {"properties": long})}
        fits = [{}] * 19
        assert post(client, EVALUATIONS, {**whole, "evaluations": fits}).status_code == 200
        answer = post(client, EVALUATIONS, {**whole, "evaluations": [{}] * 20})
        assert answer.status_code == 400
        assert "more than 200000 bytes" in answer.text
        own = {name: {**whole[name], **({"text": ""} if name == "context" else {"properties": {}})}}
        assert post(client, EVALUATIONS, {**whole, "evaluations": [*fits, own]}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b'{"subject": 1, "subject": 2}',
        b'{"a": NaN}',
        b'{"a": "\\ud800"}',
        b"\xff{}",
        b'{"a": 1e999999}',
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_others_may_read_otherwise(bounded: httpx.Client, body: bytes) -> None:
    answer = bounded.post(EVALUATION, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS])
def test_errors_repeat_nothing(bounded: httpx.Client, path: str) -> None:
    mark = "<script>mark</script>"
    for content in (
        {**ASKED, "subject": mark},
        {**ASKED, "subject": {mark: mark}},
        {**ASKED, "subject": {"type": mark, "id": {}}},
        {**ASKED, "action": {"name": [mark]}},
        {**ASKED, "resource": {"type": [mark], "id": mark}},
        {**ASKED, "page": {"token": mark}},
        {**ASKED, "evaluations": [mark], "options": {"evaluations_semantic": mark}},
        {mark: mark},
    ):
        answer = post(bounded, path, content)
        assert "mark" not in answer.text or answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "mark" not in bounded.get("/mark").text
    assert bounded.get("/mark").status_code == 404
    assert bounded.get(EVALUATION).status_code == 405
    assert bounded.get(EVALUATION).headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "data", [b"", b"POST /access", b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nX: "]
)
def test_who_sends_nothing_is_cut(bounded: httpx.Client, data: bytes) -> None:
    assert raw(bounded, data, 8) == b""  # or it would be cut by this end


def test_workers_cut_who_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.policy").write_text(OLD)
    (tmp_path / "service.yaml").write_text("workers: 2\nport: 0\nbounds:\n  read_seconds: 1\n")
    with (
        Process([str(tmp_path / "a.policy"), "--config", "service.yaml"], tmp_path) as service,
        httpx.Client(base_url=service.base, timeout=30) as client,
    ):
        assert post(client, EVALUATION, VIEW).status_code == 200
        assert raw(client, b"", 8) == b""


def test_who_sends_half_a_body_is_cut(bounded: httpx.Client) -> None:
    head = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    assert b" 408 " in raw(bounded, head + b"Content-Length: 100\r\n\r\n{", 10)


@pytest.mark.parametrize("header", [b"X: " + b"x" * 70_000, b"X: y\r\n" * 20_000, b"X: " + b"x" * 2_000_000])
def test_long_heads_are_refused(bounded: httpx.Client, header: bytes) -> None:
    data = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n\r\n"
    # Whoever is still sending when the connection is closed may get nothing.
    assert raw(bounded, data, 10)[9:12] in ((b"400",) if len(data) < 200_000 else (b"400", b""))


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Type: application/json\r\nContent-Length: 2\r\nHost: evil.example.test\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length : 2\r\n",
        b"Content-Length: +2\r\n",
        b" folded\r\n",
    ],
)
def test_what_a_proxy_may_read_otherwise(bounded: httpx.Client, lines: bytes) -> None:
    data = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n{}"
    assert b"Invalid HTTP request" in raw(bounded, data, 10)


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked"])
def test_a_body_in_a_coding_that_is_not_read(bounded: httpx.Client, coding: bytes) -> None:
    body = json.dumps(ASKED).encode()
    head = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    data = head + b"Connection: close\r\nTransfer-Encoding: %s\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert b"Invalid HTTP request" in raw(bounded, data.replace(b"%s", coding), 10)
    assert b" 200 " in raw(bounded, data.replace(b"%s", b"chunked"), 10)


@pytest.mark.parametrize("other", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize("in_parts", [False, True])
def test_who_asks_for_another_protocol_is_answered_in_this(bounded: httpx.Client, other: bytes, in_parts: bool) -> None:
    """Java does with each first request. A body is a body all the same, and no request of its own."""
    hidden = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    body = json.dumps({**ASKED, "hidden": 1}).encode().replace(b"1}", json.dumps(hidden.decode()).encode() + b"}")
    head = (
        b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Connection: close, Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
    )
    head += b"Upgrade: %s\r\nContent-Length: %d\r\n\r\n" % (other, len(body))
    with socket.create_connection((bounded.base_url.host, bounded.base_url.port or 0), timeout=10) as connection:
        connection.sendall(head if in_parts else head + body)
        if in_parts:
            time.sleep(0.1)
            connection.sendall(body)
        found = b""
        while part := connection.recv(65536):
            found += part
    assert found.startswith(b"HTTP/1.1 200 OK")
    assert found.count(b"HTTP/1.1") == 1
    assert b'"decision":true' in found
    assert b"connection: close" in found


@pytest.mark.parametrize("first", [b"", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_body_that_looks_like_a_request_is_none(bounded: httpx.Client, first: bytes) -> None:
    hidden = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    head = b"POST /access/v1/evaluation HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    head += b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: %d\r\n\r\n" % len(hidden)
    with socket.create_connection((bounded.base_url.host, bounded.base_url.port or 0), timeout=10) as connection:
        connection.sendall(first + head)
        time.sleep(0.1)
        connection.sendall(hidden)
        found = b""
        while part := connection.recv(65536):
            found += part
    assert found.count(b"HTTP/1.1 200") == (1 if first else 0)
    assert found.count(b"HTTP/1.1 400") == 1
    assert b"openapi" not in found


def test_a_tunnel_is_refused(bounded: httpx.Client) -> None:
    data = b"CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\nGET /openapi.json HTTP/1.1\r\n\r\n"
    found = raw(bounded, data, 10)
    assert found.startswith(b"HTTP/1.1 400 ")
    assert b"openapi" not in found


def test_idle_connections_do_no_harm(bounded: httpx.Client) -> None:
    address = (bounded.base_url.host, bounded.base_url.port or 0)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most[0], min(4_096, most[1])), most[1]))
    idle = [socket.create_connection(address) for _ in range(1_000)]
    try:
        assert post(bounded, EVALUATION, ASKED).json()["decision"] is True
    finally:
        for each in idle:
            each.close()
