"""What people did, as rules look at it: each action of each user once, with how often and when last."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Any

import msgspec

from policylang.settings.usage import UsageSettings

_QUIET = datetime.timedelta(days=7)
"""So long a log that goes on may be without an event."""


class ObservedUse(msgspec.Struct, frozen=True):
    """An action of a user on records of a resource: whether it was allowed, how often, and when first and last.

    ``field``, ``place``: on which attribute, where; ``None`` where the log does not say.
    """

    user: str
    resource: str
    action: str
    allowed: bool
    field: str | None
    place: str | None
    count: int
    first: datetime.datetime
    last: datetime.datetime

    @property
    def order(self) -> tuple[Any, ...]:
        """A place in a list: what names no field or no place comes before what names one."""
        return self.user, self.resource, self.action, self.allowed, self.field or "", self.place or ""


class Usage(msgspec.Struct, frozen=True, dict=True):
    """All that a log says of known users, resources and actions. ``since``, ``until``: the first and last instant in
    it, also of what is not known. ``fields``, ``places``: whether it says these. ``unclear``: what may have been used,
    of which the log does not say plainly when, or whether it was allowed.
    """

    uses: tuple[ObservedUse, ...]
    since: datetime.datetime
    until: datetime.datetime
    settings: UsageSettings = UsageSettings()
    fields: bool = False
    places: bool = False
    unclear: tuple[ObservedUse, ...] = ()

    @cached_property
    def by_user(self) -> dict[str, tuple[ObservedUse, ...]]:
        """What was allowed, by user."""
        found: dict[str, list[ObservedUse]] = {}
        for use in self.uses:
            if use.allowed:
                found.setdefault(use.user, []).append(use)
        return {user: tuple(uses) for user, uses in found.items()}

    @cached_property
    def unclear_by_user(self) -> dict[str, tuple[ObservedUse, ...]]:
        """What is unclear, by user."""
        found: dict[str, list[ObservedUse]] = {}
        for use in self.unclear:
            found.setdefault(use.user, []).append(use)
        return {user: tuple(uses) for user, uses in found.items()}

    def begin(self, days: int, now: datetime.datetime) -> datetime.datetime:
        """When so many days begin, which end as far as the log tells."""
        return known_until(self.until, now) - datetime.timedelta(days=days)


def known_until(until: datetime.datetime, now: datetime.datetime) -> datetime.datetime:
    """Now, or soon after the log has ended: what came then nobody knows."""
    return min(now, until + _QUIET)
