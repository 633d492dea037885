"""What is counted, for Prometheus. Without its package nothing is."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from policylang.decisionlog.writer import DecisionWriter
from policylang.service.watching import State
from policylang.service.wire import RefusedRequest

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """Counters of this process; a page sums those of all workers."""

    def __init__(self) -> None:
        self._registry: Any = None
        try:
            import prometheus_client as prometheus
        except ImportError:
            return
        # Counters of several processes go through files, and a registry of their own would keep them from those.
        self._registry = registry = prometheus.CollectorRegistry()
        self._decisions = prometheus.Counter(
            "policylang_decisions", "Decisions, by outcome.", ["decision"], registry=registry
        )
        self._allowed = self._decisions.labels("allow")
        self._denied = self._decisions.labels("deny")
        self._requests = prometheus.Counter(
            "policylang_requests", "Answers, by address and status.", ["path", "status"], registry=registry
        )
        self._seconds = prometheus.Histogram(
            "policylang_request_seconds", "Time to an answer.", ["path"], buckets=_BUCKETS, registry=registry
        )
        self._store = prometheus.Counter(
            "policylang_store_failures", "Questions that the record store did not answer.", registry=registry
        )
        gauge = partial(prometheus.Gauge, registry=registry, multiprocess_mode="livemax")
        self._loads = gauge("policylang_policy_loads", "Policy sets put into force.")
        self._refusals = gauge("policylang_policy_refusals", "Policy sets refused.")
        self._stale = gauge("policylang_policy_newer_refused", "Whether the newest policy set was refused.")
        self._since = gauge("policylang_policy_since_seconds", "When the policies came into force.")
        counts = partial(prometheus.Gauge, registry=registry, multiprocess_mode="livesum")
        self._written = counts("policylang_log_written", "Decisions written down.")
        self._dropped = counts("policylang_log_dropped", "Decisions that could not be written down.")
        self._children: dict[tuple[str, int], tuple[Any, Any]] = {}

    def decided(self, allowed: bool) -> None:
        if self._registry is not None:
            (self._allowed if allowed else self._denied).inc()

    def answered(self, path: str, status: int, seconds: float) -> None:
        if self._registry is None:
            return
        child = self._children.get((path, status))
        if child is None:
            child = self._requests.labels(path, str(status)), self._seconds.labels(path)
            self._children[path, status] = child
        child[0].inc()
        child[1].observe(seconds)

    def store_failed(self) -> None:
        if self._registry is not None:
            self._store.inc()

    def page(self, state: State, log: DecisionWriter | None = None) -> tuple[bytes, str]:
        """All of it, and its content type. Raises `RefusedRequest` where nothing is counted."""
        if self._registry is None:
            raise RefusedRequest(501, "metrics need a package: pip install 'policylang[metrics]'")
        import prometheus_client as prometheus
        from prometheus_client import multiprocess

        self._loads.set(state.loads)
        self._refusals.set(state.refusals)
        self._stale.set(state.refused is not None)
        self._since.set(state.since)
        if log is not None:
            self._written.set(log.written)
            self._dropped.set(log.dropped)
        registry = self._registry
        if MULTIPROCESS in os.environ:
            registry = prometheus.CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return prometheus.generate_latest(registry), prometheus.CONTENT_TYPE_LATEST
