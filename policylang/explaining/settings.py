"""Values that may turn a test: candidates, from the types and from what the test compares."""

from __future__ import annotations

import datetime
import heapq
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from policylang.explaining.values import items_of, shown, time_edges
from policylang.model import conditions as c
from policylang.model.addresses import address
from policylang.model.addresses import network as read_network
from policylang.model.instants import instant_text
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    IntType,
    IpType,
    PlaceType,
    RecordType,
    SetType,
    TextType,
    Type,
    UserType,
)
from policylang.runtime.trees import identity
from policylang.runtime.truth import Situation, constant, value
from policylang.runtime.values import MISSING, BadValueError

_Candidate = tuple[Any, str]
"""A value as conditions compare it (``None`` for none), and how to say "set … to it"."""

HOLD = "hold "
"""What a candidate's words begin with if they change what is in a set."""

_MOST_ITEMS = 50
_LONGEST = 200
_FEW = 4


def candidates(test: c.Test, path: c.Path, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    """Values for one of a test's paths that may make the test what is wanted, the likeliest first."""
    match test:
        case c.Missing():
            yield from ((None, ""),) if wanted else _such_as(path.type, samples(s, path.type)[:_FEW], "a value")
        case c.Compare(left=left, right=right):
            other = _known(right if path == left else left, s)
            if other is not MISSING:
                yield from _compared(test, path, other, s, wanted)
        case c.Time():
            if path == test.operand:
                yield from _timed(test, s, wanted)
        case c.In(values=values):
            found = [constant(path.type, each) for each in values[:_FEW]]
            yield from _plain(path.type, found) if wanted else _different(s, path.type, found)
        case c.InNetwork(network=network):
            yield from _addresses(network, wanted)
        case c.Contains():
            yield from _contained(test, path, s, wanted)
        case c.Hours() | c.Weekdays():
            return  # of now alone
        case c.Under():
            yield from _hung(test, path, s, wanted)
        case c.Overlaps():
            yield from _overlapping(test, path, s, wanted)
        case c.Empty():
            yield from ([((), f"{HOLD}nothing")] if wanted else _plain(path.type, samples(s, path.type)[1:]))
        case c.TextTest():
            yield from _texts(test, path, s, wanted)


def in_json(type_: Type, found: Any) -> Any:
    """A value as JSON holds it, and as `read` reads it."""
    if found is None or found is MISSING:
        return None
    if isinstance(type_, SetType):
        return [in_json(type_.of, each) for each in found]
    if isinstance(found, bool):
        return found
    if isinstance(found, Decimal):
        return int(found) if isinstance(type_, IntType) else format(found, "f")
    if isinstance(found, datetime.datetime):
        return instant_text(found)
    if isinstance(type_, RecordType):
        key = identity(found)
        return key if isinstance(key, str) else str(key)
    return str(found)


def _plain(type_: Type, values: list[Any]) -> Iterator[_Candidate]:
    return ((each, shown(type_, each)) for each in values)


def _such_as(type_: Type, values: list[Any], words: str) -> Iterator[_Candidate]:
    """Values that stand for many others."""
    few = isinstance(type_, EnumType | BoolType)
    return ((each, shown(type_, each) if few else f"{words}, such as {shown(type_, each)}") for each in values)


def _known(operand: c.Operand, s: Situation) -> Any:
    try:
        return value(operand, s)
    except BadValueError:
        return MISSING


# --- comparisons ---------------------------------------------------------------------------------------------


def _compared(test: c.Compare, path: c.Path, other: Any, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    if test.test == "eq":
        yield from _plain(path.type, [other]) if wanted else _different(s, path.type, [other])
        return
    up = (test.test in ("ge", "gt")) == wanted
    up = up if path == test.left else not up
    word = direction(path.type, up)
    for each in (other, step(path.type, other, 1 if up else -1)):
        if each is not None:
            yield each, f"{shown(path.type, each)} or {word}"


def direction(type_: Type, up: bool) -> str:
    """The word for more, or less, of a type that has an order."""
    if isinstance(type_, DateType | DateTimeType):
        return "later" if up else "earlier"
    return "more" if up else "less"


def _timed(test: c.Time, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    edges = time_edges(test, s)
    if edges is None:
        return
    type_, (first, last) = test.operand.type, edges
    before, after = step(type_, first, -1), step(type_, last, 1)
    if test.test == "older_than":
        yield (before, f"{shown(type_, before)} or earlier") if wanted else (first, f"{shown(type_, first)} or later")
        return
    if not wanted:
        yield before, f"{shown(type_, before)} or earlier"
        yield after, f"{shown(type_, after)} or later"
        return
    found = _known(test.operand, s)
    if found is not MISSING and found > last:
        yield last, f"{shown(type_, last)} or earlier"
    yield first, f"{shown(type_, first)} or later"


def step(type_: Type, found: Any, sign: int) -> Any:
    """The value next to another one, above or below; ``None`` where there is none."""
    try:
        match type_:
            case IntType():
                return found.to_integral_value() + sign
            case _ if isinstance(found, Decimal):
                return found + sign * Decimal("0.01")
            case DateType():
                return found + datetime.timedelta(days=sign)
            case DateTimeType():
                return found + datetime.timedelta(seconds=sign)
            case DurationType():
                return Duration(found.amount + sign, found.unit) if found.amount + sign >= 0 else None
    except (OverflowError, ArithmeticError):
        pass
    return None


def _different(s: Situation, type_: Type, known: list[Any]) -> Iterator[_Candidate]:
    """Values other than some known ones."""
    found = [each for each in samples(s, type_) if each not in known]
    if isinstance(type_, TextType | EnumType):
        found = found[:_FEW]
    near = [step(type_, each, sign) for each in known for sign in (1, -1)]
    others = [each for each in (*near, *found) if each is not None and each not in known][:_FEW]
    yield from _such_as(type_, others, "another value")


def samples(s: Situation, type_: Type) -> list[Any]:
    """Some values of a type."""
    match type_:
        case SetType(of):
            return [(), tuple(samples(s, of)[:1])]
        case EnumType(values):
            return list(values)
        case BoolType():
            return [True, False]
        case _ if isinstance(type_, NUMBERS):
            return [Decimal(0), Decimal(1)]
        case DateType():
            return [s.now.astimezone(s.index.timezone).date()]
        case DateTimeType():
            return [s.now]
        case DurationType():
            return [Duration(1, "days")]
        case IpType():
            return [address("192.0.2.1"), address("2001:db8::1")]
        case UserType():
            return [s.user, *heapq.nsmallest(_FEW, s.index.users)]
        case PlaceType(scope):
            return heapq.nsmallest(_FEW, s.index.places_of(scope))
        case RecordType():
            return []
        case _:
            return ["something", "something else"]


# --- networks, sets, texts -----------------------------------------------------------------------------------


def _addresses(network: str, wanted: bool) -> Iterator[_Candidate]:
    inside = read_network(network)
    if wanted:
        found = address(inside[1] if inside.num_addresses > 1 else inside[0])
        yield found, f"{found}, or another address in {network}"
    else:
        for each in ("192.0.2.1", "2001:db8::1", "198.51.100.1"):
            if address(each) not in inside:
                yield address(each), f"{each}, or another address outside {network}"


def _contained(test: c.Contains, path: c.Path, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    items, item = _known(test.operand, s), _known(test.item, s)
    if path == test.operand and item is not MISSING:
        kept = items_of(items)
        if len(kept) <= _MOST_ITEMS:
            made = (*kept, item) if wanted else tuple(each for each in kept if each != item)
            yield (
                made,
                f"{HOLD}{'' if wanted else 'no '}{shown(test.item.type, item)}{' too' if wanted and kept else ''}",
            )
    if path == test.item and items is not MISSING:
        known = [each for each in items[:_MOST_ITEMS] if each is not MISSING]
        yield from _plain(path.type, known[:_FEW]) if wanted else _different(s, path.type, known)


def _hung(test: c.Under, path: c.Path, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    """The record at the top itself, or directly above; without any above it, where that may be."""
    top = identity(value(test.top, s))
    if path == test.top or top is MISSING:
        return
    if wanted:
        yield top, shown(path.type, top)
    elif path == test.above and test.optional:
        yield None, ""


def _overlapping(test: c.Overlaps, path: c.Path, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    """With the first item of the other set, or with none of them."""
    others = _known(test.right if path == test.left else test.left, s)
    if others is MISSING:
        return
    kept, items, type_ = items_of(_known(path, s)), items_of(others), path.type.item
    if wanted:
        for item in items[:_FEW]:
            yield (*kept, item)[-_MOST_ITEMS:], f"{HOLD}{shown(type_, item)}{' too' if kept else ''}"
    else:
        rest = tuple(each for each in kept if each not in items)
        yield rest, f"{HOLD}nothing of {shown(SetType(type_), items)}"


def _texts(test: c.TextTest, path: c.Path, s: Situation, wanted: bool) -> Iterator[_Candidate]:
    text, part = _known(test.operand, s), _known(test.part, s)
    if path != test.operand or part is MISSING:
        return
    if not wanted:
        yield from _such_as(path.type, ["something", "else", ""], "another text")
        return
    if text is not MISSING and len(text) + len(part) <= _LONGEST:
        joined = f"{part}{text}" if test.test == "starts_with" else f"{text}{part}"
        yield joined, shown(path.type, joined)
    yield part, shown(path.type, part)
