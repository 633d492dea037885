"""The part of a policy set that a change touches: to prove a change on it takes as long as the part is large."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from policylang.check.used import UsageAnalysis
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.usage.replay import Replay
from policylang.usage.written import PolicyEdit

_PEOPLE = 20
"""So many of those who may be written into an attribute are taken along."""


class Excerpt(msgspec.Struct, frozen=True):
    """Some users and integrations with all they have, and some roles and groups with all inside them."""

    users: frozenset[str]
    names: frozenset[Name]

    def of(self, policy_set: ir.PolicySet) -> ir.PolicySet:
        """That part of a policy set. Statements about the whole are not in it."""
        users = tuple(each for each in policy_set.users if each.id in self.users)
        integrations = tuple(each for each in policy_set.integrations if each.name in self.users)
        codes = {each.job.name for each in users if each.job is not None}
        jobs = tuple(each for each in policy_set.jobs if each.code in codes)
        named: list[Name] = [("group", each.group.name) for each in users if each.group is not None]
        named += [("role", given.role) for each in users for given in each.assignments]
        named += [("role", ref.name) for each in integrations for ref in each.roles]
        named += [("role", ref.name) for job in jobs for ref in job.roles]
        named += [("role", each.mirror.name) for each in integrations if each.mirror is not None]
        kept = _with_inner(policy_set, (*self.names, *named))

        def left(bundle: ir.Role | ir.Group) -> tuple[ir.Ref, ...]:
            return tuple(ref for ref in bundle.may_assign if ("role", ref.name) in kept)

        replace = msgspec.structs.replace
        roles = (each for each in policy_set.roles if ("role", each.name) in kept)
        groups = (each for each in policy_set.groups if ("group", each.name) in kept)
        return replace(
            policy_set,
            roles=tuple(replace(each, may_assign=left(each)) for each in roles),
            groups=tuple(replace(each, may_assign=left(each)) for each in groups),
            jobs=jobs,
            users=users,
            integrations=integrations,
            invariants=(),
            reviews=(),
        )


def _with_inner(policy_set: ir.PolicySet, names: Iterable[Name]) -> set[Name]:
    """Roles and groups, and all roles inside them."""
    bundles, found, waiting = {name_of(each): each for each in policy_set.bundles}, set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [("role", ref.name) for ref in bundles[name].roles]
    return found


class Excerpts:
    """What changes touch. The whole has to be proved in the end: a part knows nothing of what is not in it."""

    def __init__(self, analysis: UsageAnalysis, replay: Replay) -> None:
        self._analysis, self._replay = analysis, replay
        self._set = policy_set = analysis.world.written
        self._touched: dict[str, tuple[tuple[str, ...], Name]] = {}
        for bundle in policy_set.bundles:
            for grant in bundle.grants:
                self._touched[grant.at] = analysis.holders(bundle), name_of(bundle)
        for user in policy_set.users:
            for given in user.assignments:
                self._touched[given.at] = (user.id,), ("role", given.role)
            if user.group is not None:
                self._touched[user.group.at] = (user.id,), ("group", user.group.name)
        self._asked_for = self._roles_asked_for()
        self._always = self._eligible()
        self._replays: dict[Excerpt, Replay] = {}

    def touched(self, edits: Iterable[PolicyEdit]) -> Excerpt:
        """The part that changes touch. An edit at a place that does not exist touches nothing."""
        found = [self._touched[each.at] for each in edits if each.at in self._touched]
        users = frozenset(user for some, _ in found for user in some) | self._always
        return Excerpt(users, self._asked_for | {name for _, name in found})

    def replay(self, excerpt: Excerpt) -> Replay:
        """What those in the part did, to be tried on changes of it."""
        if excerpt not in self._replays:
            self._replays = {excerpt: self._replay.of(excerpt.of(self._set), excerpt.users)}
        return self._replays[excerpt]

    def _roles_asked_for(self) -> frozenset[Name]:
        """The roles that attributes ask for."""
        attributes = (each for some in self._analysis.index.attributes.values() for each in some.values())
        return frozenset(("role", each.role) for each in attributes if each.role is not None)

    def _eligible(self) -> frozenset[str]:
        """Some users for each role that attributes ask for: somebody has to be there to be written into them."""
        index = self._analysis.index
        found = (self._analysis.holders(index.roles[role])[:_PEOPLE] for _, role in sorted(self._asked_for))
        return frozenset(user for some in found for user in some)
