"""What decides one action on one resource for everybody of one profile: the definition, with all names looked up.

The reference walks through sources, roles and grants for each request; here that is done once.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.runtime.index import Index
from policylang.runtime.parts import grant_fields, said_by
from policylang.runtime.sources import Source, chains, sources


class Attached(msgspec.Struct, frozen=True, gc=False):
    """A policy instance and the actions it limits here, all if null."""

    instance: str
    actions: tuple[str, ...] | None

    def applies(self, action: str) -> bool:
        return self.actions is None or action in self.actions


class Profile(msgspec.Struct, frozen=True, gc=False):
    """What two users must have in common for every request of theirs to be decided alike, but for who they are."""

    sources: tuple[Source, ...]
    appends: tuple[Attached, ...]
    overrides: tuple[Attached, ...]
    superuser: bool


def profile(index: Index, user: str, now: datetime.datetime | None) -> Profile:
    """The profile of a user or an integration at an aware instant, or with everything assigned at any time."""
    found = tuple(dict.fromkeys(sources(index, user, now)))
    declared = index.users.get(user)
    if declared is None:
        return Profile(found, (), (), False)
    return Profile(found, _attached(declared.appends), _attached(declared.overrides), declared.superuser)


def _attached(policies: tuple[ir.UserPolicy, ...]) -> tuple[Attached, ...]:
    return tuple(dict.fromkeys(Attached(p.limit.instance, p.limit.actions) for p in policies))


class Way(msgspec.Struct, frozen=True, gc=False):
    """Grants of one source that stand under the same limits.

    ``place``: where the source holds, everywhere if null. ``limits``: the instances whose conditions must all be true.
    ``grants``: in words, with their places, as a decision gives its reasons; numbered through all ways of a plan.
    """

    source: Source
    limits: tuple[ir.PolicyInstance, ...]
    fields: frozenset[str]
    statements: tuple[ir.Grant, ...]
    grants: tuple[tuple[int, str], ...]

    @property
    def place(self) -> str | None:
        return self.source.place


class PlacedDeny(msgspec.Struct, frozen=True, gc=False):
    """A deny and where it holds; everywhere if ``place`` is null."""

    place: str | None
    deny: ir.Deny


class Held(msgspec.Struct, frozen=True, gc=False):
    """A requirement that is met where one of the places covers the record's."""

    places: tuple[str, ...]


class AllMet(msgspec.Struct, frozen=True, gc=False):
    items: tuple[Met, ...]


class AnyMet(msgspec.Struct, frozen=True, gc=False):
    items: tuple[Met, ...]


Met = bool | Held | AllMet | AnyMet
"""What is left of a requirement when only the record's place is unknown."""


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What decides an action on a resource. Limits and appends are empty for an action that bypasses policies."""

    resource: str
    action: str
    ways: tuple[Way, ...]
    requirement: Met
    appends: tuple[ir.PolicyInstance, ...]
    denies: tuple[PlacedDeny, ...]


def make_plan(index: Index, who: Profile, action: str, resource: str) -> Plan:
    """The plan of a known action on a known resource."""
    declared = index.actions[resource][action]
    bypasses = declared.bypasses_policies
    appends = () if bypasses else _instances(index, who.appends, action, resource)
    said = [
        (source.place, deny) for source in who.sources for chain in chains(index, source) for deny in chain[-1].denies
    ]
    denies = [
        PlacedDeny(place, deny)
        for place, deny in (*said, *((None, deny) for deny in index.denies))
        if deny.resource == resource and action in deny.actions
    ]
    return Plan(
        resource,
        action,
        _ways(index, who, action, resource, bypasses),
        _met(index, who, declared.requires),
        appends,
        tuple(dict.fromkeys(denies)),
    )


def _instances(
    index: Index, limits: Iterable[Attached | ir.Limit], action: str, resource: str
) -> tuple[ir.PolicyInstance, ...]:
    """The policies among the limits that limit the action on the resource, each once."""
    found = [index.instances[limit.instance] for limit in limits if limit.applies(action)]
    return tuple({each.id: each for each in found if each.resource == resource}.values())


def _ways(index: Index, who: Profile, action: str, resource: str, bypasses: bool) -> tuple[Way, ...]:
    overrides = [limit for limit in who.overrides if index.instances[limit.instance].resource == resource]
    number = itertools.count()
    ways: dict[tuple[Source, frozenset[str]], Way] = {}
    for source in who.sources:
        for chain in chains(index, source):
            granted = [g for g in chain[-1].grants if g.resource == resource and action in g.actions]
            if not granted:
                continue
            said: Iterable[Attached | ir.Limit] = (
                overrides if source.kind == "group" and overrides else [x for b in chain for x in b.limits]
            )
            limits = () if bypasses else _instances(index, said, action, resource)
            words = tuple(
                (next(number), f"{said_by(source, chain)} grants {action} on `{resource}` ({g.at})") for g in granted
            )
            way = Way(
                source, limits, frozenset().union(*(grant_fields(index, g) for g in granted)), tuple(granted), words
            )
            key = (source, frozenset(limit.id for limit in limits))
            ways[key] = _merged(ways[key], way) if key in ways else way
    return tuple(ways.values())


def _merged(first: Way, second: Way) -> Way:
    return Way(
        first.source,
        first.limits,
        first.fields | second.fields,
        first.statements + second.statements,
        first.grants + second.grants,
    )


def _met(index: Index, who: Profile, requirement: ir.Requirement | None) -> Met:
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
        if not any(
            grant.resource == requirement.resource and requirement.action in grant.actions
            for chain in chains(index, source)
            for grant in chain[-1].grants
        ):
            continue
        if kind is None or source.place is None:
            return True
        if index.is_kind_or_above(index.places[source.place].kind, kind):
            places.append(source.place)
    return Held(tuple(places)) if places else False
