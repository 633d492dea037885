"""The proof that a change takes nothing that was used and gives nobody anything; a proposal without one is not made."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator

import msgspec

from policylang.check.finding import counted
from policylang.check.privileges import on
from policylang.diff.compare import compare
from policylang.diff.report import Change, Report
from policylang.ir import nodes as ir
from policylang.usage.replay import Replay

_SAMPLE = 50
"""So many uses are decided by the reference as well: a second path beside the proof."""


class Certification:
    """A change on trial: ``objections`` say why it must not be made, ``lost`` what it takes and from whom."""

    def __init__(
        self,
        replay: Replay,
        before: ir.PolicySet,
        after: ir.PolicySet,
        now: datetime.datetime,
        made: Collection[str] = (),
    ) -> None:
        """``before``: as the proposals so far leave it. The log is replayed on what all of them together leave.
        ``made``: roles that were not there before; what one grants is nobody's until it is given to somebody.
        """
        report = compare(before, after, now)
        changes = tuple(each for each in report.changes if not _is_of_role(each, made))
        report = msgspec.structs.replace(report, changes=changes)
        self.objections = (*_unreplayed(replay, after), *_objections(report))
        self.lost = tuple(_lost(report))
        self.is_felt = any(each.is_of_users or each.users for each in report.changes)
        """Whether anybody loses anything, and not only a role what its holders cannot do anyway."""


def _is_of_role(change: Change, made: Collection[str]) -> bool:
    """Whether a change is of new roles alone, and of nobody who has them."""
    return not change.users and all(each.kind == "role" and each.name in made for each in change.subjects)


def _unreplayed(replay: Replay, after: ir.PolicySet) -> Iterator[str]:
    lost = list(replay.lost(after))
    for use in lost[:1]:
        more = f", and {len(lost) - 1:,} more such things" if len(lost) > 1 else ""
        yield f"`{use.user}` did {use.action} on `{use.resource}` on {use.last.date()}, and could not any more{more}"
    if not lost:
        for use in list(replay.denied(after, _SAMPLE))[:1]:
            yield f"the reference denies `{use.user}` {use.action} on `{use.resource}`, which was done"


def _objections(report: Report) -> Iterator[str]:
    """What a change must not do besides: give anybody anything, leave anything unproved, or change what a log cannot
    show.
    """
    for change in report.changes:
        if change.widens:
            yield f"{change.whose} could do more: {_permissions(change)}"
        elif change.unproved:
            yield f"of {change.whose} it is not proved what changes: {_permissions(change)}"
    for statement in report.statements:
        said = "; ".join((*statement.removed, *statement.added))
        if statement.widens:
            yield f"it loosens what is said of {statement.subject}: {said}"
        elif statement.topic == "eligibility":
            yield f"it changes who may be written into a record, which the log does not show: {statement.subject}"


def _lost(report: Report) -> Iterator[str]:
    """What a change takes, and from whom, in words."""
    for change in report.changes:
        users = [] if change.is_of_users or not change.users else [f" ({counted(change.users)})"]
        verb = "lose" if len(change.subjects) > 1 else "loses"
        if change.kind == "narrowed":
            verb = f"{verb} part of"
        yield f"{change.whose}{''.join(users)} {verb} {_permissions(change)}"


def _permissions(change: Change) -> str:
    return "; ".join(on(each.actions, each.resource, each.fields or ()) for each in change.permissions)
