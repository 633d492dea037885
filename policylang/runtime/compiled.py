"""The fast decision: plans found by profile, action and resource, with their conditions as Python functions.

The answers are those of the reference. What is rare, such as a value of another type or a name that there is not, is
handed to it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any

from policylang.ir import nodes as ir
from policylang.model.conditions import Condition
from policylang.model.types import PlaceType, SetType, Type, UserType
from policylang.runtime import reference
from policylang.runtime.closures import Function, all_true, function, reader
from policylang.runtime.grants import Profile, holdings, profile
from policylang.runtime.index import Index
from policylang.runtime.plan import AllMet, AnyMet, Held, Met, Plan, make_plan
from policylang.runtime.reasons import not_appended, not_met, not_open
from policylang.runtime.reference import Decision
from policylang.runtime.request import Request, changed, instant
from policylang.runtime.sources import inside
from policylang.runtime.truth import Situation, Truth, conjunction, disjunction, missing_names, negation
from policylang.runtime.values import (
    MISSING,
    BadValueError,
    attribute,
    given_changes,
    given_record,
    given_request,
)

_KEPT = 256
"""How many of a plan's outcomes are kept. There are as many as combinations of its limits and denies."""


class UnclearError(Exception):
    """A request for the reference."""


class Holder:
    """Everybody of one profile: the plans that were needed so far, and all roles, those inside others too."""

    def __init__(self, engine: Engine, who: Profile) -> None:
        self.profile = who
        self.plans: dict[tuple[str, str], CompiledPlan] = {}
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
        self._holders: dict[Profile, Holder] = {}
        self._holders_of: dict[str, tuple[datetime.date | None, Holder]] = {}  # with the day, where that matters
        self._plans: dict[str, dict[tuple[str, str], CompiledPlan]] = {}  # of those for whom no day matters
        self._functions: dict[str, Function] = {}
        self._lapsing: dict[str, frozenset[tuple[str, str]]] = {}

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
        """As `reference.decide`."""
        if now.tzinfo is not datetime.UTC or not 1 < now.year < 9999:
            now = instant(self.index, now)
        record, request = given_record(record), given_request(request)
        changes = given_changes(changes) if changes is not None else None
        try:
            try:
                plan = self._plans[user][action, resource]
            except (KeyError, TypeError):  # not asked before, or a name that is a list, say
                plan = self.plan(user, action, resource, now)
            if field is None and not changes and action != "create":
                return plan.open(record, user, request, now)
            return self._written(plan, user, record, now, request, field, changes)
        except (UnclearError, BadValueError):
            asked = Request(user, action, resource, record, now, request, field, changes)
            return reference.decide(self.index, asked)

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
            if plan.action != "modify":
                raise UnclearError
            written, after = list(changes), changed(before, changes, plan.declared)
        elif plan.action == "create":
            written = [name for name in plan.declared if attribute(before, name) is not MISSING]
            if isinstance(before, Mapping) and any(name not in plan.declared and name != "id" for name in before):
                raise UnclearError
        asked = written if field is None else [field, *written]
        if any(name not in plan.declared for name in asked):
            raise UnclearError
        if after is not before:
            plan.check_place(after)
        decision = plan.open(before, user, request, now)
        if not decision.allowed:
            if decision.missing:
                raise UnclearError  # more may be missing after the change, or for the field
            return decision
        fields, reasons = decision.fields, decision.reasons
        if after is not before:
            later = plan.open(after, user, request, now)
            if not later.allowed:
                if later.missing:
                    raise UnclearError
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
        plan = holder.plans.get((action, resource))
        if plan is None:
            if resource not in self.index.resources or action not in self.index.actions[resource]:
                raise UnclearError
            plan = CompiledPlan(self, make_plan(self.index, holder.profile, action, resource))
            holder.plans[action, resource] = plan
        return plan

    def holder(self, user: str, now: datetime.datetime) -> Holder:
        """What a user has in common with others at an aware instant. Raises `UnclearError` for nobody known."""
        found = self._holders_of.get(user)
        if found is not None and found[0] is None:
            return found[1]
        declared = self.index.users.get(user)
        if declared is None and user not in self.index.integrations:
            raise UnclearError
        dated = declared is not None and any(a.start or a.until for a in declared.assignments)
        today = now.astimezone(self.index.timezone).date() if dated else None
        if found is not None and found[0] == today:
            return found[1]
        who = profile(self.index, user, now)
        holder = self._holders.get(who)
        if holder is None:
            holder = self._holders.setdefault(who, Holder(self, who))
        self._holders_of[user] = (today, holder)
        if not dated:
            self._plans[user] = holder.plans
        return holder

    def eligible(self, resource: str, name: str, now: datetime.datetime | None) -> tuple[str, ...]:
        """As `reference.eligible`, for an instant in UTC; without one, those who are at some time."""
        type_ = self.index.attributes[resource][name].type
        item = type_.item
        if not isinstance(item, UserType):
            return ()
        users = sorted(self.index.users)
        return tuple(user for user in users if item.role is None or item.role in self._holder_at(user, now).roles)

    def _holder_at(self, user: str, now: datetime.datetime | None) -> Holder:
        return Holder(self, profile(self.index, user, None)) if now is None else self.holder(user, now)

    def lapsing(self, user: str) -> frozenset[tuple[str, str]]:
        """The resources and actions that a user is granted at some time and not at another, or would be if the user
        were not terminated.
        """
        found = self._lapsing.get(user)
        if found is None:
            found = self._lapsing[user] = frozenset(
                (grant.resource, action)
                for holding in holdings(self.index, user, None)
                if holding.lapses
                for bundle in inside(self.index, holding.source)
                for grant in bundle.grants
                for action in grant.actions
            )
        return found

    def function(self, name: str, condition: Condition, resource: str) -> Function:
        """The function of the condition of that name, made once."""
        found = self._functions.get(name)
        if found is None:
            found = self._functions[name] = function(self.index, condition, resource)
        return found

    def limits(self, instances: tuple[ir.PolicyInstance, ...]) -> Function | None:
        """The conjunction of policies; ``None`` without any."""
        if not instances:
            return None
        return all_true([self.function(each.id, each.condition, each.resource) for each in instances])


