"""Whatever is sent, the service answers: a decision, or what is wrong with it; never a mistake of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines.postgres_engine import PostgresServer
from tests.service import stores
from tests.service.helpers import ACTIONS, EVALUATION, EVALUATIONS, HERE, RESOURCES, SUBJECTS, post, served

PATHS = [EVALUATION, EVALUATIONS, SUBJECTS, RESOURCES, ACTIONS]

_texts = st.sampled_from(["user", "customer", "dana", "view", "create", "modify", "c1", "", "\0", "é"]) | st.text(
    max_size=5
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3), max_leaves=6
)
_names = st.sampled_from(
    [
        "name",
        "created",
        "since",
        "sales_rep",
        "status",
        "vip",
        "rate",
        "tags",
        "account",
        "site",
        "id",
        "changes",
        "field",
    ]
)
_properties = st.dictionaries(_names | _texts, _values, max_size=4)


def _mostly(given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(given, given, given, _values)


def _entity(names: list[str], ids: list[str]) -> st.SearchStrategy[Any]:
    known = {"type": st.sampled_from(names), "id": st.sampled_from(ids)}
    return _mostly(st.fixed_dictionaries(known, optional={"properties": _mostly(_properties)}))


_subjects = _entity(["user", "integration", "spaceship"], ["dana", "max", "tess", "nightly", "nobody"])
_resources = _entity(["customer", "account", "spaceship"], ["c1", "c2", "none", ""])
_actions = _mostly(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["view", "modify", "create", "archive", "delete", "fly"])},
        optional={"properties": _mostly(_properties)},
    )
)
_parts = {"subject": _subjects, "action": _actions, "resource": _resources}
_more = {
    "context": _mostly(st.dictionaries(st.sampled_from(["ip", "time", "other"]), _values)),
    "page": _mostly(st.fixed_dictionaries({}, optional={"limit": _mostly(st.integers(0, 3)), "token": _values})),
    "options": _mostly(st.fixed_dictionaries({"evaluations_semantic": _values})),
}
_requests = st.fixed_dictionaries(_parts, optional=_more) | st.fixed_dictionaries(
    {}, optional={**_parts, **_more, "evaluations": _mostly(st.lists(st.fixed_dictionaries({}, optional=_parts)))}
)


_TYPES = {"created": "timestamptz", "since": "date", "vip": "boolean", "rate": "decimal(9,2)", "tags": "text[]"}


@pytest.fixture(scope="module", params=["memory", "sqlite", "duckdb", "postgres"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[httpx.Client]:
    customer = {"id": "c1", "name": "Ann", "sales_rep": "dana", "status": "lead", "vip": 1, "tags": "[]"}
    customer |= dict.fromkeys(("created", "since", "rate", "account", "site", "notes"))
    records: dict[str, list[dict[str, Any]]] = {
        "customer": [customer, {**customer, "id": "c2", "account": "a1", "created": "never", "tags": "no JSON"}],
        "account": [{"id": "a1", "name": "Acme", "owner": "max"}],
    }
    if request.param != "memory":
        records["customer"].pop()  # what is in it may fail, and does so with 503
    at, trusted = tmp_path_factory.mktemp("records"), {"subject": ["team"], "action": ["ip"], "time": True}
    with postgres.database() as database:
        match request.param:
            case "memory" | "sqlite":
                made = getattr(stores, request.param)(at, records)
            case kind:
                customer |= {"vip": True, "tags": []}
                typed = {"customer": [{**customer, "rate": None}], "account": records["account"]}
                made = stores.duck(at, typed, _TYPES) if kind == "duckdb" else stores.postgres(database, typed, _TYPES)
        with served(HERE / "crm.policy", store=made, trusted=trusted) as found:
            yield found


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=_requests, path=st.sampled_from(PATHS))
def test_every_request_is_answered(client: httpx.Client, content: dict[str, Any], path: str) -> None:
    answer = post(client, path, content)
    assert answer.status_code in (200, 400), (answer.status_code, answer.text)
    found = answer.json()
    if answer.status_code == 400:
        assert isinstance(found, str)
    elif path in (EVALUATION, EVALUATIONS):
        decisions = found.get("evaluations", [found])
        assert all(type(each["decision"]) is bool for each in decisions)
    else:
        assert isinstance(found["results"], list)
        assert isinstance(found["page"]["next_token"], str)


@settings(max_examples=50, deadline=None)
@given(body=st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode()), path=st.sampled_from(PATHS))
def test_every_body_is_answered(client: httpx.Client, body: bytes, path: str) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
