"""Which statements concern a request: those of the user's sources that speak of its action and resource.

Only these can decide it, so only these are tried out. The answer depends on user, day, action and resource alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

import msgspec

from policylang.ir.nesting import Name, name_of
from policylang.ir.requirements import grants_required
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import appends_of, holdings, limit_is_on, limiting, overrides_of
from policylang.runtime.index import Index
from policylang.runtime.sources import Bundle, RightsSource, inside
from policylang.testing.narrowed import Matter, Narrowing


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
        self.narrowing = Narrowing(index)

    def moment(self, now: datetime.datetime) -> datetime.datetime:
        """An instant at which everybody has what they have now, and mostly the same one for the whole day."""
        if self._timed:
            return now
        today = now.astimezone(self._index.timezone).date()
        return datetime.datetime.combine(today, datetime.time(12), self._index.timezone)

    @cached_method
    def of(self, user: str, when: datetime.datetime, action: str, resource: str) -> Concern:
        index = self.narrowing.of(user, action, resource)
        declared = index.actions[resource][action]
        bypasses = declared.bypasses_policies
        main, deniers = ("grant", resource, action), ("deny", resource, action)
        needs = (("grant", need.resource, need.action) for need in grants_required(declared.requires))
        wanted = dict.fromkeys((main, *needs))
        grants: dict[str, dict[str, None]] = {}
        limits, denies, gives, takes = (dict[str, None]() for _ in range(4))
        held = list(carriers(index, user, when))
        if not any(self._leads(root, (main,)) for _, root in held):
            # Where nothing grants the action there is nothing to limit or to take away.
            return Concern({}, (), (), (), (), (), ())
        for ats, root in held:
            gives |= dict.fromkeys(ats if self._leads(root, wanted) else ())
            takes |= dict.fromkeys(ats if self._leads(root, (deniers,)) else ())
            for bundle in inside(index, RightsSource(*root)):
                for grant in bundle.grants:
                    for each in wanted:
                        if grant.resource == each[1] and each[2] in grant.actions:
                            grants.setdefault(grant.at, {})[each[2]] = None
                denies |= {deny.at: None for deny in bundle.denies}
                if not bypasses and self._leads(name_of(bundle), (main,)):
                    limits |= {limit.at: None for limit in bundle.limits if limit.applies(action)}
                for ref in bundle.roles:
                    gives |= {ref.at: None} if self._leads(("role", ref.name), wanted) else {}
                    takes |= {ref.at: None} if self._leads(("role", ref.name), (deniers,)) else {}
        denies |= {deny.at: None for deny in index.denies}
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

    @cached_method
    def leading_to(self, user: str, when: datetime.datetime, role: str) -> tuple[str, ...]:
        """The statements by which a user has a role."""
        wanted = (("role", "", role),)
        found: dict[str, None] = {}
        for ats, root in carriers(self._index, user, when):
            if self._leads(root, wanted):
                found |= dict.fromkeys(ats)
                for bundle in self.inside(root):
                    found |= {ref.at: None for ref in bundle.roles if self._leads(("role", ref.name), wanted)}
        return tuple(found)

    def _leads(self, root: Name, wanted: Iterable[Matter]) -> bool:
        return not self.narrowing.about(root).isdisjoint(wanted)

    @cached_method
    def inside(self, root: Name) -> tuple[Bundle, ...]:
        """A group or role, and every role inside it."""
        return tuple(inside(self._index, RightsSource(*root)))


def carriers(index: Index, user: str, when: datetime.datetime) -> Iterator[tuple[tuple[str, ...], Name]]:
    """What gives a user a group or role at an instant: the places of the statements, and the source."""
    return ((each.at, (each.source.kind, each.source.name)) for each in holdings(index, user, when) if each.active)
