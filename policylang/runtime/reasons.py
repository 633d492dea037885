"""Why a request is denied, in words: the limit that was false, the place, the dates, what is required."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.ir import nodes as ir
from policylang.runtime.parts import (
    appended,
    covering,
    denies,
    grant_fields,
    granted_by,
    grants,
    is_met,
    limiting,
    overrides,
    said_by,
)
from policylang.runtime.sources import Bundle, Source, lapses, sources
from policylang.runtime.truth import Situation, truth

_MOST_REASONS = 10
"""Reasons of one kind that are told."""


def not_open(s: Situation, action: str) -> tuple[str, ...]:
    """Why no grant of the action is open on the record: what limits each, where it holds, when its source is given."""
    found = [reason for source, chain, _ in grants(s, action) for reason in _limited(s, action, source, chain)]
    active, here = list(dict.fromkeys(sources(s.index, s.user, s.now))), set(covering(s))
    for source, chain, _ in granted_by(s, action, (each for each in active if each not in here)):
        found.append(f"{said_by(source, chain)} grants {action}, but does not hold where this `{s.resource}` is")
    for source, given in lapses(s.index, s.user):
        if source not in active and any(granted_by(s, action, [source])):
            found.append(f"{said_by(source, ())} grants {action}, but {_why_lapsed(s, given)}")
    return _some(found) or (f"nothing grants {action} on this `{s.resource}`",)


def _limited(s: Situation, action: str, source: Source, chain: tuple[Bundle, ...]) -> Iterator[str]:
    overridden = source.kind == "group" and bool(overrides(s))
    what = f"stands in place of the limits of {said_by(source, ())}" if overridden else ""
    what = what or f"limits what {said_by(source, chain)} grants"
    for instance in limiting(s, source, chain, action):
        yield from _not_true(s, instance, what)


def _not_true(s: Situation, instance: ir.PolicyInstance, what: str) -> Iterator[str]:
    found = truth(instance.condition, s)
    if found is not True:
        answer = "false" if found is False else "unknown"
        yield f"`{instance.id}` {what} and is {answer} for this `{s.resource}` ({instance.at})"


def _why_lapsed(s: Situation, given: ir.Assignment | None) -> str:
    if given is None:
        return f"`{s.user}` is terminated"
    today = s.now.astimezone(s.index.timezone).date().isoformat()
    early = given.start is not None and today < given.start
    return f"its assignment begins on {given.start}" if early else f"its assignment ended on {given.until}"


def _some(reasons: Iterable[str]) -> tuple[str, ...]:
    """The reasons, each once, and not more than people read."""
    found = tuple(dict.fromkeys(reasons))
    more = len(found) - _MOST_REASONS
    return found if more <= 0 else (*found[:_MOST_REASONS], f"and {more} more")


def not_met(s: Situation, action: str) -> tuple[str, ...]:
    """What an action requires and the user does not have."""
    requirement = s.index.actions[s.resource][action].requires
    assert requirement is not None
    return (f"{action} on `{s.resource}` requires {_lacking(s, requirement)}, which the user does not have",)


def _lacking(s: Situation, requirement: ir.Requirement, inner: bool = False) -> str:
    match requirement:
        case ir.RequiresAll(items=items) | ir.RequiresAny(items=items):
            word = " and " if isinstance(requirement, ir.RequiresAll) else " or "
            lacking = [_lacking(s, item, True) for item in items if not is_met(s, item)]
            return f"({word.join(lacking)})" if inner and len(lacking) > 1 else word.join(lacking)
        case ir.RequiresFeature(feature=feature):
            return f"the feature `{feature}`"
        case ir.RequiresSuperuser():
            return "the superuser tag"
        case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
            return f"{action} on `{resource}`{f' at {kind}' if kind else ''}"


def not_appended(s: Situation, action: str) -> tuple[str, ...]:
    """The policies that the user appends and that keep the record away."""
    return _some(reason for instance in appended(s, action) for reason in _not_true(s, instance, "is appended"))


def not_covering(s: Situation, action: str, name: str) -> tuple[str, ...]:
    """Why an open action does not cover an attribute; nothing where it does."""
    wanted = [each for each in grants(s, action) if name in grant_fields(s.index, each[2])]
    bypasses = s.index.actions[s.resource][action].bypasses_policies
    closed = [() if bypasses else tuple(_limited(s, action, source, chain)) for source, chain, _ in wanted]
    if not wanted:
        return (f"no grant of {action} on `{s.resource}` covers `{name}`",)
    if all(closed):
        return _some(reason for each in closed for reason in each)
    return tuple(
        f"a deny takes `{name}` of this `{s.resource}` away ({deny.at})"
        for deny in denies(s, action)
        if deny.fields is not None
        and name in deny.fields
        and (deny.condition is None or truth(deny.condition, s) is not False)
    )[:1]
