"""Which value is nearest to the present one, of those at the edges of tests, and how to say it."""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from policylang.explaining.settings import HOLD, candidates, direction, in_json, step
from policylang.explaining.values import items_of, shown
from policylang.model import conditions as c
from policylang.model.instants import microseconds
from policylang.model.types import (
    ORDERED,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    EnumType,
    IpType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime.truth import Situation, constant
from policylang.runtime.values import MISSING, read

_MOST_LISTED = 200
_MOST_USERS = 200


def edges(test: c.Condition, path: c.Path, s: Situation) -> Iterator[Any]:
    """The values of a path on both sides of a test's edges."""
    assert not isinstance(test, c.And | c.Or | c.Not)
    match path.type:
        case EnumType(values):
            yield from values
        case BoolType():
            yield from (True, False)
        case UserType():
            yield s.user
            yield from heapq.nsmallest(_MOST_USERS, s.index.users)
    for side in test.sides:
        if not isinstance(side, c.Path) or (side.root, side.steps) != (path.root, path.steps):
            continue
        found = [constant(path.type, each) for each in test.values[:_MOST_LISTED]] if isinstance(test, c.In) else []
        for wanted in (True, False):
            found += (plain(path.type, value) for value, _ in candidates(test, side, s, wanted))
        yield from found
        if isinstance(path.type, ORDERED):
            near = (step(path.type, each, sign) for each in found if each is not None for sign in (1, -1))
            yield from (each for each in near if each is not None)


def plain(type_: Type, found: Any) -> Any:
    """A value with the ids of records in the place of these."""
    if isinstance(type_, SetType) and isinstance(found, tuple):
        return tuple(plain(type_.of, each) for each in found)
    if isinstance(type_, RecordType) and found is not None and found is not MISSING:
        return in_json(type_, found)
    return found


def in_order(type_: Type, present: Any, pool: Iterable[Any]) -> list[Any]:
    """The values of a pool, each once, the nearest to the present one first; none at all last."""
    found = [each for each in dict.fromkeys(pool) if each is not None and each != present]
    if isinstance(type_, SetType) and present is not MISSING:
        found.sort(key=lambda each: len(set(each) ^ set(present)))
    elif isinstance(type_, ORDERED) and _place(present) is not None:
        found.sort(key=lambda each: _distance(each, present))
    return [*found, *([None] if present is not MISSING and None in pool else [])]


def _place(found: Any) -> tuple[bool, Fraction] | None:
    """Where a value lies among those that it can be compared with."""
    match found:
        case datetime.datetime():
            return False, Fraction(microseconds(found))
        case datetime.date():
            return False, Fraction(found.toordinal())
        case Duration():
            return found.unit == "months", Fraction(found.length)
        case _ if found is MISSING or found is None:
            return None
        case _:
            return False, Fraction(found)


def _distance(found: Any, present: Any) -> tuple[bool, Fraction, tuple[bool, Fraction] | None]:
    (kind, here), (other, there) = _place(found) or (False, Fraction()), _place(present) or (False, Fraction())
    return kind != other, abs(here - there), _place(found)


def of_witness(type_: Type, present: Any, raw: Any) -> Iterator[Any]:
    """What a witness has in the place of the present value; of a set first with what is there already."""
    if isinstance(type_, RecordType) and isinstance(raw, dict):
        raw = raw.get("id")
    if raw is MISSING or raw is None:
        yield None
        return
    found = plain(type_, read(type_, raw, "value"))
    if isinstance(type_, SetType):
        found = items_of(found)
        yield tuple(dict.fromkeys((*items_of(present), *found)))
    yield found


def with_kept(type_: Type, present: Any, found: Any, is_met: Callable[[Any], bool]) -> Any:
    """The set with each item that is there already and may stay."""
    if isinstance(type_, SetType) and found is not None and present is not MISSING:
        for each in present[:_MOST_LISTED]:
            if each is not MISSING and each not in found and is_met((*found, each)):
                found = (*found, each)
    return found


# --- in words ------------------------------------------------------------------------------------------------


def told(type_: Type, present: Any, found: Any, pool: Sequence[Any], is_met: Callable[[Any], bool]) -> str:
    """How to say "set … to" a value (``None`` for none), with which others would do as well: those of the pool tell,
    since it has both sides of every edge.
    """
    if found is None:
        return ""
    if isinstance(type_, SetType):
        return _of_set(type_, items_of(present), found)
    if isinstance(type_, ORDERED) and pool:
        return _of_ordered(type_, present, found, pool, is_met)
    if isinstance(type_, TextType | IpType) and not pool:
        what = "a text" if isinstance(type_, TextType) else "an address"
        return f"{what} such as {shown(type_, found)}"
    return shown(type_, found)


def _of_set(type_: SetType, kept: Sequence[Any], found: Sequence[Any]) -> str:
    if not found:
        return f"{HOLD}nothing"
    more = [shown(type_.of, each) for each in found if each not in kept]
    less = [f"no {shown(type_.of, each)}" for each in dict.fromkeys(kept) if each not in found]
    too = " too" if more and len(less) < len(kept) else ""
    return f"{HOLD}{' and '.join(more)}{too}{' and ' if more and less else ''}{' and '.join(less)}"


def _of_ordered(type_: Type, present: Any, found: Any, pool: Iterable[Any], is_met: Callable[[Any], bool]) -> str:
    words, here = shown(type_, found), _place(found)
    assert here is not None
    known = {place: each for each in pool if (place := _place(each)) is not None and place[0] == here[0]}
    line = sorted(known)
    others = [place for place in line if not is_met(known[place])]
    if others == [_place(present)]:
        return f"another value, such as {words}"
    at, was = line.index(here), _place(present)
    ways = (True, False) if was is None or was[0] != here[0] else (here > was,)
    ends = {up: _run(line, at, up, lambda place: is_met(known[place])) for up in ways}
    for up, end in ends.items():
        is_last = end == at and step(type_, found, 1 if up else -1) is None  # of the calendar, say
        if end == (len(line) - 1 if up else 0) and not is_last:
            return f"{words} or {direction(type_, up)}"
    for up, end in ends.items():
        if end != at:
            return f"{words} or {direction(type_, up)}, {_until(type_, up)} {shown(type_, known[line[end]])}"
    return words


def _run(line: Sequence[Any], at: int, up: bool, is_met: Callable[[Any], bool]) -> int:
    """The last place, upwards or downwards, as far as all will do."""
    while 0 <= (following := at + (1 if up else -1)) < len(line) and is_met(line[following]):
        at = following
    return at


def _until(type_: Type, up: bool) -> str:
    if up:
        return "up to"
    return "back to" if isinstance(type_, DateType | DateTimeType) else "down to"
