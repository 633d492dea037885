"""What is left of a condition when everything but the record is known.

The result is in negation normal form and stands for "is true": a part that is unknown whatever the record is counts as
false there, as it does where a limit must be true or a deny must be false.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from policylang.model import conditions as c
from policylang.model.instants import instant_text
from policylang.model.types import BoolType, DateTimeType, DateType, Duration, IntType, RecordType, TextType, Type
from policylang.runtime.clock import now_and_edge
from policylang.runtime.trees import climbed, identity, tree_of
from policylang.runtime.truth import Situation, truth, value
from policylang.runtime.values import MISSING, BadValueError

Rest = c.Condition | bool
"""A condition about the record alone, or its answer."""

NO_RECORD: Mapping[str, Any] = {}


def residual(condition: c.Condition, s: Situation, wanted: bool = True) -> Rest:
    """What is left of "the condition is true", or "is false" if not ``wanted``, for the situation's user, request and
    instant. The situation's record is not looked at.
    """
    match condition:
        case c.And(items, at) | c.Or(items, at):
            parts = [residual(item, s, wanted) for item in items]
            return all_of(parts, at) if isinstance(condition, c.And) == wanted else any_of(parts, at)
        case c.Not(item):
            return residual(item, s, not wanted)
        case _:
            try:
                return _test(condition, s, wanted)
            except BadValueError:
                return False


def all_of(parts: Iterable[Rest], at: str) -> Rest:
    """The conjunction, without what says nothing."""
    return _joined(parts, at, c.And, c.Or)


def any_of(parts: Iterable[Rest], at: str) -> Rest:
    """The disjunction, without what says nothing."""
    return _joined(parts, at, c.Or, c.And)


def _joined(parts: Iterable[Rest], at: str, kind: type[c.And | c.Or], other: type[c.And | c.Or]) -> Rest:
    """Flat, each part once. ``x and (x or y)`` is ``x``, and so with the words exchanged."""
    nothing = kind is c.And  # what a conjunction does not need is true
    items: dict[c.Condition, None] = {}
    for part in parts:
        if isinstance(part, bool):
            if part is not nothing:
                return part
        else:
            items.update(dict.fromkeys(part.items if isinstance(part, kind) else (part,)))
    sets = {item: frozenset(item.items) if isinstance(item, other) else frozenset((item,)) for item in items}
    kept = [item for item in items if not any(sets[each] < sets[item] for each in items)]
    return nothing if not kept else kept[0] if len(kept) == 1 else kind(tuple(kept), at)


# --- single tests --------------------------------------------------------------------------------------------


def _test(test: c.Test, s: Situation, wanted: bool) -> Rest:
    if not any(is_of_record(operand) for operand in test.sides):
        return truth(test, s) is wanted
    match test:
        case c.Missing():
            return test.nnf(wanted)
        case c.Compare(left=left, right=right):
            return _compare(test, left, right, s, wanted)
        case c.Time():
            return _time(test, s, wanted)
        case c.Contains():
            return _contains(test, s, wanted)
        case c.Overlaps():
            return _overlaps(test, s, wanted)
        case c.Under():
            return _under(test, s, wanted)
        case c.TextTest():
            operand, part = _known(test.operand, s), _known(test.part, s)
            if operand is None or part is None:
                return False
            return c.TextTest(test.test, operand, part, test.at).nnf(wanted)
        case _:
            return test.nnf(wanted)


def is_of_record(operand: c.Operand) -> bool:
    return isinstance(operand, c.Path) and operand.root == "record"


def _known(operand: c.Operand, s: Situation) -> c.Operand | None:
    """The operand with what is known in its place; ``None`` where that is missing."""
    if isinstance(operand, c.Constant) or is_of_record(operand):
        return operand
    found = value(operand, s)
    return None if found is MISSING else c.Constant(operand.type, as_value(operand.type, found), operand.at)


def _compare(test: c.Compare, left: c.Operand, right: c.Operand, s: Situation, wanted: bool) -> Rest:
    if isinstance(left.type, RecordType):
        for known, other in ((left, right), (right, left)):
            if not is_of_record(known):
                record = value(known, s)
                if record is MISSING:
                    return False
                if identity(record) is MISSING:
                    return c.In(other, (), test.at).nnf(wanted)  # another record than any that has an id
    first, second = _known(left, s), _known(right, s)
    if first is None or second is None:
        return False
    if isinstance(first, c.Constant):
        return c.Compare(_MIRRORED[test.test], second, first, test.at).nnf(wanted)
    return c.Compare(test.test, first, second, test.at).nnf(wanted)


_MIRRORED: dict[str, Literal["eq", "lt", "le", "gt", "ge"]] = {
    "eq": "eq",
    "lt": "gt",
    "le": "ge",
    "gt": "lt",
    "ge": "le",
}


def _time(test: c.Time, s: Situation, wanted: bool) -> Rest:
    """The instants instead of the length of time, unless that is the record's."""
    operand = _known(test.operand, s)
    if operand is None:
        return False
    if is_of_record(test.duration):
        return c.Time(test.test, operand, test.duration, test.at).nnf(wanted)
    length = value(test.duration, s)
    if length is MISSING:
        return False
    of_days = isinstance(operand.type, DateType)
    edges = now_and_edge(s.now, length, test.sign, s.index.timezone, of_days=of_days)
    if edges is None:
        return False
    now, edge = (c.Constant(operand.type, as_value(operand.type, each), test.at) for each in edges)
    if test.test == "older_than":
        return c.Compare("lt", operand, edge, test.at).nnf(wanted)
    first, last = (edge, now) if test.test == "within" else (now, edge)
    inside = [c.Compare("ge", operand, first, test.at), c.Compare("le", operand, last, test.at)]
    outside = [c.Compare("lt", operand, first, test.at), c.Compare("gt", operand, last, test.at)]
    return all_of(inside, test.at) if wanted else any_of(outside, test.at)


