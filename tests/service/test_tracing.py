"""OpenTelemetry: a span for each answer, a part of the caller's trace, and nothing of who asked for what."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from policylang.api.policy_set import PolicySet
from policylang.service.app import make_app
from policylang.service.tracing import Traces
from policylang.service.watching import PoliciesInForce
from tests.helpers import compiled
from tests.service.helpers import EVALUATION, EVALUATIONS, config, post, question, served
from tests.service.test_gateway import GATEWAY, SOURCE

VIEW = question("ann", "view", "customer", "secret-id", rep="ann", name="secret-name")
DENIED = question("ann", "view", "customer", "secret-id", rep="bob")
_TRACE = "0af7651916cd43dd8448eb211c80319c"


async def asked(app: Any, *requests: tuple[str, str, Any]) -> list[int]:
    found = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        for method, path, content in requests:
            headers = {"traceparent": f"00-{_TRACE}-b7ad6b7169203331-01", "x-user": "ann"}
            found.append((await client.request(method, path, json=content, headers=headers)).status_code)
    return found


def test_spans() -> None:
    import asyncio

    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    policies = PolicySet(compiled(SOURCE))
    app = make_app(config(gateway=GATEWAY), PoliciesInForce(policies), None, traces=Traces(provider))
    several = {"evaluations": [VIEW, DENIED, {}]}
    requests = (
        ("POST", EVALUATION, VIEW),
        ("POST", EVALUATION, DENIED),
        ("POST", EVALUATIONS, several),
        ("POST", EVALUATION, {}),
        ("GET", "/ext_authz/customers/secret-id", None),
    )
    assert asyncio.run(asked(app, *requests)) == [200, 200, 200, 400, 403]
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == [
        f"POST {EVALUATION}",
        f"POST {EVALUATION}",
        f"POST {EVALUATIONS}",
        f"POST {EVALUATION}",
        "GET /ext_authz",
    ]
    assert {span.context.trace_id for span in spans} == {int(_TRACE, 16)}
    own = [
        {name.removeprefix("policylang."): value for name, value in (span.attributes or {}).items() if "lang" in name}
        for span in spans
    ]
    assert own == [
        {"digest": policies.digest, "decision": True},
        {"digest": policies.digest, "decision": False},
        {"digest": policies.digest, "decisions": 3, "allowed": 1},
        {},
        {"digest": policies.digest, "decision": False},
    ]
    assert [(span.attributes or {})["http.response.status_code"] for span in spans] == [200, 200, 200, 400, 403]
    assert "secret" not in "".join(span.to_json() for span in spans)
    assert "ann" not in "".join(span.to_json() for span in spans)


def test_they_reach_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        with served(PolicySet(compiled(SOURCE)), traces=True) as client:
            assert post(client, EVALUATION, VIEW).status_code == 200
        collector.shutdown()
    ((path, content),) = received
    assert path == "/v1/traces"
    (resource,) = ExportTraceServiceRequest.FromString(content).resource_spans
    assert [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"] == ["policylang"]
    (span,) = resource.scope_spans[0].spans
    assert span.name == f"POST {EVALUATION}"
