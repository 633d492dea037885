"""The types that attributes, parameters and values have."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

MAX_INT = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""


class _Type(msgspec.Struct, frozen=True, gc=False, cache_hash=True, tag_field="kind", forbid_unknown_fields=True):
    @property
    def item(self) -> ItemType:
        """The type of one value: of an item in a set, otherwise the type itself."""
        return self  # type: ignore[return-value]


class TextType(_Type, frozen=True, gc=False, tag="text"):
    pass


class IntType(_Type, frozen=True, gc=False, tag="int"):
    """Whole numbers from -(2**53 - 1) to 2**53 - 1, which every JSON reader keeps exactly."""


class DecimalType(_Type, frozen=True, gc=False, tag="decimal"):
    """Exact decimal numbers."""


class MoneyType(_Type, frozen=True, gc=False, tag="money"):
    """Exact amounts in the one currency of the business."""


class BoolType(_Type, frozen=True, gc=False, tag="bool"):
    pass


class DateType(_Type, frozen=True, gc=False, tag="date"):
    """Calendar days."""


class DateTimeType(_Type, frozen=True, gc=False, tag="datetime"):
    """Instants."""


class DurationType(_Type, frozen=True, gc=False, tag="duration"):
    pass


class IpType(_Type, frozen=True, gc=False, tag="ip"):
    """IPv4 and IPv6 addresses."""


class EnumType(_Type, frozen=True, gc=False, tag="enum"):
    """One of the values, which keep the order they were declared in."""

    values: tuple[str, ...]


class UserType(_Type, frozen=True, gc=False, tag="user"):
    """A user; with ``role``, only users who have it may be written into the attribute."""

    role: str | None


class RecordType(_Type, frozen=True, gc=False, tag="record"):
    """A related record."""

    resource: str


class PlaceType(_Type, frozen=True, gc=False, tag="place"):
    """A place of one kind of the scope tree."""

    scope: str


ItemType = (
    TextType
    | IntType
    | DecimalType
    | MoneyType
    | BoolType
    | DateType
    | DateTimeType
    | DurationType
    | IpType
    | EnumType
    | UserType
    | RecordType
    | PlaceType
)


class SetType(_Type, frozen=True, gc=False, tag="set"):
    of: ItemType

    @property
    def item(self) -> ItemType:
        return self.of


Type = ItemType | SetType

SIMPLE_TYPES: dict[str, ItemType] = {
    "text": TextType(),
    "int": IntType(),
    "decimal": DecimalType(),
    "money": MoneyType(),
    "bool": BoolType(),
    "date": DateType(),
    "datetime": DateTimeType(),
    "duration": DurationType(),
    "ip": IpType(),
    "user": UserType(None),
}

NUMBERS = (IntType, DecimalType, MoneyType)
ORDERED = (*NUMBERS, DateType, DateTimeType, DurationType)


class Duration(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A length of time in the one unit that keeps its meaning.

    Hours are 60 minutes, weeks 7 days, years 12 months, always; a day is not always 24 hours, nor a month 30 days, so
    these stay units of their own.
    """

    amount: Annotated[int, msgspec.Meta(ge=0, le=MAX_INT)]
    unit: Literal["minutes", "days", "months"]

    @property
    def length(self) -> int:
        """In minutes, if it is a certain number of them, or else in months."""
        return self.amount * 24 * 60 if self.unit == "days" else self.amount

    def __str__(self) -> str:
        larger, size = {"minutes": ("hours", 60), "months": ("years", 12)}.get(self.unit, (self.unit, 1))
        if self.amount and self.amount % size == 0:
            return _counted(self.amount // size, larger)
        return _counted(self.amount, self.unit)


# Unit as written: the unit it is kept in, and how many of those it is.
UNITS: dict[str, tuple[Literal["minutes", "days", "months"], int]] = {
    "minutes": ("minutes", 1),
    "hours": ("minutes", 60),
    "days": ("days", 1),
    "weeks": ("days", 7),
    "months": ("months", 1),
    "years": ("months", 12),
}


def _counted(amount: int, unit: str) -> str:
    return f"{amount} {unit[:-1] if amount == 1 else unit}"


def sample(type_: Type | None) -> str:
    """A constant of the type as it is written, for messages."""
    match type_:
        case EnumType(values):
            return values[0]
        case IntType() | DecimalType() | MoneyType():
            return "3"
        case BoolType():
            return "true"
        case DateType():
            return "2026-01-31"
        case DateTimeType():
            return "2026-01-31T08:00:00Z"
        case DurationType():
            return "30 days"
        case IpType():
            return '"192.0.2.7"'
        case _:
            return '"…"'


def words_of(type_: Type | None) -> tuple[str, ...]:
    """The words that are values of the type."""
    return type_.values if isinstance(type_, EnumType) else ("true", "false") if isinstance(type_, BoolType) else ()


def in_words(type_: Type) -> str:
    """The type with its article, for messages."""
    match type_:
        case EnumType(values):
            return f"one of {', '.join(values)}"
        case UserType(None):
            return "a user"
        case UserType(role):
            return f"a user with role {role}"
        case RecordType(resource):
            return f"a related {resource}"
        case PlaceType(scope):
            return f"a place of kind {scope}"
        case SetType(of):
            return f"a set of {in_words(of).removeprefix('a ').removeprefix('an ')}"
        case IntType():
            return "a whole number"
        case DecimalType():
            return "a decimal number"
        case MoneyType():
            return "an amount of money"
        case BoolType():
            return "true or false"
        case IpType():
            return "an IP address"
        case DurationType():
            return "a duration"
        case DateType():
            return "a date"
        case DateTimeType():
            return "a datetime"
        case _:
            return "text"
