"""Requests to Cedar that no helper put together."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from policylang.runtime.index import Index
from policylang.targets.cedar.request import asking, questions
from policylang.targets.cedar.values import NotHeldError
from policylang.targets.request import DeniedError, chosen
from tests.engines.files import EngineError
from tests.helpers import compiled
from tests.targets.cedar_session import SALES, bundle_of, loaded
from tests.targets.differential import NOW

DAY = 24 * 3600 * 1_000_000
INSTANT = 1_795_262_400_000_000


def ask(user: str, action: str, *, text: str = SALES, **context: Any) -> bool:
    policy_set = compiled(text)
    request = {
        "principal": {"type": "User", "id": user},
        "action": {"type": "Action", "id": f"customer.{action}"},
        "resource": {"type": "customer", "id": "1"},
        "context": {"now": INSTANT, "today": INSTANT // DAY, "record": {"created": INSTANT}, **context},
    }
    with loaded(bundle_of(policy_set), Index(policy_set)) as session:
        (answer,) = session.engine.ask([request])
        assert answer.errors == () or abs(request["context"]["now"]) > 2**62
        return answer.allowed


def site(name: str) -> dict[str, Any]:
    return {"created": INSTANT, "closed": False, "site": {"__entity": {"type": "Place", "id": name}}}


@pytest.mark.parametrize(
    ("user", "context", "allowed"),
    [
        ("ann", {}, True),
        ("nobody", {}, False),
        ("ann", {"field": "rate"}, False),
        ("ann", {"field": "name"}, True),
        ("ann", {"field": "no such"}, False),
        ("ann", {"record": {}}, False),
        ("ann", {"record": {"created": INSTANT - 30 * DAY}}, True),
        ("ann", {"record": {"created": INSTANT - 30 * DAY - 1}}, False),
        ("ann", {"record": {"created": INSTANT + 1}}, False),
        ("ann", {"record": site("HQ")}, True),
        ("ann", {"record": site("North")}, False),  # is no site
        ("ann", {"record": site("Nowhere")}, False),
        ("ann", {"now": -(2**63)}, False),  # a sum would overflow
        ("ann", {"now": 2**63 - 1}, False),
        ("cid", {"record": site("HQ")}, True),
        ("cid", {"record": {**site("HQ"), "closed": True}}, False),
        ("cid", {"record": {"created": INSTANT, "closed": False}}, False),  # is nowhere
        ("cid", {"record": site("HQ"), "today": INSTANT // DAY + 1}, False),
        ("cid", {"record": site("HQ"), "today": 20_757}, False),  # the last day of October
    ],
)
def test_requests(user: str, context: dict[str, Any], allowed: bool) -> None:
    assert ask(user, "view", **context) == allowed


@pytest.mark.parametrize(("now", "allowed"), [(INSTANT, True), (-(2**63), False), (2**63 - 1, False)])
def test_no_deny_is_skipped_because_a_sum_overflows(now: int, allowed: bool) -> None:
    text = SALES.replace("closed is true", "closed is true or created within 3 days or created within next 3 days")
    record = {**site("HQ"), "created": INSTANT - 10 * DAY}
    assert ask("cid", "view", text=text, now=now, record=record) == allowed


@pytest.mark.parametrize(
    "context", [{"record": {"created": "2026-11-20"}}, {"record": {"no such": 1}}, {"now": None}, {"chosen": "ann"}]
)
def test_a_request_that_does_not_fit_the_schema_has_no_answer(context: dict[str, Any]) -> None:
    with pytest.raises(EngineError):
        ask("ann", "view", **context)


def test_whom_somebody_chooses() -> None:
    assert not ask("ann", "create", field="owner")
    assert not ask("ann", "modify", field="owner", nobody=False)
    assert ask("ann", "modify", field="owner", nobody=True)
    assert ask("ann", "create", field="owner", chosen={"__entity": {"type": "User", "id": "ann"}})
    assert not ask("ann", "create", field="owner", chosen={"__entity": {"type": "User", "id": "cid"}})
    assert not ask("ann", "create", field="owner", chosen={"__entity": {"type": "User", "id": "nobody"}})


def test_values_that_cedar_cannot_hold_have_no_answer() -> None:
    policy_set = compiled(SALES.replace("created within 30 days", "rate > 3 and created is present"))
    at = {"now": NOW}
    known_set = asking(policy_set)
    for record in ({"rate": "12345678901234567890"}, {"rate": "0.1234567890123456789"}, {"created": "soon"}):
        with pytest.raises(NotHeldError):
            questions(known_set, "ann", "view", "customer", record, **at)
    old = datetime.datetime(999, 1, 1, tzinfo=datetime.UTC)
    with pytest.raises(NotHeldError, match="1000"):
        questions(asking(compiled(SALES)), "ann", "view", "customer", {}, now=old)


def test_who_is_chosen_is_known_of_all_or_nobody() -> None:
    index = Index(compiled("role rep\nresource deal { reps : set of user with role rep  actions modify }\n"))
    assert chosen(index, "deal", {"reps": ["ann", "bob"]}, "reps", NOW) == ("ann", "bob")
    with pytest.raises(DeniedError, match="`reps` is missing"):
        chosen(index, "deal", {"reps": ["ann", None]}, "reps", NOW)
