"""Constants: from what is written to a typed value."""

from __future__ import annotations

import calendar
import datetime
import re
from decimal import Decimal
from typing import Any

from policylang.diagnostics import listed, quoted
from policylang.model import addresses
from policylang.model import types as t
from policylang.model.conditions import Constant
from policylang.model.context import Context
from policylang.model.habits import UNITS as UNITS_IN_SHORT
from policylang.model.instants import instant_text
from policylang.suggest import closest
from policylang.syntax import expressions

WrittenValue = (
    expressions.Text
    | expressions.Number
    | expressions.Duration
    | expressions.Date
    | expressions.DateTime
    | expressions.Name
)


def natural_type(node: WrittenValue) -> t.Type | None:
    """The type a constant has by itself; ``None`` where the other side decides (numbers, words)."""
    match node:
        case expressions.Text():
            return t.TextType()
        case expressions.Duration():
            return t.DurationType()
        case expressions.Date():
            return t.DateType()
        case expressions.DateTime():
            return t.DateTimeType()
        case _:
            return None


_LONGEST_AMOUNT = 200
"""Digits of an amount. Python takes its time with longer numbers, and refuses those of thousands of digits."""


def duration(context: Context, node: expressions.Duration) -> t.Duration | None:
    """Read ``30 days``. Reports an unknown unit, a singular in place of the plural, and what is too long."""
    written, unit = node.amount.value, node.unit.value
    plural = unit if unit in t.UNITS else f"{unit}s"
    if plural not in t.UNITS:
        near = UNITS_IN_SHORT.get(unit.lower()) or closest(unit, t.UNITS)
        if near and written == "1":
            near = near.removesuffix("s")
        message = f"{quoted(unit)} is not a unit of time"
        help = f"write `{written} {near}`" if near else f"units are {listed(list(t.UNITS), 'and')}"
        context.error("PL100", node.unit, message, help, replace=node, by=near and f"{written} {near}")
        return None
    if plural != unit and written != "1":
        message = f"expected `{plural}`, found {quoted(unit)}"
        context.error("PL100", node.unit, message, f"write `{written} {plural}`", by=plural)
        return None
    if not (written.isascii() and written.isdigit()):
        help = "remove the sign" if written.startswith("-") else "use a smaller unit"
        context.error("PL103", node.amount, "a duration is a whole number of units, not negative", help)
        return None
    kept, size = t.UNITS[plural]
    amount = int(written) * size if len(written) <= _LONGEST_AMOUNT else t.MAX_INT
    if amount > context.limits.duration_years * {"minutes": 366 * 24 * 60, "days": 366, "months": 12}[kept]:
        message = f"a duration of more than {context.limits.duration_years} years"
        context.error("PL110", node, message, "shorten it, or raise the limit in `policylang.yaml`")
        return None
    return t.Duration(amount, kept)


def date(context: Context, node: expressions.Date) -> datetime.date | None:
    """Read a calendar day. Reports days that do not exist."""
    try:
        return datetime.date.fromisoformat(node.value)
    except ValueError:
        year, month = int(node.value[:4]), int(node.value[5:7])
        help = "dates are year-month-day"
        if 1 <= month <= 12 and year:
            help = f"{node.value[:7]} has {calendar.monthrange(year, month)[1]} days"
        context.error("PL109", node, f"the date {quoted(node.value)} does not exist", help)
        return None


def time_of_day(context: Context, node: expressions.Time) -> str | None:
    """Read a time of day. Reports those that do not exist."""
    if node.value[:2] <= "23" and node.value[3:] <= "59":
        return node.value
    help = "midnight is `00:00`" if node.value == "24:00" else "hours go to 23, minutes to 59"
    context.error("PL109", node, f"the time {quoted(node.value)} does not exist", help)
    return None


def moment(context: Context, day: expressions.Date, time: expressions.Time | None) -> str | None:
    """Read a day, or a day and a time, as `2026-01-31 20:00`."""
    read = date(context, day)
    if time is None:
        return None if read is None else read.isoformat()
    of_day = time_of_day(context, time)
    return None if read is None or of_day is None else f"{read.isoformat()} {of_day}"


