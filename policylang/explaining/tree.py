"""An explanation as data: frozen structs that encode to JSON as they are.

Texts hold what records and policy files hold, shortened; whatever prints them makes invisible characters visible.
``at`` leads back to a policy file, ``path:line:column-line:column``. ``truth`` is true, false, or null for unknown.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from policylang.model.conditions import At
from policylang.runtime.reference import Decision


class ExplainedRequest(msgspec.Struct, frozen=True):
    """The request. ``kind``: what the action is like, null where it is like none or unknown. ``now`` is UTC;
    ``changes`` are the names of the attributes that would be written.
    """

    user: str
    action: str
    kind: Literal["view", "create", "modify", "delete"] | None
    resource: str
    field: str | None
    now: str
    changes: tuple[str, ...]


class Tested(msgspec.Struct, frozen=True):
    """A test that decides a condition, with the values that it compared."""

    text: str
    truth: bool | None
    at: At


class ExplainedLimit(msgspec.Struct, frozen=True):
    """A policy on the record. ``at`` is the policy, ``attached`` the line that attaches it, ``said_by`` whose line.

    ``tests``: what decides it, where it is not true; ``more``: how many further tests were left out.
    """

    policy: str
    instance: str
    condition: str
    said_by: str
    truth: bool | None
    tests: tuple[Tested, ...]
    more: int
    at: At
    attached: At


class Obstacle(msgspec.Struct, frozen=True):
    """What stands in a way. One of kind ``field`` leaves the way open, but not for an attribute that was asked for."""

    kind: Literal["inactive", "place", "limit", "field"]
    text: str
    truth: bool | None
    tests: tuple[Tested, ...]
    more: int
    at: At | None


class Provenance(msgspec.Struct, frozen=True):
    """Where the user has a source from."""

    kind: Literal["group", "job", "assignment", "integration"]
    text: str
    at: At


class ExplainedWay(msgspec.Struct, frozen=True):
    """A grant of the action in a source that the user has, or would have.

    ``chain``: the source and the roles inside it down to what says the grant. ``open``: it opens the action on the
    record. ``held``: limits that are true. ``overridden``: the user's own policies replace the group's.
    """

    source: str
    chain: tuple[str, ...]
    given: Provenance
    fields: tuple[str, ...]
    open: bool
    obstacles: tuple[Obstacle, ...]
    held: tuple[ExplainedLimit, ...]
    overridden: bool
    because: str | None
    at: At


class Required(msgspec.Struct, frozen=True):
    """A requirement of the action; ``all`` and ``any`` have ``items``, the others are what is met or not."""

    kind: Literal["all", "any", "grant", "feature", "superuser"]
    text: str
    met: bool
    items: tuple[Required, ...]
    at: At


class Denied(msgspec.Struct, frozen=True):
    """A deny of the action. One whose condition is unknown applies. ``fields`` null: it takes the whole record."""

    said_by: str
    fields: tuple[str, ...] | None
    condition: str | None
    truth: bool | None
    applies: bool
    tests: tuple[Tested, ...]
    more: int
    because: str | None
    at: At


class Covered(msgspec.Struct, frozen=True):
    """An attribute that the request asks for or writes. ``at`` is the deny that takes it away, if one does."""

    field: str
    covered: bool
    text: str
    at: At | None


class AssignedValue(msgspec.Struct, frozen=True):
    """What is written into an attribute, and whether it may stand there."""

    field: str
    fits: bool
    text: str


class Moment(msgspec.Struct, frozen=True):
    """What decides about the record at one moment: as it is, or before and after a change.

    ``open``: the action is open on the record at all. ``left_out``: how many further ways there are, none of them open
    unless all that are listed are.
    """

    when: Literal["as it is", "before the change", "after the change", "before and after the change"]
    open: bool
    bypasses_policies: bool
    ways: tuple[ExplainedWay, ...]
    left_out: int
    requires: Required | None
    appends: tuple[ExplainedLimit, ...]
    denies: tuple[Denied, ...]
    fields: tuple[Covered, ...]


class SuggestedEdit(msgspec.Struct, frozen=True):
    """One change to the record, the request, the user or the policies: in words, and for `applied`."""

    kind: Literal[
        "record",
        "request",
        "changes",
        "leave_out",
        "user",
        "assign",
        "extend",
        "reinstate",
        "group",
        "superuser",
        "feature",
        "remove_deny",
        "remove_append",
        "grant",
    ]
    text: str
    data: dict[str, Any]


class Explanation(msgspec.Struct, frozen=True):
    """Why a request is allowed or denied, and what would allow it.

    ``problem``: what about the request itself kept it from being decided; ``did_you_mean`` the name that may have been
    meant. ``smallest_change``: the fewest edits found that allow it, tried out; empty where none was found.
    ``ruled_out``: the values of the record and the request that conditions look at, where it is proved that the request
    is denied whatever they are; else empty.
    """

    asked: ExplainedRequest
    decision: Decision
    problem: str | None
    did_you_mean: str | None
    moments: tuple[Moment, ...]
    written: tuple[AssignedValue, ...]
    smallest_change: tuple[SuggestedEdit, ...]
    ruled_out: tuple[str, ...]
