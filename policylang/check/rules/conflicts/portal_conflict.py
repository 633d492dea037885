"""PL210: a user with roles of different portals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.runtime.grants import profile
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL210",
    name="portal-conflict",
    family="conflicts",
    severity="error",
    security="medium",
    summary="a user with roles of different portals",
    why=(
        "A user comes in through one front door. What the roles of another portal grant is out of reach, or "
        "worse: it lets somebody in through the wrong door, such as a client into the staff portal."
    ),
    bad="""\
resource doc { actions view }
role guard { portal staff  grant view on doc }
role customer { portal client  grant view on doc }
user "amy@acme.test" {   #! PL210
  assign role guard
  assign role customer
}
""",
    good="""\
resource doc { actions view }
role guard { portal staff  grant view on doc }
user "amy@acme.test" { assign role guard }
""",
    near="""\
resource doc { actions view }
role guard { portal staff  grant view on doc }
role customer { portal client  grant view on doc }
role analyst { grant view on doc }
user "amy@acme.test" {
  assign role guard until 2027-05-31
  assign role customer from 2027-06-01
  assign role analyst
}
""",
    since="0.1.0",
)

_Doors = dict[str, str]
"""Portals, each with the first role that belongs to it."""


def check(world: World) -> Iterator[Finding]:
    """The roles of a user are those of the group, of the job and of all assignments, with the roles inside them, as far
    as the dates overlap. The places do not matter: a portal has none.
    """
    known: dict[RightsSource, _Doors] = {}

    def doors(sources: Iterable[RightsSource]) -> _Doors:
        found: _Doors = {}
        for source in sources:
            if source not in known:
                known[source] = _doors(world, source)
            for portal, role in known[source].items():
                found.setdefault(portal, role)
        return found

    for kind in world.user_classes:
        if len(doors(profile(world.index, kind.first, None).sources)) < 2:
            continue
        for _period, who in world.periods(kind.first):
            found = doors(who.sources)
            if len(found) > 1:
                yield _finding(world, kind, found)
                break


def _doors(world: World, source: RightsSource) -> _Doors:
    found: _Doors = {}
    for chain in world.chains(source):
        bundle = chain[-1]
        if isinstance(bundle, ir.Role) and bundle.portal is not None:
            found.setdefault(bundle.portal, bundle.name)
    return found


def _finding(world: World, kind: UserClass, doors: _Doors) -> Finding:
    roles = [f"`{role}` of portal `{portal}`" for portal, role in doors.items()]
    have = "has" if len(kind.users) == 1 else "have"
    return Finding(
        code="PL210",
        message=f"{counted(kind.users)} {have} roles of different portals: {listed(roles, 'and')}",
        at=kind.declared.at,
        users=kind.users,
        help="use a second account for the other portal, or remove one of the roles",
        related=tuple(related(world.index.roles[role].at, f"role `{role}`") for role in doors.values()),
    )
