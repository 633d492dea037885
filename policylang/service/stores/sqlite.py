"""Records in SQLite."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policylang.model.types import BoolType, DateTimeType, SetType, Type
from policylang.service.stores.sql import Rows, SqlStore, quoted
from policylang.service.stores.store import Deadline, StoreError
from policylang.service.stores.whole import in_sqlite
from policylang.settings.targets import Table

_OFFSET = re.compile(r"(Z|[+-]\d{2}:\d{2})$")


class SqliteStore(SqlStore):
    """Instants are texts, in UTC without an offset; sets are JSON."""

    dialect = "sqlite"
    mark = ":{}"
    failures = (sqlite3.Error, OverflowError)

    def __init__(self, path: str, tables: Mapping[str, Table]) -> None:
        super().__init__(tables)
        self._uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        try:
            with contextlib.closing(self.connect(1)) as connection:
                connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise self.failure(error) from None

    def connect(self, seconds: float) -> sqlite3.Connection:
        # Interrupted, and closed in the end, from other threads; used from one.
        return sqlite3.connect(self._uri, uri=True, timeout=seconds, check_same_thread=False, isolation_level=None)

    def run(self, connection: Any, query: str, parameters: dict[str, Any], deadline: Deadline) -> Rows:
        connection.execute(f"PRAGMA busy_timeout = {int(deadline.left * 1000)}")
        return super().run(connection, query, parameters, deadline)

    def qualified(self, table: str) -> str:
        return f"main.{quoted(table)}"  # or a table expression of the same name would mean itself

    def whole(self, type_: Type, column: str) -> str | None:
        return in_sqlite(type_, column)

    def value(self, type_: Type, raw: Any) -> Any:
        if isinstance(type_, SetType) and isinstance(raw, str):
            try:
                raw = json.loads(raw)
            except (ValueError, RecursionError):
                raise StoreError("a set is not JSON") from None
        if isinstance(type_, BoolType) and raw in (0, 1):
            return bool(raw)
        if isinstance(type_, DateTimeType) and isinstance(raw, str):
            instant = raw.replace(" ", "T", 1)
            return instant if _OFFSET.search(instant) else f"{instant}Z"
        return super().value(type_, raw)
