"""PL401: `grant all`, or a grant on all or any resources."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding
from policylang.check.privileges import on, several
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir

RULE = Rule(
    code="PL401",
    name="wildcard-grant",
    family="privilege",
    severity="warning",
    security="medium",
    summary="`grant all`, or a grant on all resources or any resource",
    why=(
        "What such a grant gives is decided elsewhere: an action or resource that somebody declares next year is "
        "granted at once, without anybody having thought about it."
    ),
    bad="""\
resource doc { level : int  actions view, modify, delete }
group office {
  grant all on doc   #! PL401
}
""",
    good="""\
resource doc { level : int  actions view, modify, delete }
group office {
  grant view, modify on doc
}
""",
    near="""\
resource doc { level : int  actions view, modify, delete }
group office {
  grant view, modify, delete on doc
  deny all on all resources
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """One finding for a statement, on however many resources it is. A reason (`because`) does not make it right: it
    speaks of what is there today. A wildcard that denies is welcome.
    """
    for _source, bundle in world.bundles:
        statements: dict[str, list[ir.Grant]] = {}
        for grant in bundle.grants:
            if grant.wildcard:
                statements.setdefault(grant.at, []).append(grant)
        for at, grants in statements.items():
            given = several([on(grant.actions, grant.resource) for grant in grants])
            yield Finding(
                code="PL401",
                message=f"this gives {given} today, and whatever is declared later",
                at=at,
                help="name the actions and resources that are needed",
            )
