"""How far a finding reaches: whom it concerns, who could come to be concerned, which records, what is sensitive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Literal

import msgspec

from policylang.analysis.query import SOMEBODY, DeclaredUser
from policylang.analysis.questions import some_closed
from policylang.analysis.satisfiability import UNSAT
from policylang.check.finding import Finding, Who
from policylang.check.holding import HolderClass, Holdings
from policylang.check.world import World
from policylang.diagnostics import listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile, profile
from policylang.runtime.plan import Plan
from policylang.runtime.sources import Bundle, RightsSource
from policylang.source import Location

_Records = Literal["all", "some"]

_ABOUT_WHAT_IS_OPEN = ("PL3", "PL4")
"""The rules that find too much; others find grants that open nothing."""

_MOST = 3
"""Sensitive attributes that are named."""

_Statement = tuple[Bundle, ir.Grant | None]


class Reach(msgspec.Struct, frozen=True):
    """``users``: how many it concerns now; ``could``: how many more it would concern once they have what it is about,
    at a later date or because somebody may assign it; ``None`` where it is about nothing that users have. ``records``:
    which complete records of the resource the action is open on. ``sensitive``: the sensitive attributes that this
    covers, as ``resource.attribute``.
    """

    users: int | None = None
    could: int | None = None
    records: _Records | None = None
    sensitive: tuple[str, ...] = ()

    @property
    def weight(self) -> tuple[int, int, bool, int]:
        """What findings are ordered by: users, sensitive attributes, all records, who else could get it."""
        return self.users or 0, len(self.sensitive), self.records == "all", self.could or 0

    def in_words(self) -> str:
        """``3 users, 2 more could get it; all records; sensitive `customer.monthly_rate```; nothing if nothing is
        known.
        """
        said = []
        if self.users is not None:
            could = self.could or 0
            users = f"{self.users:,} {'user' if self.users == 1 else 'users'}" if self.users else "nobody now"
            more = "more " if self.users else ""
            said.append(users + (f", {could:,} {more}could get it" if could else ""))
        if self.records is not None:
            said.append(f"{self.records} records")
        if self.sensitive:
            names = [f"`{name}`" for name in self.sensitive]
            some = names[:_MOST] + ([f"{len(names) - _MOST} more"] if len(names) > _MOST else [])
            said.append(f"sensitive {listed(some, 'and')}")
        return "; ".join(said)


class Examined(msgspec.Struct, frozen=True):
    """A finding, for each piece of its evidence the attributes of the record that the decision looked at, and how far
    the finding reaches.
    """

    finding: Finding
    looked_at: tuple[frozenset[str], ...] = ()
    reach: Reach = Reach()

    @property
    def order(self) -> tuple[Location, str, str]:
        """What findings are sorted by: place, code, words."""
        return Location.parse(self.finding.at), self.finding.code, self.finding.message


class Reaches:
    """The reach of findings in a world. Each part is worked out once."""

    def __init__(self, world: World) -> None:
        self.world, self.index, self._holdings = world, world.index, world.once(Holdings)

    def of(self, finding: Finding) -> Reach:
        users, could = self._users(finding)
        for shown in finding.shown:
            if shown.allowed:
                resource = shown.witness.resource
                who = self._profile(shown.who, finding)
                plan = self.world.plan(who, shown.action, resource)
                records = self._of_plan(plan, shown.who.user)
                fields = frozenset().union(*(way.fields for way in plan.ways))
                if shown.field is not None:
                    fields &= {shown.field}
                return Reach(users, could, records, self._sensitive([(resource, fields)]))
        if not finding.code.startswith(_ABOUT_WHAT_IS_OPEN):
            return Reach(users, could)
        return Reach(users, could, *self._of_grants(self._statements.get(finding.at, ())))

    # --- users -----------------------------------------------------------------------------------------------

    def _users(self, finding: Finding) -> tuple[int | None, int | None]:
        """How many it concerns now, and how many more it could."""
        if not self.index.users:
            return None, None
        if finding.held:
            users = frozenset(finding.users)
            now = _in_all([users, self._everyone, *map(self._holders, finding.held)])
            able = _in_all([self._active, *map(self._able, finding.held)])
            return len(now), len(able) + len(users - able) - len(now)
        if finding.users:
            return len(finding.users), 0
        names = {name_of(bundle) for bundle, _ in self._statements.get(finding.at, ())}
        if names:
            now, able = (_in_any(map(having, names)) for having in (self._holders, self._able))
            return len(now), len(able) - len(able & now)
        return (1, 0) if finding.at in self._at_users else (None, None)

    @cached_property
    def _everyone(self) -> frozenset[str]:
        return frozenset(self.index.users)

    @cached_property
    def _active(self) -> frozenset[str]:
        return frozenset(name for name, user in self.index.users.items() if not user.terminated)

    @cached_method
    def _holders(self, name: Name) -> frozenset[str]:
        """The users who have it now."""
        now = (each for each in self._holdings.held_by.get(name, ()) if self._is_now(each))
        return frozenset(user for each in now for user in each.users)

    def _able(self, name: Name) -> frozenset[str]:
        """The users who have it now, or will, or may be given it."""
        return self._active if name in self._assignable else self._holdings.users(name)

    def _is_now(self, holder: HolderClass) -> bool:
        """Whether it is users who have it now."""
        now = self.world.now
        return holder.declared is not None and (
            holder.period is None or holder.period.instant(now, self.index.timezone) == now
        )

    @cached_property
    def _assignable(self) -> frozenset[Name]:
        """The roles that somebody who holds something may hand out, with all that is inside them."""
        held = self._holdings
        handed: set[Name] = {("role", ref.name) for name in held.held_by for _, ref in held.may_assign(name)}
        return frozenset(name_of(bundle) for name in handed for bundle in held.inside(name))

    # --- records and attributes ------------------------------------------------------------------------------

    def _profile(self, who: Who, finding: Finding) -> Profile:
        if who.user is not None:
            now = finding.shown[0].witness.now
            return profile(self.index, who.user, now)
        if who.group is not None:
            return Profile((RightsSource("group", who.group),))
        return Profile(tuple(RightsSource("role", role, place) for role, place in who.roles))

    def _of_plan(self, plan: Plan, user: str | None) -> _Records | None:
        """Whether there is a record of the resource that the plan does not open."""
        if not self.index.attributes[plan.resource]:
            return None
        asking = SOMEBODY if user is None else DeclaredUser(user)
        found = self.world.settle(some_closed(self.index, plan), plan.resource, asking)
        return "all" if found is UNSAT else "some"

    def _of_grants(self, statements: Iterable[_Statement]) -> tuple[_Records | None, tuple[str, ...]]:
        """What grants that stand at one place reach in the role or group that says them."""
        records: _Records | None = None
        sensitive: list[tuple[str, Iterable[str]]] = []
        for bundle, grant in statements:
            if grant is not None:
                sensitive.append((grant.resource, grant.fields or ()))
                who = Profile((RightsSource(*name_of(bundle)),))
                for action in grant.actions if records != "all" else ():
                    plan = self.world.plan(who, action, grant.resource)
                    records = self._of_plan(plan, None) if records != "all" else records
        return records, self._sensitive(sensitive)

    def _sensitive(self, covered: Iterable[tuple[str, Iterable[str]]]) -> tuple[str, ...]:
        found = {
            f"{resource}.{field}"
            for resource, fields in covered
            for field in fields
            if self.index.attributes[resource][field].sensitive
        }
        return tuple(sorted(found))

    # --- places ----------------------------------------------------------------------------------------------

    @cached_property
    def _statements(self) -> dict[str, list[_Statement]]:
        """What roles and groups say, by its place: those that say it, and the grant if it is one."""
        found: dict[str, list[_Statement]] = {}
        attached: dict[str, list[Bundle]] = {}
        for _, bundle in self.world.bundles:
            for at in _places(bundle):
                found.setdefault(at, []).append((bundle, None))
            for grant in bundle.grants:
                found.setdefault(grant.at, []).append((bundle, grant))
            for limit in bundle.limits:
                attached.setdefault(self.index.instances[limit.instance].policy, []).append(bundle)
        for policy in self.world.policy_set.policies:
            found.setdefault(policy.at, []).extend((bundle, None) for bundle in attached.get(policy.name, ()))
        return found

    @cached_property
    def _at_users(self) -> frozenset[str]:
        """The places of users and of what is said in their blocks."""
        return frozenset(at for user in self.world.written.users for at in _user_places(user))


def _in_all(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """What is in every one: the smallest is gone through, and none where all are one set. To walk over all users for
    each finding would be quadratic.
    """
    smallest, *rest = sorted(sets, key=len)
    others = [each for each in rest if each is not smallest]
    return smallest.intersection(*others) if others else smallest


def _in_any(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    """What is in one of them: the largest is copied only where another has more."""
    largest, *rest = sorted(sets, key=len, reverse=True)
    more = frozenset[str]().union(*(each for each in rest if each is not largest)) - largest
    return largest | more if more else largest


def _places(bundle: Bundle) -> Iterator[str]:
    yield bundle.at
    for said in (bundle.limits, bundle.denies, bundle.roles, bundle.may_assign):
        yield from (each.at for each in said)
    if isinstance(bundle, ir.Role):
        yield from (each.at for each in bundle.performs)


def _user_places(user: ir.User) -> Iterator[str]:
    yield user.at
    for said in (user.assignments, user.appends, user.overrides, user.attributes):
        yield from (each.at for each in said)
