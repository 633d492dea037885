"""The document that the web application shows. Things that occur often stand in a list once and are named by number."""

from __future__ import annotations

import datetime
from typing import Any, Literal

import msgspec

from policylang.agenda.agenda import Agenda
from policylang.diff.report import SetReport

VERSION = 1

Number = int
"""A position in one of the document's lists."""


class LinesView(msgspec.Struct, frozen=True, array_like=True):
    """A statement: the path as the user names it, its first line and column, and the lines themselves. ``text`` is
    empty where the source is not at hand, as for compiled JSON.
    """

    path: str
    line: int
    column: int
    text: str


class PlaceView(msgspec.Struct, frozen=True):
    """A place of the scope tree."""

    name: str
    kind: str
    parent: str | None


class AttributeView(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    type: str
    optional: bool = False
    sensitive: bool = False


class ActionView(msgspec.Struct, frozen=True, omit_defaults=True):
    """``requires``: in words. Cells of a `Row` name actions by their number, counted through all resources."""

    name: str
    kind: str | None = None
    bypasses: bool = False
    requires: str | None = None


class ResourceView(msgspec.Struct, frozen=True):
    name: str
    label: str | None
    attributes: tuple[AttributeView, ...]
    actions: tuple[ActionView, ...]
    at: Number


class WayView(msgspec.Struct, frozen=True, omit_defaults=True):
    """One way in which an action is open, as `policylang access` prints it.

    ``fields``: the attributes covered; null for all. ``limits`` and ``denies`` name texts; where the way holds at a
    place, the first limit says so. ``grants`` name places.
    """

    source: str
    kind: Literal["group", "role"]
    name: str
    place: str | None = None
    fields: tuple[str, ...] | None = None
    limits: tuple[Number, ...] = ()
    denies: tuple[Number, ...] = ()
    grants: tuple[Number, ...] = ()


class CellView(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody can do with an action. ``open``: by ``ways``. ``denied``: granted and denied altogether, at
    ``denies``. ``unmet``: granted, but what the action requires is missing. ``nowhere``: granted where no record is.
    """

    state: Literal["open", "denied", "unmet", "nowhere"] = "open"
    ways: tuple[Number, ...] = ()
    denies: tuple[Number, ...] = ()


class StatementView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A grant or a deny as it is written. ``partly``: a deny of some records or fields only."""

    effect: Literal["grant", "deny"]
    resource: str
    actions: tuple[str, ...]
    at: Number
    partly: bool = False


class BundleView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group or role. ``row``: what it alone gives, everywhere."""

    name: str
    label: str | None
    row: Number
    at: Number
    roles: tuple[str, ...] = ()
    may_assign: tuple[str, ...] = ()
    portal: str | None = None
    protected: bool = False
    essential: bool = False
    says: tuple[StatementView, ...] = ()


class HeldView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A group or role that is given to somebody, whether it is active now or not."""

    kind: Literal["group", "role"]
    name: str
    by: Literal["integration", "group", "job", "assignment"]
    at: tuple[Number, ...]
    place: str | None = None
    start: str | None = None
    until: str | None = None
    because: str | None = None
    approved: str | None = None
    lost: bool = False


class SpanView(msgspec.Struct, frozen=True, array_like=True):
    """From an instant on, up to, not including, another one; null is open. ``row``: what can be done then."""

    since: datetime.datetime | None
    until: datetime.datetime | None
    row: Number


class PersonView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A user or an integration."""

    id: str
    label: str | None
    at: Number
    spans: tuple[SpanView, ...]
    held: tuple[HeldView, ...] = ()
    own: tuple[str, ...] = ()
    integration: bool = False
    job: str | None = None
    superuser: bool = False
    terminated: bool = False


class UsedView(msgspec.Struct, frozen=True):
    """How often a log has that somebody did something of what is held, and on which day last."""

    count: int
    last: datetime.date | None


class LogView(msgspec.Struct, frozen=True):
    """From which day to which a log goes."""

    since: datetime.date
    until: datetime.date


class HolderView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who holds what is to be reviewed, and by what: in words, with its dates, its reason and its approval. ``used``:
    what the log says of it.
    """

    id: str
    label: str | None
    source: str
    at: Number
    since: str | None = None
    until: str | None = None
    because: str | None = None
    approved: str | None = None
    used: UsedView | None = None


class ReviewItem(msgspec.Struct, frozen=True):
    """Something to look at again. ``due`` is null for what was never reviewed."""

    kind: Literal["role", "group", "integration", "user"]
    name: str
    label: str | None
    every: str
    last: datetime.date | None
    due: datetime.date | None
    overdue: bool
    holders: tuple[HolderView, ...]
    gives: tuple[str, ...]
    at: Number


class ReviewPage(msgspec.Struct, frozen=True):
    """What one reviewer has to look at; ``reviewer`` is null where no line names one."""

    reviewer: str | None
    label: str | None
    items: tuple[ReviewItem, ...]


class RuleView(msgspec.Struct, frozen=True):
    name: str
    family: str
    summary: str
    why: str


class Part(msgspec.Struct, frozen=True):
    """What a document is restricted to; nothing where it is about all."""

    users: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        return not (self.users or self.roles or self.resources)


WHOLE = Part()


class ChangeView(msgspec.Struct, frozen=True):
    """What is different from an older version, ``old`` as the user names it. Null on a side where the set is not."""

    old: str
    report: SetReport


class AccessDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the application shows of one policy set as of an instant.

    ``rows``: for each row the numbers of an action and a cell by turns. ``findings``: as ``policylang check --format
    json`` has them, with the command that shows each again and the declaration it is in. ``everyone``: denies for all.
    ``change``: null unless it was compared with something. ``log``: null unless there is a log of what people did.
    """

    version: int = VERSION
    tool: str
    policies: tuple[str, ...]
    digest: str
    now: datetime.datetime
    timezone: str
    part: Part
    places: tuple[LinesView, ...]
    scope: tuple[str, ...]
    sites: tuple[PlaceView, ...]
    resources: tuple[ResourceView, ...]
    request: tuple[AttributeView, ...]
    texts: tuple[str, ...]
    ways: tuple[WayView, ...]
    cells: tuple[CellView, ...]
    rows: tuple[tuple[Number, ...], ...]
    groups: tuple[BundleView, ...]
    roles: tuple[BundleView, ...]
    people: tuple[PersonView, ...]
    everyone: tuple[StatementView, ...]
    rules: dict[str, RuleView]
    findings: tuple[dict[str, Any], ...]
    agenda: Agenda
    reviews: tuple[ReviewPage, ...]
    log: LogView | None
    change: ChangeView | None
