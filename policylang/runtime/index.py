"""A policy set with its declarations by name."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.nesting import Bundle, Name, name_of
from policylang.model.conditions import Condition, Path
from policylang.model.instants import zone
from policylang.model.types import PlaceType, RecordType, Type, UserType
from policylang.runtime.caching import cached_method
from policylang.runtime.trees import Lookup, no_records

Permission = tuple[str, str]
"""A resource and an action on it."""


class Said(msgspec.Struct, frozen=True, gc=False):
    """What a role or group says, by permission, each in the order in which it says it."""

    grants: dict[Permission, list[ir.Grant]]
    denies: dict[Permission, list[ir.Deny]]


class Layer(msgspec.Struct, frozen=True, gc=False):
    """A role or group that lies in a source: the chain of what is around it, outermost first, itself last; what it
    says; and the policies of all of the chain, outermost first, by the resource that they are on.
    """

    chain: tuple[Bundle, ...]
    said: Said
    limits: Mapping[str, tuple[ir.Limit, ...]]


class Index:
    """Look-ups over a compiled policy set. Nothing in it changes."""

    def __init__(self, policy_set: ir.PolicySet, lookup: Lookup = no_records) -> None:
        self.policy_set = policy_set
        self.lookup = lookup
        self.roles: Mapping[str, ir.Role] = {role.name: role for role in policy_set.roles}
        self.groups: Mapping[str, ir.Group] = {group.name: group for group in policy_set.groups}
        self.jobs: Mapping[str, ir.Job] = {job.code: job for job in policy_set.jobs}
        self.tasks: Mapping[str, ir.Task] = {task.name: task for task in policy_set.tasks}
        self.users: Mapping[str, ir.User] = {user.id: user for user in policy_set.users}
        self.integrations: Mapping[str, ir.Integration] = {i.name: i for i in policy_set.integrations}
        self.instances: Mapping[str, ir.PolicyInstance] = {i.id: i for i in policy_set.policy_instances}
        self.resources: Mapping[str, ir.Resource] = {resource.name: resource for resource in policy_set.resources}
        self.features: Mapping[str, bool] = {feature.name: feature.on for feature in policy_set.features}
        self.places: Mapping[str, ir.Place] = {place.name: place for place in policy_set.places}
        self.kinds: Mapping[str, str | None] = {kind.name: kind.parent for kind in policy_set.scope}
        self.subject: Mapping[str, Type] = {a.name: a.type for a in policy_set.subject}
        self.request: Mapping[str, Type] = {a.name: a.type for a in policy_set.request}
        self.optional_subject = frozenset(a.name for a in policy_set.subject if a.optional)
        self.optional_request = frozenset(a.name for a in policy_set.request if a.optional)
        self.denies: tuple[ir.Deny, ...] = policy_set.denies
        self.chains: dict[Name, tuple[tuple[Bundle, ...], ...]] = {}
        """What `policylang.runtime.sources.chains` has found."""
        self.layers: dict[Name, tuple[Layer, ...]] = {}
        """What `policylang.runtime.sources.layers` has found."""
        self._said: dict[Name, Said] = {}

    def changed(self, *, denies: tuple[ir.Deny, ...] | None = None, **replaced: Mapping[str, Any]) -> Self:
        """The index of a policy set that differs in some declarations: ``users={id: user}``, ``roles=``, ``groups=``,
        ``features=``. For questions of the kind "what if": `policy_set` stays that of the original.
        """
        for name in ("attributes", "plain", "actions", "timezone", "covered", "first_place_of"):
            getattr(self, name)  # made once, not for each copy
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        if "roles" in replaced or "groups" in replaced:
            copy.chains, copy.layers, copy._said = {}, {}, {}
        copy.__dict__.pop("_denies", None)
        for name, entries in replaced.items():
            setattr(copy, name, ChainMap(dict(entries), getattr(self, name)))
        if denies is not None:
            copy.denies = denies
        return copy

    def attached(self) -> Iterator[ir.PolicyInstance]:
        """The policies that limit groups, roles and users, each once, by id."""
        names = {limit.instance for limit in self.policy_set.every_limit()}
        return (self.instances[name] for name in sorted(names))

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """The conditions that decisions depend on, each with the resource it is about: of the policies that are
        attached, by id, and of denies.
        """
        yield from ((each.resource, each.condition) for each in self.attached())
        for deny in self.policy_set.every_deny():
            if deny.condition is not None:
                yield deny.resource, deny.condition

    def holders(self, resource: str, path: Path) -> Iterator[tuple[RecordType | UserType | None, str]]:
        """The attributes on a path of a condition on a resource, each behind what has it; ``None`` is the request."""
        at: Type | None = {"record": RecordType(resource), "subject": UserType(None), "request": None}[path.root]
        for number, step in enumerate(path.steps, 1):
            if not (at is None or isinstance(at, RecordType | UserType)):
                return  # the unit of a length of time, as proofs have it
            yield at, step
            if number < len(path.steps):
                at = self.attribute_type(at, step)

    def to_user(self, resource: str, path: Path) -> tuple[Path, tuple[str, ...]]:
        """The way to the first user on a path of a condition on a resource, or to its end; and what is left of it."""
        for number, (holder, _) in enumerate(self.holders(resource, path)):
            if isinstance(holder, UserType):
                return Path(path.root, path.steps[:number], holder, path.at), path.steps[number:]
        return path, ()

    def attribute_type(self, holder: RecordType | UserType | None, name: str) -> Type:
        """The type of an attribute of what `holders` gives."""
        match holder:
            case RecordType(resource):
                return self.attributes[resource][name].type
            case UserType():
                return self.subject[name]
            case None:
                return self.request[name]

    def bundle(self, name: Name) -> Bundle:
        """The group or role of this name."""
        kind, plain = name
        return self.groups[plain] if kind == "group" else self.roles[plain]

    def said(self, bundle: Bundle) -> Said:
        """The grants and denies of a role or group of this policy set by what they are about."""
        name = name_of(bundle)
        if name not in self._said:
            self._said[name] = Said(_by_permission(bundle.grants), _by_permission(bundle.denies))
        return self._said[name]

    def denies_of(self, resource: str, action: str) -> Sequence[ir.Deny]:
        """The denies for everyone of an action, in order."""
        return self._denies.get((resource, action), ())

    @cached_property
    def _denies(self) -> dict[Permission, list[ir.Deny]]:
        return _by_permission(self.denies)

    @cached_property
    def timezone(self) -> ZoneInfo:
        return zone(self.policy_set.timezone)

    @property
    def requesters(self) -> tuple[str, ...]:
        """Who can make requests: users and integrations, in order."""
        return tuple(sorted({*self.users, *self.integrations}))

    def knows(self, name: str) -> bool:
        """Whether that is a user or an integration."""
        return name in self.users or name in self.integrations

    @cached_property
    def attributes(self) -> dict[str, dict[str, ir.Attribute]]:
        """Resource, attribute name, attribute."""
        return {name: {a.name: a for a in r.attributes} for name, r in self.resources.items()}

    @cached_property
    def plain(self) -> dict[str, frozenset[str]]:
        """Resource, and the attributes that a grant covers which names none: those that are not sensitive."""
        return {
            name: frozenset(each.name for each in attributes.values() if not each.sensitive)
            for name, attributes in self.attributes.items()
        }

    @cached_property
    def actions(self) -> dict[str, dict[str, ir.Action]]:
        """Resource, action name, action."""
        return {name: {a.name: a for a in r.actions} for name, r in self.resources.items()}

    def kind(self, resource: str, action: str) -> ir.Kind | None:
        """What kind of action a declared one is."""
        return self.actions[resource][action].kind

    def of_kind(self, resource: str, *kinds: ir.Kind) -> tuple[str, ...]:
        """The actions of a resource that are of one of the kinds, in the order of their declaration."""
        return tuple(name for name, action in self.actions[resource].items() if action.kind in kinds)

    @cached_property
    def _inside(self) -> dict[str, list[str]]:
        """Place, and those directly inside it."""
        inside: dict[str, list[str]] = {}
        for place in self.places.values():
            if place.parent is not None:
                inside.setdefault(place.parent, []).append(place.name)
        return inside

    @cached_property
    def _of_kind(self) -> dict[str, frozenset[str]]:
        kinds: dict[str, set[str]] = {}
        for place in self.places.values():
            kinds.setdefault(place.kind, set()).add(place.name)
        return {kind: frozenset(names) for kind, names in kinds.items()}

    def places_of(self, kind: str) -> frozenset[str]:
        """The places of a kind."""
        return self._of_kind.get(kind, frozenset())

    @cached_method
    def first_place_of(self, kind: str) -> str | None:
        """The first in order of the places of a kind; ``None`` where there is none."""
        return min(self.places_of(kind), default=None)

    def below(self, place: str) -> tuple[str, ...]:
        """The place and all places below it, in order."""
        found = [place]
        for each in found:
            found += self._inside.get(each, ())
        return tuple(sorted(found))

    def around(self, place: str | None) -> Iterator[str]:
        """The place and those around it, the nearest first."""
        while place is not None:
            yield place
            place = self.places[place].parent

    def place_kind(self, resource: str) -> str | None:
        """The kind of place at which the records of a resource live."""
        name = self.resources[resource].place
        type_ = None if name is None else self.attributes[resource][name].type
        return type_.scope if isinstance(type_, PlaceType) else None

    def homes(self, resource: str, place: str) -> tuple[str, ...]:
        """Of the place and all places below it those at which records of the resource may live, in order."""
        kind = self.place_kind(resource)
        return tuple(each for each in self.below(place) if self.places[each].kind == kind)

    @cached_method
    def covered(self, place: str) -> frozenset[str]:
        """As `below`, to look places up in."""
        return frozenset(self.below(place))

    def covers(self, place: str | None, below: str | None) -> bool:
        """Whether a place (``None``: everywhere) covers another one; nothing but everywhere covers ``None``."""
        if place is None:
            return True
        while below is not None and below != place:
            found = self.places.get(below)
            below = found.parent if found else None
        return below == place

    def meet(self, place: str | None, other: str | None) -> bool:
        """Whether one of two places covers the other."""
        return self.covers(place, other) or self.covers(other, place)

    def is_kind_or_above(self, kind: str, wanted: str) -> bool:
        """Whether a kind of place is the wanted one or contains it."""
        at: str | None = wanted
        while at is not None and at != kind:
            at = self.kinds[at]
        return at == kind

    def reaches(self, place: str | None, kind: str | None) -> bool:
        """Whether what holds at a place (``None``: everywhere) holds at a kind of place or above; if that is ``None``,
        it is not asked for.
        """
        return place is None or kind is None or self.is_kind_or_above(self.places[place].kind, kind)


_Statement = TypeVar("_Statement", ir.Grant, ir.Deny)


def _by_permission(statements: Iterable[_Statement]) -> dict[Permission, list[_Statement]]:
    found: dict[Permission, list[_Statement]] = {}
    for each in statements:
        for action in dict.fromkeys(each.actions):
            found.setdefault((each.resource, action), []).append(each)
    return found
