"""Findings of rules, and the situations that show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from policylang.analysis.query import Witness
from policylang.analysis.witness import user_values, with_others
from policylang.check.world import World
from policylang.diagnostics import Related
from policylang.ir.nesting import Name
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.reference import Decision, answer
from policylang.runtime.request import Request
from policylang.runtime.sources import RightsSource
from policylang.source import Location

_FEW = 5
"""Findings of a rule about all of a policy set that are not yet one finding."""


class Who(msgspec.Struct, frozen=True):
    """Who makes the request of a witness: a user, or somebody made up who has just these roles or that group.

    ``roles``: ``guard``, or ``guard@site:HQ`` for one given at a place. ``id``: whom they were made up as, where a
    condition names that user.
    """

    user: str | None = None
    roles: tuple[tuple[str, str | None], ...] = ()
    group: str | None = None
    id: str | None = None


def somebody_with(*sources: RightsSource) -> Who:
    """Somebody made up who has just these sources, one group at most among them."""
    group = next((each.name for each in sources if each.kind == "group"), None)
    return Who(roles=tuple((each.name, each.place) for each in sources if each.kind == "role"), group=group)


class Shown(msgspec.Struct, frozen=True):
    """A request with the answer that it gets: the evidence of a finding."""

    who: Who
    action: str
    witness: Witness
    allowed: bool
    field: str | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found, without the severity, which is the configuration's.

    ``shown`` is evidence, tried on the reference decision before the finding is reported; ``proved`` says in words what
    can never happen, where that is what was found. ``policies``: the role that would do in place of several, as policy
    text, the only part of a finding that has several lines. ``unproved``: the question could not be settled within its
    budget. ``complete_only``: it holds for complete records, and not for every record; no fix relies on it. ``users``:
    those whom it concerns. ``held``: the roles and groups that one has to have for it together, where that is not the
    one in which it stands. ``subjects``: what else it is about, whole, where the message may leave out some. A baseline
    tells by ``users`` and ``subjects`` what is new in a finding that it knows. ``urgency``: of findings of one
    severity, those with more come first.
    """

    code: str
    message: str
    at: str
    help: str | None = None
    policies: str = ""
    related: tuple[Related, ...] = ()
    shown: tuple[Shown, ...] = ()
    proved: str | None = None
    unproved: bool = False
    complete_only: bool = False
    users: tuple[str, ...] = ()
    held: tuple[Name, ...] = ()
    subjects: tuple[str, ...] = ()
    urgency: int = 0

    @property
    def about(self) -> tuple[str, ...]:
        """All that a finding is about and that may grow without making another finding of it."""
        return *self.users, *self.subjects


class WitnessError(AssertionError):
    """A witness that the reference does not confirm: a mistake in a rule or in the analysis, never in a policy."""


def related(at: str, message: str) -> Related:
    """Another place that a finding speaks of."""
    return Related(Location.parse(at), message)


def counted(users: Sequence[str], most: int = 3) -> str:
    """A few of the names, and how many more there are."""
    named = ", ".join(f"`{user}`" for user in users[:most])
    return named if len(users) <= most else f"{named} and {len(users) - most:,} more"


def people(users: Sequence[str]) -> str:
    """```ann```, ``3 users (`ann`, `ben`, `cy`)``, ``2,000 users (`ann`, `ben`, `cy` and 1,997 more)``"""
    if len(users) == 1:
        return f"`{users[0]}`"
    return f"{len(users):,} users ({counted(users, 5 if len(users) <= 5 else 3)})"


def together(found: Sequence[Finding], subjects: Sequence[str], message: str, help: str) -> Iterator[Finding]:
    """The findings, or one in their place if there are more than a few: what a policy set does not do at all is one
    finding, not one for each that could. ``subjects``: what each of them is about.
    """
    if len(found) <= _FEW:
        yield from found
        return
    first = min(found, key=lambda each: Location.parse(each.at))
    yield msgspec.structs.replace(
        first,
        message=message,
        help=help,
        related=(),
        users=tuple(sorted({user for each in found for user in each.users})),
        subjects=(*subjects, *(each for one in found for each in one.subjects)),
    )


def show(world: World, who: Who, action: str, witness: Witness, *, allowed: bool, field: str | None = None) -> Shown:
    """A witness as evidence that the request is decided so. Raises `WitnessError` if it is not."""
    shown = Shown(who, action, witness, allowed, field)
    if replay(world, shown).allowed != allowed:
        raise WitnessError(f"{'not ' if allowed else ''}allowed, against what was claimed: {shown}")
    return shown


def replay(world: World, shown: Shown) -> Decision:
    """What the reference decides about a piece of evidence."""
    index, user, witness = world.index, shown.who.user, shown.witness
    if user is None:
        values = user_values(index, witness.attributes)
        index, user = hypothetical(index, shown.who.roles, shown.who.group, attributes=values, named=shown.who.id)
    index = with_others(index, witness.users)
    asked = Request(user, shown.action, witness.resource, witness.record, witness.now, witness.request, shown.field)
    return answer(index, asked)
