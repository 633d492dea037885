"""Which statements concern a request: those of the user's sources that speak of its action and resource.

Only these can decide it, so only these are tried out. The answer depends on user, day, action and resource alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle, is_active

Root = tuple[str, str]
"""A group or role by kind and name."""


class Concern(msgspec.Struct, frozen=True):
    """Places of statements. ``grants``: with the actions of theirs that count. ``gives`` and ``takes``: memberships,
    assignments and roles inside others, behind which there are such grants, or such denies.
    """

    grants: dict[str, tuple[str, ...]]
    limits: tuple[str, ...]
    denies: tuple[str, ...]
    appends: tuple[str, ...]
    overrides: tuple[str, ...]
    gives: tuple[str, ...]
    takes: tuple[str, ...]

    def all(self) -> tuple[str, ...]:
        """Each once."""
        lists = (self.grants, self.limits, self.denies, self.appends, self.overrides, self.gives, self.takes)
        return tuple(dict.fromkeys(at for each in lists for at in each))


class Concerns:
    """Concerns in one policy set, remembered."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.of = lru_cache(maxsize=None)(self._of)
        self.inside = lru_cache(maxsize=None)(self._inside)
        self._below = lru_cache(maxsize=None)(self._find_below)

    def _of(self, user: str, today: datetime.date, action: str, resource: str) -> Concern:
        index = self._index
        declared = index.actions[resource][action]
        bypasses = declared.bypasses_policies
        wanted = {(action, resource), *((need.action, need.resource) for need in grants_required(declared.requires))}
        grants: dict[str, dict[str, None]] = {}
        limits, denies, gives, takes = (dict[str, None]() for _ in range(4))
        deniers = {bundle.at for bundle in _bundles(index) if any(_is(d, action, resource) for d in bundle.denies)}
        granting = {b.at for b in _bundles(index) if any(_is(g, *each) for g in b.grants for each in wanted)}
        main = {b.at for b in _bundles(index) if any(_is(g, action, resource) for g in b.grants)}
        held = list(carriers(index, user, today))
        if not any(self._reaches(root, main) for _, root in held):
            # Where nothing grants the action there is nothing to limit or to take away.
            return Concern({}, (), (), (), (), (), ())
        for ats, root in held:
            gives |= dict.fromkeys(ats if self._reaches(root, granting) else ())
            takes |= dict.fromkeys(ats if self._reaches(root, deniers) else ())
            for bundle in self.inside(root):
                for grant in bundle.grants:
                    for each in wanted:
                        if _is(grant, *each):
                            grants.setdefault(grant.at, {})[each[0]] = None
                denies |= {deny.at: None for deny in bundle.denies if _is(deny, action, resource)}
                if not bypasses and self._reaches(_root(bundle), main):
                    limits |= {limit.at: None for limit in bundle.limits if self._speaks(limit, action, resource)}
                for ref in bundle.roles:
                    gives |= {ref.at: None} if self._reaches(("role", ref.name), granting) else {}
                    takes |= {ref.at: None} if self._reaches(("role", ref.name), deniers) else {}
        denies |= {deny.at: None for deny in index.denies if _is(deny, action, resource)}
        who = None if bypasses else index.users.get(user)
        appends = [each.at for each in who.appends if self._speaks(each.limit, action, resource)] if who else []
        # An override takes the group's policies on the resource away for every action, whatever it limits itself.
        overrides = [each.at for each in who.overrides if self._is_on(each.limit, resource)] if who else []
        return Concern(
            {at: tuple(sorted(actions)) for at, actions in grants.items()},
            tuple(limits),
            tuple(denies),
            tuple(appends),
            tuple(overrides),
            tuple(gives),
            tuple(takes),
        )

    def leading_to(self, user: str, today: datetime.date, role: str) -> tuple[str, ...]:
        """The statements by which a user has a role."""
        wanted = {self._index.roles[role].at}
        found: dict[str, None] = {}
        for ats, root in carriers(self._index, user, today):
            if self._reaches(root, wanted):
                found |= dict.fromkeys(ats)
                for bundle in self.inside(root):
                    found |= {ref.at: None for ref in bundle.roles if self._reaches(("role", ref.name), wanted)}
        return tuple(found)

    def _speaks(self, limit: ir.Limit, action: str, resource: str) -> bool:
        return self._is_on(limit, resource) and limit.applies(action)

    def _is_on(self, limit: ir.Limit, resource: str) -> bool:
        return self._index.instances[limit.instance].resource == resource

    def _reaches(self, root: Root, ats: set[str]) -> bool:
        return not ats.isdisjoint(self._below(root))

    def _find_below(self, root: Root) -> frozenset[str]:
        return frozenset(bundle.at for bundle in self.inside(root))

    def _inside(self, root: Root) -> tuple[Bundle, ...]:
        """The bundle and every role inside it, to any depth, each once."""
        kind, name = root
        first: Bundle = self._index.groups[name] if kind == "group" else self._index.roles[name]
        found = {first.at: first}
        waiting = [first]
        while waiting:
            for ref in waiting.pop().roles:
                role = self._index.roles[ref.name]
                if role.at not in found:
                    found[role.at] = role
                    waiting.append(role)
        return tuple(found.values())


def carriers(index: Index, user: str, today: datetime.date) -> Iterator[tuple[tuple[str, ...], Root]]:
    """What gives a user a group or a role today: the places of the statements, and the source."""
    integration = index.integrations.get(user)
    if integration is not None and integration.role is not None:
        yield (integration.role.at,), ("role", integration.role.name)
    declared = index.users.get(user)
    if declared is None:
        return
    if declared.group is not None and not declared.terminated:
        yield (declared.group.at,), ("group", declared.group.name)
    given: list[tuple[tuple[str, ...], str]] = []
    if declared.job is not None:
        given += [((declared.job.at, ref.at), ref.name) for ref in index.jobs[declared.job.name].roles]
    noon = datetime.datetime.combine(today, datetime.time(12), index.timezone)
    given += [((each.at,), each.role) for each in declared.assignments if is_active(index, each, noon)]
    for ats, role in given:
        if not declared.terminated or index.roles[role].essential:
            yield ats, ("role", role)


def _bundles(index: Index) -> Iterator[Bundle]:
    yield from index.groups.values()
    yield from index.roles.values()


def _root(bundle: Bundle) -> Root:
    return "group" if isinstance(bundle, ir.Group) else "role", bundle.name


def _is(statement: ir.Grant | ir.Deny, action: str, resource: str) -> bool:
    return statement.resource == resource and action in statement.actions
