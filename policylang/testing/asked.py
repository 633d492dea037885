"""What scenario tests ask, and what came of it."""

from __future__ import annotations

import datetime
from typing import Any, Protocol

import msgspec

from policylang.runtime.explaining.explain import explain
from policylang.runtime.explaining.tree import Explanation
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, decide


class Case(msgspec.Struct, frozen=True):
    """One expectation of a test: ``title`` says what was asked, ``line`` (1-based) where.

    ``failure`` says what came out instead and why; ``None`` where the expectation held. ``explanation``: that of a
    decision that was not as expected.
    """

    test: str
    title: str
    line: int
    failure: str | None
    explanation: Explanation | None = None


class Asked(msgspec.Struct, frozen=True):
    """A request, with everything that its decision depends on."""

    user: str
    action: str
    resource: str
    record: dict[str, Any]
    now: datetime.datetime
    request: dict[str, Any] = {}
    field: str | None = None
    changes: dict[str, Any] | None = None

    def decide(self, index: Index) -> Decision:
        """What the reference says to it."""
        return decide(index, self.user, self.action, self.resource, self.record, **self._circumstances)

    def explain(self, index: Index) -> Explanation:
        """Why it says so."""
        return explain(index, self.user, self.action, self.resource, self.record, **self._circumstances)

    @property
    def _circumstances(self) -> dict[str, Any]:
        return {"now": self.now, "request": self.request, "field": self.field, "changes": self.changes}


class Observer(Protocol):
    """Is told of every case as it was decided."""

    def decided(self, index: Index, asked: Asked, decision: Decision) -> None: ...

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None: ...
