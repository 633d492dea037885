"""Conditions that are looked up by what a situation holds: none that is true is ever left out."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given

from policylang.analysis.guards import Guards
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation, truth
from policylang.runtime.values import BadValueError
from tests.analysis.test_soundness import ANY_RECORD, SETTINGS
from tests.generated import Case, cases
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
DOC = """\
resource doc { title : text  account : text  level : int  fee : money  state : one of draft, open  flag : bool
  tags : set of text  owner : user  actions view }
"""


@pytest.mark.parametrize(
    ("condition", "looked_up"),
    [
        ('title is "a"', True),
        ('"a" is title', True),
        ('title in ["b", "a"]', True),
        ('title starts with "a"', True),
        ('title ends with "a"', True),
        ('title contains "a"', True),
        ('tags contains "a"', True),
        ("fee is 2.50", True),
        ("flag is true", True),
        ("owner is assigned user", False),
        ('title is "a" and level > 1', True),
        ('title is "a" or account is "a"', True),
        ('title is "a" or level > 1', False),
        ('not (title is "b")', False),
        ("level > 1", False),
    ],
)
def test_what_is_looked_up(condition: str, looked_up: bool) -> None:
    """It is found where it is true, and where it is not only if nothing guards it."""
    record = {"title": "a", "account": "a", "level": 2, "fee": "2.5", "state": "draft", "flag": True, "tags": ["a"]}
    other = {"title": "b", "account": "b", "level": 2, "fee": "2", "state": "open", "flag": False, "tags": ["b"]}
    policy_set = compiled(f"{DOC}policy p on doc {{ {condition} }}\n")
    guards = Guards([policy_set.policy_instances[0].condition])
    index = Index(policy_set)

    def found(values: dict[str, Any]) -> list[int]:
        return guards.candidates(Situation(index, "u", "doc", {**values, "owner": "u"}, {}, NOW), range(1))

    assert found(record) == [0]
    assert found({**other, "title": "c"}) == ([] if looked_up else [0])


@pytest.mark.parametrize("condition", ["length is 24 hours", "length in [24 hours, 2 weeks]"])
def test_a_length_in_another_unit_is_found(condition: str) -> None:
    policy_set = compiled(f"resource doc {{ length : duration  actions view }}\npolicy p on doc {{ {condition} }}\n")
    conditions = [policy_set.policy_instances[0].condition]
    s = Situation(Index(policy_set), "u", "doc", {"length": "1 day"}, {}, NOW)
    assert truth(conditions[0], s) is True
    assert Guards(conditions).candidates(s, range(1)) == [0]


def test_only_those_that_are_asked_about() -> None:
    policy_set = compiled(f'{DOC}policy p on doc {{ title is "a" }}\npolicy q on doc {{ title starts with "a" }}\n')
    guards = Guards([each.condition for each in policy_set.policy_instances])
    s = Situation(Index(policy_set), "u", "doc", {"title": "a"}, {}, NOW)
    assert guards.candidates(s, {0, 1}) == [0, 1]
    assert guards.candidates(s, {1}) == [1]


@SETTINGS
@given(cases(ANY_RECORD))
def test_what_is_true_is_found(case: Case) -> None:
    index = Index(case.policy_set)
    for request in case.requests:
        if request.row is None or not (isinstance(request.user, str) and isinstance(request.resource, str)):
            continue
        if request.resource not in index.resources or request.user not in index.users:
            continue
        if request.now.utcoffset() is None:
            continue
        conditions = [i.condition for i in case.policy_set.policy_instances if i.resource == request.resource]
        given_ = request.arguments(case.rows)
        s = Situation(index, request.user, request.resource, given_["record"], given_["request"] or {}, request.now)
        found = Guards(conditions).candidates(s, range(len(conditions)))
        for number, condition in enumerate(conditions):
            try:
                assert number in found or truth(condition, s) is not True
            except BadValueError:
                continue


RANGES = (
    "level < 3",
    "level <= 3",
    "3 > level",
    "level > 1 and level < 3",
    "level > 2 or level < -1",
    "level is 2 or level >= 4",
    "created within 2 days",
    "created within next 2 days",
    "created older than 1 day and created within 3 days",
    "created older than 1 month",
    "created within 1 month",
    "created before 2026-11-20T12:00:00Z",
    "due within 1 day",
    "due within next 1 day",
    "due older than 1 day",
    "due within 1 month and due older than 2 weeks",
)


def test_what_lies_in_a_range_is_found() -> None:
    """By each value around every end, whichever of the conditions are looked up by ranges."""
    doc = "resource doc { level : int  created : datetime  due : date  actions view }\n"
    policy_set = compiled(doc + "".join(f"policy p{n} on doc {{ {each} }}\n" for n, each in enumerate(RANGES)))
    conditions = [each.condition for each in sorted(policy_set.policy_instances, key=lambda each: int(each.id[1:]))]
    index, guards = Index(policy_set), Guards(conditions)
    left_out = 0
    for number in range(-40, 41):
        at = NOW + datetime.timedelta(hours=12 * number)
        for due in (at, NOW + datetime.timedelta(days=number)):
            record = {"level": number // 4, "created": at, "due": due.date()}
            s = Situation(index, "u", "doc", record, {}, NOW)
            found = guards.candidates(s, range(len(conditions)))
            assert {n for n, each in enumerate(conditions) if truth(each, s) is True} <= set(found), record
            left_out += len(conditions) - len(found)
    assert left_out > 500


def test_a_month_in_which_the_clocks_go_forward_is_found() -> None:
    """In Denver the one before 2026-03-08 is an hour shorter than 28 days."""
    now, hour = datetime.datetime(2026, 3, 8, 18, tzinfo=datetime.UTC), datetime.timedelta(hours=1)
    doc = 'timezone "America/Denver"\nresource doc { created : datetime  actions view }\n'
    policy_set = compiled(doc + "policy p on doc { created older than 1 month }\n")
    condition = policy_set.policy_instances[0].condition
    s = Situation(Index(policy_set), "u", "doc", {"created": now - 28 * 24 * hour + hour / 2}, {}, now)
    assert truth(condition, s) is True
    assert Guards([condition]).candidates(s, range(1)) == [0]
