"""The part of a policy set that a change touches: to prove a change on it takes as long as the part is large."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from policylang.check.used import UsageAnalysis
from policylang.ir import nodes as ir
from policylang.usage.replay import Replay
from policylang.usage.written import Limiting, Removal

_PEOPLE = 20
"""So many of those who may be written into an attribute are taken along."""
_Name = tuple[str, str]
"""Kind and name of a role or group."""


class Excerpt(msgspec.Struct, frozen=True):
    """Some users with all they have, and some roles and groups with all inside them."""

    users: frozenset[str]
    names: frozenset[_Name]

    def of(self, policy_set: ir.PolicySet) -> ir.PolicySet:
        """That part of a policy set. Statements about the whole are not in it."""
        roles = {name for kind, name in self.names if kind == "role"}
        groups = {name for kind, name in self.names if kind == "group"}

        def left(bundle: ir.Role | ir.Group) -> tuple[ir.Ref, ...]:
            return tuple(ref for ref in bundle.may_assign if ref.name in roles)

        replace = msgspec.structs.replace
        users = tuple(each for each in policy_set.users if each.id in self.users)
        jobs = {each.job.name for each in users if each.job is not None}
        return replace(
            policy_set,
            roles=tuple(replace(each, may_assign=left(each)) for each in policy_set.roles if each.name in roles),
            groups=tuple(replace(each, may_assign=left(each)) for each in policy_set.groups if each.name in groups),
            jobs=tuple(each for each in policy_set.jobs if each.code in jobs),
            users=users,
            integrations=tuple(each for each in policy_set.integrations if each.name in self.users),
            invariants=(),
            reviews=(),
        )


class Excerpts:
    """What changes touch. The whole has to be proved in the end: a part knows nothing of what is not in it."""

    def __init__(self, analysis: UsageAnalysis, replay: Replay) -> None:
        self._analysis, self._replay = analysis, replay
        self._set = policy_set = analysis.world.written
        self._bundles: dict[_Name, ir.Role | ir.Group] = {
            **{("role", each.name): each for each in policy_set.roles},
            **{("group", each.name): each for each in policy_set.groups},
        }
        self._touched: dict[str, tuple[tuple[str, ...], _Name | None]] = {}
        for name, bundle in self._bundles.items():
            for grant in bundle.grants:
                self._touched[grant.at] = analysis.holders(bundle), name
        for user in policy_set.users:
            given = [each.at for each in user.assignments] + ([] if user.group is None else [user.group.at])
            self._touched.update((at, ((user.id,), None)) for at in given)
        self._always = self._eligible()
        self._replays: dict[Excerpt, Replay] = {}

    def touched(self, edits: Iterable[Removal | Limiting]) -> Excerpt:
        """The part that changes touch; changes at places that there are not touch nothing."""
        found = [self._touched[each.at] for each in edits if each.at in self._touched]
        users = frozenset(user for some, _ in found for user in some) | self._always
        return Excerpt(users, self._around(users, [name for _, name in found if name is not None]))

    def replay(self, excerpt: Excerpt) -> Replay:
        """What those in the part did, to be tried on changes of it."""
        if excerpt not in self._replays:
            self._replays = {excerpt: self._replay.of(excerpt.of(self._set), excerpt.users)}
        return self._replays[excerpt]

    def _eligible(self) -> frozenset[str]:
        """Some users for each role that attributes ask for."""
        index = self._analysis.index
        roles = {a.role for each in index.attributes.values() for a in each.values() if a.role is not None}
        found = (self._analysis.holders(index.roles[role])[:_PEOPLE] for role in sorted(roles))
        return frozenset(user for some in found for user in some)

    def _around(self, users: Iterable[str], names: list[_Name]) -> frozenset[_Name]:
        """All roles and groups that somebody has or that are inside others, and those that attributes ask for."""
        index = self._analysis.world.whole
        roles = {a.role for each in index.attributes.values() for a in each.values() if a.role is not None}
        waiting: list[_Name] = [*names, *(("role", role) for role in roles)]
        for each in users:
            if each in index.integrations:
                integration = index.integrations[each]
                waiting += [("role", ref.name) for ref in integration.roles]
                waiting += [] if integration.mirror is None else [("role", integration.mirror.name)]
                continue
            user = index.users[each]
            waiting += [] if user.group is None else [("group", user.group.name)]
            waiting += [] if user.job is None else [("role", ref.name) for ref in index.jobs[user.job.name].roles]
            waiting += [("role", given.role) for given in user.assignments]
        found: set[_Name] = set()
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += [("role", ref.name) for ref in self._bundles[name].roles]
        return frozenset(found)
