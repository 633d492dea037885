"""What is proposed to be taken out or narrowed, for programs."""

from __future__ import annotations

import datetime

import msgspec

from policylang.usage.proposals import ChangeCause, NotTaken


class TakenOut(msgspec.Struct, frozen=True):
    """One thing that is taken out or narrowed, and how many people have it. ``last``: when it was used last; null for
    never, as far as the log goes.
    """

    what: str
    users: int
    last: datetime.date | None
    at: str


class MadeProposal(msgspec.Struct, frozen=True):
    """A change that is proved, as the patch that makes it. ``lost``: what whoever has it loses, in words.

    ``cause``: nobody has used it (``unused``), everybody who has is granted it elsewhere as well (``doubled``), or it
    is limited to what was asked for (``narrowed``), or several roles of the same people become one (``joined``).
    """

    patch: str
    cause: ChangeCause
    title: str
    parts: tuple[TakenOut, ...]
    lost: tuple[str, ...]


class NotMade(msgspec.Struct, frozen=True):
    """A change that could not be proved to be harmless, and why."""

    cause: ChangeCause
    title: str
    parts: tuple[TakenOut, ...]
    why: tuple[str, ...]


class RightsizeReport(msgspec.Struct, frozen=True):
    """``events``: those of the log that were allowed, all of which still are; but for ``never_allowed``, which the
    policy set does not allow. ``covered``: the log has ``days`` days.
    """

    since: datetime.datetime
    until: datetime.datetime
    now: datetime.datetime
    days: int
    covered: bool
    events: int
    never_allowed: int
    proposals: tuple[MadeProposal, ...]
    not_made: tuple[NotMade, ...]
    left: tuple[NotTaken, ...]
    elsewhere: tuple[TakenOut, ...]
