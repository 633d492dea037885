"""Whether two versions of a policy set let everybody do the same: what a safe fix has to keep."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.analysis.decision import allowed, denied
from policylang.analysis.formula import AllOf, NotOf
from policylang.analysis.questions import implies
from policylang.analysis.satisfiability import UNSAT
from policylang.check.granting import grants_by_permission, may_narrow
from policylang.check.holding import Holdings
from policylang.check.limits import Questions
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.runtime.grants import Profile
from policylang.runtime.index import Index
from policylang.runtime.periods import ALWAYS, Period
from policylang.runtime.plan import make_plan
from policylang.runtime.sources import RightsSource, chains

NOWHERE = "policy:1:1-1:1"
"""The place of what has none any more."""
_MAY_GO: dict[type, tuple[str, ...]] = {
    ir.PolicySet: ("digest", "policy_instances", "denies"),
    ir.Role: ("limits", "denies"),
    ir.Group: ("limits", "denies"),
    ir.User: ("appends", "assignments"),
}
"""What may be taken out of a policy set: nothing else may differ between the two versions."""


def access_change(before: ir.PolicySet, after: ir.PolicySet, now: datetime.datetime) -> str | None:
    """What is not the same, or could not be proved to be, in words; ``None``: nobody can tell the two versions apart.

    Compared for all records, whatever they lack, all requests, attributes, times and places: what each user,
    integration, role, group and job may do, also with any role beside that could be given to them, and which roles each
    user has. Places in the sources do not count.
    """
    first, second = without_places(before), without_places(after)
    if _frame(first) != _frame(second):
        return "something other than limits, denies, appends and assignments would change"
    return _Comparison(World(first, now), World(second, now)).difference()


def without_places(value: Any) -> Any:
    """The same without places in the sources. Roles and groups are told apart by theirs: they get one of their own."""
    if isinstance(value, tuple):
        return tuple(map(without_places, value))
    if not isinstance(value, msgspec.Struct):
        return value
    changes = {name: without_places(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(changes.get("at"), str):
        bundle = isinstance(value, ir.Role | ir.Group)
        changes["at"] = f"{type(value).__name__} {changes['name']}:1:1-1:1" if bundle else NOWHERE
    return msgspec.structs.replace(value, **changes)


def _frame(value: Any) -> Any:
    """What has to stay."""
    if isinstance(value, tuple):
        return tuple(map(_frame, value))
    gone = _MAY_GO.get(type(value), ())
    if not gone:
        return value
    return tuple(_frame(getattr(value, name)) for name in value.__struct_fields__ if name not in gone)


class _Comparison:
    def __init__(self, before: World, after: World) -> None:
        self.before, self.after = before, after
        self.questions = Questions(before)

    def difference(self) -> str | None:
        for name, who in self._made_up():
            if not self._decided_alike(who, who, (), ALWAYS):
                return f"{name} would no longer allow the same"
        for source, taking, left in self._denies():
            if self._matters(source, taking, left):
                return f"{source.in_words} would no longer deny the same"
        for users in self._users():
            for period, one, other in self._periods(users[0]):
                if _held(self.before.index, one) != _held(self.after.index, other):
                    return f"`{users[0]}` would no longer have the same roles"
                if not self._decided_alike(one, other, users, period):
                    return f"`{users[0]}` would no longer be allowed the same"
            if any(self._narrows(user) for user in users):
                return f"`{users[0]}` would no longer be allowed the same if given another role"
        return None

    # --- what could come together: denies and appends reach beyond the source that they stand in ---------------------

    def _denies(self) -> Iterator[tuple[RightsSource, list[ir.Deny], list[ir.Deny]]]:
        """Roles and groups that deny less than before: what is gone, and what is left with that for everyone."""
        for source, _bundle in self.before.bundles:
            one, other = (
                [deny for chain in world.chains(source) for deny in chain[-1].denies]
                for world in (self.before, self.after)
            )
            gone = [deny for deny in dict.fromkeys(one) if deny not in other]
            if gone:
                yield source, gone, [*other, *self.after.index.denies]

    def _matters(self, source: RightsSource, gone: list[ir.Deny], left: list[ir.Deny]) -> bool:
        """Whether a deny takes something that somebody who has it could be granted, and that what is left does not
        take.
        """
        index, granted = self.before.index, self.before.once(grants_by_permission)
        for deny in gone:
            of_deny = (each for action in deny.actions for each in granted.get((deny.resource, action), ()))
            for granting in (each for each in of_deny if each.beside(index, source.bundle_name)):
                fields = [None] if deny.fields is None else [name for name in deny.fields if name in granting.fields]
                for field in fields:
                    others = [
                        NotOf(denied(index, each))
                        for each in left
                        if (each.resource, granting.action in each.actions) == (deny.resource, True)
                        and (each.fields is None or field in each.fields)
                    ]
                    taken = denied(index, deny)
                    formula = AllOf((granting.reach(index), taken, *others))
                    if granting.settle(self.questions, formula) is not UNSAT:
                        return True
        return False

    def _narrows(self, user: str) -> bool:
        """Whether an append that is gone would keep something away that some role grants."""
        one, other = (world.index.users.get(user) for world in (self.before, self.after))
        if one is None or other is None:
            return False
        gone = [each for each in one.appends if each not in other.appends]
        return any(may_narrow(self.questions, user, each, other.appends) for each in gone)

    def _made_up(self) -> Iterator[tuple[str, Profile]]:
        for source, _bundle in self.before.bundles:
            yield source.in_words, Profile((source,))
        for job in self.before.policy_set.jobs:
            yield f"job `{job.code}`", Profile(tuple(RightsSource("role", ref.name) for ref in job.roles))

    def _users(self) -> Iterator[tuple[str, ...]]:
        """Users who are alike both before and after, and each integration."""
        of_before = {user: number for number, kind in enumerate(self.before.user_classes) for user in kind.users}
        classes: dict[tuple[int, int], list[str]] = {}
        for number, kind in enumerate(self.after.user_classes):
            for user in kind.users:
                classes.setdefault((of_before[user], number), []).append(user)
        yield from map(tuple, classes.values())
        yield from ((name,) for name in self.before.index.integrations)

    def _periods(self, user: str) -> Iterator[tuple[Period, Profile, Profile]]:
        later = list(self.after.all_periods(user))
        for period, one in self.before.all_periods(user):
            for other_period, other in later:
                both = common(period, other_period)
                if both is not None:
                    yield both, one, other

    # --- decisions ---------------------------------------------------------------------------------------------

    def _decided_alike(self, one: Profile, other: Profile, users: tuple[str, ...], period: Period) -> bool:
        """Whether every request has the same answer: of these users in the period, or of anybody if there are none."""
        granted = self.before.once(Holdings).granted_to(one) | self.after.once(Holdings).granted_to(other)
        return all(self._action_alike(one, other, *each, users, period) for each in sorted(granted))

    def _action_alike(
        self, one: Profile, other: Profile, resource: str, action: str, users: tuple[str, ...], period: Period
    ) -> bool:
        index = self.before.index
        first, second = make_plan(index, one, action, resource), make_plan(self.after.index, other, action, resource)
        for field in (None, *index.attributes[resource]):
            open_before, open_after = allowed(index, first, field), allowed(self.after.index, second, field)
            if open_before == open_after:
                continue
            for formula in (implies(open_before, open_after), implies(open_after, open_before)):
                if self.questions.anybody(formula, resource) is UNSAT:
                    continue
                if not users:
                    return False
                if any(self.questions.of_user(formula, resource, user, period) is not UNSAT for user in users):
                    return False
        return True


def common(one: Period, other: Period) -> Period | None:
    """The days that lie in both periods."""
    firsts = [each for each in (one.first, other.first) if each is not None]
    lasts = [each for each in (one.last, other.last) if each is not None]
    first, last = max(firsts, default=None), min(lasts, default=None)
    if first is not None and last is not None and last < first:
        return None
    since = max((each.since for each in (one, other) if each.since and each.first == first), default=None)
    until = min((each.until for each in (one, other) if each.until and each.last == last), default=None)
    return None if since is not None and until is not None and until <= since else Period(first, last, since, until)


def _held(index: Index, who: Profile) -> frozenset[tuple[str, str, str | None]]:
    """The roles and groups of a profile and where they hold, without those that hold at a place around it as well."""
    held = {
        (type(chain[-1]).__name__, chain[-1].name, source.place)
        for source in who.sources
        for chain in chains(index, source)
    }
    return frozenset(
        (kind, name, place)
        for kind, name, place in held
        if not any((k, n) == (kind, name) and p != place and index.covers(p, place) for k, n, p in held)
    )
