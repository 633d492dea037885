"""What sources of users open, several of them together or each by itself."""

from __future__ import annotations

from functools import cached_property

import msgspec

from policylang.analysis.decision import covered, denied
from policylang.analysis.formula import FALSE, TRUE, AllOf, Formula, NotOf, true
from policylang.analysis.query import COMPLETE, PROPOSED, SOMEBODY, Answer, Assumed
from policylang.analysis.questions import combined_too_broad
from policylang.analysis.satisfiability import SATISFIABLE, UNSAT, Satisfiability
from policylang.check.stacks import Stacks
from policylang.check.world import UserClass, World
from policylang.ir.nesting import Name
from policylang.runtime.caching import cached_method
from policylang.runtime.grants import Profile
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan, Way
from policylang.runtime.sources import RightsSource


class Stack(msgspec.Struct, frozen=True):
    """Sources of a class of users that hold in one period and, if it is not ``None``, at one place."""

    users: UserClass
    period: Period
    who: Profile
    sources: tuple[RightsSource, ...]
    place: str | None

    def alone(self, source: RightsSource) -> Stack:
        """The users, if they had just the one source."""
        single = Profile((source,), self.who.appends, self.who.overrides, self.who.superuser)
        return Stack(self.users, self.period, single, (source,), source.place)


