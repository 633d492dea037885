"""Which records a user may act on: what is left of the decision when only the record is unknown."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from policylang.model import conditions as c
from policylang.model.types import SetType
from policylang.model.words import condition_in_words
from policylang.runtime.generated import condition_function
from policylang.runtime.index import Index
from policylang.runtime.parts import record_place
from policylang.runtime.plan import Met, PlacedDeny, Plan, fold_met
from policylang.runtime.residual import NO_RECORD, Rest, all_of, any_of, residual
from policylang.runtime.truth import Situation, truth
from policylang.runtime.values import BadValueError, given_record

if TYPE_CHECKING:
    from policylang.runtime.sql import SqlCondition


_DeniedNot = tuple[tuple[str, ...] | None, Rest]
"""The fields of a deny, and where it does not match."""


class Filter:
    """The records of a resource on which an action is open to a user, at an instant and for a request.

    ``condition`` is what a record must make true: a condition about the record alone, true for every record, or false
    for no record at all.
    """

    def __init__(
        self,
        index: Index,
        resource: str,
        condition: Rest,
        now: datetime.datetime,
        decide: Callable[[Any], bool] | None = None,
        unsaid: tuple[str, ...] = (),
        columns: Callable[[], Mapping[str, Rest]] = dict,
    ) -> None:
        """``decide`` says of a record what the condition says of it. ``unsaid``: attributes about which the condition
        should say what no condition can say. ``columns``: where each attribute is covered.
        """
        self.resource = resource
        self.condition = condition
        self._index = index
        self._now = now
        self._decide = decide
        self._unsaid = unsaid
        self._columns = columns
        self._test = None if isinstance(condition, bool) else condition_function(index, condition, resource)

    @property
    def everything(self) -> bool:
        """Whether it holds for every record whose values are of their types."""
        return self.condition is True

    @property
    def nothing(self) -> bool:
        """Whether it holds for no record."""
        return self.condition is False

    @property
    def columns(self) -> dict[str, Filter]:
        """The attributes that the action covers on some of the records, in the order of their declaration, each with
        the filter of the records on which it does: one equal to this filter where it covers it on all of them.
        """
        return {
            name: Filter(self._index, self.resource, condition, self._now)
            for name, condition in self._columns().items()
            if condition is not False and self.condition is not False
        }

    def matches(self, record: Any) -> bool:
        """Whether the action is open on the record, a mapping or an object: what `decide` says of it."""
        record = given_record(record)
        if self.condition is False:
            return False
        if self._decide is not None:
            return self._decide(record)
        s = Situation(self._index, "", self.resource, record, NO_RECORD, self._now)
        try:
            record_place(s)
        except BadValueError:
            return False
        if self.condition is True:
            return True
        assert self._test is not None
        try:
            return self._test(record, "", NO_RECORD, self._now) is True
        except (BadValueError, OverflowError):
            return truth(self.condition, s) is True

    def to_sql(self, dialect: str) -> SqlCondition:
        """The filter as a condition for the WHERE clause of a query on the table of the resource.

        ``dialect`` is one that sqlglot knows: ``postgres``, ``sqlite``, ``duckdb``, … Raises ValueError for another
        one, and `UnsupportedError` for what the dialect cannot say exactly. See `policylang.runtime.sql`.
        """
        from policylang.runtime.sql import to_sql

        self._refuse_unsaid()
        return to_sql(self._index, self.resource, self.condition, dialect, self._now)

    def to_sql_text(self, dialect: str) -> str:
        """The same for people: with the values in the text, quoted as the dialect does. Programs bind parameters."""
        from policylang.runtime.sql import to_text

        self._refuse_unsaid()
        return to_text(self._index, self.resource, self.condition, dialect, self._now)

    def _refuse_unsaid(self) -> None:
        from policylang.runtime.dialects import UnsupportedError

        if self._unsaid and not self.nothing:
            names = ", ".join(f"`{name}`" for name in self._unsaid)
            raise UnsupportedError(f"every user in {names} has to be eligible, which SQL cannot say of a set")

    def __str__(self) -> str:
        if isinstance(self.condition, bool):
            return "everything" if self.condition else "nothing"
        return condition_in_words(self.condition, self._index.attributes[self.resource])

    def __repr__(self) -> str:
        return f"<Filter on {self.resource}: {self}>"


def make_filter(
    plan: Plan, s: Situation, decide: Callable[[Any], bool], eligible: Callable[[str, str], tuple[str, ...]]
) -> Filter:
    """The filter of a plan, for the situation's user, request and instant.

    ``decide`` is the decision about a record, ``eligible`` gives the users who may be written into an attribute of a
    resource, in order; both are for create, which asks more of a record than to be reached.
    """
    at = s.index.actions[plan.resource][plan.action].at
    ways = [
        all_of((_covered(s, plan.resource, way.place, at), *(residual(i.condition, s) for i in way.limits)), at)
        for way in plan.ways
    ]
    denies = [(each.deny.fields, _denied_not(s, plan.resource, each, at)) for each in plan.denies]
    reached = [
        _where_met(s, plan.resource, plan.requirement, at),
        any_of(ways, at),
        *(residual(instance.condition, s) for instance in plan.appends),
        *(condition for fields, condition in denies if fields is None),
    ]

    def columns() -> dict[str, Rest]:
        names = s.index.attributes[plan.resource]
        return {name: all_of((*reached, *_column(plan, name, ways, denies, at)), at) for name in names}

    if plan.kind != "create":
        return Filter(s.index, plan.resource, all_of(reached, at), s.now, columns=columns)
    parts, unsaid = list(reached), []
    for name, declared in s.index.attributes[plan.resource].items():
        asked = _column(plan, name, ways, denies, at)
        path = c.Path("record", (name,), declared.type, at)
        if declared.role is not None:
            if isinstance(declared.type, SetType):
                unsaid.append(name)
            else:
                asked.append(c.In(path, eligible(plan.resource, name), at))
        parts.append(any_of((c.Missing(path, at), all_of(asked, at)), at))
    return Filter(s.index, plan.resource, all_of(parts, at), s.now, decide, tuple(unsaid), columns)


def _column(plan: Plan, name: str, ways: Sequence[Rest], denies: Sequence[_DeniedNot], at: str) -> list[Rest]:
    """What it takes besides that an attribute is covered where the action is open."""
    covering = [condition for way, condition in zip(plan.ways, ways, strict=True) if name in way.fields]
    asked = [] if len(covering) == len(ways) else [any_of(covering, at)]
    return asked + [condition for fields, condition in denies if fields is not None and name in fields]


def _denied_not(s: Situation, resource: str, each: PlacedDeny, at: str) -> Rest:
    """Where a deny does not match: the record is elsewhere, or the condition is false."""
    condition = each.deny.condition
    return any_of(
        (
            _not_covered(s, resource, each.place, at),
            False if condition is None else residual(condition, s, wanted=False),
        ),
        at,
    )


def _covered(s: Situation, resource: str, place: str | None, at: str) -> Rest:
    """Where a source at the place covers the record."""
    if place is None:
        return True
    of = s.index.resources[resource].place
    if of is None:
        return False
    places = s.index.homes(resource, place)
    return c.In(c.Path("record", (of,), s.index.attributes[resource][of].type, at), places, at) if places else False


def _not_covered(s: Situation, resource: str, place: str | None, at: str) -> Rest:
    covered = _covered(s, resource, place, at)
    if isinstance(covered, bool):
        return not covered
    assert isinstance(covered, c.In)
    assert isinstance(covered.operand, c.Path)
    return any_of((c.Missing(covered.operand, at), c.Not(covered, at)), at)


def _where_met(s: Situation, resource: str, met: Met, at: str) -> Rest:
    def held(places: tuple[str, ...]) -> Rest:
        return any_of((_covered(s, resource, place, at) for place in places), at)

    return fold_met(met, held, lambda items: all_of(items, at), lambda items: any_of(items, at))
