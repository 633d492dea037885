"""A record store that comes later than the service: nobody has to start that again."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from policylang.service.stores.store import Deadline, StoreError
from tests.engines.postgres_engine import PostgresServer
from tests.service import stores
from tests.service.helpers import ANN, CRM, EVALUATION, RESOURCES, Process, post, question, served
from tests.service.test_reload import OLD, until
from tests.service.test_security import Hanging

STORED = question("dana", "view", "customer", "c1")
NOT_YET = "the record store, PostgreSQL, has not been reached yet"


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """The service starts, says why it is not ready, and decides what needs no store."""
    (tmp_path / "a.policy").write_text(OLD.replace("{ actions", "{ name : text  actions"))
    (tmp_path / "service.yaml").write_text(
        "port: 0\nstore: {kind: postgres, connection: host=127.0.0.1 port=1 user=u password=hidden dbname=d}\n"
    )
    with (
        Process(["a.policy", "--config", "service.yaml"], tmp_path) as service,
        httpx.Client(base_url=service.base) as client,
    ):
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert ready.json().items() >= {"status": "not ready", "reason": NOT_YET}.items()
        assert client.get("/healthz").status_code == 200
        asked = question("u", "view", "page", "1")
        assert post(client, EVALUATION, asked).status_code == 503
        assert post(client, RESOURCES, asked).status_code == 503
        assert post(client, EVALUATION, question("u", "view", "page", "1", name="x")).json()["decision"] is True
        time.sleep(1)  # it is tried several times
    told = [line for line in service.log if "so this is not ready" in line]
    assert len(told) == 1
    assert "PostgreSQL" in told[0]
    assert "Connection refused" in told[0]
    assert "hidden" not in "".join(service.log)


def test_a_database_that_is_made_later(postgres: PostgresServer, caplog: pytest.LogCaptureFixture) -> None:
    with postgres.database() as database:
        made: dict[str, Any] = stores.postgres(database, {"customer": [{"id": "c1", **ANN}], "account": [{"id": "a"}]})
        later = {**made, "connection": made["connection"].replace(database.name, "comes_later")}
        try:
            with caplog.at_level(logging.INFO), served(CRM, store=later) as client:
                assert client.get("/readyz").json()["reason"] == NOT_YET
                assert post(client, EVALUATION, STORED).status_code == 503
                with database.connect() as connection:
                    connection.execute('CREATE DATABASE "comes_later"')
                until(lambda: client.get("/readyz").status_code == 200)
                assert "reason" not in client.get("/readyz").json()
        finally:
            with database.connect() as connection:
                connection.execute('DROP DATABASE IF EXISTS "comes_later" WITH (FORCE)')
    assert sum("is reached" in each.message for each in caplog.records) == 1


def test_a_server_that_begins_anew(tmp_path: Path, postgres: PostgresServer) -> None:
    """The connections that were made before are of no use, and nobody notices."""
    (tmp_path / "a.policy").write_text(OLD.replace("{ actions", "{ name : text  actions"))
    with postgres.database() as database:
        made = stores.postgres(database, {"page": [{"id": "1", "name": "x"}]})
        policies = tmp_path / "a.policy"
        with served(policies, store=made, bounds={"threads": 3}) as client, database.connect() as connection:
            for _ in range(3):
                for _ in range(6):
                    answer = post(client, EVALUATION, question("u", "view", "page", "1"))
                    assert (answer.status_code, answer.json().get("decision")) == (200, True)
                ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'policylang'"
                assert connection.execute(ended).fetchall()


class Late(Hanging):
    server = "a server"

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors = list(errors)

    def reach(self, deadline: Deadline) -> None:
        if self.errors:
            raise self.errors.pop(0)


def test_one_that_is_lost_later_leaves_it_ready() -> None:
    """All services that share a store would leave at once, with what they decide without it."""
    with served(CRM, with_store=Late(StoreError("no"), StoreError("no")), bounds={"seconds": 1}) as client:
        until(lambda: client.get("/readyz").status_code == 200)
        assert post(client, EVALUATION, question("dana", "view", "customer", "slow")).status_code == 503
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("kind", ["memory", "sqlite", "duckdb"])
def test_what_is_opened_at_the_start_is_ready(tmp_path: Path, kind: str) -> None:
    made = {"memory": stores.memory, "sqlite": stores.sqlite, "duckdb": stores.duck}[kind]
    records = {"customer": [{"id": "c1", **ANN}], "account": [{"id": "a", "name": "x", "owner": "max"}]}
    with served(CRM, store=made(tmp_path, records)) as client:
        assert client.get("/readyz").status_code == 200


def test_it_ends_while_it_tries() -> None:
    with served(CRM, with_store=Late(*[StoreError("no")] * 1000)) as client:
        assert client.get("/readyz").status_code == 503