def _contains(test: c.Contains, s: Situation, wanted: bool) -> Rest:
    if is_of_record(test.operand):
        if isinstance(test.item, c.Constant) or is_of_record(test.item):
            return test.nnf(wanted)
        item = value(test.item, s)
        if item is MISSING:
            return False
        return c.Contains(test.operand, _item(test.item.type, item, test.at), test.at).nnf(wanted)
    found = value(test.operand, s)
    if found is MISSING or (not wanted and MISSING in found):
        return False
    return c.In(test.item, _named(test.item.type, found), test.at).nnf(wanted)


def _overlaps(test: c.Overlaps, s: Situation, wanted: bool) -> Rest:
    """With the items of a known set, each by itself."""
    known = [side for side in test.sides if not is_of_record(side)]
    if not known:
        return test.nnf(wanted)
    other = test.right if known[0] is test.left else test.left
    items = value(known[0], s)
    if items is MISSING:
        return False
    if not wanted and MISSING in items:  # any item could be that one
        return c.Empty(other, test.at)
    type_ = other.type.item
    constants = dict.fromkeys(_item(type_, each, test.at) for each in items if each is not MISSING)
    tests = [c.Contains(other, each, test.at) for each in constants]
    if wanted:
        return any_of(tests, test.at)
    # Of a set that is there nothing else is asked, where no item is known.
    assert isinstance(other, c.Path)
    there = c.Not(c.Missing(other, test.at), test.at)
    return all_of([each.nnf(False) for each in tests] or [there], test.at)


def _under(test: c.Under, s: Situation, wanted: bool) -> Rest:
    """With the record at the top, or with those on the way up to it, where they are known."""
    if not wanted and not test.optional:
        return False  # the way up never ends
    if is_of_record(test.operand):
        if is_of_record(test.top):
            return test.nnf(wanted)
        top = value(test.top, s)
        if top is MISSING:
            return False
        known = NAMELESS if identity(top) is MISSING else c.Constant(TextType(), str(identity(top)), test.at)
        return False if wanted and known is NAMELESS else msgspec.structs.replace(test, top=known).nnf(wanted)
    record = value(test.operand, s)
    if record is MISSING:
        return False
    above = climbed(tree_of(test), s.index.lookup, record)
    if not wanted and above[-1] is MISSING:
        return False
    ids = (identity(each) for each in above if each is not MISSING)
    keys = tuple(dict.fromkeys(str(each) for each in ids if each is not MISSING))
    return c.In(test.top, keys, test.at).nnf(wanted)


NAMELESS = c.Constant(BoolType(), False, "nowhere:1:1-1:1")
"""In the place of a record without an id, which equals no other, and under which nothing is."""


def _is_nameless(type_: Type, found: Any) -> bool:
    return isinstance(type_, RecordType) and identity(found) is MISSING


def _item(type_: Type, found: Any, at: str) -> c.Constant:
    """What is looked for in a set."""
    return NAMELESS if _is_nameless(type_, found) else c.Constant(type_, as_value(type_, found), at)


def _named(type_: Type, found: Iterable[Any]) -> tuple[c.Value, ...]:
    """The items of a set that equal others, each once."""
    kept = (each for each in found if each is not MISSING and not _is_nameless(type_, each))
    return tuple(dict.fromkeys(as_value(type_, each) for each in kept))


def as_value(type_: Type, found: Any) -> c.Value:
    """A value as a constant holds it."""
    if isinstance(type_, DateTimeType):
        return instant_text(found)
    if isinstance(found, Decimal):
        return int(found) if isinstance(type_, IntType) else format(found, "f")
    if isinstance(found, bool | str | Duration):
        return found
    if isinstance(type_, RecordType):
        return str(identity(found))
    return str(found)
