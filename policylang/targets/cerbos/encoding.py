"""Values as a request to Cerbos carries them, which are those of JSON."""

from __future__ import annotations

import ipaddress
from decimal import Decimal

from policylang.model.addresses import IpAddress
from policylang.model.types import Duration

ID = "@id"
"""Key of a related record, beside its attributes, for which record it is."""
USERS = "@users"
"""Key of a resource's attributes for those of users whom conditions reach, by id."""
UNREADABLE = "@unreadable"
"""Key of a resource's attributes for the paths of values that are not of their type."""


class UnheldError(Exception):
    """A value that Cerbos cannot hold as it is: the request cannot be decided there."""


def number(value: Decimal) -> float | int:
    """Numbers of requests are doubles in Cerbos. Those that come back as they were keep their order."""
    try:
        found = float(value)
        exact = Decimal(repr(found)) == value
    except (OverflowError, ArithmeticError):
        exact = False
    if not exact:
        raise UnheldError(f"{value} has more digits than a double keeps")
    return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else found


def text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UnheldError(f"{value!r} is no text in UTF-8") from None
    return value


def address(value: IpAddress) -> str:
    """All digits of the address, so that the order of texts is that of addresses of one version."""
    if isinstance(value, ipaddress.IPv4Address):
        return ".".join(f"{byte:03}" for byte in value.packed)
    digits = value.packed.hex()
    zone = f"%{text(value.scope_id)}" if value.scope_id is not None else ""
    return ":".join(digits[n : n + 4] for n in range(0, 32, 4)) + zone


def length(value: Duration) -> dict[str, float | int]:
    """In minutes, if it is a certain number of them, or else in months."""
    return {"months" if value.unit == "months" else "minutes": number(Decimal(value.length))}


def edge_name(value: Duration, sign: int) -> str:
    """What a request calls the instant or day so far from now: `30 days ago`, `1 year ahead`."""
    return f"{value} {'ahead' if sign > 0 else 'ago'}"
