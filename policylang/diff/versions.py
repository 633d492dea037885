"""One of two policy sets that are compared, in a form in which equal things are equal wherever they are written."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import Any

import msgspec

from policylang.check.fix.same_access import without_places
from policylang.check.holding import Holdings
from policylang.check.privileges import roles_inside
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile
from policylang.runtime.index import Index, Permission
from policylang.runtime.plan import Plan
from policylang.runtime.sources import Bundle, RightsSource, sources

Numbers = defaultdict[Hashable, int]
"""Small numbers for values, the same for equal ones: of both sides."""


class Side:
    """A policy set as it was, or as it is. Conditions and resources in it have no places in the sources any more."""

    def __init__(self, policy_set: ir.PolicySet, now: datetime.datetime, numbers: Numbers) -> None:
        self.policy_set = policy_set
        self._numbers = numbers
        self.world = World(_placeless(policy_set), now)
        self._bundles: dict[str, int] = {}

    @property
    def index(self) -> Index:
        return self.world.index

    @cached_property
    def conditions(self) -> dict[str, int]:
        """Policy instances, with the number of what they say."""
        return {
            instance.id: self._numbers[instance.resource, instance.condition]
            for instance in self.world.policy_set.policy_instances
        }

    # --- roles and groups ------------------------------------------------------------------------------------

    def has(self, kind: str, name: str) -> bool:
        """Whether there is such a role, group or job."""
        return name in getattr(self.index, f"{kind}s")

    def key(self, bundle: Bundle) -> int:
        """The number of all that a role or group says, with the roles inside it, but for its name."""
        if bundle.at not in self._bundles:
            # Roles inside come first, so that many levels of them do not become as many calls.
            waiting = [bundle]
            while waiting:
                inner = [self.index.roles[ref.name] for ref in waiting[-1].roles]
                open_ = [role for role in inner if role.at not in self._bundles]
                if open_:
                    waiting += open_
                else:
                    done = waiting.pop()
                    self._bundles[done.at] = self._said(done)
        return self._bundles[bundle.at]

    def _said(self, bundle: Bundle) -> int:
        grants = frozenset(
            (grant.resource, action, None if grant.fields is None else frozenset(grant.fields))
            for grant in bundle.grants
            for action in grant.actions
        )
        denies = frozenset(key for deny in bundle.denies for key in deny_keys(deny))
        inner = frozenset(self._bundles[self.index.roles[ref.name].at] for ref in bundle.roles)
        return self._numbers[grants, self._attached(bundle.limits), denies, inner]

    def granted(self, held: Iterable[RightsSource]) -> frozenset[Permission]:
        """What sources grant somehow, also by the roles inside them."""
        held_ = self.world.once(Holdings)
        return frozenset().union(*(held_.granted(source.bundle_name) for source in held))

    @cached_method
    def eligible(self, role: str, at: datetime.datetime) -> frozenset[str]:
        """The users who have a role at an instant."""
        return frozenset(user for user in self.index.users if role in self.roles_of(sources(self.index, user, at)))

    def roles_of(self, held: Iterable[RightsSource]) -> frozenset[str]:
        """The roles in sources, with those inside them."""
        return frozenset().union(*(self.inside(source) for source in held))

    def inside(self, source: RightsSource) -> frozenset[str]:
        """The roles in a source, itself among them if it is one."""
        return self._roles(source.bundle_name)

    @cached_method
    def _roles(self, name: Name) -> frozenset[str]:
        return roles_inside(self.world, RightsSource(*name))

    @cached_property
    def handed_out(self) -> frozenset[str]:
        """The roles that somebody has, or may be given, by themselves rather than inside another role or a group."""
        index = self.index
        found = {assignment.role for user in index.users.values() for assignment in user.assignments}
        found |= {ref.name for job in index.jobs.values() for ref in job.roles}
        found |= {ref.name for each in index.integrations.values() for ref in each.roles}
        found |= {ref.name for _, bundle in self.world.bundles for ref in bundle.may_assign}
        return frozenset(found)

    def around(self, role: str) -> list[RightsSource]:
        """The roles and groups that a role is in, to any depth."""
        itself = RightsSource("role", role)
        return [source for source, _ in self.world.bundles if source != itself and role in self.inside(source)]

    # --- whole profiles --------------------------------------------------------------------------------------

    def profile_key(self, who: Profile) -> Hashable:
        """Equal for profiles that come to the same, as far as nothing around them differs."""
        sources = frozenset((s.kind, self.key(self.index.bundle(s.bundle_name)), s.place) for s in who.sources)
        return sources, self._attached(who.appends), self._attached(who.overrides), who.superuser

    def _attached(self, policies: Iterable[ir.Limit]) -> frozenset[Any]:
        return frozenset((self.conditions[each.instance], _set(each.actions)) for each in policies)

    def plan_key(self, plan: Plan) -> Hashable:
        """Equal for plans that come to the same, as far as nothing around them differs."""
        ways = frozenset(
            (way.place, frozenset(self.conditions[limit.id] for limit in way.limits), way.fields) for way in plan.ways
        )
        appends = frozenset(self.conditions[instance.id] for instance in plan.appends)
        denies = frozenset((each.place, _set(each.deny.fields), each.deny.condition) for each in plan.denies)
        return ways, plan.requirement, appends, denies


def deny_keys(deny: ir.Deny) -> Iterable[Hashable]:
    """What a deny says, action by action."""
    return ((deny.resource, action, _set(deny.fields), deny.condition) for action in deny.actions)


def _set(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _placeless(policy_set: ir.PolicySet) -> ir.PolicySet:
    return msgspec.structs.replace(
        policy_set,
        resources=without_places(policy_set.resources),
        policy_instances=without_places(policy_set.policy_instances),
        denies=without_places(policy_set.denies),
        subject=without_places(policy_set.subject),
        request=without_places(policy_set.request),
        features=without_places(policy_set.features),
        places=without_places(policy_set.places),
        scope=without_places(policy_set.scope),
        roles=tuple(map(_without_places_of_denies, policy_set.roles)),
        groups=tuple(map(_without_places_of_denies, policy_set.groups)),
    )


def _without_places_of_denies(bundle: Any) -> Any:
    return msgspec.structs.replace(bundle, denies=without_places(bundle.denies)) if bundle.denies else bundle
