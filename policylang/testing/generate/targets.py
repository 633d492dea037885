"""Every limit, deny, user policy and assignment of a policy set, with the requests at its edges."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.clock import begin_of, clock_edges, clock_test, end_of, is_edge
from policylang.runtime.compiled import Engine
from policylang.runtime.grants import limit_is_on, overrides_of
from policylang.source import Location
from policylang.testing.coverage.concern import Concerns
from policylang.testing.coverage.statements import deny_in_words, limit_in_words
from policylang.testing.generate.build import Builder, Built, Workshop, both_sides
from policylang.testing.generate.holders import HolderAt, granted, holders
from policylang.testing.generate.variables import variables
from policylang.testing.generate.work import Work

_MOST = 6
"""Users who are tried for one action."""
_NOTHING = "no request was found that depends on it alone"
_TOO_MUCH = "too many combinations: its users have too many other limits"
_SECOND = datetime.timedelta(seconds=1)


class Boundary(msgspec.Struct, frozen=True):
    """What a test is about, where that stands, and the requests at its edges; ``left_out``: why there are none, or not
    all.
    """

    title: str
    at: str
    built: tuple[Built, ...]
    left_out: str | None


class _What(msgspec.Struct, frozen=True):
    """A limit or a deny."""

    title: str
    at: str
    resource: str
    condition: c.Condition | None


_Build = Callable[[Builder], list[Built]]
ClockTest = c.Hours | c.Weekdays


class Boundaries:
    """The boundaries of one policy set at one instant."""

    def __init__(self, engine: Engine, now: datetime.datetime) -> None:
        index = engine.index
        self._index, self._now = index, now
        self._work = Work()
        self._workshop = Workshop(engine, self._work)
        self._concerns = Concerns(index)
        self._holders = holders(index, now)

    def all(self, files: Collection[str]) -> list[Boundary]:
        """Those that stand in these files, in the order of files and places."""
        found = [each for each in self._find(files) if each.built or each.left_out]
        return sorted(found, key=lambda each: Location.parse(each.at))

    def _find(self, files: Collection[str]) -> Iterator[Boundary]:
        policy_set = self._index.policy_set
        for kind, bundles in (("group", policy_set.groups), ("role", policy_set.roles)):
            for bundle in bundles:
                of = (bundle.owner if isinstance(bundle, ir.Role) else None) or f"{kind} {bundle.name}"
                yield from (self._limit(bundle, limit, of) for limit in bundle.limits)
                who = self._holders.get(bundle.at, [])
                yield from (self._deny(deny, of, who) for deny in bundle.denies)
        everybody = [(user, self._now) for user in self._index.requesters]
        yield from (self._deny(deny, "everybody", everybody) for deny in policy_set.denies)
        for user in policy_set.users:
            if Location.parse(user.at).path in files:
                for word, policies in (("append", user.appends), ("override", user.overrides)):
                    yield from (self._user_policy(user, word, each) for each in policies)
                yield from (self._assignment(user.id, each) for each in user.assignments if _has_edges(each))
        for integration in policy_set.integrations:
            given = (each for each in integration.assignments if _has_edges(each))
            yield from (self._assignment(integration.name, each) for each in given)

    def _limit(self, bundle: ir.Group | ir.Role, limit: ir.Limit, of: str) -> Boundary:
        instance = self._index.instances[limit.instance]
        granted_ = granted(self._index, self._concerns, bundle, instance.resource)
        what = _What(f"policy {limit_in_words(limit)} of {of}", limit.at, instance.resource, instance.condition)
        actions = [action for action in granted_ if limit.applies(action)]
        # Who overrides on the resource shows nothing of what the group says of it.
        who = sorted(self._holders.get(bundle.at, []), key=lambda each: self._overrides(each[0], instance.resource))
        return self._each(what, who, actions, *_of_limit(instance.id))

    def _overrides(self, user: str, resource: str) -> bool:
        return any(limit_is_on(self._index, limit, resource) for limit in overrides_of(self._index, user))

    def _user_policy(self, user: ir.User, word: str, each: ir.UserPolicy) -> Boundary:
        instance = self._index.instances[each.limit.instance]
        title = f"{word} policy {limit_in_words(each.limit)} of {user.id}"
        what = _What(title, each.at, instance.resource, instance.condition)
        declared = self._index.actions[instance.resource].values()
        actions = [a.name for a in declared if not a.bypasses_policies and each.limit.applies(a.name)]
        return self._each(what, [(user.id, self._now)], actions, *_of_limit(instance.id))

    def _deny(self, deny: ir.Deny, of: str, who: Iterable[HolderAt]) -> Boundary:
        title = f"{deny_in_words(deny, self._index.attributes[deny.resource])} for {of}"
        what = _What(title, deny.at, deny.resource, deny.condition)
        return self._each(what, who, deny.actions, lambda builder: builder.deny(deny), lambda b: b.passed(deny))

    def _each(
        self, what: _What, who: Iterable[HolderAt], actions: Collection[str], build: _Build, let_through: _Build
    ) -> Boundary:
        """All edges for one action, through the first user with whom that can be done; both sides for the others."""
        who = list(who)
        self._work.begin()
        if not who or not actions:
            reason = "no user has it" if actions else "it limits nothing that is granted"
            return Boundary(what.title, what.at, (), reason)
        built: list[Built] = []
        lost: list[str] = []
        for action in actions:
            known = [b for b in built if b.action == built[0].action]
            found, missed = self._through_someone(who, action, what.resource, known, build)
            timed, turned = self._by_the_clock(who, action, what, found, let_through)
            if timed and not found:  # at the instant of the file it is not the time for it
                moment = next(each.now for each in timed if each.allowed)
                then = [(user, moment) for user, _ in who]
                found, missed = self._through_someone(then, action, what.resource, known, build)
            found += timed
            lost = lost if built else [at for at in missed if at not in turned]
            built += both_sides(found) if built else found
        if not built:
            return Boundary(what.title, what.at, (), self._why_not(what))
        places = ", ".join(":".join(place.split(":")[:2]) for place in dict.fromkeys(lost))
        left_out = f"nothing was found for the test at {places}" if lost else None
        if self._work.is_used_up:
            left_out = _TOO_MUCH
        return Boundary(what.title, what.at, tuple(built), left_out)

    def _by_the_clock(
        self, who: Sequence[HolderAt], action: str, what: _What, found: list[Built], let_through: _Build
    ) -> tuple[list[Built], set[str]]:
        """A request that is allowed, a second before and at each time at which the clock turns the answer; and the
        tests that turn there.
        """
        tests = [each for each in (what.condition.tests() if what.condition else ()) if isinstance(each, ClockTest)]
        if not tests:
            return [], set()
        tried = (
            built for user, at in who[:_MOST] for built in self._some_time(user, at, action, what, tests, let_through)
        )
        one = next((each for each in itertools.chain(found, tried) if each.allowed), None)
        turning: dict[tuple[str, bool], list[Built]] = {}
        turned: set[str] = set()
        for edge in clock_edges(tests, one.now, self._index.timezone) if one is not None else ():
            assert one is not None
            builders = (Builder(self._workshop, one.user, action, what.resource, at) for at in (edge - _SECOND, edge))
            pair = [each.built(one.record, one.request, one.label, one.field) for each in builders]
            if pair[0].allowed is not pair[1].allowed:
                turning.setdefault((f"{edge.astimezone(self._index.timezone):%H:%M}", pair[1].allowed), pair)
                turned.update(test.at for test in tests if self._turns(test, edge))
        return [each for pair in turning.values() for each in pair], turned

    def _some_time(
        self,
        user: str,
        at: datetime.datetime,
        action: str,
        what: _What,
        tests: Sequence[ClockTest],
        let_through: _Build,
    ) -> Iterator[Built]:
        """Requests of a user that are allowed at an instant, or at one of those within a week where the clock turns."""
        edges = clock_edges(tests, at, self._index.timezone)
        for moment in (at, *(moment for edge in edges for moment in (edge, edge - _SECOND))):
            if self._work.is_used_up:
                return
            yield from let_through(Builder(self._workshop, user, action, what.resource, moment))

    def _turns(self, test: ClockTest, edge: datetime.datetime) -> bool:
        before, after = (clock_test(test, at, self._index.timezone) for at in (edge - _SECOND, edge))
        return before is not after

    def _why_not(self, what: _What) -> str:
        """Why there is no record for a limit or a deny."""
        if self._work.is_used_up:
            return _TOO_MUCH
        found = () if what.condition is None else what.condition.tests()
        if what.condition is not None and not any(any(variables(self._index, what.resource, test)) for test in found):
            return "nothing in a record or a request can change its outcome"
        return _NOTHING

    def _through_someone(
        self, who: Iterable[HolderAt], action: str, resource: str, known: list[Built], build: _Build
    ) -> tuple[list[Built], list[str]]:
        """The first user with whom every test comes to true and false, else the one with the fewest gaps. Records of
        another action serve as well, if they lie on both sides.
        """
        best: tuple[int, list[Built], list[str]] | None = None
        builders = (Builder(self._workshop, user, action, resource, now) for user, now in who)
        for builder in itertools.islice((each for each in builders if each.plan.ways), _MOST):
            mine = [each for each in known if (each.user, each.now) == (builder.user, builder.now)]
            same = [builder.built(each.record, each.request, each.label, each.field) for each in mine]
            if both := both_sides(same):
                return both, []
            if self._work.is_used_up:
                break
            found = build(builder)
            gaps = len(builder.lost) * 2 + len(builder.half)
            if found and (best is None or gaps < best[0]):
                best = gaps, found, builder.lost
            if found and not gaps:
                break
        return ([], []) if best is None else best[1:]

    def _assignment(self, user: str, each: ir.Assignment) -> Boundary:
        """A record inside the place and one beside it; the first and the last second, and the ones beside them."""
        place = "" if each.place is None else f" at {each.place}"
        title = f"role {each.role}{place} of {user}"
        begin, end = begin_of(each, self._index.timezone), end_of(each, self._index.timezone)
        first = [] if begin is None or not is_edge(begin, self._index.timezone) else [(begin, -_SECOND)]
        last = [] if end is None or not is_edge(end, self._index.timezone) else [(end - _SECOND, _SECOND)]
        times = [*first, *last]
        within = times[0][0] if times else self._now
        built: list[Built] = []
        self._work.begin()
        if each.place is not None:
            built += self._opened(user, each, within, lambda found: len({b.allowed for b in found}) == 2)
        for inside, step in times:
            opened = self._opened(user, each, inside, lambda found: any(b.allowed for b in found))
            for one in [b for b in opened if b.allowed][:1]:
                beside = Builder(self._workshop, one.user, one.action, one.resource, inside + step)
                other = beside.built(one.record, one.request, one.label, None)
                built += [one, other] if not other.allowed else []
        left_out = _TOO_MUCH if self._work.is_used_up else None if built else _NOTHING
        return Boundary(title, each.at, tuple(built), left_out)

    def _opened(
        self, user: str, each: ir.Assignment, now: datetime.datetime, enough: Callable[[list[Built]], bool]
    ) -> list[Built]:
        bundles = self._concerns.inside(("role", each.role))
        pairs = dict.fromkeys(pair for bundle in bundles for pair in self._index.said(bundle).grants)
        for resource, action in pairs:
            found = Builder(self._workshop, user, action, resource, now).source(each.role, each.place)
            if enough(found):
                return found
        return []


def _of_limit(instance: str) -> tuple[_Build, _Build]:
    """What builds the edges of a policy, and a request that it lets through."""
    return lambda builder: builder.limit(instance), lambda builder: builder.kept(instance)


def _has_edges(each: ir.Assignment) -> bool:
    return each.place is not None or each.start is not None or each.until is not None
