"""The certification scenario of AuthZEN, section by section: its fixture, and what it asks of an implementation.

Rules 1 to 8 and S1 to S6 are those of the fixture; sections are named where a test begins.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.service.helpers import ACTIONS, EVALUATION, EVALUATIONS, HERE, RESOURCES, SUBJECTS, ids, post, served

FIXTURE = HERE / "certification"
STORE = {"kind": "memory", "path": str(FIXTURE / "records.json")}
BASE = "https://pdp.example.test"
CONTEXT = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}
ADMIN = {"role": "admin"}
ARCHIVED = {"status": "archived"}


def _entity(type_: str, id_: str, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": type_, "id": id_} | ({"properties": properties} if properties else {})


def user(id_: str, **properties: Any) -> dict[str, Any]:
    return _entity("user", id_, properties)


def record(id_: str, **properties: Any) -> dict[str, Any]:
    return _entity("record", id_, properties)


def action(name: str, **properties: Any) -> dict[str, Any]:
    return {"name": name} | ({"properties": properties} if properties else {})


def asking(subject: Any, action: Any, resource: Any, **more: Any) -> dict[str, Any]:
    return {"subject": subject, "action": action, "resource": resource, **more}


@pytest.fixture(scope="module", params=["stored", "stated"])
def pdp(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """With the records in a store, and without one."""
    settings = {"store": STORE} if request.param == "stored" else {}
    trusted = {"subject": ["role"], "action": ["soft"]}
    with served(FIXTURE, trusted=trusted, address=BASE, **settings) as client:
        client.headers["Host"] = "pdp.example.test"
        yield client


@pytest.fixture(scope="module")
def searched() -> Iterator[httpx.Client]:
    with served(FIXTURE, trusted={"subject": ["role"], "action": ["soft"]}, store=STORE) as client:
        yield client


READ = asking(user("alice"), action("read"), record("record-1"))
WRITE_DENIED = asking(user("bob"), action("write"), record("record-1"))

DECISIONS = {
    "2.2.1": (READ, True),
    "2.2.2": (WRITE_DENIED, False),
    "2.2.3": ({**READ, "context": CONTEXT}, True),
    "2.2.4": (asking(user("alice"), action("write"), record("record-2", **ARCHIVED)), False),
    "2.2.5": (asking(user("bob", **ADMIN), action("write"), record("record-2", **ARCHIVED)), True),
    "2.2.6": (asking(user("alice"), action("delete", soft=True), record("record-1")), True),
    "2.2.7": (asking(user("alice"), action("delete", soft=False), record("record-1")), False),
    "2.2.8": (
        asking(
            user("alice", department="Sales", role="manager"),
            action("read", method="GET"),
            record("record-1", status="active", owner="bob"),
        ),
        True,
    ),
    "2.2.9": ({**READ, "foo": "bar", "futureField": {"nested": True}}, True),
    "rule 2": (asking(user("alice"), action("write"), record("record-1")), True),
    "rule 3": (asking(user("bob"), action("read"), record("record-1")), True),
}


@pytest.mark.parametrize("section", DECISIONS)
def test_one_decision(pdp: httpx.Client, section: str) -> None:
    request, expected = DECISIONS[section]
    answer = post(pdp, EVALUATION, request)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["decision"] is expected  # 2.3.1
    assert isinstance(answer.json()["context"], dict)  # 2.3.2


def _without(request: dict[str, Any], *steps: str) -> dict[str, Any]:
    changed = copy.deepcopy(request)
    at = changed
    for step in steps[:-1]:
        at = at[step]
    del at[steps[-1]]
    return changed


PARTS = (
    *(("subject",), ("action",), ("resource",)),  # 2.4.1
    *(("subject", "type"), ("subject", "id"), ("action", "name"), ("resource", "type"), ("resource", "id")),  # 2.4.2
)


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
@pytest.mark.parametrize("steps", PARTS)
def test_a_part_is_missing(pdp: httpx.Client, steps: tuple[str, ...], path: str) -> None:
    answer = post(pdp, path, _without(READ, *steps))
    assert answer.status_code == 400
    assert answer.json() == f"`{'.'.join(steps)}` is missing" + (" or has the wrong form" if len(steps) > 1 else "")


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS])
@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (json.dumps(READ), "text/plain"),  # 2.4.3
        (json.dumps(READ), ""),
        (json.dumps(READ), "application/x-www-form-urlencoded"),
        ('{"subject":', "application/json"),  # 2.4.4
        ("", "application/json"),  # 2.4.5
        ("[]", "application/json"),
        ('"text"', "application/json"),
        (json.dumps({**READ, "subject": "alice"}), "application/json"),  # 2.4.6
        (json.dumps({**READ, "resource": 1}), "application/json"),
    ],
)
def test_malformed(pdp: httpx.Client, path: str, body: str, type_: str) -> None:
    answer = pdp.post(path, content=body, headers={"Content-Type": type_} if type_ else {})
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


def test_a_name_is_a_text(pdp: httpx.Client) -> None:
    """2.4.6"""
    assert post(pdp, EVALUATION, asking(user("alice"), {"name": 123}, record("record-1"))).status_code == 400


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS, "/nowhere"])
@pytest.mark.parametrize("content", [READ, {}])
def test_the_id_of_a_request_comes_back(pdp: httpx.Client, path: str, content: dict[str, Any]) -> None:
    """2.5.1 and 5.4, with errors as well; 2.5.2."""
    assert post(pdp, path, content, **{"X-Request-ID": "bfe9-1"}).headers["X-Request-ID"] == "bfe9-1"
    assert "X-Request-ID" not in post(pdp, path, content).headers


def test_the_same_again(pdp: httpx.Client) -> None:
    """2.6"""
    assert {post(pdp, EVALUATION, READ).text for _ in range(5)} == {post(pdp, EVALUATION, READ).text}


BATCHES: dict[str, tuple[dict[str, Any], list[bool | None]]] = {
    "3.2.1": (
        {
            "subject": user("alice"),
            "action": action("read"),
            "evaluations": [{"resource": record("record-1")}, {"resource": record("record-2")}],
        },
        [True, None],
    ),
    "3.2.2": (
        {
            "subject": user("bob"),
            "resource": record("record-1"),
            "evaluations": [{"action": action("read")}, {"action": action("write")}],
        },
        [True, False],
    ),
    "3.2.3": (
        {
            "subject": user("alice"),
            "action": action("write"),
            "evaluations": [
                {"resource": record("record-1", status="active")},
                {"resource": record("record-2", **ARCHIVED)},
            ],
        },
        [True, False],
    ),
    "3.2.4": (
        {
            "action": action("write"),
            "resource": record("record-2", **ARCHIVED),
            "evaluations": [{"subject": user("alice")}, {"subject": user("bob", **ADMIN)}],
        },
        [False, True],
    ),
    "3.2.5": ({"evaluations": [READ, WRITE_DENIED]}, [True, False]),
    "3.2.6": (
        {
            "subject": user("alice"),
            "action": action("read"),
            "context": CONTEXT,
            "evaluations": [
                {"resource": record("record-1")},
                {"resource": record("record-2"), "context": {**CONTEXT, "source": "batch-override"}},
            ],
        },
        [None, None],
    ),
    "3.2.7": (
        {
            "subject": user("alice"),
            "action": action("write"),
            "resource": record("record-1", status="active"),
            "evaluations": [{}, {"resource": record("record-2", **ARCHIVED)}],
        },
        [True, False],
    ),
    "3.4.1": (
        {
            "subject": user("alice"),
            "action": action("read"),
            "options": {"evaluations_semantic": "execute_all"},
            "evaluations": [{"resource": record("record-1")}, {}],
        },
        [True, False],
    ),
}


@pytest.mark.parametrize("section", BATCHES)
def test_several_decisions(pdp: httpx.Client, section: str) -> None:
    """3.2, and 3.3: as many answers as questions, in their order."""
    request, expected = BATCHES[section]
    answer = post(pdp, EVALUATIONS, request)
    assert answer.status_code == 200
    found = [each["decision"] for each in answer.json()["evaluations"]]
    assert len(found) == len(expected)
    assert all(wanted in (None, decision) for wanted, decision in zip(expected, found, strict=True))


def test_one_of_several_is_no_question(pdp: httpx.Client) -> None:
    """3.4.1"""
    answer = post(pdp, EVALUATIONS, BATCHES["3.4.1"][0]).json()["evaluations"][1]
    assert answer == {"decision": False, "context": {"error": {"status": 400, "message": "`resource` is missing"}}}


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_several_without_any(pdp: httpx.Client, more: dict[str, Any]) -> None:
    """3.4.2 and 3.4.3"""
    assert post(pdp, EVALUATIONS, {**READ, **more}).json()["decision"] is True


def test_semantics(pdp: httpx.Client) -> None:
    def decided(semantic: str, *names: str) -> list[bool]:
        request = {
            "subject": user("bob"),
            "resource": record("record-1", status="active"),
            "evaluations": [{"action": action(name)} for name in names],
            "options": {"evaluations_semantic": semantic, "another": 1},
        }
        return [each["decision"] for each in post(pdp, EVALUATIONS, request).json()["evaluations"]]

    assert decided("execute_all", "read", "write", "read") == [True, False, True]
    assert decided("deny_on_first_deny", "read", "write", "read") == [True, False]
    assert decided("deny_on_first_deny", "read", "read") == [True, True]
    assert decided("permit_on_first_permit", "write", "read", "write") == [False, True]
    assert decided("permit_on_first_permit", "write", "write") == [False, False]


def test_a_failure_is_a_denial_for_semantics(pdp: httpx.Client) -> None:
    request = {
        "subject": user("alice"),
        "action": action("read"),
        "options": {"evaluations_semantic": "deny_on_first_deny"},
        "evaluations": [{}, {"resource": record("record-1")}],
    }
    assert len(post(pdp, EVALUATIONS, request).json()["evaluations"]) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"options": {"evaluations_semantic": "maybe"}},
        {"options": []},
        {"evaluations": {}},
        {"evaluations": [1]},
        {"evaluations": [{}], "subject": "alice"},
        {"evaluations": [{}], "subject": None},
        {"evaluations": [], "options": {"evaluations_semantic": None}},
    ],
)
def test_several_malformed(pdp: httpx.Client, more: dict[str, Any]) -> None:
    assert post(pdp, EVALUATIONS, {**READ, "evaluations": [{}], **more}).status_code == 400


# --- searches ------------------------------------------------------------------------------------------------

FIND: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "4.2.1": (SUBJECTS, asking({"type": "user"}, action("read"), record("record-1")), {"alice", "bob"}),
    "4.2.4": (SUBJECTS, asking({"type": "user"}, action("write"), record("record-2", **ARCHIVED)), {"bob"}),
    "4.3.1": (RESOURCES, asking(user("alice"), action("read"), {"type": "record"}), {"record-1", "record-2"}),
    "4.3.4": (RESOURCES, asking(user("bob", **ADMIN), action("write"), {"type": "record"}), {"record-2"}),
    "4.4.1": (ACTIONS, {"subject": user("alice"), "resource": record("record-1")}, {"read", "write"}),
    "4.4.3": (
        ACTIONS,
        {"subject": user("bob", **ADMIN), "resource": record("record-2", **ARCHIVED)},
        {"read", "write"},
    ),
}


@pytest.mark.parametrize("section", FIND)
def test_search(searched: httpx.Client, section: str) -> None:
    path, request, expected = FIND[section]
    answer = post(searched, path, request)
    assert set(ids(answer)) == expected
    assert answer.headers["content-type"] == "application/json"
    if path != ACTIONS:
        wanted = "user" if path == SUBJECTS else "record"
        assert all(each["type"] == wanted for each in answer.json()["results"])
    same = post(searched, path, {**request, "context": CONTEXT})  # 4.2.2, 4.3.2, 4.4.2
    assert same.json()["results"] == answer.json()["results"]


@pytest.mark.parametrize("section", ["4.2.1", "4.2.4", "4.3.1", "4.3.4"])
def test_what_is_searched_for_has_no_id(searched: httpx.Client, section: str) -> None:
    """4.2.3 and 4.3.3"""
    path, request, _ = FIND[section]
    target = "subject" if path == SUBJECTS else "resource"
    for more in ({"id": "nobody"}, {"id": "alice", "properties": {"role": "x"}}, {"id": 5, "properties": None}):
        named = {**request, target: {**request[target], **more}}
        assert post(searched, path, named).json()["results"] == post(searched, path, request).json()["results"]


@pytest.mark.parametrize("section", FIND)
def test_what_a_search_finds_is_allowed(searched: httpx.Client, section: str) -> None:
    path, request, _ = FIND[section]
    for each in post(searched, path, request).json()["results"]:
        target = {SUBJECTS: "subject", RESOURCES: "resource", ACTIONS: "action"}[path]
        assert post(searched, EVALUATION, {**request, target: each}).json()["decision"] is True


@pytest.mark.parametrize("section", FIND)
def test_pages(searched: httpx.Client, section: str) -> None:
    """4.5: a page has a token unless it is the last; the token brings the rest, and nothing twice."""
    path, request, _ = FIND[section]
    whole = post(searched, path, request).json()
    assert whole["page"]["next_token"] == ""
    found: list[Any] = []
    page: dict[str, Any] = {"limit": 1}
    for _ in range(10):
        answer = post(searched, path, {**request, "page": page}).json()
        assert answer["page"]["count"] == len(answer["results"]) <= 1
        found += answer["results"]
        token = answer["page"]["next_token"]
        if not token:
            break
        page = {"token": token}
    assert found == whole["results"]


def test_tokens_of_other_searches(searched: httpx.Client) -> None:
    path, request, _ = FIND["4.2.1"]
    token = post(searched, path, {**request, "page": {"limit": 1}}).json()["page"]["next_token"]
    for other in (
        {**request, "action": action("write"), "page": {"token": token}},
        {**request, "context": CONTEXT, "page": {"token": token}},
        {**request, "page": {"token": token, "limit": 2}},
        {**request, "page": {"token": token[:-4]}},
        {**request, "page": {"token": "bm9uc2Vuc2U="}},
        {**request, "page": {"token": "é"}},
        {**request, "page": {"limit": -1}},
        {**request, "page": {"limit": "1"}},
        {**request, "page": {"limit": 1.5}},
        {**request, "page": {"limit": 2**53}},
        {**request, "page": {"limit": None}},
        {**request, "page": {"token": None}},
        {**request, "page": []},
    ):
        assert post(searched, path, other).status_code == 400
    assert post(searched, path, {**request, "page": {"token": token, "limit": 1}}).status_code == 200
    for limit in (1.0, 1e15, 2**53 - 1):
        assert post(searched, path, {**request, "page": {"limit": limit}}).status_code == 200
    nothing = post(searched, path, {**request, "page": {"limit": 0}}).json()
    assert nothing["results"] == []
    assert nothing["page"]["next_token"]


NOBODY = user("nonexistent-user")
NOWHERE = {
    (SUBJECTS, "a resource"): asking({"type": "user"}, action("read"), record("record-9")),
    (SUBJECTS, "a type of resources"): asking({"type": "user"}, action("read"), _entity("spaceship", "1")),
    (SUBJECTS, "a type of subjects"): asking({"type": "spaceship"}, action("read"), record("record-1")),  # 4.6.2
    (SUBJECTS, "an action"): asking({"type": "user"}, action("fly"), record("record-1")),
    (RESOURCES, "a subject"): asking(NOBODY, action("read"), {"type": "record"}),
    (RESOURCES, "a type of resources"): asking(user("alice"), action("read"), {"type": "spaceship"}),
    (RESOURCES, "a type of subjects"): asking(_entity("spaceship", "alice"), action("read"), {"type": "record"}),
    (RESOURCES, "an action"): asking(user("alice"), action("fly"), {"type": "record"}),
    (ACTIONS, "a subject"): {"subject": NOBODY, "resource": record("record-1")},  # 4.6.1
    (ACTIONS, "a resource"): {"subject": user("alice"), "resource": record("record-9")},
    (ACTIONS, "a type of resources"): {"subject": user("alice"), "resource": _entity("spaceship", "1")},
    (ACTIONS, "a type of subjects"): {"subject": _entity("spaceship", "alice"), "resource": record("record-1")},
}


@pytest.mark.parametrize("unknown", NOWHERE)
def test_nothing_is_found_for_what_is_not_known(searched: httpx.Client, unknown: tuple[str, str]) -> None:
    """4.6"""
    assert ids(post(searched, unknown[0], NOWHERE[unknown])) == []


INCOMPLETE = [
    (SUBJECTS, {"subject": {"type": "user"}, "resource": record("record-1")}),  # 4.7.1
    (RESOURCES, {"action": action("read"), "resource": {"type": "record"}}),
    (ACTIONS, {"subject": user("alice")}),
    (SUBJECTS, asking({"type": "user"}, action("read"), {"type": "record"})),  # 4.7.2
    (RESOURCES, asking({"type": "user"}, action("read"), {"type": "record"})),
    (ACTIONS, {"subject": {"type": "user"}, "resource": record("record-1")}),
    (ACTIONS, {"subject": user("alice"), "resource": {"type": "record"}}),
]


@pytest.mark.parametrize(("path", "request_"), INCOMPLETE)
def test_searches_need_what_they_are_about(searched: httpx.Client, path: str, request_: dict[str, Any]) -> None:
    assert post(searched, path, request_).status_code == 400


def test_metadata(pdp: httpx.Client) -> None:
    """6"""
    answer = pdp.get("/.well-known/authzen-configuration")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "policy_decision_point": BASE,
        "access_evaluation_endpoint": BASE + EVALUATION,
        "access_evaluations_endpoint": BASE + EVALUATIONS,
        "search_subject_endpoint": BASE + SUBJECTS,
        "search_resource_endpoint": BASE + RESOURCES,
        "search_action_endpoint": BASE + ACTIONS,
    }
