"""Rows, and the records that they are in Python."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
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
    SetType,
    Type,
    UserType,
)
from tests.generated.chooser import Chooser
from tests.generated.constants import constant, key_of
from tests.generated.world import World


@dataclass(frozen=True)
class Ref:
    """A related record: a row, by its resource and key."""

    resource: str
    key: str


@dataclass(frozen=True, eq=False)
class Row:
    """A record as a table would hold it. Attributes without a value are absent, or ``None``.

    A related record is a `Ref`, a set a tuple. With `Features.unknown_records` a related record may be a bare key, a
    text for which there is no row.
    """

    resource: str
    key: str
    values: Mapping[str, Any]


class Rows:
    """All rows. A row leads to its related ones, in circles too."""

    def __init__(self, rows: Mapping[str, tuple[Row, ...]]) -> None:
        self.by_resource = rows
        self._dicts: dict[Ref, Any] = {}
        self._objects: dict[Ref, Any] = {}
        for made, of in ((self._dicts, dict), (self._objects, SimpleNamespace)):
            every = [row for each in rows.values() for row in each]
            made |= {Ref(row.resource, row.key): of() for row in every}
            for row in every:
                target = made[Ref(row.resource, row.key)]
                filled = {"id": row.key} | {name: self.value(v, of is not dict) for name, v in row.values.items()}
                (target if of is dict else vars(target)).update(filled)

    def value(self, raw: Any, as_object: bool = False) -> Any:
        """A value of a row as Python has it: a mapping or an object for a `Ref`."""
        if isinstance(raw, Ref):
            return (self._objects if as_object else self._dicts)[raw]
        if isinstance(raw, tuple):
            return tuple(self.value(item, as_object) for item in raw)
        return raw

    def record(self, row: Row | None, as_object: bool = False) -> Any:
        """The record that a row is; the same each time for one of `by_resource`."""
        if row is None:
            return None
        if row in self.by_resource.get(row.resource, ()):
            return self.value(Ref(row.resource, row.key), as_object)
        values = {"id": row.key} | {name: self.value(raw, as_object) for name, raw in row.values.items()}
        return SimpleNamespace(**values) if as_object else values


def make_rows(c: Chooser, world: World) -> Rows:
    return Rows(
        {
            resource.name: tuple(
                _row(c, world, resource.name, key_of(resource.name, n)) for n in range(world.features.rows)
            )
            for resource in world.with_attributes
        }
    )


def _row(c: Chooser, world: World, resource: str, key: str) -> Row:
    missing = c.one((0, 5, 20, 50))
    values = {}
    for name, type_ in world.resources[resource].attributes.items():
        is_above = world.resources[resource].tree and name == "parent"
        if not c.chance(max(missing, 35) if is_above else missing):
            values[name] = any_value(c, world, type_)
        elif c.chance(30):
            values[name] = None
    return Row(resource, key, values)


# --- values --------------------------------------------------------------------------------------------------


def any_value(c: Chooser, world: World, type_: Type) -> Any:
    """A value as a caller may hand it over: now and then spelled differently, or of another type."""
    features = world.features
    if features.wrong_values and c.chance(2):
        return c.one(_wrong(world, type_))
    if isinstance(type_, SetType):
        items = [_item(c, world, type_.of) for _ in range(c.one((1, 2, 0, 3)))]
        distinct = [item for n, item in enumerate(items) if item not in items[:n]]
        return (*distinct, None) if features.holes and c.chance(6) else tuple(distinct)
    return _item(c, world, type_)


def _item(c: Chooser, world: World, type_: Type) -> Any:
    found = _value(c, world, type_)
    return c.one(_spellings(world, type_, found)) if world.features.spellings and c.chance(15) else found


def _value(c: Chooser, world: World, type_: Type) -> Any:
    """A constant of the policy set, or what lies just beside one."""
    if isinstance(type_, RecordType):
        if world.features.unknown_records and c.chance(4):
            return c.one(("nowhere", key_of(type_.resource, 0)))
        return Ref(type_.resource, key_of(type_.resource, c.number(0, world.features.rows - 1)))
    found = constant(c, world, type_)
    match type_:
        case DateTimeType():
            return found + datetime.timedelta(microseconds=c.one(_BESIDE))
        case DateType():
            return found + datetime.timedelta(days=c.one((0, 0, 0, 1, -1)))
        case IntType():
            return max(-MAX_INT, min(MAX_INT, int(found) + c.one((0, 0, 1, -1))))
        case DecimalType() | MoneyType():
            return found + c.one((Decimal(0), Decimal(0), Decimal("0.01"), Decimal("-0.01")))
        case DurationType():
            return Duration(max(0, found.amount + c.one((0, 0, 1, -1))), found.unit)
        case UserType(str()) if c.chance(70):
            return c.one(world.users)
        case _:
            return found


_SECOND = 1_000_000
_BESIDE = (0, 0, 0, 0, 0, 0, 1, -1, _SECOND, -_SECOND, 3600 * _SECOND, -3600 * _SECOND, 1800 * _SECOND)


def _spellings(world: World, type_: Type, found: Any) -> list[Any]:
    """The value as other Python types."""
    match type_:
        case DateTimeType():
            away = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
            try:
                local = found.astimezone(world.timezone)
            except OverflowError:
                return [found]
            return [local, found.astimezone(away), found.isoformat(), found.astimezone(away).isoformat()]
        case DateType():
            return [str(found)]
        case IpType():
            return [str(found), f"::ffff:{found}" if found.version == 4 else found.exploded]
        case IntType():
            return [Decimal(found), str(found), f"{found}.0"]
        case DecimalType() | MoneyType():
            return [format(found, "f"), format(found, "f") + ("0" if found % 1 else ".00")]
        case DurationType():
            return [str(found)]
        case _:
            return [found]


def _wrong(world: World, type_: Type) -> list[Any]:
    naive = world.now.replace(tzinfo=None)
    if isinstance(type_, SetType):
        return ["open", 5, {}, ["a", 1, None], [[]], naive]
    if isinstance(type_, PlaceType):
        other = "North" if type_.scope != "region" else "Pier"
        return ["Atlantis", other, "", 5, ["Pier"]]
    if isinstance(type_, RecordType):
        return [5, True, b"key", ["key"], 1.5]
    wrong: list[Any] = ["nonsense", 1.5, float("nan"), naive, naive.isoformat(), [], {}, b"a", object, "1e3", " 5", 17]
    if isinstance(type_, EnumType):
        wrong += ["lead", "Open"]
    return wrong if isinstance(type_, BoolType) else [*wrong, True, 0]
