"""Several sources on one user: what each brings, in which periods they come together, and evidence for what follows."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, KeysView, Sequence
from functools import cached_property
from typing import Any, TypeVar, cast

import msgspec

from policylang.analysis.creation import looked_at, writable
from policylang.analysis.decision import allowed, unhindered
from policylang.analysis.formula import AllOf, Formula
from policylang.analysis.looks import Looks
from policylang.analysis.query import ANYBODY, COMPLETE, Answer, Assumed, DeclaredUser, Sat, Witness
from policylang.analysis.satisfiability import UNSAT, Satisfiability
from policylang.check.finding import Shown, Who, WitnessError, replay, show, somebody_with
from policylang.check.likeness import Likeness
from policylang.check.limits import for_complete
from policylang.check.privileges import by_resource, roles_asked
from policylang.check.world import UserClass, World
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.model.types import Duration, RecordType, SetType, Type, UserType
from policylang.runtime.access import place_in_words
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile, granted
from policylang.runtime.hypothetical import SOMEBODY
from policylang.runtime.index import Permission
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan
from policylang.runtime.reference import eligible
from policylang.runtime.sources import RightsSource

SourceKind = tuple[str, str, str | None]
"""Kind and name of a source, and the kind of place that it is given at."""

_Answer = TypeVar("_Answer")

_ELIGIBLE = 30
"""How many of the users who may be written into an attribute are tried."""


class Stacks:
    """The sources of users, and what they bring."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.index = world.index
        self.questions = world.once(for_complete)
        self.likeness = world.once(Likeness)
        self._remembered: dict[Hashable, object] = {}

    # --- who has what, and when ------------------------------------------------------------------------------

    def periods(self, users: UserClass, least: int = 2) -> Iterator[tuple[Period, Profile]]:
        """The periods in which users have at least so many sources: that of now before all others."""
        declared = users.declared
        job = len(self.index.jobs[declared.job.name].roles) if declared.job is not None else 0
        if (declared.group is not None) + job + len(declared.assignments) < least:
            return
        found = [each for each in self.world.periods(users.first) if len(each[1].sources) >= least]
        now, timezone = self.world.now, self.index.timezone
        yield from sorted(found, key=lambda each: each[0].instant(now, timezone) != now)

    def permissions(self, name: Name) -> KeysView[Permission]:
        """What a group or role grants, with the roles inside it."""
        return self.ways(name).keys()

    @cached_method
    def denied(self, name: Name) -> frozenset[Permission]:
        """What a group or role denies somehow, with the roles inside it."""
        denies = (deny for chain in self.world.chains(RightsSource(*name)) for deny in chain[-1].denies)
        return frozenset((deny.resource, action) for deny in denies for action in deny.actions)

    @cached_method
    def ways(self, name: Name) -> dict[Permission, tuple[frozenset[str], ...]]:
        """What a group or role grants, each with the sets of policies under one of which it stands."""
        found: dict[Permission, dict[frozenset[str], None]] = {}
        for each in self.world.grants(RightsSource(*name)):
            ids = frozenset(limit.instance for limit in each.limits)
            found.setdefault((each.grant.resource, each.action), {})[ids] = None
        return {permission: tuple(sets) for permission, sets in found.items()}

    @cached_method
    def may_lose(self, kept: Name, handing: Name) -> tuple[Permission, ...]:
        """What both grant and the first may keep away where the second does not, going by the names of the policies."""
        theirs = self.ways(handing)
        found = (
            permission
            for permission, sets in self.ways(kept).items()
            if all(sets) and any(not any(mine <= other for mine in sets) for other in theirs.get(permission, ()))
        )
        return tuple(sorted(found))

    @cached_property
    def additive(self) -> frozenset[Permission]:
        """The permissions of which sources only add to one another: nothing is required, no group or role denies any,
        and nothing is created, which may need attributes from several sources. Who appends and overrides nothing is
        allowed just what one of the sources allows by itself.
        """
        denied = {permission for _, bundle in self.world.bundles for permission in self.index.said(bundle).denies}
        return self.world.permissions(lambda action: action.requires is None and action.kind != "create") - denied

    @cached_method
    def looks(self, *names: Name) -> Looks:
        """What decides looks at, where groups and roles grant what is additive: limits, and denies for everyone."""
        ways = [self.ways(name) for name in names]
        permissions = self.additive.intersection(*ways)
        limits = frozenset[str]().union(*(ids for each in ways for one in permissions for ids in each[one]))
        denies = [deny for permission in permissions for deny in self.index.denies_of(*permission)]
        conditions = [self.index.instances[id_].condition for id_ in limits]
        conditions += [deny.condition for deny in denies if deny.condition is not None]
        return self.world.prover.looking.of_all(conditions)

    @cached_property
    def asked_roles(self) -> frozenset[str]:
        """The roles whose holders can be chosen as the value of some attribute."""
        return frozenset(roles_asked(self.index).values())

    def in_words(self, source: RightsSource) -> str:
        """```guard` at site "HQ"``, `` group `sales` ``"""
        at = f" at {place_in_words(self.index, source.place)}" if source.place is not None else ""
        return f"{'group ' if source.kind == 'group' else ''}`{source.name}`{at}"

    def cause(self, sources: Iterable[RightsSource]) -> frozenset[SourceKind]:
        """What sources of many users have in common: their names, and the kinds of place that they are given at."""
        return frozenset(
            (source.kind, source.name, None if source.place is None else self.index.places[source.place].kind)
            for source in sources
        )

    def any_in_words(self, one: RightsSource, every: Iterable[RightsSource]) -> str:
        """One source of several users, who may have it at different places of one kind."""
        first, *others = (each for each in every if each.bundle_name == one.bundle_name)
        if all(each.place == first.place for each in others) or first.place is None:
            return self.in_words(first)
        kind = self.index.places[first.place].kind
        return f"{self.in_words(RightsSource(*first.bundle_name))} at a place of kind `{kind}`"

    # --- questions and evidence --------------------------------------------------------------------------------

    def ask(self, formula: Formula, plan: Plan, user: str, period: Period, assumed: Assumed = COMPLETE) -> Answer:
        """A situation in which the formula holds and the plan allows the user its action. For create, one in which the
        proposed record sets nothing that the user may not set.
        """
        whole = AllOf((formula, allowed(self.index, plan)))
        resource = plan.resource
        if self.world.settle(whole, resource, ANYBODY, None, assumed) is UNSAT:
            return UNSAT
        if plan.kind == "create":
            whole = AllOf((whole, *self._writable(whole, plan, user, period)))
            answer = self.world.ask(whole, resource, DeclaredUser(user), self._ahead(period), assumed)
            return Sat(self._least(answer.witness, plan, user, whole)) if isinstance(answer, Sat) else answer
        if not self.questions.looks(whole).personal:
            shared = self._moved(self.world.ask(whole, resource), period, self.questions.looks(whole).time)
            if shared is not None:
                return shared
        return self.world.ask(whole, resource, DeclaredUser(user), self._ahead(period), assumed)

    def settle(
        self, formula: Formula, plan: Plan, user: str, period: Period, assumed: Assumed = COMPLETE
    ) -> Satisfiability:
        """Whether there is a situation that `ask` would find."""
        whole = AllOf((formula, allowed(self.index, plan)))
        if plan.kind == "create":
            if self.world.settle(whole, plan.resource, ANYBODY, None, assumed) is UNSAT:
                return UNSAT
            whole = AllOf((whole, *self._writable(whole, plan, user, period)))
        return self.world.settle(whole, plan.resource, DeclaredUser(user), self._ahead(period), assumed)

    def settle_open(self, formula: Formula, plan: Plan, user: str, period: Period) -> Satisfiability:
        """`settle`, for a formula that opens a way of the plan: what other ways there are makes no difference then, so
        that users with other roles beside have the same answer.
        """
        if plan.kind == "create":
            return self.settle(formula, plan, user, period)
        whole = AllOf((formula, unhindered(self.index, plan)))
        return self.world.settle(whole, plan.resource, DeclaredUser(user), self._ahead(period))

    def remembered(self, alike: Hashable, settle: Callable[[], _Answer]) -> _Answer:
        """The answer to all questions that are alike, see `Likeness`."""
        found = self._remembered.get(alike)
        if found is None:
            found = self._remembered[alike] = settle()
        return cast(_Answer, found)

    def _ahead(self, period: Period) -> Period:
        """The period, or all that is not past where no date matters, which is the same for all such users."""
        return self.world.from_now if period == Period() else period

    def _moved(self, answer: Answer, period: Period, timed: bool) -> Sat | None:
        """The witness, if there is one, at an instant of the period, if it is one there."""
        if not isinstance(answer, Sat):
            return None
        witness = answer.witness
        if not timed:
            return Sat(msgspec.structs.replace(witness, now=period.instant(self.world.now, self.index.timezone)))
        since, until = self.world.instants(period)
        inside = (since is None or since <= witness.now) and (until is None or witness.now < until)
        return answer if inside else None

    def _writable(self, formula: Formula, plan: Plan, user: str, period: Period) -> tuple[Formula, ...]:
        at = period.instant(self.world.now, self.index.timezone)
        # Users whom a condition names, or who ask, are like no other.
        peculiar = {user, *self.questions.looks(formula).users}

        def some_eligible(declared: ir.Attribute) -> Sequence[str]:
            found = eligible(self.index, plan.resource, declared.name, at)
            return [each for number, each in enumerate(found) if number < _ELIGIBLE or each in peculiar]

        return writable(self.index, plan, formula, some_eligible)

    def _least(self, witness: Witness, plan: Plan, user: str, formula: Formula) -> Witness:
        """The witness, with just what the formula looks at in the proposed record if the user may not set the rest."""
        shown = Shown(Who(user=user), plan.action, witness, allowed=True)
        if replay(self.world, shown).allowed:
            return witness
        looked = looked_at(formula)
        least = {name: value for name, value in witness.record.items() if name in looked}
        return msgspec.structs.replace(witness, record=least)

    def show(self, user: str, plan: Plan, witness: Witness, field: str | None = None) -> Shown | None:
        """The witness as evidence that the user is allowed the action; ``None`` if it is about a proposed record that
        cannot be created.
        """
        try:
            return show(self.world, Who(user=user), plan.action, witness, allowed=True, field=field)
        except WitnessError:
            if plan.kind != "create":
                raise
            return None

    def alone(
        self, user: str, source: RightsSource, action: str, witness: Witness, field: str | None = None
    ) -> Shown | None:
        """The witness as evidence that a source alone does not allow the action: of somebody with the attributes of the
        user, who stands in the record where the user does. ``None`` where that does not show it, as when the user
        overrides what the group says.
        """
        for id_ in (SOMEBODY, user):
            record = self._renamed(RecordType(witness.resource), witness.record, user, id_)
            found = msgspec.structs.replace(witness, record=record, attributes=self._attributes(user))
            shown = Shown(somebody_with(source), action, found, allowed=False, field=field)
            if not replay(self.world, shown).allowed:
                return shown
        return None

    def _renamed(self, type_: Type, value: Any, old: str, new: str) -> Any:
        match type_:
            case RecordType(resource) if isinstance(value, dict):
                types = self.index.attributes[resource]
                return {
                    name: self._renamed(types[name].type, each, old, new) if name in types else each
                    for name, each in value.items()
                }
            case SetType(of) if isinstance(value, list):
                return [self._renamed(of, each, old, new) for each in value]
            case UserType() if value == old:
                return new
            case _:
                return value

    def _attributes(self, user: str) -> dict[str, Any]:
        declared = self.index.users.get(user)
        found: dict[str, Any] = {}
        for value in declared.attributes if declared is not None else ():
            plain = [str(v.value) if isinstance(v.value, Duration) else v.value for v in value.values]
            found[value.name] = plain if isinstance(self.index.subject[value.name], SetType) else plain[0]
        return found

    def limited_at(
        self, source: RightsSource, user: ir.User, permission: Permission
    ) -> tuple[tuple[tuple[str, str], ...], bool]:
        """The policies that limit what a source of a user grants, each with the place where it is attached; and whether
        they are the user's own, in place of those of the source.
        """
        overrides = [each.limit for each in user.overrides]
        found = list(granted(self.index, source, overrides, permission))
        limits = {limit.at: (limit.instance, limit.at) for each in found for limit in each.limits}
        return tuple(limits.values()), any(each.overridden for each in found)


def alike(world: World) -> Iterator[tuple[list[str], ir.User]]:
    """Users who have all in common, the reasons of their assignments too, with the first of them."""
    for users in world.user_classes:
        found: dict[tuple[str | None, ...], list[str]] = {}
        for user in users.users:
            found.setdefault(tuple(a.because for a in world.whole.users[user].assignments), []).append(user)
        for names in found.values():
            yield names, world.index.users[names[0]]


def permissions_in_words(permissions: Iterable[Permission]) -> str:
    """``view, modify on `doc`; view on `note```, for a few resources, and how many more there are."""
    said = by_resource(permissions)
    more = len(said) - 3
    return "; ".join(said) if more <= 0 else f"{'; '.join(said[:3])}; and on {more} more"
