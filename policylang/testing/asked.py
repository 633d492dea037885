"""What scenario tests ask, and what came of it."""

from __future__ import annotations

import datetime
from typing import Protocol

import msgspec

from policylang.explaining.tree import Explanation
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request


class Case(msgspec.Struct, frozen=True):
    """One expectation of a test: ``title`` says what was asked, ``line`` (1-based) where.

    ``failure`` says what came out instead and why; ``None`` where the expectation held. ``explanation``: that of a
    decision that was not as expected. ``asked``: the action and what it was tried on, of a decision.
    """

    test: str
    title: str
    line: int
    failure: str | None
    explanation: Explanation | None = None
    asked: str = ""


class Observer(Protocol):
    """Is told of every case as it was decided."""

    def decided(self, index: Index, asked: Request, decision: Decision) -> None: ...

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None: ...
