"""Generated rows in real databases, to ask SQL what Python was asked."""

from __future__ import annotations

import datetime
import ipaddress
import json
import sqlite3
from decimal import Decimal
from typing import Any, Protocol

import duckdb

from policylang.ir.nodes import PolicySet
from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    DecimalType,
    IntType,
    MoneyType,
    RecordType,
    SetType,
    Type,
)
from tests.generated import Ref, Rows


class Database(Protocol):
    """A database that holds rows, each table with a column `id`."""

    dialect: str

    @staticmethod
    def holds(rows: Rows) -> bool:
        """Whether the database can keep every value as it is."""
        ...

    def keys(self, table: str, condition: str, parameters: dict[str, Any]) -> list[str]:
        """The ids of the rows that meet a condition, in order."""
        ...


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Sqlite:
    """Datetimes as texts in whatever spelling, sets as JSON."""

    dialect = "sqlite"

    @staticmethod
    def holds(rows: Rows) -> bool:
        """Numbers have 15 digits here."""
        return all(
            map(_is_short, (v for each in rows.by_resource.values() for row in each for v in row.values.values()))
        )

    def __init__(self, policy_set: PolicySet, rows: Rows) -> None:
        self._connection = sqlite3.connect(":memory:")
        for resource in policy_set.resources:
            types = {a.name: a.type for a in resource.attributes}
            columns = ", ".join([quoted("id"), *(quoted(name) for name in types)])
            self._connection.execute(f"CREATE TABLE {quoted(resource.name)} ({columns})")
            marks = ", ".join("?" * (len(types) + 1))
            for number, row in enumerate(rows.by_resource.get(resource.name, ())):
                values = [_sqlite(type_, row.values.get(name), number) for name, type_ in types.items()]
                self._connection.execute(f"INSERT INTO {quoted(resource.name)} VALUES ({marks})", [row.key, *values])

    def keys(self, table: str, condition: str, parameters: dict[str, Any]) -> list[str]:
        query = f"SELECT id FROM {quoted(table)} WHERE {condition} ORDER BY id"
        return [key for (key,) in self._connection.execute(query, parameters)]


def _is_short(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_short, value))
    return not isinstance(value, Decimal) or Decimal(repr(float(value))) == value


def _sqlite(type_: Type, value: Any, number: int) -> Any:
    if isinstance(value, tuple):
        assert isinstance(type_, SetType)
        return json.dumps([_sqlite(type_.of, item, number) for item in value])
    match value:
        case Ref(key=key):
            return key
        case datetime.datetime():
            east = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
            utc = value.astimezone(datetime.UTC)
            spellings = [utc.isoformat(), utc.isoformat().replace("+00:00", "Z"), value.astimezone(east).isoformat()]
            spellings.append(utc.replace(tzinfo=None).isoformat(" "))
            return spellings[number % len(spellings)]
        case bool():
            return int(value)
        case Decimal():
            return float(value) if number % 2 else format(value, "f")
        case None | str() | int():
            return value
        case _:
            return str(value)


class DuckDb:
    """Columns of the types that belong to the attributes, sets as lists."""

    dialect = "duckdb"

    @staticmethod
    def holds(rows: Rows) -> bool:
        return True

    def __init__(self, policy_set: PolicySet, rows: Rows) -> None:
        self._connection = duckdb.connect(":memory:")
        for resource in policy_set.resources:
            types = {a.name: a.type for a in resource.attributes}
            columns = ", ".join(['"id" VARCHAR', *(f"{quoted(name)} {_duckdb_type(t)}" for name, t in types.items())])
            self._connection.execute(f"CREATE TABLE {quoted(resource.name)} ({columns})")
            marks = ", ".join("?" * (len(types) + 1))
            for row in rows.by_resource.get(resource.name, ()):
                values = [_duckdb(row.values.get(name)) for name in types]
                self._connection.execute(f"INSERT INTO {quoted(resource.name)} VALUES ({marks})", [row.key, *values])

    def keys(self, table: str, condition: str, parameters: dict[str, Any]) -> list[str]:
        query = f"SELECT id FROM {quoted(table)} WHERE {condition} ORDER BY id"
        return [key for (key,) in self._connection.execute(query, parameters or None).fetchall()]


def _duckdb_type(type_: Type) -> str:
    match type_:
        case SetType(of):
            return f"{_duckdb_type(of)}[]"
        case DateTimeType():
            return "TIMESTAMPTZ"
        case DateType():
            return "DATE"
        case BoolType():
            return "BOOLEAN"
        case IntType():
            return "BIGINT"
        case DecimalType() | MoneyType():
            return "DECIMAL(38, 10)"
        case RecordType():
            return "VARCHAR"
        case _:
            return "VARCHAR"


def _duckdb(value: Any) -> Any:
    match value:
        case tuple():
            return [_duckdb(item) for item in value]
        case Ref(key=key):
            return key
        case ipaddress.IPv4Address() | ipaddress.IPv6Address():
            return str(value)
        case None | str() | int() | bool() | Decimal() | datetime.date():
            return value
        case _:
            return str(value)
