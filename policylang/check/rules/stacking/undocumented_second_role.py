"""PL305: a second role assigned to a user without a reason."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, people, related, together
from policylang.check.privileges import is_explained
from policylang.check.stacks import alike
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.clock import overlapping
from policylang.source import Location

RULE = Rule(
    code="PL305",
    name="undocumented-second-role",
    family="stacking",
    severity="warning",
    security="low",
    summary="a second role assigned to a user without a reason",
    why=(
        "One role is somebody's job. A second one is an exception, and at the next review nobody will know what it "
        "was for, or dare to remove it."
    ),
    bad="""\
resource doc { actions view, modify }
role reader { grant view on doc }
role editor { grant modify on doc }
user "ada@acme.test" {
  assign role reader
  assign role editor   #! PL305
}
""",
    good="""\
resource doc { actions view, modify }
role reader { grant view on doc }
role editor { grant modify on doc }
user "ada@acme.test" {
  assign role reader
  assign role editor because "keeps the price list"
}
""",
    near="""\
resource doc { actions view, modify }
role reader { grant view on doc }
role editor { grant modify on doc }
job "ED" { role reader }
user "ada@acme.test" {
  assign role reader until 2027-06-30
  assign role editor from 2027-07-01
}
user "ben@acme.test" job "ED" { assign role editor }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Of the roles given directly the first that a user's declaration names is the user's work. Every further one needs
    a `because`, unless it is the same role at another place, or no day has both. What a group or a job brings is
    explained there, and is not counted. One finding for a second role beside a first one, with all users who have it
    so, on the first assignment; one for all of them where no assignment says why.
    """
    found: dict[tuple[str, str], list[tuple[list[str], ir.Assignment, ir.Assignment]]] = {}
    for users, user in alike(world):
        for number, later in enumerate(user.assignments):
            if not _counts(world, user, later) or is_explained(later.because):
                continue
            for first in user.assignments[:number]:
                if (
                    first.role != later.role
                    and _counts(world, user, first)
                    and overlapping(first, later, world.index.timezone)
                ):
                    found.setdefault((first.role, later.role), []).append((users, first, later))
                    break
    findings = tuple(_finding(given) for given in found.values())
    if any(each.because is not None for user in world.policy_set.users for each in user.assignments):
        yield from findings
        return
    whom = {user for each in findings for user in each.users}
    who = "1 user has" if len(whom) == 1 else f"{len(whom):,} users have"
    yield from together(
        findings,
        [f"{later} in addition to {first}" for first, later in found],
        f"{who} a second role, and no assignment in this policy set says why",
        'add the reasons: `because "…"`, or switch PL305 off',
    )


def _finding(given: list[tuple[list[str], ir.Assignment, ir.Assignment]]) -> Finding:
    _, first, later = min(given, key=lambda each: Location.parse(each[2].at))
    users = sorted({user for names, _, _ in given for user in names})
    return Finding(
        code="PL305",
        message=f"`{later.role}` is a second role of {people(users)}, and nothing says why",
        at=later.at,
        help='add the reason: `because "…"`',
        related=(related(first.at, f"in addition to `{first.role}`"),),
        users=tuple(users),
    )


def _counts(world: World, user: ir.User, assignment: ir.Assignment) -> bool:
    """Terminated users hold essential roles only. What stands in a user's block is no second role: each grant has a
    reason of its own.
    """
    role = world.index.roles[assignment.role]
    return role.owner is None and (not user.terminated or role.essential)
