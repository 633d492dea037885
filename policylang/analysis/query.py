"""What can be asked of conditions, and the three answers: Sat with a witness, Unsat, Unknown."""

from __future__ import annotations

import datetime
from typing import Final

import msgspec

from policylang.analysis.asker import SHORTEST, Assumed
from policylang.analysis.formula import Formula
from policylang.analysis.satisfiability import NoWitness
from policylang.analysis.witness import Witness


class Hypothetical(msgspec.Struct, frozen=True, gc=False):
    """Somebody made up, whom no condition names, with whatever attributes a user may have."""


class Anybody(msgspec.Struct, frozen=True, gc=False):
    """Somebody made up, or a user whom the formula names, in each case with whatever attributes."""


class DeclaredUser(msgspec.Struct, frozen=True, gc=False):
    """A user or integration as declared; one whom nobody has declared may have any attributes."""

    id: str


class NamedUser(msgspec.Struct, frozen=True, gc=False):
    """Somebody with this id and whatever attributes a user may have, whatever is declared."""

    id: str


Requester = Hypothetical | Anybody | DeclaredUser | NamedUser
"""Who makes the request."""

SOMEBODY: Final = Hypothetical()
ANYBODY: Final = Anybody()


class Query(msgspec.Struct, frozen=True, gc=False):
    """Whether there is a situation in which the formula holds: a record of ``resource``, a request by ``who``, an
    instant from ``since`` on, up to, not including, ``until``, where these are given. It is about those records,
    requests and users only of which what is ``assumed`` is true. ``now``: the instant that a witness has if any will
    do. Instants are aware, in UTC.
    """

    formula: Formula
    resource: str
    now: datetime.datetime
    assumed: Assumed
    who: Requester = SOMEBODY
    since: datetime.datetime | None = None
    until: datetime.datetime | None = None


def at_one_instant(formula: Formula, resource: str, now: datetime.datetime, assumed: Assumed, who: Requester) -> Query:
    """Whether the formula can hold at ``now``."""
    return Query(formula, resource, now, assumed, who, now, now + SHORTEST)


class Sat(msgspec.Struct, frozen=True, gc=False):
    """The formula can hold, and here it does."""

    witness: Witness


Answer = Sat | NoWitness
