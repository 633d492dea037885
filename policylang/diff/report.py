"""What a comparison found, as data."""

from __future__ import annotations

import datetime
import hashlib
from typing import Annotated, Any, Literal

import msgspec

from policylang.check.finding import Shown, counted
from policylang.diagnostics import listed
from policylang.diff.comparing import DifferenceKind
from policylang.files.json_schema import schema_of

Id = Annotated[
    str, msgspec.Meta(pattern="^[0-9a-f]{32}$", description="an id of 32 digits and letters, as a comparison gives it")
]


Topic = Literal[
    "eligibility",
    "superuser",
    "may_assign",
    "granted",
    "user",
    "essential",
    "action",
    "place",
    "portal",
    "deny",
    "protected",
    "invariant",
    "separation",
    "integration",
]


FailOn = Literal["gained", "widened", "any"]
"""Which changes may not be merged without somebody looking at them."""


class Named(msgspec.Struct, frozen=True):
    """A role, a group, a job, a user or an integration."""

    kind: Literal["role", "group", "job", "user", "integration"]
    name: str


KindAndName = tuple[str, str]
"""What tells these apart."""


class Permissions(msgspec.Struct, frozen=True):
    """Actions on a resource; on the attributes ``fields`` of it, of records that are open to them in any case.

    ``removed`` and ``added``: what decides them only before and only now, where the change itself says by what that is.
    """

    resource: str
    actions: tuple[str, ...]
    fields: tuple[str, ...] | None
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


class Days(msgspec.Struct, frozen=True):
    """Days from the first to the last, both included; open where there is none."""

    first: datetime.date | None = msgspec.field(name="from")
    last: datetime.date | None = msgspec.field(name="until")


class ComparedRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request in the shape that ``policylang decide`` takes, with the answer that it gets on one side."""

    user: str | None = None
    as_roles: tuple[str, ...] = ()
    as_group: str | None = None
    as_id: str | None = None
    as_attributes: dict[str, Any] = {}
    action: str
    resource: str
    field: str | None = None
    record: dict[str, Any]
    request: dict[str, Any] = {}
    users: dict[str, dict[str, Any]] = {}
    now: datetime.datetime
    expected: Literal["allowed", "denied"]

    @classmethod
    def of(cls, shown: Shown) -> ComparedRequest:
        """A piece of evidence as it is printed. Somebody made up has roles everywhere."""
        witness = shown.witness
        return cls(
            user=shown.who.user,
            as_roles=tuple(role for role, _ in shown.who.roles),
            as_group=shown.who.group,
            as_id=shown.who.id,
            as_attributes=witness.attributes if shown.who.user is None else {},
            action=shown.action,
            resource=witness.resource,
            field=shown.field,
            record=witness.record,
            request=witness.request,
            users=witness.users,
            now=witness.now,
            expected="allowed" if shown.allowed else "denied",
        )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody can do now and could not do before, or the other way round.

    ``removed`` and ``added``: what decided it only before, and what does only now; of users who have something else
    than before, that. ``subjects``: whose it is, the roles
    and groups, or the users; in ``around``, roles and groups around these, it is the same. ``users``: those affected.
    ``days``: when, if not always. ``before`` and ``after``: one request and its answer on either side, unless it is
    ``unproved``: then it could be neither shown nor excluded. ``incomplete``: no complete record and request show it,
    only such as lack something that is not optional or have a value that is not of its type; ``lacking``: what those of
    ``before`` and ``after`` have no value for, as conditions write it.
    """

    id: Id
    kind: DifferenceKind
    subjects: tuple[Named, ...]
    around: tuple[Named, ...]
    permissions: tuple[Permissions, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]
    days: tuple[Days, ...]
    users: tuple[str, ...]
    unproved: bool
    incomplete: bool
    lacking: tuple[str, ...]
    before: ComparedRequest | None
    after: ComparedRequest | None
    because: str | None = None
    """Why it is allowed to differ, if somebody said so."""

    @property
    def widens(self) -> bool:
        """Whether more is possible than before."""
        return self.kind in ("gained", "widened")

    @property
    def whose(self) -> str:
        """``role `guard` and group `sales` ``, ``users `amy` and `bob` ``"""
        by_kind: dict[str, list[str]] = {}
        for named in self.subjects:
            by_kind.setdefault(named.kind, []).append(named.name)
        parts = [f"{kind if len(names) == 1 else f'{kind}s'} {counted(names, 4)}" for kind, names in by_kind.items()]
        return listed(parts, "and")

    @property
    def is_of_users(self) -> bool:
        return self.subjects[0].kind in ("user", "integration")

    @property
    def is_by_membership(self) -> bool:
        """Whether somebody has another role, group or policy than before, rather than these saying something else."""
        return any(each.removed or each.added for each in self.permissions)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Something else that was said and is not any more, or is now: one line of the old side, one of the new.

    ``widens``: more is possible, or less is held to be forbidden. ``users``: those affected. ``beside``: what
    somebody has to have besides, so that it counts.
    """

    id: Id
    topic: Topic
    subject: str
    removed: tuple[str, ...]
    added: tuple[str, ...]
    widens: bool
    users: tuple[str, ...]
    beside: tuple[str, ...] = ()
    because: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The differences of two policy sets, the most important first. ``notes``: what changed and changes nothing."""

    changes: tuple[Change, ...]
    statements: tuple[Statement, ...]
    notes: tuple[str, ...]

    @property
    def same_access(self) -> bool:
        return not self.changes and not self.statements


class SetReport(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one policy set. ``old`` and ``new``: what its versions were read from; null: it was not there."""

    name: str
    old: str | None
    new: str | None
    same_access: bool
    changes: tuple[Change, ...]
    statements: tuple[Statement, ...]
    notes: tuple[str, ...]


class Unused(msgspec.Struct, frozen=True):
    """An entry about a change that may be, which allowed nothing. ``over``: its last day has passed."""

    id: Id
    change: str
    because: str
    until: str | None
    over: bool


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What `policylang diff --format json` prints. ``failed``: whether the gate that was asked for is closed."""

    old: str
    new: str
    now: datetime.datetime
    fail_on: FailOn | None
    failed: bool
    sets: tuple[SetReport, ...]
    unused: tuple[Unused, ...]


def failing(report: SetReport, fail_on: FailOn) -> tuple[Change | Statement, ...]:
    """The changes of that kind which nobody allowed. What is not proved counts as a change."""
    every: tuple[Change | Statement, ...] = (*report.changes, *report.statements)
    found = [each for each in every if each.because is None]
    if fail_on != "any":
        found = [each for each in found if each.widens]
    return tuple(each for each in found if fail_on != "gained" or _gains(each))


def _gains(each: Change | Statement) -> bool:
    """Whether somebody can do something that they could not do at all."""
    if isinstance(each, Change):
        return each.kind == "gained" or each.unproved
    return each.topic == "granted" and not each.removed


def identity(*parts: Any) -> str:
    """The identity of a change: what it says, wherever that is written."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:32]


def diff_schema() -> dict[str, Any]:
    """The JSON Schema of what `policylang diff --format json` prints."""
    return schema_of(Comparison, "diff", "policylang diff")
