"""Who asks, and when: what a question about conditions takes for given."""

from __future__ import annotations

import datetime

import msgspec

from policylang.model import conditions as c
from policylang.model.types import SetType
from policylang.runtime.hypothetical import SOMEBODY
from policylang.runtime.index import Index
from policylang.runtime.residual import NO_RECORD, as_value
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING


class Asker(msgspec.Struct, frozen=True):
    """A question is about records of ``resource``, for ``user``, or for anybody, with whatever attributes a user may
    have, if that is ``None``. ``now`` is the instant that a witness has if any will do; aware, in UTC. Others are open
    from ``since`` on, up to, not including, ``until``, where these are given.

    ``incomplete``: records, requests and made-up users may also lack what is not optional, and hold values that are not
    of their type; sets may hold items that are missing.
    """

    index: Index
    resource: str
    now: datetime.datetime
    user: str | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    incomplete: bool = False

    def is_open(self, now: datetime.datetime) -> bool:
        """Whether the instant is one of those asked about."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)

    @property
    def id(self) -> str:
        return SOMEBODY if self.user is None else self.user

    def known(self, operand: c.Operand) -> c.Operand | None:
        """The operand, with a constant in place of what is known of a user; ``None`` where that is missing."""
        if isinstance(operand, c.Constant) or operand.root != "subject":
            return operand
        if not operand.steps:
            return c.Constant(operand.type, self.id, operand.at)
        if self.user is None:
            return operand
        found = value(operand, Situation(self.index, self.user, self.resource, NO_RECORD, NO_RECORD, self.now))
        if found is MISSING:
            return None
        return (
            None
            if isinstance(operand.type, SetType)
            else c.Constant(operand.type, as_value(operand.type, found), operand.at)
        )

    def known_set(self, operand: c.Operand) -> tuple[c.Value, ...] | None:
        """The values of a set of a known user; ``None`` for a set that is not known."""
        if isinstance(operand, c.Constant) or operand.root != "subject" or self.user is None:
            return None
        found = value(operand, Situation(self.index, self.user, self.resource, NO_RECORD, NO_RECORD, self.now))
        if found is MISSING:
            return None
        assert isinstance(operand.type, SetType)
        return tuple(as_value(operand.type.of, each) for each in found)
