"""Many decisions at a time are those that `decide` makes one by one."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, note, settings

from policylang.api.policy_set import PolicySet
from policylang.runtime.compiled import Engine
from policylang.runtime.reference import Decision
from tests.generated import Case, Features, cases
from tests.helpers import compiled

EXAMPLES = settings.default.max_examples // 30  # type: ignore[union-attr]
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)

TEXT = """\
resource doc { owner : user  created : datetime  status : one of open, closed  actions view, modify, create }
resource memo { owner : user  actions view, modify }
request { channel : text }
policy own on doc { owner is assigned user }
policy recent on doc { created within 30 days }
policy by_mail on doc { request.channel is "mail" }
role reader { grant view on doc  policy recent }
role owner { grant all on doc  policy own }
role clerk { grant view on doc  policy by_mail }
deny view on doc { status is closed }
user "ann" { assign role owner  assign role reader }
user "ben" { assign role reader until 2026-11-30 }
user "cid" { assign role clerk }
"""
RECORDS: list[dict[str, Any]] = [
    {"owner": owner, "created": NOW - datetime.timedelta(days=days), "status": status}
    for owner in ("ann", "ben", None)
    for days in (-1, 0, 30, 31)
    for status in ("open", "closed", None, "lost")
]

WHO = ("user", "action", "resource", "now")


def listed(records: list[Any]) -> list[dict[str, Any]]:
    return [{"record": record} for record in records]


def decided(policies: PolicySet, **arguments: Any) -> Decision | None:
    """The decision, if the arguments are such that there is one."""
    try:
        return policies.decide(**arguments)
    except (ValueError, TypeError):
        return None


@given(cases(Features(requests=25)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_lists_and_streams_of_requests(case: Case) -> None:
    policies = PolicySet(case.policy_set)
    answers = [(each, decided(policies, **each)) for each in case.arguments()]
    requests = [each for each, decision in answers if decision is not None]
    expected = [decision for _, decision in answers if decision is not None]
    short = [{name: value for name, value in each.items() if value is not None or name in WHO} for each in requests]
    for _ in range(2):  # then from what was kept
        assert policies.decide_many(short) == expected
        assert policies.decide_many(iter(requests)) == expected


@given(cases(Features(requests=25)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_lists_of_records(case: Case) -> None:
    """Each request brings its record alone; who asks what, and when, is said once."""
    policies = PolicySet(case.policy_set)
    arguments = case.arguments()
    records = [each["record"] for each in arguments]
    for each in arguments[:8]:
        common = {name: each[name] for name in ("user", "action", "resource", "now", "request")}
        note(str(common))
        answers = [(record, decided(policies, record=record, **common)) for record in records]
        requests = listed([record for record, decision in answers if decision is not None])
        for _ in range(2 if requests else 0):
            assert policies.decide_many(requests, **common) == [d for _, d in answers if d is not None]


@pytest.mark.parametrize("user", ["ann", "ben", "cid", "nobody"])
@pytest.mark.parametrize("action", ["view", "modify", "create", "fly"])
@pytest.mark.parametrize("request_", [None, {}, {"channel": "mail"}, {"channel": "web"}, {"channel": 1}])
def test_a_list_that_one_user_looks_at(user: str, action: str, request_: Any) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": user, "action": action, "resource": "doc", "now": NOW, "request": request_}
    expected = [policies.decide(record=record, **who) for record in RECORDS]
    for form in (listed(RECORDS), tuple(listed(RECORDS)), [{"record": r, **who} for r in RECORDS]):
        assert policies.decide_many(form, **who) == expected
        assert policies.decide_many(form, **who) == expected


def test_a_list_is_decided_by_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = PolicySet(compiled(TEXT))
    requests = listed([{**record, "status": "open"} for record in RECORDS if record["owner"]])
    who: dict[str, Any] = {"user": "ann", "action": "view", "resource": "doc", "now": NOW}
    first = policies.decide_many(requests, **who)
    assert {decision.allowed for decision in first} == {True, False}
    monkeypatch.setattr(Engine, "decide", None)
    assert policies.decide_many(requests, **who) == first
    assert policies.decide_many([{**each, **who} for each in requests]) == first


def test_each_request_is_decided_by_all_that_it_says() -> None:
    policies = PolicySet(compiled(TEXT))
    usual: dict[str, Any] = {"user": "ann", "action": "modify", "resource": "doc", "record": RECORDS[0], "now": NOW}
    others: list[dict[str, Any]] = [
        {"user": "ben"},
        {"action": "view"},
        {"resource": "memo"},
        {"record": {"owner": "ben"}},
        {"changes": {"owner": "ben"}},
        {"field": "owner"},
        {"user": "cid", "action": "view", "request": {"channel": "mail"}},
    ]
    requests = [each for other in others for each in (usual, {**usual, **other})]
    expected = [policies.decide(**each) for each in requests]
    for _ in range(2):  # then from what was kept
        assert policies.decide_many(requests) == expected
        assert policies.decide_many(iter(requests)) == expected


def test_one_that_is_unusual_does_not_change_the_others() -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "view", "resource": "doc", "now": NOW}
    unusual = [{"owner": 7}, {"created": "2026-11-21T08:00:00Z"}, {"created": NOW.replace(tzinfo=None)}, {}, None]
    records = [RECORDS[0], *unusual, RECORDS[1]]
    expected = [policies.decide(record=record, **who) for record in records]
    for _ in range(2):
        assert policies.decide_many(listed(records), **who) == expected


@pytest.mark.parametrize(
    ("given_", "error"),
    [
        ({"now": None}, ValueError),
        ({"now": NOW.replace(tzinfo=None)}, ValueError),
        ({"user": None}, KeyError),
        ({"request": 3}, TypeError),
        ({"request": {1: "x"}}, TypeError),
    ],
)
def test_what_is_no_request_is_refused_in_lists_too(given_: dict[str, Any], error: type[Exception]) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "view", "resource": "doc", "now": NOW}
    policies.decide_many(listed(RECORDS), **who)
    with pytest.raises(error):
        policies.decide_many(listed(RECORDS), **{**who, **given_})


@pytest.mark.parametrize("year", [1, 9999])
def test_an_instant_outside_the_calendar_is_refused_in_lists_too(year: int) -> None:
    zone, day = {1: ("America/Denver", (1, 1)), 9999: ("Asia/Tokyo", (12, 31))}[year]
    policies = PolicySet(compiled(f'timezone "{zone}"\n{TEXT}'))
    records, edge = listed(RECORDS), datetime.datetime(year, *day, 23 if year > 1 else 0, tzinfo=datetime.UTC)
    who: dict[str, Any] = {"user": "ann", "action": "modify", "resource": "doc"}
    policies.decide_many(records, **who, now=NOW)
    for form in (records, tuple(records), [{**each, **who, "now": edge} for each in records]):
        with pytest.raises(ValueError, match="outside the calendar"):
            policies.decide_many(form, **who, now=edge)


@pytest.mark.parametrize("record", [{1: "x"}, 7, "ann"])
def test_a_record_without_names_is_refused_in_lists_too(record: Any) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "view", "resource": "doc", "now": NOW}
    policies.decide_many(listed(RECORDS), **who)
    with pytest.raises(TypeError):
        policies.decide_many(listed([*RECORDS, record]), **who)


def test_a_record_that_is_filled_anew_for_each_request() -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "view", "resource": "doc", "now": NOW}
    expected = [policies.decide(record=record, **who) for record in RECORDS]
    row: dict[str, Any] = {}

    def rows() -> Any:
        for record in RECORDS:
            row.clear()
            row.update(record)
            yield {"record": row}

    assert policies.decide_many(rows(), **who) == expected
