"""Values as JSON that every Rego engine compares exactly: no fractions, no whole numbers beyond 64 bits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from policylang.model.addresses import IpAddress, network
from policylang.model.instants import day_number, microseconds
from policylang.model.types import (
    MAX_INT,
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
    RecordType,
    SetType,
    Type,
)
from policylang.runtime.values import MISSING

_MAX_DIGITS: Final = 400
"""Before the point of a number, and behind it."""
_MAX_DAYS: Final = MAX_INT // (24 * 60)
"""Of a duration, so that its minutes are a whole number that JSON keeps."""

FIRST_DAY, LAST_DAY = -719162, 2932896
"""Of the calendar, as days since 1970-01-01."""


class NotEncodableError(ValueError):
    """A value that not every engine can hold. A request with it is to be denied."""


def encoded(type_: Type, found: Any) -> Any:
    """A value, as `policylang.runtime.values.read` gives it; of related records those that are their ids alone.

    Raises `NotEncodableError` for numbers, durations and texts out of range.
    """
    match type_:
        case SetType(of):
            return [None if each is MISSING else encoded(of, each) for each in found]
        case IntType() | DecimalType() | MoneyType():
            return _number(found)
        case DateTimeType():
            return microseconds(found)
        case DateType():
            return day_number(found)
        case DurationType():
            return _duration(found)
        case IpType():
            return _address(found)
        case BoolType():
            return bool(found)
        case _:
            return text(found)


def text(found: str) -> str:
    """The text itself; half a character is not one."""
    if any("\ud800" <= char <= "\udfff" for char in found):
        raise NotEncodableError("a text holds half of a surrogate pair")
    return str(found)


def _number(found: Decimal) -> str:
    """Plain digits without zeros that say nothing: ``0``, ``-12.5``."""
    if not found:
        return "0"
    exponent = found.as_tuple().exponent
    assert isinstance(exponent, int)
    if found.adjusted() >= _MAX_DIGITS or exponent < -_MAX_DIGITS:
        raise NotEncodableError(f"a number has more than {_MAX_DIGITS} digits before or after its point")
    written = format(found, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _duration(found: Duration) -> dict[str, int]:
    """``{"days": 30}``, in the one unit that keeps its meaning."""
    if found.amount > (_MAX_DAYS if found.unit == "days" else MAX_INT):
        raise NotEncodableError(f"a duration is longer than {_MAX_DAYS} days")
    return {found.unit: found.amount}


def _address(found: IpAddress) -> str:
    """The bytes in hexadecimal, and the zone of an IPv6 address behind ``%``."""
    zone = getattr(found, "scope_id", None)
    return found.packed.hex() + ("" if zone is None else f"%{text(zone)}")


def addresses(written: str) -> tuple[str, str]:
    """The first and the last address of a network."""
    found = network(written)
    return found.network_address.packed.hex(), found.broadcast_address.packed.hex()


def described(type_: Type) -> Any:
    """What a value of the type looks like, in the words of the program."""
    match type_:
        case SetType(of):
            return {"set_of": described(of)}
        case EnumType(values):
            return {"one_of": list(values)}
        case IntType():
            return "int"
        case DecimalType() | MoneyType():
            return "number"
        case DateTimeType():
            return "datetime"
        case DateType():
            return "date"
        case DurationType():
            return "duration"
        case IpType():
            return "ip"
        case BoolType():
            return "bool"
        case RecordType():
            return "record"
        case _:
            return "text"
