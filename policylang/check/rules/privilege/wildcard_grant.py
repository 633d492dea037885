"""PL401: `grant all`, or a grant on all or any resources."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, together
from policylang.check.privileges import on, several, statements
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
        "Such a grant grows by itself: an action or resource that somebody declares next year is granted at "
        "once, without anybody having thought about it."
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
    """One finding for a statement, on however many resources it is; one for a policy set that grants in no other way. A
    reason (`because`) does not make it right: it speaks of what is there today. A wildcard that denies is welcome.
    """
    found: dict[str, Finding] = {}
    for source, bundle in world.bundles:
        for at, grants in statements(grant for grant in bundle.grants if grant.wildcard).items():
            given = several([on(grant.actions, grant.resource) for grant in grants])
            found[f"{source.kind} {source.name}: {given}"] = Finding(
                code="PL401",
                message=f"this grants {_in_words(grants)} today, and whatever is declared later",
                at=at,
                help="name the actions and resources that are needed",
            )
    if any(not grant.wildcard for _, bundle in world.bundles for grant in bundle.grants):
        yield from found.values()
        return
    yield from together(
        tuple(found.values()),
        tuple(found),
        f"all {len(found):,} grants are of `all`: they include whatever is declared later",
        "name the actions and resources that are needed, or switch PL401 off",
    )


def _in_words(grants: list[ir.Grant]) -> str:
    """``view, modify on `a`, `b`, `c`, `d` and 9 more and view on `note```: what has the same actions together."""
    resources: dict[tuple[str, ...], list[str]] = {}
    for grant in grants:
        resources.setdefault(grant.actions, []).append(f"`{grant.resource}`")
    return several([f"{', '.join(actions)} on {several(on_these)}" for actions, on_these in resources.items()])
