"""The fast runtime gives the answers of the reference: the same decision, fields, reasons and missing attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, note, settings

from policylang.api.policy_set import PolicySet
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, decide
from tests.generated import Case, Census, cases

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]


def answer(decide: Callable[..., Decision], *arguments: Any, **named: Any) -> Decision | None:
    """The decision; ``None`` where there is none, which is where the instant is not one."""
    try:
        return decide(*arguments, **named)
    except ValueError:
        return None


@pytest.mark.hypothesis
def test_the_runtimes_agree() -> None:
    """One engine answers all requests of a policy set, then all again: what it has kept must not matter."""
    census = Census()

    @given(cases())
    @settings(max_examples=EXAMPLES, deadline=None)
    def agree(case: Case) -> None:
        census.add_policy_set(case.policy_set, case.text)
        index = Index(case.policy_set)
        expected = []
        for request, arguments in zip(case.requests, case.arguments(), strict=True):
            decision = answer(decide, index, **arguments)
            expected.append((request, arguments, decision))
            census.add_decision(request.kind, decision)
        policies = PolicySet(index)
        for request, arguments, decision in (*expected, *reversed(expected)):
            found = answer(policies.decide, **arguments)
            if found != decision:
                note(f"{request}\n{arguments}")
            assert found == decision

    agree()
    # Any two runtimes agree where nothing is allowed and nothing asked.
    kinds = ("record", "field", "modify", "create")
    assert all(0.15 <= census.share_allowed(kind) <= 0.7 for kind in kinds)
    assert census.share_allowed(*kinds) >= 0.3
    assert census.rare() == {}
