"""Formulas made smaller: by what is true or false whatever their conditions say.

Reasoning about months and texts has to bound what it cannot say exactly, so a condition beside its own opposite is
found here, where it is certain, rather than there.
"""

from __future__ import annotations

from collections.abc import Iterable

from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, NotOf


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
        true = frozenset(part for part in parts if not isinstance(part, NotOf | AnyOf))
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
            if any(item in false or _opposite(item) in true for item in items):
                return TRUE
            left = [item for item in items if item not in true and not _is_denied(item, false)]
            return _not(left[0] if len(left) == 1 else AllOf(tuple(left))) if len(left) < len(items) else part
        case NotOf(item):
            return FALSE if item in true else part
        case AnyOf(items):
            if any(item in true or _is_denied(item, false) for item in items):
                return TRUE
            return _any(item for item in items if not _is_impossible(item, true, false))
    return FALSE if part in false else part


def _opposite(item: Formula) -> Formula | None:
    return item.item if isinstance(item, NotOf) else None


def _is_denied(item: Formula, false: frozenset[Formula]) -> bool:
    """Whether it says that something does not hold of which that is known."""
    return isinstance(item, NotOf) and item.item in false


def _is_impossible(item: Formula, true: frozenset[Formula], false: frozenset[Formula]) -> bool:
    parts = item.items if isinstance(item, AllOf) else (item,)
    return any(part in false or _opposite(part) in true for part in parts)
