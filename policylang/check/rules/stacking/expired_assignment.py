"""PL307: an assignment that has ended."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted
from policylang.check.stacks import alike
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.clock import is_over
from policylang.runtime.grants import begun_or_ended

RULE = Rule(
    code="PL307",
    name="expired-assignment",
    family="stacking",
    severity="warning",
    security="low",
    summary="an assignment that has ended",
    why="It no longer grants anything, and everybody who reads the user's list of roles has to notice that.",
    bad="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader until 2026-03-31 }   #! PL307
""",
    good="""\
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test"
""",
    near="""\
timezone "UTC"
resource doc { actions view }
role reader { grant view on doc }
user "ada@acme.test" { assign role reader until 2026-11-21 }
user "ben@acme.test" { assign role reader from 2027-01-01 until 2027-03-31 }
""",
    since="0.1.0",
    fix="suggested",
)


def check(world: World) -> Iterator[Finding]:
    """The last day lies before the day of the check, in the policy set's timezone: on its last day an assignment still
    holds. It stands on the assignment; users who have all the same are one finding. So is an integration that is over.
    """
    timezone, day = world.index.timezone, world.today.isoformat()
    for users, user in alike(world):
        for each in world.whole.users[user.id].assignments:
            if is_over(each, world.now, timezone):
                yield _finding(users, each)
    for integration in world.policy_set.integrations:
        if integration.until is not None and integration.until < day:
            yield Finding(
                code="PL307",
                message=f"the integration `{integration.name}` ended on {integration.until}",
                at=integration.at,
                help="delete it, or set a later `until` if it is still needed",
            )


def _finding(users: list[str], assignment: ir.Assignment) -> Finding:
    return Finding(
        code="PL307",
        message=f"the assignment of `{assignment.role}` to {counted(users)} {begun_or_ended(assignment, 'ended')}",
        at=assignment.at,
        users=tuple(users),
        help="delete it, or set a later `until` if it is still needed",
    )
