"""Where the values of a decision come from: the request, the store, the config."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.engines.postgres_engine import PostgresServer
from tests.service import stores
from tests.service.helpers import (
    ACTIONS,
    CRM,
    EVALUATION,
    EVALUATIONS,
    RESOURCES,
    SUBJECTS,
    ids,
    post,
    question,
    served,
)

NOW = datetime.datetime(2026, 2, 1, 12, tzinfo=datetime.UTC)
ANN = {"name": "Ann", "sales_rep": "dana", "status": "lead"}


def decided(client: httpx.Client, request: dict[str, Any]) -> bool:
    answer = post(client, EVALUATION, request)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["decision"])


# --- requests ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stated() -> Iterator[httpx.Client]:
    with served(CRM) as client:
        yield client


def test_what_an_answer_tells(stated: httpx.Client) -> None:
    answer = post(stated, EVALUATION, question("dana", "view", "customer", "1", **ANN)).json()
    assert answer["context"]["fields"] == [
        *("name", "created", "since", "sales_rep", "status", "vip", "rate", "tags", "account", "site"),
    ]
    assert answer["context"]["reasons"] == ["role `sales_rep` grants view on `customer` (crm.policy:36:3-36:50)"]
    assert answer["context"]["digest"].startswith("sha256:")
    denied = post(stated, EVALUATION, question("dana", "view", "customer", "1", name="Ann")).json()
    assert denied["context"]["missing"] == ["sales_rep"]


def test_what_is_not_told() -> None:
    with served(CRM, answer=["digest"]) as client:
        answer = post(client, EVALUATION, question("dana", "view", "customer", "1", **ANN)).json()
        assert list(answer["context"]) == ["digest"]
    with served(CRM, answer=[]) as client:
        answer = post(client, EVALUATION, question("dana", "view", "customer", "1", **ANN)).json()
        assert answer == {"decision": True}


def test_subjects_by_type(stated: httpx.Client) -> None:
    def of(type_: str, id_: str) -> bool:
        request = question("", "delete", "customer", "1", **ANN) | {"context": {"ip": "10.1.2.3"}}
        return decided(stated, {**request, "subject": {"type": type_, "id": id_}})

    assert of("user", "cleo")
    assert of("integration", "nightly")
    assert not of("user", "nightly")
    assert not of("integration", "cleo")
    assert not of("user", "nobody")


def test_the_context_is_the_request(stated: httpx.Client) -> None:
    request = question("cleo", "delete", "customer", "1", **ANN)
    assert decided(stated, {**request, "context": {"ip": "10.1.2.3", "other": 1}})
    assert not decided(stated, {**request, "context": {"ip": "11.1.2.3"}})
    assert not decided(stated, {**request, "context": {"ip": ["10.1.2.3"]}})
    assert not decided(stated, request)


def test_the_context_of_one_of_several_takes_the_place_of_the_one_at_the_top(stated: httpx.Client) -> None:
    inside, outside = {"ip": "10.1.2.3"}, {"ip": "11.1.2.3"}
    request = question("cleo", "delete", "customer", "1", **ANN)

    def of(top: dict[str, Any], *own: dict[str, Any]) -> list[bool]:
        answer = post(stated, EVALUATIONS, {**request, **top, "evaluations": own}).json()
        return [each["decision"] for each in answer["evaluations"]]

    said = ({}, {"context": outside}, {"context": inside}, {"context": {}})
    assert of({"context": inside}, *said) == [True, False, True, False]
    assert of({"context": outside}, *said) == [False, False, True, False]
    assert of({}, *said) == [False, False, True, False]


def test_changes_and_fields_narrow(stated: httpx.Client) -> None:
    def with_(action: str, **properties: Any) -> bool:
        request = question("dana", action, "customer", "1", **ANN)
        return decided(stated, {**request, "action": {"name": action, "properties": properties}})

    assert with_("modify", changes={"name": "Anna"})
    assert not with_("modify", changes={"sales_rep": "milo"})
    assert not with_("modify", changes={"notes": "…"})
    assert not with_("modify", changes={"unknown": "…"})
    assert with_("view", field="name")
    assert not with_("view", field="notes")
    for properties in ({"changes": []}, {"field": 1}):
        request = question("dana", "view", "customer", "1", **ANN)
        answer = post(stated, EVALUATION, {**request, "action": {"name": "view", "properties": properties}})
        assert answer.status_code == 400


def test_creation_is_of_what_is_stated(stated: httpx.Client) -> None:
    assert decided(stated, question("dana", "create", "customer", "new", **ANN))
    assert not decided(stated, question("dana", "create", "customer", "new", **ANN, strange=1))
    assert not decided(stated, question("dana", "create", "customer", "new", **{**ANN, "sales_rep": "max"}))


def test_exact_numbers(stated: httpx.Client) -> None:
    """A number of many digits is not rounded on its way."""
    body = json.dumps(question("dana", "view", "customer", "1", **ANN, rate=0)).replace('"rate": 0', '"rate": 0.10')
    assert post(stated, EVALUATION, body).json()["decision"]


@pytest.mark.parametrize("number", ["5e-324", "-1.7976931348623157e308", "1e-399", "1" * 400])
def test_numbers_of_every_size_are_read(stated: httpx.Client, number: str) -> None:
    """Beyond what an attribute may hold, so it decides nothing, but no mistake of the one who asks."""
    asked = question("dana", "view", "customer", "1", **ANN, rate=0)
    body = json.dumps({**asked, "context": {"unread": 7}}).replace("7", number, 1)
    assert post(stated, EVALUATION, body).json()["decision"]
    for beyond in ("1e400", "1e-401", "1" * 401):
        assert post(stated, EVALUATION, body.replace(number, beyond)).status_code == 400


def test_subjects_are_not_believed() -> None:
    stranger = question("tess", "view", "customer", "1", **ANN)
    stranger["subject"]["properties"] = {"team": "Ann"}
    with served(CRM) as client:
        assert not decided(client, stranger)
    with served(CRM, trusted={"subject": ["team", "no_attribute"]}) as client:
        assert decided(client, stranger)
        assert not decided(client, question("tess", "view", "customer", "1", **ANN))
        emptied = {**stranger, "subject": {**stranger["subject"], "properties": {"team": None}}}
        assert not decided(client, emptied)
        wrong = {**stranger, "subject": {**stranger["subject"], "properties": {"team": ["Ann"]}}}
        answer = post(client, EVALUATION, wrong).json()
        assert answer["context"]["reasons"] == ["a property of the subject is not of its attribute's type"]
        assert ids(post(client, ACTIONS, {**wrong, "action": None})) == []
        assert ids(post(client, ACTIONS, stranger)) == ["view"]


def test_actions_are_not_believed() -> None:
    request = question("cleo", "delete", "customer", "1", **ANN)
    request["action"]["properties"] = {"ip": "10.0.0.1"}
    with served(CRM) as client:
        assert not decided(client, request)
    with served(CRM, trusted={"action": ["ip"]}) as client:
        assert decided(client, request)
        # What the action is believed about, the context cannot say.
        assert not decided(
            client, {**question("cleo", "delete", "customer", "1", **ANN), "context": {"ip": "10.0.0.1"}}
        )


def test_the_time_is_the_service_s_own() -> None:
    record = {**ANN, "created": "2001-01-01T00:00:00Z", "vip": True}
    request = question("dana", "archive", "customer", "1", **record)
    then = {**request, "context": {"time": "2001-01-02T00:00:00Z"}}
    with served(CRM) as client:
        assert not decided(client, then)
    with served(CRM, trusted={"time": True}) as client:
        assert decided(client, then)
        assert not decided(client, request)
        for wrong in ("2001-01-02", "2001-01-02T00:00:00", 5, "0001-01-01T00:00:00+14:00", None):
            assert post(client, EVALUATION, {**request, "context": {"time": wrong}}).status_code == 400


def test_types_that_are_named_otherwise() -> None:
    with served(CRM, resources={"https://crm.test/customer": "customer"}) as client:
        assert decided(client, question("dana", "view", "https://crm.test/customer", "1", **ANN))


# --- stores --------------------------------------------------------------------------------------------------

ROWS = {
    "accounts": [
        {"account_id": "a1", "name": "Acme", "owner_id": "max"},
        {"account_id": "a2", "name": "Bolt", "owner_id": "dana"},
    ],
    "customers": [
        # key, name, created, since, rep, status, vip, rate, tags, account, site, notes
        ("c1", "Ann", "2026-01-20T08:00:00+00:00", "2026-01-20", "dana", "lead", None, "49.90", None, "a1", "HQ", "n"),
        ("c2", "Ben", "2026-01-20T08:00:00+00:00", None, "milo", "active", True, None, ["old"], "a2", None, None),
        ("c3", "Cid", "2025-01-20T08:00:00+00:00", None, "dana", "lead", True, None, ["old"], "a9", None, None),
        (
            "c4",
            "Dot",
            "2026-01-02T12:00:00+00:00",
            None,
            "dana",
            "lead",
            False,
            "1.5",
            ["new", "old"],
            None,
            None,
            None,
        ),
        ("c5", "Eve", None, None, None, "lead", None, None, [], "a1", None, None),
    ],
}
ATTRIBUTES = (
    *("id", "name", "created", "since", "sales_rep", "status", "vip", "rate", "tags", "account", "site", "notes"),
)
TABLES = {
    "customer": {
        "table": "customers",
        "key": "customer_id",
        "columns": {"sales_rep": "rep_id", "account": "account_id", "vip": "is%vip"},
    },
    "account": {"table": "accounts", "key": "account_id", "columns": {"owner": "owner_id"}},
}
COLUMNS = {"id": "customer_id", "sales_rep": "rep_id", "account": "account_id", "vip": "is%vip"}


def _store(kind: str, folder: Path, server: PostgresServer) -> Iterator[dict[str, Any]]:
    customers = [dict(zip(ATTRIBUTES, row, strict=True)) for row in ROWS["customers"]]
    accounts = [dict(each) for each in ROWS["accounts"]]
    if kind == "memory":
        names = {"account_id": "id", "owner_id": "owner"}
        yield stores.memory(
            folder,
            {
                "customer": customers,
                "account": [{names.get(name, name): value for name, value in each.items()} for each in accounts],
            },
        )
        return
    rows = [{COLUMNS.get(name, name): value for name, value in each.items()} for each in customers]
    if kind == "sqlite":
        for each in rows:
            each["tags"] = None if each["tags"] is None else json.dumps(each["tags"])
            each["created"] = each["created"] and each["created"].replace("T", " ").replace("+00:00", "")
        types = {"is%vip": "integer", "rate": "real"}
        yield stores.sqlite(folder, {"customers": rows, "accounts": accounts}, types, **TABLES)
    elif kind == "duckdb":
        types = {
            "created": "timestamptz",
            "since": "date",
            "is%vip": "boolean",
            "rate": "decimal(9,2)",
            "tags": "text[]",
        }
        yield stores.duck(folder, {"customers": rows, "accounts": accounts}, types, **TABLES)
    else:
        types = {"created": "timestamptz", "since": "date", "is%vip": "boolean", "rate": "numeric", "tags": "text[]"}
        with server.database() as database:
            records = {"customers": rows, "accounts": accounts}
            yield stores.postgres(database, records, types, "crm", **TABLES)


@pytest.fixture(scope="module", params=["memory", "sqlite", "duckdb", "postgres"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[httpx.Client]:
    for store in _store(request.param, tmp_path_factory.mktemp("store"), postgres):
        with served(CRM, store=store, trusted={"time": True}) as client:
            yield client


AT = {"context": {"time": "2026-02-01T12:00:00Z"}}


def _resources(user: str, action: str) -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": user},
        "action": {"name": action},
        "resource": {"type": "customer"},
        **AT,
    }


@pytest.mark.parametrize(
    ("user", "action", "expected"),
    [
        ("dana", "view", ["c1", "c3", "c4"]),
        ("milo", "view", ["c2"]),
        ("max", "view", ["c1", "c5"]),  # by the owner of the account, a related record
        ("dana", "modify", ["c1", "c3", "c4"]),
        ("milo", "modify", []),
        ("dana", "archive", ["c2", "c4"]),  # an instant, a set and a truth value
        ("dana", "create", []),
        ("dana", "delete", []),
    ],
)
def test_searches_find_what_is_allowed(stored: httpx.Client, user: str, action: str, expected: list[str]) -> None:
    assert ids(post(stored, RESOURCES, _resources(user, action))) == expected
    every = [f"c{number}" for number in range(1, 7)]
    found = [id_ for id_ in every if decided(stored, question(user, action, "customer", id_) | AT)]
    assert found == ([] if action == "create" else expected)


def test_subjects_of_a_stored_record(stored: httpx.Client) -> None:
    request = {**_resources("", "view"), "subject": {"type": "user"}, "resource": {"type": "customer", "id": "c1"}}
    assert ids(post(stored, SUBJECTS, request)) == ["dana", "max"]


def test_actions_on_a_stored_record(stored: httpx.Client) -> None:
    request = {"subject": {"type": "user", "id": "dana"}, "resource": {"type": "customer", "id": "c4"}, **AT}
    assert ids(post(stored, ACTIONS, request)) == ["view", "modify", "archive"]


def test_what_is_stated_stands(stored: httpx.Client) -> None:
    assert decided(stored, question("milo", "view", "customer", "c1", sales_rep="milo"))
    assert not decided(stored, question("dana", "view", "customer", "c1", sales_rep=None))
    # A related record may be stated, by its key as well.
    assert decided(stored, question("max", "view", "customer", "c2", account="a1"))
    assert decided(stored, question("max", "view", "customer", "c2", account={"owner": "max"}))
    assert not decided(stored, question("max", "view", "customer", "c2", account="a2"))


def test_a_proposed_record_is_not_mixed_with_a_stored_one(stored: httpx.Client) -> None:
    assert not decided(stored, question("dana", "create", "customer", "c1", name="Ann"))
    assert decided(stored, question("dana", "create", "customer", "c1", name="Ann", sales_rep="dana"))


def test_changes_of_a_stored_record(stored: httpx.Client) -> None:
    request = question("dana", "modify", "customer", "c1")
    for changes, expected in (({"name": "Anna"}, True), ({"sales_rep": "milo"}, False), ({"account": "a2"}, True)):
        asked = {**request, "action": {"name": "modify", "properties": {"changes": changes}}}
        assert decided(stored, asked) is expected
