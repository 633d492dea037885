"""Records in DuckDB."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import duckdb

from policylang.model.types import DateTimeType, SetType, Type
from policylang.service.stores.sql import NoKeyError, Rows, SqlStore, quoted
from policylang.service.stores.store import Deadline, StoreError
from policylang.settings.targets import Table

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class DuckdbStore(SqlStore):
    """A file that nobody writes to meanwhile: DuckDB lets no other process."""

    dialect = "duckdb"
    key_mark, after_mark, most_mark = "$key", "$after", "$most"

    def __init__(self, path: str, tables: Mapping[str, Table]) -> None:
        super().__init__(tables)
        try:
            self._database = duckdb.connect(path, read_only=True)
        except duckdb.Error as error:
            raise StoreError(str(error)) from None

    def connect(self, seconds: float) -> Any:
        try:
            return self._database.cursor()
        except duckdb.Error as error:
            raise StoreError(str(error)) from None

    def run(self, connection: Any, query: str, parameters: dict[str, Any], deadline: Deadline) -> Rows:
        try:
            rows: Rows = connection.execute(query, parameters).fetchall()
            return rows
        except duckdb.ConversionException:
            raise NoKeyError from None
        except (duckdb.Error, RuntimeError) as error:
            raise StoreError(str(error)) from None

    def stop(self, connection: Any) -> None:
        connection.interrupt()

    def qualified(self, table: str) -> str:
        return f"main.{quoted(table)}"

    def read(self, type_: Type, column: str) -> str:
        # Read as numbers: the driver makes instants of them with a package that is not needed for anything else.
        if isinstance(type_, DateTimeType):
            return f"epoch_us({column})"
        if isinstance(type_, SetType) and isinstance(type_.of, DateTimeType):
            return f"list_transform({column}, each -> epoch_us(each))"
        return column

    def value(self, type_: Type, raw: Any) -> Any:
        if isinstance(type_, DateTimeType) and isinstance(raw, int):
            try:
                return _EPOCH + datetime.timedelta(microseconds=raw)
            except OverflowError:
                raise StoreError("an instant is outside the calendar") from None
        return super().value(type_, raw)

    def close(self) -> None:
        super().close()
        self._database.close()
