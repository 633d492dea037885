"""Columns that hold what is no value of their attribute: each store by decisions, searches and the reference."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from policylang.service.stores.duckdb import DuckdbStore
from tests.engines.postgres_engine import PostgresServer
from tests.service.helpers import EVALUATION, RESOURCES, post, question, served

TYPES = {
    "day": "date",
    "at": "datetime",
    "amount": "decimal",
    "number": "int",
    "flag": "bool",
    "kind": "one of lead, active",
    "name": "text",
    "days": "set of date",
    "moments": "set of datetime",
    "tags": "set of text",
    "kinds": "set of one of lead, active",
}
CONDITIONS = {
    "day": ("day after 2020-01-01", "day before 2020-01-01", "day is not 2020-01-01"),
    "at": ("at after 2020-01-01T00:00:00Z", "at before 2020-01-01T00:00:00Z", "at within 30 days"),
    "amount": ("amount > 5", "amount < 5", "amount is not 5", "amount is 12345678901234567.25"),
    "number": ("number > 5", "number < 5", "number is not 5"),
    "flag": ("flag is true", "flag is false", "not (flag is true)"),
    "kind": ("kind is lead", "kind is not lead", "not (kind in [active])"),
    "name": ('name is "x"', 'name is not "x"', 'name contains "x"'),
    "days": ("days contains 2026-01-01", "not (days contains 2026-01-01)", "days is not empty"),
    "moments": ("moments contains 2026-01-01T00:00:00Z", "moments is not empty"),
    "tags": ('tags contains "x"', 'not (tags contains "x")', 'tags overlaps ["x", "y"]'),
    "kinds": ("kinds contains lead", "not (kinds contains lead)"),
}
READABLE = {
    "duckdb": {
        "day": ["'2026-01-01'::DATE", "'9999-12-31'::DATE", "'0001-01-01'::DATE", "NULL"],
        "at": [
            "'2026-01-20 00:00:00+00'::TIMESTAMPTZ",
            "'9999-12-31 23:59:59.999999+00'::TIMESTAMPTZ",
            "NULL::TIMESTAMPTZ",
        ],
        "amount": ["12345678901234567.25::DECIMAL(38, 2)", "5", "NULL"],
        "number": ["5", "9223372036854775807", "NULL"],
        "flag": ["true", "false", "NULL"],
        "kind": ["'lead'", "'active'", "NULL"],
        "name": ["'x'", "'x' || chr(0)", "''", "NULL"],
        "days": ["['2026-01-01'::DATE, NULL]", "[]", "[NULL]", "NULL"],
        "moments": [
            "['2026-01-01 00:00:00+00'::TIMESTAMPTZ, NULL]",
            "['2026-01-02 00:00:00+00'::TIMESTAMPTZ]",
            "NULL::TIMESTAMPTZ[]",
        ],
        "tags": ["['x', NULL]", "[NULL]", "['y']", "[]", "NULL"],
        "kinds": ["['lead', NULL]", "['active']", "NULL"],
    },
    "postgres": {
        "day": ["'2026-01-01'", "'9999-12-31'", "'0001-01-01'", "NULL"],
        "at": ["'2026-01-20 00:00:00+00'", "'9999-12-31 23:59:59.999999+00'", "NULL"],
        "amount": ["12345678901234567.25", "5", "1e199", "NULL"],
        "number": ["5", "9223372036854775807", "5.0", "NULL"],
        "flag": ["true", "false", "NULL"],
        "kind": ["'lead'", "'active'", "NULL"],
        "name": ["'x'", "''", "NULL"],
        "days": ["ARRAY['2026-01-01', NULL]::date[]", "'{}'", "'{NULL}'", "NULL"],
        "moments": ["ARRAY['2026-01-01 00:00:00+00', NULL]::timestamptz[]", "'{}'", "NULL"],
        "tags": ["ARRAY['x', NULL]", "'{NULL}'", "ARRAY['y']", "'{}'", "NULL"],
        "kinds": ["ARRAY['lead', NULL]", "ARRAY['active']", "NULL"],
    },
    "sqlite": {
        "day": ["'2026-01-01'", "'9999-12-31'", "'0001-01-01'", "NULL"],
        "at": ["'2026-01-20 00:00:00'", "'2026-01-20T02:00:00.123456+02:00'", "'9999-12-31T23:59:59Z'", "NULL"],
        "amount": ["5", "5.25", "'7.5'", "'-7'", "0", "'0'", "NULL"],
        "number": ["5", "9223372036854775807", "-9223372036854775808", "'6'", "6.0", "NULL"],
        "flag": ["1", "0", "NULL"],
        "kind": ["'lead'", "'active'", "NULL"],
        "name": ["'x'", "'x' || char(0)", "''", "NULL"],
        "days": ["""'["2026-01-01", null]'""", "'[]'", "'[null]'", "NULL"],
        "tags": ["""'["x", null]'""", "'[null]'", """'["y"]'""", "NULL"],
        "kinds": ["""'["lead", null]'""", """'["active"]'""", "NULL"],
    },
}
UNREADABLE: dict[str, dict[str, list[str]]] = {
    "duckdb": {
        "day": ["'infinity'::DATE", "'-infinity'::DATE", "'0044-03-15 (BC)'::DATE", "'10000-01-01'::DATE"],
        "at": [
            *("'infinity'::TIMESTAMPTZ", "'-infinity'::TIMESTAMPTZ", "'10000-01-01 00:00:00+00'::TIMESTAMPTZ"),
            "'0044-03-15 (BC) 00:00:00+00'::TIMESTAMPTZ",
        ],
        "amount": ["'NaN'::DOUBLE", "'Infinity'::DOUBLE", "'-Infinity'::DOUBLE", "1e300::DOUBLE"],
        "number": ["'NaN'::DOUBLE", "5.5::DOUBLE", "1e300::DOUBLE"],
        "kind": ["'other'", "''", "'LEAD'"],
        "days": ["['infinity'::DATE, '2026-01-01'::DATE]", "['10000-01-01'::DATE]", "['0044-03-15 (BC)'::DATE]"],
        "moments": ["['infinity'::TIMESTAMPTZ, '2026-01-01 00:00:00+00'::TIMESTAMPTZ]"],
        "kinds": ["['other', 'lead']"],
    },
    "postgres": {
        "day": ["'infinity'::date", "'-infinity'::date", "'0044-03-15 BC'::date", "'10000-01-01'::date"],
        "at": [
            *("'infinity'::timestamptz", "'-infinity'::timestamptz", "'10000-01-01 00:00:00+00'::timestamptz"),
            *("'0044-03-15 00:00:00+00 BC'::timestamptz", "'2026-01-20'::timestamp"),
        ],
        "amount": [
            "'NaN'::numeric",
            "'Infinity'::numeric",
            "'-Infinity'::numeric",
            "1e300::numeric",
            "1e-300::numeric",
        ],
        "number": ["'NaN'::numeric", "5.5::numeric"],
        "kind": ["'other'", "''", "'LEAD'"],
        "days": ["ARRAY['infinity', '2026-01-01']::date[]", "ARRAY['10000-01-01']::date[]"],
        "moments": ["ARRAY['infinity', '2026-01-01 00:00:00+00']::timestamptz[]"],
        "kinds": ["ARRAY['other', 'lead']"],
    },
    "sqlite": {
        "day": [
            *("'infinity'", "'-infinity'", "'-0044-03-15'", "'10000-01-01'", "'2026-02-30'", "'0000-01-01'", "''", "5"),
            *("'2026-01-01 00:00:00'", "'now'", "x'ff'", "2460000.5"),
        ],
        "at": [
            *("'infinity'", "'-infinity'", "'10000-01-01T00:00:00Z'", "'-0044-03-15T00:00:00Z'", "'now'", "''", "5"),
            *("'2026-02-30T00:00:00Z'", "'2026-01-01'", "'2026-01-01T00:00:00.1234567Z'", "'0000-01-01T00:00:00Z'"),
            *("'2026-01-01T24:00:00Z'", "'2026-01-01T00:00:00 Z'", "'2026-01-01  00:00:00'", "x'ff'"),
        ],
        "amount": ["9e999", "-9e999", "'NaN'", "'abc'", "''", "'1e3'", "'5abc'", "'1.'", "'.5'", "x'35'", "1e300"],
        "number": ["5.5", "'6.5'", "'abc'", "9e999", "1e300"],
        "flag": ["'true'", "'false'", "2", "'t'", "''", "0.5", "x'01'", "'1'"],
        "kind": ["'other'", "''", "'LEAD'", "5", "x'6c656164'"],
        "name": ["5", "5.5", "x'78'"],
        "days": ["""'["infinity", "2026-01-01"]'""", "'[5]'", """'["2026-02-30", "2026-01-01"]'"""],
        "tags": [
            """'["x", 5]'""",
            """'["x", true]'""",
            """'["x", ["y"]]'""",
            "5",
            "'5'",
            "'true'",
            "'{}'",
            "'no JSON'",
            "'[' || '['",
        ],
        "kinds": ["""'["other", "lead"]'"""],
    },
}
COLUMNS = {
    "duckdb": {"moments": "TIMESTAMPTZ[]", "days": "DATE[]", "tags": "TEXT[]", "kinds": "TEXT[]", "name": "TEXT"},
    "postgres": {
        "day": "date",
        "at": "timestamptz",
        "amount": "numeric",
        "number": "numeric",
        "flag": "boolean",
        "days": "date[]",
        "moments": "timestamptz[]",
        "tags": "text[]",
        "kinds": "text[]",
        "'2026-01-20'::timestamp": "timestamp",
    },
    "sqlite": {},
}


@contextmanager
def holding(kind: str, folder: Path, server: PostgresServer, name: str, value: str) -> Iterator[dict[str, Any]]:
    """A store with one row, whose one column has a value as SQL writes it."""
    made = f"SELECT 'r1' AS id, {value} AS {name}"
    if kind == "postgres":
        type_ = COLUMNS[kind].get(value, COLUMNS[kind].get(name, "text"))
        with server.database() as database:
            with database.connect() as connection:
                connection.execute(
                    f"CREATE TABLE page AS SELECT 'r1'::text AS id, ({value})::{type_} AS {name}".encode()
                )
            yield {"kind": kind, "connection": f"host={database.socket} dbname={database.name} user=postgres"}
        return
    path = folder / "records"
    if kind == "sqlite":
        with sqlite3.connect(path) as connection:
            connection.execute(f"CREATE TABLE page (id text, {name})")
            connection.execute(f"INSERT INTO page {made}")
        connection.close()
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"CREATE TABLE page AS {made}")
    yield {"kind": kind, "path": str(path)}


def policies(name: str) -> str:
    """A user for each condition about an attribute, `u0` and so on."""
    lines = [f"resource page {{ optional {name} : {TYPES[name]}  actions view }}"]
    for n, condition in enumerate(CONDITIONS[name]):
        lines += [f"policy p{n} on page for view {{ {condition} }}", f"role r{n} {{ grant view on page  policy p{n} }}"]
        lines += [f'user "u{n}" {{ assign role r{n} }}']
    return "\n".join(lines)


CASES = [
    pytest.param(kind, name, value, outcome, id=f"{kind}-{name}-{value}")
    for outcome, values in (("readable", READABLE), ("unreadable", UNREADABLE))
    for kind, of in values.items()
    for name, each in of.items()
    for value in each
]


@pytest.mark.parametrize(("kind", "name", "value", "outcome"), CASES)
def test_decisions_and_searches_agree(
    tmp_path: Path, postgres: PostgresServer, kind: str, name: str, value: str, outcome: str
) -> None:
    (tmp_path / "p.policy").write_text(policies(name))
    with holding(kind, tmp_path, postgres, name, value) as store, served(tmp_path / "p.policy", store=store) as client:
        for n, condition in enumerate(CONDITIONS[name]):
            asked = question(f"u{n}", "view", "page", "r1")
            decided, found = post(client, EVALUATION, asked), post(client, RESOURCES, asked)
            if found.status_code == 501:
                assert (kind, "67.25" in condition) == ("sqlite", True)
            elif outcome == "readable":
                assert found.json()["results"] == [{"type": "page", "id": "r1"}] * decided.json()["decision"], condition
            else:
                assert decided.status_code == 503 or not decided.json()["decision"], condition
                assert found.status_code == 503 or not found.json()["results"], condition


def test_instants_without_a_zone_are_in_utc(tmp_path: Path) -> None:
    """In DuckDB they would be in the zone of the machine for a search, and in UTC for a decision."""
    duckdb.connect(str(tmp_path / "records")).close()
    store = DuckdbStore(str(tmp_path / "records"), {})
    found = store.connect(1).execute("SELECT TIMESTAMP '2026-01-01' = TIMESTAMPTZ '2026-01-01 00:00:00+00'").fetchone()
    assert found == (True,)
    assert store.connect(1).execute("SELECT current_setting('TimeZone')").fetchone() == ("UTC",)
    store.close()
