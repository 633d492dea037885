"""From formulas in negation normal form to constraints, about one asker, at one time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policylang.analysis.asker import Asker
from policylang.analysis.constraints import (
    BAD,
    EPOCH,
    HOLED,
    MICROSECOND,
    MISSING,
    NO,
    NOW,
    PLAIN,
    TODAY,
    VALUE,
    YES,
    All,
    Among,
    Apart,
    Below,
    ConstantTerm,
    Hard,
    Member,
    NetworkConstraint,
    Same,
    TextIs,
    There,
    Tree,
    Tried,
    ValueState,
    Variable,
    alike,
    all_of,
    at_least,
    at_most,
    ordered,
    shared_item,
    side_of,
    some_of,
    text_of,
    two_texts,
    variable_of,
)
from policylang.analysis.formula import AllOf, AnyOf, Formula, Holds, NotOf
from policylang.analysis.query import AS_DECLARED, COMPLETE, PROPOSED, TYPED
from policylang.analysis.question_instant import QuestionInstant, is_very_long
from policylang.model import conditions as c
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    PlaceType,
    SetType,
    UserType,
)
from policylang.runtime.clock import clock_test
from policylang.runtime.truth import Situation, truth


class Translator:
    """For one asker and one time."""

    def __init__(self, asker: Asker, time: QuestionInstant) -> None:
        self.asker = asker
        self.time = time
        self._known: dict[Holds, Tree] = {}

    def tree(self, normal: Formula) -> Tree:
        """The constraints of a formula in negation normal form."""
        match normal:
            case AllOf(items):
                return all_of(self.tree(item) for item in items)
            case AnyOf(items):
                return some_of(self.tree(item) for item in items)
            case Holds(test, value):
                if normal not in self._known:  # formulas of several roles say the same over and over
                    self._known[normal] = self._holds(test, value)
                return self._known[normal]
            case NotOf(Holds(c.Missing(path))):
                return self._useless(path)
            case NotOf():
                raise AssertionError(normal)

    # --- presence --------------------------------------------------------------------------------------------

    def _steps(self, path: c.Path) -> list[tuple[Variable, frozenset[ValueState]]]:
        """The attributes on a path from its beginning, each with the states that it may be in."""
        index, assumed = self.asker.index, self.asker.query.assumed
        found: list[tuple[Variable, frozenset[ValueState]]] = []
        as_declared = assumed >= AS_DECLARED
        for number, (holder, step) in enumerate(index.holders(self.asker.query.resource, path), 1):
            declared, is_first, typed = index.attribute_type(holder, step), number == 1, assumed >= TYPED
            if holder is None:
                full = as_declared and step not in index.optional_request
            elif isinstance(holder, UserType):
                # A user of the record may be anybody; what the one who asks lacks is known, or declared.
                typed = True
                own = path.root == "subject" and is_first
                full = own and as_declared and step not in index.optional_subject
            else:
                full = (
                    assumed >= (COMPLETE if is_first else PROPOSED)
                    and not index.attributes[holder.resource][step].optional
                )
                # A record whose own place is none that there is is nobody's: nothing is asked about it.
                typed = typed or (is_first and index.resources[holder.resource].place == step)
            states = VALUE if isinstance(declared, SetType) and not typed else PLAIN
            states |= frozenset[ValueState]() if full else MISSING
            states |= frozenset[ValueState]() if typed else BAD
            found.append((Variable(path.root, path.steps[:number], declared), states))
        return found

    def _is_known(self, path: c.Path) -> bool | None:
        """Whether a path leads to a value, where that is known of a user."""
        known = self.asker.known(path)
        return None if known is path else known is not None or self.asker.known_set(path) is not None

    def _there(self, path: c.Operand, states: frozenset[ValueState] = VALUE) -> Tree:
        """The path, which the operand has to be, leads to a value, in one of these states."""
        assert isinstance(path, c.Path)
        known = self._is_known(path)
        if known is not None:
            return YES if known else NO
        *before, (variable, possible) = self._steps(path)
        around = [There(each, VALUE & others) for each, others in before if not others <= VALUE]
        return all_of((*around, There(variable, states & possible))) if states & possible else NO

    def _absent(self, path: c.Path) -> Tree:
        known = self._is_known(path)
        if known is not None:
            return NO if known else YES
        return self._first(path, MISSING, VALUE | MISSING)

    def _bad(self, path: c.Path) -> Tree:
        if self._is_known(path) is not None:
            return NO
        return self._first(path, BAD, VALUE)

    def _first(self, path: c.Path, state: frozenset[ValueState], before: frozenset[ValueState]) -> Tree:
        """An attribute on the path is in the state, and those before it are in one of the others."""
        steps = self._steps(path)
        return some_of(
            all_of(
                (
                    *(There(each, states & before) for each, states in steps[:number] if not states <= before),
                    There(variable, state),
                )
            )
            for number, (variable, possible) in enumerate(steps)
            if possible & state
        )

    def _useless(self, path: c.Path) -> Tree:
        known = self._is_known(path)
        if known is not None:
            return NO if known else YES
        return some_of(There(variable, states - VALUE) for variable, states in self._steps(path) if states - VALUE)

    # --- tests -----------------------------------------------------------------------------------------------

    def _holds(self, test: c.Condition, value: bool | None) -> Tree:
        match test:
            case c.Missing(path):
                return self._there(path) if value is False else self._absent(path) if value else self._bad(path)
            case c.And() | c.Or() | c.Not():
                raise AssertionError(test)
            case _:
                return self._unknown(test) if value is None else self._decided(test, value)

    def _decided(self, test: c.Test, wanted: bool) -> Tree:
        """The test is true (false): everything that it looks at is there."""
        paths = [operand for operand in test.sides if isinstance(operand, c.Path) and operand.steps]
        presence = all_of(self._there(path) for path in paths)
        if presence == NO:
            return NO
        return all_of((presence, self._test(test, wanted)))

    def _unknown(self, test: c.Test) -> Tree:
        """Something that the test looks at is missing or not of its type, or it is unknown nevertheless."""
        return some_of(
            (
                *(self._useless(side) for side in test.sides if isinstance(side, c.Path) and side.steps),
                self._unlike(test),
            )
        )

    def _test(self, test: c.Test, wanted: bool) -> Tree:
        match test:
            case c.Compare(kind, left, right):
                first, second = self.asker.known(left), self.asker.known(right)
                assert first is not None
                assert second is not None
                return self._compare(test, kind, first, second, wanted)
            case c.In(operand, values):
                known = self.asker.known(operand)
                assert known is not None
                return self._in(test, known, values, wanted)
            case c.Time():
                return self._time(test, wanted)
            case c.TextTest(kind, operand, part):
                text, wanted_part = self.asker.known(operand), self.asker.known(part)
                if isinstance(text, c.Path) and isinstance(wanted_part, c.Constant):
                    return TextIs(variable_of(text), kind, str(wanted_part.value), wanted)
                if isinstance(text, c.Path) and isinstance(wanted_part, c.Path):
                    return two_texts(test, variable_of(text), variable_of(wanted_part), wanted)
                return self._certain(test, wanted)
            case c.InNetwork(operand, network):
                address = self.asker.known(operand)
                if isinstance(address, c.Path):
                    return NetworkConstraint(variable_of(address), network, wanted)
                return self._certain(test, wanted)
            case c.Contains():
                return self._contains(test, wanted)
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

    def _certain(self, test: c.Test, wanted: bool) -> Tree:
        """A test of nothing but constants is decided at once."""
        operands_ = [self.asker.known(operand) for operand in test.sides]
        if all(isinstance(operand, c.Constant) for operand in operands_):
            s = Situation(self.asker.index, self.asker.id, self.asker.query.resource, {}, {}, self.asker.query.now)
            return YES if truth(test, s) is wanted else NO
        return Hard(test, wanted)

    def _compare(self, test: c.Test, kind: str, left: c.Operand, right: c.Operand, wanted: bool) -> Tree:
        type_ = left.type if isinstance(left, c.Path) else right.type
        if isinstance(left, c.Constant) and isinstance(right, c.Constant):
            return self._certain(test, wanted)
        if isinstance(type_, DurationType):
            return all_of((alike(left, right, True), ordered(kind, left, right, wanted)))
        if isinstance(type_, (*NUMBERS, DateTimeType, DateType)):
            return ordered(kind, left, right, wanted)
        for one, other in ((left, right), (right, left)):
            values = self._finite(one) if isinstance(one, c.Path) and isinstance(other, c.Constant) else None
            if values is not None and isinstance(one, c.Path) and isinstance(other, c.Constant):
                chosen = frozenset((text_of(other.value),))
                return Among(variable_of(one), values & chosen if wanted else values - chosen)
        domains = [
            Among(variable_of(side), values)
            for side in (left, right)
            if isinstance(side, c.Path) and (values := self._finite(side)) is not None
        ]
        return all_of((Same(side_of(left), side_of(right), wanted), *domains))

    def _below(self, test: c.Under, wanted: bool | None) -> Tree:
        """A record that has to have one above it never leads to an end: there is always one more, or none is known."""
        top = self.asker.known(test.top)
        if top is None or (wanted is False and not test.optional):
            return NO
        return Below(variable_of(test.operand), test.tree, test.optional, side_of(top), wanted)

    def _unlike(self, test: c.Test) -> Tree:
        """All that it looks at is there, and the test is unknown nevertheless: months beside days, minutes beside
        a date, a time outside of the calendar, an item of the set that is missing, a way up a tree that breaks off.
        """
        match test:
            case c.Time():
                return self._unlike_time(test)
            case c.Contains():
                return self._holed(test)
            case c.Overlaps():
                return self._holed_overlap(test)
            case c.Under():
                paths = [side for side in test.sides if isinstance(side, c.Path) and side.steps]
                return all_of((*map(self._there, paths), self._below(test, None)))
            case c.Compare(left=left) if isinstance(left.type, DurationType):
                first, second = self.asker.known(left), self.asker.known(test.right)
                if first is None or second is None:
                    return NO
                sides = [self._there(side) for side in (first, second) if isinstance(side, c.Path)]
                return all_of((*sides, alike(first, second, False)))
            case _:
                return NO

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
                return all_of((there, Tried())) if is_very_long(duration.value) else NO
            return there if self.time.edge(self.asker.index, duration.value, test.sign, of_days) is None else NO
        return Tried() if duration is not None else NO

    def _holed(self, test: c.Contains) -> Tree:
        """An item of the set is missing, and none of the others is the one that is looked for."""
        item = self.asker.known(test.item)
        if item is None or not isinstance(test.operand, c.Path):
            return NO
        there = self._there(item) if isinstance(item, c.Path) else YES
        holed = self._there(test.operand, HOLED)
        if holed in (YES, NO) or there == NO:
            return NO
        return all_of((holed, there, Member(variable_of(test.operand), side_of(item), False)))

    def _in(self, test: c.Test, operand: c.Operand, values: tuple[c.Value, ...], wanted: bool) -> Tree:
        if isinstance(operand, c.Constant):
            return self._certain(test, wanted)
        finite = self._finite(operand)
        if finite is not None:
            chosen = frozenset(map(text_of, values))
            return Among(variable_of(operand), finite & chosen if wanted else finite - chosen)
        parts = [
            self._compare(test, "eq", operand, c.Constant(operand.type, value, operand.at), wanted) for value in values
        ]
        if wanted and parts and all(isinstance(part, Same) for part in parts):
            return Among(variable_of(operand), frozenset(map(text_of, values)))  # one constraint, not as many cases
        return some_of(parts) if wanted else all_of(parts)

    def _contains(self, test: c.Contains, wanted: bool) -> Tree:
        item = self.asker.known(test.item)
        assert item is not None
        known = self.asker.known_set(test.operand)
        if known is not None:
            if isinstance(item, c.Constant):
                return YES if (item.value in known) == wanted else NO
            return self._in(test, item, known, wanted)
        member = self._member(test.operand, item, wanted)
        values = self._finite(item) if isinstance(item, c.Path) else None
        if values is None or isinstance(item, c.Constant):
            return member
        return all_of((member, Among(variable_of(item), values)))

    def _clock(self, test: c.Hours | c.Weekdays) -> bool:
        now = self.time.now
        return dict(self.time.clock)[test] if now is None else clock_test(test, now, self.asker.index.timezone)

    # --- two sets --------------------------------------------------------------------------------------------

    def _overlaps(self, test: c.Overlaps, wanted: bool) -> Tree:
        known, other = self._known_side(test)
        if known is not None:
            others = self.asker.known_set(other)
            if others is not None:
                return YES if (not set(known).isdisjoint(others)) == wanted else NO
            each = [self._member(other, c.Constant(other.type.item, value, test.at), wanted) for value in known]
            return some_of(each) if wanted else all_of(each)
        if wanted:
            item = shared_item(test.left, test.right)
            return all_of((*self._kind_of_item(test.sides, item), *(self._held(side, item) for side in test.sides)))
        whole = all_of(self._there(side, PLAIN) for side in test.sides)
        nothing = some_of(self._without_items(side) for side in test.sides)
        return some_of((all_of((whole, Apart(*map(variable_of, test.sides)))), nothing))

    def _holed_overlap(self, test: c.Overlaps) -> Tree:
        """An item of one set is missing, the other has some, and no two are known to be the same."""
        if any(self._is_known(side) is False for side in test.sides if isinstance(side, c.Path)):
            return NO
        cases = []
        for holed, other in ((test.left, test.right), (test.right, test.left)):
            if self.asker.known_set(holed) is None:
                cases.append(all_of((self._there(holed, HOLED), self._some_item(other))))
        known, other = self._known_side(test)
        if known is None:
            return all_of((some_of(cases), Apart(*map(variable_of, test.sides))))
        apart = [Member(variable_of(other), ConstantTerm(text_of(value)), False) for value in known]
        return all_of((some_of(cases), all_of(apart)))

    def _known_side(self, test: c.Overlaps) -> tuple[tuple[c.Value, ...] | None, c.Operand]:
        """What is in one of the sets, if that is known of either; and the other set."""
        left = self.asker.known_set(test.left)
        return (left, test.right) if left is not None else (self.asker.known_set(test.right), test.left)

    def _member(self, operand: c.Operand, item: c.Operand, wanted: bool) -> Tree:
        """The item is in the set, or is not: with an item missing that is unknown."""
        member = Member(variable_of(operand), side_of(item), wanted)
        return member if wanted else all_of((self._there(operand, PLAIN), member))

    def _without_items(self, operand: c.Operand) -> Tree:
        known = self.asker.known_set(operand)
        if known is not None:
            return NO if known else YES
        variable = variable_of(operand)
        return all_of((self._there(operand, PLAIN), Apart(variable, variable)))

    def _some_item(self, operand: c.Operand) -> Tree:
        """The set has an item, or one that is missing."""
        known = self.asker.known_set(operand)
        if known is not None:
            return YES if known else NO
        item = shared_item(operand, operand)
        held = all_of((*self._kind_of_item((operand,), item), self._held(operand, item)))
        return some_of((self._there(operand, HOLED), held))

    def _held(self, operand: c.Operand, item: Variable) -> Tree:
        return all_of((self._there(operand, VALUE), Member(variable_of(operand), item, True)))

    def _kind_of_item(self, sets: Iterable[c.Operand], item: Variable) -> Iterator[Tree]:
        """What an item can be, from the types of the sets that have it."""
        for each in sets:
            match each.type.item:
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
                return None if states & BAD else self.asker.index.places_of(scope)
            case _:
                return None

    # --- time ------------------------------------------------------------------------------------------------

    def _time(self, test: c.Time, wanted: bool) -> Tree:
        operand, duration = self.asker.known(test.operand), self.asker.known(test.duration)
        if isinstance(operand, c.Path) and isinstance(duration, c.Path):
            return self._any_length(test, variable_of(operand), wanted)
        if not isinstance(operand, c.Path) or not isinstance(duration, c.Constant):
            return Hard(test, wanted)
        assert isinstance(duration.value, Duration)
        of_days = isinstance(operand.type, DateType)
        if of_days and duration.value.unit == "minutes":
            return NO
        variable = variable_of(operand)
        edge = self.time.edge(self.asker.index, duration.value, test.sign, of_days)
        if edge is None:
            return NO
        now, latest, earliest = edge
        if test.test == "older_than":
            return at_most(variable, now, latest - 1) if wanted else at_least(variable, now, earliest)
        if test.test == "within":
            inside = (at_least(variable, now, earliest), at_most(variable, now, 0))
            outside = (at_most(variable, now, latest - 1), at_least(variable, now, 1))
        else:
            inside = (at_least(variable, now, 0), at_most(variable, now, latest))
            outside = (at_most(variable, now, -1), at_least(variable, now, earliest + 1))
        return all_of(inside) if wanted else some_of(outside)

    def _any_length(self, test: c.Time, variable: Variable, wanted: bool) -> Tree:
        """A length that the record says: now itself and what lies on its other side are easily decided, the rest has to
        be tried.
        """
        node: Any = TODAY if isinstance(variable.type, DateType) else NOW
        if self.time.now is not None:
            today = self.time.now.astimezone(self.asker.index.timezone).date()
            node = today.toordinal() if node == TODAY else (self.time.now - EPOCH) // MICROSECOND
        sure: Tree = All((at_least(variable, node, 0), at_most(variable, node, 0)))
        if wanted == (test.test == "older_than"):
            beyond = {"within": at_least(variable, node, 1), "within_next": at_most(variable, node, -1)}
            sure = beyond.get(test.test, Hard(test, wanted))
        return some_of((sure, Hard(test, wanted)))
