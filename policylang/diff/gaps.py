"""What somebody may do on one side and not on the other: as a formula, and as a request that shows it."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from policylang.analysis.decision import attribute_path, covered, denied, met, missing
from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf, true
from policylang.analysis.prover import Prover
from policylang.analysis.query import (
    ANYTHING,
    AS_DECLARED,
    SOMEBODY,
    Answer,
    DeclaredUser,
    NamedUser,
    Query,
    Sat,
    Witness,
)
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.check.finding import Shown, replay
from policylang.diff.instants import variations
from policylang.diff.readings import PathRead, PathReader
from policylang.diff.simplify import plain
from policylang.diff.subjects import ComparedPerson, Span
from policylang.diff.translate import Lifter
from policylang.diff.versions import Side
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import NUMBERS, IntType, PlaceType, SetType, TextType, Type, UserType
from policylang.runtime.caching import cached_method
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan, Way, make_plan
from policylang.runtime.values import BadValueError, read

_MOST_TRIED = 4_000
"""How many situations may be tried in vain, of all questions together."""
_FEWEST_TRIED = 96
"""Of each question even then: what does not show in them, the first day, is not proved."""


class Gap(msgspec.Struct, frozen=True):
    """What is allowed here and denied there, as a formula about the records of the side where it is allowed.

    Where it is not ``exact``, the formula holds also of some that are allowed on both sides.
    """

    formula: Formula
    index: Index
    exact: bool = True


Evidence = tuple[Shown, Shown]
"""A request that the one side allows, and as the other side denies it."""


class _Allowed(msgspec.Struct, frozen=True):
    """An action on a field or on the record, in parts: some way is open and nothing hinders."""

    ways: tuple[Formula, ...]
    rest: tuple[Formula, ...]

    @property
    def whole(self) -> Formula:
        return AllOf((AnyOf(self.ways), *self.rest))


_NEVER = _Allowed((), ())


class GapQuestions:
    """Questions about what ``ours`` allows and ``theirs`` denies. Each is asked once."""

    def __init__(self, ours: Side, theirs: Side) -> None:
        self.ours, self.theirs = ours, theirs
        self.index = _with_attributes(ours.index, theirs.index)
        """Ours, with what records and requests may hold besides, which only theirs looks at."""
        self.reader = PathReader(theirs.index, self.index)
        self._varied: dict[Hashable, Witness | None] = {}
        """Where what a formula does not say exactly shows, if it does."""
        self._tries = _MOST_TRIED

    # --- what is asked ---------------------------------------------------------------------------------------

    def gap(self, mine: Plan, other: Plan | None, field: str | None, user: str | None) -> Gap:
        """What the first plan allows, and the other, of ``theirs``, does not."""
        resource = mine.resource
        here = _allowed(self.ours, mine, field)
        low, high = self._bounds(other, field, resource, user)
        if frozenset(here.rest) == frozenset(low.rest):
            ways = tuple(way for way in here.ways if way not in low.ways)
            formula = AllOf((*here.rest, AnyOf(ways), NotOf(AnyOf(low.ways))))
        else:
            formula = AllOf((*here.rest, AnyOf(here.ways), NotOf(low.whole)))
        return Gap(AllOf((self._at_home(resource), formula)), self.index, low == high)

    def _at_home(self, resource: str) -> Formula:
        """The record does not live at a place that our side does not know: there it is nobody's."""
        home = self.ours.index.resources[resource].place
        if home is None:
            return TRUE
        declared = self.ours.index.attributes[resource][home]
        return AnyOf((missing(declared), _at_place(self.ours.index, declared)))

    def _bounds(
        self, other: Plan | None, field: str | None, resource: str, user: str | None
    ) -> tuple[_Allowed, _Allowed]:
        """What holds on our side where the other plan allows it, at least and at most: the same where that can be
        said.
        """
        there = _NEVER
        if other is not None and (field is None or field in self.theirs.index.attributes[resource]):
            there = _allowed(self.theirs, other, field)
        low, high = (self._lifted(there, resource, user, over=over) for over in (False, True))
        return low, high

    def _lifted(self, there: _Allowed, resource: str, user: str | None, *, over: bool) -> _Allowed:
        lifter = Lifter(self.reader, resource, user, over=over)
        ways, rest = (tuple(plain(lifter.lift(part)) for part in parts) for parts in (there.ways, there.rest))
        known = self._at_known_place(resource, over=over)
        return _Allowed(ways, rest if known == TRUE else (*rest, known))

    def _at_known_place(self, resource: str, *, over: bool) -> Formula:
        """The record does not live at a place that the other side does not know: there it is nobody's."""
        declared = self.theirs.index.resources.get(resource)
        home = declared.place if declared is not None else None
        ours = self.index.attributes[resource].get(home) if home is not None else None
        if home is None or ours is None:
            return TRUE
        theirs = self.theirs.index.attributes[resource][home].type
        assert isinstance(theirs, PlaceType)
        known = self.theirs.index.places_of(theirs.scope)
        match ours.type:
            case PlaceType(scope):
                is_home = self.ours.index.resources[resource].place == home
                if is_home and self.ours.index.places_of(scope) <= known:
                    return TRUE
                known &= self.ours.index.places_of(scope)
            case TextType():
                pass
            case _:
                return TRUE if over else FALSE
        at_known = true(c.In(attribute_path(ours), tuple(sorted(known)), ours.at))
        return AnyOf((missing(ours), at_known)) if known else missing(ours)

    def field_gap(self, mine: Plan, other: Plan, field: str, user: str | None) -> Gap:
        """What the first plan allows of a field, and the other does not, of records that are open to both."""
        found = self.gap(mine, other, field, user)
        low, high = self._bounds(other, None, mine.resource, user)
        return Gap(AllOf((found.formula, high.whole)), found.index, found.exact and low.whole == high.whole)

    def creation(self, mine: Plan, other: Plan | None, one: ComparedPerson, span: Span) -> Gap:
        """New records that the first plan allows ``one``, and the other does not, whoever is eligible there: that is a
        question of its own.
        """
        resource, user = mine.resource, one.who.user
        index_ = self.ours.index
        declared = index_.attributes[resource]
        at = span.instant(self.ours.world.now)
        fits: dict[str, Formula] = {}
        for name in declared:
            part = _allowed(self.ours, mine, name)
            writable = AllOf((_readable_value(index_, declared[name]), self._writable(declared[name], one, at)))
            fits[name] = AllOf((part.whole, writable)) if part.ways and plain(writable) != FALSE else FALSE
        index = self._without(resource, frozenset(n for n, fit in fits.items() if fit == FALSE))
        asked: list[Formula] = [self._at_home(resource), _allowed(self.ours, mine, None).whole]
        # Nobody makes a record with an attribute that there is not.
        asked += [missing(each) for name, each in self.index.attributes[resource].items() if name not in declared]
        asked += [AnyOf((missing(declared[name]), fit)) for name, fit in fits.items()]
        if other is None:
            return Gap(AllOf(tuple(asked)), index)
        denied_: list[Formula] = []
        exact = not any(
            isinstance(each.type, SetType) and isinstance(each.type.of, UserType) for each in declared.values()
        )
        everything: tuple[str | None, ...] = (None, *declared)
        for field in everything:
            low, high = self._bounds(other, field, resource, user)
            exact = exact and low.whole == high.whole
            said = NotOf(low.whole)
            if field is None:
                denied_.append(said)
                continue
            written = self._written_there(resource, declared[field])
            exact = exact and written is not None
            denied_.append(AllOf((NotOf(missing(declared[field])), AnyOf((said, NotOf(written or FALSE))))))
        return Gap(AllOf((*asked, AnyOf(tuple(denied_)))), index, exact)

    def _written_there(self, resource: str, declared: ir.Attribute) -> Formula | None:
        """What is written into the attribute is of the type that it has on the other side, if it is there at all;
        ``None`` where that cannot be said.
        """
        theirs = self.theirs.index.attributes.get(resource, {}).get(declared.name)
        if theirs is None or (isinstance(declared.type, IntType) and isinstance(theirs.type, NUMBERS)):
            return TRUE
        found = self.reader.read(resource, attribute_path(theirs))
        if not isinstance(found, PathRead):
            return None
        if not isinstance(declared.type, PlaceType) or not isinstance(theirs.type, PlaceType):
            return found.readable
        known = self.theirs.index.places_of(theirs.type.scope)
        if self.ours.index.places_of(declared.type.scope) <= known:
            return found.readable
        return AllOf((found.readable, _at_place(self.theirs.index, theirs)))

    def _writable(self, declared: ir.Attribute, one: ComparedPerson, at: datetime.datetime) -> Formula:
        """The attribute holds a user who may be written into it, if it is for users who have a role."""
        type_ = declared.type
        if not isinstance(type_, UserType) or type_.role is None:
            return TRUE  # only bounded for a set of users: the empty one will do mostly
        users = self.ours.eligible(type_.role, at)
        path = attribute_path(declared)
        # Those whom nothing tells apart are alike: one will do.
        chosen = users & (self._named | {one.who.user or ""}) | set(sorted(users)[:1])
        parts: list[Formula] = [true(c.In(path, tuple(sorted(chosen)), path.at))] if chosen else []
        if one.who.user is None and type_.role in self.ours.roles_of(one.sources):
            parts.append(true(c.Compare("eq", path, c.Path("subject", (), UserType(None), path.at), path.at)))
        return AnyOf(tuple(parts))

    @property
    def _named(self) -> frozenset[str]:
        return self.ours.world.looks.users | self.theirs.world.looks.users

    def _without(self, resource: str, names: frozenset[str]) -> Index:
        """Ours, with records of the resource that may lack some attributes: what cannot be written now comes later."""
        asked = frozenset(n for n in names if not self.index.attributes[resource][n].optional)
        return self._unfilled(resource, asked) if asked else self.index

    @cached_method
    def _unfilled(self, resource: str, names: frozenset[str]) -> Index:
        made = copy.copy(self.index)
        attributes = dict(made.attributes)
        attributes[resource] = {
            name: msgspec.structs.replace(each, optional=each.optional or name in names)
            for name, each in attributes[resource].items()
        }
        made.__dict__["attributes"] = attributes
        return made

    # --- answers ---------------------------------------------------------------------------------------------

    def find(self, gap: Gap, resource: str, user: str | None, span: Span, *, incomplete: bool) -> Answer:
        """A request in the gap; also one with a record that is not complete, if ``incomplete``."""
        formula = plain(gap.formula)
        if formula == FALSE:
            return UNSAT
        now = self.ours.world.now
        assumed = ANYTHING if incomplete else AS_DECLARED
        who = SOMEBODY if user is None else DeclaredUser(user)
        query = Query(formula, resource, span.instant(now), assumed, who, span.since, span.until)
        prover = self._prover(gap.index)
        return prover.ask(query) if user is not None else self._by_anybody(query, prover)

    @cached_method
    def _prover(self, index: Index) -> Prover:
        return Prover(index, self.ours.world.now)

    def _by_anybody(self, query: Query, prover: Prover) -> Answer:
        """The answer for somebody made up, or else for a user whom the formula names, with any attributes: whatever the
        user has today, anybody may be given anything tomorrow. No integration is given anything.
        """
        found = prover.ask(query)
        named = prover.looking.of(query.formula).users - prover.index.integrations.keys()
        for user in sorted(named) if found is UNSAT else ():
            answer = prover.ask(replace(query, who=NamedUser(user)))
            if isinstance(answer, Sat):
                return Sat(replace(answer.witness, user=user))
            found = UNKNOWN if UNKNOWN in (found, answer) else UNSAT
        return found

    def within(self, gap: Gap, others: Iterable[Gap], resource: str, user: str | None, span: Span) -> bool:
        """Whether it is proved that a gap is all in one of the others, which are about ours as well."""
        rest = tuple(NotOf(other.formula) for other in others if other.exact and other.index is gap.index)
        if not rest:
            return False
        left = Gap(AllOf((gap.formula, *rest)), gap.index)
        return self.find(left, resource, user, span, incomplete=True) is UNSAT

    # --- evidence --------------------------------------------------------------------------------------------

    def evidence(
        self,
        gap: Gap,
        plan: Plan,
        field: str | None,
        one: ComparedPerson,
        two: ComparedPerson,
        span: Span,
        *,
        incomplete: bool,
    ) -> Evidence | None:
        """A request that the reference allows on our side and denies on the other, if it can be found."""
        answer = self.find(gap, plan.resource, one.who.user, span, incomplete=incomplete)
        if not isinstance(answer, Sat):
            return None
        shown = self._tried(answer.witness, plan, field, one, two)
        if shown is None and not gap.exact:
            other = plan_of(self.theirs, two, plan.resource, plan.action)
            key = gap.formula, plan.action, self._said(plan, other), one.who.user, span, incomplete
            if key not in self._varied:
                self._varied[key] = self._variation(answer.witness, plan, other, field, one, two, span)
            varied = self._varied[key]
            shown = None if varied is None else self._tried(varied, plan, field, one, two)
        return shown

    def _said(self, plan: Plan, other: Plan | None) -> tuple[Hashable, Hashable]:
        return self.ours.plan_key(plan), None if other is None else self.theirs.plan_key(other)

    def _variation(
        self,
        found: Witness,
        plan: Plan,
        other: Plan | None,
        field: str | None,
        one: ComparedPerson,
        two: ComparedPerson,
        span: Span,
    ) -> Witness | None:
        """The situation at another instant, at which it shows."""
        conditions = [each for plan in (plan, other) if plan is not None for each in plan.conditions()]
        zones = self.ours.index.timezone, self.theirs.index.timezone
        tried = 0
        for each in islice(variations(found, conditions, zones, span), max(self._tries, _FEWEST_TRIED)):
            if self._tried(each, plan, field, one, two) is not None:
                return each
            tried += 1
        self._tries -= tried
        return None

    def _tried(
        self, found: Witness, plan: Plan, field: str | None, one: ComparedPerson, two: ComparedPerson
    ) -> Evidence | None:
        record = found.record
        if plan.kind == "create":
            record = {name: value for name, value in record.items() if value is not None}

        def shown(person: ComparedPerson, index: Index, users: dict[str, dict[str, Any]], *, allowed: bool) -> Shown:
            known = replace(found, record=record, attributes=_readable(index, found.attributes), users=users)
            return Shown(replace(person.who, id=found.user), plan.action, known, allowed=allowed, field=field)

        here = shown(one, self.ours.index, _all_readable(self.ours.index, found.users), allowed=True)
        there = shown(two, self.theirs.index, self._strangers(found), allowed=False)
        if replay(self.ours.world, here).allowed and not replay(self.theirs.world, there).allowed:
            return here, there
        return None

    def _strangers(self, found: Witness) -> dict[str, dict[str, Any]]:
        """Users made up, and those of the record whom only our side knows, as the other side takes them."""
        index = self.theirs.index
        users = _all_readable(index, found.users)
        for text in {*_texts(found.record), *_texts(found.request)}:
            known = self.ours.index.users.get(text)
            if known is not None and known.attributes and not index.knows(text):
                values = {
                    value.name: [v.value for v in value.values]
                    if isinstance(self.ours.index.subject[value.name], SetType)
                    else value.values[0].value
                    for value in known.attributes
                }
                users[text] = _readable(index, values)
        return users


