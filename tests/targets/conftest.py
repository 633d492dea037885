"""A connection to a database of PostgreSQL, one a module, and the customers of `postgres_sales` in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg

    from tests.engines.postgres_engine import PostgresServer


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with postgres.database() as database, database.connect() as opened:
        yield opened


@pytest.fixture
def customers(connection: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    from tests.targets.postgres_sales import prepared

    with prepared(connection):
        yield connection
