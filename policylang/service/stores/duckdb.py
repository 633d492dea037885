"""Records in DuckDB."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import duckdb

from policylang.model.types import DateTimeType, DateType, SetType, Type
from policylang.service.stores.sql import SqlStore, quoted
from policylang.service.stores.whole import in_duckdb
from policylang.settings.targets import Table

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


_INFINITE = 2**63 - 1


def _microseconds(instant: str) -> str:
    """Since 1970. Of an infinite instant DuckDB says that there are none, as of one that is missing."""
    return f"CASE WHEN isfinite({instant}) THEN epoch_us({instant}) WHEN {instant} IS NOT NULL THEN {_INFINITE} END"


class DuckdbStore(SqlStore):
    """A file that nobody writes to meanwhile: DuckDB lets no other process."""

    dialect = "duckdb"
    mark = "${}"
    no_key = (duckdb.ConversionException,)
    failures = (duckdb.Error, RuntimeError)

    def __init__(self, path: str, tables: Mapping[str, Table]) -> None:
        super().__init__(tables)
        try:
            self._database = duckdb.connect(path, read_only=True)
        except duckdb.Error as error:
            raise self.failure(error) from None

    def connect(self, seconds: float) -> Any:
        found = self._database.cursor()
        found.execute("SET TimeZone = 'UTC'")  # else instants without a zone would be read by this machine's
        return found

    def qualified(self, table: str) -> str:
        return f"main.{quoted(table)}"

    def read(self, type_: Type, column: str) -> str:
        # The driver makes instants of a package that is not needed for anything else, and the last day of the calendar
        # of an infinite one.
        match type_:
            case DateTimeType():
                return _microseconds(column)
            case DateType():
                return f"CAST({column} AS VARCHAR)"
            case SetType(DateTimeType()):
                return f"[{_microseconds('each')} for each in {column}]"
            case SetType(DateType()):
                return f"[CAST(each AS VARCHAR) for each in {column}]"
            case _:
                return column

    def whole(self, type_: Type, column: str) -> str | None:
        return in_duckdb(type_, column)

    def value(self, type_: Type, raw: Any) -> Any:
        if isinstance(type_, DateTimeType) and isinstance(raw, int):
            try:
                return _EPOCH + datetime.timedelta(microseconds=raw)
            except OverflowError:
                return raw  # outside the calendar
        return super().value(type_, raw)

    def close(self) -> None:
        super().close()
        self._database.close()
