"""Conditions as SQL expressions.

An expression is true exactly where the condition is true, or where it is false if that is asked for; elsewhere it is
false or NULL. What does not depend on the row is wrapped as ``(SELECT …)``, which PostgreSQL evaluates once a query.
"""

from __future__ import annotations

from policylang.model import conditions as c
from policylang.model.types import DateType, RecordType
from policylang.runtime.columns import spellings
from policylang.targets.postgres.names import literal
from policylang.targets.postgres.operands import SqlOperand, SqlRow, all_true, constant, operand, sql_type
from policylang.targets.postgres.refusals import fitting_length, refuse_zone
from policylang.targets.postgres.trees import under

_SIGNS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def sql(condition: c.Condition, row: SqlRow, wanted: bool = True) -> str:
    """The condition, in parentheses wherever that matters."""
    key = condition, wanted
    if key not in row.written:
        row.written[key] = _sql(condition, row, wanted)
    return row.written[key]


def _sql(condition: c.Condition, row: SqlRow, wanted: bool) -> str:
    match condition:
        case c.And(items) | c.Or(items):
            word = " AND " if isinstance(condition, c.And) == wanted else " OR "
            return f"({word.join(_sql(item, row, wanted) for item in items)})"
        case c.Not(item):
            return _sql(item, row, not wanted)
        case _:
            return _test(condition, row, wanted)


def _test(test: c.Test, row: SqlRow, wanted: bool) -> str:
    if isinstance(test, c.Under):
        return under(test, row) if wanted else f"(NOT {under(test, row)})"
    sides = [operand(each, row, test.at) for each in test.sides]
    if isinstance(test, c.Missing):
        return _missing(sides[0], wanted)
    if isinstance(test, c.Hours | c.Weekdays):
        return _clock(test, row) if wanted else f"(NOT {_clock(test, row)})"
    said = _said(test, sides, row)
    return all_true(said if wanted else f"(NOT {said})", *_known(test, sides, wanted))


def _missing(side: SqlOperand, wanted: bool) -> str:
    if wanted:
        return all_true(f"({side.given} IS NULL)", *_parts(side.apart))
    if side.is_column:
        return all_true(f"({side.given} IS NOT NULL)", *_parts(side.whole))
    return f"({side.sql} IS NOT NULL)"


def _known(test: c.Test, sides: list[SqlOperand], wanted: bool) -> list[str]:
    """What makes sure that columns hold values of their types, where the test does not."""
    columns = [side for side in sides if side.is_column]
    if isinstance(test, c.Contains):
        items, item = sides
        whole = _parts(items.whole)  # of an item that is another, too, nothing is known
        if wanted:
            return whole
        return [
            *whole,
            *([] if isinstance(test.item, c.Constant) else [f"({item.sql} IS NOT NULL)"]),
            *_parts(item.whole),
        ]
    if isinstance(test, c.Overlaps):
        whole = [part for side in columns for part in _parts(side.whole)]
        return whole if wanted else [*whole, _told_apart(sides)]
    equal = isinstance(test, c.In) or (isinstance(test, c.Compare) and test.test == "eq" and len(columns) == 1)
    within = isinstance(test, c.Time) and test.test != "older_than"
    return [] if wanted and (equal or within) else [part for side in columns for part in _parts(side.whole)]


def _parts(part: str | None) -> list[str]:
    return [] if part is None or part == "TRUE" else [part]


