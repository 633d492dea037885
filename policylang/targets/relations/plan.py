"""A policy set as relations.

A source is a group, or a role as it is given at a place or everywhere, or a group with the policies that one user
overrides it with; its members are users. A place has a relation for each different thing that sources say of records
below it (a grant under the same limits and of the same attributes, a deny, what a requirement asks for): the sources
that say it there, and those of the places around it. A record has its place, by attribute the users whom conditions
ask for, and everybody in a relation for each condition of its other attributes, if that holds; what may be done with it
is composed of these.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.model.conditions import Condition
from policylang.runtime.grants import granted_by, limiting, overrides_of, unplaced
from policylang.runtime.index import Index, Layer
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import RightsSource, chains, layers, sources
from policylang.targets.needs import asked_conditions, eligible_roles, grants_needed
from policylang.targets.relations.cel import CelText, cel
from policylang.targets.relations.conditions import (
    BelowOwn,
    BelowRecord,
    ConditionHolds,
    ConditionPart,
    Each,
    Except,
    NamedUsers,
    OfUser,
    SomeUsers,
    Users,
    Via,
    WholeWay,
    own_values,
    parts,
)
from policylang.targets.relations.expressions import (
    NOBODY,
    From,
    Own,
    Rewrite,
    all_of,
    any_of,
    placed,
    without,
)
from policylang.targets.relations.objects import (
    AT,
    EVERYBODY,
    HOLDER,
    INSIDE,
    MEMBER,
    MEMBERS,
    PLACE,
    ROLE,
    SOURCE,
    SUPERUSER,
    UNKNOWN,
    UPWARDS,
    USER,
    WHOLE,
    Names,
    Tuple,
    object_id,
    object_of,
    place_object,
    source_object,
)
from policylang.targets.target import Clause, Compiled, Refusals
from policylang.targets.ways import with_ways

_HELP = (
    "compare attributes of the record with constants or `assigned user`, or compile for an engine that reads records: "
    "cedar, rego, cerbos"
)


class _Defined(msgspec.Struct, frozen=True):
    """A relation of records that is composed of others."""

    name: str
    expression: Rewrite
    at: tuple[str, ...]


class RelationType(msgspec.Struct):
    """The records of a resource: ``users``: by attribute the relation of the users in it; ``related``: by attribute the
    relation to the record or user in it, and the resource, null for a user; ``holds``: by relation the
    condition under which everybody is in it; ``actions``, ``fields``: the names of what is ``defined``, by action and
    by action and attribute; ``ways``: where it forms a tree that conditions ask for, the relations `UPWARDS` and
    `WHOLE`.
    """

    name: str
    names: Names
    users: dict[str, str]
    related: dict[str, tuple[str, str | None]]
    holds: dict[str, str]
    actions: dict[str, str]
    fields: dict[str, dict[str, str]]
    defined: list[_Defined]
    ways: dict[str, str] = {}


class _TreeNode(msgspec.Struct):
    """What stands for the records of a resource in a tree, by their ids: the type, and its relations, each with the
    type of its subjects.
    """

    name: str
    names: Names
    relations: dict[str, str]


class Conditional(msgspec.Struct, frozen=True):
    """A condition of the engine, and the statement that it was first made for."""

    name: str
    text: CelText
    at: str


class _Said(msgspec.Struct, frozen=True):
    """Something that sources say, which is a relation of places.

    ``kind`` grant: under ``limits`` (ids), of the attributes ``fields``. deny: of ``fields``, null for the record,
    unless ``condition`` is false. anywhere: a grant, wherever. at: a grant at the kind of place ``place_kind`` or
    above.
    """

    kind: str
    resource: str
    action: str
    limits: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    place_kind: str | None = None
    condition: Condition | None = None


class _Held(msgspec.Struct, frozen=True):
    """A source; ``by``: the user whose policies stand in place of what it says."""

    source: RightsSource
    by: str = ""

    @property
    def object(self) -> str:
        return f"{SOURCE}:override/{object_id(self.by)}" if self.by else source_object(self.source)


class RelationPlan:
    """``relations``: of places, inherited by the places inside, each with its subjects. ``tuples``: of the policy
    set, in order. ``conditions``: of the engine, by name. ``eligible``: the roles that attributes ask for.
    ``whole``: nothing in a condition was refused.
    """

    def __init__(self, index: Index, now: datetime.datetime | None, refuse: Refusals | None = None) -> None:
        self.index = index
        self.now = now
        self.whole = True
        self._refuse = refuse or Compiled()
        # Of each condition, for whom it is as it should be.
        self._parts = {
            (resource, condition, wanted): parts(index, resource, with_ways(condition).nnf(wanted), self._unsupported)
            for resource, condition, wanted in asked_conditions(index)
        }
        self.relations: dict[str, str] = {}
        self.tuples: list[Tuple] = []
        self.conditions: dict[str, Conditional] = {}
        self._names = Names()
        self._condition_names = Names()
        self._alike: dict[CelText, str] = {}
        self._said: dict[_Said, str] = {}
        self._people_in: dict[tuple[str, ...], str] = {}
        self._limits: dict[str, Rewrite] = {}
        self._traits: dict[tuple[str | None, ...], str] = {}
        self._trait_names = Names()
        self._required = grants_needed(index)
        self.eligible = eligible_roles(index)
        self.steps = max(
            (len(path.steps) for _, condition in index.conditions() for path in condition.paths()), default=0
        )
        self._places()
        self._sources()
        self._people()
        self._type_names = Names()
        self.nodes: dict[str, _TreeNode] = {}
        self._tops: dict[BelowRecord | BelowOwn, str] = {}
        self.types = {
            resource.name: RelationType(self._type_names.make("record", resource.name), Names(), {}, {}, {}, {}, {}, [])
            for resource in index.policy_set.resources
        }
        for resource in index.policy_set.resources:
            for action in resource.actions:
                self._action(resource, action, self.types[resource.name])

    def _unsupported(self, at: str) -> None:
        self.whole = False
        if at not in self._refuse.constructs:
            self._refuse("PL801", f"{self._refuse.title} cannot express this part of a condition", at, _HELP)

    # --- tuples ----------------------------------------------------------------------------------------------

    def _add(self, object: str, relation: str, subject: str, of: str, at: str) -> None:
        self.tuples.append(Tuple(object, relation, subject, of, at))

    def _places(self) -> None:
        for place in self.index.policy_set.places:
            self._add(place_object(place.name), INSIDE, place_object(place.parent), "", place.at)

    def _sources(self) -> None:
        """What each source says, at its place."""
        policy_set = self.index.policy_set
        found = [_Held(RightsSource("group", group.name)) for group in policy_set.groups]
        found += [_Held(RightsSource("role", role.name)) for role in policy_set.roles]
        places = {(a.role, a.place) for user in policy_set.users for a in user.assignments if a.place is not None}
        found += [_Held(RightsSource("role", role, place)) for role, place in sorted(places)]
        found += [
            self._held(u.id, RightsSource("group", u.group.name)) for u in policy_set.users if u.group and u.overrides
        ]
        written: dict[tuple[str, str, str], None] = {}
        for held in found:
            for layer in layers(self.index, held.source):
                for said, at in self._said_by(held, layer):
                    place = None if said.kind == "anywhere" else held.source.place
                    key = (place_object(place), self._relation(said), held.object)
                    if key not in written:
                        written[key] = None
                        self._add(*key, MEMBER, at)

    def _held(self, user: str, source: RightsSource) -> _Held:
        """The source as this user has it."""
        declared = self.index.users.get(user)
        return _Held(source, user if source.kind == "group" and declared and declared.overrides else "")

    def _said_by(self, held: _Held, layer: Layer) -> Iterator[tuple[_Said, str]]:
        for each in granted_by(self.index, held.source, layer, overrides_of(self.index, held.by)):
            resource, action = each.grant.resource, each.action
            fields = tuple(sorted(grant_fields(self.index, each.grant)))
            limits = tuple(sorted({limit.instance for limit in each.limits}))
            yield _Said("grant", resource, action, limits, fields), each.grant.at
            for need in self._required:
                is_same = (need.resource, need.action) == (resource, action)
                if is_same and self.index.reaches(held.source.place, need.place_kind):
                    yield _needed(need), each.grant.at
        for deny in layer.chain[-1].denies:
            for action in deny.actions:
                yield _Said("deny", deny.resource, action, (), deny.fields, None, deny.condition), deny.at

    def _people(self) -> None:
        """Who is in which source, who is a superuser, and who has the roles that attributes ask for."""
        for name in self.index.requesters:
            declared = self.index.users.get(name)
            at = declared.at if declared is not None else self.index.integrations[name].at
            for source in dict.fromkeys(sources(self.index, name, self.now)):
                self._add(self._held(name, source).object, MEMBER, object_of(USER, name), "", at)
                if declared is not None:
                    self._eligible(name, source, at)
            if declared is not None and declared.superuser:
                self._add(place_object(None), SUPERUSER, object_of(USER, name), "", at)
        self.tuples = list({(t.object, t.relation, t.subject): t for t in self.tuples}.values())

    def _eligible(self, user: str, source: RightsSource, at: str) -> None:
        for chain in chains(self.index, source):
            if isinstance(chain[-1], ir.Role) and chain[-1].name in self.eligible:
                self._add(object_of(ROLE, chain[-1].name), HOLDER, object_of(USER, user), "", at)

    # --- relations -------------------------------------------------------------------------------------------

    def _relation(self, said: _Said) -> str:
        if said not in self._said:
            prefix = {"grant": "grants", "deny": "denies"}.get(said.kind, "needs")
            self._said[said] = self._names.make(prefix, said.action, said.resource)
            self.relations[self._said[said]] = MEMBERS
        return self._said[said]

    def _people_who(self, users: tuple[str, ...], label: str, at: str) -> Rewrite:
        """These users, everywhere."""
        if not users:
            return NOBODY
        if users not in self._people_in:
            name = self._people_in[users] = self._names.make("users", label)
            self.relations[name] = USER
            for user in users:
                self._add(place_object(None), name, object_of(USER, user), "", at)
        return placed(self._people_in[users])

    def direct(self, resource: str) -> dict[str, str]:
        """The relations of its records that tuples are written to, each with its subjects."""
        made = self.types[resource]
        return {
            AT: PLACE,
            **dict.fromkeys(made.users.values(), USER),
            **{name: f"{EVERYBODY} with {condition}" for name, condition in made.holds.items()},
            **{name: USER if of is None else self.types[of].name for name, of in made.related.values()},
            **{name: self.nodes[resource].name if way == UPWARDS else EVERYBODY for way, name in made.ways.items()},
        }

    def clauses(self, file: str) -> Iterator[Clause]:
        """Where the relations and conditions come from that the model in a file defines."""
        for made in self.types.values():
            yield from (Clause(file, f"{made.name}#{each.name}", at) for each in made.defined for at in each.at)
        yield from (Clause(file, name, each.at) for name, each in self.conditions.items())

    def _action(self, resource: ir.Resource, action: ir.Action, made: RelationType) -> None:
        """A relation for the action, and one for each attribute that it covers on other records than those.

        The latter says all of it again: OpenFGA sees loops where there are none if relations of relations lead to the
        same related record in two ways.
        """
        said = [s for s in self._said if (s.resource, s.action) == (resource.name, action.name)]
        everyone = [d for d in self.index.denies if d.resource == resource.name and action.name in d.actions]
        ways = {s: self._granted(s, made) for s in said if s.kind == "grant"}
        minus = {s: self._denied(s, made) for s in said if s.kind == "deny"}
        open_ = [self._requirement(action.requires)]
        open_ += [self._free(deny, made) for deny in everyone if deny.fields is None]
        whole = [each for s, each in minus.items() if s.fields is None] + list(self._appended(resource, action, made))
        at = (action.at, *(deny.at for deny in everyone))
        can = made.actions[action.name] = made.names.make("can", action.name)
        made.defined.append(_Defined(can, without(all_of((any_of(ways.values()), *open_)) or NOBODY, whole), at))
        fields = made.fields.setdefault(action.name, {})
        alike: dict[Rewrite, str] = {}
        for attribute in resource.attributes:
            name = attribute.name
            mine = {s: way for s, way in ways.items() if name in (s.fields or ())}
            taken = [each for s, each in minus.items() if s.fields and name in s.fields]
            kept = [self._free(deny, made) for deny in everyone if deny.fields and name in deny.fields]
            if mine == ways and not taken and not kept:
                fields[name] = can
                continue
            covered = all_of((any_of(mine.values()), *open_, *kept))
            expression = without(covered or NOBODY, [*whole, *taken])
            if expression not in alike:
                alike[expression] = made.names.make("can", action.name, "field", name)
                made.defined.append(_Defined(alike[expression], expression, (attribute.at, *at)))
            fields[name] = alike[expression]

    def _granted(self, said: _Said, made: RelationType) -> Rewrite:
        limits = (self._limit(instance, made) for instance in said.limits)
        return all_of((placed(self._said[said]), *limits)) or NOBODY

    def _limit(self, instance: str, made: RelationType) -> Rewrite:
        """Those for whom a policy is true."""
        if instance not in self._limits:
            policy = self.index.instances[instance]
            part = self._parts[policy.resource, policy.condition, True]
            self._limits[instance] = self._part(part, made, policy.policy, policy.at)
        return self._limits[instance]

    def _free(self, deny: ir.Deny, made: RelationType) -> Rewrite:
        """Those for whom the condition of a deny is false."""
        if deny.condition is None:
            return NOBODY
        label = f"no_{'_'.join(deny.actions)}_denied"
        return self._part(self._parts[deny.resource, deny.condition, False], made, label, deny.at)

    def _denied(self, said: _Said, made: RelationType) -> Rewrite:
        if said.condition is None:
            return placed(self._said[said])
        part = self._parts[said.resource, said.condition, False]
        return without(placed(self._said[said]), [self._part(part, made, f"not_{self._said[said]}", said.condition.at)])

    def _appended(self, resource: ir.Resource, action: ir.Action, made: RelationType) -> Iterator[Rewrite]:
        """By policy, those who append it and for whom it is not true."""
        appending: dict[str, list[str]] = {}
        for user in self.index.policy_set.users:
            limits = limiting(self.index, unplaced(user.appends), resource.name, action.name)
            for instance in sorted({limit.instance for limit in limits}):
                appending.setdefault(instance, []).append(user.id)
        for instance, users in sorted(appending.items()):
            policy = self.index.instances[instance]
            who = self._people_who(tuple(users), f"with_{policy.policy}", policy.at)
            yield without(who, [self._limit(instance, made)])

    def _part(self, part: ConditionPart, made: RelationType, label: str, at: str) -> Rewrite:
        match part:
            case NamedUsers(attribute):
                if attribute not in made.users:
                    made.users[attribute] = made.names.make("named", attribute)
                return Own(made.users[attribute])
            case Users(users):
                return self._people_who(users, label, at)
            case ConditionHolds(condition):
                return Own(self._holds(cel(condition), made, label, at))
            case Via(attribute, resource, inner):
                target = self.types[resource]
                expression = self._part(inner, target, label, at)
                if expression == NOBODY:
                    return expression
                return From(self._called(expression, target, label, at), self._related(made, attribute, resource))
            case OfUser(attribute, users):
                return From(self._trait(users, label, at), self._related(made, attribute, None)) if users else NOBODY
            case BelowRecord() | BelowOwn():
                return From(self._top(part, label, at), self._way(part.resource, UPWARDS))
            case WholeWay(resource):
                return Own(self._way(resource, WHOLE))
            case Each(items):
                return all_of(self._part(item, made, label, at) for item in items) or NOBODY
            case SomeUsers(items):
                return any_of([self._part(item, made, label, at) for item in items]) or NOBODY
            case Except(item, minus):
                return without(self._part(item, made, label, at), [self._part(minus, made, label, at)])

    def _holds(self, text: CelText, made: RelationType, label: str, at: str) -> str:
        """The relation of everybody, where the condition holds."""
        if text not in self._alike:
            name = self._alike[text] = self._condition_names.make("when", label)
            self.conditions[name] = Conditional(name, text, at)
        condition = self._alike[text]
        for relation, its in made.holds.items():
            if its == condition:
                return relation
        relation = made.names.make("meets", condition.removeprefix("when_"))
        made.holds[relation] = condition
        return relation

    def _related(self, made: RelationType, attribute: str, resource: str | None) -> str:
        """The relation to the record or user in an attribute."""
        if attribute not in made.related:
            made.related[attribute] = (made.names.make("related", attribute), resource)
        return made.related[attribute][0]

    def _called(self, expression: Rewrite, made: RelationType, label: str, at: str) -> str:
        """A relation of what is otherwise composed."""
        if isinstance(expression, Own):
            return expression.relation
        for each in made.defined:
            if each.expression == expression:
                return each.name
        made.defined.append(_Defined(made.names.make("tells", label), expression, (at,)))
        return made.defined[-1].name

    def _trait(self, users: tuple[str | None, ...], label: str, at: str) -> str:
        """The relation in which everybody is for these users, and nobody for others."""
        if users not in self._traits:
            name = self._traits[users] = self._trait_names.make("has", label)
            for user in users:
                self._add(UNKNOWN if user is None else object_of(USER, user), name, EVERYBODY, "", at)
        return self._traits[users]

    def _way(self, resource: str, name: str) -> str:
        """A relation of the records of a tree: to the nodes upwards, or of everybody where these are all there are."""
        made = self.types[resource]
        if name not in made.ways:
            made.ways[name] = made.names.make(name)
            self._node(resource)
        return made.ways[name]

    def _node(self, resource: str) -> _TreeNode:
        if resource not in self.nodes:
            self.nodes[resource] = _TreeNode(self._type_names.make("node", resource), Names(), {})
        return self.nodes[resource]

    def _top(self, part: BelowRecord | BelowOwn, label: str, at: str) -> str:
        """The relation of nodes of those who are at a record, with the tuples that say so."""
        if part not in self._tops:
            node = self._node(part.resource)
            name = self._tops[part] = node.names.make("top", label)
            node.relations[name] = EVERYBODY if isinstance(part, BelowRecord) else USER
            if isinstance(part, BelowRecord):
                self._add(object_of(node.name, part.id), name, EVERYBODY, "", at)
            else:
                for user, id in own_values(self.index, part.steps):
                    self._add(object_of(node.name, id), name, object_of(USER, user), "", at)
        return self._tops[part]

    @property
    def traits(self) -> tuple[str, ...]:
        """The relations of users."""
        return tuple(self._traits.values())

    def _requirement(self, requirement: ir.Requirement | None) -> Rewrite | None:
        """Who meets it; null for everybody."""

        def met(atom: Atom) -> Rewrite | None:
            match atom:
                case ir.RequiresFeature(feature=feature):
                    return None if self.index.features[feature] else NOBODY
                case ir.RequiresSuperuser():
                    return placed(SUPERUSER)
                case ir.RequiresGrant():
                    return placed(self._said[_needed(atom)]) if _needed(atom) in self._said else NOBODY

        return fold(requirement, met, all_of, any_of)


def _needed(need: ir.RequiresGrant) -> _Said:
    kind = "anywhere" if need.place_kind is None else "at"
    return _Said(kind, need.resource, need.action, place_kind=need.place_kind)