class CompiledPlan:
    """A plan that runs."""

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self.engine = engine
        self.action = plan.action
        self.declared = engine.index.attributes[plan.resource]
        self._plan = plan
        self._covers = engine.index.covers
        place = engine.index.resources[plan.resource].place
        self._place_name = place
        self._place = None if place is None else self._reader(place)
        self._requirement = plan.requirement
        self._ways = [(1 << n, way.place, engine.limits(way.limits)) for n, way in enumerate(plan.ways)]
        self._appends = engine.limits(plan.appends)
        self._denies = [
            (
                1 << n,
                each.place,
                None
                if each.deny.condition is None
                else engine.function(f"deny {each.deny.at}", each.deny.condition, plan.resource),
                each.deny.fields is None,
            )
            for n, each in enumerate(plan.denies, len(plan.ways))
        ]
        self._outcomes: dict[int, Decision] = {}
        self._refused: dict[tuple[object, ...], Decision] = {}
        functions = {
            each.id: engine.function(each.id, each.condition, each.resource)
            for limits in (plan.appends, *(way.limits for way in plan.ways))
            for each in limits
        }
        self._each_limit = tuple(functions.values())

    def open(self, record: Any, user: str, request: Any, now: datetime.datetime) -> Decision:
        """Whether the action is open on the record at all, and the fields that it covers."""
        place = None
        if self._place is not None:
            place = self._place(record)
            if place is MISSING:
                place = None
        unknown = False
        outcome = 0
        for bit, where, limits in self._ways:
            if where is not None and not self._covers(where, place):
                unknown = unknown or (place is None and self._place is not None)
                continue
            met = True if limits is None else limits(record, user, request, now)
            if met:
                outcome |= bit
            elif met is None:
                unknown = True
        if not outcome:
            decision = self._denial(not_open, record, user, request, now, place)
        elif self._requirement is not True and not _is_met(self._requirement, place, self._covers):
            return self._denial(not_met, record, user, request, now, place)
        elif self._appends is not None and (met := self._appends(record, user, request, now)) is not True:
            unknown = met is None
            decision = self._denial(not_appended, record, user, request, now, place)
        else:
            unknown = False
            for bit, where, condition, whole in self._denies:
                if where is None or self._covers(where, place):
                    matches = True if condition is None else condition(record, user, request, now)
                    if matches is not False:
                        outcome |= bit
                        unknown = unknown or (whole and matches is None)
            decision = self._outcomes.get(outcome) or self._outcome(outcome)
        if unknown and not decision.allowed:
            return self._left_open(
                decision, Situation(self.engine.index, user, self._plan.resource, record, request, now)
            )
        return decision

    def _denial(
        self,
        why: Callable[[Situation, str], tuple[str, ...]],
        record: Any,
        user: str,
        request: Any,
        now: datetime.datetime,
        place: str | None,
    ) -> Decision:
        """A denial with the reasons of the reference, which are the same for the same place and answers of limits."""
        if (self._plan.resource, self.action) in self.engine.lapsing(user):
            raise UnclearError  # they are about this user and this day
        key = (why, place, *(limit(record, user, request, now) for limit in self._each_limit))
        found = self._refused.get(key)
        if found is None:
            s = Situation(self.engine.index, user, self._plan.resource, record, request, now)
            found = Decision(False, (), why(s, self.action))
            if len(self._refused) < _KEPT:
                self._refused[key] = found
        return found

    def check_place(self, record: Any) -> None:
        """Raises `BadValueError` for a record at a place that there is not."""
        if self._place is not None:
            self._place(record)

    def _left_open(self, decision: Decision, s: Situation) -> Decision:
        """A denial with what is missing, if that leaves it open."""
        place = None if self._place is None else self._place(s.record)
        place = None if place is MISSING else place
        if not _is_met(self._requirement, place, self._covers):
            return decision
        ways, conditions, needs_place = [], [each.condition for each in self._plan.appends], False
        for (_, where, limits), way in zip(self._ways, self._plan.ways, strict=True):
            covered = where is None or self._covers(where, place)
            if not covered and (place is not None or self._place is None):
                continue
            met = True if limits is None else limits(s.record, s.user, s.request, s.now)
            if not covered and met is not False:
                met, needs_place = None, True
            if met is None:
                conditions += [each.condition for each in way.limits]
            ways.append(met)
        denied: list[Truth] = []
        for (_, where, test, whole), each in zip(self._denies, self._plan.denies, strict=True):
            if whole and (where is None or self._covers(where, place)):
                denied.append(True if test is None else test(s.record, s.user, s.request, s.now))
                conditions += [] if each.deny.condition is None else [each.deny.condition]
        appended = True if self._appends is None else self._appends(s.record, s.user, s.request, s.now)
        if conjunction((disjunction(ways), appended, *map(negation, denied))) is not None:
            return decision
        names = [self._place_name] if needs_place and self._place_name is not None else []
        names += [name for condition in conditions for name in missing_names(condition, s)]
        if not names:
            raise UnclearError  # a set with an item that is missing, say
        return Decision(False, (), decision.reasons, tuple(dict.fromkeys(names)))

    def _outcome(self, outcome: int) -> Decision:
        """What the open ways and the matching denies come to, a bit each."""
        ways = [way for n, way in enumerate(self._plan.ways) if outcome >> n & 1]
        denies = [each.deny for n, each in enumerate(self._plan.denies, len(self._plan.ways)) if outcome >> n & 1]
        whole = next((deny for deny in denies if deny.fields is None), None)
        if whole is not None:
            decision = _denied(f"a deny takes {self.action} on this `{self._plan.resource}` away ({whole.at})")
        else:
            covered = frozenset().union(*(way.fields for way in ways)).difference(*(d.fields or () for d in denies))
            fields = tuple(name for name in self.declared if name in covered)
            grants = sorted(grant for way in ways for grant in way.grants)
            decision = Decision(True, fields, tuple(dict.fromkeys(words for _, words in grants)))
        if len(self._outcomes) < _KEPT:
            self._outcomes[outcome] = decision
        return decision

    def writable(self, name: str, record: Any, now: datetime.datetime) -> bool:
        """Whether the record may hold its value of the attribute. Raises `BadValueError` for one of another type."""
        type_ = self.declared[name].type
        found = self._reader(name)(record)
        item: Type = type_.item
        if found is MISSING or not isinstance(item, UserType) or item.role is None:
            return True
        engine = self.engine
        return all(
            each is not MISSING and each in engine.index.users and item.role in engine.holder(each, now).roles
            for each in (found if isinstance(type_, SetType) else (found,))
        )

    def _reader(self, name: str) -> Callable[[Any], Any]:
        """What reads an attribute; one that holds a place accepts only places of its kind."""
        type_, where = self.declared[name].type, f"{self._plan.resource}.{name}"
        read = reader(type_, name, where)
        if not isinstance(type_, PlaceType):
            return read
        places, kind = self.engine.index.places, type_.scope

        def run(record: Any) -> Any:
            found = read(record)
            if found is not MISSING and ((place := places.get(found)) is None or place.kind != kind):
                raise BadValueError(where)
            return found

        return run


def _denied(reason: str) -> Decision:
    return Decision(False, (), (reason,))


def _is_met(met: Met, place: str | None, covers: Callable[[str | None, str | None], bool]) -> bool:
    match met:
        case Held(places):
            return any(covers(each, place) for each in places)
        case AllMet(items):
            return all(_is_met(item, place, covers) for item in items)
        case AnyMet(items):
            return any(_is_met(item, place, covers) for item in items)
        case _:
            return met
