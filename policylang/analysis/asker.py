"""Who asks a query: what is known of them, and what may be anything."""

from __future__ import annotations

from typing import Any

import msgspec

from policylang.analysis.query import DeclaredUser, NamedUser, Query
from policylang.model import conditions as c
from policylang.model.types import SetType
from policylang.runtime.hypothetical import somebody
from policylang.runtime.index import Index
from policylang.runtime.residual import NO_RECORD, as_value
from policylang.runtime.truth import Situation, value
from policylang.runtime.values import MISSING


class Asker(msgspec.Struct, frozen=True):
    """A query about the policy set of an index, in which the one who asks is known as far as they are declared."""

    index: Index
    query: Query

    @property
    def is_made_up(self) -> bool:
        """Whether it is somebody as nobody has declared them, so that any attributes will do."""
        who = self.query.who
        return not isinstance(who, DeclaredUser) or not self.index.knows(who.id)

    @property
    def id(self) -> str:
        who = self.query.who
        return who.id if isinstance(who, DeclaredUser | NamedUser) else somebody(self.index)

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
        return value(operand, Situation(self.index, self.id, self.query.resource, NO_RECORD, NO_RECORD, self.query.now))
