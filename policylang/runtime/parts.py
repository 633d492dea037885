"""The parts of the decision's definition: what the user is granted, what limits it, what takes it away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.model.conditions import Condition
from policylang.model.types import PlaceType
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle, RightsSource, chains, inside, sources
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, BadValueError, attribute, read


def said_by(source: RightsSource, chain: tuple[Bundle, ...]) -> str:
    """A source in words, or the role inside it."""
    outer = source.in_words + (f" at `{source.place}`" if source.place is not None else "")
    return outer if len(chain) < 2 else f"role `{chain[-1].name}` inside {outer}"


def _covering(s: Situation) -> Iterator[RightsSource]:
    """The active sources whose place covers the record's place."""
    place = record_place(s)
    for source in sources(s.index, s.user, s.now):
        if s.index.covers(source.place, place):
            yield source


def grants(s: Situation, action: str) -> Iterator[tuple[RightsSource, tuple[Bundle, ...], ir.Grant]]:
    """The grants of the action on the resource in the covering sources, each with what says it and what is around."""
    return granted_by(s, action, _covering(s))


def granted_by(
    s: Situation, action: str, among: Iterable[RightsSource]
) -> Iterator[tuple[RightsSource, tuple[Bundle, ...], ir.Grant]]:
    for source in among:
        for chain in chains(s.index, source):
            for grant in chain[-1].grants:
                if grant.resource == s.resource and action in grant.actions:
                    yield source, chain, grant


def limits(s: Situation, source: RightsSource, chain: tuple[Bundle, ...], action: str) -> Iterator[Condition]:
    """The policies of the bundle that says the grant, and of every one around it; a user's override stands in place of
    all that the group and the roles inside it say of the resource.
    """
    instead = _overrides(s) if source.kind == "group" else []
    for limit in instead or [limit for bundle in chain for limit in bundle.limits]:
        if _is_on(s, limit) and limit.applies(action):
            yield s.index.instances[limit.instance].condition


def _overrides(s: Situation) -> list[ir.Limit]:
    user = s.index.users.get(s.user)
    return [policy.limit for policy in (user.overrides if user else ()) if _is_on(s, policy.limit)]


def appends(s: Situation, action: str) -> Iterator[Condition]:
    """The policies that the user appends on the resource."""
    user = s.index.users.get(s.user)
    for policy in user.appends if user else ():
        if _is_on(s, policy.limit) and policy.limit.applies(action):
            yield s.index.instances[policy.limit.instance].condition


def _is_on(s: Situation, limit: ir.Limit) -> bool:
    return s.index.instances[limit.instance].resource == s.resource


def denies(s: Situation, action: str) -> Iterator[ir.Deny]:
    """The denies of the action on the resource: of the covering sources, and for everyone. One matches unless its
    condition is false.
    """
    every = [deny for source in _covering(s) for bundle in inside(s.index, source) for deny in bundle.denies]
    for deny in (*every, *s.index.denies):
        if deny.resource == s.resource and action in deny.actions:
            yield deny


def grant_fields(index: Index, grant: ir.Grant) -> frozenset[str]:
    """The attributes that a grant covers."""
    return index.plain[grant.resource] if grant.fields is None else frozenset(grant.fields)


def is_met(s: Situation, requirement: ir.Requirement) -> bool:
    """Whether the user has what an action requires."""
    match requirement:
        case ir.RequiresAll(items=items):
            return all(is_met(s, item) for item in items)
        case ir.RequiresAny(items=items):
            return any(is_met(s, item) for item in items)
        case ir.RequiresFeature(feature=feature):
            return s.index.features[feature]
        case ir.RequiresSuperuser():
            user = s.index.users.get(s.user)
            return user is not None and user.superuser
        case ir.RequiresGrant():
            return any(
                grant.resource == requirement.resource and requirement.action in grant.actions
                for source in _required_sources(s, requirement.place_kind)
                for bundle in inside(s.index, source)
                for grant in bundle.grants
            )


def _required_sources(s: Situation, kind: str | None) -> Iterator[RightsSource]:
    """All active sources; with a kind of place, those that hold everywhere, or at such a place or above around the
    record.
    """
    here = list(_covering(s))
    for source in sources(s.index, s.user, s.now):
        if (
            kind is None
            or source.place is None
            or (source in here and s.index.is_kind_or_above(s.index.places[source.place].kind, kind))
        ):
            yield source


def record_place(s: Situation) -> str | None:
    """Where the record lives. Raises `BadValueError` for a place that there is not."""
    name = s.index.resources[s.resource].place
    found = MISSING if name is None else written(s, name)
    return None if found is MISSING else str(found)


def written(s: Situation, name: str) -> Any:
    """The value of an attribute of the record. Raises `BadValueError` also for places that there are not."""
    type_ = s.index.attributes[s.resource][name].type
    found = read(type_, attribute(s.record, name), f"{s.resource}.{name}")
    if isinstance(type_, PlaceType) and found is not MISSING:
        place = s.index.places.get(found)
        if place is None or place.kind != type_.scope:
            raise BadValueError(f"there is no {type_.scope} `{found}`, which `{s.resource}.{name}` names")
    return found
