"""What OpenTelemetry is told of each request: how it was answered, and nothing of who asked for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from policylang import __version__


class RequestSpan:
    """A request that is not traced."""

    def note(self, **attributes: bool | int | str) -> None:
        """Attributes, below ``policylang``."""

    def answered(self, status: int) -> None:
        """What the request came to."""


class _Recorded(RequestSpan):
    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, **attributes: bool | int | str) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(f"policylang.{name}", value)

    def answered(self, status: int) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("http.response.status_code", status)
        if status >= 500:
            self._span.set_status(StatusCode.ERROR)


class Traces:
    """Makes spans, that go to where the environment says (``OTEL_EXPORTER_OTLP_ENDPOINT`` and its like)."""

    def __init__(self, provider: Any = None) -> None:
        """Without a provider nothing is traced."""
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer("policylang", __version__)

    @classmethod
    def to_collector(cls) -> Self:
        """Traces that are sent by OTLP over HTTP. Raises ImportError where the package for it is missing."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        resource = Resource({SERVICE_NAME: "policylang"}).merge(OTELResourceDetector().detect())
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    @property
    def are_on(self) -> bool:
        """Whether anybody is told."""
        return self._tracer is not None

    @contextmanager
    def request(self, method: str, route: str, headers: Mapping[str, str]) -> Iterator[RequestSpan]:
        """The span of a request, a part of the trace that its headers name."""
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        attributes = {"http.request.method": method, "http.route": route}
        assert self._tracer is not None
        with self._tracer.start_as_current_span(
            f"{method} {route}",
            context=TraceContextTextMapPropagator().extract(headers),
            kind=SpanKind.SERVER,
            attributes=attributes,
        ) as span:
            yield _Recorded(span)

    def close(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()
