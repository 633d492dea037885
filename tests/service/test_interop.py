"""The interoperability sets of AuthZEN: what the participants agreed on, asked of the service.

Each row is a subject, an action, a resource, and what is expected; the policies beside them say what the scenarios do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engines.postgres_engine import PostgresServer
from tests.service import stores
from tests.service.helpers import ACTIONS, EVALUATION, EVALUATIONS, HERE, RESOURCES, SUBJECTS, ids, post, served

FOLDER = HERE / "interop"


def rows(name: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


@pytest.fixture(scope="module")
def todo() -> Iterator[httpx.Client]:
    with served(FOLDER / "todo.policy", subjects={"users": ["user", "identity"]}) as client:
        yield client


@pytest.fixture(scope="module", params=["memory", "sqlite", "duckdb", "postgres"])
def search(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[httpx.Client]:
    records = json.loads((FOLDER / "records.json").read_text())
    folder = tmp_path_factory.mktemp("records")
    with postgres.database() as database:
        store = {
            "memory": lambda: stores.memory(folder, records),
            "sqlite": lambda: stores.sqlite(folder, records),
            "duckdb": lambda: stores.duck(folder, records),
            "postgres": lambda: stores.postgres(database, records),
        }[request.param]()
        with served(FOLDER / "search.policy", store=store) as client:
            yield client


def _resource(type_: str, id_: str, owner: str | None) -> dict[str, Any]:
    return {"type": type_, "id": id_} | ({"properties": {"ownerID": owner}} if owner else {})


@pytest.mark.parametrize(("name", "count", "subject"), [("todo", 40, "user"), ("gateway", 25, "identity")])
def test_todo(todo: httpx.Client, name: str, count: int, subject: str) -> None:
    found = rows(name)
    assert len(found) == count
    for user, action, type_, id_, owner, expected in found:
        request = {
            "subject": {"type": subject, "id": user},
            "action": {"name": action},
            "resource": _resource(type_, id_, owner),
            "context": {},
        }
        assert post(todo, EVALUATION, request).json()["decision"] is expected, request


def test_todo_batches(todo: httpx.Client) -> None:
    found = rows("todo_batches")
    assert len(found) == 3
    for user, action, resources, expected in found:
        request = {
            "subject": {"type": "user", "id": user},
            "action": {"name": action},
            "evaluations": [{"resource": _resource(*each)} for each in resources],
        }
        answer = post(todo, EVALUATIONS, request).json()
        assert [each["decision"] for each in answer["evaluations"]] == expected


def _asked(user: str | None, action: str | None, record: str | None) -> dict[str, Any]:
    request: dict[str, Any] = {"subject": {"type": "user"}, "resource": {"type": "record"}}
    if user is not None:
        request["subject"]["id"] = user
    if record is not None:
        request["resource"]["id"] = record
    return request | ({"action": {"name": action}} if action is not None else {})


@pytest.mark.parametrize(
    ("name", "path", "count"),
    [
        ("search_subject", SUBJECTS, 60),
        ("search_resource", RESOURCES, 18),
        ("search_action", ACTIONS, 120),
        ("idp", RESOURCES, 6),
    ],
)
def test_search(search: httpx.Client, name: str, path: str, count: int) -> None:
    found = rows(name)
    assert len(found) == count
    for user, action, record, expected in found:
        assert ids(post(search, path, _asked(user, action, record))) == expected


def test_what_searches_find_is_what_is_allowed(search: httpx.Client) -> None:
    """Every user, action and record, asked one by one."""
    questions = [
        {"subject": {"type": "user", "id": user}, "action": {"name": action}, "resource": {"type": "record", "id": id_}}
        for user, _, id_, _ in rows("search_action")
        for action in ("view", "edit", "delete")
    ]
    answers = post(search, EVALUATIONS, {"evaluations": questions}).json()["evaluations"]
    allowed = {
        (each["subject"]["id"], each["action"]["name"], each["resource"]["id"])
        for each, answer in zip(questions, answers, strict=True)
        if answer["decision"]
    }
    assert allowed == {(user, name, id_) for user, _, id_, names in rows("search_action") for name in names}


def test_pages_of_records(search: httpx.Client) -> None:
    request, found = _asked("alice", "view", None), []
    page: dict[str, Any] = {"limit": 6}
    while True:
        answer = post(search, RESOURCES, {**request, "page": page})
        found += ids(answer)
        token = answer.json()["page"]["next_token"]
        if not token:
            break
        page = {"token": token}
    assert found == [str(number) for number in range(101, 121)]


def test_unknown_records(search: httpx.Client, tmp_path: Path) -> None:
    for id_ in ("999", "x'; DROP TABLE record; --", "", "\0"):
        assert ids(post(search, ACTIONS, _asked("alice", None, id_))) == []
        answer = post(search, EVALUATION, _asked("alice", "view", id_)).json()
        assert answer["decision"] is False
        assert answer["context"]["reasons"] == ["there is no record with this id"]
