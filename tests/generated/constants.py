"""Constants: which of them a condition compares with, and how the language writes them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

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
    PlaceType,
    RecordType,
    TextType,
    Type,
    UserType,
)
from tests.generated.chooser import Chooser
from tests.generated.world import World


def constant(c: Chooser, world: World, type_: Type) -> Any:
    """A constant of a type: text, `Decimal`, `Duration`, date, aware datetime, IP address, bool."""
    some = world.constants
    match type_:
        case TextType():
            return c.one(some.texts)
        case IntType():
            return min(Decimal(MAX_INT), c.one(some.numbers).to_integral_value())
        case DecimalType() | MoneyType():
            return c.one(some.numbers)
        case BoolType():
            return not c.chance(50)
        case DateType():
            return c.one(some.days)
        case DateTimeType():
            return c.one(some.instants)
        case DurationType():
            return c.one(some.durations)
        case IpType():
            return c.one(some.addresses)
        case EnumType(values):
            return c.one(values)
        case UserType():
            return c.one((*world.users, *world.integrations, "ghost"))
        case PlaceType(scope):
            return c.one(world.places_of(scope))
        case RecordType(resource):  # the id of one
            return c.one((*(key_of(resource, n) for n in range(world.features.rows)), "nowhere"))
    raise AssertionError(type_)


def key_of(resource: str, number: int) -> str:
    """The id of a record."""
    return f"{resource}-{number}"


def in_text(type_: Type, value: Any) -> str:
    """As a condition writes it."""
    match type_:
        case TextType() | UserType() | PlaceType() | IpType() | RecordType():
            return quoted(str(value))
        case BoolType():
            return "true" if value else "false"
        case DateTimeType():
            assert isinstance(value, datetime.datetime)
            return value.isoformat()
        case DecimalType() | MoneyType() | IntType():
            return format(value, "f")
        case DurationType():
            assert isinstance(value, Duration)
            return f"{value.amount} {value.unit.removesuffix('s') if value.amount == 1 else value.unit}"
        case _:
            return str(value)


def quoted(text: str) -> str:
    """A string; what is not plain ASCII is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if " " <= char <= "~" else f"\\u{{{ord(char):X}}}" for char in escaped) + '"'