def instant(context: Context, node: expressions.DateTime) -> str | None:
    """Read a datetime as UTC. Reports instants that do not exist and those without an offset."""
    try:
        if "T24" in node.value:
            raise ValueError("an hour that Python reads from 3.14 on")
        found = datetime.datetime.fromisoformat(node.value)
        if found.tzinfo is None:
            message = f"{quoted(node.value)} has no offset, so it means a different instant in every timezone"
            context.error("PL109", node, message, f"add the offset: `{node.value}Z` or `{node.value}-07:00`")
            return None
        found = found.astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        context.error("PL109", node, f"the instant {quoted(node.value)} does not exist", "write `2026-01-31T08:00:00Z`")
        return None
    return instant_text(found)


def literal(context: Context, node: WrittenValue, type_: t.Type, what: str) -> Constant | None:
    """The constant as a value of a type, or ``None`` after a report of why it is none.

    ``what`` names the thing that has the type, for messages.
    """
    value = _value(context, node, type_, what)
    return None if value is None else Constant(type_, value, context.at(node))


def of_user(context: Context, node: WrittenValue, type_: t.Type, what: str) -> Constant | None:
    """As `literal`, for an attribute of a user: there the id of a record, a text, stands for the record."""
    if isinstance(type_, t.RecordType) and isinstance(node, expressions.Text):
        return Constant(type_, node.value, context.at(node))
    return literal(context, node, type_, what)


def mismatch(
    context: Context,
    node: expressions.Node,
    what: str,
    type_: t.Type,
    found: str,
    help: str = "",
    by: str | None = None,
) -> None:
    """Report PL103: something of one type where another is needed. ``by`` is what mends it in place of the node."""
    context.error("PL103", node, f"{what} is {t.in_words(type_)}, {found}", help or None, by=by)


def _value(context: Context, node: WrittenValue, type_: t.Type, what: str) -> Any:
    match type_, node:
        case t.TextType(), expressions.Text(value=value):
            return value
        case t.UserType(), expressions.Text(value=value):
            return value
        case t.IpType(), expressions.Text(value=value):
            return _address(context, node, value)
        case t.PlaceType(), expressions.Text():
            return _place(context, node, type_, what)
        case t.BoolType(), expressions.Name(value="true" | "false" as word):
            return word == "true"
        case t.EnumType(), expressions.Name():
            return _enum_value(context, node, type_, what)
        case t.IntType(), expressions.Number(value=value):
            return _int(context, node, value, what)
        case _, expressions.Number(value=value) if isinstance(type_, t.NUMBERS):
            return _canonical_decimal(Decimal(value))
        case t.DateType(), expressions.Date():
            day = date(context, node)
            return day and day.isoformat()
        case t.DateTimeType(), expressions.DateTime():
            return instant(context, node)
        case t.DurationType(), expressions.Duration():
            return duration(context, node)
    written = context.text(node)
    help, by = _mismatch_help(node, type_, written)
    mismatch(context, node, what, type_, f"{quoted(written)} is not", help, by)
    return None


