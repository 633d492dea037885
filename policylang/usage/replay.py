"""Whether everything that a log says was allowed still is, whatever the record was: the log seldom says that."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

import msgspec

from policylang.analysis.decision import allowed
from policylang.analysis.formula import TRUE, AllOf, Formula, true
from policylang.analysis.query import ANYBODY, ANYTHING, COMPLETE, DeclaredUser, Query, Sat
from policylang.analysis.questions import implies
from policylang.analysis.satisfiability import UNSAT
from policylang.check.finding import Shown, Who, WitnessError, replay, show
from policylang.check.fix.same_access import common, without_places
from policylang.check.usage import ObservedUse, Usage
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import PlaceType
from policylang.runtime.grants import Profile
from policylang.runtime.index import Index
from policylang.runtime.periods import Period
from policylang.runtime.plan import make_plan
from policylang.runtime.sources import inside, sources
from policylang.usage.requests import Decider, Did, KnownRequest, KnownRequests, did

_OF_EACH = 3
"""So many requests of a use are decided by the reference."""
_SECOND = datetime.timedelta(seconds=1)
_Span = tuple[datetime.datetime, datetime.datetime]


class Replay:
    """A policy set and what was done with it, to try other versions of it on. Of ``requests`` the log says everything:
    these are decided again; of all other uses it is proved for every record.
    """

    def __init__(
        self,
        before: ir.PolicySet,
        usage: Usage,
        requests: Sequence[KnownRequest] = (),
        whole: Replay | None = None,
    ) -> None:
        """``whole``: the replay of the policy set that ``before`` is a part of."""
        self.usage, self.part = usage, before
        self.before = World(without_places(before), usage.since)
        self._known: KnownRequests = KnownRequests(requests, usage) if whole is None else whole._known
        self._decider: Decider = Decider(self.before.whole) if whole is None else whole._decider
        self._allowed: dict[Did, tuple[KnownRequest, ...]] = {} if whole is None else whole._allowed

    def of(self, part: ir.PolicySet, users: Iterable[str]) -> Replay:
        """What some users did, on a part of the policy set in which they have what they have."""
        uses = tuple(use for user in sorted(users) for use in self.usage.by_user.get(user, ()))
        return Replay(part, msgspec.structs.replace(self.usage, uses=uses), whole=self)

    def lost(self, after: ir.PolicySet) -> Iterator[ObservedUse]:
        """What was done and would not be allowed any more, or is not proved to be: for a record that the log has, or
        else for some record on which it was allowed, at some instant at which it was done.
        """
        other = World(without_places(after), self.usage.since)
        decider = Decider(other.whole)
        for use in self._concerned(other.written):
            known = self.allowed_before(use)
            still = self._still_allowed(other, use) if known is None else all(map(decider.allows, known))
            if not still:
                yield use

    def allowed_before(self, use: ObservedUse) -> tuple[KnownRequest, ...] | None:
        """The requests that a use came to, of those that the policy set allows; ``None`` where the log does not say of
        each what it was.
        """
        known, key = self._known.of(use), did(use)
        if known is None:
            return None
        if key not in self._allowed:
            self._allowed[key] = tuple(filter(self._decider.allows, known))
        return self._allowed[key]

    @cached_property
    def never_allowed(self) -> int:
        """How many events the log calls allowed that the policy set does not allow: on the record, where the log has
        it, else on any.
        """
        return sum(map(self._never, self._uses))

    def _never(self, use: ObservedUse) -> int:
        known, good = self._known.of(use), self.allowed_before(use)
        if known is None or good is None:
            return 0 if self._has_way(use) else use.count
        return len(known) - len(good) if good else use.count

    def denied(self, after: ir.PolicySet, most: int) -> Iterator[ObservedUse]:
        """The second path: of a sample of what was done, what is allowed by the reference before and denied by it
        afterwards, on a record that the log has or the prover finds.
        """
        other = World(without_places(after), self.usage.since)
        for use in list(self._concerned(other.written))[:most]:
            known = self.allowed_before(use)
            if known is None:
                still = all(replay(other, shown).allowed for shown in self._examples(use))
            else:
                still = all(each.is_allowed(other.whole) for each in known[:_OF_EACH])
            if not still:
                yield use

    def _examples(self, use: ObservedUse) -> Iterator[Shown]:
        index = self.before.whole
        for (since, until), one in self._spans(use):
            plan = make_plan(index, one, use.action, use.resource)
            field = use.field if use.field in index.attributes[use.resource] else None
            formula = AllOf((_at_place(index, use), allowed(index, plan, field)))
            query = Query(formula, use.resource, since, COMPLETE, DeclaredUser(use.user), since, until)
            found = self.before.prover.ask(query)
            if isinstance(found, Sat):
                try:
                    who = Who(user=use.user)
                    yield show(self.before, who, use.action, found.witness, allowed=True, field=field)
                except WitnessError:  # of what creates: the record may say what nobody may write
                    continue

    # --- what may differ -----------------------------------------------------------------------------------------

    @cached_property
    def _uses(self) -> tuple[ObservedUse, ...]:
        return tuple(use for uses in self.usage.by_user.values() for use in uses)

    def _concerned(self, after: ir.PolicySet) -> Iterator[ObservedUse]:
        """The uses of everybody whose rights differ; all uses, where anything but roles, groups and users differs."""
        old, new = self.before.written, after
        if _frame(old) != _frame(new):
            yield from self._uses
            return
        roles = {(type(each), each.name) for each in {*old.bundles} ^ {*new.bundles}}
        users = {each.id for each in {*old.users} ^ {*new.users}}
        for user, uses in self.usage.by_user.items():
            held = (b for source in sources(self.before.whole, user, None) for b in inside(self.before.whole, source))
            if user in users or any((type(bundle), bundle.name) in roles for bundle in held):
                yield from uses

    # --- one use -------------------------------------------------------------------------------------------------

    def _has_way(self, use: ObservedUse) -> bool:
        index = self.before.whole
        return any(make_plan(index, one, use.action, use.resource).ways for _, one in self._spans(use))

    def _spans(self, use: ObservedUse) -> Iterator[tuple[_Span, Profile]]:
        """The periods in which a use took place, with what the user had in each."""
        for period, one in self.before.all_periods(use.user):
            span = _span(period, use, self.before.whole)
            if span is not None:
                yield span, one

    def _still_allowed(self, other: World, use: ObservedUse) -> bool:
        later = list(other.all_periods(use.user))
        for period, one in self.before.all_periods(use.user):
            for other_period, two in later:
                both = common(period, other_period)
                span = None if both is None else _span(both, use, self.before.whole)
                if span is not None and not self._is_kept(other.whole, use, span, one, two):
                    return False
        return True

    def _is_kept(self, after: Index, use: ObservedUse, span: _Span, one: Profile, two: Profile) -> bool:
        before = self.before.whole
        first = make_plan(before, one, use.action, use.resource)
        second = make_plan(after, two, use.action, use.resource)
        attributes = before.attributes[use.resource]
        fields = (use.field,) if use.field in attributes else (None, *attributes)
        where = _at_place(before, use)
        for field in fields:
            open_before, open_after = allowed(before, first, field), allowed(after, second, field)
            if open_before != open_after and not self._implied(AllOf((where, open_before)), open_after, use, span):
                return False
        return True

    def _implied(self, before: Formula, after: Formula, use: ObservedUse, span: _Span) -> bool:
        formula = implies(before, after)
        asked = Query(formula, use.resource, span[0], ANYTHING, ANYBODY)
        if self.before.prover.settle(asked) is UNSAT:
            return True
        of_user = Query(formula, use.resource, span[0], ANYTHING, DeclaredUser(use.user), *span)
        return self.before.prover.settle(of_user) is UNSAT


def _span(period: Period, use: ObservedUse, index: Index) -> _Span | None:
    """The instants of a period at which it may have been done; the log knows seconds."""
    since, until = period.instants(index.timezone)
    begin = use.first if since is None else max(since, use.first)
    end = use.last + _SECOND if until is None else min(until, use.last + _SECOND)
    return (begin, end) if begin < end else None


def _at_place(index: Index, use: ObservedUse) -> Formula:
    """The record lives at the place that the log names, if it names one."""
    of = index.resources[use.resource].place
    if of is None or use.place not in index.places:
        return TRUE
    type_ = index.attributes[use.resource][of].type
    if not isinstance(type_, PlaceType) or use.place not in index.places_of(type_.scope):
        return TRUE
    at = index.resources[use.resource].at
    return true(c.In(c.Path("record", (of,), type_, at), (use.place,), at))


def _frame(policy_set: ir.PolicySet) -> ir.PolicySet:
    return msgspec.structs.replace(policy_set, digest="", roles=(), groups=(), users=())
