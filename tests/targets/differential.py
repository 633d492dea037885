"""Every decision of the reference, asked of a real engine that runs a compiled bundle.

A target's tests bring a `Session`: the engine with a bundle loaded. What is asked here is the same for all of them:
the scenarios of the policy sets in `policies/` and of the acceptance sets, the boundary scenarios that
``policylang test --generate`` writes for these, and generated policy sets with their requests.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.project.discovery import discover
from policylang.project.project import Project
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request
from policylang.runtime.trees import Lookup, no_records
from policylang.settings.targets import TargetSettings
from policylang.targets import find_target
from policylang.targets.scenarios import scenarios_of
from policylang.targets.target import Input, Scenario, TargetBundle
from policylang.testing.generate.generate import generate
from policylang.testing.run import read_scenarios, run_scenarios
from tests.generated import Case
from tests.helpers import ACCEPTANCE, POLICIES

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Answer:
    """What an engine says; ``fields``: the attributes covered, null if the target does not tell them."""

    allowed: bool
    fields: frozenset[str] | None = None


class Session(Protocol):
    """An engine with a bundle loaded. It answers null to what its target does not decide."""

    def decide(self, asked: Sequence[Request]) -> Sequence[Answer | None]: ...


Start = Callable[[TargetBundle, Index], AbstractContextManager[Session]]


@dataclass
class Compared:
    """How many requests were asked and allowed; the constructs refused, by code and message, of sets that were."""

    asked: int = 0
    allowed: int = 0
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)

    def add(self, other: Compared) -> None:
        self.asked += other.asked
        self.allowed += other.allowed
        self.unanswered += other.unanswered
        self.refused += other.refused


def compare(
    target: str,
    start: Start,
    policy_set: ir.PolicySet,
    asked: Sequence[Request],
    now: datetime.datetime | None = None,
    settings: TargetSettings | None = None,
    lookup: Lookup = no_records,
) -> Compared:
    """Ask an engine and the reference the same; fails at the first request that they answer differently."""
    bundle = compile_for(find_target(target), Input(policy_set, now, settings=settings or TargetSettings()))
    if not isinstance(bundle, TargetBundle):
        return Compared(refused=[f"{each.code} {each.message}" for each in bundle])
    index = Index(policy_set, lookup)
    expected = [reference.answer(index, each) for each in asked]
    with start(bundle, index) as session:
        answers = session.decide(asked)
    assert len(answers) == len(asked)
    compared = Compared()
    for request, decision, answer in zip(asked, expected, answers, strict=True):
        if answer is None:
            compared.unanswered += 1
            continue
        compared.asked += 1
        compared.allowed += decision.allowed
        assert answer.allowed == decision.allowed, f"{request}\n{decision}"
        if answer.fields is not None and decision.allowed and request.field is None and request.changes is None:
            assert answer.fields == frozenset(decision.fields), f"{request}\n{decision}\n{sorted(answer.fields)}"
    return compared


def of_case(case: Case) -> list[Request]:
    """The requests of a generated policy set; its features must leave out objects and strange requests."""
    return [Request(**{**arguments, **_without_nothing(arguments)}) for arguments in case.arguments()]


def _without_nothing(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {} for name in ("record", "request") if arguments[name] is None}


# --- policy sets that people wrote ---------------------------------------------------------------------------

SETS = {
    path.parent.name + "/" + path.name: path
    for path in (ACCEPTANCE / "securitytrax", ACCEPTANCE / "tracktik", *sorted(POLICIES.iterdir()))
}
"""By name: the acceptance sets and those in `policies/`."""


@cache
def known(name: str) -> tuple[ir.PolicySet, tuple[Scenario, ...]]:
    """One of `SETS` compiled, with the scenarios written for it and those at the boundaries of its conditions."""
    (sources,) = discover([str(SETS[name])])
    project = Project(sources)
    assert project.ir is not None
    return project.ir, (*scenarios_of(project), *boundaries(project))


def boundaries(project: Project) -> tuple[Scenario, ...]:
    """The generated scenarios of a policy set."""
    assert project.ir is not None
    recorder = _Recorder()
    scenarios, document = read_scenarios(generate(project, NOW, "."))
    list(run_scenarios(scenarios, document, Index(project.ir), recorder))
    return tuple(recorder.found)


class _Recorder:
    def __init__(self) -> None:
        self.found: list[Scenario] = []

    def decided(self, index: Index, asked: Request, decision: Decision) -> None:
        self.found.append(Scenario("boundary", asked, decision.allowed))

    def listed(self, index: Index, attribute: str, now: datetime.datetime, found: tuple[str, ...]) -> None:
        """Who is eligible is not asked of engines."""
