"""Values of people's attributes: read strictly as the declared type, to the constants that policy text would give."""

from __future__ import annotations

import re
from decimal import Decimal

from policylang.diagnostics import quoted
from policylang.directory.people import DirectoryValue
from policylang.directory.problems import shown
from policylang.model import types as t
from policylang.model.conditions import Constant
from policylang.model.context import Context
from policylang.model.values import WrittenValue, mismatch, of_user
from policylang.syntax import expressions

_NUMBER = re.compile(r"-?[0-9]{1,200}(?:\.[0-9]{1,200})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DURATION = re.compile(r"([0-9]{1,200}) ([A-Za-z]+)")


def constants(
    context: Context, given: DirectoryValue, type_: t.Type, what: str, table: bool
) -> tuple[Constant, ...] | None:
    """The value, or the values of a set, as constants; ``None`` after a report of why it is none.

    ``what`` names the attribute, for messages. ``table``: every value is a text, those of a set are joined by ``;``.
    """
    if not isinstance(type_, t.SetType):
        constant = _constant(context, given, type_, what, table)
        return None if constant is None else (constant,)
    items = _split(context, given, what) if table else given.value
    if items is None:
        return None
    if not isinstance(items, tuple):
        mismatch(context, given, what, type_, "one value is not", "write `[a, b]`")
        return None
    found = [_constant(context, item, type_.of, what, table) for item in items]
    known = tuple([constant for constant in found if constant is not None])
    return known if len(known) == len(found) else None


def _split(context: Context, given: DirectoryValue, what: str) -> tuple[DirectoryValue, ...] | None:
    items = given.value.split(";")
    if any(item != item.strip() or not item for item in items):
        message = f"a value in {quoted(given.value)} is empty, or starts or ends with a space"
        context.error("PL100", given, message, f"{what} is a list: write `a;b`")
        return None
    return tuple([DirectoryValue(given.start_pos, given.end_pos, item) for item in items])


def _constant(context: Context, given: DirectoryValue, type_: t.Type, what: str, table: bool) -> Constant | None:
    if isinstance(given.value, tuple):
        mismatch(context, given, what, type_, "a list is not", "give one value")
        return None
    node = _written(given, type_, table)
    if node is not None:
        return of_user(context, node, type_, what)
    value = given.value
    mismatch(context, given, what, type_, f"{shown(value)} is not", _help(given, type_))
    return None


def _written(given: DirectoryValue, type_: t.Type, table: bool) -> WrittenValue | None:
    """The value as policy text would write a constant of the type, or ``None`` where it could not be one."""
    start, end, value = given.start_pos, given.end_pos, given.value
    if isinstance(value, bool):
        return expressions.Name(start, end, "true" if value else "false") if isinstance(type_, t.BoolType) else None
    if isinstance(value, int | Decimal):
        return expressions.Number(start, end, format(value, "f")) if isinstance(type_, t.NUMBERS) else None
    match type_:
        case t.TextType() | t.UserType() | t.RecordType() | t.IpType() | t.PlaceType():
            return expressions.Text(start, end, value)
        case t.EnumType():
            return expressions.Name(start, end, value)
        case t.BoolType() if table and value in ("true", "false"):
            return expressions.Name(start, end, value)
        case t.DateType() if _DATE.fullmatch(value):
            return expressions.Date(start, end, value)
        case t.DateTimeType() if _DATETIME.fullmatch(value):
            return expressions.DateTime(start, end, value)
        case t.DurationType() if (match := _DURATION.fullmatch(value)) is not None:
            return expressions.Duration(
                start, end, expressions.Number(start, end, match[1]), expressions.Name(start, end, match[2])
            )
        case _ if isinstance(type_, t.NUMBERS) and _NUMBER.fullmatch(value):
            return expressions.Number(start, end, value)
    return None


def _help(given: DirectoryValue, type_: t.Type) -> str:
    match type_:
        case t.TextType() | t.UserType() | t.RecordType() | t.EnumType() | t.IpType() | t.PlaceType():
            return "write it in quotes"
        case t.BoolType():
            return f"write `true` or `false`{', without quotes' if given.value in ('true', 'false') else ''}"
        case t.DateTimeType() if isinstance(given.value, str) and _DATE.fullmatch(given.value):
            return f"add a time and an offset: `{given.value}T00:00:00Z`"
        case t.DateTimeType() | t.DateType() | t.DurationType():
            return f"write it like `{t.sample(type_)}`"
        case _ if isinstance(type_, t.NUMBERS):
            return "write digits, with a point before a fraction"
    return ""
