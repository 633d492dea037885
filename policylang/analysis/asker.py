"""Who asks, when, and about which records: what a question about conditions takes for given."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec

from policylang.model import conditions as c
from policylang.model.types import SetType
from policylang.runtime.hypothetical import somebody
from policylang.runtime.index import Index
from policylang.runtime.residual import NO_RECORD, as_value
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING

SHORTEST = datetime.timedelta(microseconds=1)
"""Between one instant and the next."""


class Assumed(msgspec.Struct, frozen=True):
    """What a question takes for given of records, requests and users. What is proved holds only where that is so.

    ``records``: the record has every attribute that is not optional, and ``related``: so have those that it leads to;
    ``request``: so has the request; ``users``: so has somebody whom nobody has declared. ``types``: values are of their
    types; about one that is not, every condition is unknown.
    """

    records: bool = False
    related: bool = False
    request: bool = False
    users: bool = False
    types: bool = False


ANYTHING = Assumed()
"""Any record, request and user, whatever they lack: what a proof is about unless it says otherwise."""
TYPED = Assumed(types=True)
"""Any, as long as values are of their types."""
COMPLETE = Assumed(records=True, related=True, types=True)
"""Complete records, which lead to complete ones; requests and users may lack anything."""
PROPOSED = Assumed(related=True, types=True)
"""A new record may lack anything, since nobody has to set what is required; it leads to complete ones."""
AS_DECLARED = Assumed(records=True, related=True, request=True, users=True, types=True)
"""Nothing is missing that is not optional."""


class Asker(msgspec.Struct, frozen=True):
    """A question is about records of ``resource``, for ``user``; for somebody made up, whom no condition names, with
    whatever attributes a user may have, if that is ``None``. A user whom nobody has declared may have any attributes
    as well, and so may one who is ``anyhow``, whatever is declared. ``now`` is the instant that a witness has if any
    will do; aware, in UTC. Others are open from ``since`` on, up to, not including, ``until``, where these are given.
    """

    index: Index
    resource: str
    now: datetime.datetime
    user: str | None = None
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None
    assumed: Assumed = ANYTHING
    anyhow: bool = False

    @property
    def is_made_up(self) -> bool:
        """Whether it is somebody as nobody has declared them, so that any attributes will do."""
        if self.user is None or self.anyhow:
            return True
        return not self.index.knows(self.user)

    @property
    def is_one_instant(self) -> bool:
        """Whether ``now`` is the only instant asked about."""
        return self.since == self.now and self.until == self.now + SHORTEST

    def is_open(self, now: datetime.datetime) -> bool:
        """Whether the instant is one of those asked about."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)

    @property
    def id(self) -> str:
        return somebody(self.index) if self.user is None else self.user

    def known(self, operand: c.Operand) -> c.Operand | None:
        """The operand, with a constant in place of what is known of a user; ``None`` where that is missing."""
        if isinstance(operand, c.Constant) or operand.root != "subject":
            return operand
        if not operand.steps:
            return c.Constant(operand.type, self.id, operand.at)
        if self.is_made_up:
            return operand
        found = self._declared(operand)
        if found is MISSING or isinstance(operand.type, SetType):
            return None
        return c.Constant(operand.type, as_value(operand.type, found), operand.at)

    def known_set(self, operand: c.Operand) -> tuple[c.Value, ...] | None:
        """The values of a set of a known user; ``None`` for a set that is not known."""
        if isinstance(operand, c.Constant) or operand.root != "subject" or self.is_made_up:
            return None
        found = self._declared(operand)
        if found is MISSING:
            return None
        assert isinstance(operand.type, SetType)
        return tuple(as_value(operand.type.of, each) for each in found)

    def _declared(self, operand: c.Path) -> Any:
        return value(operand, Situation(self.index, self.id, self.resource, NO_RECORD, NO_RECORD, self.now))
