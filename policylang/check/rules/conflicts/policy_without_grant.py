"""PL214: a policy in a source that grants nothing on its resource."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, related
from policylang.check.privileges import statements
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.source import Location

RULE = Rule(
    code="PL214",
    name="policy-without-grant",
    family="conflicts",
    severity="warning",
    summary="a policy in a source that grants nothing on its resource",
    why=(
        "A policy limits the grants of its own role or group and of the roles inside it, never those of another "
        "role. This one limits nothing. Perhaps it was meant to narrow what the user's other roles give."
    ),
    bad="""\
resource doc { owner : user  actions view }
resource note { owner : user  actions view }
policy own on any resource with owner { owner is assigned user }
group sales {
  grant view on doc
  policy own on note   #! PL214
}
""",
    good="""\
resource doc { owner : user  actions view }
policy own on any resource with owner { owner is assigned user }
group sales {
  grant view on doc
  policy own on doc
}
""",
    near="""\
resource doc { owner : user  actions view }
policy own on any resource with owner { owner is assigned user }
role reader { grant view on doc }
group sales {
  role reader
  policy own on doc
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The role or group that says the policy and the roles inside it grant nothing on the resource. What is around it
    makes no difference: its policies do not reach there. One finding for a role or group and a resource. A grant of
    other actions than those that the policy limits is a grant on the resource. A policy on any resource is one on each
    of them: a grant on one is enough.
    """
    for source, bundle in world.bundles:
        if not bundle.limits:
            continue
        granted = {grant.resource for _, grant in world.granted(source)}
        idle: dict[str, list[ir.Limit]] = {}
        for limits in statements(bundle.limits).values():
            if not any(world.instance(limit).resource in granted for limit in limits):
                idle.setdefault(world.instance(limits[0]).resource, []).append(limits[0])
        for resource, limits in idle.items():
            first, *others = sorted(limits, key=lambda limit: Location.parse(limit.at))
            yield Finding(
                code="PL214",
                message=f"{source.kind} `{bundle.name}` limits `{resource}` but grants nothing on it",
                at=first.at,
                help="remove the policy, or move it to the role or group whose grants it should limit",
                related=tuple(related(limit.at, f"`{limit.instance}`") for limit in others),
            )
