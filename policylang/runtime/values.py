"""Values of records, users and requests: from what a caller has to what conditions compare."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set, Sized
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from numbers import Number
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final, Literal
from uuid import UUID

from policylang.model.addresses import IpAddress, address
from policylang.model.types import (
    MAX_INT,
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
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?!24)[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
"""Without the hour 24, which Python reads from 3.14 on."""


_NOTHING: Mapping[str, Any] = {}


class _Missing:
    """The one value that is none. It has no attributes, so that no path leads from it to a value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __reduce__(self) -> str:
        return "MISSING"  # copies are the same object


MISSING: Final[Any] = _Missing()


class BadValueError(ValueError):
    """A value that is not of its attribute's type. Nothing can be decided with it, so the request is denied."""


class Once:
    """Something handed over that may answer otherwise when it is asked again, such as an object with properties. It is
    asked once for each attribute, and once for its items, so that every condition of a decision sees the same.
    """

    __slots__ = ("_items", "_kept", "_seen", "inner", "raw")

    def __init__(self, raw: Any, kept: dict[str, Any] | None = None, seen: dict[int, Once] | None = None) -> None:
        """``kept``: values that stand before its own. ``seen``: what was reached from the same record, by identity."""
        self.raw = raw
        self._seen = {} if seen is None else seen
        self._seen[id(raw)] = self
        self.inner = _from_row(raw) if _kind(raw) == "row" else raw
        self._kept = {} if kept is None else kept
        self._items: tuple[Any, ...] | None = None

    def __repr__(self) -> str:
        return repr(self.raw)

    def attribute(self, name: str) -> Any:
        try:
            return self._kept[name]
        except KeyError:
            found = self._kept[name] = once(attribute(self.inner, name), self._seen)
            return found

    def items(self, type_: SetType, where: str) -> tuple[Any, ...]:
        if self._items is None:
            self._items = tuple(once(item, self._seen) for item in _items(type_, self.raw, where))
        return self._items


def once(raw: Any, seen: dict[int, Once] | None = None) -> Any:
    """A value that is the same however often it is read."""
    type_ = type(raw)
    if type_ in _SCALARS or type_ is Once or _stays(raw):
        return raw
    if seen is not None and id(raw) in seen:
        return seen[id(raw)]
    holds = isinstance(raw, Sequence | Set | Iterator) and not isinstance(raw, str)
    return Once(raw, None, seen) if holds or _kind(raw) != "value" else raw


_SCALARS: frozenset[type] = frozenset(
    (
        *(str, bool, int, float, Decimal, type(None), _Missing, Duration),
        *(datetime.date, datetime.datetime, IPv4Address, IPv6Address, UUID),
    )
)
_DEEPEST, _LONGEST = 3, 64
"""How far down and how far along plain values are looked for: most records end before that, and some never do."""


def _stays(raw: Any, deepest: int = _DEEPEST) -> bool:
    """Whether a container is one of Python's own with values that do not change by being read."""
    type_ = type(raw)
    if type_ is list or type_ is tuple or type_ is set or type_ is frozenset:
        return len(raw) <= _LONGEST and _SCALARS.issuperset(map(type, raw))
    if type_ is not dict or not deepest:
        return False
    for each in raw.values():
        if type(each) in _SCALARS:
            continue
        if not _stays(each, deepest - 1):
            return False
    return True


def given_record(raw: Any) -> Any:
    """A record as a caller hands it over: without attributes for ``None``, and each read once.

    Raises TypeError for what has no attributes by name. A condition about it would be unknown, and the caller would
    never learn why everything is denied.
    """
    return _given(raw, "a record")


def given_request(raw: Any) -> Any:
    """The attributes of a request as a caller hands them over. Raises TypeError as `given_record`."""
    return _given(raw, "`request`")


