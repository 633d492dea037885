"""Literals as constraints on variables. A variable is a path: an attribute of the record, the request or the user."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any
from typing import Literal as OneOf

import msgspec

from policylang.analysis.asker import Asker
from policylang.analysis.clock_cases import Case
from policylang.analysis.formula import Absent, Bad, Both, Either, Incomparable, Literal, Nnf, Present, Useless
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
    SetType,
    Type,
    UserType,
)
from policylang.runtime.clock import clock_test, shift, shift_day
from policylang.runtime.truth import Situation, truth

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
MICROSECOND = datetime.timedelta(microseconds=1)
DAY = 24 * 60 * 60 * 1_000_000  # microseconds

ZERO, NOW, TODAY = "zero", "now", "today"


class Variable(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A path; or, with the root ``item``, something that is in sets, of which nothing else is known."""

    root: OneOf["record", "subject", "request", "item"]
    steps: tuple[str, ...]
    type: Type


class ConstantTerm(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A constant in the place of a variable."""

    value: str


Side = Variable | ConstantTerm


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


class NetworkConstraint(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    variable: Variable
    network: str
    wanted: bool


class Member(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether the item is in the set."""

    variable: Variable
    item: Side
    wanted: bool


class Apart(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The sets have no item in common; the set has none at all, if it is the same one twice."""

    left: Variable
    right: Variable


class Below(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Whether a record is the one at the top or lies below it; ``tree`` leads from each to the one above, which is
    ``optional`` or not. ``wanted`` is a truth: the way up may have no end.
    """

    variable: Variable
    tree: str
    optional: bool
    top: Side
    wanted: bool | None

    @property
    def above(self) -> Variable:
        """The record directly above."""
        return Variable(self.variable.root, (*self.variable.steps, self.tree), self.variable.type)

    @property
    def others(self) -> tuple[Below, ...]:
        """What cannot be at the same time. What lies below does so however the way up would end otherwise."""
        truths: tuple[bool | None, ...] = (True, False, None)
        return tuple(
            Below(self.variable, self.tree, optional, self.top, wanted)
            for optional in (True, False)
            for wanted in truths
            if wanted is not self.wanted and (optional is self.optional or True in (wanted, self.wanted))
        )


State = OneOf["there", "holed", "missing", "bad"]
"""What an attribute may be: there, a set with an item missing, missing, or of another type than its own."""
_PLAIN: frozenset[State] = frozenset(("there",))
_HOLED: frozenset[State] = frozenset(("holed",))
_MISSING: frozenset[State] = frozenset(("missing",))
_BAD: frozenset[State] = frozenset(("bad",))
STATES: tuple[State, ...] = ("there", "holed", "missing", "bad")
"""All of them, what reads best first."""
VALUE: frozenset[State] = frozenset(("there", "holed"))


class There(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The attribute is in one of these states."""

    variable: Variable
    states: frozenset[State]


class Hard(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A test that no other constraint says; solutions must be tried."""

    test: Literal


class Tried(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Nothing is known; solutions must be tried."""


Constraint = Difference | Among | Same | TextIs | NetworkConstraint | Member | Apart | Below | There | Hard | Tried


class All(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    items: tuple[Tree, ...]


class Some(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    items: tuple[Tree, ...]


Tree = Constraint | All | Some

YES, NO = All(()), Some(())


class QuestionInstant(msgspec.Struct, frozen=True, gc=False):
    """The instant of the question: a certain one, or any at which shifts by months are ``pattern`` days long."""

    now: datetime.datetime | None
    pattern: tuple[tuple[tuple[int, int], int], ...] = ()
    clock: Case = ()
    """What tests of the clock say then."""


class Translator:
    """From literals to constraints, for one asker and one time."""

    def __init__(self, asker: Asker, time: QuestionInstant) -> None:
        self.asker = asker
        self.time = time
        self._literals: dict[Literal, Tree] = {}

    def tree(self, normal: Nnf) -> Tree:
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
            case Bad(path):
                return self._bad(path)
            case Useless(path):
                return self._useless(path)
            case Incomparable(test):
                return self._unlike(test)
            case Literal():
                if normal not in self._literals:  # formulas of several roles say the same over and over
                    self._literals[normal] = self._literal(normal)
                return self._literals[normal]

    # --- presence --------------------------------------------------------------------------------------------

    def _steps(self, path: c.Path) -> list[tuple[Variable, frozenset[State]]]:
        """The attributes on a path from its beginning, each with the states that it may be in."""
        index, assumed = self.asker.index, self.asker.assumed
        found: list[tuple[Variable, frozenset[State]]] = []
        type_: Type = RecordType(self.asker.resource) if path.root == "record" else UserType(None)
        for number, step in enumerate(path.steps):
            is_first, typed = number == 0, assumed.types
            if path.root == "request" and is_first:
                declared, full = index.request[step], assumed.request and step not in index.optional_request
            elif isinstance(type_, UserType):
                # A user of the record may be anybody; what the one who asks lacks is known, or declared.
                declared, typed = index.subject[step], True
                full = path.root == "subject" and is_first and assumed.users and step not in index.optional_subject
            else:
                assert isinstance(type_, RecordType)
                attribute = index.attributes[type_.resource][step]
                declared = attribute.type
                full = (assumed.records if is_first else assumed.related) and not attribute.optional
                # A record whose own place is none that there is is nobody's: nothing is asked about it.
                typed = typed or (is_first and index.resources[type_.resource].place == step)
            states = VALUE if isinstance(declared, SetType) and not typed else _PLAIN
            states |= frozenset[State]() if full else _MISSING
            states |= frozenset[State]() if typed else _BAD
            found.append((Variable(path.root, path.steps[: number + 1], declared), states))
            type_ = declared
        return found

    def _is_known(self, path: c.Path) -> bool | None:
        """Whether a path leads to a value, where that is known of a user."""
        known = self.asker.known(path)
        return None if known is path else known is not None or self.asker.known_set(path) is not None

    def _there(self, path: c.Path, states: frozenset[State] = VALUE) -> Tree:
        """The path leads to a value, in one of these states."""
        known = self._is_known(path)
        if known is not None:
            return YES if known else NO
        *before, (variable, possible) = self._steps(path)
        around = [There(each, VALUE & others) for each, others in before if not others <= VALUE]
        return _all((*around, There(variable, states & possible))) if states & possible else NO

    def _absent(self, path: c.Path) -> Tree:
        known = self._is_known(path)
        if known is not None:
            return NO if known else YES
        steps = self._steps(path)
        return _some(
            _all(
                (
                    *(There(each, states - _BAD) for each, states in steps[:number] if states & _BAD),
                    There(variable, _MISSING),
                )
            )
            for number, (variable, possible) in enumerate(steps)
            if possible & _MISSING
        )

    def _bad(self, path: c.Path) -> Tree:
        if self._is_known(path) is not None:
            return NO
        steps = self._steps(path)
        return _some(
            _all(
                (
                    *(There(each, states & VALUE) for each, states in steps[:number] if not states <= VALUE),
                    There(variable, _BAD),
                )
            )
            for number, (variable, possible) in enumerate(steps)
            if possible & _BAD
        )

    def _useless(self, path: c.Path) -> Tree:
        known = self._is_known(path)
        if known is not None:
            return NO if known else YES
        return _some(There(variable, states - VALUE) for variable, states in self._steps(path) if states - VALUE)

    # --- tests -----------------------------------------------------------------------------------------------

    def _literal(self, literal: Literal) -> Tree:
        test = literal.test
        paths = [operand for operand in test.sides if isinstance(operand, c.Path) and operand.steps]
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
                    return NetworkConstraint(_variable(address), network, wanted)
                return self._certain(literal)
            case c.Contains():
                return self._contains(literal, test, wanted)
            case c.Overlaps():
                return self._overlaps(test, wanted)
            case c.Under():
                return self._below(test, wanted)
            case c.Hours() | c.Weekdays():
                return YES if self._clock(test) is wanted else NO
            case c.Empty(operand):
                known_set = self.asker.known_set(operand)
                if known_set is not None:
                    return YES if (not known_set) == wanted else NO
                return self._without_items(operand) if wanted else self._some_item(operand)
            case _:
                raise AssertionError(test)

    def _certain(self, literal: Literal) -> Tree:
        """A test of nothing but constants is decided at once."""
        operands_ = [self.asker.known(operand) for operand in literal.test.sides]
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
        for one, other in ((left, right), (right, left)):
            values = self._finite(one) if isinstance(one, c.Path) and isinstance(other, c.Constant) else None
            if values is not None and isinstance(one, c.Path) and isinstance(other, c.Constant):
                chosen = frozenset((_text(other.value),))
                return Among(_variable(one), values & chosen if wanted else values - chosen)
        domains = [
            Among(_variable(side), values)
            for side in (left, right)
            if isinstance(side, c.Path) and (values := self._finite(side)) is not None
        ]
        return _all((Same(_side(left), _side(right), wanted), *domains))

    def _below(self, test: c.Under, wanted: bool | None) -> Tree:
        """A record that has to have one above it never leads to an end: there is always one more, or none is known."""
        top = self.asker.known(test.top)
        if top is None or (wanted is False and not test.optional):
            return NO
        return Below(_variable(test.operand), test.tree, test.optional, _side(top), wanted)

    def _unlike(self, test: c.Compare | c.Time | c.Contains | c.Overlaps | c.Under) -> Tree:
        if isinstance(test, c.Time):
            return self._unlike_time(test)
        if isinstance(test, c.Contains):
            return self._holed(test)
        if isinstance(test, c.Overlaps):
            return self._holed_overlap(test)
        if isinstance(test, c.Under):
            paths = [side for side in test.sides if isinstance(side, c.Path) and side.steps]
            return _all((*map(self._there, paths), self._below(test, None)))
        left, right = self.asker.known(test.left), self.asker.known(test.right)
        if left is None or right is None:
            return NO
        sides = [self._there(side) for side in (left, right) if isinstance(side, c.Path)]
        return _all((*sides, _alike(left, right, False)))

    def _unlike_time(self, test: c.Time) -> Tree:
        """A length that does not fit, or that leads out of the calendar."""
        duration = self.asker.known(test.duration)
        of_days = isinstance(test.operand.type, DateType)
        if isinstance(duration, c.Constant):
            assert isinstance(duration.value, Duration)
            there = self._there(test.operand) if isinstance(test.operand, c.Path) else YES
            if of_days and duration.value.unit == "minutes":
                return there
            if self.time.now is None:
                return _all((there, Tried())) if _is_very_long(duration.value) else NO
            sign = 1 if test.test == "within_next" else -1
            return there if self._edge(duration.value, sign, of_days) is None else NO
        return Tried() if duration is not None else NO

    def _holed(self, test: c.Contains) -> Tree:
        """An item of the set is missing, and none of the others is the one that is looked for."""
        item = self.asker.known(test.item)
        if item is None or not isinstance(test.operand, c.Path):
            return NO
        there = self._there(item) if isinstance(item, c.Path) else YES
        holed = self._there(test.operand, _HOLED)
        if holed in (YES, NO) or there == NO:
            return NO
        return _all((holed, there, Member(_variable(test.operand), _side(item), False)))

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
        member: Tree = Member(_variable(test.operand), _side(item), wanted)
        if not wanted:  # with an item missing it is unknown
            member = _all((self._there(test.operand, _PLAIN), member))
        values = self._finite(item) if isinstance(item, c.Path) else None
        if values is None or isinstance(item, c.Constant):
            return member
        return _all((member, Among(_variable(item), values)))

    def _clock(self, test: c.Hours | c.Weekdays) -> bool:
        now = self.time.now
        return dict(self.time.clock)[test] if now is None else clock_test(test, now, self.asker.index.timezone)

    # --- two sets --------------------------------------------------------------------------------------------

    def _overlaps(self, test: c.Overlaps, wanted: bool) -> Tree:
        left, right = self.asker.known_set(test.left), self.asker.known_set(test.right)
        if left is not None and right is not None:
            return YES if (not set(left).isdisjoint(right)) == wanted else NO
        if left is not None or right is not None:
            other = test.right if left is not None else test.left
            values = left if left is not None else right
            assert values is not None
            each = [self._member(other, c.Constant(other.type.item, value, test.at), wanted) for value in values]
            return _some(each) if wanted else _all(each)
        if wanted:
            item = _item(test.left, test.right)
            return _all((*self._kind_of_item(test, item), *(self._held(side, item) for side in test.sides)))
        whole = _all(self._states_of(side, _PLAIN) for side in test.sides)
        nothing = _some(self._without_items(side) for side in test.sides)
        return _some((_all((whole, self._apart(test))), nothing))

    def _holed_overlap(self, test: c.Overlaps) -> Tree:
        """An item of one set is missing, the other has some, and no two are known to be the same."""
        if any(self._is_known(side) is False for side in test.sides if isinstance(side, c.Path)):
            return NO
        cases = []
        for holed, other in ((test.left, test.right), (test.right, test.left)):
            if self.asker.known_set(holed) is None:
                cases.append(_all((self._states_of(holed, _HOLED), self._some_item(other))))
        known = [self.asker.known_set(side) for side in test.sides]
        apart: Tree = self._apart(test) if known == [None, None] else self._overlaps_not(test)
        return _all((_some(cases), apart))

    def _overlaps_not(self, test: c.Overlaps) -> Tree:
        """No item of the known set is known to be in the other."""
        known = self.asker.known_set(test.left)
        other = test.left if known is None else test.right
        values = known if known is not None else self.asker.known_set(test.right)
        variable = _set_variable(other)
        return _all(Member(variable, ConstantTerm(_text(value)), False) for value in values or ())

    def _member(self, operand: c.Operand, item: c.Constant, wanted: bool) -> Tree:
        member = Member(_set_variable(operand), _side(item), wanted)
        return member if wanted else _all((self._states_of(operand, _PLAIN), member))

    def _apart(self, test: c.Overlaps) -> Tree:
        return Apart(_set_variable(test.left), _set_variable(test.right))

    def _without_items(self, operand: c.Operand) -> Tree:
        known = self.asker.known_set(operand)
        if known is not None:
            return NO if known else YES
        variable = _set_variable(operand)
        return _all((self._states_of(operand, _PLAIN), Apart(variable, variable)))

    def _some_item(self, operand: c.Operand) -> Tree:
        """The set has an item, or one that is missing."""
        known = self.asker.known_set(operand)
        if known is not None:
            return YES if known else NO
        item = _item(operand, operand)
        held = _all((*self._kind_of_item(c.Empty(operand, operand.at), item), self._held(operand, item)))
        return _some((self._states_of(operand, _HOLED), held))

    def _held(self, operand: c.Operand, item: Variable) -> Tree:
        return _all((self._states_of(operand, VALUE), Member(_set_variable(operand), item, True)))

    def _states_of(self, operand: c.Operand, states: frozenset[State]) -> Tree:
        assert isinstance(operand, c.Path)
        return self._there(operand, states)

    def _kind_of_item(self, test: c.Overlaps | c.Empty, item: Variable) -> Iterator[Tree]:
        """What an item can be, from the types of the sets that have it."""
        for side in test.sides:
            assert isinstance(side, c.Path)
            match side.type.item:
                case EnumType(values):
                    yield Among(item, frozenset(values))
                case BoolType():
                    yield Among(item, frozenset(("true", "false")))

    def _finite(self, path: c.Path) -> frozenset[str] | None:
        """The values that there are for a path, if these are finitely many."""
        match path.type:
            case EnumType(values):
                return frozenset(values)
            case BoolType():
                return frozenset(("true", "false"))
            case PlaceType(scope):
                # Records and requests may name places that there are not.
                *_, (_, states) = self._steps(path)
                return None if states & _BAD else self.asker.index.places_of(scope)
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


def _is_very_long(length: Duration) -> bool:
    """Whether a length may lead out of the calendar from the years that are thought about."""
    units = {"months": 12, "days": 365, "minutes": 365 * 24 * 60}
    return length.amount > 1900 * units[length.unit]


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
    return Some((All((Same(text, ConstantTerm(""), True), Same(part, ConstantTerm("x"), True))), Hard(literal)))


def _set_variable(operand: c.Operand) -> Variable:
    assert isinstance(operand, c.Path)
    return _variable(operand)


def _item(left: c.Operand, right: c.Operand) -> Variable:
    """Some item of the sets; the same for the same sets."""
    assert isinstance(left, c.Path)
    assert isinstance(right, c.Path)
    return Variable("item", (left.root, *left.steps, right.root, *right.steps), left.type.item)


def _variable(path: c.Path) -> Variable:
    return Variable(path.root, path.steps, path.type)


def _side(operand: c.Operand) -> Side:
    return ConstantTerm(_text(operand.value)) if isinstance(operand, c.Constant) else _variable(operand)


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
