"""Ranges that a value lies in wherever a condition is true, and which of many ranges a value lies in."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from policylang.model import conditions as c
from policylang.model.types import NUMBERS, DateTimeType, DateType, Duration
from policylang.runtime.truth import Situation, constant, value
from policylang.runtime.values import MISSING, BadValueError

Axis = tuple[Literal["value", "age"], c.Path]
"""An attribute by its value, or by how long before now that is."""
Range = tuple[tuple[Any, ...], tuple[Any, ...]]
"""The least and the greatest value, both inside: ``(1, value)``, below all ``(0,)``, above all ``(2,)``."""

_LEAST, _GREATEST = (0,), (2,)
_DAY = datetime.timedelta(days=1)
_CALENDAR = 2 * _DAY
"""By how much the days of a calendar may differ from those of 24 hours, with any timezone."""


def ranges(condition: c.Condition) -> dict[Axis, Range]:
    """Where the values of attributes lie if the condition is true: never too narrow."""
    match condition:
        case c.And(items):
            found: dict[Axis, Range] = {}
            for item in items:
                for axis, (least, greatest) in ranges(item).items():
                    before = found.get(axis, (_LEAST, _GREATEST))
                    found[axis] = max(before[0], least), min(before[1], greatest)
            return found
        case c.Or(items):
            first, *others = map(ranges, items)
            shared = (axis for axis in first if all(axis in other for other in others))
            return {axis: _around([each[axis] for each in (first, *others)]) for axis in shared}
        case c.Compare(test, c.Path() as path, c.Constant(type_, wanted)) if _is_ordered(type_):
            return {("value", unplaced(path)): _compared(test, constant(type_, wanted))}
        case c.Compare(test, c.Constant(type_, wanted), c.Path() as path) if _is_ordered(type_):
            return {("value", unplaced(path)): _compared(_TURNED[test], constant(type_, wanted))}
        case c.Time(test, c.Path() as path, c.Constant(_, Duration() as wanted)):
            return {("age", unplaced(path)): _aged(test, *_lengths(wanted, isinstance(path.type, DateType)))}
        case _:
            return {}


_TURNED = {"eq": "eq", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def _is_ordered(type_: Any) -> bool:
    return isinstance(type_, (*NUMBERS, DateType, DateTimeType))


def unplaced(path: c.Path) -> c.Path:
    """The path, wherever it is written."""
    return c.Path(path.root, path.steps, path.type, "")


def _around(each: Sequence[Range]) -> Range:
    return min(least for least, _ in each), max(greatest for _, greatest in each)


def _compared(test: str, wanted: Any) -> Range:
    return (
        (1, wanted) if test in ("eq", "gt", "ge") else _LEAST,
        (1, wanted) if test in ("eq", "lt", "le") else _GREATEST,
    )


def _lengths(wanted: Duration, calendar: bool) -> tuple[datetime.timedelta, datetime.timedelta]:
    """The shortest and the longest time that a duration may stand for."""
    try:
        if wanted.unit == "months":
            return wanted.amount * 28 * _DAY - _CALENDAR, wanted.amount * 31 * _DAY + _CALENDAR
        exact = datetime.timedelta(**{wanted.unit: wanted.amount})
        return (exact - _CALENDAR, exact + _CALENDAR) if calendar else (exact, exact)
    except OverflowError:
        return datetime.timedelta.min, datetime.timedelta.max


def _aged(test: str, shortest: datetime.timedelta, longest: datetime.timedelta) -> Range:
    match test:
        case "within":
            return (1, min(-_CALENDAR, shortest)) if shortest != longest else (1, 0 * _DAY), (1, longest)
        case "within_next":
            try:
                return (1, -longest), (1, _CALENDAR if shortest != longest else 0 * _DAY)
            except OverflowError:
                return _LEAST, _GREATEST
        case _:
            return (1, shortest), _GREATEST


def position(axis: Axis, s: Situation) -> Any:
    """Where a situation lies on an axis; ``MISSING`` where it has no such value."""
    kind, path = axis
    try:
        found = value(path, s)
    except BadValueError:
        return MISSING
    if found is MISSING or kind == "value":
        return found
    if not isinstance(found, datetime.datetime):
        found = datetime.datetime.combine(found, datetime.time(), datetime.UTC)
    return s.now - found


class Ranges:
    """Numbered ranges on one axis: a centered interval tree (Edelsbrunner)."""

    def __init__(self, numbered: Sequence[tuple[Range, int]]) -> None:
        ends = sorted(end for (least, greatest), _ in numbered for end in (least, greatest))
        self.center = ends[len(ends) // 2]
        here = [each for each in numbered if each[0][0] <= self.center <= each[0][1]]
        self.by_least = sorted(here, key=lambda each: each[0][0])
        self.by_greatest = sorted(here, key=lambda each: each[0][1], reverse=True)
        below = [each for each in numbered if each[0][1] < self.center]
        above = [each for each in numbered if each[0][0] > self.center]
        self.below = Ranges(below) if below else None
        self.above = Ranges(above) if above else None

    def around(self, where: Any) -> Iterator[int]:
        """The numbers of the ranges that a value lies in."""
        node: Ranges | None = self
        at = (1, where)
        while node is not None:
            lower = at < node.center
            for (least, greatest), number in node.by_least if lower else node.by_greatest:
                if not least <= at <= greatest:
                    break
                yield number
            node = node.below if lower else node.above
