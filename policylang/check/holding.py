"""Who holds what: the declared users and integrations, with the roles and groups that they have at some time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from policylang.analysis.decision import allowed
from policylang.analysis.satisfiability import SATISFIABLE
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.ir.requirements import Atom, fold
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile, profile
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.periods import Period
from policylang.runtime.sources import Bundle, RightsSource, inside


class HolderClass(msgspec.Struct, frozen=True):
    """Users of one class, or one integration, and what they have in one period; at any time, if that is ``None``."""

    users: tuple[str, ...]
    declared: ir.User | None
    period: Period | None
    profile: Profile
    at: str

    @property
    def first(self) -> str:
        return self.users[0]


class Holdings:
    """Roles and groups, what lies inside them, and who has them."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_method
    def inside(self, name: Name) -> tuple[Bundle, ...]:
        """A role or group and every role inside it, each once, the nearest first."""
        return tuple(inside(self.world.index, RightsSource(*name)))

    @cached_method
    def granted(self, name: Name) -> frozenset[Permission]:
        """The actions on resources that a role or group grants somehow, also by the roles inside it."""
        grants = (grant for bundle in self.inside(name) for grant in bundle.grants)
        return frozenset((grant.resource, action) for grant in grants for action in grant.actions)

    @cached_method
    def reached(self, name: Name) -> frozenset[Permission]:
        """What somebody who has just that can do to some record; create is left out, which depends on more."""
        who = Profile((RightsSource(*name),))
        return frozenset(
            (resource, action)
            for resource, action in self.granted(name)
            if self.world.index.kind(resource, action) != "create"
            and self.world.settle(allowed(self.world.index, self.world.plan(who, action, resource)), resource)
            is SATISFIABLE
        )

    def within(self, granted: frozenset[Permission]) -> set[Name]:
        """The roles that are granted something and reach nothing but what is granted."""
        return {name for reached, names in self._by_reached.items() if reached <= granted for name in names}

    @cached_property
    def _by_reached(self) -> dict[frozenset[Permission], list[Name]]:
        found: dict[frozenset[Permission], list[Name]] = {}
        for name in sorted(self.handed_out):
            if self.granted(name):
                found.setdefault(self.reached(name), []).append(name)
        return found

    @cached_method
    def may_assign(self, name: Name) -> tuple[tuple[Name, ir.Ref], ...]:
        """The roles that holders may hand out, each with the role or group that says it."""
        return tuple((name_of(bundle), ref) for bundle in self.inside(name) for ref in bundle.may_assign)

    @cached_property
    def handed_out(self) -> frozenset[Name]:
        """The roles that holders of something may hand out."""
        return frozenset(("role", ref.name) for _, bundle in self.world.bundles for ref in bundle.may_assign)

    @cached_property
    def covered(self) -> dict[Permission, frozenset[str]]:
        """The actions on resources that something grants, each with all attributes that this covers somewhere."""
        found: dict[Permission, frozenset[str]] = {}
        for _, bundle in self.world.bundles:
            for grant in bundle.grants:
                fields = grant_fields(self.world.index, grant)
                for action in grant.actions:
                    known = found.get((grant.resource, action), fields)
                    found[grant.resource, action] = known if fields <= known else known | fields
        return found

    def granted_to(self, who: Profile) -> frozenset[Permission]:
        """The actions on resources that somebody is granted somehow and somewhere."""
        return self._granted_by(who.sources)

    @cached_method
    def _granted_by(self, sources: tuple[RightsSource, ...]) -> frozenset[Permission]:
        parts = [self.granted(source.bundle_name) for source in sources]
        return parts[0] if len(parts) == 1 else frozenset().union(*parts)

    @cached_property
    def around(self) -> dict[Name, tuple[Name, ...]]:
        """A role or group, and every role and group that it is inside of, itself among them."""
        found: dict[Name, list[Name]] = {}
        for source, _ in self.world.bundles:
            name = source.bundle_name
            for bundle in self.inside(name):
                found.setdefault(name_of(bundle), []).append(name)
        return {name: tuple(names) for name, names in found.items()}

    @cached_property
    def holders(self) -> tuple[HolderClass, ...]:
        """Users by class and period, and integrations."""
        found = [holder for each in self.world.user_classes for holder in self._alike(each.users, each.declared)]
        for integration in self.world.policy_set.integrations:
            found += self._alike((integration.name,), integration)
        return tuple(found)

    def _alike(self, users: tuple[str, ...], declared: ir.User | ir.Integration) -> Iterator[HolderClass]:
        user = declared if isinstance(declared, ir.User) else None
        if all(each.start is None and each.until is None for each in declared.assignments):
            yield HolderClass(users, user, None, profile(self.world.index, users[0], None), declared.at)
        else:
            for period, who in self.world.periods(users[0]):
                yield HolderClass(users, user, period, who, declared.at)

    @cached_property
    def held_by(self) -> dict[Name, tuple[HolderClass, ...]]:
        """A role or group, and those who have it, at some time, somewhere, directly or inside another."""
        found: dict[Name, list[HolderClass]] = {}
        for holder in self.holders:
            held = {name_of(bundle) for source in holder.profile.sources for bundle in self.inside(source.bundle_name)}
            for name in held:
                found.setdefault(name, []).append(holder)
        return {name: tuple(holders) for name, holders in found.items()}

    @cached_method
    def users(self, name: Name) -> frozenset[str]:
        """The users who have a role or are in a group, now or at a later day, in whatever way."""
        holders = (each for each in self.held_by.get(name, ()) if each.declared is not None)
        return frozenset(user for each in holders for user in each.users)

    def has(self, who: Profile, name: Name) -> bool:
        """Whether somebody has a role or is in a group, in whatever way."""
        return any(name_of(bundle) == name for source in who.sources for bundle in self.inside(source.bundle_name))

    def satisfies(self, requirement: ir.Requirement | None, granted: frozenset[Permission], superuser: bool) -> bool:
        """Whether a requirement is met by what is granted, wherever that is, and the features as they are."""

        def met(atom: Atom) -> bool:
            match atom:
                case ir.RequiresFeature(feature=feature):
                    return self.world.index.features[feature]
                case ir.RequiresSuperuser():
                    return superuser
                case ir.RequiresGrant(action=action, resource=resource):
                    return (resource, action) in granted

        return fold(requirement, met)

    @cached_property
    def every_permission(self) -> frozenset[Permission]:
        return self.world.permissions(lambda _action: True)
