"""PL202: a policy that limits nothing."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.blame import at_fault
from policylang.check.finding import Finding
from policylang.check.limits import Questions, claims
from policylang.check.world import World
from policylang.diagnostics import Rule

RULE = Rule(
    code="PL202",
    name="policy-always-true",
    family="conflicts",
    severity="warning",
    security="medium",
    summary="a policy that limits nothing",
    why=("The policy looks like a limit. It is true of every record, so the grants it should narrow reach everything."),
    bad="""\
resource doc { status : one of draft, open, closed  actions view }
policy known on doc { status in [draft, open] or not (status is open) }   #! PL202
""",
    good="""\
resource doc { status : one of draft, open, closed  actions view }
policy known on doc { status in [draft, open] }
""",
    near="""\
resource doc { optional status : one of draft, open, closed  actions view }
policy known on doc { status in [draft, open] or not (status is open) }
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """True of every record, request, instant and user, whatever they lack, or of every complete record, which the
    finding says then. Where other arguments, or another resource, would make a limit of the policy, the finding stands
    where it is first used like this.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    for fault in at_fault(world.policy_set, questions.untrue):
        yield fault.finding(
            "PL202",
            "always true, so nothing is limited",
            help="remove it, or look for the test that was meant",
            proved="every record makes the condition true, at every instant and for every user",
        )
