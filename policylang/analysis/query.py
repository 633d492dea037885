"""What can be asked of conditions, and the three answers: Sat with a witness, Unsat, Unknown."""

from __future__ import annotations

import datetime
from enum import IntEnum
from typing import Any, Final

import msgspec

from policylang.analysis.formula import Formula
from policylang.analysis.satisfiability import NoWitness

SHORTEST = datetime.timedelta(microseconds=1)
"""Between one instant and the next."""


class Assumed(IntEnum):
    """What a question takes for given of records, requests and users: what stands here, and what stands before it. What
    is proved holds only where that is so.
    """

    ANYTHING = 0
    """Nothing, whatever they lack: what a proof is about unless it says otherwise."""
    TYPED = 1
    """Values are of their types; about one that is not, every condition is unknown."""
    PROPOSED = 2
    """A new record may lack anything, since nobody has to set what is required; those that it leads to have every
    attribute that is not optional.
    """
    COMPLETE = 3
    """So has the record itself."""
    AS_DECLARED = 4
    """So have requests, and somebody whom nobody has declared."""


ANYTHING: Final = Assumed.ANYTHING
TYPED: Final = Assumed.TYPED
PROPOSED: Final = Assumed.PROPOSED
COMPLETE: Final = Assumed.COMPLETE
AS_DECLARED: Final = Assumed.AS_DECLARED


class MadeUp(msgspec.Struct, frozen=True, gc=False):
    """Somebody made up, whom no condition names, with whatever attributes a user may have; or else, if ``or_named``, a
    user whom the formula names, with whatever attributes as well.
    """

    or_named: bool


class DeclaredUser(msgspec.Struct, frozen=True, gc=False):
    """A user or integration as declared; one whom nobody has declared may have any attributes."""

    id: str


class NamedUser(msgspec.Struct, frozen=True, gc=False):
    """Somebody with this id and whatever attributes a user may have, whatever is declared."""

    id: str


Requester = MadeUp | DeclaredUser | NamedUser
"""Who makes the request."""

SOMEBODY: Final = MadeUp(or_named=False)
ANYBODY: Final = MadeUp(or_named=True)


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

    @property
    def is_at_one_instant(self) -> bool:
        """Whether ``now`` is the only instant asked about."""
        return self.since == self.now and self.until == self.now + SHORTEST

    def is_open(self, now: datetime.datetime) -> bool:
        """Whether the instant is one of those asked about."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)


def at_one_instant(formula: Formula, resource: str, now: datetime.datetime, assumed: Assumed, who: Requester) -> Query:
    """Whether the formula can hold at ``now``."""
    return Query(formula, resource, now, assumed, who, now, now + SHORTEST)


class Witness(msgspec.Struct, frozen=True, gc=False):
    """A concrete situation. ``record``, ``request`` and ``attributes`` hold values as JSON does; times are texts.

    ``attributes`` are those of the user, where anybody may ask. ``user``: who that has to be, if it matters.
    """

    resource: str
    record: dict[str, Any]
    request: dict[str, Any]
    attributes: dict[str, Any]
    now: datetime.datetime
    users: dict[str, dict[str, Any]] = {}
    """Attributes of others made up, by their ids, where nobody in the policy set has such."""
    user: str | None = None


class Sat(msgspec.Struct, frozen=True, gc=False):
    """The formula can hold, and here it does."""

    witness: Witness


Answer = Sat | NoWitness
