"""Columns of SQLite, which hold anything: a database with types refuses what is of another when it is written.

What `decide` would not read is unknown here, too; and so is a number that SQLite does not keep exactly.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    DecimalType,
    EnumType,
    IntType,
    MoneyType,
    SetType,
    Type,
)
from policylang.runtime.columns import filled

LEFT, RIGHT = "left item", "right item"
"""Aliases of rows of ``json_each``: no table has a name with a space."""

# Of sets `a` and `b`, with the items `x` and `y`; or of a set `a` and an item `b`.
WHOLE = 'NOT EXISTS(SELECT 1 FROM json_each(a) AS "left item" WHERE "left item"."value" IS NULL)'
CONTAINS = 'EXISTS(SELECT 1 FROM json_each(a) AS "left item" WHERE x = b)'
OVERLAP = 'EXISTS(SELECT 1 FROM json_each(a) AS "left item" CROSS JOIN json_each(b) AS "right item" WHERE x = y)'


def value(type_: Type, column: exp.Expr) -> exp.Expr:
    """What a column holds, as it compares with values of its type; an instant is NULL where it is none."""
    if isinstance(type_, DateTimeType):
        return _instant(column)
    return _filled("c + 0", column) if isinstance(type_, NUMBERS) else column  # texts may hold numbers


def given(type_: Type, column: exp.Expr) -> exp.Expr:
    """A column that is NULL where nothing is given. Programs write a set that is missing as the null of JSON, too."""
    return _filled("NULLIF(c, 'null')", column) if isinstance(type_, SetType) else column


def fits(type_: Type, column: exp.Expr) -> exp.Expr:
    """Whether a column holds a value of the type, and exactly."""
    match type_:
        case SetType(of):
            return _is_set(of, column)
        case IntType():
            return exp.and_(_filled(_NUMBER, column), _filled("NOT c GLOB '*.*[1-9]*'", column))
        case DecimalType() | MoneyType():
            return _filled(_NUMBER, column)
        case BoolType():
            return _filled("c IN (0, 1)", column)
        case EnumType(values):
            return exp.In(this=column.copy(), expressions=[exp.Literal.string(each) for each in values])
        case DateType():
            return _filled("date(c, '+0 days') = c AND c >= '0001'", column)  # without days to add, February has 31
    return exp.not_(exp.Is(this=value(type_, column), expression=exp.null()))


def where_fitting(sides: Iterable[tuple[Type, exp.Expr]], test: exp.Expr) -> exp.Expr:
    """The test where the columns of its sides hold what they should."""
    loose = (DateTimeType, *NUMBERS, BoolType, DateType, SetType)
    asked = [(type_, column) for type_, column in sides if isinstance(type_, loose)]
    if any(isinstance(type_, SetType) for type_, _ in asked):  # what is no JSON at all ends a query that looks into it
        return exp.Case().when(exp.and_(*(fits(*each) for each in asked)), test)
    return exp.and_(*(fits(*each) for each in asked if not isinstance(each[0], DateTimeType)), test)


def _filled(template: str, column: exp.Expr) -> exp.Expr:
    return exp.paren(filled(template, "sqlite", c=column))


_NUMBER = """
(
    typeof(c) IN ('integer', 'real') OR typeof(c) = 'text' AND c GLOB '[0-9-]*' AND c GLOB '*[0-9]'
    AND NOT c GLOB '*[^0-9.-]*' AND NOT c GLOB '?*-*' AND NOT c GLOB '-.*' AND NOT c GLOB '*.*.*'
) AND (
    typeof(c + 0) = 'integer'
    OR abs(c + 0) < 9007199254740992 AND (typeof(c) = 'real' OR length(trim(replace(c, '.', ''), '-0')) <= 15)
)
"""
"""A number, or a text that holds one as decide reads it. SQLite keeps 15 digits, and whole numbers of 64 bits: longer
ones may be the same to it.
"""


def _instant(column: exp.Expr) -> exp.Expr:
    """An ISO 8601 text as ``2026-01-31T08:00:00.000000`` in UTC, which sorts by time.

    SQLite's own functions stop at milliseconds, so the seconds are shifted to UTC without their fraction.
    """
    zone = "ltrim(substr(c, 21), '0123456789')"  # behind the digits of a fraction
    digits = f"length(c) - 20 - length({zone})"
    offset = "GLOB '[+-][0-9][0-9]:[0-9][0-9]'"
    shape = f"""
    CASE WHEN c < '0001' OR date(substr(c, 1, 10), '+0 days') <> substr(c, 1, 10) THEN NULL
    WHEN c GLOB '????-??-??[T ]??:??:??*' AND substr(c, 12, 2) < '24' THEN CASE
        WHEN substr(c, 20) IN ('', 'Z') OR substr(c, 20) {offset} THEN strftime('%Y-%m-%dT%H:%M:%S', c) || '.000000'
        WHEN substr(c, 20, 1) = '.' AND {digits} BETWEEN 1 AND 6 AND ({zone} IN ('', 'Z') OR {zone} {offset})
        THEN strftime('%Y-%m-%dT%H:%M:%S', substr(c, 1, 19) || {zone})
            || '.' || substr(substr(c, 21, {digits}) || '000000', 1, 6) END
    WHEN c GLOB '????-??-??[T ]??:??*' AND substr(c, 12, 2) < '24'
        AND (substr(c, 17) IN ('', 'Z') OR substr(c, 17) {offset})
    THEN strftime('%Y-%m-%dT%H:%M:%S', c) || '.000000' END
    """
    return _filled(shape, column)


def _is_set(of: Type, column: exp.Expr) -> exp.Expr:
    """An array of JSON with items of the type. Anything else in it, and nothing can be said of the set."""
    kinds = (
        "text integer real" if isinstance(of, NUMBERS) else "true false integer" if isinstance(of, BoolType) else "text"
    )
    shape = """
    CASE WHEN json_valid(c) THEN json_type(c) = 'array' AND NOT EXISTS(
        SELECT 1 FROM json_each(c) AS "left item" WHERE "left item"."type" <> 'null'
        AND (instr(kinds, "left item"."type") = 0 OR NOT coalesce(x, 0))
    ) END
    """
    item = exp.column("value", table=LEFT, quoted=True)
    return filled(shape, "sqlite", c=column, x=fits(of, item), kinds=exp.Literal.string(kinds))