def _with_attributes(ours: Index, theirs: Index) -> Index:
    """Ours, with the attributes that only theirs declares: a record, a request or a user may have them all the same."""
    attributes = {
        resource: _joined(ours, theirs, ours.attributes.get(resource, {}), declared)
        for resource, declared in theirs.attributes.items()
    }
    subject, request = {**theirs.subject, **ours.subject}, {**theirs.request, **ours.request}
    if (
        all(declared.items() == ours.attributes.get(resource, {}).items() for resource, declared in attributes.items())
        and len(subject) == len(ours.subject)
        and len(request) == len(ours.request)
    ):
        return ours
    made = copy.copy(ours)
    made.subject, made.request = subject, request
    made.optional_subject = ours.optional_subject | (subject.keys() - ours.subject.keys())
    made.optional_request = ours.optional_request | (request.keys() - ours.request.keys())
    made.__dict__["attributes"] = {**ours.attributes, **attributes}
    return made


def _joined(
    ours: Index, theirs: Index, mine: Mapping[str, ir.Attribute], declared: Mapping[str, ir.Attribute]
) -> dict[str, ir.Attribute]:
    def as_ours(type_: Type) -> Type:
        is_unknown = isinstance(type_, PlaceType) and ours.places_of(type_.scope) != theirs.places_of(type_.scope)
        return TextType() if is_unknown else type_

    more = {
        name: msgspec.structs.replace(each, optional=True, type=as_ours(each.type))
        for name, each in declared.items()
        if name not in mine
    }
    return {**mine, **more}


