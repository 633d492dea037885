"""Conditions as Cerbos has them: ``match`` blocks with expressions at their ends."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from policylang.model import addresses
from policylang.model import conditions as c
from policylang.model.instants import instant_text
from policylang.model.types import (
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    RecordType,
    Type,
    UserType,
)
from policylang.runtime.index import Index
from policylang.runtime.truth import constant
from policylang.targets import cel
from policylang.targets.cel import Binary, Call, CelLiteral, CelNot, CelVar, Expr, Items, MapEntry, Method, signed
from policylang.targets.cerbos.encoding import ID, UNREADABLE, USERS, UnheldError, address, edge_name, length, number
from policylang.targets.cerbos.yaml_text import quoted
from policylang.targets.needs import asked_conditions
from policylang.targets.target import Refusals
from policylang.targets.ways import with_ways

Match = dict[str, Any]

_ROOTS = {"record": CelVar("R.attr"), "subject": CelVar("P.attr.user"), "request": CelVar("P.attr.request")}
_UNREADABLE = {"record": MapEntry(CelVar("R.attr"), UNREADABLE), "request": MapEntry(CelVar("P.attr"), UNREADABLE)}
_USERS = MapEntry(CelVar("R.attr"), USERS)
_CLOCK = CelVar("P.attr.clock")
_INSTANTS, _DAYS = CelVar("P.attr.instants"), CelVar("P.attr.days")
_CEL = cel.CelWriter(lambda text: quoted(text, "'"))
_TEXT_TESTS = {"contains": "contains", "starts_with": "startsWith", "ends_with": "endsWith"}
_UNITS = ("minutes", "months")
_V6_DIGITS = 39
_LONGEST = 100_000


class Conditions:
    """Conditions of a policy set as ``match`` blocks."""

    def __init__(self, index: Index, refuse: Refusals) -> None:
        self._index, self._refuse = index, refuse
        self._matches = {each: self._match(*each) for each in asked_conditions(index)}

    def match(self, resource: str, condition: c.Condition, wanted: bool = True) -> Match:
        """True where that of a policy is true, or if not ``wanted`` that of a deny false; never an error."""
        return self._matches[resource, condition, wanted]

    def _match(self, resource: str, condition: c.Condition, wanted: bool) -> Match:
        found = self._part(resource, with_ways(condition).nnf(wanted))
        if max(map(len, _expressions(found))) > _LONGEST:
            message = f"Cerbos takes no expression of more than {_LONGEST:,} characters"
            self._refuse("PL803", message, condition.at, "list fewer values, or shorter ones")
        return found

    def _part(self, resource: str, part: c.Condition) -> Match:
        match part:
            case c.And(items):
                return all_of(self._part(resource, item) for item in items)
            case c.Or(items):
                return any_of(self._part(resource, item) for item in items)
        return expression(self._known(resource, *part.signed))

    def _known(self, resource: str, test: c.Test, wanted: bool) -> Expr:
        if not are_held(test.constants(), test.at, self._refuse):
            return cel.FALSE
        if isinstance(test, c.Missing):
            return self._missing(resource, test.operand, wanted)
        paths = (side for side in test.sides if isinstance(side, c.Path))
        guards = [guard for path in paths for guard in self._walk(resource, path)[0]]
        return cel.all_of((*guards, self._tested(resource, test, wanted)))

    # --- values --------------------------------------------------------------------------------------------------

    def _walk(self, resource: str, path: c.Path) -> tuple[list[Expr], Expr]:
        """What must be so for there to be a value at the end of a path, in order, and the value."""
        if path.root == "record" and not path.steps:
            return [cel.has(MapEntry(_ROOTS["record"], ID))], _ROOTS["record"]
        guards: list[Expr] = []
        found: Expr = CelVar("P.id")
        for place, (holder, step) in enumerate(self._index.holders(resource, path)):
            if place and isinstance(holder, UserType):
                guards += [cel.has(_USERS), cel.within(found, _USERS)]
                found = MapEntry(_USERS, found)
            entry = MapEntry(found if place else _ROOTS[path.root], step)
            guards.append(cel.has(entry))
            found = entry
        return guards, found

    def _value(self, resource: str, operand: c.Operand) -> Expr:
        """The value, comparable as one of its type."""
        if isinstance(operand, c.Constant):
            return _literal(operand.type, operand.value)
        found = self._walk(resource, operand)[1]
        return _comparable(operand.type, found)

    def _missing(self, resource: str, path: c.Path, wanted: bool) -> Expr:
        there = cel.all_of(self._walk(resource, path)[0])
        if not wanted:
            return there
        ways = [".".join(path.steps[:length]) for length in range(1, len(path.steps) + 1)]
        if path.root not in _UNREADABLE:
            return CelNot(there)
        unreadable = _UNREADABLE[path.root]
        listed = cel.exists(unreadable, cel.within(cel.ITEM, cel.texts(ways)))
        return cel.all_of((CelNot(there), CelNot(cel.all_of((cel.has(unreadable), listed)))))

    # --- tests ---------------------------------------------------------------------------------------------------

    def _tested(self, resource: str, test: c.Test, wanted: bool) -> Expr:
        """The test of values that are there."""
        match test:
            case c.Compare(sign, left, right):
                sides = self._value(resource, left), self._value(resource, right)
                return _compared(left.type, sides[0], cel.operator(sign, wanted), sides[1])
            case c.Time():
                return self._time(resource, test, wanted)
            case c.In(operand, values):
                found = self._value(resource, operand)
                listed = [_literal(operand.type, value) for value in values]
                if isinstance(operand.type, DurationType):
                    each = [_compared(operand.type, found, "==" if wanted else "!=", one) for one in listed]
                    return cel.any_of(each) if wanted else cel.all_of(each)
                return signed(cel.within(found, Items(tuple(listed))), wanted)
            case c.InNetwork(operand, network):
                return signed(_in_network(self._value(resource, operand), network), wanted)
            case c.Contains(operand, item):
                return _contains(self._value(resource, operand), item.type, self._value(resource, item), wanted)
            case c.Overlaps(left, right):
                sides = self._value(resource, left), self._value(resource, right)
                return _overlap(*sides, left.type.item, wanted)
            case c.Hours(first, last):
                return signed(_between(first, last), wanted)
            case c.Weekdays(days):
                return signed(cel.within(MapEntry(_CLOCK, "weekday"), cel.texts(days)), wanted)
            case c.Empty(operand):
                return signed(_is_empty(self._value(resource, operand)), wanted)
            case c.TextTest(sign, operand, part):
                text = self._value(resource, operand)
                return signed(Method(text, _TEXT_TESTS[sign], (self._value(resource, part),)), wanted)
        raise AssertionError(test)

    def _time(self, resource: str, test: c.Time, wanted: bool) -> Expr:
        """Beside now and the other end, which the request brings: none if that is outside the calendar."""
        day = isinstance(test.operand.type, DateType)
        if isinstance(test.duration, c.Constant):
            assert isinstance(test.duration.value, Duration)
            edge = MapEntry(_DAYS if day else _INSTANTS, edge_name(test.duration.value, test.sign))
        else:
            edge = MapEntry(self._walk(resource, test.duration)[1], edge_key(day, test.sign))
        found = self._value(resource, test.operand)
        now, end = (
            _comparable(test.operand.type, each) for each in (MapEntry(_DAYS if day else _INSTANTS, "now"), edge)
        )
        return cel.all_of((cel.has(edge), cel.beside_now(test, found, now, end, wanted)))


def edge_key(day: bool, sign: int) -> str:
    """Where the value of a duration has the instant or the day that it leads to."""
    return f"{'day_' if day else ''}{'ahead' if sign > 0 else 'ago'}"


def _comparable(type_: Type, found: Expr) -> Expr:
    if isinstance(type_, DateTimeType):
        return Call("timestamp", (found,))
    return MapEntry(found, ID) if isinstance(type_, RecordType) else found


def _compared(type_: Type, left: Expr, operator: str, right: Expr) -> Expr:
    """Durations have one of two keys, and are compared only if it is the same one."""
    if not isinstance(type_, DurationType):
        return Binary(left, operator, right)
    return cel.any_of(
        cel.all_of(
            (*_has(left, unit), *_has(right, unit), Binary(MapEntry(left, unit), operator, MapEntry(right, unit)))
        )
        for unit in _UNITS
    )


def _has(side: Expr, unit: str) -> list[Expr]:
    """Whether a duration has a unit; nothing to ask where it is a constant that does."""
    if isinstance(side, cel.Fields):
        return [] if side.key == unit else [cel.FALSE]
    return [cel.has(MapEntry(side, unit))]


def _contains(items: Expr, type_: Type, item: Expr, wanted: bool) -> Expr:
    """An item that is missing leaves it open whether another one is in the set."""
    operator = "==" if wanted else "!="
    if isinstance(type_, DateTimeType | DurationType):
        there = Binary(cel.ITEM, "!=", cel.NULL)
        test = cel.all_of((there, _compared(type_, _comparable(type_, cel.ITEM), operator, item)))
        return cel.exists(items, test) if wanted else cel.every(items, test)
    inside = cel.within(item, items)
    return inside if wanted else cel.all_of((CelNot(cel.within(cel.NULL, items)), CelNot(inside)))


def _overlap(left: Expr, right: Expr, type_: Type, wanted: bool) -> Expr:
    """An item that is missing could be in the other set, where that has some."""
    if isinstance(type_, DateTimeType | DurationType):
        sides = (_comparable(type_, each) for each in (cel.ITEM, cel.OTHER))
        pair = cel.all_of((Binary(cel.OTHER, "!=", cel.NULL), _compared(type_, next(sides), "==", next(sides))))
        same: Expr = cel.exists(right, pair, cel.OTHER)
    else:
        same = cel.within(cel.ITEM, right)
    shared = cel.exists(left, cel.all_of((Binary(cel.ITEM, "!=", cel.NULL), same)))
    if wanted:
        return shared
    whole = cel.all_of(CelNot(cel.within(cel.NULL, each)) for each in (left, right))
    if isinstance(type_, DurationType):  # each pair by itself: months beside days are unknown
        whole = cel.every(left, cel.every(right, _differ(type_), cel.OTHER))
        return cel.any_of((_is_empty(left), _is_empty(right), whole))
    return cel.all_of((CelNot(shared), cel.any_of((_is_empty(left), _is_empty(right), whole))))


def _differ(type_: Type) -> Expr:
    there = [Binary(each, "!=", cel.NULL) for each in (cel.ITEM, cel.OTHER)]
    return cel.all_of((*there, _compared(type_, cel.ITEM, "!=", cel.OTHER)))


def _between(first: str, last: str) -> Expr:
    """Over midnight where the last comes before the first."""
    time = MapEntry(_CLOCK, "time")
    edges = Binary(time, ">=", CelLiteral(first)), Binary(time, "<", CelLiteral(last))
    return cel.all_of(edges) if first <= last else cel.any_of(edges)


def _is_empty(items: Expr) -> Expr:
    return Binary(Call("size", (items,)), "==", CelLiteral(0))


def _in_network(found: Expr, network: str) -> Expr:
    """Between its first and last address, as their order is that of their digits."""
    range_ = addresses.network(network)
    digits: Expr = found
    other = CelLiteral(":")
    if range_.version == 6:
        digits = Method(found, "substring", (CelLiteral(0), CelLiteral(_V6_DIGITS)))  # without its zone
        family: Expr = Method(found, "contains", (other,))
    else:
        family = CelNot(Method(found, "contains", (other,)))
    first, last = CelLiteral(address(range_[0])), CelLiteral(address(range_[-1]))
    return cel.all_of((family, Binary(digits, ">=", first), Binary(digits, "<=", last)))


# --- constants -----------------------------------------------------------------------------------------------


def _literal(type_: Type, value: c.Value) -> Expr:
    """A constant, written as requests write values of its type."""
    if isinstance(value, Duration):
        ((unit, amount),) = length(value).items()
        return cel.Fields(unit, CelLiteral(float(amount)))
    found = constant(type_, value)
    if isinstance(found, Decimal):
        return CelLiteral(float(number(found)))
    if isinstance(found, datetime.datetime):
        return Call("timestamp", (CelLiteral(instant_text(found)),))
    if isinstance(found, datetime.date):
        return CelLiteral(found.isoformat())
    if isinstance(found, addresses.IpAddress):
        return CelLiteral(address(found))
    assert isinstance(found, str | bool)
    return CelLiteral(found)


def are_held(constants: Iterable[c.Constant], at: str, refuse: Refusals) -> bool:
    """Whether Cerbos can hold them all; refuses the others."""
    found = True
    for each in constants:
        try:
            _literal(each.type, each.value)
        except UnheldError as error:
            refuse("PL803", f"Cerbos's numbers are doubles: {error}", at, "write fewer digits")
            found = False
    return found


# --- blocks --------------------------------------------------------------------------------------------------


def all_of(parts: Iterable[Match]) -> Match:
    return _block("all", parts, cel.TRUE)


def any_of(parts: Iterable[Match]) -> Match:
    return _block("any", parts, cel.FALSE)


def none_of(part: Match) -> Match:
    return {"none": {"of": [part]}}


def told_apart(match: Match, name: str) -> Match:
    """The same for a rule, and like that of no other rule; ``name``: of this rule alone in the bundle.

    Cerbos 0.55 takes rules for one whose conditions differ in nothing but `all`, `any` and `none`, and whose roles and
    actions are the same, even those of different principals.
    """
    if "expr" in match:
        return match
    mark = expression(cel.Binary(cel.CelLiteral(name), "!=", cel.CelLiteral("")))
    return {"all": {"of": [mark, *(match["all"]["of"] if "all" in match else [match])]}}


def expression(expr: Expr) -> Match:
    return {"expr": _CEL.written(expr)}


def _expressions(match: Match) -> Iterator[str]:
    for key, part in match.items():
        if key == "expr":
            yield part
        else:
            for each in part["of"]:
                yield from _expressions(each)


def _block(kind: str, parts: Iterable[Match], nothing: Expr) -> Match:
    kept = [part for part in parts if part != expression(nothing)]
    return expression(nothing) if not kept else kept[0] if len(kept) == 1 else {kind: {"of": kept}}
