"""PL212: a role assigned twice to one user, for overlapping times and places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from policylang.check.finding import Finding, counted, related
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule
from policylang.runtime.clock import overlapping
from policylang.runtime.grants import Holding, holdings
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


def check(world: World) -> Iterator[Finding]:
    """Places overlap if one is the other or around it, times if they share a day. What the job brings is given
    everywhere and always. Roles inside a group or another role are not given. The finding stands on the last of the
    assignments that overlap, one for a user and a role.
    """
    for kind in world.user_classes:
        given: dict[str, list[Holding]] = {}
        for each in holdings(world.index, kind.first, None) if kind.declared.assignments else ():
            if each.by in ("job", "assignment") and not each.lost:
                given.setdefault(each.source.name, []).append(each)
        for role, holdings_ in given.items():
            yield from _role(world, kind, role, holdings_)


def _role(world: World, kind: UserClass, role: str, given: list[Holding]) -> Iterator[Finding]:
    places = {each.at[0] for pair in combinations(given, 2) if _overlap(world, *pair) for each in pair}
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


def _overlap(world: World, one: Holding, other: Holding) -> bool:
    """What the job brings is for always."""
    return world.index.meet(one.source.place, other.source.place) and (
        one.assignment is None
        or other.assignment is None
        or overlapping(one.assignment, other.assignment, world.index.timezone)
    )
