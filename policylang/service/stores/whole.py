"""Which rows a search may find: not one whose column holds what is no value of its attribute.

A decision denies what needs such a value. SQL would compare it: an infinite day comes after every other, NaN is larger
than every number, and a word is a 0 where a number is asked for.
"""

from __future__ import annotations

from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    EnumType,
    IntType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)

_FIRST, _LAST = "0001-01-01", "9999-12-31"
_DAYS = f"BETWEEN DATE '{_FIRST}' AND DATE '{_LAST}'"
_INSTANTS = f"BETWEEN TIMESTAMPTZ '{_FIRST} 00:00:00+00' AND TIMESTAMPTZ '{_LAST} 23:59:59.999999+00'"
_SIZES = "BETWEEN -1e200 AND 1e200"


def in_postgres(type_: Type, column: str) -> str | None:
    """That a column which holds something holds a value of its type; ``None`` where its own type says so."""
    item = type_.item
    is_set = isinstance(type_, SetType)
    if isinstance(item, (DateType, DateTimeType, *NUMBERS)):
        each = "each" if is_set else column
        match item:
            case DateType():
                found = f"{each} {_DAYS}"
            case DateTimeType():  # without a time zone it could be any of many
                found = f"{each} {_INSTANTS} AND pg_typeof({each}) = 'timestamptz'::regtype"
            case IntType():
                found = f"{each}::numeric {_SIZES} AND {each}::numeric = trunc({each}::numeric)"
            case _:
                found = f"{each}::numeric {_SIZES} AND scale({each}::numeric) <= 200"
        return (
            f"NOT EXISTS (SELECT FROM unnest({column}) AS each WHERE each IS NOT NULL AND NOT ({found}))"
            if is_set
            else found
        )
    if isinstance(item, EnumType):
        listed = f"ARRAY[{_listed(item).replace('%', '%%')}]::text[]"
        return f"array_remove({column}::text[], NULL) <@ {listed}" if is_set else f"{column}::text = ANY ({listed})"
    return None


def in_duckdb(type_: Type, column: str) -> str | None:
    """Like `in_postgres`."""
    item = type_.item
    each = "each" if isinstance(type_, SetType) else column
    match item:
        case DateType():
            found = f"{each} {_DAYS}"
        case DateTimeType():
            found = f"CAST({each} AS TIMESTAMPTZ) {_INSTANTS}"
        case EnumType():
            found = f"{each} IN ({_listed(item)})"
        case IntType():
            found = f"{each} {_SIZES} AND {each} = trunc({each})"
        case _ if isinstance(item, NUMBERS):
            found = f"{each} {_SIZES}"
        case _:
            return None
    return f"len([each for each in {column} if NOT ({found})]) = 0" if isinstance(type_, SetType) else f"({found})"


def in_sqlite(type_: Type, column: str) -> str | None:
    """Like `in_postgres`; in SQLite no column's own type says what it holds."""
    if isinstance(type_, SetType):
        bad = f"each.type <> 'null' AND NOT ({_of_sqlite(type_.of, 'each.value', 'each.type')})"
        items = f"NOT EXISTS (SELECT 1 FROM json_each({column}) AS each WHERE {bad})"  # noqa: S608
        return f"(json_type({column}) = 'array' AND {items})"
    return f"({_of_sqlite(type_, column, f'typeof({column})')})"


def _of_sqlite(type_: Type, column: str, kind: str) -> str:
    """``kind``: what SQLite says the value is."""
    match type_:
        case DateType():
            return f"{kind} = 'text' AND {_is_day(column)}"
        case DateTimeType():
            day, time = f"substr({column}, 1, 10)", f"substr({column}, 11)"
            return f"{kind} = 'text' AND {_is_day(day)} AND {_is_time(time)} AND julianday({column}) IS NOT NULL"
        case BoolType():
            return f"{kind} IN ('true', 'false') OR ({kind} IN ('integer', 'real') AND {column} IN (0, 1))"
        case EnumType():
            return f"{kind} = 'text' AND {column} IN ({_listed(type_)})"
        case TextType() | UserType() | PlaceType():
            return f"{kind} = 'text'"
        case RecordType():
            return f"{kind} IN ('text', 'integer')"
        case _ if isinstance(type_, NUMBERS):
            whole = f" AND {column} = CAST({column} AS INTEGER)" if isinstance(type_, IntType) else ""
            number = f"({kind} IN ('integer', 'real') OR ({kind} = 'text' AND {_is_number(column)}))"
            return f"{number} AND CAST({column} AS NUMERIC) {_SIZES}{whole}"
        case _:
            return "1"  # what has no columns in SQLite


def _is_day(text: str) -> str:
    return f"date({text}, '+0 days') IS {text} AND {text} >= '{_FIRST}'"


def _is_time(text: str) -> str:
    """What stands behind the day, no finer than the microseconds that are compared. SQLite reads spaces as well."""
    tests = (
        "GLOB '[T ][012][0-9]*'",
        "NOT GLOB '?24*'",
        "NOT GLOB '?*[^0-9:.Z+-]*'",
        "NOT GLOB '*.[0-9][0-9][0-9][0-9][0-9][0-9][0-9]*'",
    )
    return " AND ".join(f"{text} {test}" for test in tests)


def _is_number(text: str) -> str:
    """A number in a text, of no more digits than SQLite keeps when it compares."""
    shape = (
        f"({text} GLOB '[0-9]*' OR {text} GLOB '-[0-9]*') AND {text} NOT GLOB '*[^0-9.-]*' AND {text} NOT GLOB '?*-*'"
    )
    return f"{shape} AND {text} NOT GLOB '*.*.*' AND {text} NOT GLOB '*.' AND length({text}) <= 16"


def _listed(type_: EnumType) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in type_.values)
