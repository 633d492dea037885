"""The types that attributes, parameters and values have."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec

MAX_INT = 2**53 - 1
"""The largest whole number that every JSON reader keeps exactly."""


class _Type(msgspec.Struct, frozen=True, gc=False, cache_hash=True, tag_field="kind", forbid_unknown_fields=True):
    _words: ClassVar[str] = "text"
    _sample: ClassVar[str] = '"…"'

    @property
    def item(self) -> ItemType:
        """The type of one value: of an item in a set, otherwise the type itself."""
        return self  # type: ignore[return-value]


class TextType(_Type, frozen=True, gc=False, tag="text"):
    pass


class IntType(_Type, frozen=True, gc=False, tag="int"):
    """Whole numbers from -(2**53 - 1) to 2**53 - 1, which every JSON reader keeps exactly."""

    _words: ClassVar[str] = "a whole number"
    _sample: ClassVar[str] = "3"


class DecimalType(_Type, frozen=True, gc=False, tag="decimal"):
    """Exact decimal numbers."""

    _words: ClassVar[str] = "a decimal number"
    _sample: ClassVar[str] = "3"


class MoneyType(_Type, frozen=True, gc=False, tag="money"):
    """Exact amounts in the one currency of the business."""

    _words: ClassVar[str] = "an amount of money"
    _sample: ClassVar[str] = "3"


class BoolType(_Type, frozen=True, gc=False, tag="bool"):
    _words: ClassVar[str] = "true or false"
    _sample: ClassVar[str] = "true"


class DateType(_Type, frozen=True, gc=False, tag="date"):
    """Calendar days."""

    _words: ClassVar[str] = "a date"
    _sample: ClassVar[str] = "2026-01-31"


class DateTimeType(_Type, frozen=True, gc=False, tag="datetime"):
    """Instants."""

    _words: ClassVar[str] = "a datetime"
    _sample: ClassVar[str] = "2026-01-31T08:00:00Z"


class DurationType(_Type, frozen=True, gc=False, tag="duration"):
    _words: ClassVar[str] = "a duration"
    _sample: ClassVar[str] = "30 days"


class IpType(_Type, frozen=True, gc=False, tag="ip"):
    """IPv4 and IPv6 addresses."""

    _words: ClassVar[str] = "an IP address"
    _sample: ClassVar[str] = '"192.0.2.7"'


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
    if isinstance(type_, EnumType):
        return type_.values[0]
    return type_._sample if type_ is not None else '"…"'


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
        case _:
            return type_._words
