"""Records in PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Any

import psycopg

from policylang.model.types import Type
from policylang.service.stores.sql import NoKeyError, Rows, SqlStore, quoted
from policylang.service.stores.store import Deadline, StoreError
from policylang.service.stores.whole import in_postgres
from policylang.settings.targets import Table


class PostgresStore(SqlStore):
    """A connection for each thread, made anew when it is lost."""

    dialect = "postgres"
    server: str | None = "PostgreSQL"
    mark = "%({})s"
    no_key = (psycopg.errors.InvalidTextRepresentation, psycopg.errors.NumericValueOutOfRange)
    failures = (psycopg.Error,)

    def __init__(self, connection: str, schema: str, tables: Mapping[str, Table], seconds: int) -> None:
        super().__init__(tables)
        self._connection_info, self._schema, self._seconds = connection, schema, seconds

    def connect(self, seconds: float) -> Any:
        options = f"-c statement_timeout={self._seconds * 1000} -c default_transaction_read_only=on"
        return psycopg.connect(
            self._connection_info,
            autocommit=True,
            connect_timeout=max(int(seconds), 1),
            options=options,
            application_name="policylang",
        )

    def run(self, connection: Any, query: str, parameters: dict[str, Any], deadline: Deadline) -> Rows:
        if any("\0" in each for each in parameters.values() if isinstance(each, str)):
            raise NoKeyError  # no text of a row holds it
        return super().run(connection, query, parameters, deadline)

    def failure(self, error: Exception) -> StoreError:
        return StoreError(" ".join(str(error).split()))  # a line of a log

    def stop(self, connection: Any) -> None:
        # The server may be what hangs, so it is not asked to stop: the connection ends.
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(connection.fileno())) as ended,
        ):
            ended.shutdown(socket.SHUT_RDWR)

    def is_lost(self, connection: Any) -> bool:
        return bool(connection.closed)

    def qualified(self, table: str) -> str:
        return f"{self.name(self._schema)}.{self.name(table)}"

    def whole(self, type_: Type, column: str) -> str | None:
        return in_postgres(type_, column)

    def name(self, name: str) -> str:
        return quoted(name).replace("%", "%%")
