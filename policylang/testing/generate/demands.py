"""What must hold of a record for an answer to turn on one limit, one deny or one place alone."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.model import conditions as c
from policylang.model.types import PlaceType
from policylang.runtime.index import Index
from policylang.runtime.plan import AllMet, AnyMet, Held, Met, PlacedDeny, Plan, Way
from policylang.testing.generate.search import FALSE, NOT_TRUE, TRUE, AllDemands, AnyDemand, Demand, Truths, Want

IMPOSSIBLE = AnyDemand(())


def turning(condition: c.Condition, test: c.Test, opposite: Truths, sought: Truths) -> Demand:
    """The condition comes to ``sought`` for one answer of the test and to ``opposite`` for the other."""
    both = (
        AllDemands((Want(condition, sought, test, answer), Want(condition, opposite, test, not answer)))
        for answer in (True, False)
    )
    return AnyDemand(tuple(both))


def limit_turns(condition: c.Condition, test: c.Test) -> Demand:
    """Whether a limit is true turns on the test."""
    return turning(condition, test, NOT_TRUE, TRUE)


def deny_turns(condition: c.Condition, test: c.Test) -> Demand:
    """Whether a deny is out of the way turns on the test."""
    return turning(condition, test, TRUE, FALSE)


class Demands:
    """The demands about one plan."""

    def __init__(self, index: Index, plan: Plan) -> None:
        self._index, self._plan = index, plan
        self._at = index.actions[plan.resource][plan.action].at

    def opened(self, way: Way, but: str | None = None) -> Iterator[Demand]:
        """A way is open, one limit of it left aside; what the action requires is met."""
        yield self.covered(way.place)
        yield from (Want(limit.condition, TRUE) for limit in way.limits if limit.id != but)
        yield self._met(self._plan.requirement)

    def appended(self, but: str | None = None) -> Iterator[Demand]:
        """The user's own policies are true, one left aside."""
        yield from (Want(each.condition, TRUE) for each in self._plan.appends if each.id != but)

    def closed(self, way: Way) -> Demand:
        """A way is not open."""
        return AnyDemand((*self.elsewhere(way.place), *(Want(limit.condition, NOT_TRUE) for limit in way.limits)))

    def undenied(self, field: str | None = None, but: PlacedDeny | None = None) -> Iterator[Demand]:
        """No deny matches, one left aside."""
        for each in self._plan.denies:
            if each == but or (each.deny.fields is not None and field not in each.deny.fields):
                continue
            condition = each.deny.condition
            never = () if condition is None else (Want(condition, FALSE),)
            yield AnyDemand((*self.elsewhere(each.place), *never))

    def covered(self, place: str | None) -> Demand:
        """The record lies at a place or below it."""
        test = self.place_test(place)
        return AllDemands(()) if place is None else IMPOSSIBLE if test is None else Want(test, TRUE)

    def elsewhere(self, place: str | None) -> Iterator[Demand]:
        """The record does not; nothing is elsewhere than everywhere."""
        test = self.place_test(place)
        if place is not None:
            yield AllDemands(()) if test is None else Want(test, NOT_TRUE)

    def place_test(self, place: str | None) -> c.In | None:
        """Whether the record lies there, as a test of its attribute; ``None`` where no record of its kind can."""
        of = self._index.resources[self._plan.resource].place
        if place is None or of is None:
            return None
        type_ = self._index.attributes[self._plan.resource][of].type
        assert isinstance(type_, PlaceType)
        places = tuple(p for p in self._index.below(place) if self._index.places[p].kind == type_.scope)
        return c.In(c.Path("record", (of,), type_, self._at), places, self._at) if places else None

    def _met(self, met: Met) -> Demand:
        match met:
            case Held(places):
                return AnyDemand(tuple(self.covered(place) for place in places))
            case AllMet(items):
                return AllDemands(tuple(map(self._met, items)))
            case AnyMet(items):
                return AnyDemand(tuple(map(self._met, items)))
            case _:
                return AllDemands(()) if met else IMPOSSIBLE
