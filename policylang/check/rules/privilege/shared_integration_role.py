"""PL408: an integration with a role that people hold, or with a protected or administrative role."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import Holdings
from policylang.check.privileges import on, several, ticked
from policylang.check.world import World
from policylang.diagnostics import Related, Rule
from policylang.ir import nodes as ir
from policylang.ir.requirements import fold
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL408",
    name="shared-integration-role",
    family="privilege",
    severity="error",
    security="high",
    summary="an integration with a role that people hold, or with a protected or administrative role",
    why=(
        "If a program and people share a role, a change for one changes the other. And an account that never "
        "sleeps should not have administrative access."
    ),
    bad="""\
resource doc { level : int  actions view }
role reader { grant view on doc }
user "ann@acme.test" { assign role reader }
integration sync { role reader  objects doc }   #! PL408
""",
    good="""\
resource doc { level : int  actions view }
role reader { grant view on doc }
role sync_reader { grant view on doc }
user "ann@acme.test" { assign role reader }
integration sync { role sync_reader  objects doc }
""",
    near="""\
resource doc { level : int  actions view }
role reader { grant view on doc }
user "ann@acme.test" { assign role reader until 2026-06-30 }
terminated user "bob@acme.test" { assign role reader }
integration sync { role reader  objects doc }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The integration's roles and the roles inside them. People hold a role that they have from any source, now or at a
    later day. A role is administrative if it is protected, belongs to the portal `admin` or may assign roles, and one
    for superusers if it grants what only they can do.
    """
    integrations = [each for each in world.policy_set.integrations if each.roles]
    if not integrations:
        return
    held = world.once(Holdings)
    for integration in integrations:
        told: list[str] = []
        subjects: list[str] = []
        places: dict[str, Related] = {}
        inside = {role.name: role for ref in integration.roles for role in _roles(world, ref.name)}
        for role in inside.values():
            reasons = _reasons(world, role)
            subjects += [f"{role.name}: {reason}" for reason in reasons]
            users = sorted(held.users(("role", role.name)))
            if users:
                subjects += users
                reasons.insert(0, f"{counted(users)} {'has' if len(users) == 1 else 'have'} it too")
                first = world.index.users[users[0]]
                places[first.at] = related(first.at, f"`{first.id}`")
            if reasons:
                told.append(f"`{role.name}`: {several(reasons)}")
                places[role.at] = related(role.at, f"the role `{role.name}`")
        if told:
            yield Finding(
                code="PL408",
                message=f"the integration `{integration.name}` has a role that is not its own: {'; '.join(told)}",
                at=integration.at,
                subjects=tuple(subjects),
                help="give it a role of its own, with no more than it needs",
                related=tuple(places.values()),
            )


def _roles(world: World, name: str) -> tuple[ir.Role, ...]:
    chained = [chain[-1] for chain in world.chains(RightsSource("role", name))]
    return tuple({role.name: role for role in chained if isinstance(role, ir.Role)}.values())


def _reasons(world: World, role: ir.Role) -> list[str]:
    """What makes a role one for administrators or superusers."""
    reasons = []
    if role.protected:
        reasons.append("it is protected")
    if role.portal == "admin":
        reasons.append("it belongs to the portal `admin`")
    if role.may_assign:
        reasons.append(f"it may assign {several(ticked(ref.name for ref in role.may_assign))}")
    reasons += [
        f"{on((action,), grant.resource)} is for superusers"
        for grant in role.grants
        for action in grant.actions
        if _needs_tag(world.index.actions[grant.resource][action].requires)
    ]
    return reasons


def _needs_tag(requirement: ir.Requirement | None) -> bool:
    """Whether nobody without the superuser tag can meet the requirement."""
    return fold(requirement, lambda atom: isinstance(atom, ir.RequiresSuperuser), any, all)