def _readable(index: Index, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a user that a side knows."""
    found = {}
    for name, raw in attributes.items():
        if name in index.subject:
            try:
                read(index.subject[name], raw, name)
            except BadValueError:
                continue
            found[name] = str(raw) if not isinstance(raw, bool | int | str | list) else raw
    return found


def _all_readable(index: Index, users: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {id_: _readable(index, attributes) for id_, attributes in users.items()}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _readable_value(index: Index, declared: ir.Attribute) -> Formula:
    """The attribute has a value of its type: no other can be written."""
    there = Holds(c.Missing(attribute_path(declared), declared.at), False)
    return AllOf((there, _at_place(index, declared))) if isinstance(declared.type, PlaceType) else there


def _at_place(index: Index, declared: ir.Attribute) -> Formula:
    """The attribute names a place that there is."""
    assert isinstance(declared.type, PlaceType)
    places = tuple(sorted(index.places_of(declared.type.scope)))
    return true(c.In(attribute_path(declared), places, declared.at)) if places else FALSE


def _allowed(side: Side, plan: Plan, field: str | None) -> _Allowed:
    """`check.decision.allowed` in parts, in an order that does not depend on how it is written."""
    index, resource = side.index, plan.resource
    ways = {plain(_way(side, resource, way)): None for way in plan.ways if field is None or field in way.fields}
    rest: list[Formula] = [met(index, resource, plan.requirement)]
    rest += [true(i.condition) for i in sorted(plan.appends, key=lambda i: side.conditions[i.id])]
    rest += [
        NotOf(denied(index, each.deny, each.place))
        for each in plan.denies
        if each.deny.fields is None or field in each.deny.fields
    ]
    return _Allowed(tuple(ways), tuple(dict.fromkeys(part for part in map(plain, rest) if part != TRUE)))


def _way(side: Side, resource: str, way: Way) -> Formula:
    limits = sorted(way.limits, key=lambda limit: side.conditions[limit.id])
    return AllOf((covered(side.index, resource, way.place), *(true(limit.condition) for limit in limits)))


def plan_of(side: Side, person: ComparedPerson, resource: str, action: str) -> Plan | None:
    """What decides an action for somebody; ``None`` where there is no such action, or no such user."""
    if person.profile is None or action not in side.index.actions.get(resource, {}):
        return None
    return make_plan(side.index, person.profile, action, resource)
