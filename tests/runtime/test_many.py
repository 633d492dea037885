"""Many decisions at a time are those that `decide` makes one by one."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, note, settings

from policylang.api.policy_set import PolicySet
from policylang.runtime import many
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


@given(cases(Features(requests=25)))
@settings(max_examples=EXAMPLES, deadline=None)
def test_lists_that_a_few_plans_decide(case: Case) -> None:
    """Each request brings its record and some of who asks what; what else there is to say is said once."""
    policies = PolicySet(case.policy_set)
    arguments = case.arguments()
    records = [each["record"] for each in arguments]
    for names in (("action",), ("resource", "action"), ("user",), ("user", "action", "resource", "now")):
        common = {name: each[name] for each in arguments[:1] for name in (*WHO, "request")}
        own = [{name: each[name] for name in names} for each in arguments[:3]]
        asked = [{**each, "record": record} for record in records for each in own]
        answers = [(each, decided(policies, **{**common, **each})) for each in asked]
        requests = [each for each, decision in answers if decision is not None]
        note(str(common))
        for _ in range(2):
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


@pytest.mark.parametrize(
    "own",
    [
        [{"action": "view"}, {"action": "modify"}],
        [{"user": "ann"}, {"user": "cid"}],
        [{"user": "ann", "action": "view", "resource": "doc"}, {"user": "cid", "action": "view", "resource": "memo"}],
        [{"now": NOW}, {"now": NOW + datetime.timedelta(days=20)}],
    ],
    ids=lambda own: ", ".join(own[0]),
)
def test_requests_of_one_plan_are_put_together(own: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {
        "user": "ann",
        "action": "view",
        "resource": "doc",
        "now": NOW,
        "request": {"channel": "mail"},
    }
    records = [{**record, "status": "open"} for record in RECORDS if record["owner"]]
    requests = [{"record": record, **each} for record in records for each in own]
    expected = [policies.decide(**{**who, **each}) for each in requests]
    assert {decision.allowed for decision in expected} == {True, False}
    assert policies.decide_many(requests, **who) == expected
    with monkeypatch.context() as patched:
        patched.setattr(many, "_one_by_one", None)
        assert policies.decide_many(requests, **who) == expected
    other = [requests[0], {**requests[0], "record": {"owner": 7}}, *requests[1:]]
    assert policies.decide_many(other, **who) == [policies.decide(**{**who, **each}) for each in other]


@pytest.mark.parametrize(
    "other", [{"record": {}, "action": ["view"]}, {"action": "view"}, {"record": None, "action": 7}]
)
def test_an_unusual_request_among_those_that_are_put_together(other: dict[str, Any]) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "resource": "doc", "now": NOW}
    requests = [*({"record": record, "action": "view"} for record in RECORDS), other]
    assert policies.decide_many(requests, **who) == [policies.decide(**who, **each) for each in requests]


@pytest.mark.parametrize("other", [{"record": {}, "wish": 1}, {"record": {}}, {"record": {1: 2}, "action": "view"}, 7])
def test_what_is_no_request_among_those_that_are_put_together(other: Any) -> None:
    policies = PolicySet(compiled(TEXT))
    requests = [{"record": record, "action": "view"} for record in RECORDS]
    with pytest.raises((TypeError, KeyError)):
        policies.decide_many([*requests, other], user="ann", resource="doc", now=NOW)


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


def test_what_somebody_else_was_told_is_no_answer_yet() -> None:
    """What is kept of a plan has a gap for an answer that was given by another plan of the same meaning alone."""
    other = 'role keeper { grant modify on doc  policy own }  user "dan" { assign role keeper }'
    policies = PolicySet(compiled(TEXT + other))
    records = [{"owner": "ann"}, {"owner": "dan"}]
    for user, order in (("ann", records), ("dan", records)):
        who: dict[str, Any] = {"user": user, "action": "modify", "resource": "doc", "now": NOW}
        for record in order:
            policies.decide(record=record, **who)
            assert policies.decide_many(listed(records), **who) == [policies.decide(record=r, **who) for r in records]


def test_a_record_with_names_and_a_get_of_its_own() -> None:
    class Row:
        owner = "eve"

        def get(self, name: str) -> str:
            return "ann"

        def __iter__(self) -> Iterator[str]:
            yield "owner"

    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "modify", "resource": "doc", "now": NOW}
    policies.decide_many(listed(RECORDS[:16]), **who)
    assert not any(decision.allowed for decision in policies.decide_many(listed([Row()]), **who))


class Alike:
    """No text, and yet equal to one."""

    def __init__(self, text: str = "ann") -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return other == self.text

    def __hash__(self) -> int:
        return hash(self.text)


@pytest.mark.parametrize(
    "more", [{"field": "owner"}, {"field": "size"}, {"changes": {"owner": "ben"}}, {"user": Alike()}]
)
@pytest.mark.parametrize("own", [{}, {"action": "modify"}, {"action": "modify", "resource": "doc"}])
def test_what_else_a_request_says_is_not_lost(own: dict[str, Any], more: dict[str, Any]) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "modify", "resource": "doc", "now": NOW}
    requests = [{"record": record, **own} for record in RECORDS[:16]]
    policies.decide_many(requests, **who)
    longer = [{**each, **more} for each in requests]
    for form in (longer, [*longer, *requests], [*requests, *longer]):
        assert policies.decide_many(form, **who) == [policies.decide(**{**who, **each}) for each in form]


def test_a_user_who_is_no_text_is_nobody() -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"action": "modify", "resource": "doc", "now": NOW}
    policies.decide_many(listed(RECORDS[:2]), user="ann", **who)
    alike: Any = Alike()
    found = policies.decide_many(listed(RECORDS[:2]), user=alike, **who)
    assert found == [policies.decide(alike, "modify", "doc", record, now=NOW) for record in RECORDS[:2]]
    assert not any(decision.allowed for decision in found)


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
    who: dict[str, Any] = {"user": "ann", "action": "modify", "resource": "doc", "now": NOW}
    requests = listed(RECORDS[:16])  # of which everything is known
    policies.decide_many(requests, **who)
    with pytest.raises(error):
        policies.decide_many(requests, **{**who, **given_})


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


@pytest.mark.parametrize("record", [{1: "x"}, {**RECORDS[0], 1: "x"}, {Alike("owner"): "ann"}, 7, "ann"])
def test_a_record_without_names_is_refused_in_lists_too(record: Any) -> None:
    policies = PolicySet(compiled(TEXT))
    who: dict[str, Any] = {"user": "ann", "action": "modify", "resource": "doc", "now": NOW}
    requests = listed([*RECORDS[:16], record])
    policies.decide_many(requests[:16], **who)
    mixed = [each | {"request": {}} if number % 3 else each for number, each in enumerate(requests)]
    for form in (requests, requests[::-1], [{**each, **who} for each in requests], mixed):
        with pytest.raises(TypeError):
            policies.decide_many(form, **who)


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
