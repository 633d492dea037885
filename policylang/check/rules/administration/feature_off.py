"""PL508: a grant that does nothing while a feature is off."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, related
from policylang.check.holding import Holdings
from policylang.check.privileges import by_line, few, on
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.requirements import atoms
from policylang.runtime.index import Permission

RULE = Rule(
    code="PL508",
    name="feature-off",
    family="administration",
    severity="warning",
    summary="a grant that does nothing while a feature is off",
    why=(
        "The page behind the grant is hidden and blocked, whatever the role says. Readers believe that people can do "
        "something they cannot, and nobody thinks of it on the day the feature is switched on."
    ),
    bad="""\
feature lab_licence off
resource lab { actions view  action export requires feature lab_licence }
role analyst {
  grant view, export on lab   #! PL508
}
""",
    good="""\
feature lab_licence off
resource lab { actions view  action export requires feature lab_licence }
role analyst { grant view on lab }
""",
    near="""\
feature lab_licence off
resource lab { actions view  action export requires feature lab_licence or view on lab }
role analyst { grant view, export on lab }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Actions that stay closed even for somebody who has everything else. Of a wildcard too: what it seems to give."""
    held = world.once(Holdings)
    dead = world.permissions(lambda action: not held.satisfies(action.requires, held.every_permission, True))
    if not dead:
        return
    for _, bundle in world.bundles:
        for at, permissions in by_line(bundle, dead).items():
            yield _finding(world, at, permissions)


def _finding(world: World, at: str, permissions: list[Permission]) -> Finding:
    names = {
        atom.feature
        for resource, action in permissions
        for atom in atoms(world.index.actions[resource][action].requires)
        if isinstance(atom, ir.RequiresFeature) and not world.index.features[atom.feature]
    }
    off = [feature for feature in world.policy_set.features if feature.name in names]
    what = few([on((action,), resource) for resource, action in permissions])
    features = listed([f"`{feature.name}`" for feature in off], "and")
    return Finding(
        code="PL508",
        message=f"{what} does nothing: it requires the feature {features}, which is off",
        at=at,
        subjects=tuple(f"{action} on {resource}" for resource, action in permissions),
        help="switch the feature on before you grant this",
        related=tuple(related(feature.at, "off here") for feature in off),
    )
