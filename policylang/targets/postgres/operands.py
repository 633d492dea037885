"""What conditions compare, as SQL.

Of a value that is not of its type everything is unknown, even whether it is missing. SQL has NULL for both, so each
operand says what it gives, and what that is read from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    EnumType,
    IntType,
    IpType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime.index import Index
from policylang.targets.postgres.names import MAX_BYTES, listed, literal, name
from policylang.targets.postgres.refusals import refuse_long, refuse_rows, refuse_unmapped, refuse_zone
from policylang.targets.postgres.tables import Mapped
from policylang.targets.target import Refusals

ME = "policylang.me()"


class SqlRow(msgspec.Struct, frozen=True):
    """The row that expressions speak of: ``alias`` is SQL, such as ``NEW`` or a table's name; ``once``: whether
    subqueries may stand in the expression, which they may not in a trigger's condition; ``written``: conditions as SQL.
    """

    index: Index
    tables: dict[str, Mapped]
    resource: str
    alias: str
    refuse: Refusals
    once: bool = True
    written: dict[tuple[c.Condition, bool], str] = {}

    def column(self, attribute: str) -> str:
        return f"{self.alias}.{name(self.tables[self.resource].columns[attribute])}"

    def constant(self, call: str) -> str:
        """A call that gives the same for every row of a query."""
        return f"(SELECT {call})" if self.once else call


class SqlOperand(msgspec.Struct, frozen=True):
    """``sql`` is the value that tests compare, NULL where it is missing; ``given`` what it is read from, NULL exactly
    where it is missing.

    A column may hold what is no value of the attribute's type: ``whole`` is not false where it does not. Elsewhere
    ``sql`` is NULL then. ``apart``: true where what lies before the value on its path is missing or of its type.
    """

    sql: str
    given: str
    whole: str | None = None
    apart: str | None = None

    @property
    def is_column(self) -> bool:
        return self.whole is not None


_NOTHING = SqlOperand("NULL", "NULL")
"""In place of what is refused."""


def related(resource: str, attribute: str) -> str:
    """The function that reads an attribute of the row with a key."""
    return f"policylang.{name(f'{resource}.{attribute}')}"


def operand(given: c.Operand, row: SqlRow, at: str, *, is_named: bool = False) -> SqlOperand:
    """``at``: the test. ``is_named``: of a record that the request holds no more is asked for than its key, as it never
    is of records of users.
    """
    if isinstance(given, c.Constant):
        refuse_zone(given, at, row.refuse)
        return SqlOperand(constant(given), constant(given))
    if given.root == "record":
        return _of_record(given, row, at)
    declared = row.index.subject if given.root == "subject" else row.index.request
    is_whole = given.root == "request" and not is_named
    if _reaches_rows(declared, given.steps if is_whole else given.steps[:-1], row, at):
        return _NOTHING
    if given.root == "subject":
        return _of_users(ME, given.steps, row)
    first, *rest = given.steps
    type_ = declared[first]
    json = f"policylang.request({literal(first)})"
    if not rest:
        return SqlOperand(row.constant(_read(json, type_)), row.constant(json))
    known = f"({row.constant(json)} IS NULL OR {row.constant(_read(json, type_))} IS NOT NULL)"
    return msgspec.structs.replace(_of_users(_read(json, type_), rest, row), apart=known)


def _reaches_rows(declared: Mapping[str, Type], steps: Iterable[str], row: SqlRow, at: str) -> bool:
    """Refuse a path through users or the request, whose attributes are ``declared``, that meets a record."""
    for step in steps:
        if isinstance(declared[step], RecordType):
            refuse_rows(step, at, row.refuse, "put the related record's attribute in its place")
            return True
        declared = row.index.subject
    return False


def _of_users(user: str, steps: Iterable[str], row: SqlRow) -> SqlOperand:
    """Attributes of a user who is the same for every row."""
    return SqlOperand(*map(row.constant, _from_user(user, steps, row)))


def _from_user(user: str, steps: Iterable[str], row: SqlRow) -> tuple[str, str]:
    """The value to which attributes lead from a user, and what it is read from."""
    found = given = user
    for step in steps:
        given = f"policylang.of_user({found}, {literal(step)})"
        found = _read(given, row.index.subject[step])
    return found, given


def _of_record(path: c.Path, row: SqlRow, at: str) -> SqlOperand:
    first, *rest = path.steps
    type_, found = row.index.attributes[row.resource][first].type, row.column(first)
    for number, step in enumerate(rest):
        if isinstance(type_, UserType):
            if _reaches_rows(row.index.subject, rest[number:-1], row, at):
                return _NOTHING
            return SqlOperand(*_from_user(found, rest[number:], row))
        assert isinstance(type_, RecordType)
        if type_.resource not in row.tables:
            refuse_unmapped("reads", type_.resource, at, row.refuse)
            return _NOTHING
        if len(f"{type_.resource}.{step}".encode()) > MAX_BYTES:
            help = "shorten the name of the resource or the attribute"
            refuse_long(f"{type_.resource}.{step}", at, row.refuse, help)
        found = f"{related(type_.resource, step)}({found})"
        type_ = row.index.attributes[type_.resource][step].type
    return SqlOperand(_compared(found, type_), found, _whole(found, type_))


# --- columns -------------------------------------------------------------------------------------------------


def _compared(column: str, type_: Type) -> str:
    item = type_.item
    if isinstance(item, IpType):
        return f"policylang.{'address' if item is type_ else 'addresses'}({column})"
    return column


def _whole(column: str, type_: Type) -> str:
    """Not false where a column holds nothing, or what the attribute's type has."""
    if isinstance(type_, SetType):
        items = [f"({each} IS NOT FALSE)" for each in _items_whole(column, type_.of)]  # items may be missing
        return all_true(f"(coalesce(array_ndims({column}), 1) = 1)", *items)
    match type_:
        case DateType() | DateTimeType():
            first, last = _ends(type_)
            return f"({column} BETWEEN {first} AND {last})"
        case EnumType(values):
            return f"({column}::text IN ({', '.join(map(literal, values))}))"
        case IpType():
            return f"({_compared(column, type_)} IS NOT NULL)"
        case IntType():
            return f"({column}::numeric = trunc({column}::numeric) AND {_finite(f'{column}::numeric')})"
        case _:
            return _finite(f"{column}::numeric") if isinstance(type_, NUMBERS) else "TRUE"


