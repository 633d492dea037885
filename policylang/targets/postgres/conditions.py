"""Conditions as SQL expressions.

SQL's logic has the same three values: a test about NULL is NULL, so true, false and unknown are as they should be
without guards. What does not depend on the row is wrapped as ``(SELECT …)``, which PostgreSQL evaluates once a query.
"""

from __future__ import annotations

import msgspec

from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    EnumType,
    IpType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime.index import Index
from policylang.targets.postgres.names import literal, name
from policylang.targets.postgres.tables import Mapped

ME = "policylang.me()"
_SIGNS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class Row(msgspec.Struct, frozen=True):
    """The row that expressions speak of: ``alias`` is SQL, such as ``NEW`` or a table's name; ``once``: whether
    subqueries may stand in the expression, which they may not in a trigger's condition.
    """

    index: Index
    tables: dict[str, Mapped]
    resource: str
    alias: str
    once: bool = True

    def column(self, attribute: str) -> str:
        return f"{self.alias}.{name(self.tables[self.resource].columns[attribute])}"

    def constant(self, call: str) -> str:
        """A call that gives the same for every row of a query."""
        return f"(SELECT {call})" if self.once else call


def related(resource: str, attribute: str) -> str:
    """The function that reads an attribute of the row with a key."""
    return f"policylang.{name(f'{resource}.{attribute}')}"


def sql(condition: c.Condition, row: Row) -> str:
    """The condition, in parentheses wherever that matters."""
    match condition:
        case c.And(items) | c.Or(items):
            word = " AND " if isinstance(condition, c.And) else " OR "
            return f"({word.join(sql(item, row) for item in items)})"
        case c.Not(item):
            return f"(NOT {sql(item, row)})"
        case c.Missing(operand):
            return f"({value(operand, row)} IS NULL)"
        case c.Compare(test, left, right):
            kind = "::text" if isinstance(left.type, RecordType) else ""
            return f"({value(left, row)}{kind} {_SIGNS[test]} {value(right, row)}{kind})"
        case c.In(operand, values):
            listed = ", ".join(value(c.Constant(operand.type, v, condition.at), row) for v in values)
            found = value(operand, row)
            return f"({found} IN ({listed}))" if listed else f"({found} IS NULL AND NULL)"
        case c.InNetwork(operand, network):
            return f"({value(operand, row)} <<= {literal(network)}::inet)"
        case c.Contains(operand, item):
            among, wanted = value(operand, row), value(item, row)
            if among.startswith("(SELECT "):  # of which ANY would compare the rows
                among = f"{among}::{sql_type(item.type)}[]"
            found = f"{wanted} = ANY ({among})"
            return (
                f"({found})" if isinstance(item, c.Constant) else f"(CASE WHEN {wanted} IS NOT NULL THEN {found} END)"
            )
        case c.TextTest(test, operand, part):
            return _text(test, value(operand, row), value(part, row))
        case c.Time():
            return _time(condition, row)


def _text(test: str, text: str, part: str) -> str:
    match test:
        case "contains":
            return f"(strpos({text}, {part}) > 0)"
        case "starts_with":
            return f"starts_with({text}, {part})"
        case _:
            return f"(right({text}, length({part})) = {part})"


def _time(test: c.Time, row: Row) -> str:
    assert isinstance(test.duration, c.Constant)
    assert isinstance(test.duration.value, Duration)
    length, day = test.duration.value, isinstance(test.operand.type, DateType)
    sign = "" if test.test == "within_next" else "-"
    months = f"{sign}{length.amount if length.unit == 'months' else 0}"
    minutes = {"minutes": 1, "days": 24 * 60, "months": 0}[length.unit] * length.amount
    if day and length.unit == "minutes":
        return "(NULL::boolean)"  # a day has no minutes
    if day:
        days = f"{sign}{length.amount if length.unit == 'days' else 0}"
        now, edge = "policylang.today()", f"policylang.day_after({months}, {days})"
    else:
        now, edge = "policylang.instant()", f"policylang.instant_after({months}, {sign}{minutes})"
    found, now, edge = value(test.operand, row), row.constant(now), row.constant(edge)
    match test.test:
        case "within":
            return f"({found} >= {edge} AND {found} <= {now})"
        case "within_next":
            return f"({found} >= {now} AND {found} <= {edge})"
        case _:
            return f"({found} < {edge})"


# --- values --------------------------------------------------------------------------------------------------


def value(operand: c.Operand, row: Row) -> str:
    """The value of an operand; NULL where it is missing."""
    if isinstance(operand, c.Constant):
        return constant(operand)
    first, *rest = operand.steps or ("",)
    at: Type
    match operand.root:
        case "subject" if not operand.steps:
            return row.constant(ME)
        case "subject":
            at = row.index.subject[first]
            found = row.constant(_of_user(row.constant(ME) if not row.once else ME, first, at))
        case "request":
            at = row.index.request[first]
            found = row.constant(_typed(f"policylang.request({literal(first)})", at))
        case "record":
            at = row.index.attributes[row.resource][first].type
            found = row.column(first)
    for step in rest:
        if isinstance(at, UserType):
            at = row.index.subject[step]
            found = _of_user(found, step, at)
        else:
            assert isinstance(at, RecordType)
            found = f"{related(at.resource, step)}({found})"
            at = row.index.attributes[at.resource][step].type
    return found


def _of_user(user: str, attribute: str, type_: Type) -> str:
    return _typed(f"policylang.of_user({user}, {literal(attribute)})", type_)


def _typed(json: str, type_: Type) -> str:
    """A JSON value as its type; NULL stays NULL."""
    if isinstance(type_, SetType):
        return f"policylang.items({json})::{sql_type(type_.of)}[]"
    return f"({json} #>> '{{}}')::{sql_type(type_)}"


def sql_type(type_: Type) -> str:
    match type_:
        case BoolType():
            return "boolean"
        case DateType():
            return "date"
        case DateTimeType():
            return "timestamptz"
        case IpType():
            return "inet"
        case TextType() | EnumType() | UserType() | PlaceType() | RecordType():
            return "text"
        case _:
            assert isinstance(type_, NUMBERS)
            return "numeric"


def constant(operand: c.Constant) -> str:
    match operand.type:
        case BoolType():
            return "TRUE" if operand.value else "FALSE"
        case DateType() | DateTimeType() | IpType():
            return f"{literal(str(operand.value))}::{sql_type(operand.type)}"
        case type_ if isinstance(type_, NUMBERS):
            return f"({operand.value})" if str(operand.value).startswith("-") else str(operand.value)
        case _:
            # Without a type: PostgreSQL takes that of the other side, which may be an enum of its own.
            return literal(str(operand.value))
