"""Of a denial that other values could turn: the attributes that were missing, and the values that could not be read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.model.conditions import Condition
from policylang.runtime.parts import appends, denies, grant_fields, granted_by, grants, is_met, limits, record_place
from policylang.runtime.sources import RightsSource, sources
from policylang.runtime.truth import (
    Situation,
    Truth,
    bad_values,
    conjunction,
    disjunction,
    missing_names,
    negation,
    truth,
)


def doubts(
    moments: tuple[Situation, ...], action: str, asked: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What leaves a denied request open: the attributes without a value, and in words the values that are not of their
    type; none where the answer is a no whatever they were. ``asked``: the attributes that have to be covered.
    """
    if conjunction(_could(s, action, asked) for s in moments) is not None:
        return (), ()
    missing: list[str] = []
    unreadable: list[str] = []
    for s in moments:
        place = s.index.resources[s.resource].place
        if place is not None and any(way.needs_place for way in _ways(s, action)):
            missing.append(place)
        for condition in _unknown(s, action, asked):
            missing += missing_names(condition, s)
            unreadable += bad_values(condition, s)
    return tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(unreadable))


def _could(s: Situation, action: str, asked: tuple[str, ...]) -> Truth:
    """The decision with unknown left unknown."""
    declared = s.index.actions[s.resource][action]
    ways = list(_ways(s, action))
    return conjunction(
        (
            disjunction(way.truth for way in ways),
            *(disjunction(way.truth for way in ways if name in way.fields) for name in asked),
            declared.requires is None or is_met(s, declared.requires),
            *(() if declared.bypasses_policies else (truth(limit, s) for limit in appends(s, action))),
            *(condition is not None and negation(truth(condition, s)) for condition in _denied(s, action, asked)),
        )
    )


def _denied(s: Situation, action: str, asked: tuple[str, ...]) -> Iterator[Condition | None]:
    """The conditions of the denies that take the record, or an attribute that is asked for."""
    for deny in denies(s, action):
        if deny.fields is None or set(deny.fields) & set(asked):
            yield deny.condition


def _unknown(s: Situation, action: str, asked: tuple[str, ...]) -> list[Condition]:
    """The conditions that are unknown and leave something open by that."""
    bypasses = s.index.actions[s.resource][action].bypasses_policies
    found = [] if bypasses else list(appends(s, action))
    found += [limit for way in _ways(s, action) if way.truth is None for limit in way.limits]
    found += [condition for condition in _denied(s, action, asked) if condition is not None]
    return [condition for condition in found if truth(condition, s) is None]


class _Way(msgspec.Struct, frozen=True):
    """A grant, whether its limits are true, and whether it would cover the record if that said where it lives."""

    truth: Truth
    fields: frozenset[str]
    limits: tuple[Condition, ...]
    needs_place: bool


def _ways(s: Situation, action: str) -> Iterator[_Way]:
    bypasses = s.index.actions[s.resource][action].bypasses_policies
    placed: list[RightsSource] = []
    if s.index.resources[s.resource].place is not None and record_place(s) is None:
        placed = [source for source in sources(s.index, s.user, s.now) if source.place is not None]
    for source, chain, grant in (*grants(s, action), *granted_by(s, action, placed)):
        mine = () if bypasses else tuple(limits(s, source, chain, action))
        met = conjunction((*(truth(limit, s) for limit in mine), None if source in placed else True))
        yield _Way(met, grant_fields(s.index, grant), mine, source in placed and met is None)
