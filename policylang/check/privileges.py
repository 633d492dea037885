"""What rules about least privilege have in common: somebody with just one role, who has what, words, evidence."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from policylang.analysis.query import Witness
from policylang.check.finding import Shown, Who, WitnessError, show
from policylang.check.world import World
from policylang.diagnostics import listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.model.types import UserType
from policylang.runtime.grants import Profile
from policylang.runtime.index import Index, Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.periods import ALWAYS, Period
from policylang.runtime.reference import eligible
from policylang.runtime.sources import Bundle, RightsSource, layers, sources
from policylang.source import Location

_Taken = tuple[set[Permission], dict[Permission, frozenset[str]]]

_Said = TypeVar("_Said", ir.Limit, ir.UserPolicy, ir.Grant, ir.Deny)


def statements(parts: Iterable[_Said]) -> dict[str, list[_Said]]:
    """What is said, by its place and in that order: what is on any resource, or on all, is one of each of them."""
    found: dict[str, list[_Said]] = {}
    for each in parts:
        found.setdefault(each.at, []).append(each)
    return {at: found[at] for at in sorted(found, key=Location.parse)} if len(found) > 1 else found


def data_objects(index: Index) -> tuple[str, ...]:
    """The resources with attributes, by name. The others are modules and switches."""
    return tuple(name for name in sorted(index.resources) if index.resources[name].attributes)


def roles_asked(index: Index) -> dict[tuple[str, str], str]:
    """Resources and attributes for users who have a role, with that role."""
    return {
        (resource, name): attribute.role
        for resource, attributes in index.attributes.items()
        for name, attribute in attributes.items()
        if attribute.role is not None
    }


def in_order(index: Index, resource: str, fields: Iterable[str]) -> tuple[str, ...]:
    """Attributes in the order of their declaration."""
    wanted = set(fields)
    return tuple(name for name in index.attributes[resource] if name in wanted)


def sensitive_fields(index: Index, grant: ir.Grant) -> tuple[str, ...]:
    """The sensitive attributes that a grant covers."""
    if grant.fields is None:
        return ()
    declared = index.attributes[grant.resource]
    return tuple(name for name in grant.fields if declared[name].sensitive)


def is_explained(because: str | None) -> bool:
    """Whether a `because` says anything."""
    return because is not None and because.strip() != ""


def reads(world: World, source: RightsSource) -> dict[str, frozenset[str]]:
    """The attributes of each resource that somebody with just this source is granted to view, less what denies without
    a condition take; nothing of a resource that is not granted, or taken as a whole. What stands in a user's block is
    beside all that this user has, and takes of that as well.
    """
    beside = _beside(world, source)
    if beside == (source,):
        return _reads(world, source)
    whole, hidden = taken(world, source)
    found: dict[str, frozenset[str]] = {}
    for each in beside:
        for resource, fields in _reads(world, each).items():
            left = [(resource, action) for action in world.index.of_kind(resource, "view")]
            left = [permission for permission in left if permission not in whole]
            if left:
                away = frozenset.intersection(*(hidden.get(permission, frozenset()) for permission in left))
                found[resource] = found.get(resource, frozenset()) | (fields - away)
    return found


def _beside(world: World, source: RightsSource) -> tuple[RightsSource, ...]:
    """The source, or all that the user has in whose block it stands."""
    role = world.index.roles.get(source.name) if source.kind == "role" else None
    owner = None if role is None else role.owner
    return (source,) if owner is None else tuple(sources(world.index, owner, None))


def granted_reads(world: World, source: RightsSource) -> dict[str, frozenset[str]]:
    """As `reads`, with what denies take."""
    found: dict[str, frozenset[str]] = {}
    for each in _beside(world, source):
        for chain in world.chains(each):
            for grant, _actions in of_kinds(world.index, chain[-1].grants, "view"):
                fields = grant_fields(world.index, grant)
                found[grant.resource] = found.get(grant.resource, frozenset()) | fields
    return found


def _reads(world: World, source: RightsSource) -> dict[str, frozenset[str]]:
    whole, hidden = taken(world, source)
    known = world.once(_inherited)
    name = source.bundle_name
    seen: dict[str, frozenset[str]] = {}
    for permission, origin in world.about(name).items():
        resource, _action = permission
        if world.index.kind(*permission) != "view" or permission in whole:
            continue
        if origin == name:
            covered = _covered(world, source, permission)
        elif (origin, permission) in known:
            covered = known[origin, permission]
        else:
            covered = known[origin, permission] = _covered(world, source, permission)
        if covered is not None:
            seen[resource] = seen.get(resource, frozenset()) | (covered - hidden.get(permission, frozenset()))
    return seen


def _inherited(_world: World) -> dict[tuple[Name, Permission], frozenset[str] | None]:
    """The attributes that grants in roles cover, where these are inside others, by where they come from."""
    return {}


def _covered(world: World, source: RightsSource, permission: Permission) -> frozenset[str] | None:
    """The attributes that the grants of an action on a resource cover, ``None`` without a grant."""
    said = (layer.said.grants.get(permission, ()) for layer in layers(world.index, source))
    fields = [grant_fields(world.index, grant) for grants in said for grant in grants]
    return frozenset().union(*fields) if fields else None


def of_kinds(index: Index, grants: Iterable[ir.Grant], *kinds: ir.Kind) -> list[tuple[ir.Grant, tuple[str, ...]]]:
    """The grants of actions of some kinds, with these actions."""
    found = []
    for grant in grants:
        declared = index.actions[grant.resource]
        actions = tuple(action for action in grant.actions if declared[action].kind in kinds)
        if actions:
            found.append((grant, actions))
    return found


def by_line(bundle: Bundle, wanted: Container[Permission]) -> dict[str, list[Permission]]:
    """Those of the wanted actions that a role or group grants, by the place of the grant."""
    found: dict[str, list[Permission]] = {}
    for grant in bundle.grants:
        for action in grant.actions:
            if (grant.resource, action) in wanted:
                found.setdefault(grant.at, []).append((grant.resource, action))
    return found


def taken(world: World, source: RightsSource) -> _Taken:
    """What denies without a condition leave nothing of for somebody with the source: resource and action as a whole,
    and attributes.
    """
    return taken_by(world, [deny for chain in world.chains(source) for deny in chain[-1].denies])


def taken_by(world: World, said: Sequence[ir.Deny]) -> _Taken:
    """What these denies and those for everyone leave nothing of, as far as they have no condition."""
    of_everyone = world.once(_taken_from_everyone)
    return _taken(said, of_everyone) if said else of_everyone


def _taken_from_everyone(world: World) -> _Taken:
    return _taken(world.index.denies, (set(), {}))


def _taken(said: Iterable[ir.Deny], others: _Taken) -> _Taken:
    whole, fields = set(others[0]), dict(others[1])
    for deny in said:
        if deny.condition is None:
            for action in deny.actions:
                key = (deny.resource, action)
                if deny.fields is None:
                    whole.add(key)
                else:
                    fields[key] = fields.get(key, frozenset()) | frozenset(deny.fields)
    return whole, fields


def while_it_runs(world: World, integration: str) -> tuple[Period, Profile]:
    """The time in which an integration has its roles, what is past of it left out, and these; none once it is over."""
    running = (each for each in world.periods(integration) if each[1].sources)
    return next(running, (ALWAYS, Profile(())))


# --- people --------------------------------------------------------------------------------------------------


def can_be_held(world: World, given: Iterable[Bundle]) -> dict[str, Bundle]:
    """The roles and groups that somebody can come to hold, by their places: what is given, what lies inside it, and
    what may be assigned by whoever holds these; protected roles too, if there is a superuser to hand them out.
    """
    waiting = list(given)
    if any(user.superuser and not user.terminated for user in world.policy_set.users):
        waiting += [role for role in world.policy_set.roles if role.protected]
    found: dict[str, Bundle] = {}
    for bundle in waiting:
        if bundle.at not in found:
            found[bundle.at] = bundle
            waiting += [world.index.roles[ref.name] for ref in (*bundle.roles, *bundle.may_assign)]
    return found


def roles_inside(world: World, *held: RightsSource) -> frozenset[str]:
    """The roles that somebody with these sources has: those among them, and those inside them."""
    bundles = (chain[-1] for source in held for chain in world.chains(source))
    return frozenset(bundle.name for bundle in bundles if isinstance(bundle, ir.Role))


# --- words ---------------------------------------------------------------------------------------------------


def several(words: Sequence[str], most: int = 4) -> str:
    """``a, b and c``, or a few of them and how many more there are."""
    if len(words) <= most:
        return listed(list(words), "and")
    return f"{', '.join(words[:most])} and {len(words) - most} more"


def ticked(names: Iterable[str]) -> list[str]:
    return [f"`{name}`" for name in names]


def on(actions: Iterable[str], resource: str, fields: Sequence[str] = ()) -> str:
    """``view, modify on `doc` (`fee`)``"""
    return f"{', '.join(actions)} on {target(resource, fields)}"


def by_resource(permissions: Iterable[Permission]) -> list[str]:
    """``view, modify on `doc```, for each resource in the order of first mention."""
    actions: dict[str, list[str]] = {}
    for resource, action in permissions:
        actions.setdefault(resource, []).append(action)
    return [on(each, resource) for resource, each in actions.items()]


def few(words: Sequence[str]) -> str:
    """``a, b``, or the first three and how many more there are."""
    more = f" and {len(words) - 3} more" if len(words) > 3 else ""
    return f"{', '.join(words[:3])}{more}"


def target(resource: str, fields: Sequence[str] = ()) -> str:
    """```doc` (`fee`)``"""
    return f"`{resource}` ({', '.join(ticked(fields))})" if fields else f"`{resource}`"


# --- evidence ------------------------------------------------------------------------------------------------


def show_if_possible(
    world: World, claims: Sequence[tuple[Who, bool]], action: str, witness: Witness, field: str | None = None
) -> tuple[Shown, ...]:
    """A witness as evidence that each of these is allowed, or is not. Who creates a record is also asked for every
    attribute that it sets: those that may not be set are left out until the reference agrees with all that is claimed.
    If it never does, what is left is that somebody is denied.
    """
    if world.index.kind(witness.resource, action) != "create":
        return tuple(show(world, who, action, witness, allowed=allowed, field=field) for who, allowed in claims)
    for record in _proposals(world, witness, field):
        proposed = msgspec.structs.replace(witness, record=record)
        try:
            return tuple(show(world, who, action, proposed, allowed=allowed, field=field) for who, allowed in claims)
        except WitnessError:
            continue
    return tuple(
        show(world, who, action, witness, allowed=False, field=field) for who, allowed in claims if not allowed
    )


def _proposals(world: World, witness: Witness, field: str | None) -> Iterator[dict[str, Any]]:
    """The record; with users who may be chosen, and without those where none may; then with fewer and fewer values."""
    declared = world.index.attributes[witness.resource]
    yield witness.record
    chosen = dict(witness.record)
    for name in witness.record:
        type_ = declared[name].type if name in declared else None
        if isinstance(type_, UserType) and type_.role is not None:
            users = eligible(world.index, witness.resource, name, witness.now)
            if users:
                chosen[name] = users[0]
            elif name != field:
                del chosen[name]
    yield dict(chosen)
    for name in sorted(declared, key=lambda name: not declared[name].sensitive):
        if name in chosen and name != field:
            del chosen[name]
            yield dict(chosen)