def _given(raw: Any, what: str) -> Any:
    if raw is None:
        return _NOTHING
    kept = None
    if type(raw) is not dict:
        if type(raw) is Once:
            return raw
        kind = _kind(raw)
        if kind == "value":
            raise TypeError(f"{what} must be a mapping or an object with attributes, not {_type_name(raw)}")
        if kind == "object":
            return Once(raw)
        if kind == "row":
            kept = Once(raw)
            raw = kept.inner
    try:
        "".join(raw)  # the quickest way to see that all names are texts
    except TypeError:
        name = next(name for name in raw if not isinstance(name, str))
        raise TypeError(f"{what} needs attribute names that are text, not {_type_name(name)}") from None
    return once(raw) if kept is None or _stays(raw) else kept


def given_changes(raw: Any) -> Mapping[str, Any] | None:
    """What modify would write, as a caller hands it over. Raises TypeError as `given_record`, and for an object."""
    if raw is None:
        return None
    found = _given(raw, "`changes`")
    given = names(found)
    if given is None:
        raise TypeError(f"`changes` must be a mapping, not {_type_name(raw)}")
    return found if type(found) is dict else {name: attribute(found, name) for name in given}


def names(record: Any) -> Iterable[str] | None:
    """The names of what is in a mapping; ``None`` for an object, which does not tell."""
    while type(record) is Once:
        record = record.inner
    return record if isinstance(record, Mapping) else None


def attribute(record: Any, name: str) -> Any:
    """The raw value of an attribute of a record; `MISSING` where there is none, or only ``None``.

    Texts, numbers and lists have no attributes here, whatever Python says: a bare key stands for an unknown record.
    """
    if type(record) is Once:
        return record.attribute(name)
    match _kind(record):
        case "mapping":
            value = record.get(name, MISSING)
        case "row":
            value = _from_row(record).get(name, MISSING)
        case "object" if not (name.startswith("__") and name.endswith("__")):  # those are Python's own
            value = getattr(record, name, MISSING)
        case _:
            return MISSING
    return MISSING if value is None else value


def is_record(raw: Any) -> bool:
    """Whether something has attributes by name: a mapping, a row of a database, a named tuple, or an object."""
    return _kind(source(raw)) != "value"


def source(raw: Any) -> Any:
    """What was handed over."""
    while type(raw) is Once:
        raw = raw.raw
    return raw


# What has attributes in Python and is a value all the same: a date is no record with a `year`.
_VALUES = (
    *(Sequence, Set, Iterator, Number, bytes, bytearray, memoryview, Enum, Duration, UUID, PurePath, type(None)),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, IPv4Address, IPv6Address),
    *(type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, _Missing),
)


def _kind(raw: Any) -> Literal["mapping", "row", "object", "value"]:
    return _kind_of(type(raw))  # type: ignore[arg-type]  # mypy holds no type to be hashable


@functools.lru_cache(maxsize=1024)
def _kind_of(type_: type) -> Literal["mapping", "row", "object", "value"]:
    if issubclass(type_, Mapping):
        return "mapping"
    if hasattr(type_, "__getitem__") and (hasattr(type_, "keys") or hasattr(type_, "_fields")):
        return "row"
    return "value" if type_ is object or issubclass(type_, _VALUES) else "object"


def _from_row(row: Any) -> dict[str, Any]:
    """A row of a database or a named tuple as a mapping. Raises TypeError where a name stands for two values."""
    named = hasattr(type(row), "_fields")
    names = tuple(row._fields if named else row.keys())
    found = {name: row[place if named else name] for place, name in enumerate(names)}
    if len(found) != len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise TypeError(f"the row has two columns {twice!r}: give one of them another name")
    return found


def _type_name(raw: Any) -> str:
    return f"something of type {type(raw).__name__}"


def read(type_: Type, raw: Any, where: str) -> Any:
    """The value as its type: text and ids as str, numbers as Decimal, date, aware datetime, IP address, `Duration`,
    a tuple for a set (with `MISSING` for items that are ``None``), the raw mapping or object for a related record.

    Raises `BadValueError` naming ``where`` if the raw value is of another type. A datetime without an offset is.
    Raises TypeError for a set that can be read only once: the next to read it would find it empty.
    """
    if raw is MISSING:
        return MISSING
    if isinstance(type_, SetType):
        return tuple(MISSING if item is None else read(type_.of, item, where) for item in _items(type_, raw, where))
    value = _read_one(type_, raw)
    if value is None:
        raise _bad(type_, raw, where)
    return value


