"""Values as Cedar holds them, in its JSON for attributes.

An instant is the number of microseconds since 1970, a day that of days: Cedar's own datetimes know milliseconds only.
An amount is its largest whole number and the billionths of billionths above it, a duration its unit and its length.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from policylang.model import addresses
from policylang.model.instants import day_number, microseconds
from policylang.model.types import (
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    IntType,
    IpType,
    MoneyType,
    PlaceType,
    SetType,
    Type,
    UserType,
)
from policylang.runtime.values import MISSING
from policylang.targets.cedar.names import PLACE, USER, uid

MOST = 2**63 - 1
"""The largest number that Cedar has; the smallest has one more."""
_DIGITS = 18
ID = "@id"
"""Says in a related record which one it is; no attribute is called that."""
CedarTree = Mapping[str, Any]
"""By attribute what is read of the records in it."""


class NotHeldError(ValueError):
    """A value that Cedar cannot hold: there is no answer."""


def _amount(value: Decimal) -> dict[str, int] | None:
    """Null if it does not fit."""
    numerator, denominator = value.as_integer_ratio()
    scaled, rest = divmod(numerator * 10**_DIGITS, denominator)
    whole, fraction = divmod(scaled, 10**_DIGITS)
    return None if rest or abs(whole) > MOST else {"whole": whole, "fraction": fraction}


def _address(value: addresses.IpAddress) -> str | None:
    """Without dots in IPv6, which Cedar does not read; null for one with a zone."""
    if isinstance(value, ipaddress.IPv4Address):
        return str(value)
    digits = f"{int(value):032x}"
    return None if value.scope_id else ":".join(digits[n : n + 4] for n in range(0, 32, 4))


def network(text: str) -> str:
    found = addresses.network(text)
    return f"{_address(found.network_address)}/{found.prefixlen}"


def attribute_value(type_: Type, found: Any) -> Any:
    """The value of an attribute that is no record, from what `policylang.runtime.values.read` gives. Raises
    `NotHeldError`.
    """
    value: Any
    match type_:
        case SetType(of):
            items = [attribute_value(of, item) for item in found if item is not MISSING]
            return {"items": items, "unknown": any(item is MISSING for item in found)}
        case UserType():
            return {"__entity": uid(USER, found)}
        case PlaceType():
            return {"__entity": uid(PLACE, found)}
        case DateType():
            return day_number(found)
        case DateTimeType():
            return microseconds(found)
        case IntType():
            value = int(found) if abs(found) <= MOST else None
        case DecimalType() | MoneyType():
            value = _amount(found)
        case DurationType():
            value = {"months": found.unit == "months", "length": found.length} if found.length <= MOST else None
        case IpType():
            written = _address(found)
            value = None if written is None else {"__extn": {"fn": "ip", "arg": written}}
        case _:
            return found
    if value is None:
        raise NotHeldError(f"Cedar cannot hold {found}")
    return value