def _finite(number: str) -> str:
    """Of 200 digits before and behind the point at most; and not NaN, which comes behind infinity."""
    return f"({number} > -1e200 AND {number} < 1e200 AND scale({number}) <= 200)"


def _items_whole(column: str, item: Type) -> tuple[str, ...]:
    match item:
        case DateType() | DateTimeType():
            first, last = _ends(item)
            return (f"({first} <= ALL ({column}) AND {last} >= ALL ({column}))",)
        case EnumType(values):
            return (f"(array_remove({column}::text[], NULL) <@ {listed(list(values))})",)
        case IpType():
            return (f"(policylang.addresses({column}) IS NOT NULL)",)
        case _ if isinstance(item, NUMBERS):
            numbers = f"{column}::numeric[]"
            finite = f"policylang.all_finite({numbers})"
            return (finite, f"policylang.all_whole({numbers})") if isinstance(item, IntType) else (finite,)
        case _:
            return ()


def _ends(type_: Type) -> tuple[str, str]:
    """The first and the last day, or instant, that Python has: what lies outside comes from no request and no file."""
    if isinstance(type_, DateType):
        return "'0001-01-01'::date", "'9999-12-31'::date"
    return "'0001-01-01 00:00:00+00'::timestamptz", "'9999-12-31 23:59:59.999999+00'::timestamptz"


def all_true(*parts: str) -> str:
    return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"


# --- JSON ----------------------------------------------------------------------------------------------------

READERS = {
    "as_text": "text",
    "as_one_of": "text",
    "as_boolean": "boolean",
    "as_number": "numeric",
    "as_whole": "numeric",
    "as_date": "date",
    "as_datetime": "timestamptz",
    "as_ip": "inet",
}
"""The functions that read a value from JSON, and what they give; `set_` before the name reads a set of them."""


def _read(json: str, type_: Type) -> str:
    """A JSON value as its type; NULL where it is missing or of another type."""
    item = type_.item
    kind = "set_" if isinstance(type_, SetType) else ""
    declared = f", {listed(list(item.values))}" if isinstance(item, EnumType) else ""
    return f"policylang.{kind}{_reader(item)}({json}{declared})"


def _reader(type_: Type) -> str:
    match type_:
        case BoolType():
            return "as_boolean"
        case DateType():
            return "as_date"
        case DateTimeType():
            return "as_datetime"
        case IpType():
            return "as_ip"
        case EnumType():
            return "as_one_of"
        case TextType() | UserType() | PlaceType() | RecordType():
            return "as_text"
        case IntType():
            return "as_whole"
        case _:  # numbers; durations are refused
            return "as_number"


def sql_type(type_: Type) -> str:
    return READERS[_reader(type_)]


def constant(operand: c.Constant) -> str:
    match operand.type:
        case BoolType():
            return "TRUE" if operand.value else "FALSE"
        case IpType():
            return f"policylang.address({literal(str(operand.value))}::inet)"
        case DateType() | DateTimeType():
            return f"{literal(str(operand.value))}::{sql_type(operand.type)}"
        case type_ if isinstance(type_, NUMBERS):
            return f"({operand.value})" if str(operand.value).startswith("-") else str(operand.value)
        case _:
            # Without a type: PostgreSQL takes that of the other side, which may be an enum of its own.
            return literal(str(operand.value))


_Kind = Literal["text", "key", "boolean", "number", "date", "datetime", "ip"]


def column_kind(type_: Type) -> _Kind:
    """What a column must be to hold values of an attribute's type, or the items of a set."""
    match type_:
        case BoolType():
            return "boolean"
        case DateType():
            return "date"
        case DateTimeType():
            return "datetime"
        case IpType():
            return "ip"
        case RecordType():
            return "key"
        case _:
            return "number" if isinstance(type_, NUMBERS) else "text"
