"""What people do beside what they may do, for people and programs."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Literal

import msgspec


class UnusedThing(msgspec.Struct, frozen=True):
    """Something granted or given that was not used. ``by``: the role or group that brings it. ``users``: who has it."""

    kind: Literal["group", "role", "grant", "assignment", "user", "integration", "field"]
    what: str
    by: str
    users: int
    last: datetime.date | None
    days: int
    at: str


class UsedThing(msgspec.Struct, frozen=True):
    """An action on a resource that somebody has used: how often, by how many, when last."""

    resource: str
    action: str
    count: int
    users: int
    last: datetime.date


class DeniedAttempts(msgspec.Struct, frozen=True):
    """Attempts that were denied for one reason, and the smallest change that would allow them."""

    resource: str
    action: str
    attempts: int
    users: tuple[str, ...]
    last: datetime.date
    why: str
    change: str | None


class Outlier(msgspec.Struct, frozen=True):
    """Somebody who does something else than those who have the same, and the measure of that."""

    user: str
    among: str
    what: str
    measure: str


class UnknownInLog(msgspec.Struct, frozen=True):
    """A name in the log that the policy set does not have, and in how many rows."""

    kind: str
    name: str
    count: int = msgspec.field(name="rows")
    near: str | None


class UsageReport(msgspec.Struct, frozen=True):
    """``rows``: all of the log; ``known``: those about known users, resources and actions. ``covered``: the log has
    ``days`` days, so that something can be called unused. ``bad``: rows that do not count, by reason. ``unnamed``: what
    the settings name and the policy set does not have.
    """

    rows: int
    known: int
    since: datetime.datetime
    until: datetime.datetime
    now: datetime.datetime
    days: int
    covered: bool
    guessed: tuple[str, ...]
    unnamed: tuple[str, ...]
    bad: Mapping[str, int]
    bad_at: tuple[str, ...]
    unknown: tuple[UnknownInLog, ...]
    unknown_names: int
    used: tuple[UsedThing, ...]
    unused: tuple[UnusedThing, ...]
    denied: tuple[DeniedAttempts, ...]
    outliers: tuple[Outlier, ...]
