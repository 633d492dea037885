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
from policylang.runtime.grants import appends_of, holdings, limit_is_on, limiting, overrides_of
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle, RightsSource, inside

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
        self._timed = any(a.start_time or a.until_time for user in index.users.values() for a in user.assignments)
        self.of = lru_cache(maxsize=None)(self._of)
        self.inside = lru_cache(maxsize=None)(self._inside)
        self._below = lru_cache(maxsize=None)(self._find_below)
        self._granting: dict[tuple[str, str], set[str]] = {}
        self._denying: dict[tuple[str, str], set[str]] = {}
        for bundle in _bundles(index):
            for said, statements in ((self._granting, bundle.grants), (self._denying, bundle.denies)):
                for each in statements:
                    for action in each.actions:
                        said.setdefault((action, each.resource), set()).add(bundle.at)

    def moment(self, now: datetime.datetime) -> datetime.datetime:
        """An instant at which everybody has what they have now, and mostly the same one for the whole day."""
        if self._timed:
            return now
        today = now.astimezone(self._index.timezone).date()
        return datetime.datetime.combine(today, datetime.time(12), self._index.timezone)

    def _of(self, user: str, when: datetime.datetime, action: str, resource: str) -> Concern:
        index = self._index
        declared = index.actions[resource][action]
        bypasses = declared.bypasses_policies
        wanted = {(action, resource), *((need.action, need.resource) for need in grants_required(declared.requires))}
        grants: dict[str, dict[str, None]] = {}
        limits, denies, gives, takes = (dict[str, None]() for _ in range(4))
        deniers = self._denying.get((action, resource), set())
        main = self._granting.get((action, resource), set())
        granting = main if len(wanted) == 1 else main.union(*(self._granting.get(each, ()) for each in wanted))
        held = list(carriers(index, user, when))
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
                    on = (limit for limit in bundle.limits if limit_is_on(index, limit, resource))
                    limits |= {limit.at: None for limit in on if limit.applies(action)}
                for ref in bundle.roles:
                    gives |= {ref.at: None} if self._reaches(("role", ref.name), granting) else {}
                    takes |= {ref.at: None} if self._reaches(("role", ref.name), deniers) else {}
        denies |= {deny.at: None for deny in index.denies if _is(deny, action, resource)}
        appends = [limit.at for limit in limiting(index, appends_of(index, user), resource, action)]
        # An override takes the group's policies on the resource away for every action, whatever it limits itself.
        overrides = () if bypasses else overrides_of(index, user)
        return Concern(
            {at: tuple(sorted(actions)) for at, actions in grants.items()},
            tuple(limits),
            tuple(denies),
            tuple(appends),
            tuple(limit.at for limit in overrides if limit_is_on(index, limit, resource)),
            tuple(gives),
            tuple(takes),
        )

    def leading_to(self, user: str, when: datetime.datetime, role: str) -> tuple[str, ...]:
        """The statements by which a user has a role."""
        wanted = {self._index.roles[role].at}
        found: dict[str, None] = {}
        for ats, root in carriers(self._index, user, when):
            if self._reaches(root, wanted):
                found |= dict.fromkeys(ats)
                for bundle in self.inside(root):
                    found |= {ref.at: None for ref in bundle.roles if self._reaches(("role", ref.name), wanted)}
        return tuple(found)

    def _reaches(self, root: Root, ats: set[str]) -> bool:
        return not ats.isdisjoint(self._below(root))

    def _find_below(self, root: Root) -> frozenset[str]:
        return frozenset(bundle.at for bundle in self.inside(root))

    def _inside(self, root: Root) -> tuple[Bundle, ...]:
        kind, name = root
        return tuple(inside(self._index, RightsSource("group" if kind == "group" else "role", name, None)))


def carriers(index: Index, user: str, when: datetime.datetime) -> Iterator[tuple[tuple[str, ...], Root]]:
    """What gives a user a group or role at an instant: the places of the statements, and the source."""
    return ((each.at, (each.source.kind, each.source.name)) for each in holdings(index, user, when) if each.active)


def _bundles(index: Index) -> Iterator[Bundle]:
    yield from index.groups.values()
    yield from index.roles.values()


def _root(bundle: Bundle) -> Root:
    return "group" if isinstance(bundle, ir.Group) else "role", bundle.name


def _is(statement: ir.Grant | ir.Deny, action: str, resource: str) -> bool:
    return statement.resource == resource and action in statement.actions
