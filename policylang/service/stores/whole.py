"""Which rows a search may find: not one whose column holds what is no value of its attribute.

A decision denies what needs such a value. SQL would compare it: an infinite day comes after every other, NaN is larger
than every number, and a word is a 0 where a number is asked for.
"""

from __future__ import annotations

from policylang.model.types import (
    NUMBERS,
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
    """Like `in_postgres`. In SQLite filters look at all other types themselves."""
    match type_:
        case EnumType():
            return f"{column} IN ({_listed(type_)})"
        case TextType() | UserType() | PlaceType():
            return f"typeof({column}) = 'text'"
        case RecordType():
            return f"typeof({column}) IN ('text', 'integer')"
        case _:
            return None


def _listed(type_: EnumType) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in type_.values)
