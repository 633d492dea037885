"""What rules look at: a compiled policy set, and what follows from it, each made once."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Hashable, Iterator, KeysView, Mapping, Set
from functools import cached_property
from typing import NamedTuple, TypeVar, cast

import msgspec

from policylang.analysis.formula import Formula
from policylang.analysis.looks import Looks
from policylang.analysis.prover import Prover
from policylang.analysis.query import COMPLETE, SOMEBODY, Answer, Assumed, Query, Requester
from policylang.analysis.satisfiability import Satisfiability
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.ir.requirements import grants_required
from policylang.model.instants import zone
from policylang.runtime.caching import cached_method
from policylang.runtime.clock import is_over
from policylang.runtime.grants import Granted, Profile, granted, granted_by
from policylang.runtime.index import Index, Permission
from policylang.runtime.periods import Period, periods
from policylang.runtime.plan import Plan, make_plan
from policylang.runtime.sources import Bundle, RightsSource, chains, layers
from policylang.settings.thresholds import Thresholds

_Made = TypeVar("_Made")


_PROFILES = 16
"""Of how many the plans are at hand."""


class _Planned(NamedTuple):
    """A profile, of what each of its sources says something, and its plans so far."""

    who: Profile
    about: list[tuple[RightsSource, KeysView[Permission]]]
    plans: dict[Permission, Plan]


class UserClass(msgspec.Struct, frozen=True):
    """Users for whom every question has the same answer, in order of their ids; the first stands for all of them."""

    users: tuple[str, ...]
    declared: ir.User

    @property
    def first(self) -> str:
        return self.users[0]


class World:
    """A policy set under examination at ``now``, an aware instant in UTC: as it is then, and as it is going to be.
    Assignments that are over are in ``written`` alone.
    """

    def __init__(
        self,
        policy_set: ir.PolicySet,
        now: datetime.datetime,
        thresholds: Thresholds | None = None,
        asked_for: Collection[str] = (),
        pulse: Callable[[], None] = lambda: None,
    ) -> None:
        """``pulse`` is called before each question: what it raises ends the examination."""
        self._pulse = pulse
        self.asked_for = frozenset(asked_for)
        """The rules that somebody named: these say what is too much to be said unasked."""
        self.written = policy_set
        self.policy_set = _without_past(policy_set, now)
        self.now = now
        self.thresholds = thresholds or Thresholds()
        self.index = Index(self.policy_set)
        self.prover = Prover(self.index, now)
        self._plans: dict[Hashable, Plan] = {}
        self._planned: dict[int, _Planned] = {}
        """Of the profiles that were asked about last, by identity."""
        self._made: dict[object, object] = {}

    def once(self, make: Callable[[World], _Made]) -> _Made:
        """What is made of this world, once: rules share its answers."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(_Made, self._made[make])

    def ask(
        self,
        formula: Formula,
        resource: str,
        who: Requester = SOMEBODY,
        period: Period | None = None,
        assumed: Assumed = COMPLETE,
    ) -> Answer:
        """A situation in which the formula holds, see `policylang.analysis.prover.Prover.ask`.

        The instant lies in the period and is not past, if one is given. What shows a finding is a complete record,
        unless ``assumed`` says otherwise; what proves one, see `Questions`.
        """
        return self.prover.ask(self.query(formula, resource, who, period, assumed))

    def settle(
        self,
        formula: Formula,
        resource: str,
        who: Requester = SOMEBODY,
        period: Period | None = None,
        assumed: Assumed = COMPLETE,
    ) -> Satisfiability:
        """Whether there is a situation that `ask` would find: much cheaper, where the situation does not matter."""
        return self.prover.settle(self.query(formula, resource, who, period, assumed))

    def query(self, formula: Formula, resource: str, who: Requester, period: Period | None, assumed: Assumed) -> Query:
        """The query, in the period if one is given."""
        self._pulse()
        if period is None:
            return Query(formula, resource, self.now, assumed, who)
        since, until = self.instants(period)
        return Query(formula, resource, period.instant(self.now, self.index.timezone), assumed, who, since, until)

    def instants(self, period: Period) -> tuple[datetime.datetime | None, datetime.datetime | None]:
        """The instants of a period from the first one on, up to, not including, the second one: those that are not
        past, unless all of them are.
        """
        since, until = period.instants(self.index.timezone)
        if until is not None and until <= self.now:
            return since, until
        return (self.now if since is None else max(since, self.now)), until

    @cached_property
    def today(self) -> datetime.date:
        """The day of the check in the policy set's timezone."""
        return self.now.astimezone(self.index.timezone).date()

    @cached_property
    def from_now(self) -> Period:
        """Today and all days to come."""
        return Period(self.today)

    @cached_method
    def periods(self, user: str) -> tuple[tuple[Period, Profile], ...]:
        """See `policylang.runtime.periods.periods`, without those that are over; worked out once."""
        found = self.all_periods(user) if self.whole is self.index else periods(self.index, user)
        return tuple(each for each in found if not self._is_over(each[0]))

    def _is_over(self, period: Period) -> bool:
        if period.until is not None:
            return period.until <= self.now
        return period.last is not None and period.last < self.today

    @cached_method
    def all_periods(self, user: str) -> tuple[tuple[Period, Profile], ...]:
        """The periods of a user, also those that are over: for claims that something never matters."""
        return tuple(periods(self.whole, user))

    @cached_property
    def whole(self) -> Index:
        """The policy set as it is written."""
        return self.index if self.policy_set is self.written else Index(self.written)

    @cached_property
    def bundles(self) -> tuple[tuple[RightsSource, Bundle], ...]:
        """Every group and every role, as the source that it is for somebody who has just that everywhere."""
        return tuple((RightsSource(*name_of(bundle)), bundle) for bundle in self.policy_set.bundles)

    def permissions(self, which: Callable[[ir.Action], bool]) -> frozenset[Permission]:
        """The actions on resources that are such."""
        return frozenset(
            (resource.name, action.name)
            for resource in self.policy_set.resources
            for action in resource.actions
            if which(action)
        )

    @cached_property
    def required(self) -> dict[Permission, list[tuple[Permission, ir.RequiresGrant]]]:
        """The actions on resources that some action requires, each with those that do, and how."""
        found: dict[Permission, list[tuple[Permission, ir.RequiresGrant]]] = {}
        for resource in self.policy_set.resources:
            for action in resource.actions:
                for need in grants_required(action.requires):
                    found.setdefault((need.resource, need.action), []).append(((resource.name, action.name), need))
        return found

    def chains(self, source: RightsSource) -> tuple[tuple[Bundle, ...], ...]:
        """A source and every role inside it, each with what is around it, outermost first; places do not matter."""
        return chains(self.index, source)

    def plan(self, who: Profile, action: str, resource: str) -> Plan:
        """What decides the action on the resource for everybody of a profile: one plan for all profiles that differ in
        other things only.
        """
        known = self._planned.get(id(who))
        if known is None:
            if len(self._planned) == _PROFILES:
                self._planned.clear()
            known = self._planned[id(who)] = _Planned(
                who, [(source, self.about(source.bundle_name).keys()) for source in who.sources], {}
            )
        permission = (resource, action)
        plan = known.plans.get(permission)
        if plan is None:
            plan = known.plans[permission] = self._plan(known, permission)
        return plan

    def _plan(self, known: _Planned, permission: Permission) -> Plan:
        resource, action = permission
        wanted, who = self.wanted(permission), known.who
        sources = tuple([source for source, about in known.about if not about.isdisjoint(wanted)])
        key = (sources, who.appends, who.overrides, who.superuser, permission)
        plan = self._plans.get(key)
        if plan is None:
            narrow = Profile(sources, who.appends, who.overrides, who.superuser)
            plan = self._plans[key] = make_plan(self.index, narrow, action, resource)
        return plan

    @cached_method
    def wanted(self, permission: Permission) -> frozenset[Permission]:
        """What decides an action on a resource: grants of it and of what it requires."""
        resource, action = permission
        needs = grants_required(self.index.actions[resource][action].requires)
        return frozenset((permission, *((need.resource, need.action) for need in needs)))

    @cached_method
    def about(self, name: Name) -> Mapping[Permission, Name]:
        """The actions on resources of which a group or role says something, with the roles inside it; each with its
        origin: the innermost role or group in which the grants, limits and denies of it are already just the same.
        """
        found: dict[Permission, Name] = {}
        bundle = self.index.bundle(name)
        for ref in bundle.roles:
            for permission, origin in self.about(("role", ref.name)).items():
                found[permission] = name if permission in found else origin
        said = self.index.said(bundle)
        found.update(dict.fromkeys((*said.grants, *said.denies), name))
        if bundle.roles and bundle.limits:
            limited = {self.instance(limit).resource for limit in bundle.limits}
            found.update(dict.fromkeys([permission for permission in found if permission[0] in limited], name))
        return found

    def granted(self, source: RightsSource) -> Iterator[tuple[tuple[Bundle, ...], ir.Grant]]:
        """Every grant in a source, with the bundle that says it and those around that one, outermost first."""
        for chain in self.chains(source):
            for grant in chain[-1].grants:
                yield chain, grant

    def grants(self, source: RightsSource, among: Set[Permission] | None = None) -> Iterator[Granted]:
        """Every action that a source grants, under the limits that the source says itself; with ``among``, those of
        these resources and actions alone.
        """
        if among is None:
            yield from granted(self.index, source)
            return
        for layer in layers(self.index, source) if among else ():
            if not among.isdisjoint(layer.said.grants):
                for each in granted_by(self.index, source, layer):
                    if (each.grant.resource, each.action) in among:
                        yield each

    def instance(self, limit: ir.Limit) -> ir.PolicyInstance:
        return self.index.instances[limit.instance]

    @cached_property
    def looks(self) -> Looks:
        """What any condition looks at."""
        return self.prover.looking.of_all(condition for _, condition in self.policy_set.conditions())

    @cached_property
    def user_classes(self) -> tuple[UserClass, ...]:
        """The users, in classes whose members have all in common but who they are: group, job, assignments, policies
        and the attributes that conditions ask about; a user whom a condition names is alone. In the order of their
        first members. Assignments that are over tell users apart as well.
        """
        classes: dict[tuple[object, ...], list[ir.User]] = {}
        for user in sorted(self.written.users, key=lambda user: user.id):
            key = (
                user.group and user.group.name,
                user.job and user.job.name,
                tuple(sorted((a.role, a.place or "", a.begins or "", a.ends or "") for a in user.assignments)),
                tuple((p.limit.instance, p.limit.actions) for p in user.appends),
                tuple((p.limit.instance, p.limit.actions) for p in user.overrides),
                user.superuser,
                user.terminated,
                user.id if user.id in self.looks.users else None,
                tuple(
                    (value.name, tuple((constant.type, constant.value) for constant in value.values))
                    for value in user.attributes
                    if value.name in self.looks.attributes
                ),
            )
            classes.setdefault(key, []).append(user)
        return tuple(
            UserClass(tuple(user.id for user in users), self.index.users[users[0].id]) for users in classes.values()
        )


def _without_past(policy_set: ir.PolicySet, now: datetime.datetime) -> ir.PolicySet:
    """The policy set without the assignments that are over at ``now``."""
    timezone, users, changed = zone(policy_set.timezone), [], False
    for user in policy_set.users:
        left = tuple(each for each in user.assignments if not is_over(each, now, timezone))
        if len(left) < len(user.assignments):
            user, changed = msgspec.structs.replace(user, assignments=left), True
        users.append(user)
    return msgspec.structs.replace(policy_set, users=tuple(users)) if changed else policy_set