def _items(type_: SetType, raw: Any, where: str) -> tuple[Any, ...]:
    if type(raw) is list or type(raw) is tuple:
        return tuple(raw)
    if type(raw) is Once:
        return raw.items(type_, where)
    if isinstance(raw, str | bytes | bytearray | memoryview | Mapping) or not isinstance(raw, Iterable):
        raise _bad(type_, raw, where)
    if isinstance(raw, Sized):
        count, items = len(raw), tuple(raw)
        if count == len(items) == len(raw):  # else it was read before, or is used up now
            return items
    raise TypeError(f"`{where}` can be read only once, as it is {_type_name(raw)}: give a list")


def _bad(type_: Type, raw: Any, where: str) -> BadValueError:
    try:
        # true, false and numbers as people wrote them, in whatever file: not as Python does
        shown = str(raw).lower() if isinstance(raw, bool) else str(raw) if isinstance(raw, Decimal) else repr(raw)
    except Exception:  # whatever an object of the caller's raises, and what Python does for enormous numbers
        shown = _type_name(raw)
    shown = shown if len(shown) <= 60 else f"{shown[:59]}…"
    return BadValueError(f"`{where}` is {in_words(type_)}, {shown} is not")


def _read_one(type_: Type, raw: Any) -> Any:
    match type_:
        case TextType() | UserType() | PlaceType():
            return _text(raw)
        case EnumType(values):
            text = _text(raw)  # first: a type made from text may call others equal to it
            return text if text in values else None
        case BoolType():
            return raw if isinstance(raw, bool) else None
        case IntType() | DecimalType() | MoneyType():
            return _number(type_, raw)
        case DateType():
            return _date(raw)
        case DateTimeType():
            return _instant(raw)
        case DurationType():
            return _duration(raw)
        case IpType():
            return _address(raw)
        case RecordType():
            # A bare key says which record it is, but nothing of it can be looked up.
            return raw if isinstance(raw, str) or is_record(raw) else None


def _text(raw: Any) -> str | None:
    """A text of a type made from str, such as a member of an Enum, is the text alone."""
    return raw if type(raw) is str else str.__str__(raw) if isinstance(raw, str) else None


_MOST_DIGITS = 200
"""Before and after the point, as `_NUMBER` says of texts."""
TOO_LARGE: Final = 10**_MOST_DIGITS


def _number(type_: Type, raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str | Decimal):
        return None
    if isinstance(raw, str) and not _NUMBER.fullmatch(raw):
        return None
    if isinstance(raw, int) and not -TOO_LARGE < raw < TOO_LARGE:
        return None  # before anything is done with it: the time that takes grows with the square of its length
    number = Decimal(str(raw)) if isinstance(raw, float) else Decimal(raw)
    if not number.is_finite() or not _has_few_digits(number):
        return None
    if isinstance(type_, IntType) and number != number.to_integral_value():
        return None
    return number


def _has_few_digits(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_MOST_DIGITS and number.adjusted() < _MOST_DIGITS


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
    if isinstance(raw, Duration):
        whole = type(raw.amount) is int and 0 <= raw.amount <= MAX_INT
        return raw if whole and any(raw.unit == kept for kept, _ in UNITS.values()) else None
    words = raw.split(" ") if isinstance(raw, str) else []
    if len(words) != 2 or not words[0].isdecimal() or not words[0].isascii() or len(words[0]) > 9:
        return None
    unit = words[1] if words[1] in UNITS else f"{words[1]}s"
    if unit not in UNITS:
        return None
    kept, size = UNITS[unit]
    return Duration(int(words[0]) * size, kept)


def _address(raw: Any) -> IpAddress | None:
    try:
        return address(raw) if isinstance(raw, str | IpAddress) else None
    except ValueError:
        return None
