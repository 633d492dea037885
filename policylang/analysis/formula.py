"""What a question is about: statements that conditions are true, false or unknown, joined by two-valued logic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import msgspec

from policylang.model import conditions as c
from policylang.model.types import DurationType
from policylang.runtime.truth import Situation, Truth, truth


class _Formula(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    @property
    def parts(self) -> tuple[Formula, ...]:
        """The formulas that it joins."""
        return ()

    def walk(self) -> Iterator[Formula]:
        """The formula and all in it, each before its parts."""
        waiting: list[Formula] = [self]  # type: ignore[list-item]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.parts)

    def conditions(self) -> Iterator[c.Condition]:
        """The conditions that it speaks of."""
        return (node.condition for node in self.walk() if isinstance(node, Holds))

    def tests(self) -> Iterator[c.Test]:
        """The tests in these."""
        return (test for condition in self.conditions() for test in condition.tests())

    def map(self, change: Callable[[c.Condition], c.Condition]) -> Formula:
        """The same about what ``change`` makes of each condition."""
        raise NotImplementedError


class Holds(_Formula, frozen=True, gc=False):
    """The condition has just this truth value; ``None`` is unknown."""

    condition: c.Condition
    value: bool | None

    def map(self, change: Callable[[c.Condition], c.Condition]) -> Formula:
        return Holds(change(self.condition), self.value)


class _Joined(_Formula, frozen=True, gc=False):
    items: tuple[Formula, ...]

    @property
    def parts(self) -> tuple[Formula, ...]:
        return self.items

    def map(self, change: Callable[[c.Condition], c.Condition]) -> Formula:
        return type(self)(tuple(item.map(change) for item in self.items))  # type: ignore[return-value]


class AllOf(_Joined, frozen=True, gc=False):
    pass


class AnyOf(_Joined, frozen=True, gc=False):
    pass


class NotOf(_Formula, frozen=True, gc=False):
    item: Formula

    @property
    def parts(self) -> tuple[Formula, ...]:
        return (self.item,)

    def map(self, change: Callable[[c.Condition], c.Condition]) -> Formula:
        return NotOf(self.item.map(change))


Formula = Holds | AllOf | AnyOf | NotOf

TRUE = AllOf(())
FALSE = AnyOf(())


def true(condition: c.Condition) -> Formula:
    """The condition is true: what a limit must be."""
    return Holds(condition, True)


def all_true(conditions: Iterable[c.Condition]) -> Formula:
    """Every one of the conditions is true."""
    return AllOf(tuple(true(condition) for condition in conditions))


def holds(formula: Formula, s: Situation) -> bool:
    """Whether the formula holds in a situation, by the definition of the conditions."""
    match formula:
        case Holds(condition, value):
            return truth(condition, s) is value
        case AllOf(items):
            return all(holds(item, s) for item in items)
        case AnyOf(items):
            return any(holds(item, s) for item in items)
        case NotOf(item):
            return not holds(item, s)


def given(formula: Formula, known: Mapping[c.Test, Truth]) -> Formula:
    """The formula with the truths that are known of tests put in: just `TRUE` or `FALSE` where they settle it."""
    match formula:
        case Holds(condition, value):
            return _given(condition, value, known)
        case AllOf(items) | AnyOf(items):
            return _combined(isinstance(formula, AllOf), (given(item, known) for item in items))
        case NotOf(item):
            return _opposite(given(item, known))


def _given(condition: c.Condition, value: Truth, known: Mapping[c.Test, Truth]) -> Formula:
    match condition:
        case c.And() | c.Or() | c.Not() if value is None:
            return _combined(True, (_opposite(_given(condition, each, known)) for each in (True, False)))
        case c.And(items) | c.Or(items):
            return _combined(isinstance(condition, c.And) is value, (_given(item, value, known) for item in items))
        case c.Not(item):
            return _given(item, not value, known)
        case _ if condition in known:
            return TRUE if known[condition] is value else FALSE
        case _:
            return Holds(condition, value)


def _combined(every: bool, items: Iterable[Formula]) -> Formula:
    """All of the formulas, or one of them, without what is settled."""
    settled, nothing = (FALSE, TRUE) if every else (TRUE, FALSE)
    left = []
    for item in items:
        if item == settled:
            return settled
        if item != nothing:
            left.append(item)
    if not left:
        return nothing
    return left[0] if len(left) == 1 else (AllOf if every else AnyOf)(tuple(left))


def _opposite(formula: Formula) -> Formula:
    return FALSE if formula == TRUE else TRUE if formula == FALSE else NotOf(formula)


def conjuncts(formula: Formula) -> tuple[Formula, ...]:
    """The parts of a formula, each once: it holds where all of them do."""
    found: dict[Formula, None] = {}
    todo = [formula]
    while todo:
        part = todo.pop()
        parts = conjoined(part)
        if parts is None:
            found[part] = None
        else:
            todo += reversed(parts)
    return tuple(found)


def conjoined(formula: Formula) -> tuple[Formula, ...] | None:
    """The formulas that hold together where it does, and nowhere else; ``None`` for one that joins none."""
    match formula:
        case AllOf(items):
            return items
        case AnyOf((item,)) | NotOf(NotOf(item)):
            return (item,)
        case NotOf(AnyOf(items)):
            return tuple(map(NotOf, items))
        case NotOf(AllOf((item,))):
            return (NotOf(item),)
        case Holds(c.And(parts), True as value) | Holds(c.Or(parts), False as value):
            return tuple(Holds(part, value) for part in parts)
        case Holds(c.Not(part), bool(value)):
            return (Holds(part, not value),)
    return None


def more_conditions(formula: Formula, most: int) -> bool:
    """Whether it speaks of more conditions than that."""
    return next(islice(formula.conditions(), most, None), None) is not None


# --- down to single tests ------------------------------------------------------------------------------------


def nnf(formula: Formula, wanted: bool = True) -> Formula:
    """The formula, or its opposite if not ``wanted``, in negation normal form: what single tests come to, joined by
    "and" and "or". The only thing that is still negated is that a path leads to a value of its type.
    """
    match formula:
        case AllOf(items) | AnyOf(items):
            parts = tuple(nnf(item, wanted) for item in items)
            return AllOf(parts) if isinstance(formula, AllOf) == wanted else AnyOf(parts)
        case NotOf(item):
            return nnf(item, not wanted)
        case Holds(condition, None):
            parts = (_is(condition, True, not wanted), _is(condition, False, not wanted))
            return AllOf(parts) if wanted else AnyOf(parts)
        case Holds(condition, value):
            assert value is not None
            return _is(condition, value, wanted)


def _is(condition: c.Condition, value: bool, wanted: bool) -> Formula:
    """The condition is true (false), or is not. A conjunction is true if all are, false if one is."""
    match condition:
        case c.And(items) | c.Or(items):
            parts = tuple(_is(item, value, wanted) for item in items)
            return AllOf(parts) if (isinstance(condition, c.And) == value) == wanted else AnyOf(parts)
        case c.Not(item):
            return _is(item, not value, wanted)
        case c.Missing() if not value and not wanted:
            return NotOf(Holds(condition, False))
        case c.In(operand, values, at) if isinstance(operand.type, DurationType):
            # One by one: a list may hold days and months.
            each = tuple(c.Compare("eq", operand, c.Constant(operand.type, one, at), at) for one in values)
            return _is(c.Or(each, at), value, wanted)
        case _:
            return Holds(condition, value) if wanted else AnyOf((Holds(condition, not value), Holds(condition, None)))
