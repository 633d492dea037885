"""What must hold of a record for an answer to turn on one limit, one deny or one place alone."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.decision import covered, denied, met, way_open
from policylang.analysis.formula import AllOf, AnyOf, Formula, Holds, NotOf, given, true
from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.plan import PlacedDeny, Plan, Way


def limit_turns(condition: c.Condition, test: c.Test) -> Formula:
    """Whether a limit is true turns on the test."""
    return _turns(test, true(condition), NotOf(true(condition)))


def deny_turns(condition: c.Condition, test: c.Test) -> Formula:
    """Whether a deny is out of the way turns on the test."""
    return _turns(test, Holds(condition, False), true(condition))


def _turns(test: c.Test, one: Formula, other: Formula) -> Formula:
    """One of two formulas holds for one answer of the test, the other for the other answer."""
    return AnyOf(
        tuple(AllOf((given(one, {test: answer}), given(other, {test: not answer}))) for answer in (True, False))
    )


class Demands:
    """The demands about one plan."""

    def __init__(self, index: Index, plan: Plan) -> None:
        self._index, self._plan, self._resource = index, plan, plan.resource

    def opened(self, way: Way, but: str | None = None) -> Iterator[Formula]:
        """A way is open, one limit of it left aside; what the action requires is met."""
        yield covered(self._index, self._resource, way.place)
        yield from (true(limit.condition) for limit in way.limits if limit.id != but)
        yield met(self._index, self._resource, self._plan.requirement)

    def appended(self, but: str | None = None) -> Iterator[Formula]:
        """The user's own policies are true, one left aside."""
        yield from (true(each.condition) for each in self._plan.appends if each.id != but)

    def closed(self, way: Way) -> Formula:
        """A way is not open."""
        return NotOf(way_open(self._index, self._resource, way))

    def undenied(self, field: str | None = None, but: PlacedDeny | None = None) -> Iterator[Formula]:
        """No deny matches, one left aside."""
        for each in self._plan.denies:
            if each != but and (each.deny.fields is None or field in each.deny.fields):
                yield NotOf(denied(self._index, each.deny, each.place))
