"""A policy set as relations.

A source is a group, or a role as it is given at a place or everywhere; its members are users. A place has a relation
for each different thing that sources say of records below it (a grant under the same limits and of the same attributes,
a deny, what a requirement asks for): the sources that say it there, and those of the places around it. A record has
its place and, by attribute, the users whom limits ask for; what may be done with it is composed of these.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.ir import nodes as ir
from policylang.model.types import SetType, UserType
from policylang.runtime.index import Index
from policylang.runtime.reference import grant_fields
from policylang.runtime.sources import Bundle, Source, chains, sources
from policylang.targets.relations.expressions import (
    AllOf,
    AnyOf,
    Expression,
    Nobody,
    Own,
    Placed,
    Without,
    all_of,
    any_of,
)
from policylang.targets.relations.limits import attached, attributes, naming
from policylang.targets.relations.names import EVERYWHERE, Names, object_id

USER, SOURCE, PLACE, ROLE = "user", "source", "place", "role"
MEMBER, INSIDE, SUPERUSER, HOLDER, AT = "member", "inside", "superuser", "holder", "located"


class Tuple(msgspec.Struct, frozen=True):
    """``object`` and ``subject`` as ``type:id``; ``of``: the relation of the subject whose users are meant."""

    object: str
    relation: str
    subject: str
    of: str = ""
    at: str = ""


class Defined(msgspec.Struct, frozen=True):
    """A relation of records that is composed of others."""

    name: str
    expression: Expression
    at: tuple[str, ...]


class Type(msgspec.Struct):
    """The records of a resource: ``users``: by attribute the relation of the users in it; ``actions``, ``fields``: the
    names of what is ``defined``, by action and by action and attribute.
    """

    name: str
    users: dict[str, str]
    actions: dict[str, str]
    fields: dict[str, dict[str, str]]
    defined: list[Defined]


class _Said(msgspec.Struct, frozen=True):
    """Something that sources say, which is a relation of places.

    ``kind`` grant: under ``limits`` (ids), of the attributes ``fields``. deny: of ``fields``, null for the record.
    anywhere: a grant, wherever. at: a grant at the kind of place ``place_kind`` or above.
    """

    kind: str
    resource: str
    action: str
    limits: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    place_kind: str | None = None


class Plan:
    """``relations``: of places, inherited by the places inside. ``tuples``: of the policy set, in order. ``eligible``:
    the roles that attributes ask for.
    """

    def __init__(self, index: Index, now: datetime.datetime | None) -> None:
        self.index = index
        self.now = now
        self.relations: list[str] = []
        self.tuples: list[Tuple] = []
        self._names = Names()
        self._said: dict[_Said, str] = {}
        self._limits = {name: naming(each.condition) for name, each in attached(index).items()}
        self._required = dict.fromkeys(
            need for r in index.policy_set.resources for a in r.actions for need in _grants_needed(a.requires)
        )
        self.eligible = sorted(
            {role for r in index.policy_set.resources for a in r.attributes if (role := role_of(a)) is not None}
        )
        self._places()
        self._sources()
        self._people()
        types = Names()
        self.types = {resource.name: self._type(resource, types) for resource in index.policy_set.resources}

    # --- tuples ----------------------------------------------------------------------------------------------

    def _add(self, object: str, relation: str, subject: str, of: str, at: str) -> None:
        self.tuples.append(Tuple(object, relation, subject, of, at))

    def _places(self) -> None:
        for place in self.index.policy_set.places:
            self._add(place_object(place.name), INSIDE, place_object(place.parent), "", place.at)

    def _sources(self) -> None:
        """What each source says, at its place."""
        policy_set = self.index.policy_set
        found = [Source("group", group.name, None) for group in policy_set.groups]
        found += [Source("role", role.name, None) for role in policy_set.roles]
        places = {(a.role, a.place) for user in policy_set.users for a in user.assignments if a.place is not None}
        found += [Source("role", role, place) for role, place in sorted(places)]
        written: dict[tuple[str, str, str], None] = {}
        for source in found:
            for chain in chains(self.index, source):
                for said, at in self._said_by(source, chain):
                    place = None if said.kind == "anywhere" else source.place
                    key = (place_object(place), self._relation(said), source_object(source))
                    if key not in written:
                        written[key] = None
                        self._add(*key, MEMBER, at)

    def _said_by(self, source: Source, chain: tuple[Bundle, ...]) -> Iterator[tuple[_Said, str]]:
        for grant in chain[-1].grants:
            fields = tuple(sorted(grant_fields(self.index, grant)))
            for action in grant.actions:
                limits = self._limiting(chain, grant.resource, action)
                yield _Said("grant", grant.resource, action, limits, fields), grant.at
                for need in self._required:
                    if (need.resource, need.action) == (grant.resource, action) and self._counts(source, need):
                        yield _needed(need), grant.at
        for deny in chain[-1].denies:
            for action in deny.actions:
                yield _Said("deny", deny.resource, action, (), deny.fields), deny.at

    def _limiting(self, chain: tuple[Bundle, ...], resource: str, action: str) -> tuple[str, ...]:
        if self.index.actions[resource][action].bypasses_policies:
            return ()
        every = (limit for bundle in chain for limit in bundle.limits)
        return tuple(
            sorted(
                {
                    limit.instance
                    for limit in every
                    if self.index.instances[limit.instance].resource == resource
                    and (limit.actions is None or action in limit.actions)
                }
            )
        )

    def _counts(self, source: Source, need: ir.RequiresGrant) -> bool:
        if need.place_kind is None or source.place is None:
            return True
        return self.index.is_kind_or_above(self.index.places[source.place].kind, need.place_kind)

    def _people(self) -> None:
        """Who is in which source, who is a superuser, and who has the roles that attributes ask for."""
        for name in self.index.requesters:
            declared = self.index.users.get(name)
            at = declared.at if declared is not None else self.index.integrations[name].at
            for source in dict.fromkeys(sources(self.index, name, self.now)):
                self._add(source_object(source), MEMBER, user_object(name), "", at)
                if declared is not None:
                    self._held(name, source, at)
            if declared is not None and declared.superuser:
                self._add(place_object(None), SUPERUSER, user_object(name), "", at)
        self.tuples = list({(t.object, t.relation, t.subject): t for t in self.tuples}.values())

    def _held(self, user: str, source: Source, at: str) -> None:
        for chain in chains(self.index, source):
            if isinstance(chain[-1], ir.Role) and chain[-1].name in self.eligible:
                self._add(role_object(chain[-1].name), HOLDER, user_object(user), "", at)

    # --- relations -------------------------------------------------------------------------------------------

    def _relation(self, said: _Said) -> str:
        if said not in self._said:
            prefix = {"grant": "grants", "deny": "denies"}.get(said.kind, "needs")
            self._said[said] = self._names.make(prefix, said.action, said.resource)
            self.relations.append(self._said[said])
        return self._said[said]

    def _type(self, resource: ir.Resource, types: Names) -> Type:
        names = Names()
        made = Type(types.make("record", resource.name), {}, {}, {}, [])
        read = {n for i in attached(self.index).values() if i.resource == resource.name for n in self._read(i.id)}
        made.users = {a.name: names.make("in", a.name) for a in resource.attributes if a.name in read}
        for action in resource.actions:
            self._action(resource, action, made, names)
        return made

    def _read(self, instance: str) -> Iterator[str]:
        return attributes(self._limits[instance])

    def _action(self, resource: ir.Resource, action: ir.Action, made: Type, names: Names) -> None:
        """A relation for the action, and one for each attribute that it covers on other records than those."""
        said = [s for s in self._said if (s.resource, s.action) == (resource.name, action.name)]
        denied = [
            (deny.fields, deny.at)
            for deny in self.index.denies
            if deny.resource == resource.name and action.name in deny.actions
        ]
        ways = {s: self._way(s, made) for s in said if s.kind == "grant"}
        whole = [Placed(self._said[s]) for s in said if s.kind == "deny" and s.fields is None]
        opened = all_of((any_of(ways.values()), self._requirement(action.requires))) or Nobody()
        if any(fields is None for fields, _ in denied):
            opened = Nobody()
        at = (action.at, *(at for _, at in denied))
        made.actions[action.name] = names.make("can", action.name)
        made.defined.append(Defined(made.actions[action.name], _without(opened, whole), at))
        fields = made.fields.setdefault(action.name, {})
        alike: dict[Expression, str] = {}
        for attribute in resource.attributes:
            name = attribute.name
            mine = {s: way for s, way in ways.items() if name in (s.fields or ())}
            minus = [Placed(self._said[s]) for s in said if s.kind == "deny" and s.fields and name in s.fields]
            if mine == ways and not minus and not any(f and name in f for f, _ in denied):
                fields[name] = made.actions[action.name]
                continue
            covered = any_of(mine.values()) or Nobody()
            if any(f and name in f for f, _ in denied):
                covered = Nobody()
            open_ = all_of((covered, Own(made.actions[action.name]))) or Nobody()
            expression = _without(open_, minus)
            if expression not in alike:
                alike[expression] = names.make("can", action.name, "field", name)
                made.defined.append(Defined(alike[expression], expression, (attribute.at, *at)))
            fields[name] = alike[expression]

    def _way(self, said: _Said, made: Type) -> Expression:
        found = all_of((Placed(self._said[said]), *(_renamed(self._limits[n], made.users) for n in said.limits)))
        assert found is not None
        return found

    def _requirement(self, requirement: ir.Requirement | None) -> Expression | None:
        """Who meets it; null for everybody."""
        match requirement:
            case None:
                return None
            case ir.RequiresAll(items=items):
                return all_of(self._requirement(item) for item in items)
            case ir.RequiresAny(items=items):
                return any_of([self._requirement(item) for item in items])
            case ir.RequiresFeature(feature=feature):
                return None if self.index.features[feature] else Nobody()
            case ir.RequiresSuperuser():
                return Placed(SUPERUSER)
            case ir.RequiresGrant():
                return Placed(self._said[_needed(requirement)]) if _needed(requirement) in self._said else Nobody()


def _needed(need: ir.RequiresGrant) -> _Said:
    kind = "anywhere" if need.place_kind is None else "at"
    return _Said(kind, need.resource, need.action, place_kind=need.place_kind)


def _grants_needed(requirement: ir.Requirement | None) -> Iterator[ir.RequiresGrant]:
    match requirement:
        case ir.RequiresAll(items=items) | ir.RequiresAny(items=items):
            for item in items:
                yield from _grants_needed(item)
        case ir.RequiresGrant():
            yield requirement


def _without(item: Expression, denied: list[Placed]) -> Expression:
    minus = any_of(denied)
    assert minus is not None
    return item if isinstance(minus, Nobody) or isinstance(item, Nobody) else Without(item, minus)


def _renamed(expression: Expression, names: dict[str, str]) -> Expression:
    match expression:
        case Own(name):
            return Own(names[name])
        case AllOf(items):
            return AllOf(tuple(_renamed(item, names) for item in items))
        case AnyOf(items):
            return AnyOf(tuple(_renamed(item, names) for item in items))
    return expression


# --- objects -------------------------------------------------------------------------------------------------


def user_object(user: str) -> str:
    return f"{USER}:{object_id(user)}"


def place_object(place: str | None) -> str:
    """Null is everywhere."""
    return f"{PLACE}:{EVERYWHERE if place is None else object_id(place)}"


def role_object(role: str) -> str:
    return f"{ROLE}:{object_id(role)}"


def source_object(source: Source) -> str:
    where = "" if source.place is None else f"/{object_id(source.place)}"
    return f"{SOURCE}:{source.kind}/{object_id(source.name)}{where}"


def role_of(attribute: ir.Attribute) -> str | None:
    """The role that an attribute asks of the users in it."""
    item = attribute.type.of if isinstance(attribute.type, SetType) else attribute.type
    return item.role if isinstance(item, UserType) else None
