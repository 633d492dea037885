"""Literals as constraints on variables. A variable is a path: an attribute of the record, the request or the user."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any
from typing import Literal as OneOf

import msgspec

from policylang.analysis.asker import Asker
from policylang.analysis.formula import Absent, Both, Either, Lacking, Literal, Normal, Present, Unlike, Wrong
from policylang.analysis.months import widest_shift
from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    IntType,
    PlaceType,
    RecordType,
    Type,
    UserType,
)
from policylang.runtime.clock import shift, shift_day
from policylang.runtime.truth import Situation, operands, truth

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
DAY = 24 * 60 * 60 * 1_000_000  # microseconds

ZERO, NOW, TODAY = "zero", "now", "today"
NO_PLACE = "(no place)"
"""What an attribute for places may name that is none."""


class Variable(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    root: OneOf["record", "subject", "request"]
    steps: tuple[str, ...]
    type: Type


class Given(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A constant in the place of a variable."""

    value: str


Side = Variable | Given


class Difference(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """``left - right <= weight``, ``<`` if strict. Nodes are variables, `ZERO`, `NOW` and `TODAY`. Instants are counted
    in microseconds, days in days.
    """

    left: Variable | str
    right: Variable | str
    weight: Fraction
    strict: bool = False


class Among(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The variable has one of these values."""

    variable: Variable
    values: frozenset[str]


class Same(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    left: Side
    right: Side
    wanted: bool


class TextIs(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    variable: Variable
    test: OneOf["contains", "starts_with", "ends_with"]
    part: str
    wanted: bool


class InNetwork(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    variable: Variable
    network: str
    wanted: bool


class Member(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether the item is in the set."""

    variable: Variable
    item: Side
    wanted: bool


class There(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether an attribute that may be missing has a value, one of its type."""

    variable: Variable
    wanted: bool


class Flaw(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether an attribute that does not have a value of its type has one of another, or a set that is there holds an
    item that is missing.
    """

    variable: Variable
    wanted: bool


class Hard(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A test that no other constraint says; solutions must be tried."""

    test: Literal


class Tried(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Nothing is known; solutions must be tried."""


Constraint = Difference | Among | Same | TextIs | InNetwork | Member | There | Flaw | Hard | Tried


class All(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    items: tuple[Tree, ...]


class Some(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    items: tuple[Tree, ...]


Tree = Constraint | All | Some

YES, NO = All(()), Some(())


class Time(msgspec.Struct, frozen=True, gc=False):
    """The instant of the question: a certain one, or any at which shifts by months are ``pattern`` days long."""

    now: datetime.datetime | None
    pattern: tuple[tuple[tuple[int, int], int], ...] = ()


class Translator:
    """From literals to constraints, for one asker and one time."""

    def __init__(self, asker: Asker, time: Time) -> None:
        self.asker = asker
        self.time = time
        self._literals: dict[Literal, Tree] = {}

    def tree(self, normal: Normal) -> Tree:
        """The constraints of a formula."""
        match normal:
            case Both(items):
                return _all(self.tree(item) for item in items)
            case Either(items):
                return _some(self.tree(item) for item in items)
            case Present(path):
                return self._there(path)
            case Absent(path):
                return self._absent(path)
            case Lacking(path):
                return self._flawed(path, False) if self.asker.incomplete else self._absent(path)
            case Wrong(path):
                return self._flawed(path, True) if self.asker.incomplete else NO
            case Unlike(test):
                return self._unlike(test)
            case Literal():
                if normal not in self._literals:  # formulas of several roles say the same over and over
                    self._literals[normal] = self._literal(normal)
                return self._literals[normal]

    # --- presence --------------------------------------------------------------------------------------------

    def _optional(self, path: c.Path) -> list[Variable]:
        """The attributes on a path that may be missing, from its beginning."""
        return [variable for variable, optional, _ in self._steps(path) if optional or self.asker.incomplete]

    def _steps(self, path: c.Path) -> Iterator[tuple[Variable, bool, bool]]:
        """The attributes on a path, whether they are optional, and whether they are a user's."""
        index = self.asker.index
        type_: Type = RecordType(self.asker.resource) if path.root == "record" else UserType(None)
        for number, step in enumerate(path.steps):
            of_user = isinstance(type_, UserType) and not (path.root == "request" and number == 0)
            if of_user:
                declared_type = index.subject[step]
                # A user of the record may be anybody; what the asker lacks is known, or declared.
                optional = path.root != "subject" or number > 0 or step in index.optional_subject
            elif path.root == "request" and number == 0:
                declared_type, optional = index.request[step], step in index.optional_request
            else:
                assert isinstance(type_, RecordType)
                declared = index.attributes[type_.resource][step]
                declared_type, optional = declared.type, declared.optional
            yield Variable(path.root, path.steps[: number + 1], declared_type), optional, of_user
            type_ = declared_type

    def _there(self, path: c.Path) -> Tree:
        known = self.asker.known(path)
        if known is not path:
            return YES if known is not None or self.asker.known_set(path) is not None else NO
        return _all(There(variable, True) for variable in dict.fromkeys((*self._optional(path), _variable(path))))

    def _absent(self, path: c.Path) -> Tree:
        known = self.asker.known(path)
        if known is not path:
            return NO if known is not None or self.asker.known_set(path) is not None else YES
        return _some(There(variable, False) for variable in self._optional(path))

    def _flawed(self, path: c.Path, wrong: bool) -> Tree:
        """The path leads to nothing, or, if ``wrong``, to a value not of its type, which no attribute of a user has."""
        known = self.asker.known(path)
        if known is not path:
            return NO if wrong else self._absent(path)
        found: list[Tree] = []
        before: list[Tree] = []
        for variable, _, of_user in self._steps(path):
            if not (wrong and of_user):
                flaw = () if of_user else (Flaw(variable, wrong),)
                found.append(_all((*before, There(variable, False), *flaw)))
            before.append(There(variable, True))
        return _some(found)

    def _may_hold_nothing(self, operand: c.Operand) -> bool:
        """Whether an item of the set may be missing."""
        if not self.asker.incomplete or not isinstance(operand, c.Path) or not operand.steps:
            return False
        *_, (_, _, of_user) = self._steps(operand)
        return not of_user

    # --- tests -----------------------------------------------------------------------------------------------

    def _literal(self, literal: Literal) -> Tree:
        test = literal.test
        paths = [operand for operand in operands(test) if isinstance(operand, c.Path) and operand.steps]
        presence = _all(self._there(path) for path in paths)
        if presence == NO:
            return NO
        return _all((presence, self._test(literal)))

    def _test(self, literal: Literal) -> Tree:
        test, wanted = literal.test, literal.value
        match test:
            case c.Compare(kind, left, right):
                first, second = self.asker.known(left), self.asker.known(right)
                assert first is not None
                assert second is not None
                return self._compare(literal, kind, first, second, wanted)
            case c.In(operand, values):
                known = self.asker.known(operand)
                assert known is not None
                return self._in(literal, known, values, wanted)
            case c.Time():
                return self._time(literal, test, wanted)
            case c.TextTest(kind, operand, part):
                text, wanted_part = self.asker.known(operand), self.asker.known(part)
                if isinstance(text, c.Path) and isinstance(wanted_part, c.Constant):
                    return TextIs(_variable(text), kind, str(wanted_part.value), wanted)
                if isinstance(text, c.Path) and isinstance(wanted_part, c.Path):
                    return _two_texts(literal, _variable(text), _variable(wanted_part))
                return self._certain(literal)
            case c.InNetwork(operand, network):
                address = self.asker.known(operand)
                if isinstance(address, c.Path):
                    return InNetwork(_variable(address), network, wanted)
                return self._certain(literal)
            case c.Contains():
                return self._contains(literal, test, wanted)
            case _:
                raise AssertionError(test)

    def _certain(self, literal: Literal) -> Tree:
        """A test of nothing but constants is decided at once."""
        operands_ = [self.asker.known(operand) for operand in operands(literal.test)]
        if all(isinstance(operand, c.Constant) for operand in operands_):
            s = Situation(self.asker.index, self.asker.id, self.asker.resource, {}, {}, self.asker.now)
            return YES if truth(literal.test, s) is literal.value else NO
        return Hard(literal)

    def _compare(self, literal: Literal, kind: str, left: c.Operand, right: c.Operand, wanted: bool) -> Tree:
        type_ = left.type if isinstance(left, c.Path) else right.type
        if isinstance(left, c.Constant) and isinstance(right, c.Constant):
            return self._certain(literal)
        if isinstance(type_, DurationType):
            return _all((_alike(left, right, True), _ordered(kind, left, right, wanted)))
        if isinstance(type_, (*NUMBERS, DateTimeType, DateType)):
            return _ordered(kind, left, right, wanted)
        values = self._finite(left if isinstance(left, c.Path) else right)
        for one, other in ((left, right), (right, left)):
            if values is not None and isinstance(one, c.Path) and isinstance(other, c.Constant):
                chosen = frozenset((_text(other.value),))
                return Among(_variable(one), values & chosen if wanted else values - chosen)
        domains = [
            Among(_variable(side), values)
            for side in (left, right)
            if isinstance(side, c.Path) and (values := self._finite(side)) is not None
        ]
        return _all((Same(_side(left), _side(right), wanted), *domains))

    def _unlike(self, test: c.Compare | c.Time | c.Contains) -> Tree:
        if isinstance(test, c.Contains):
            return self._beside_nothing(test)
        if isinstance(test, c.Time):
            duration = self.asker.known(test.duration)
            if isinstance(duration, c.Constant):
                assert isinstance(duration.value, Duration)
                there = self._there(test.operand) if isinstance(test.operand, c.Path) else YES
                return there if duration.value.unit == "minutes" else NO
            return Tried() if duration is not None else NO
        left, right = self.asker.known(test.left), self.asker.known(test.right)
        if left is None or right is None:
            return NO
        sides = [self._there(side) for side in (left, right) if isinstance(side, c.Path)]
        return _all((*sides, _alike(left, right, False)))

    def _in(self, literal: Literal, operand: c.Operand, values: tuple[c.Value, ...], wanted: bool) -> Tree:
        if isinstance(operand, c.Constant):
            return self._certain(literal)
        finite = self._finite(operand)
        if finite is not None:
            chosen = frozenset(map(_text, values))
            return Among(_variable(operand), finite & chosen if wanted else finite - chosen)
        parts = [
            self._compare(literal, "eq", operand, c.Constant(operand.type, value, operand.at), wanted)
            for value in values
        ]
        if wanted and parts and all(isinstance(part, Same) for part in parts):
            return Among(_variable(operand), frozenset(map(_text, values)))  # one constraint, not as many cases
        return _some(parts) if wanted else _all(parts)

    def _contains(self, literal: Literal, test: c.Contains, wanted: bool) -> Tree:
        item = self.asker.known(test.item)
        assert item is not None
        known = self.asker.known_set(test.operand)
        if known is not None:
            if isinstance(item, c.Constant):
                return YES if (item.value in known) == wanted else NO
            return self._in(literal, item, known, wanted)
        assert isinstance(test.operand, c.Path)
        parts: list[Tree] = [Member(_variable(test.operand), _side(item), wanted)]
        if not wanted and self._may_hold_nothing(test.operand):
            parts.append(Flaw(_variable(test.operand), False))
        values = self._finite(item)
        if values is not None and not isinstance(item, c.Constant):
            parts.append(Among(_variable(item), values))
        return _all(parts)

    def _beside_nothing(self, test: c.Contains) -> Tree:
        """The set holds an item that is missing, and not the one that is looked for."""
        item = self.asker.known(test.item)
        if item is None or not self._may_hold_nothing(test.operand):
            return NO
        assert isinstance(test.operand, c.Path)
        sides = [self._there(side) for side in (test.operand, item) if isinstance(side, c.Path) and side.steps]
        set_ = _variable(test.operand)
        return _all((*sides, Flaw(set_, True), Member(set_, _side(item), False)))

    def _finite(self, operand: c.Operand) -> frozenset[str] | None:
        """The values of an operand's type, if that has finitely many."""
        match operand.type:
            case EnumType(values):
                return frozenset(values)
            case BoolType():
                return frozenset(("true", "false"))
            case PlaceType(scope):
                places = self.asker.index.places_of(scope)
                return places | {NO_PLACE} if self.asker.incomplete else places
            case _:
                return None

    # --- time ------------------------------------------------------------------------------------------------

    def _time(self, literal: Literal, test: c.Time, wanted: bool) -> Tree:
        operand, duration = self.asker.known(test.operand), self.asker.known(test.duration)
        if isinstance(operand, c.Path) and isinstance(duration, c.Path):
            return self._any_length(literal, test, _variable(operand))
        if not isinstance(operand, c.Path) or not isinstance(duration, c.Constant):
            return Hard(literal)
        assert isinstance(duration.value, Duration)
        of_days = isinstance(operand.type, DateType)
        if of_days and duration.value.unit == "minutes":
            return NO
        variable = _variable(operand)
        sign = 1 if test.test == "within_next" else -1
        edge = self._edge(duration.value, sign, of_days)
        if edge is None:
            return NO
        now, latest, earliest = edge
        if test.test == "older_than":
            return _before(variable, now, latest) if wanted else _not_before(variable, now, earliest)
        if test.test == "within":
            inside = (_not_before(variable, now, earliest), _not_after(variable, now, 0))
            outside = (_before(variable, now, latest), _after(variable, now, 0))
        else:
            inside = (_not_before(variable, now, 0), _not_after(variable, now, latest))
            outside = (_before(variable, now, 0), _after(variable, now, earliest))
        return _all(inside) if wanted else _some(outside)

    def _any_length(self, literal: Literal, test: c.Time, variable: Variable) -> Tree:
        """A length that the record says: now itself and what lies on its other side are easily decided, the rest has to
        be tried.
        """
        node: Any = TODAY if isinstance(variable.type, DateType) else NOW
        if self.time.now is not None:
            today = self.time.now.astimezone(self.asker.index.timezone).date()
            node = today.toordinal() if node == TODAY else (self.time.now - EPOCH) // MICROSECOND
        if literal.value == (test.test == "older_than"):
            beyond = _after if test.test == "within" else _before
            sure = Hard(literal) if test.test == "older_than" else beyond(variable, node, 0)
        else:
            sure = All((_not_before(variable, node, 0), _not_after(variable, node, 0)))
        return _some((sure, Hard(literal)))

    def _edge(self, length: Duration, sign: int, of_days: bool) -> tuple[Any, int, int] | None:
        """The node of now, and how far from it the edge lies, at the latest and at the earliest. Where these differ,
        what lies before the edge is measured with the one and what does not with the other, so that nothing possible
        is left out.
        """
        if self.time.now is not None:
            return self._exact_edge(length, sign, of_days)
        node = TODAY if of_days else NOW
        if length.unit == "months":
            days = dict(self.time.pattern)[length.amount, sign] * sign
            slack = 0 if of_days else widest_shift(self.asker.index.policy_set.timezone) // MICROSECOND
            base = days if of_days else days * DAY
            return node, base + slack, base - slack
        amount = length.amount * sign
        exact = amount if of_days else amount * (DAY if length.unit == "days" else 60_000_000)
        return node, exact, exact

    def _exact_edge(self, length: Duration, sign: int, of_days: bool) -> tuple[Any, int, int] | None:
        now, timezone = self.time.now, self.asker.index.timezone
        assert now is not None
        try:
            if of_days:
                today = now.astimezone(timezone).date()
                day = shift_day(today, length, sign)
                return None if day is None else (today.toordinal(), (day - today).days, (day - today).days)
            edge = (shift(now, length, sign, timezone) - now) // MICROSECOND
            return (now - EPOCH) // MICROSECOND, edge, edge
        except (OverflowError, ValueError):
            return None


# --- ordered values ------------------------------------------------------------------------------------------


def _before(variable: Variable, now: Any, offset: int) -> Tree:
    """The variable is smaller than now and the offset."""
    return _at_most(variable, now, Fraction(offset) - 1)


def _not_before(variable: Variable, now: Any, offset: int) -> Tree:
    return _at_least(variable, now, Fraction(offset))


def _not_after(variable: Variable, now: Any, offset: int) -> Tree:
    return _at_most(variable, now, Fraction(offset))


def _after(variable: Variable, now: Any, offset: int) -> Tree:
    return _at_least(variable, now, Fraction(offset) + 1)


def _at_most(variable: Variable, now: Any, offset: Fraction) -> Tree:
    if isinstance(now, int):
        return Difference(variable, ZERO, now + offset)
    return Difference(variable, now, offset)


def _at_least(variable: Variable, now: Any, offset: Fraction) -> Tree:
    if isinstance(now, int):
        return Difference(ZERO, variable, -(now + offset))
    return Difference(now, variable, -offset)


def _ordered(kind: str, left: c.Operand, right: c.Operand, wanted: bool) -> Tree:
    """A comparison of numbers, days or instants as differences."""
    dense = any(isinstance(side.type, NUMBERS) and not _is_whole(side) for side in (left, right))
    first, second = _node(left), _node(right)
    less = _difference(first, second, strict=True, dense=dense)
    at_most = _difference(first, second, strict=False, dense=dense)
    more = _difference(second, first, strict=True, dense=dense)
    at_least = _difference(second, first, strict=False, dense=dense)
    positive: dict[str, Tree] = {"lt": less, "le": at_most, "gt": more, "ge": at_least, "eq": All((at_most, at_least))}
    negative: dict[str, Tree] = {"lt": at_least, "le": more, "gt": at_most, "ge": less, "eq": Some((less, more))}
    return positive[kind] if wanted else negative[kind]


def _is_whole(side: c.Operand) -> bool:
    if isinstance(side, c.Constant):
        return Fraction(str(side.value)).denominator == 1
    return isinstance(side.type, IntType)


def _node(side: c.Operand) -> tuple[Variable | str, Fraction]:
    """A variable, or zero and how far a constant is from it."""
    if isinstance(side, c.Path):
        return _variable(side), Fraction(0)
    return ZERO, number(side.type, side.value)


def number(type_: Type, value: c.Value) -> Fraction:
    """A constant as the number that is compared; lengths of time in minutes, or in months."""
    if isinstance(value, Duration):
        return Fraction(value.amount * (24 * 60 if value.unit == "days" else 1))
    if isinstance(type_, DateTimeType):
        return Fraction((datetime.datetime.fromisoformat(str(value)) - EPOCH) // MICROSECOND)
    if isinstance(type_, DateType):
        return Fraction(datetime.date.fromisoformat(str(value)).toordinal())
    return Fraction(str(value))


def _difference(
    left: tuple[Variable | str, Fraction], right: tuple[Variable | str, Fraction], *, strict: bool, dense: bool
) -> Tree:
    weight = right[1] - left[1]
    if strict and not dense:
        return Difference(left[0], right[0], weight - 1)
    return Difference(left[0], right[0], weight, strict)


# --- other values --------------------------------------------------------------------------------------------

_KINDS = EnumType(("exact", "months"))


def unit_of(variable: Variable) -> Variable:
    """Whether a length of time is counted in months: only then it can be compared with months."""
    return Variable(variable.root, (*variable.steps, "unit"), _KINDS)


def _alike(left: c.Operand, right: c.Operand, wanted: bool) -> Tree:
    """Both lengths of time are exact, or both are months; or they are not."""
    kinds = frozenset(_KINDS.values)
    sides: list[tuple[Variable | None, frozenset[str]]] = []
    for side in (left, right):
        if isinstance(side, c.Path):
            sides.append((unit_of(_variable(side)), kinds))
        else:
            assert isinstance(side.value, Duration)
            sides.append((None, frozenset(("months" if side.value.unit == "months" else "exact",))))
    options = []
    for kind in sorted(kinds):
        for other in sorted(kinds):
            if (kind == other) == wanted and kind in sides[0][1] and other in sides[1][1]:
                chosen = [
                    Among(variable, frozenset((value,)))
                    for (variable, _), value in zip(sides, (kind, other), strict=True)
                    if variable is not None
                ]
                options.append(_all(chosen))
    return _some(options)


def _two_texts(literal: Literal, text: Variable, part: Variable) -> Tree:
    """Equal texts contain each other, the empty one contains no other; everything else has to be tried."""
    if literal.value:
        return Some((Same(text, part, True), Hard(literal)))
    return Some((All((Same(text, Given(""), True), Same(part, Given("x"), True))), Hard(literal)))


def _variable(path: c.Path) -> Variable:
    return Variable(path.root, path.steps, path.type)


def _side(operand: c.Operand) -> Side:
    return Given(_text(operand.value)) if isinstance(operand, c.Constant) else _variable(operand)


def _text(value: c.Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _all(parts: Iterable[Tree]) -> Tree:
    found: list[Tree] = []
    for part in parts:
        if part == NO:
            return NO
        found += part.items if isinstance(part, All) else (part,)
    return found[0] if len(found) == 1 else All(tuple(found))


def _some(parts: Iterable[Tree]) -> Tree:
    found: list[Tree] = []
    for part in parts:
        if part == YES:
            return YES
        found += part.items if isinstance(part, Some) else (part,)
    return found[0] if len(found) == 1 else Some(tuple(found))
