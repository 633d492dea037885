"""Columns of PostgreSQL and DuckDB hold more than attributes do: NaN, infinity, numbers of any length, and days outside
of the calendar. SQL compares these; nothing is known of them, as `decide` says of what it cannot read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from policylang.model import conditions as c
from policylang.model.types import DateTimeType, DateType, DecimalType, MoneyType, SetType, Type
from policylang.runtime.columns import filled

DIALECTS = ("postgres", "duckdb")

_NUMBERS = ("c > -1e200", "c < 1e200")  # NaN comes behind infinity
_DAYS = ("c >= CAST('0001-01-01' AS DATE)", "c <= CAST('9999-12-31' AS DATE)")
_INSTANTS = (
    "c >= CAST('0001-01-01 00:00:00+00' AS TIMESTAMPTZ)",
    "c <= CAST('9999-12-31 23:59:59.999999+00' AS TIMESTAMPTZ)",
)
_ITEMS = 'NOT EXISTS(SELECT 1 FROM (SELECT UNNEST(a) AS "left item") AS "left items" WHERE NOT (test))'


def within(type_: Type, column: exp.Expr, dialect: str) -> tuple[exp.Expr, ...]:
    """That a column holds a value of its type: that it lies behind the lower end and before the upper one, or that all
    items of a set do; nothing where the column's own type makes sure of it.
    """
    match type_:
        case SetType(of):
            ends = within(of, exp.column("left item", table="left items", quoted=True), dialect)
            return (filled(_ITEMS, dialect, a=column, test=exp.and_(*ends)),) if ends else ()
        case DecimalType() | MoneyType():
            templates = _NUMBERS
        case DateType():
            templates = _DAYS
        case DateTimeType():
            templates = _INSTANTS
        case _:
            return ()
    return tuple(filled(template, dialect, c=column) for template in templates)


def within_where(test: c.Test, columns: Sequence[exp.Expr | None], wanted: bool, dialect: str) -> Iterator[exp.Expr]:
    """What a test of these columns, ``None`` for other sides, does not say itself of the ends."""
    is_constant = None in columns or isinstance(test, c.In)
    for number, (operand, column) in enumerate(zip(test.sides, columns, strict=True)):
        if column is None:
            continue
        ends = within(operand.type, column, dialect)
        match test:
            case c.Compare("eq") | c.In() if wanted and is_constant:
                continue  # it is one of the values that the test names
            case c.Compare("lt" | "le" | "gt" | "ge" as kind):
                is_larger = (kind in ("gt", "ge")) is (wanted is (number == 0))
                ends = ends[1:] if is_larger else ends[:1]
        yield from ends
