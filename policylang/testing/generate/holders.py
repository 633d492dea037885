"""Through whom a limit can be tested: users who have the group or role that says it, and when."""

from __future__ import annotations

import datetime

from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.runtime.clock import begin_of, end_of, is_edge
from policylang.runtime.grants import holdings
from policylang.runtime.index import Index
from policylang.testing.coverage.concern import Concerns, carriers

HolderAt = tuple[str, datetime.datetime]
"""Somebody, and an instant at which they have it."""

_MOST = 6
"""Of each group and role."""


def holders(index: Index, now: datetime.datetime) -> dict[str, list[HolderAt]]:
    """The first users of each group and role, by the place of its declaration: those who have it now, before those who
    have it at another time.
    """
    concerns = Concerns(index)
    found: dict[str, dict[str, datetime.datetime]] = {}
    for at in (now, None):
        for user in index.requesters:
            for when in [at] if at else _other_times(index, user, now):
                for _, root in carriers(index, user, when):
                    for bundle in concerns.inside(root):
                        mine = found.setdefault(bundle.at, {})
                        if len(mine) < _MOST:
                            mine.setdefault(user, when)
    return {at: list(mine.items()) for at, mine in found.items()}


def _other_times(index: Index, user: str, now: datetime.datetime) -> list[datetime.datetime]:
    """Noon of a day of each assignment that is not active now."""
    given = [each.assignment for each in holdings(index, user, now) if each.assignment and each.due]
    ever = [each for each in given if (each.start or "") <= (each.until or "9") and _is_ever(index, each)]
    return [_within(index, each) for each in ever]


def _is_ever(index: Index, each: ir.Assignment) -> bool:
    """Whether both ends lie within the calendar."""
    ends = begin_of(each, index.timezone), end_of(each, index.timezone)
    return all(at is None or is_edge(at, index.timezone) for at in ends)


def _within(index: Index, each: ir.Assignment) -> datetime.datetime:
    """Noon of its first or last day; where it says times, its beginning, or the second before its end."""
    begin, end = begin_of(each, index.timezone), end_of(each, index.timezone)
    if each.start_time is None and each.until_time is None:
        day = datetime.date.fromisoformat(each.start or each.until or "")
        return datetime.datetime.combine(day, datetime.time(12), index.timezone).astimezone(datetime.UTC)
    if begin is not None:
        return begin
    assert end is not None
    return end - datetime.timedelta(seconds=1)


def granted(index: Index, concerns: Concerns, bundle: ir.Group | ir.Role, resource: str) -> list[str]:
    """The actions on a resource that a bundle or one inside it grants, and that limits apply to, as declared."""
    names = {
        action for each in concerns.inside(name_of(bundle)) for of, action in index.said(each).grants if of == resource
    }
    return [name for name, action in index.actions[resource].items() if name in names and not action.bypasses_policies]