def _mismatch_help(node: WrittenValue, type_: t.Type, written: str) -> tuple[str, str | None]:
    """What to do about a constant of the wrong type, and the text that mends it, if that is known."""
    match type_, node:
        case t.TextType() | t.UserType() | t.RecordType() | t.IpType() | t.PlaceType(), expressions.Name():
            return f'write it in quotes: `"{written}"`', f'"{written}"'
        case t.TextType(), (expressions.Number() | expressions.Date() | expressions.DateTime()):
            return f'write it in quotes: `"{written}"`', f'"{written}"'
        case t.EnumType(values), expressions.Text(value=value):
            if value in values:
                return f"write values without quotes: `{value}`", value
            return f"values: {', '.join(values)}", None
        case t.DateTimeType(), expressions.Date(value=value):
            mended = f"{value}T00:00:00Z"
            return f"add a time and an offset: `{mended}`", mended
        case t.DateType(), expressions.DateTime(value=value):
            return f"write the day alone: `{value[:10]}`", value[:10]
        case ((t.DateType() | t.DateTimeType()), expressions.Text(value=value)):
            fits = re.fullmatch(r"\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?", value)
            right = fits is not None and (len(value) == 10) == isinstance(type_, t.DateType)
            example = "2026-01-31" if isinstance(type_, t.DateType) else "2026-01-31T08:00:00Z"
            help = f"write it as year-month-day, without quotes: `{example}`"
            return (f"remove the quotes: `{value}`", value) if right else (help, None)
        case ((t.DateType() | t.DateTimeType()), expressions.Duration()):
            return f"write a duration counted from now: `… within {written}` or `… older than {written}`", None
        case ((t.DateType() | t.DateTimeType()), expressions.Number()):
            example = "2026-01-31" if isinstance(type_, t.DateType) else "2026-01-31T08:00:00Z"
            return f"write dates as year-month-day: `{example}`", None
        case t.DurationType(), expressions.Number(value=value):
            return f"add a unit: `{value} days`", f"{value} days"
        case t.DurationType(), expressions.Text(value=value) if re.fullmatch(r"[0-9]+ [a-z]+", value):
            return f"remove the quotes: `{value}`", value
        case _, expressions.Text(value=value) if isinstance(type_, t.NUMBERS) and re.fullmatch(
            r"-?[0-9]+(\.[0-9]+)?", value
        ):
            return f"remove the quotes: `{value}`", value
        case _, (expressions.Duration() | expressions.Text() | expressions.Name()) if isinstance(type_, t.NUMBERS):
            return "write a plain number, without currency, unit or separators: `500`, `0.5`", None
        case t.BoolType(), _:
            return "write `true` or `false`", None
    return "", None


def _canonical_decimal(value: Decimal) -> str:
    """Plain digits, no exponent, no zeros at the end: equal numbers have one form."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _int(context: Context, node: expressions.Number, written: str, what: str) -> int | None:
    value = Decimal(written)
    if value != value.to_integral_value():
        mismatch(context, node, what, t.IntType(), f"{quoted(written)} is not")
        return None
    if abs(value) > t.MAX_INT:
        context.error("PL110", node, f"{quoted(written)} is beyond ±{t.MAX_INT}", "use a `decimal` attribute")
        return None
    return int(value)


def _address(context: Context, node: expressions.Node, value: str) -> str | None:
    try:
        return str(addresses.address(value))
    except ValueError:
        help = 'a network goes after `in`: `in "10.0.0.0/8"`' if "/" in value else "write `192.0.2.7` or `2001:db8::1`"
        context.error("PL103", node, f"{quoted(value)} is not an IP address", help)
        return None


def network(context: Context, node: expressions.Text) -> str | None:
    """Read ``10.0.0.0/8``. Reports what is no network, and networks with bits behind the mask."""
    try:
        return str(addresses.network(node.value))
    except ValueError:
        pass
    try:
        meant = str(addresses.network(node.value, strict=False))
    except ValueError:
        context.error("PL103", node, f"{quoted(node.value)} is not a network", "write `10.0.0.0/8`")
        return None
    context.error("PL103", node, f"{quoted(node.value)} names an address inside a network", f'write `"{meant}"`')
    return None


def _place(context: Context, node: expressions.Text, type_: t.PlaceType, what: str) -> str | None:
    site = context.find("place", node)
    if site is None:
        return None
    kind = site.node.kind.value
    if kind != type_.scope:
        mismatch(context, node, what, type_, f"{quoted(node.value)} is a {kind}")
        return None
    return node.value


def _enum_value(context: Context, node: expressions.Name, type_: t.EnumType, what: str) -> str | None:
    if node.value in type_.values:
        return node.value
    near = context.report.closest(node.value, type_.values)
    values = ", ".join(type_.values)
    if near:
        context.error("PL101", node, f"{what} has no value {quoted(node.value)}", f"did you mean `{near}`?", by=near)
    else:
        mismatch(context, node, what, type_, f"{quoted(node.value)} is not", f"values: {values}")
    return None
