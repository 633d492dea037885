"""Formulas made smaller: by what is true or false whatever their conditions say.

Reasoning about months and texts has to bound what it cannot say exactly, so a condition beside its own opposite is
found here, where it is certain, rather than there.
"""

from __future__ import annotations

from collections.abc import Iterable

from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf


def plain(formula: Formula) -> Formula:
    """An equal formula, without what is always true or never."""
    match formula:
        case AllOf(items):
            return _all(map(plain, items))
        case AnyOf(items):
            return _any(map(plain, items))
        case NotOf(item):
            return _not(plain(item))
    return formula


def _not(inner: Formula) -> Formula:
    match inner:
        case NotOf(item):
            return item
        case AnyOf(items):
            return _all(map(_not, items))
        case AllOf(()):
            return FALSE
    return NotOf(inner)


def _any(items: Iterable[Formula]) -> Formula:
    parts: dict[Formula, None] = {}
    for item in items:
        if item == TRUE:
            return TRUE
        parts.update(dict.fromkeys(item.items if isinstance(item, AnyOf) else (item,)))
    return next(iter(parts)) if len(parts) == 1 else AnyOf(tuple(parts))


def _all(items: Iterable[Formula]) -> Formula:
    """A conjunction, in which what one part says is taken for granted in the others."""
    parts: dict[Formula, None] = {}
    for item in items:
        parts.update(dict.fromkeys(item.items if isinstance(item, AllOf) else (item,)))
    while True:
        true = frozenset(part for part in parts if not isinstance(part, NotOf))
        false = frozenset(part.item for part in parts if isinstance(part, NotOf))
        known: dict[Formula, None] = {}
        for part in parts:
            part = _given(part, true, false)
            if part == FALSE:
                return FALSE
            known.update(dict.fromkeys(part.items if isinstance(part, AllOf) else (part,)))
        if known == parts:
            return next(iter(parts)) if len(parts) == 1 else AllOf(tuple(parts))
        parts = known


def _given(part: Formula, true: frozenset[Formula], false: frozenset[Formula]) -> Formula:
    """One part of a conjunction, where others are known to hold, or not to."""
    match part:
        case NotOf(AllOf(items)):
            return _not(_all(_within(item, true, false) for item in items))
        case AnyOf(items):
            return _any(_within(item, true, false) for item in items)
    return FALSE if part in false or _is_otherwise(part, true) else part


def _within(part: Formula, true: frozenset[Formula], false: frozenset[Formula]) -> Formula:
    """What is left of a formula inside a part of the conjunction."""
    if part in true:
        return TRUE
    if part in false or _is_otherwise(part, true):
        return FALSE
    match part:
        case AllOf(items):
            return _all(_within(item, true, false) for item in items)
        case AnyOf(items):
            return _any(_within(item, true, false) for item in items)
        case NotOf(item):
            return _not(_within(item, true, false))
    return part


def _is_otherwise(part: Formula, true: frozenset[Formula]) -> bool:
    """Whether its condition is known to be something else: true, false or unknown."""
    return isinstance(part, Holds) and any(
        Holds(part.condition, value) in true for value in (True, False, None) if value is not part.value
    )
