"""What is known of SQL dialects: where what all of them say means something else.

All of it is about servers as they are installed, and about columns without a collation of their own.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlglot import exp

from policylang.runtime import sqlite
from policylang.runtime.columns import filled

NO_DATABASES = frozenset({"dax", "prql", "solr", "tableau"})
"""Dialects of sqlglot that are something else."""

UNCERTAIN = frozenset({"dremio", "drill", "druid", "exasol", "fabric", "singlestore", "teradata"})
"""Dialects of which it is not certain how they compare case, blanks at the end, the empty text or numbers."""

TEXT_TESTS = frozenset(
    (
        *("postgres", "sqlite", "duckdb", "athena", "bigquery", "databricks", "dune", "hive", "materialize", "presto"),
        *("risingwave", "snowflake", "spark", "spark2", "trino"),
    )
)
"""Dialects that find a text in another exactly. Of the rest, T-SQL and Redshift forget spaces at the end, MySQL goes by
its collation, ClickHouse counts bytes, Oracle takes the empty text for NULL.
"""

INSTANTS_IN_TEXT = frozenset(
    (
        *("postgres", "sqlite", "duckdb", "bigquery", "databricks", "materialize", "redshift", "risingwave"),
        *("snowflake", "spark", "spark2", "tsql"),
    )
)
"""Dialects that read an instant with its offset and its microseconds in a text. To the others it can be bound."""

DOUBLES_IN_TEXT = frozenset({"bigquery", "clickhouse", "hive"})
"""Dialects that take a number with a point for a double. An exact one can be bound."""

NO_DAYS = {"oracle": "dates, which have a time of day there", "clickhouse": "dates, which end in 2149 there"}
"""Dialects whose dates are none, and why."""

EMPTY_IS_NULL = frozenset({"oracle"})
"""Dialects that take the empty text for NULL."""


class Sets(NamedTuple):
    """SQL about the columns ``a`` and ``b``. ``size``: how many items there are, those that are missing included.
    ``whole``: none is missing. ``contains``: one is ``b``. ``overlap``: one is in both.
    """

    size: str
    whole: str
    contains: str
    overlap: str


SETS = {
    "postgres": Sets("cardinality(a)", "array_position(a, NULL) IS NULL", "b = ANY(a)", "a && b"),
    "duckdb": Sets(
        "len(a)",
        "list_aggregate(a, 'count') = len(a)",
        # list_contains and list_has_any round numbers to the digits of one side.
        'EXISTS(SELECT 1 FROM (SELECT unnest(a) AS "left item") WHERE "left item" = b)',
        'EXISTS(SELECT 1 FROM (SELECT unnest(a) AS "left item") CROSS JOIN (SELECT unnest(b) AS "right item") '
        'WHERE "left item" = "right item")',
    ),
    "sqlite": Sets("json_array_length(a)", sqlite.WHOLE, sqlite.CONTAINS, sqlite.OVERLAP),
}
"""Dialects that hold sets in columns."""

DIGITS = 28
"""Of an exact number, which every dialect but PostgreSQL and SQLite keeps."""


class UnsupportedError(ValueError):
    """A condition that the SQL dialect cannot say exactly. The message names the condition and its place."""


def same_text(left: exp.Expr, right: exp.Expr, dialect: str) -> exp.Expr:
    """That two texts are the same, character by character; NULL where one is NULL. An index serves what comes first."""
    plain = exp.EQ(this=left.copy(), expression=right.copy())
    exactly = _EXACTLY.get(dialect)
    return plain if exactly is None else exp.and_(plain, filled(exactly, dialect, l=left, r=right))


_EXACTLY = {
    # Case, accents and width by the collation, blanks at the end never.
    "tsql": "CAST(l AS NVARCHAR(MAX)) COLLATE Latin1_General_100_BIN2 = CAST(r AS NVARCHAR(MAX)) "
    "AND DATALENGTH(CAST(l AS NVARCHAR(MAX))) = DATALENGTH(CAST(r AS NVARCHAR(MAX)))",
    "mysql": "CAST(CAST(l AS CHAR CHARACTER SET utf8mb4) AS BINARY) = "
    "CAST(CAST(r AS CHAR CHARACTER SET utf8mb4) AS BINARY)",
    # Blanks at the end are there, but do not count.
    "redshift": "LENGTH(CAST(l AS VARCHAR(65535))) = LENGTH(CAST(r AS VARCHAR(65535)))",
}


def _text(text: str, dialect: str) -> exp.Expr | None:
    """A text written into the SQL; null where the dialect would read another one."""
    if dialect == "tsql":  # other literals lose what the code page of the database lacks; a line may go on behind `\`
        return None if "\\\n" in text or "\\\r" in text else exp.National(this=text)
    if dialect == "oracle" and not text.isascii():
        return None
    return exp.Literal.string(text)


def literal(value: Any, dialect: str) -> exp.Expr:
    """A value as the dialect reads it. Raises `UnsupportedError` where it would read another one."""
    match value:
        case str():
            found = _text(value, dialect)
            if found is None:
                raise _unread(dialect, "some of the characters")
            return found
        case datetime.datetime():
            if dialect not in INSTANTS_IN_TEXT:
                raise _unread(dialect, "an instant")
            return exp.cast(exp.Literal.string(value.isoformat()), "timestamptz")
        case datetime.date():
            return exp.cast(exp.Literal.string(value.isoformat()), "date")
        case Decimal():
            if dialect in DOUBLES_IN_TEXT and value != value.to_integral_value():
                raise _unread(dialect, "a number with a point")
            return exp.Literal.number(format(value, "f"))
    return exp.convert(value)


def _unread(dialect: str, what: str) -> UnsupportedError:
    return UnsupportedError(
        f"{dialect} does not read {what} in a text exactly; parameters can be bound (`--format json`)"
    )
