"""The fast decision: plans found by profile, action and resource, each a Python function.

The function tells what the answer depends on, in a key: for what is allowed, which grants are open and which denies
match; for a denial, what is false, and what is unknown and why. The answer of a key is the same for everybody of a
profile, so it is made once, a denial in the words of the reference. What is rare, such as a value of another type or a
name that there is not, is left to that.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from policylang.ir import nodes as ir
from policylang.model.types import PlaceType, SetType, Type, UserType
from policylang.runtime import reference
from policylang.runtime.caching import cached_method
from policylang.runtime.generated import CLOSED, LEFT_OPEN, NOT_APPENDED, NOT_MET, plan_function
from policylang.runtime.grants import Profile, holdings, profile
from policylang.runtime.index import Index, Permission
from policylang.runtime.plan import Plan, make_plan
from policylang.runtime.readers import place_reader, reader
from policylang.runtime.reasons import not_appended, not_met, not_open
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request, changed, instant
from policylang.runtime.shapes import reads_once
from policylang.runtime.sources import inside, is_active
from policylang.runtime.truth import Situation
from policylang.runtime.values import (
    MISSING,
    BadValueError,
    attribute,
    given_changes,
    given_record,
    given_request,
    names,
)

_KEPT = 256
"""How many answers of a plan are kept. There can be as many as combinations of what its limits and denies say."""


_WHY = {CLOSED: not_open, NOT_MET: not_met, NOT_APPENDED: not_appended}


class UnclearError(Exception):
    """A request for the reference."""


NOT_CLEAR = (UnclearError, BadValueError, OverflowError)
"""What the function of a plan raises where the reference is to be asked."""


Kept = tuple[Any, ...]
"""A plan's function, the numbers of its keys, what makes its function of many records, and the answers so far, each at
its number or ``None``. It is one tuple, because with many plans most of the time of a decision is fetching from memory.
"""

_FIRST = 3
"""The number of the first answer."""


class Core:
    """What plans have in common that differ in words alone. ``run`` tells the key of the answer, ``numbers`` where the
    answer of a key stands in what is kept of each plan.
    """

    def __init__(self, index: Index, plan: Plan) -> None:
        self.run = plan_function(index, plan)
        self.run_all = cache(lambda: plan_function(index, plan, loop=True))
        self.reads_once = reads_once(index, plan)
        self.numbers: dict[Any, int] = {}
        self._next = itertools.count(_FIRST)

    def number(self, key: Any) -> int | None:
        """The number of a key; ``None`` for one too many."""
        found = self.numbers.get(key)
        if found is None and len(self.numbers) < _KEPT:
            found = self.numbers.setdefault(key, next(self._next))  # of two threads, one leaves its number unused
        return found


class ProfilePlans:
    """Everybody of one profile: the plans that were needed so far, and all roles, those inside others too.

    ``quick``: what is kept of the plans that read everything once and by which nothing is written.
    """

    def __init__(self, engine: Engine, who: Profile) -> None:
        self.profile = who
        self.plans: dict[Permission, CompiledPlan] = {}
        self.quick: dict[Permission, Kept] = {}
        self.roles = frozenset(
            bundle.name
            for source in who.sources
            for bundle in inside(engine.index, source)
            if isinstance(bundle, ir.Role)
        )


class Engine:
    """Decides requests for one policy set. It fills as requests come; what it fills with never changes an answer, and
    every entry is made whole before it is stored, so threads may share it.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self._holders: dict[Profile, ProfilePlans] = {}
        self._holders_of: dict[str, tuple[object, ProfilePlans]] = {}  # with the day, where that matters
        self.quick: dict[str, dict[Permission, Kept]] = {}  # by user: of those whose rights never change
        self._keys: dict[Permission, Permission] = {}  # that all plans of a permission share
        self._cores: dict[Any, Core] = {}

    def decide(
        self,
        user: str,
        action: str,
        resource: str,
        record: Any,
        now: datetime.datetime,
        request: Any,
        field: str | None,
        changes: Mapping[str, Any] | None,
    ) -> Decision:
        """As `reference.answer`, of a request by its parts."""
        if now.tzinfo is not datetime.UTC or not 1 < now.year < 9999:
            now = instant(self.index, now)
        record, request = given_record(record), given_request(request)
        changes = given_changes(changes) if changes is not None else None
        if type(record) is dict:
            record = record.copy()  # what is read of it again is what was read before
        try:
            plan = self.plan(user, action, resource, now)
            if field is None and not changes and plan.kind != "create":
                return plan.open(record, user, request, now)
            return self._written(plan, user, record, now, request, field, changes)
        except NOT_CLEAR:
            asked = Request(user, action, resource, record, now, request, field, changes)
            return reference.answer(self.index, asked)

    def allows(self, asked: Request) -> bool:
        """Whether `decide` allows a request without changes; much quicker for what other values could turn."""
        with suppress(*NOT_CLEAR):
            plan = self.plan(asked.user, asked.action, asked.resource, asked.now)
            if type(plan.run(asked.record, asked.user, asked.request, asked.now)) is not int:
                return False
        given = asked.user, asked.action, asked.resource, asked.record, asked.now, asked.request, asked.field
        return self.decide(*given, None).allowed

    def _written(
        self,
        plan: CompiledPlan,
        user: str,
        before: Any,
        now: datetime.datetime,
        request: Any,
        field: str | None,
        changes: Mapping[str, Any] | None,
    ) -> Decision:
        """The decision about a field, or about what is written."""
        written: list[str] = []
        after = before
        if changes:
            if plan.kind != "modify":
                raise UnclearError
            written, after = list(changes), changed(before, changes)
        elif plan.kind == "create":
            written = [name for name in plan.declared if attribute(before, name) is not MISSING]
            if any(name not in plan.declared and name != "id" for name in names(before) or ()):
                raise UnclearError
        asked = written if field is None else [field, *written]
        if any(name not in plan.declared for name in asked):
            raise UnclearError
        if after is not before:
            plan.check_place(after)
        decision = plan.open(before, user, request, now, told=False)
        if not decision.allowed:
            return decision
        fields, reasons = decision.fields, decision.reasons
        if after is not before:
            later = plan.open(after, user, request, now, told=False)
            if not later.allowed:
                return later
            fields = tuple(name for name in fields if name in later.fields)
            reasons = tuple(dict.fromkeys((*reasons, *later.reasons)))
        if any(name not in fields for name in asked):
            raise UnclearError
        for name in written:
            if not plan.writable(name, after, now):
                raise UnclearError
        return decision if after is before else Decision(True, fields, reasons)

    # --- looking up ------------------------------------------------------------------------------------------

    def plan(self, user: str, action: str, resource: str, now: datetime.datetime) -> CompiledPlan:
        """The plan of a request. Raises `UnclearError` where it names what there is not."""
        if not (isinstance(user, str) and isinstance(action, str) and isinstance(resource, str)):
            raise UnclearError
        holder = self.holder(user, now)
        plan = holder.plans.get((resource, action))
        if plan is None:
            if resource not in self.index.resources or action not in self.index.actions[resource]:
                raise UnclearError
            key = self._keys.setdefault((resource, action), (resource, action))
            plan = CompiledPlan(self, make_plan(self.index, holder.profile, action, resource), key, holder.quick)
            holder.plans[key] = plan
        return plan

    def holder(self, user: str, now: datetime.datetime) -> ProfilePlans:
        """What a user has in common with others at an aware instant. Raises `UnclearError` for nobody known."""
        found = self._holders_of.get(user)
        if found is not None and found[0] is None:
            return found[1]
        declared = self.index.users.get(user) or self.index.integrations.get(user)
        if declared is None:
            raise UnclearError
        dated = any(a.start or a.until for a in declared.assignments)
        when = self._when(declared, now) if dated else None
        if found is not None and found[0] == when:
            return found[1]
        who = profile(self.index, user, now)
        holder = self._holders.get(who)
        if holder is None:
            holder = self._holders.setdefault(who, ProfilePlans(self, who))
        self._holders_of[user] = (when, holder)
        if not dated and not (isinstance(declared, ir.User) and declared.terminated):
            self.quick[user] = holder.quick
        return holder

    def eligible(self, resource: str, name: str, now: datetime.datetime | None) -> tuple[str, ...]:
        """As `reference.eligible`, for an instant in UTC; without one, those who are at some time."""
        type_ = self.index.attributes[resource][name].type
        item = type_.item
        if not isinstance(item, UserType):
            return ()
        users = sorted(self.index.users)
        return tuple(user for user in users if item.role is None or item.role in self._holder_at(user, now).roles)

    def _holder_at(self, user: str, now: datetime.datetime | None) -> ProfilePlans:
        return ProfilePlans(self, profile(self.index, user, None)) if now is None else self.holder(user, now)

    def _when(self, declared: ir.User | ir.Integration, now: datetime.datetime) -> object:
        """What tells instants apart at which the user has something else: the day, and which assignments with times
        are active.
        """
        timed = tuple(is_active(self.index, a, now) for a in declared.assignments if a.start_time or a.until_time)
        return now.astimezone(self.index.timezone).date(), timed

    @cached_method
    def lapsing(self, user: str) -> frozenset[Permission]:
        """The permissions that a user is granted at some time and not at another, or would be if the user
        were not terminated.
        """
        return frozenset(
            (grant.resource, action)
            for holding in holdings(self.index, user, None)
            if holding.lapses
            for bundle in inside(self.index, holding.source)
            for grant in bundle.grants
            for action in grant.actions
        )

    def core(self, plan: Plan) -> Core:
        """The core of a plan, made once."""
        key = plan.meaning
        found = self._cores.get(key)
        return self._cores.setdefault(key, Core(self.index, plan)) if found is None else found


