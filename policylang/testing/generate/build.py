"""Records for one limit, deny or assignment, through one user."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any

import msgspec

from policylang.analysis.decision import covered, denied, met, place_test, way_open
from policylang.analysis.formula import AllOf, AnyOf, Formula, Holds, NotOf, given, true
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.compiled import Engine
from policylang.runtime.plan import PlacedDeny, Plan, Way, make_plan
from policylang.runtime.request import Request
from policylang.runtime.sources import RightsSource
from policylang.runtime.truth import Situation, truth
from policylang.runtime.values import MISSING
from policylang.testing.generate.domains import RequestValues
from policylang.testing.generate.edges import Edge
from policylang.testing.generate.filling import Demanded, Filling
from policylang.testing.generate.variables import Values, as_record, label, variables
from policylang.testing.generate.work import Work

_KEPT = 16


class Built(msgspec.Struct, frozen=True):
    """A request that lies at an edge, and what is decided about it. ``label``: which edge, in a word."""

    user: str
    action: str
    resource: str
    record: dict[str, Any]
    request: dict[str, Any]
    now: datetime.datetime
    field: str | None
    label: str
    allowed: bool


class Workshop:
    """What builders share: the decision, and what was worked out for the last ones."""

    def __init__(self, engine: Engine, work: Work) -> None:
        self.engine, self.index, self.work = engine, engine.index, work
        self.domains = lru_cache(maxsize=_KEPT)(partial(RequestValues, self.index))
        self._plan = lru_cache(maxsize=_KEPT)(partial(make_plan, self.index))

    def plan(self, user: str, action: str, resource: str, now: datetime.datetime) -> Plan:
        return self._plan(self.engine.holder(user, now).profile, action, resource)


class Builder:
    """Builds requests of one user for one action on one resource, at one instant."""

    def __init__(self, workshop: Workshop, user: str, action: str, resource: str, now: datetime.datetime) -> None:
        self.index, self.user, self.action, self.resource, self.now = workshop.index, user, action, resource, now
        self.plan: Plan = workshop.plan(user, action, resource, now)
        self._engine, self._work = workshop.engine, workshop.work
        self._domains = workshop.domains(user, resource, now)
        self._filling = Filling(self._domains, self._work)
        self.lost: list[str] = []
        """The tests of which no two sides were found."""
        self.half: list[str] = []
        """Those that no record makes false, only records that leave them unknown."""

    def limit(self, instance: str) -> list[Built]:
        """Both sides of each test of a policy, through the first way on which that can be done."""
        condition = self.index.instances[instance].condition
        for demands in self._limited(instance):
            found = self._each_test(condition, (true(condition), NotOf(true(condition))), demands, None)
            if found:
                return found
        return []

    def kept(self, instance: str) -> list[Built]:
        """A request that a policy lets through."""
        condition = true(self.index.instances[instance].condition)
        return self._let_through(([*demands, condition], None) for demands in self._limited(instance))

    def _limited(self, instance: str) -> Iterator[list[Formula]]:
        """For each way that a policy limits, what must hold for all to turn on it."""
        limited = [way for way in self.plan.ways if any(limit.id == instance for limit in way.limits)]
        appended = any(each.id == instance for each in self.plan.appends)
        for way in self.plan.ways if appended else limited:
            demands = [*self._opened(way, instance), *self._appended(instance), *self._undenied()]
            yield demands if appended else [*demands, *self._closed(limited)]

    def deny(self, deny: ir.Deny) -> list[Built]:
        """Both sides of each test of a deny; of one without a condition a record that it takes away."""
        condition = deny.condition
        for demands, field in self._denied(deny):
            if condition is None:
                one = self._one(Demanded(self._domains, demands), {}, "denied", field)
                found = [one] if one and not one.allowed else []
            else:
                found = self._each_test(condition, (Holds(condition, False), true(condition)), demands, field)
            if found:
                return found
        return []

    def passed(self, deny: ir.Deny) -> list[Built]:
        """A request that a deny with a condition leaves alone."""
        assert deny.condition is not None
        out_of_the_way = Holds(deny.condition, False)
        return self._let_through(([*demands, out_of_the_way], field) for demands, field in self._denied(deny))

    def _let_through(self, wanted: Iterable[tuple[list[Formula], str | None]]) -> list[Built]:
        """The first request that meets demands and is allowed."""
        ones = (self._one(Demanded(self._domains, demands), {}, "open", field) for demands, field in wanted)
        return [one for one in ones if one and one.allowed][:1]

    def _denied(self, deny: ir.Deny) -> Iterator[tuple[list[Formula], str | None]]:
        """For each way that a deny closes, what must hold for all to turn on it, and a field that it takes away."""
        placed = next((each for each in self.plan.denies if each.deny.at == deny.at), None)
        if placed is None:
            return
        for way in self.plan.ways:
            field = next((name for name in placed.deny.fields or () if name in way.fields), None)
            if placed.deny.fields is not None and field is None:
                continue
            here = covered(self.index, self.resource, placed.place)
            yield [*self._opened(way), *self._appended(), here, *self._undenied(field, placed)], field

    def source(self, role: str, place: str | None) -> list[Built]:
        """Records that a role given at a place opens, and beside it; one record for a role that holds everywhere."""
        mine = [way for way in self.plan.ways if way.source == RightsSource("role", role, place)]
        for way in mine:
            demands = [*self._inside(way), *self._appended(), *self._undenied(), *self._closed(mine)]
            test = None if place is None else place_test(self.index, self.resource, place)
            if test is None:
                one = self._one(Demanded(self._domains, [*demands, *self._opened(way)]), {}, "open", None)
                found = [one] if one and one.allowed else []
            else:
                found = self._edges(test, demands, None)
            if found:
                return found
        return []

    # --- what must hold --------------------------------------------------------------------------------------

    def _opened(self, way: Way, but: str | None = None) -> Iterator[Formula]:
        """A way is open, one limit of it left aside; what the action requires is met."""
        yield covered(self.index, self.resource, way.place)
        yield from (true(limit.condition) for limit in way.limits if limit.id != but)
        yield met(self.index, self.resource, self.plan.requirement)

    def _appended(self, but: str | None = None) -> Iterator[Formula]:
        """The user's own policies are true, one left aside."""
        yield from (true(each.condition) for each in self.plan.appends if each.id != but)

    def _closed(self, but: Sequence[Way]) -> Iterator[Formula]:
        """No way is open, some left aside."""
        yield from (NotOf(way_open(self.index, self.resource, way)) for way in self.plan.ways if way not in but)

    def _undenied(self, field: str | None = None, but: PlacedDeny | None = None) -> Iterator[Formula]:
        """No deny matches, one left aside."""
        for each in self.plan.denies:
            if each != but and (each.deny.fields is None or field in each.deny.fields):
                yield NotOf(denied(self.index, each.deny, each.place))

    def _inside(self, way: Way) -> Iterator[Formula]:
        """The way is open but for its place."""
        yield from self._opened(msgspec.structs.replace(way, source=RightsSource(*way.source.bundle_name)))

    # --- requests --------------------------------------------------------------------------------------------

    def _each_test(
        self, condition: c.Condition, sides: tuple[Formula, Formula], demands: Sequence[Formula], field: str | None
    ) -> list[Built]:
        """Both sides of each test of a condition; ``sides``: what it comes to where all turns on it."""
        found: list[Built] = []
        for test in condition.tests():
            if self._work.is_used_up:
                break
            turning = [*demands, _turns(test, *sides)]
            built = self._edges(test, turning, field)
            if isinstance(test, c.Contains | c.Overlaps | c.Empty) and len({each.allowed for each in built}) < 2:
                built = self._among_others(test, demands, turning, field)
            # A record on one side alone does not show where the edge is.
            if len({each.allowed for each in built}) < 2:
                self.lost.append(test.at)
                continue
            found += built
            if not {True, False} <= {self._truth(test, each) for each in built}:
                self.half.append(test.at)
        return found

    def _among_others(
        self, test: c.Test, demands: Sequence[Formula], turning: Sequence[Formula], field: str | None
    ) -> list[Built]:
        """A set of which other tests ask for items too: with all of them, without this one, and none at all."""
        first = next(variables(self.index, self.resource, test), None)
        if first is None:
            return []
        found = [
            self._one(Demanded(self._domains, [*turning, Holds(test, answer)]), {}, f"{label(first)}_{word}", field)
            for answer, word in ((True, "with_all"), (False, "without_one"))
        ]
        without = self._one(Demanded(self._domains, demands), {first: MISSING}, f"{label(first)}_missing", field)
        return [each for each in (*found, without) if each is not None]

    def _truth(self, test: c.Test, built: Built) -> bool | None:
        return truth(test, Situation(self.index, self.user, self.resource, built.record, built.request, self.now))

    def _edges(self, test: c.Test, demands: Sequence[Formula], field: str | None) -> list[Built]:
        found: list[Built] = []
        demanded = Demanded(self._domains, demands)
        self._work.do(3 * len(demanded.tests))
        for wanted in dict.fromkeys(variables(self.index, self.resource, test)):
            beside = self._domains.beside(test, wanted)
            edges = self._domains.edges(test, wanted)
            mine = self._at(demanded, wanted, edges, beside, field)
            if not mine and beside and (met := self._filling.fill(demanded, {})) is not None:
                beside = {each: met.get(each, value) for each, value in beside.items()}
                mine = self._at(demanded, wanted, self._domains.edges_beside(test, wanted, beside), beside, field)
            found += mine
        return found

    def _at(
        self, demanded: Demanded, wanted: c.Path, edges: Iterable[Edge], beside: Values, field: str | None
    ) -> list[Built]:
        """Requests at the edges of a value, with what it is compared with beside it."""
        found = []
        for word, value in edges:
            if self._work.is_used_up:
                break
            # Requests are told apart by the test that makes them, records by their names.
            name = f"{label(wanted)}_{word}" if wanted.root == "record" else "ordinary"
            one = self._one(demanded, {**beside, wanted: value}, name, field)
            if one is not None:
                found.append(one)
        return found

    def _one(self, demanded: Demanded, fixed: Values, label: str, field: str | None) -> Built | None:
        values = self._filling.fill(demanded, fixed)
        if values is None:
            return None
        record, request = as_record(values)
        return self.built(record, request, label, field)

    def built(self, record: dict[str, Any], request: dict[str, Any], label: str, field: str | None) -> Built:
        """A request with its decision."""
        self._work.do(len(self.plan.ways) + len(self.plan.denies))
        asked = Request(self.user, self.action, self.resource, record, self.now, request, field)
        allowed = self._engine.allows(asked)
        return Built(self.user, self.action, self.resource, record, request, self.now, field, label, allowed)


def _turns(test: c.Test, one: Formula, other: Formula) -> Formula:
    """One of two formulas holds for one answer of the test, the other for the other answer."""
    return AnyOf(
        tuple(AllOf((given(one, {test: answer}), given(other, {test: not answer}))) for answer in (True, False))
    )


def both_sides(built: Iterable[Built]) -> list[Built]:
    """The first that is allowed and the first that is not."""
    found: dict[bool, Built] = {}
    for each in built:
        found.setdefault(each.allowed, each)
    return list(found.values()) if len(found) == 2 else []
