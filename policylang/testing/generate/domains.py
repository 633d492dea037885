"""The values to choose from: ordinary ones, and those at the edges of the tests."""

from __future__ import annotations

import contextlib
import datetime
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from policylang.model import conditions as c
from policylang.model import types as t
from policylang.runtime.caching import cached_method
from policylang.runtime.generated import Function, condition_function
from policylang.runtime.index import Index
from policylang.runtime.sources import has_role
from policylang.runtime.truth import Situation, Truth, truth
from policylang.runtime.values import MISSING, BadValueError
from policylang.testing.generate.edges import Edge, edges, written
from policylang.testing.generate.variables import Values, as_record, looked_at, variable

_MOST_USERS = 200
"""Users who are looked at for one with an attribute of a certain kind."""
_MATCHES = {True: "matching", False: "other", None: "unclear"}


_Moment = TypeVar("_Moment", datetime.date, datetime.datetime)


class RequestValues:
    """Values for the variables of requests by one user at one instant, about one resource."""

    def __init__(self, index: Index, user: str, resource: str, now: datetime.datetime) -> None:
        self.index, self.user, self.resource, self.now = index, user, resource, now

    def truths(self, tests: Iterable[c.Test], values: Values) -> dict[c.Test, Truth]:
        """What tests come to."""
        record, request = as_record(values)
        return {test: self._truth(test, record, request) for test in tests}

    def _truth(self, test: c.Test, record: Any, request: Any) -> Truth:
        try:
            answer: Truth = self._function(test)(record, self.user, request, self.now)
        except (BadValueError, OverflowError):
            return None
        return answer

    @cached_method
    def _function(self, test: c.Test) -> Function:
        return condition_function(self.index, test, self.resource)

    def situation(self, values: Values) -> Situation:
        record, request = as_record(values)
        return Situation(self.index, self.user, self.resource, record, request, self.now)

    def ordinary(self, wanted: c.Path, tests: tuple[c.Test, ...]) -> Iterator[Any]:
        """The values that read best, in order; behind them those at the edges of tests. Users and places are as they
        are.
        """
        yield from self.samples(wanted.type)
        if not isinstance(wanted.type, t.UserType | t.PlaceType):
            for test in tests:
                yield from (value for _, value in self.edges(test, wanted) if value is not MISSING)

    @cached_method
    def edges(self, test: c.Test, wanted: c.Path) -> tuple[Edge, ...]:
        """The edges of a test as values of one of its variables. Others of it have their first ordinary value."""
        return tuple(self.edges_beside(test, wanted, self.beside(test, wanted)))

    def edges_beside(self, test: c.Test, wanted: c.Path, others: Values) -> Iterator[Edge]:
        """The edges where the other variables of the test have these values."""
        for operand in looked_at(test):
            if variable(self.index, self.resource, operand) != wanted:
                continue
            assert isinstance(operand, c.Path)
            if isinstance(test, c.Missing) and operand.steps == wanted.steps:
                yield "missing", MISSING
                yield "present", next(self.samples(wanted.type))
            elif isinstance(wanted.type, t.UserType | t.PlaceType | t.RecordType) and not isinstance(test, c.Under):
                yield from self._chosen(test, wanted, others)
            else:
                yield from edges(test, operand, self.situation(others))

    def beside(self, test: c.Test, wanted: c.Path) -> Values:
        """Values for the other variables of a test."""
        found = (variable(self.index, self.resource, operand) for operand in looked_at(test))
        return {each: next(self.samples(each.type)) for each in found if each is not None and each != wanted}

    def _chosen(self, test: c.Test, wanted: c.Path, others: Values) -> Iterator[Edge]:
        """Of the users, places or records that there are, the first of whom the test is true, and false."""
        seen: set[bool | None] = set()
        pool = self.pool(wanted.type)
        if isinstance(test, c.In) and isinstance(wanted.type, t.UserType | t.PlaceType):
            pool = [*map(str, test.values), *pool]
        for each in pool:
            found = truth(test, self.situation({**others, wanted: each}))
            if found not in seen:
                seen.add(found)
                yield self._label(wanted, each, found), each
        yield "missing", MISSING

    def _label(self, wanted: c.Path, each: Any, found: bool | None) -> str:
        if isinstance(wanted.type, t.UserType) and each == self.user:
            return "own"
        words = {t.UserType: "person", t.PlaceType: "place"}.get(type(wanted.type), "record")
        return f"{_MATCHES[found]}_{words}"

    def pool(self, type_: t.Type) -> list[Any]:
        """The users, places or records to choose from."""
        match type_:
            case t.UserType():
                every = sorted(self.index.users)[:_MOST_USERS]
                return [*self.samples(type_), *every]
            case t.PlaceType(kind):
                return [name for name, place in sorted(self.index.places.items()) if place.kind == kind]
            case _:
                return ["one", "another", {}]

    @cached_method
    def _holders(self, role: str | None) -> tuple[str, ...]:
        """Users who may be written where the role is asked for, the asking one first."""
        users = sorted(self.index.users)
        may = (user for user in users if role is None or has_role(self.index, user, role, self.now))
        mine = self.user in users and (role is None or has_role(self.index, self.user, role, self.now))
        return tuple(dict.fromkeys([*([self.user] if mine else []), *itertools.islice(may, 3)]))

    def samples(self, type_: t.Type) -> Iterator[Any]:
        """Ordinary values; at least one."""
        match type_:
            case t.UserType(role):
                yield from self._holders(role) or (self.user,)
            case t.PlaceType():
                yield from self.pool(type_)[:6] or ("nowhere",)
            case t.RecordType():
                yield {}
            case t.SetType(of):
                yield [next(self.samples(of))]
                yield []
            case t.EnumType(values):
                yield from values[:8]
            case t.BoolType():
                yield from (True, False)
            case t.IntType():
                yield 1
            case t.DecimalType() | t.MoneyType():
                yield "1.00"
            case t.DateType():
                today = self.now.astimezone(self.index.timezone).date()
                yield from (str(day) for day in _around(today, datetime.timedelta(days=1)))
            case t.DateTimeType():
                yield from (written(type_, at) for at in _around(self.now, datetime.timedelta(hours=1)))
            case t.DurationType():
                yield "30 days"
            case t.IpType():
                yield "192.0.2.1"
            case _:
                yield "some text"


def _around(moment: _Moment, step: datetime.timedelta) -> Iterator[_Moment]:
    """One step before and one after, as far as the calendar goes."""
    for sign in (-1, 1):
        with contextlib.suppress(OverflowError):
            yield moment + sign * step
