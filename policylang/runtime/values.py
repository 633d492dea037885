"""Values of records, users and requests: from what a caller has to what conditions compare."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from policylang.model.types import (
    UNITS,
    BoolType,
    DateTimeType,
    DateType,
    DecimalType,
    Duration,
    DurationType,
    EnumType,
    IntType,
    IpType,
    MoneyType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
    in_words,
)

# Texts are read as the language writes its constants, so that every target can read them alike.
_NUMBER = re.compile(r"-?[0-9]{1,200}(\.[0-9]{1,200})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


class Missing(Enum):
    """The one value that is none."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class BadValueError(ValueError):
    """A value that is not of its attribute's type. Nothing can be decided with it, so the request is denied."""


def attribute(record: Any, name: str) -> Any:
    """The raw value of an attribute of a mapping or an object; `MISSING` where there is none, or only ``None``.

    Texts, numbers and lists have no attributes here, whatever Python says: a bare key stands for an unknown record.
    """
    if isinstance(record, str | bytes | int | float | list | tuple | set):
        return MISSING
    value = record.get(name, MISSING) if isinstance(record, Mapping) else getattr(record, name, MISSING)
    return MISSING if value is None else value


def read(type_: Type, raw: Any, where: str) -> Any:
    """The value as its type: text and ids as str, numbers as Decimal, date, aware datetime, IP address, `Duration`,
    a tuple for a set (with `MISSING` for items that are ``None``), the raw mapping or object for a related record.

    Raises `BadValueError` naming ``where`` if the raw value is of another type. A datetime without an offset is.
    """
    if raw is MISSING:
        return MISSING
    if isinstance(type_, SetType):
        if isinstance(raw, str | bytes | Mapping) or not hasattr(raw, "__iter__"):
            raise _bad(type_, raw, where)
        return tuple(MISSING if item is None else read(type_.of, item, where) for item in raw)
    value = _read_one(type_, raw)
    if value is None:
        raise _bad(type_, raw, where)
    return value


def _bad(type_: Type, raw: Any, where: str) -> BadValueError:
    try:
        shown = repr(raw)
    except Exception:  # whatever an object of the caller's raises, and what Python does for enormous numbers
        shown = f"something of type {type(raw).__name__}"
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return BadValueError(f"`{where}` is {in_words(type_)}, {shown} is not")


def _read_one(type_: Type, raw: Any) -> Any:
    match type_:
        case TextType() | UserType() | PlaceType():
            return raw if isinstance(raw, str) else None
        case EnumType(values):
            return raw if isinstance(raw, str) and raw in values else None
        case BoolType():
            return raw if isinstance(raw, bool) else None
        case IntType() | DecimalType() | MoneyType():
            return _number(type_, raw)
        case DateType():
            return _date(raw)
        case DateTimeType():
            return _instant(raw)
        case DurationType():
            return raw if isinstance(raw, Duration) else _duration(raw)
        case IpType():
            return _address(raw)
        case RecordType():
            # A bare key says which record it is, but nothing of it can be looked up.
            return None if isinstance(raw, bool | int | float | bytes) else raw


def _number(type_: Type, raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        return None
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
        return None
    number = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
    if not number.is_finite() or (isinstance(type_, IntType) and number != number.to_integral_value()):
        return None
    return number


def _date(raw: Any) -> datetime.date | None:
    if isinstance(raw, datetime.datetime):
        return None
    if isinstance(raw, datetime.date):
        return raw
    try:
        return datetime.date.fromisoformat(raw) if isinstance(raw, str) and _DATE.fullmatch(raw) else None
    except ValueError:
        return None


def _instant(raw: Any) -> datetime.datetime | None:
    if isinstance(raw, str):
        try:
            raw = datetime.datetime.fromisoformat(raw) if _DATETIME.fullmatch(raw) else None
        except ValueError:
            return None
    if not isinstance(raw, datetime.datetime) or raw.utcoffset() is None:
        return None
    try:
        # Python compares times of one timezone by the clock on the wall, which shows some hours twice.
        return raw.astimezone(datetime.UTC)
    except OverflowError:
        return None


def _duration(raw: Any) -> Duration | None:
    words = raw.split(" ") if isinstance(raw, str) else []
    if len(words) != 2 or not words[0].isdecimal() or not words[0].isascii() or len(words[0]) > 9:
        return None
    unit = words[1] if words[1] in UNITS else f"{words[1]}s"
    if unit not in UNITS:
        return None
    kept, size = UNITS[unit]
    return Duration(int(words[0]) * size, kept)


def _address(raw: Any) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if isinstance(raw, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return raw
    try:
        return ipaddress.ip_address(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
