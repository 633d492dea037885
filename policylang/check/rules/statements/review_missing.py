"""PL604: a protected role, or one that reaches sensitive attributes, without a review."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from policylang.check.finding import Finding, related, together
from policylang.check.privileges import sensitive_fields, taken_by
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir

RULE = Rule(
    code="PL604",
    name="review-missing",
    family="statements",
    severity="info",
    security="low",
    summary="a protected role, or one that reaches sensitive attributes, without a review",
    why="What is worth protecting is worth reviewing. Nothing says when, so it does not happen.",
    bad="""\
resource employee { name : text  sensitive pay_rate : money  actions view }
role payroll {   #! PL604
  grant view on employee including pay_rate because "wages are worked out from it"
}
""",
    good="""\
resource employee { name : text  sensitive pay_rate : money  actions view }
role payroll {
  grant view on employee including pay_rate because "wages are worked out from it"
}
review role payroll every 6 months last 2026-11-02
""",
    near="""\
resource employee { name : text  sensitive pay_rate : money  actions view }
role front_desk {
  grant view on employee
  deny view on employee (pay_rate)
}
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """A role reaches what its own grants cover; what a role inside it covers is that role's to review. The review of an
    integration is one of its role too. What a deny without a condition takes from everybody, or in the role itself, is
    not reached. One finding for a policy set in which no role and no integration is reviewed.
    """
    reviewed = {review.name for review in world.policy_set.reviews if review.kind == "role"}
    integrations = {review.name for review in world.policy_set.reviews if review.kind == "integration"}
    reviewed |= {
        ref.name
        for integration in world.policy_set.integrations
        for ref in (integration.roles if integration.name in integrations else ())
    }
    found = dict(_unreviewed(world, reviewed))
    if reviewed:
        yield from found.values()
        return
    yield from together(
        tuple(found.values()),
        tuple(found),
        f"{len(found)} roles are protected or reach sensitive attributes, and no role is ever reviewed",
        f"write `review role {next(iter(found), '…')} every 6 months last …` for each, or switch PL604 off",
    )


def _unreviewed(world: World, reviewed: Collection[str]) -> Iterator[tuple[str, Finding]]:
    for role in world.policy_set.shared_roles:
        if role.name in reviewed:
            continue
        sensitive = list(_sensitive(world, role))
        grant, name = next(iter(sensitive), (None, None))
        if not role.protected and grant is None:
            continue
        reason = "is protected" if grant is None else f"reaches the sensitive `{grant.resource}.{name}`"
        yield (
            role.name,
            Finding(
                code="PL604",
                message=f"role `{role.name}` {reason}, and nothing says when it is reviewed",
                at=role.at,
                subjects=tuple(dict.fromkeys(f"{each.resource}.{name}" for each, name in sensitive)),
                help=f"write `review role {role.name} every 6 months last …`",
                related=() if grant is None else (related(grant.at, "granted here"),),
            ),
        )


def _sensitive(world: World, role: ir.Role) -> Iterator[tuple[ir.Grant, str]]:
    """The role's own grants of sensitive attributes."""
    whole, fields = taken_by(world, role.denies)
    for grant in role.grants:
        for name in sorted(sensitive_fields(world.index, grant)):
            keys = ((grant.resource, action) for action in grant.actions)
            if any(key not in whole and name not in fields.get(key, ()) for key in keys):
                yield grant, name
