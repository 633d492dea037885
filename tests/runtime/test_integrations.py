"""Integrations: several roles, everywhere, from the start of the first day to the end of the last."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from policylang.api.policy_set import PolicySet
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.helpers import compiled, explain

TEXT = """
timezone "America/Denver"
scope region contains site
place region "North"
place site "HQ" in "North"
resource doc { title : text  site : site  actions view, modify, delete }
resource bill { amount : int  actions create }
policy titled on doc { title is present }
role reader { grant view on doc }
role writer { grant view, modify on doc  policy titled }
role payer { grant create on bill  deny delete on doc }
deny delete on doc { title is "kept" }
integration sync { role reader, writer  role payer  objects doc, bill DATES }
integration bare { objects doc }
"""


def allowed(action: str, record: Any, now: str = "2026-06-01T12:00:00-06:00", dates: str = "", **more: Any) -> bool:
    index = Index(compiled(TEXT.replace("DATES", dates)))
    at = datetime.datetime.fromisoformat(now)
    resource = "bill" if action == "create" else "doc"
    found = decide(index, "sync", action, resource, record, now=at, **more)
    policies = PolicySet(index)
    for _ in range(2):
        assert policies.decide("sync", action, resource, record, now=at, **more) == found
    assert explain(index, "sync", action, resource, record, now=at, **more).decision == found
    assert policies.filter("sync", action, resource, now=at).matches(record) == found.allowed
    return found.allowed


@pytest.mark.parametrize(
    ("action", "record", "expected"),
    [
        ("view", {"title": None}, True),  # the role without a limit wins
        ("view", {"site": "HQ"}, True),
        ("modify", {"title": "t"}, True),
        ("modify", {}, False),
        ("create", {"amount": 3}, True),
        ("delete", {"title": "t"}, False),
    ],
)
def test_each_role_is_a_source(action: str, record: Any, expected: bool) -> None:
    assert allowed(action, record) == expected


@pytest.mark.parametrize(
    ("dates", "now", "expected"),
    [
        ("from 2026-01-01 until 2026-11-21", "2026-11-22T06:59:59+00:00", True),
        ("from 2026-01-01 until 2026-11-21", "2026-11-22T07:00:00+00:00", False),
        ("from 2026-01-01 until 2026-11-21", "2026-01-01T06:59:59+00:00", False),
        ("from 2026-01-01 until 2026-11-21", "2026-01-01T07:00:00+00:00", True),
        ("until 2026-11-21", "1999-01-01T00:00:00+00:00", True),
        ("from 2026-11-21", "2026-11-21T06:59:59+00:00", False),
        ("from 2026-11-21", "2099-01-01T00:00:00+00:00", True),
        ("", "2026-11-22T07:00:00+00:00", True),
    ],
)
def test_dates_are_days_in_the_timezone(dates: str, now: str, expected: bool) -> None:
    for action, record in (("view", {}), ("modify", {"title": "t"}), ("create", {"amount": 1})):
        assert allowed(action, record, now, dates) == expected


def test_one_engine_follows_the_calendar() -> None:
    policies = PolicySet(Index(compiled(TEXT.replace("DATES", "from 2026-01-02 until 2026-01-03"))))
    days = [datetime.datetime(2026, 1, day, 12, tzinfo=datetime.UTC) for day in (1, 2, 3, 4, 3, 1, 2)]
    found = [policies.decide("sync", "view", "doc", {}, now=now).allowed for now in days]
    assert found == [False, True, True, False, True, False, True]


def test_reasons_say_that_it_is_over() -> None:
    index = Index(compiled(TEXT.replace("DATES", "until 2026-01-03")))
    now = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    (moment,) = explain(index, "sync", "create", "bill", {"amount": 1}, now=now).moments
    assert [obstacle.text for way in moment.ways for obstacle in way.obstacles] == [
        "the integration ended on 2026-01-03"
    ]
    assert not decide(index, "bare", "view", "doc", {}, now=now).allowed
