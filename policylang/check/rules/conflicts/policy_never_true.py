"""PL203: a policy whose condition no record can satisfy."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.blame import at_fault
from policylang.check.finding import Finding
from policylang.check.limits import Questions, claims
from policylang.check.world import World
from policylang.diagnostics import Rule, listed

RULE = Rule(
    code="PL203",
    name="policy-never-true",
    family="conflicts",
    severity="error",
    summary="a policy whose condition no record can satisfy",
    why=("A policy that is never true lets nothing through: nobody can use the grants that it limits."),
    bad="""\
resource doc { level : int  actions view }
policy middle on doc { level < 3 and level > 5 }   #! PL203
""",
    good="""\
resource doc { level : int  actions view }
policy middle on doc { level > 3 and level < 5 }
""",
    near="""\
resource doc { level : int  actions view }
policy outside on doc { level < 3 or level > 5 }
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """The finding stands on the policy, if it reaches nothing whatever its arguments; where other arguments, or another
    resource, would do, it stands where the policy is first used like this. If the condition is true of incomplete
    records only, the finding says so.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    for fault in at_fault(world.policy_set, questions.true):
        resources = listed(
            [f"`{name}`" for name in dict.fromkeys(each.resource for each in fault.instances[:3])], "and"
        )
        yield fault.finding(
            "PL203",
            f"never true, so it lets no {resources} through",
            help="look for values that exclude each other",
            proved="no record and no instant makes the condition true",
        )