class CompiledPlan:
    """A plan that runs: its function tells what the answer depends on, and the answers are kept."""

    def __init__(self, engine: Engine, plan: Plan, key: Permission, quick: dict[Permission, Kept]) -> None:
        self.action, self.kind = plan.action, plan.kind
        self.declared = engine.index.attributes[plan.resource]
        self.core = engine.core(plan)
        self.run = self.core.run
        self._kept: Kept = (self.run, self.core.numbers, self.core.run_all)
        self._quick = quick if plan.kind != "create" and self.core.reads_once else None
        self._key = key
        self._engine = engine
        self._plan = plan
        place = engine.index.resources[plan.resource].place
        self._place = None if place is None else place_reader(engine.index, plan.resource, place)

    def open(self, record: Any, user: str, request: Any, now: datetime.datetime, told: bool = True) -> Decision:
        """Whether the action is open on the record at all, and the fields that it covers. Raises `UnclearError`
        for a denial that has to be told of this request: what is missing, if that is not ``told``, and dates.
        """
        key = self.run(record, user, request, now)
        if type(key) is not int:
            if key[0] == LEFT_OPEN and not told:
                raise UnclearError  # more may be missing after the change, or for the field
            if (self._plan.resource, self.action) in self._engine.lapsing(user):
                raise UnclearError
        number = self.core.number(key)
        if number is None:
            return self._answer(key, record, user, request, now)
        found: Decision | None = self._kept[number] if number < len(self._kept) else None
        if found is None:
            found = self._answer(key, record, user, request, now)
            if type(key) is int or not found.allowed:
                self._keep(number, found)
        return found

    def _keep(self, number: int, answer: Decision) -> None:
        """Of two threads, one may lose its answer and finds it again."""
        kept = self._kept
        padding = (None,) * (number - len(kept))
        self._kept = (*kept[:number], *padding, answer, *kept[number + 1 :])
        if self._quick is not None:
            self._quick[self._key] = self._kept

    def _answer(self, key: Any, record: Any, user: str, request: Any, now: datetime.datetime) -> Decision:
        """The answer of a key that was not asked for before."""
        if type(key) is int:
            return self._outcome(key)
        index, resource = self._engine.index, self._plan.resource
        if key[0] == LEFT_OPEN:
            return reference.answer(index, Request(user, self.action, resource, record, now, request))
        return Decision(False, (), _WHY[key[0]](Situation(index, user, resource, record, request, now), self.action))

    def _outcome(self, outcome: int) -> Decision:
        """What the open ways and the matching denies come to, a bit each."""
        ways = [way for n, way in enumerate(self._plan.ways) if outcome >> n & 1]
        denies = [each.deny for n, each in enumerate(self._plan.denies, len(self._plan.ways)) if outcome >> n & 1]
        whole = next((deny for deny in denies if deny.fields is None), None)
        if whole is not None:
            return _denied(f"a deny blocks {self.action} on this `{self._plan.resource}` ({whole.at})")
        covered = frozenset().union(*(way.fields for way in ways)).difference(*(d.fields or () for d in denies))
        fields = tuple(name for name in self.declared if name in covered)
        grants = sorted(grant for way in ways for grant in way.grants)
        return Decision(True, fields, tuple(dict.fromkeys(words for _, words in grants)))

    def check_place(self, record: Any) -> None:
        """Raises `BadValueError` for a record at a place that there is not."""
        if self._place is not None:
            self._place(record)

    def writable(self, name: str, record: Any, now: datetime.datetime) -> bool:
        """Whether the record may hold its value of the attribute. Raises `BadValueError` for one of another type."""
        type_ = self.declared[name].type
        if isinstance(type_, PlaceType):
            place_reader(self._engine.index, self._plan.resource, name)(record)
            return True
        found = reader(type_, name, f"{self._plan.resource}.{name}")(record)
        item: Type = type_.item
        if found is None or not isinstance(item, UserType) or item.role is None:
            return True
        engine = self._engine
        return all(
            each is not MISSING and each in engine.index.users and item.role in engine.holder(each, now).roles
            for each in (found if isinstance(type_, SetType) else (found,))
        )


def _denied(reason: str) -> Decision:
    return Decision(False, (), (reason,))
