"""PL212: a role assigned twice to one user, for overlapping times and places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import msgspec

from policylang.check.finding import Finding, counted, related
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.clock import overlapping
from policylang.source import Location

RULE = Rule(
    code="PL212",
    name="overlapping-assignment",
    family="conflicts",
    severity="warning",
    security="low",
    summary="a role assigned twice to one user, for overlapping times and places",
    why=("Removing one of the two changes nothing, and people find out when somebody should have lost the role."),
    bad="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource doc { site : site  actions view }
role guard { grant view on doc }
user "amy@acme.test" {
  assign role guard at region "North"
  assign role guard at site "HQ" from 2027-01-01 until 2027-03-31   #! PL212
}
""",
    good="""\
scope region contains site
place region "North"
place site "HQ" in "North"
resource doc { site : site  actions view }
role guard { grant view on doc }
user "amy@acme.test" { assign role guard at region "North" }
""",
    near="""\
scope region contains site
place region "North"
place site "HQ" in "North"
place site "Mill" in "North"
resource doc { site : site  actions view }
role guard { grant view on doc }
user "amy@acme.test" {
  assign role guard at site "HQ"
  assign role guard at site "Mill" until 2027-03-31
}
user "bob@acme.test" {
  assign role guard at site "HQ" until 2027-03-31
  assign role guard at site "HQ" from 2027-04-01
}
""",
    since="0.1.0",
    fix="safe",
)


class _Given(msgspec.Struct, frozen=True):
    """A role as an assignment or the job gives it."""

    at: str
    place: str | None
    assignment: ir.Assignment | None = None


def check(world: World) -> Iterator[Finding]:
    """Places overlap if one is the other or around it, times if they share a day. What the job brings is given
    everywhere and always. Roles inside a group or another role are not given. The finding stands on the last of the
    assignments that overlap, one for a user and a role.
    """
    for kind in world.user_classes:
        user = kind.declared
        given = _given(world, user) if user.assignments else {}
        for role, each in given.items():
            if len(each) > 1 and (not user.terminated or world.index.roles[role].essential):
                yield from _role(world, kind, role, each)


def _given(world: World, user: ir.User) -> dict[str, list[_Given]]:
    found: dict[str, list[_Given]] = {}
    if user.job is not None:
        for ref in world.index.jobs[user.job.name].roles:
            found.setdefault(ref.name, []).append(_Given(user.job.at, None))
    for a in user.assignments:
        found.setdefault(a.role, []).append(_Given(a.at, a.place, a))
    return found


def _role(world: World, kind: UserClass, role: str, given: list[_Given]) -> Iterator[Finding]:
    places = {each.at for pair in combinations(given, 2) if _overlap(world, *pair) for each in pair}
    if places:
        *others, last = sorted(places, key=Location.parse)
        yield Finding(
            code="PL212",
            message=f"`{role}` is assigned more than once to {counted(kind.users)}, for overlapping times and places",
            at=last,
            users=kind.users,
            help="keep one of them, or move the dates or places apart",
            related=tuple(related(at, "assigned here") for at in others),
        )


def _overlap(world: World, one: _Given, other: _Given) -> bool:
    covers, timezone = world.index.covers, world.index.timezone
    return (not one.assignment or not other.assignment or overlapping(one.assignment, other.assignment, timezone)) and (
        covers(one.place, other.place) or covers(other.place, one.place)
    )