class OpenedPermissions:
    """What stacks and single sources open. ``world.once(OpenedPermissions)``"""

    def __init__(self, world: World) -> None:
        self.world, self.index = world, world.index
        self.stacks = world.once(Stacks)

    def alone(self, stack: Stack, source: RightsSource) -> frozenset[Permission]:
        """What one source of the stack opens by itself."""
        single = stack.alone(source)
        who, users = single.who, stack.users.first
        place = self.stacks.likeness.place(source.place)
        holder = self.stacks.likeness.holder(users)
        alike = (source.bundle_name, place, who.appends, who.overrides, who.superuser, stack.period, holder)
        return self.stacks.remembered(("alone", *alike), lambda: self.permissions(single))

    def permissions(self, stack: Stack) -> frozenset[Permission]:
        """The actions on resources that the stack opens for some record; what is not proved counts as opened."""
        found: set[Permission] = set()
        is_plain = not stack.who.appends and not stack.who.overrides
        if is_plain:
            found.update(*(self._adds(stack, source) for source in stack.sources))
        taken = frozenset[Permission]().union(*(self.stacks.denied(source.bundle_name) for source in stack.who.sources))
        peculiar = {self.index.instances[each.instance].resource for each in (*stack.who.appends, *stack.who.overrides)}
        for source in stack.sources:
            name = source.bundle_name
            certain = self._surely(name, stack.period)
            for permission in self._not_additive(name) if is_plain else self.stacks.permissions(name):
                if permission in found or self.there(permission[0], source.place) == FALSE:
                    continue
                plain = permission in certain and permission not in taken and permission[0] not in peculiar
                if plain or self.settle(stack, permission) is not UNSAT:
                    found.add(permission)
        return frozenset(found)

    def _adds(self, stack: Stack, source: RightsSource) -> frozenset[Permission]:
        """What a source of the stack opens at its place of what is additive, for all users who have it alike."""
        name, period = source.bundle_name, stack.period
        looks, places = self.stacks.looks(name), (source.place, stack.place)
        alike = self.stacks.likeness.limits(looks, stack.users.first, period, places)

        def opened() -> frozenset[Permission]:
            single = Stack(stack.users, period, stack.alone(source).who, (source,), stack.place)
            certain = self._surely(name, period)
            return frozenset(
                permission
                for permission in self.stacks.permissions(name)
                if permission in self.stacks.additive
                and self.there(permission[0], source.place) != FALSE
                and (permission in certain or self.settle(single, permission) is not UNSAT)
            )

        return self.stacks.remembered(("opened", name, alike), opened)

    @cached_method
    def _not_additive(self, name: Name) -> tuple[Permission, ...]:
        additive = self.stacks.additive
        return tuple(each for each in self.stacks.permissions(name) if each not in additive)

    @cached_method
    def there(self, resource: str, place: str | None) -> Formula:
        return covered(self.index, resource, place)

    def find(self, stack: Stack, permission: Permission, field: str | None = None) -> Answer:
        """A record at the stack's place that it opens for the action, on the field if one is given."""
        plan, ways = self.ways(stack, permission, field)
        if not ways:
            return UNSAT
        formula, plan = self._question(stack, plan, ways, field)
        return self.stacks.ask(formula, plan, stack.users.first, stack.period, _assumed(plan))

    def settle(self, stack: Stack, permission: Permission, field: str | None = None) -> Satisfiability:
        """Whether there is such a record."""
        plan, ways = self.ways(stack, permission, field)
        if not ways:
            return UNSAT
        user, period = stack.users.first, stack.period
        formula, asked = self._question(stack, plan, ways, field)
        alike = self.stacks.likeness.question(plan, (ways, asked.ways), user, period, (stack.place,), field)

        def settle() -> Satisfiability:
            return self.stacks.settle(formula, asked, user, period, _assumed(asked))

        return self.stacks.remembered(("opened", alike), settle)

    def ways(self, stack: Stack, permission: Permission, field: str | None) -> tuple[Plan, tuple[Way, ...]]:
        resource, action = permission
        plan = self.world.plan(stack.who, action, resource)
        ways = (way for way in plan.ways if way.source in stack.sources and (field is None or field in way.fields))
        return plan, tuple(ways)

    def _question(self, stack: Stack, plan: Plan, ways: tuple[Way, ...], field: str | None) -> tuple[Formula, Plan]:
        if plan.kind == "create":  # what the record sets may be covered by ways that do not cover the field
            _, ways = self.ways(stack, (plan.resource, plan.action), None)
        plan = msgspec.structs.replace(plan, ways=ways)
        there = self.there(plan.resource, stack.place)
        if there == FALSE:  # it lies at no place, or at a wider one
            there = TRUE
        return combined_too_broad(self.index, plan, there, field), plan

    @cached_method
    def covers(self, name: Name) -> frozenset[tuple[str, str, str]]:
        """What a group or role covers: resource, action, attribute."""
        return frozenset(
            (grant.resource, action, field)
            for _, grant in self.world.granted(RightsSource(*name))
            for field in grant_fields(self.index, grant)
            for action in grant.actions
        )

    @cached_method
    def secrets(self, name: Name) -> list[tuple[str, str, str]]:
        """The sensitive attributes among them."""
        attributes = self.index.attributes
        return sorted(each for each in self.covers(name) if attributes[each[0]][each[2]].sensitive)

    @cached_method
    def _surely(self, name: Name, period: Period) -> frozenset[Permission]:
        """What everybody who has a group or role in a period reaches, as far as denies of other sources leave it."""
        return frozenset(
            permission
            for permission, sets in self.stacks.ways(name).items()
            if self.index.kind(*permission) != "create"
            and self.index.actions[permission[0]][permission[1]].requires is None
            and any(self._is_plain(permission, limits, period) for limits in sets)
        )

    def _is_plain(self, permission: Permission, limits: frozenset[str], period: Period) -> bool:
        """Whether some record satisfies the limits and escapes the denies for everyone, whoever asks."""
        resource, questions = permission[0], self.stacks.questions
        denies = self._for_everyone.get(permission, ())
        conditions = [self.index.instances[each].condition for each in sorted(limits)]
        asked = [*map(true, conditions), *denies]
        looks = [questions.looks(each) for each in asked]
        if any(each.attributes or each.users for each in looks):
            return False
        if period != Period() and any(each.time for each in looks):
            return self.world.settle(AllOf(tuple(asked)), resource, SOMEBODY, period) is SATISFIABLE
        if denies:
            return self.world.settle(AllOf(tuple(asked)), resource) is SATISFIABLE
        return not limits or questions.together(limits) is SATISFIABLE

    @cached_property
    def _for_everyone(self) -> dict[Permission, list[Formula]]:
        """That no deny for everyone, of whole records, matches."""
        found: dict[Permission, list[Formula]] = {}
        for deny in self.index.denies:
            for action in deny.actions if deny.fields is None else ():
                formula = NotOf(denied(self.index, deny))
                found.setdefault((deny.resource, action), []).append(formula)
        return found


def _assumed(plan: Plan) -> Assumed:
    """Records as they may be: a new one may lack what the user may not set, whatever is required."""
    return PROPOSED if plan.kind == "create" else COMPLETE
