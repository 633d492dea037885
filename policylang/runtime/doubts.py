"""Of a denial that other values could turn: the attributes that were missing, and the values that could not be read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

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


class Doubts:
    """What leaves a request open that is denied: its action, and the attributes that have to be covered."""

    def __init__(self, moments: tuple[Situation, ...], action: str, asked: tuple[str, ...]) -> None:
        self._moments, self._action, self._asked = moments, action, asked

    def missing(self) -> tuple[str, ...]:
        """The attributes without a value; none where the answer is a no whatever they were."""
        found: list[str] = []
        for s in self._moments if self._is_open else ():
            place = s.index.resources[s.resource].place
            if place is not None and any(way.needs_place for way in _ways(s, self._action)):
                found.append(place)
            found += [name for condition in self._conditions(s) for name in missing_names(condition, s)]
        return tuple(dict.fromkeys(found))

    def unreadable(self) -> tuple[str, ...]:
        """The values that are not of their type, in words."""
        moments = self._moments if self._is_open else ()
        found = [text for s in moments for condition in self._conditions(s) for text in bad_values(condition, s)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def _is_open(self) -> bool:
        return conjunction(self._could(s) for s in self._moments) is None

    def _could(self, s: Situation) -> Truth:
        """The decision with unknown left unknown."""
        declared = s.index.actions[s.resource][self._action]
        ways = list(_ways(s, self._action))
        return conjunction(
            (
                disjunction(way.truth for way in ways),
                *(disjunction(way.truth for way in ways if name in way.fields) for name in self._asked),
                declared.requires is None or is_met(s, declared.requires),
                *(() if declared.bypasses_policies else (truth(limit, s) for limit in appends(s, self._action))),
                *(condition is not None and negation(truth(condition, s)) for condition in self._denied(s)),
            )
        )

    def _denied(self, s: Situation) -> Iterator[Condition | None]:
        """The conditions of the denies that take the record, or an attribute that is asked for."""
        for deny in denies(s, self._action):
            if deny.fields is None or set(deny.fields) & set(self._asked):
                yield deny.condition

    def _conditions(self, s: Situation) -> list[Condition]:
        """The conditions that are unknown and leave something open by that."""
        bypasses = s.index.actions[s.resource][self._action].bypasses_policies
        found = [] if bypasses else list(appends(s, self._action))
        found += [limit for way in _ways(s, self._action) if way.truth is None for limit in way.limits]
        found += [condition for condition in self._denied(s) if condition is not None]
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
