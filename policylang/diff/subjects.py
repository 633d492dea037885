"""Who is compared: somebody with just a role, a group or a job, and the users and integrations there are."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.check.finding import Who, somebody_with
from policylang.diff.versions import Side
from policylang.runtime.clock import is_edge
from policylang.runtime.grants import Profile, profile
from policylang.runtime.index import Index
from policylang.runtime.periods import Period, periods
from policylang.runtime.sources import RightsSource

_MOMENT = datetime.timedelta(microseconds=1)


class Span(msgspec.Struct, frozen=True):
    """Instants from ``since`` on, up to, not including, ``until``; open where there is none."""

    since: datetime.datetime | None = None
    until: datetime.datetime | None = None

    def instant(self, now: datetime.datetime) -> datetime.datetime:
        """Now, or the instant in it that is closest."""
        if self.since is not None and now < self.since:
            return self.since
        if self.until is not None and now >= self.until:
            return self.until - _MOMENT
        return now

    def days(self, timezone: datetime.tzinfo) -> Period:
        """From the first to the last."""
        first = None if self.since is None else self.since.astimezone(timezone).date()
        last = None if self.until is None else (self.until - _MOMENT).astimezone(timezone).date()
        return Period(first, last)


ALWAYS = Span()


class ComparedPerson(msgspec.Struct, frozen=True):
    """Somebody on one side; ``profile`` is ``None`` where there is no such user."""

    who: Who
    profile: Profile | None

    @property
    def sources(self) -> tuple[RightsSource, ...]:
        return () if self.profile is None else self.profile.sources


class Subject(msgspec.Struct, frozen=True):
    """Somebody on both sides, in one span of time. ``user``: who that is, unless it is somebody made up."""

    old: ComparedPerson
    new: ComparedPerson
    user: str | None = None
    span: Span = ALWAYS


def somebody(kind: str, name: str, old: Side, new: Side) -> Subject:
    """Somebody who has just a role, is just in a group, or just has a job; with nothing where there is none."""
    return Subject(_somebody(kind, name, old), _somebody(kind, name, new))


def _somebody(kind: str, name: str, side: Side) -> ComparedPerson:
    sources: tuple[RightsSource, ...] = ()
    if kind == "group" and side.has(kind, name):
        sources = (RightsSource("group", name),)
    elif side.has(kind, name):
        roles = [ref.name for ref in side.index.jobs[name].roles] if kind == "job" else [name]
        sources = tuple(RightsSource("role", role) for role in roles)
    return ComparedPerson(somebody_with(*sources), Profile(sources))


def of_user(user: str, old: Side, new: Side) -> Iterator[Subject]:
    """A user or integration on both sides, in each span from the present day on."""
    now = new.world.now
    for span in _spans(user, old.index, new.index, now):
        at = span.instant(now)
        yield Subject(_person(user, old.index, at), _person(user, new.index, at), user, span)


def _person(user: str, index: Index, at: datetime.datetime) -> ComparedPerson:
    return ComparedPerson(Who(user=user), profile(index, user, at) if index.knows(user) else None)


def _spans(user: str, old: Index, new: Index, now: datetime.datetime) -> Iterator[Span]:
    """The spans of time in which a user has the same on the one side, and the same on the other, without past ones. An
    instant that one of the timezones does not have is no edge.
    """
    found = {edge for index in (old, new) for edge in _edges(index, user)}
    edges = sorted(edge for edge in found if is_edge(edge, old.timezone) and is_edge(edge, new.timezone))
    for since, until in zip([None, *edges], [*edges, None], strict=True):
        if until is None or now < until:
            yield Span(since, until)


def _edges(index: Index, user: str) -> Iterator[datetime.datetime]:
    declared = index.users.get(user) or index.integrations.get(user)
    if declared is None or all(a.start is None and a.until is None for a in declared.assignments):
        return
    for period, _ in periods(index, user):
        since, _until = period.instants(index.timezone)
        if since is not None:
            yield since
