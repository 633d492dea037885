"""PL602: an invariant that could be neither proved nor refuted."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.invariants import verdicts
from policylang.check.world import World
from policylang.diagnostics import Rule, quoted

RULE = Rule(
    code="PL602",
    name="invariant-not-proved",
    family="statements",
    severity="error",
    security="medium",
    summary="an invariant that could be neither proved nor refuted",
    why=(
        "The checker found nobody who breaks the invariant, but could not rule it out. What must always hold "
        "should not rest on that."
    ),
    bad="""\
resource doc { created : datetime  keep : duration  actions view }
policy odd on doc { created older than keep and created within next 1 day }
role reader { grant view on doc  policy odd }
invariant "readers see nothing" { no user with role reader can view doc }   #! PL602
""",
    good="""\
resource doc { created : datetime  keep : duration  actions view }
policy odd on doc { created older than 30 days and created within next 1 day }
role reader { grant view on doc  policy odd }
invariant "readers see nothing" { no user with role reader can view doc }
""",
    near="""\
resource doc { created : datetime  keep : duration  level : int  actions view }
policy odd on doc { created older than keep and created within next 1 day and level < 3 }
role reader { grant view on doc  policy odd }
invariant "readers see nothing above 5" { no user with role reader can view doc where { level > 5 } }
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """One finding for an invariant that nobody is known to break (PL601)."""
    for invariant, verdict in world.once(verdicts):
        if verdict.unproved and verdict.violation is None:
            first, others = verdict.unproved[0], len(verdict.unproved) - 1
            yield Finding(
                code="PL602",
                message=(
                    f"{quoted(invariant.label)} is not proved for {first}" + (f" and {others} more" if others else "")
                ),
                at=invariant.at,
                subjects=verdict.unproved,
                help="simplify the conditions, or split the invariant into smaller ones",
                unproved=True,
            )
