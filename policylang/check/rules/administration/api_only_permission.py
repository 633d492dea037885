"""PL505: a permission that only the API can assign, in a role managed in the UI."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, related
from policylang.check.holding import Holdings
from policylang.check.privileges import by_line, few, on
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.runtime.index import Permission
from policylang.runtime.sources import Bundle

RULE = Rule(
    code="PL505",
    name="api-only-permission",
    family="administration",
    severity="warning",
    summary="a permission that only the API can assign, in a role managed in the UI",
    why=(
        "Nobody can tick this permission on the page where the role is managed. Policy and product drift apart, "
        "and the next change in the UI may silently drop it."
    ),
    bad="""\
portals staff
resource equipment { actions view  action adjust assignable via api }
role clerk {
  portal staff
  grant view, adjust on equipment   #! PL505
}
user "carl@acme.test" { assign role clerk }
""",
    good="""\
portals staff
resource equipment { actions view  action adjust assignable via ui, api }
role clerk {
  portal staff
  grant view, adjust on equipment
}
user "carl@acme.test" { assign role clerk }
""",
    near="""\
resource equipment { name : text  actions view  action adjust assignable via api }
role stock_sync { grant view, adjust on equipment }
integration warehouse { role stock_sync  objects equipment }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Every role and group is managed in the UI but for those that only integrations have: roles without a portal that
    an integration holds, directly or inside its own, and that no person has, gets with a job or may be handed.
    """
    held = world.once(Holdings)
    api_only = world.permissions(lambda action: action.assignable_via == ("api",))
    if not api_only:
        return
    of_integrations = _of_integrations(held)
    for _, bundle in world.bundles:
        if bundle.name in of_integrations and isinstance(bundle, ir.Role):
            continue
        for at, permissions in by_line(bundle, api_only).items():
            yield _finding(world, bundle, at, permissions)


def _of_integrations(held: Holdings) -> frozenset[str]:
    """The roles that are for integrations only."""
    world = held.world
    given: set[str] = set()
    for integration in world.policy_set.integrations:
        for ref in integration.roles:
            given.update(bundle.name for bundle in held.inside(("role", ref.name)))
    people: set[str] = set()
    starts = [ref.name for job in world.policy_set.jobs for ref in job.roles]
    starts += [a.role for each in world.user_classes for a in each.declared.assignments]
    starts += [ref.name for _, bundle in world.bundles for ref in bundle.may_assign]
    starts += [integration.mirror.name for integration in world.policy_set.integrations if integration.mirror]
    starts += [ref.name for group in world.policy_set.groups for ref in group.roles]
    starts += [role.name for role in world.policy_set.roles if role.portal is not None]
    for name in dict.fromkeys(starts):
        people.update(bundle.name for bundle in held.inside(("role", name)))
    return frozenset(given - people)


def _finding(world: World, bundle: Bundle, at: str, permissions: list[Permission]) -> Finding:
    what = few([on((action,), resource) for resource, action in permissions])
    kind, name = name_of(bundle)
    resource, first = permissions[0]
    return Finding(
        code="PL505",
        message=f"{what} can only be assigned through the API, but {kind} `{name}` is managed in the UI",
        at=at,
        subjects=tuple(f"{action} on {resource}" for resource, action in permissions),
        help="move it to a role that only an integration has, or remove it",
        related=(related(world.index.actions[resource][first].at, "assignable only through the API"),),
    )
