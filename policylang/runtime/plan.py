"""What decides one action on one resource for everybody of one profile: the definition, with all names looked up.

The reference walks through sources, roles and grants for each request; here that is done once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, Made, fold
from policylang.model import conditions as c
from policylang.runtime.grants import Profile, granted, instances, limiting
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields, said_by
from policylang.runtime.sources import RightsSource, chains


class Way(msgspec.Struct, frozen=True, gc=False):
    """Grants of one source that stand under the same limits.

    ``place``: where the source holds, everywhere if null. ``limits``: the instances whose conditions must all be true,
    and their ids. ``grants``: in words, with their places, as a decision gives its reasons; numbered through all ways
    of a plan.
    """

    source: RightsSource
    limits: tuple[ir.PolicyInstance, ...]
    limit_ids: frozenset[str]
    fields: frozenset[str]
    statements: tuple[ir.Grant, ...]
    grants: tuple[tuple[int, str], ...]

    @property
    def place(self) -> str | None:
        return self.source.place

    def under(self, limits: tuple[ir.PolicyInstance, ...]) -> Way:
        """The same grants under other limits."""
        return msgspec.structs.replace(self, limits=limits, limit_ids=_ids(limits))


class PlacedDeny(msgspec.Struct, frozen=True, gc=False):
    """A deny and where it holds; everywhere if ``place`` is null."""

    place: str | None
    deny: ir.Deny


class Held(msgspec.Struct, frozen=True, gc=False):
    """A requirement that is met where one of the places covers the record's: their names, in a shape their numbers."""

    places: tuple[Any, ...]


class AllMet(msgspec.Struct, frozen=True, gc=False):
    items: tuple[Met, ...]


class AnyMet(msgspec.Struct, frozen=True, gc=False):
    items: tuple[Met, ...]


Met = bool | Held | AllMet | AnyMet
"""What is left of a requirement when only the record's place is unknown."""


def fold_met(
    met: Met,
    held: Callable[[tuple[Any, ...]], Made],
    all_of: Callable[[list[Made]], Made] = all,  # type: ignore[assignment]
    any_of: Callable[[list[Made]], Made] = any,  # type: ignore[assignment]
) -> Made:
    """What it comes to, from what the places of each `Held` come to; what is settled is all of nothing, or one of
    nothing. Whether it is met, unless said otherwise.
    """
    match met:
        case Held(places):
            return held(places)
        case AllMet(items):
            return all_of([fold_met(item, held, all_of, any_of) for item in items])
        case AnyMet(items):
            return any_of([fold_met(item, held, all_of, any_of) for item in items])
        case _:
            return (all_of if met else any_of)([])


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What decides an action on a resource. Limits and appends are empty for an action that bypasses policies."""

    resource: str
    action: str
    kind: ir.Kind | None
    ways: tuple[Way, ...]
    requirement: Met
    appends: tuple[ir.PolicyInstance, ...]
    denies: tuple[PlacedDeny, ...]

    def conditions(self) -> Iterator[c.Condition]:
        """The conditions of limits and appends, each policy once, and of denies."""
        policies = (*(limit for way in self.ways for limit in way.limits), *self.appends)
        yield from {each.id: each.condition for each in policies}.values()
        yield from (each.deny.condition for each in self.denies if each.deny.condition is not None)

    @property
    def meaning(self) -> Hashable:
        """What is the same of two plans of one index that allow the same, but for the attributes and the words."""
        return (
            self.resource,
            tuple((way.place, *(limit.id for limit in way.limits)) for way in self.ways),
            self.requirement,
            tuple(each.id for each in self.appends),
            tuple((each.place, id(each.deny)) for each in self.denies),  # which live as long as the index
        )


def make_plan(index: Index, who: Profile, action: str, resource: str) -> Plan:
    """The plan of a known action on a known resource."""
    denies = [
        PlacedDeny(source.place, deny)
        for source in who.sources
        for chain in chains(index, source)
        if chain[-1].denies
        for deny in index.said(chain[-1]).denies.get((resource, action), ())
    ]
    denies += [PlacedDeny(None, deny) for deny in index.denies_of(resource, action)]
    return Plan(
        resource,
        action,
        index.kind(resource, action),
        _ways(index, who, action, resource),
        _met(index, who, index.actions[resource][action].requires),
        instances(index, limiting(index, who.appends, resource, action)),
        tuple(dict.fromkeys(denies)),
    )


def _ways(index: Index, who: Profile, action: str, resource: str) -> tuple[Way, ...]:
    number = itertools.count()
    ways: dict[tuple[RightsSource, frozenset[str]], Way] = {}
    for source in who.sources:
        for each in granted(index, source, who.overrides, (resource, action)):
            grant, limits = each.grant, instances(index, each.limits)
            words = f"{said_by(source, each.chain)} grants {action} on `{resource}` ({grant.at})"
            ids = _ids(limits)
            way = Way(source, limits, ids, grant_fields(index, grant), (grant,), ((next(number), words),))
            key = (source, ids)
            ways[key] = _merged(ways[key], way) if key in ways else way
    return tuple(ways.values())


def _ids(limits: tuple[ir.PolicyInstance, ...]) -> frozenset[str]:
    return frozenset([limit.id for limit in limits])


def _merged(first: Way, second: Way) -> Way:
    return msgspec.structs.replace(
        first,
        fields=first.fields | second.fields,
        statements=first.statements + second.statements,
        grants=first.grants + second.grants,
    )


def _met(index: Index, who: Profile, requirement: ir.Requirement | None) -> Met:
    if requirement is None:
        return True

    def met(atom: Atom) -> Met:
        match atom:
            case ir.RequiresFeature(feature=feature):
                return index.features[feature]
            case ir.RequiresSuperuser():
                return who.superuser
            case ir.RequiresGrant():
                return _held(index, who, atom)

    return fold(requirement, met, _all_met, _any_met)


def _all_met(items: list[Met]) -> Met:
    if False in items:
        return False
    left = tuple(item for item in items if item is not True)
    return True if not left else left[0] if len(left) == 1 else AllMet(left)


def _any_met(items: list[Met]) -> Met:
    if True in items:
        return True
    left = tuple(item for item in items if item is not False)
    return False if not left else left[0] if len(left) == 1 else AnyMet(left)


def _held(index: Index, who: Profile, requirement: ir.RequiresGrant) -> Met:
    kind = requirement.place_kind
    places: list[str] = []
    for source in who.sources:
        wanted = (requirement.resource, requirement.action)
        if not any(wanted in index.said(chain[-1]).grants for chain in chains(index, source)):
            continue
        if kind is None or source.place is None:
            return True
        if index.is_kind_or_above(index.places[source.place].kind, kind):
            places.append(source.place)
    return Held(tuple(places)) if places else False
