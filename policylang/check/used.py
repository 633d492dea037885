"""Which grants and assignments nobody has used, of those that have had the time to be used.

A grant counts as used where a holder has done what it grants, even if another grant allowed it as well, and where
something that was done requires it. So what is said to be unused is unused for certain, as far as the log goes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.check.usage import ObservedUse, Usage
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.access import place_in_words
from policylang.runtime.clock import begin_of
from policylang.runtime.grants import Holding, holdings
from policylang.runtime.index import Index, Permission
from policylang.runtime.sources import Bundle, RightsSource, inside


class UseRecord(msgspec.Struct):
    """How something was used: by whom, how often, when last."""

    users: set[str] = msgspec.field(default_factory=set)
    count: int = 0
    last: datetime.datetime | None = None

    def add(self, use: ObservedUse) -> None:
        self.users.add(use.user)
        self.count += use.count
        self.last = use.last if self.last is None else max(self.last, use.last)


class UnusedGrant(msgspec.Struct, frozen=True):
    """A grant statement of a role or group: the actions of it that no holder has used, and when each was used last.
    ``whole``: nothing that the role or group grants was used.
    """

    bundle: Bundle
    kind: str
    grants: tuple[ir.Grant, ...]
    actions: tuple[Permission, ...]
    holders: tuple[str, ...]
    last: datetime.datetime | None
    days: int
    whole: bool


class UnusedAssignment(msgspec.Struct, frozen=True):
    """Something given to a user of which the user has used nothing. ``dormant``: the user has done nothing at all."""

    user: str
    holding: Holding
    last: datetime.datetime | None
    days: int
    dormant: bool


class DormantUser(msgspec.Struct, frozen=True):
    """Somebody who has done nothing at all."""

    user: str
    last: datetime.datetime | None
    days: int


class UsageAnalysis:
    """What follows from a log about a policy set, at an instant. Raises nothing: a log that does not go back far enough
    gives no findings, see `covers`.
    """

    def __init__(self, world: World, usage: Usage) -> None:
        self.world, self.usage, self.index = world, usage, world.index
        self.now = world.now
        self._holders: dict[str, dict[str, None]] = {}
        self._young: dict[str, bool] = {}
        self.used: dict[tuple[str, Permission], UseRecord] = {}
        """By the place of a role or group, and what of it."""
        self.of_holding: dict[tuple[str, RightsSource], UseRecord] = {}
        self.done: dict[str, UseRecord] = {}
        """By user, anything at all that was allowed."""
        for user in self.index.requesters:
            self._look_at(user)

    # --- windows -----------------------------------------------------------------------------------------------

    def covers(self, days: int) -> bool:
        """Whether the log has so many days."""
        return self.usage.since <= self._begin(days)

    def _begin(self, days: int) -> datetime.datetime:
        return self.usage.begin(days, self.now)

    def _is_recent(self, last: datetime.datetime | None, days: int) -> bool:
        return last is not None and last >= self._begin(days)

    def days_of(self, bundle: Bundle, wanted: Permission | None = None) -> int:
        """How long something may be unused: as its role, its group or a task that needs it says."""
        settings = self.usage.settings
        found = [settings.days, settings.periods.get(bundle.name, 0)]
        for ref in getattr(bundle, "performs", ()):
            needs = {(each.resource, action) for each in self.index.tasks[ref.name].needs for action in each.actions}
            if wanted is None or wanted in needs:
                found.append(settings.periods.get(ref.name, 0))
        return max(found)

    def is_excepted(self, bundle: Bundle, days: int) -> bool:
        """Whether it is for emergencies, or somebody has reviewed it in this time."""
        kind = "group" if isinstance(bundle, ir.Group) else "role"
        since = self._begin(days).astimezone(self.index.timezone).date().isoformat()
        return bundle.name in self.usage.settings.break_glass or any(
            review.kind == kind and review.name == bundle.name and review.last is not None and review.last >= since
            for review in self.world.policy_set.reviews
        )

    def is_young(self, holding: Holding, days: int) -> bool:
        """Whether it was given within this time: then it has not had the time to be used."""
        begin = None if holding.assignment is None else begin_of(holding.assignment, self.index.timezone)
        return begin is not None and begin > self._begin(days)

    def day(self, at: datetime.datetime) -> datetime.date:
        """The day of an instant, in the policy set's timezone."""
        return at.astimezone(self.index.timezone).date()

    def last_day(self, record: UseRecord | None) -> datetime.date | None:
        """The day of the last use."""
        last = _last(record)
        return None if last is None else self.day(last)

    def with_required(self, user: str) -> list[ObservedUse]:
        """What a user has done, or may have done, and what that requires."""
        found = [*self.usage.by_user.get(user, ()), *self.usage.unclear_by_user.get(user, ())]
        for use in tuple(found):
            required = grants_required(self.index.actions[use.resource][use.action].requires)
            found += [msgspec.structs.replace(use, resource=each.resource, action=each.action) for each in required]
        return found

    # --- what was used -----------------------------------------------------------------------------------------

    def _look_at(self, user: str) -> None:
        uses = self.with_required(user)
        for use in uses:
            self.done.setdefault(user, UseRecord()).add(use)
        for holding in holdings(self.world.whole, user, None):
            if holding.lost:
                continue
            mine = [use for use in uses if self._may_be_at(holding.source, use)]
            young = self.is_young(holding, self.usage.settings.days)
            for bundle in inside(self.world.whole, holding.source):
                self._holders.setdefault(bundle.at, {})[user] = None
                self._young[bundle.at] = self._young.get(bundle.at, True) and young
                said = self.world.whole.said(bundle).grants
                for use in mine:
                    if (use.resource, use.action) in said:
                        self.used.setdefault((bundle.at, (use.resource, use.action)), UseRecord()).add(use)
                        self.of_holding.setdefault((user, holding.source), UseRecord()).add(use)

    def _may_be_at(self, source: RightsSource, use: ObservedUse) -> bool:
        if source.place is None or use.place not in self.index.places:
            return True
        return self.index.covers(source.place, use.place)

    def of_source(self, user: str, source: RightsSource) -> UseRecord:
        """What a user has done that a source grants, whatever else grants it as well."""
        said = {
            wanted for bundle in inside(self.world.whole, source) for wanted in self.world.whole.said(bundle).grants
        }
        record = UseRecord()
        for use in self.with_required(user):
            if (use.resource, use.action) in said and self._may_be_at(source, use):
                record.add(use)
        return record

    def holders(self, bundle: Bundle) -> tuple[str, ...]:
        """Who has it, by group, job, assignment or another role."""
        return tuple(self._holders.get(bundle.at, ()))

    # --- what was not ------------------------------------------------------------------------------------------

    def unused_grants(self) -> Iterator[UnusedGrant]:
        """Of roles and groups that somebody has: all that was not used in its time, statement by statement."""
        for source, bundle in self.world.bundles:
            if not self.holders(bundle) or self._young[bundle.at] or not bundle.grants:
                continue
            left = [(grant, self._unused_of(bundle, grant)) for grant in bundle.grants]
            if all(len(actions) == len(set(grant.actions)) for grant, actions in left):
                yield self._unused(source, bundle, left, whole=True)
                continue
            by_statement: dict[str, list[tuple[ir.Grant, tuple[Permission, ...]]]] = {}
            for grant, actions in left:
                if actions:
                    by_statement.setdefault(grant.at, []).append((grant, actions))
            for statements in by_statement.values():
                yield self._unused(source, bundle, statements, whole=False)

    def _unused_of(self, bundle: Bundle, grant: ir.Grant) -> tuple[Permission, ...]:
        found = []
        for action in dict.fromkeys(grant.actions):
            wanted = (grant.resource, action)
            days = self.days_of(bundle, wanted)
            record = self.used.get((bundle.at, wanted))
            if not self._is_recent(_last(record), days) and self.covers(days) and not self.is_excepted(bundle, days):
                found.append(wanted)
        return tuple(found)

    def _unused(
        self, source: RightsSource, bundle: Bundle, left: list[tuple[ir.Grant, tuple[Permission, ...]]], *, whole: bool
    ) -> UnusedGrant:
        actions = tuple(dict.fromkeys(each for _, of in left for each in of))
        uses = (_last(self.used.get((bundle.at, each))) for each in actions)
        last = max((each for each in uses if each is not None), default=None)
        days = max(self.days_of(bundle, each) for each in actions)
        grants = tuple(grant for grant, _ in left)
        return UnusedGrant(bundle, source.kind, grants, actions, self.holders(bundle), last, days, whole)

    def dormant(self) -> Iterator[DormantUser]:
        """Who has had something to use for the whole time, and has done nothing at all."""
        days = self.usage.settings.days
        for user in self.index.requesters if self.covers(days) else ():
            held = [each for each in holdings(self.index, user, self.now) if each.active]
            old = [each for each in held if not self.is_young(each, days)]
            given = [bundle for each in old for bundle in inside(self.index, each.source) if bundle.grants]
            last = _last(self.done.get(user))
            if given and not self._is_recent(last, max(map(self.days_of, given))):
                yield DormantUser(user, last, days)

    def unused_assignments(self) -> Iterator[UnusedAssignment]:
        """Roles and groups given to somebody who has used nothing of them, though others have."""
        unused = {each.bundle.at for each in self.unused_grants() if each.whole}
        for user in self.index.requesters:
            for holding in holdings(self.index, user, self.now):
                found = self._unused_assignment(user, holding, unused)
                if found is not None:
                    yield found

    def _unused_assignment(self, user: str, holding: Holding, unused: set[str]) -> UnusedAssignment | None:
        source = holding.source
        bundles = list(inside(self.index, source))
        outer = bundles[0]
        if not holding.active or holding.by not in ("group", "assignment") or not any(b.grants for b in bundles):
            return None
        if getattr(outer, "owner", None) is not None or all(b.at in unused or not b.grants for b in bundles):
            return None
        days = max(self.days_of(each) for each in bundles)
        if self.is_young(holding, days) or not self.covers(days) or any(self.is_excepted(b, days) for b in bundles):
            return None
        last = _last(self.of_holding.get((user, source)))
        if self._is_recent(last, days):
            return None
        dormant = not self._is_recent(_last(self.done.get(user)), days)
        return UnusedAssignment(user, holding, last, days, dormant)


def _last(record: UseRecord | None) -> datetime.datetime | None:
    return None if record is None else record.last


def place_of(index: Index, holding: Holding) -> str:
    """`` at site "HQ" ``, or nothing."""
    return "" if holding.source.place is None else f" at {place_in_words(index, holding.source.place)}"
