"""Why a request is denied, in words: the limit that was false, the place, the dates, what is required."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.ir import nodes as ir
from policylang.ir.requirements import requirement_in_words
from policylang.runtime.grants import (
    Granted,
    Holding,
    appends_of,
    begun_or_ended,
    granted,
    holdings,
    limiting,
    overrides_of,
)
from policylang.runtime.parts import denies, grant_fields, is_met, record_place, said_by
from policylang.runtime.truth import Situation, truth

_MOST_REASONS = 10
"""Reasons of one kind that are told."""


def not_open(s: Situation, action: str) -> tuple[str, ...]:
    """Why no grant of the action is open on the record: what limits each, where it holds, when its source is given."""
    every = list(_granted(s, action))
    active = {holding.source for holding, _ in every if holding.active}
    place = record_place(s)
    limited, elsewhere, lapsed = list[str](), list[str](), list[str]()
    for holding, each in every:
        source = holding.source
        if not holding.active:
            if source not in active:
                lapsed.append(f"{said_by(source, ())} grants {action}, but {_why_lapsed(s, holding)}")
        elif s.index.covers(source.place, place):
            limited += _limited(s, each)
        else:
            elsewhere.append(
                f"{said_by(source, each.chain)} grants {action}, but does not apply where this `{s.resource}` is"
            )
    return _some((*limited, *elsewhere, *lapsed)) or (f"nothing grants {action} on this `{s.resource}`",)


def _granted(s: Situation, action: str) -> Iterator[tuple[Holding, Granted]]:
    """Every grant of the action in what the user has at some time, somewhere."""
    overrides = overrides_of(s.index, s.user)
    for holding in holdings(s.index, s.user, s.now):
        for each in granted(s.index, holding.source, overrides, (s.resource, action)):
            yield holding, each


def _limited(s: Situation, each: Granted) -> Iterator[str]:
    what = f"replaces the limits of {said_by(each.source, ())}" if each.overridden else ""
    what = what or f"limits what {said_by(each.source, each.chain)} grants"
    for limit in each.limits:
        yield from _not_true(s, s.index.instances[limit.instance], what)


def _not_true(s: Situation, instance: ir.PolicyInstance, what: str) -> Iterator[str]:
    found = truth(instance.condition, s)
    if found is not True:
        answer = "false" if found is False else "unknown"
        yield f"`{instance.id}` {what} and is {answer} for this `{s.resource}` ({instance.at})"


def _why_lapsed(s: Situation, holding: Holding) -> str:
    if holding.lost or holding.assignment is None:
        return f"`{s.user}` is terminated"
    given = holding.assignment
    return f"its assignment {begun_or_ended(given, holding.due)}"


def _some(reasons: Iterable[str]) -> tuple[str, ...]:
    """The reasons, each once, and not more than people read."""
    found = tuple(dict.fromkeys(reasons))
    more = len(found) - _MOST_REASONS
    return found if more <= 0 else (*found[:_MOST_REASONS], f"and {more} more")


def not_met(s: Situation, action: str) -> tuple[str, ...]:
    """What an action requires and the user does not have."""
    requirement = s.index.actions[s.resource][action].requires
    assert requirement is not None
    lacking = requirement_in_words(requirement, lambda part: not is_met(s, part))
    return (f"{action} on `{s.resource}` requires {lacking}, which the user does not have",)


def not_appended(s: Situation, action: str) -> tuple[str, ...]:
    """The policies that the user appends and that keep the record away."""
    limits = limiting(s.index, appends_of(s.index, s.user), s.resource, action)
    return _some(reason for x in limits for reason in _not_true(s, s.index.instances[x.instance], "is appended"))


def not_covering(s: Situation, action: str, name: str) -> tuple[str, ...]:
    """Why an open action does not cover an attribute; nothing where it does."""
    place = record_place(s)
    wanted = [
        each
        for holding, each in _granted(s, action)
        if holding.active and s.index.covers(holding.source.place, place)
        if name in grant_fields(s.index, each.grant)
    ]
    closed = [tuple(_limited(s, each)) for each in wanted]
    if not wanted:
        return (f"no grant of {action} on `{s.resource}` covers `{name}`",)
    if all(closed):
        return _some(reason for each in closed for reason in each)
    return tuple(
        f"a deny blocks `{name}` of this `{s.resource}` ({deny.at})"
        for deny in denies(s, action)
        if deny.fields is not None
        and name in deny.fields
        and (deny.condition is None or truth(deny.condition, s) is not False)
    )[:1]
