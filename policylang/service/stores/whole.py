"""Which rows a search may find: not one whose column holds what is no value of its attribute.

A decision denies what needs such a value, and SQL would compare it. Filters say so of columns of the types that are
asked for; here is what they leave to these types.
"""

from __future__ import annotations

from policylang.model.types import (
    NUMBERS,
    DateTimeType,
    EnumType,
    IntType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)

_SIZES = "BETWEEN -1e200 AND 1e200"


def in_postgres(type_: Type, column: str) -> str | None:
    """That a column which holds something holds a value of its type; ``None`` where its type or a filter says so."""
    item = type_.item
    is_set = isinstance(type_, SetType)
    each = "each" if is_set else column
    match item:
        case DateTimeType():  # without a time zone it could be any of many
            return f"pg_typeof({column}) = '{'timestamptz[]' if is_set else 'timestamptz'}'::regtype"
        case EnumType():
            listed = f"ARRAY[{_listed(item).replace('%', '%%')}]::text[]"
            return f"array_remove({column}::text[], NULL) <@ {listed}" if is_set else f"{column}::text = ANY ({listed})"
        case IntType():
            found = f"{each}::numeric {_SIZES} AND {each}::numeric = trunc({each}::numeric)"
        case _ if isinstance(item, NUMBERS):
            found = f"scale({each}::numeric) <= 200"
        case _:
            return None
    unless = f"SELECT FROM unnest({column}) AS each WHERE each IS NOT NULL AND NOT ({found})"
    return f"NOT EXISTS ({unless})" if is_set else found


def in_duckdb(type_: Type, column: str) -> str | None:
    """Like `in_postgres`."""
    item = type_.item
    each = "each" if isinstance(type_, SetType) else column
    match item:
        case EnumType():
            found = f"{each} IN ({_listed(item)})"
        case IntType():
            found = f"{each} {_SIZES} AND {each} = trunc({each})"
        case _:
            return None
    return f"len([each for each in {column} if NOT ({found})]) = 0" if isinstance(type_, SetType) else f"({found})"


def in_sqlite(type_: Type, column: str) -> str | None:
    """Like `in_postgres`."""
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
