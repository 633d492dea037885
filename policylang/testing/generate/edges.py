"""The values at the edges of a test: just inside of it and just outside."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model import types as t
from policylang.model.instants import instant_text
from policylang.runtime.clock import now_and_edge
from policylang.runtime.trees import identity
from policylang.runtime.truth import Situation, constant, value
from policylang.runtime.values import MISSING

_EXACT = Context(prec=500)
"""For sums of amounts, which have at most 200 digits before the point and behind it."""

Edge = tuple[str, Any]
"""What is special about a value, in a word or two for the name of a record; and the value as a file writes it."""


def edges(test: c.Condition, operand: c.Operand, s: Situation) -> Iterator[Edge]:
    """Values for an operand of a test that lie on both sides of its edges; the situation says what all else is."""
    match test:
        case c.Missing():
            yield "missing", MISSING
            return
        case c.Compare(word, left, right):
            other = value(right if operand is left else left, s)
            if other is not MISSING:
                yield from (_equal if word == "eq" else _ordered)(operand.type, other)
        case c.Time():
            yield from _time(test, s)
        case c.In(_, values):
            yield from _among(operand.type, [constant(operand.type, each) for each in values])
        case c.InNetwork(_, network):
            yield from _network(network)
        case c.Contains(held, item):
            if operand is held:
                found = value(item, s)
                if found is not MISSING:
                    yield "with_it", [written(item.type, found)]
                    yield from (("without_it", [other]) for _, other in _another(item.type, [found]))
                yield "empty", []
            elif (items := value(held, s)) is not MISSING:
                yield from _among(operand.type, [each for each in items if each is not MISSING])
        case c.Overlaps(left, right):
            found = value(right if operand is left else left, s)
            items = [each for each in found if each is not MISSING] if found is not MISSING else []
            yield from (("with_one", [written(operand.type.item, each)]) for each in items[:1])
            yield from (("with_others", [other]) for _, other in _another(operand.type.item, items))
            yield "empty", []
        case c.Under(top=top):
            yield from _below(test, operand, identity(value(top, s)))
        case c.Empty():
            yield "empty", []
            yield from (("with_one", [other]) for _, other in _another(operand.type.item, []))
        case c.TextTest(word, text, part):
            found = value(part, s)
            if operand is text and found is not MISSING:
                yield from _text(word, found)
    yield "missing", MISSING


def _equal(type_: t.Type, other: Any) -> Iterator[Edge]:
    if isinstance(type_, (*t.NUMBERS, t.DateType, t.DateTimeType)):
        yield from _ordered(type_, other)
        return
    same = written(type_, other)
    if isinstance(same, dict):
        return
    yield (str(same).lower() if isinstance(type_, t.EnumType | t.BoolType) else "same"), same
    yield from _another(type_, [other])


def _another(type_: t.Type, values: list[Any]) -> Iterator[Edge]:
    """A value that is none of these. Users and places are not made up: `domains` chooses among those there are."""
    match type_:
        case t.BoolType():
            yield from (("true" if each else "false", each) for each in (True, False) if each not in values)
        case t.EnumType(every):
            yield from [(each, each) for each in every if each not in values][:1]
        case t.IpType():
            found = next(each for n in range(1, 255) if (each := f"192.0.2.{n}") not in map(str, values))
            yield "other", found
        case t.DurationType():
            yield "other", "1 minute" if t.Duration(1, "minutes") not in values else "2 minutes"
        case t.UserType() | t.PlaceType() | t.SetType():
            return
        case _ if isinstance(type_, t.NUMBERS):
            yield "other", written(type_, _EXACT.add(max(map(Decimal, values), default=Decimal(0)), 1))
        case t.DateType() | t.DateTimeType():
            yield from (("other", written(type_, each)) for each in _other_times(values))
        case _:
            yield "other", next(each for each in ("other", "another", "neither") if each not in values)


def _other_times(known: list[Any]) -> list[Any]:
    """A day after the last one or, where the calendar ends there, before the first one or after it."""
    for time, sign in ((max(known), 1), (min(known), -1), (min(known), 1)) if known else ():
        with contextlib.suppress(OverflowError):
            other = time + sign * datetime.timedelta(days=1)
            if other not in known:
                return [other]
    return []


def _among(type_: t.Type, values: Any) -> Iterator[Edge]:
    known = list(values)
    yield from ((_word(type_, each, "listed"), written(type_, each)) for each in known[:1])
    yield from ((_word(type_, each, "listed_last"), written(type_, each)) for each in known[1:][-1:])
    yield from _another(type_, known)


def _word(type_: t.Type, each: Any, otherwise: str) -> str:
    return str(each).lower() if isinstance(type_, t.EnumType | t.BoolType) else otherwise


def _ordered(type_: t.Type, edge: Any) -> Iterator[Edge]:
    """Below, at and above an edge, by the smallest step that people write."""
    if isinstance(type_, t.DurationType):
        yield "at_edge", written(type_, edge)
        if edge.amount:
            yield "below_edge", written(type_, t.Duration(edge.amount - 1, edge.unit))
        yield "above_edge", written(type_, t.Duration(edge.amount + 1, edge.unit))
        return
    step: Any = _step(type_, edge)
    with contextlib.suppress(OverflowError):  # there is nothing beyond the calendar
        yield "below_edge", written(type_, _moved(edge, -step))
    yield "at_edge", written(type_, edge)
    with contextlib.suppress(OverflowError):
        yield "above_edge", written(type_, _moved(edge, step))


def _moved(edge: Any, step: Any) -> Any:
    return _EXACT.add(edge, step) if isinstance(edge, Decimal) else edge + step


def _step(type_: t.Type, edge: Any) -> Any:
    if isinstance(type_, t.DateType):
        return datetime.timedelta(days=1)
    if isinstance(type_, t.DateTimeType):
        return datetime.timedelta(seconds=1)
    if isinstance(type_, t.IntType):
        return 1
    places = edge.as_tuple().exponent
    return Decimal(1).scaleb(min(-2, places if isinstance(places, int) else 0))


def _time(test: c.Time, s: Situation) -> Iterator[Edge]:
    length = value(test.duration, s)
    if length is MISSING:
        return
    type_, sign = test.operand.type, test.sign
    of_days = isinstance(type_, t.DateType)
    edges = now_and_edge(s.now, length, sign, s.index.timezone, of_days=of_days)
    if edges is None:
        return
    now, edge = edges
    step = datetime.timedelta(days=1) if of_days else datetime.timedelta(seconds=1)
    try:
        yield "at_edge", written(type_, edge)
        yield "past_edge", written(type_, edge + sign * step)
        if test.test != "older_than":
            beyond = "in_future" if test.test == "within" else "in_past"
            yield "now", written(type_, now)
            yield beyond, written(type_, now - sign * step)
    except OverflowError:
        return


def _below(test: c.Under, operand: c.Operand, top: Any) -> Iterator[Edge]:
    """The record at the top, one below it and one below that; another one without any above it; and one above which
    nobody knows what is.
    """
    if operand is test.top or top is MISSING:
        return
    below = {test.tree: top}
    yield ("itself" if operand is test.operand else "just_below"), top
    yield ("just_below" if operand is test.operand else "further_below"), below
    if operand is test.operand:
        yield "further_below", {test.tree: below}
    if test.optional:
        yield "elsewhere", {}
    yield "broken_off", "nobody_knows"


def _network(network: str) -> Iterator[Edge]:
    """The first and the last address, and their neighbours."""
    found = addresses.network(network)
    first, last = found.network_address, found.broadcast_address
    yield "first_inside", str(first)
    yield "last_inside", str(addresses.address(last))
    if int(first):
        yield "just_before", str(addresses.address(first - 1))
    if int(last) < 2**found.max_prefixlen - 1:
        yield "just_behind", str(addresses.address(last + 1))


def _text(word: str, part: str) -> Iterator[Edge]:
    yield "same", part
    match word:
        case "starts_with":
            yield "longer", f"{part}x"
            yield "not_at_start", f"x{part}"
        case "ends_with":
            yield "longer", f"x{part}"
            yield "not_at_end", f"{part}x"
        case _:
            yield "inside", f"x{part}x"
    if len(part) > 1:
        yield "too_short", part[:-1] if word != "ends_with" else part[1:]
    else:
        yield "other", "other" if part not in "other" else "x"


def written(type_: t.Type, found: Any) -> Any:
    """A value as a scenario file writes it."""
    if isinstance(found, bool | str):
        return found
    if isinstance(found, datetime.datetime):
        return instant_text(found)
    if isinstance(type_, t.IntType):
        return int(found)
    if isinstance(found, Decimal):
        return format(found, "f")
    return found if isinstance(found, dict) else str(found)
