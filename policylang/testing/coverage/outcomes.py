"""Conditions and the single tests in them: what each can come to, and what it came to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.truth import Situation, Truth, conjunction, disjunction, negation, truth

OUTCOMES: tuple[Truth, ...] = (True, False, None)


class Watched(msgspec.Struct, frozen=True):
    """A condition in use. ``name``: that of the policy, or the deny in words. ``parts``: the single tests, if it is put
    together of several. ``possible``: what it can come to, and each part.
    """

    name: str
    at: str
    condition: c.Condition
    parts: tuple[c.Test, ...]
    possible: tuple[tuple[Truth, ...], ...]
    """Of the whole, then of each part."""
    names: tuple[str, ...]
    """The attributes of the resource."""


def watch(index: Index, name: str, at: str, condition: c.Condition, resource: str) -> Watched:
    found = tuple(condition.tests())
    parts = found if isinstance(condition, c.And | c.Or) or len(found) > 1 else ()
    each = [_possible(index, test, resource) for test in found]
    whole = OUTCOMES if any(None in possible for possible in each) else OUTCOMES[:2]
    return Watched(name, at, condition, parts, (whole, *(each if parts else ())), tuple(index.attributes[resource]))


def outcome(watched: Watched, s: Situation) -> tuple[Truth, ...]:
    """What the condition and its parts say of a situation; no test is looked at twice."""
    if not watched.parts:
        return (truth(watched.condition, s),)
    found = [truth(test, s) for test in watched.parts]
    return (_combined(watched.condition, iter(found)), *found)


def _combined(condition: c.Condition, found: Iterator[Truth]) -> Truth:
    """The truth of the whole from those of its tests, given in their order."""
    match condition:
        case c.And(items):
            return conjunction([_combined(item, found) for item in items])
        case c.Or(items):
            return disjunction([_combined(item, found) for item in items])
        case c.Not(item):
            return negation(_combined(item, found))
        case _:
            return next(found)


def _possible(index: Index, test: c.Test, resource: str) -> tuple[Truth, ...]:
    """True and false always, but for a tree in which each record has one above it. Unknown where a value can be missing
    in a record that has all that it should have, or the way up a tree can break off.
    """
    if isinstance(test, c.Under):
        return OUTCOMES if test.optional else (True, None)
    if isinstance(test, c.Missing) or not any(_may_be_missing(index, each, resource) for each in test.sides):
        return OUTCOMES[:2]
    return OUTCOMES


def _may_be_missing(index: Index, operand: c.Operand, resource: str) -> bool:
    """An optional attribute, one of a user or of the request, and whatever lies behind a related record or a user."""
    if isinstance(operand, c.Constant) or not operand.steps:
        return False
    if operand.root != "record" or len(operand.steps) > 1:
        return True
    return index.attributes[resource][operand.steps[0]].optional
