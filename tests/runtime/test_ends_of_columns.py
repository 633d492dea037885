"""Columns of PostgreSQL and DuckDB hold NaN, infinity and days outside of the calendar. A filter finds no row by them
that the decision denies.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from policylang import PolicySet
from tests.engines.postgres_engine import PostgresServer
from tests.helpers import compiled

NOW = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
ITEM = """
resource item {{ one : {of}  other : {of}  several : set of {of}  more : set of {of}  related : item  actions view }}
policy p on item {{ {condition} }}
role reader {{ grant view on item  policy p }}
user "ann" {{ assign role reader }}
"""
NUMBERS = ["-1", "5", "7.5", "NaN", "Infinity", "-Infinity", "1e250", "-1e250", None]
COLUMNS: dict[tuple[str, str], tuple[str, str, list[str | None]]] = {
    ("postgres", "money"): ("numeric", "5", [*NUMBERS, "9" * 200, f"1{'0' * 200}"]),
    ("postgres", "decimal"): ("double precision", "5", NUMBERS),
    ("postgres", "int"): ("bigint", "5", ["-1", "5", "7", None]),
    ("postgres", "date"): (
        "date",
        "2026-01-31",
        ["2026-01-31", "0001-01-01", "9999-12-31", "infinity", "-infinity", "10000-01-01", "0001-12-31 BC", None],
    ),
    ("postgres", "datetime"): (
        "timestamptz",
        "2026-01-31T08:00:00Z",
        [
            *("2026-01-31T08:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "infinity", "-infinity"),
            *("10000-01-01T00:00:00Z", "0001-12-31 23:59:59.999999Z BC", None),
        ],
    ),
    ("duckdb", "money"): ("DECIMAL(38, 10)", "5", ["-1", "5", "7.5", None]),
    ("duckdb", "decimal"): ("DOUBLE", "5", NUMBERS),
    ("duckdb", "date"): (
        "DATE",
        "2026-01-31",
        ["2026-01-31", "0001-01-01", "9999-12-31", "infinity", "-infinity", "10000-01-01", "0001-12-31 (BC)", None],
    ),
    ("duckdb", "datetime"): (
        "TIMESTAMPTZ",
        "2026-01-31T08:00:00Z",
        [
            *("2026-01-31T08:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "infinity", "-infinity"),
            *("10000-01-01 00:00:00+00", "0001-12-31 (BC) 23:59:59+00", None),
        ],
    ),
}
Run = Callable[..., list[Any]]


@pytest.fixture(params=COLUMNS, ids="-".join)
def column(request: pytest.FixtureRequest, postgres: PostgresServer) -> Iterator[tuple[str, str, Run]]:
    """A dialect, a type of attributes, and what runs a statement in a database."""
    dialect, of = request.param
    if dialect == "duckdb":
        connection = duckdb.connect(":memory:")
        yield dialect, of, lambda query, values=None: connection.execute(query, values or None).fetchall()
        return
    with postgres.database() as database, database.connect() as opened:

        def run(query: str, values: Any = None) -> list[Any]:
            found = opened.execute(query.encode(), values)
            return found.fetchall() if found.description else []

        yield dialect, of, run


def test_filters_say_what_decisions_say(column: tuple[str, str, Run]) -> None:
    dialect, of, run = column
    type_, constant, values = COLUMNS[dialect, of]
    pairs = [(one, other) for one in values for other in values]
    columns = f"one {type_}, other {type_}, several {type_}[], more {type_}[]"
    run(f"CREATE TABLE item (id integer, {columns}, related integer)")
    rows = ", ".join(
        f"({n}, {_sql(one)}, {_sql(other)}, ARRAY[{_sql(one)}, {_sql(other)}]::{type_}[], "
        f"ARRAY[{_sql(other)}]::{type_}[], {n})"
        for n, (one, other) in enumerate(pairs)
    )
    run(f"INSERT INTO item VALUES {rows}")
    tests = [f"one {operator} {constant}" for operator in ("is", "<", "<=", ">", ">=")]
    tests += [f"one {operator} other" for operator in ("is", "<", "<=", ">", ">=")]
    tests += [f"one in [{constant}]", f"related.one > {constant}", f"related.one <= {constant}", "one is missing"]
    tests += [f"several contains {constant}", "several contains other", "several overlaps more", "several is empty"]
    tests += ["several is missing", f"related.several contains {constant}", "related.one is missing"]
    tests += ["one is related.other", f"one > {constant} or other < {constant}"]
    for condition in (said for test in tests for said in (test, f"not ({test})")):
        policies = PolicySet(compiled(ITEM.format(of=of, condition=condition)))
        found = policies.filter("ann", "view", "item", now=NOW)
        sql, parameters = found.to_sql(dialect)
        keys = {key for (key,) in run(f"SELECT id FROM item WHERE {sql}", parameters)}
        assert keys == {key for (key,) in run(f"SELECT id FROM item WHERE {found.to_sql_text(dialect)}")}
        for n, (one, other) in enumerate(pairs):
            record = {"one": one, "other": other, "several": [one, other], "more": [other]}
            asked = record | {"related": record}
            assert (n in keys) == policies.allows("ann", "view", "item", asked, now=NOW), (condition, one, other)


def _sql(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"


@pytest.mark.parametrize("dialect", ["postgres", "duckdb"])
@pytest.mark.parametrize(
    ("of", "condition", "said"),
    [
        ("money", "one > 5", '"item"."one" > 5 AND "item"."one" < 1e200'),
        ("money", "not (one > 5)", 'NOT "item"."one" > 5 AND "item"."one" > -1e200'),
        ("money", "one is 5", '"item"."one" = 5'),
        ("money", "one in [5, 6]", '"item"."one" IN (5, 6)'),
        ("int", "one is not 5", 'NOT "item"."one" = 5'),
        (
            "date",
            "one before 2026-01-31",
            """"item"."one" < CAST('2026-01-31' AS DATE) AND "item"."one" >= CAST('0001-01-01' AS DATE)""",
        ),
    ],
)
def test_only_the_end_is_looked_at_that_a_test_leaves_open(dialect: str, of: str, condition: str, said: str) -> None:
    policies = PolicySet(compiled(ITEM.format(of=of, condition=condition)))
    assert policies.filter("ann", "view", "item", now=NOW).to_sql_text(dialect) == said
