"""The same records in every store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from tests.engines.postgres_engine import Database

Records = Mapping[str, list[dict[str, Any]]]
"""By table, each row a column a name."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _fill(execute: Callable[..., Any], mark: str, records: Records, types: Mapping[str, str]) -> None:
    for table, rows in records.items():
        columns = list(rows[0])
        declared = ", ".join(f"{_quoted(name)} {types.get(name, 'text')}" for name in columns)
        execute(f"CREATE TABLE {_quoted(table)} ({declared})")
        marks = ", ".join([mark] * len(columns))
        for row in rows:
            execute(f"INSERT INTO {_quoted(table)} VALUES ({marks})", [row[name] for name in columns])


def memory(at: Path, records: Records) -> dict[str, Any]:
    """A config, whose records are attributes."""
    path = at / "records.json"
    path.write_text(json.dumps(records))
    return {"kind": "memory", "path": str(path)}


def sqlite(at: Path, records: Records, types: Mapping[str, str] = {}, **tables: Any) -> dict[str, Any]:
    path = at / "records.sqlite"
    with sqlite3.connect(path) as connection:
        _fill(connection.execute, "?", records, types)
    connection.close()
    return {"kind": "sqlite", "path": str(path), "tables": tables}


def duck(at: Path, records: Records, types: Mapping[str, str] = {}, **tables: Any) -> dict[str, Any]:
    path = at / "records.duckdb"
    with duckdb.connect(str(path)) as connection:
        _fill(connection.execute, "?", records, types)
    return {"kind": "duckdb", "path": str(path), "tables": tables}


def postgres(
    database: Database, records: Records, types: Mapping[str, str] = {}, schema: str = "public", **tables: Any
) -> dict[str, Any]:
    with database.connect() as connection:
        if schema != "public":
            connection.execute(f"CREATE SCHEMA {_quoted(schema)}".encode())
        connection.execute(f"SET search_path TO {_quoted(schema)}".encode())
        _fill(lambda query, *values: connection.execute(query.encode(), *values), "%s", records, types)
    info = f"host={database.socket} dbname={database.name} user=postgres"
    return {"kind": "postgres", "connection": info, "schema": schema, "tables": tables}