def _said(test: c.Test, sides: list[SqlOperand], row: SqlRow) -> str:
    """The test of values of their types; NULL where one is missing."""
    values = [side.sql for side in sides]
    match test:
        case c.Compare(kind, left, _):
            cast = "::text" if isinstance(left.type, RecordType) else ""
            return f"({values[0]}{cast} {_SIGNS[kind]} {values[1]}{cast})"
        case c.In(given, among):
            values_ = [c.Constant(given.type, each, test.at) for each in among]
            for each in values_:
                refuse_zone(each, test.at, row.refuse)
            listed = ", ".join(map(constant, values_))
            cast = "::text" if isinstance(given.type, RecordType) else ""
            return f"({values[0]}{cast} IN ({listed}))" if listed else f"({values[0]} IS NULL AND NULL)"
        case c.InNetwork(given, network):
            own = sides[0].is_column and isinstance(given, c.Path) and len(given.steps) == 1
            return _in_network(sides[0].given if own else values[0], network, own)
        case c.Contains(_, item):
            if isinstance(item.type, RecordType):  # keys, of whatever types
                return f"({values[1]}::text = ANY ({values[0]}::text[]))"
            among_ = values[0]
            if among_.startswith("(SELECT "):  # of which ANY would compare the rows
                among_ = f"{among_}::{sql_type(item.type)}[]"
            return f"({values[1]} = ANY ({among_}))"
        case c.Overlaps(left, right):
            return f"({_items(values[0], left)} && {_items(values[1], right)})"
        case c.Empty():
            return f"(cardinality({values[0]}) = 0)"
        case c.TextTest(kind, _, _):
            return _text(kind, *values)
        case _:
            assert isinstance(test, c.Time)
            return _time(test, values[0], row)


def _items(array: str, side: c.Operand) -> str:
    """Two arrays overlap only if they are of one type, which columns have their own of."""
    return f"{array}::{sql_type(side.type.item)}[]"


def _told_apart(sides: list[SqlOperand]) -> str:
    """No item is missing that could be in the other set too."""
    empty = [f"cardinality({side.sql}) = 0" for side in sides]
    whole = " AND ".join(f"array_position({side.sql}, NULL) IS NULL" for side in sides)
    return f"({' OR '.join(empty)} OR ({whole}))"


def _text(test: str, text: str, part: str) -> str:
    match test:
        case "contains":
            return f"(strpos({text}, {part}) > 0)"
        case "starts_with":
            return f"starts_with({text}, {part})"
        case _:
            return f"(right({text}, length({part})) = {part})"


def _time(test: c.Time, found: str, row: SqlRow) -> str:
    length = fitting_length(test, row.refuse)
    if length is None:
        return "NULL"
    day = isinstance(test.operand.type, DateType)
    sign = "" if test.test == "within_next" else "-"
    months = f"{sign}{length.amount if length.unit == 'months' else 0}"
    minutes = {"minutes": 1, "days": 24 * 60, "months": 0}[length.unit] * length.amount
    if day:
        days = f"{sign}{length.amount if length.unit == 'days' else 0}"
        now, edge = "policylang.today()", f"policylang.day_after({months}, {days})"
    else:
        now, edge = "policylang.instant()", f"policylang.instant_after({months}, {sign}{minutes})"
    now, edge = row.constant(now), row.constant(edge)
    match test.test:
        case "within":
            return f"({found} >= {edge} AND {found} <= {now})"
        case "within_next":
            return f"({found} >= {now} AND {found} <= {edge})"
        case _:
            return f"({found} < {edge})"


def _clock(test: c.Hours | c.Weekdays, row: SqlRow) -> str:
    if isinstance(test, c.Weekdays):
        days = ", ".join(str(1 + c.WEEKDAYS.index(day)) for day in test.days)
        return f"({row.constant('policylang.weekday()')} IN ({days}))"
    time = row.constant("policylang.time_of_day()")
    word = "AND" if test.first <= test.last else "OR"
    return f"({time} >= {literal(test.first)}::time {word} {time} < {literal(test.last)}::time)"


def _in_network(address: str, network: str, own: bool) -> str:
    """``own``: the address is a column as it is, for its index to serve, and may hold IPv4 addresses as IPv6 ones."""
    inside, outside = spellings(network)
    if not own:
        return _within(address, inside[0])
    said = " OR ".join(_within(address, each) for each in inside)
    return f"({said})" if not outside else f"({said} AND NOT {_within(address, outside[0])})"


def _within(address: str, network: str) -> str:
    return f"({address} <<= {literal(network)}::inet)"
