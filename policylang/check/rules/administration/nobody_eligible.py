"""PL506: an attribute that requires a role nobody can hold."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, related
from policylang.check.privileges import can_be_held
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.sources import Bundle, sources

RULE = Rule(
    code="PL506",
    name="nobody-eligible",
    family="administration",
    severity="error",
    summary="an attribute that requires a role nobody can hold",
    why=(
        "Only holders of the role can be chosen, so nobody ever can, and a record that needs a value cannot be created."
    ),
    bad="""\
resource visit {
  technician : user with role technician   #! PL506
  actions view
}
role technician
role office { grant view on visit }
user "olga@acme.test" { assign role office }
""",
    good="""\
resource visit {
  technician : user with role technician
  actions view
}
role technician
user "theo@acme.test" { assign role technician }
""",
    near="""\
resource visit {
  technician : user with role technician
  actions view
}
role technician
role office { grant view on visit  may assign technician }
user "olga@acme.test" { assign role office }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """A role can be held if a user has it at some time, if a group or a job brings it, whoever will have those, or if
    it is among what may be assigned by the holders of a role or group that can be held; a protected one also if there
    is a superuser to hand it out. What integrations have does not count: they cannot be chosen. Without users in the
    policy set, nothing is known of who holds what, and nothing is found.
    """
    if not world.policy_set.users:
        return
    held: frozenset[str] | None = None
    types = [
        *((resource.name, each) for resource in world.policy_set.resources for each in resource.attributes),
        *(("subject", each) for each in world.policy_set.subject),
        *(("request", each) for each in world.policy_set.request),
    ]
    for owner, attribute in types:
        if attribute.role is None:
            continue
        held = _roles(world) if held is None else held
        if attribute.role not in held:
            yield _finding(world, owner, attribute, attribute.role)


def _roles(world: World) -> frozenset[str]:
    """The roles that can be held."""
    index = world.index
    given: list[Bundle] = list(world.policy_set.groups)
    given += [index.roles[ref.name] for job in world.policy_set.jobs for ref in job.roles]
    given += [index.bundle(source.bundle_name) for user in index.users for source in sources(world.whole, user, None)]
    return frozenset(each.name for each in can_be_held(world, given).values() if isinstance(each, ir.Role))


def _finding(world: World, owner: str, attribute: ir.Attribute, role: str) -> Finding:
    return Finding(
        code="PL506",
        message=f"`{owner}.{attribute.name}` requires a user with role `{role}`, which nobody can hold",
        at=attribute.at,
        help=f"assign `{role}` to somebody, give it to a group or a job, or require another role",
        related=(related(world.index.roles[role].at, "the role"),),
    )
