"""PL501"""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, counted, related
from policylang.check.holding import Holding, Name, atoms, holding, name_of, requirement_in_words
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir

RULE = Rule(
    code="PL501",
    name="requirement-missing",
    family="administration",
    severity="error",
    summary="a grant whose requirements no holder meets",
    why=(
        "The permission is ticked and the page stays closed: the 403 that nobody can explain. What the action requires "
        "is granted to none of those who have the grant."
    ),
    bad="""\
resource api { actions access }
resource data_lab { action view requires access on api }
role district_manager {
  grant view on data_lab   #! PL501
}
user "dirk@acme.test" { assign role district_manager }
""",
    good="""\
resource api { actions access }
resource data_lab { action view requires access on api }
role district_manager {
  grant access on api
  grant view on data_lab
}
user "dirk@acme.test" { assign role district_manager }
""",
    near="""\
resource api { actions access }
resource data_lab { action view requires access on api }
role district_manager { grant view on data_lab }
role dispatcher { grant access on api }
user "dora@acme.test" { assign role district_manager  assign role dispatcher }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """The holders of a grant are the users and integrations who have, at any time, the role or group that says it.
    Where there is none yet, somebody who has just that, or just one of the roles and groups around it, and who may
    well be a superuser.

    Where a requirement is held does not matter here, that is PL502. A feature that is off counts as on where nothing
    else could help (PL508), since what else is missing is worth knowing before the feature is bought.
    """
    held = holding(world)
    for source, bundle in world.bundles:
        by_line: dict[str, list[tuple[ir.Grant, list[str]]]] = {}
        for grant in bundle.grants:
            unmet = [action for action in grant.actions if not _is_met(held, name_of(bundle), grant.resource, action)]
            if unmet:
                by_line.setdefault(grant.at, []).append((grant, unmet))
        for at, grants in by_line.items():
            yield _finding(held, (source.kind, source.name), at, grants)


def _is_met(held: Holding, name: Name, resource: str, action: str) -> bool:
    requirement = held.world.index.actions[resource][action].requires
    if requirement is None:
        return True
    if not held.satisfies(requirement, held.every_permission, True):
        without = without_features(requirement)
        if without is None:
            return True
        requirement = without
    if name in held.held_by:
        return any(
            held.satisfies(
                requirement, held.granted_to(holder.profile), holder.declared is not None and holder.profile.superuser
            )
            for holder in held.held_by[name]
        )
    return any(held.satisfies(requirement, held.granted(around), True) for around in held.around[name])


def without_features(requirement: ir.Requirement) -> ir.Requirement | None:
    """What else a requirement asks for, if all features are on; ``None`` for nothing."""
    match requirement:
        case ir.RequiresFeature():
            return None
        case ir.RequiresAll(items=items, at=at):
            left = tuple(part for item in items if (part := without_features(item)) is not None)
            return ir.RequiresAll(left, at) if left else None
        case ir.RequiresAny(items=items, at=at):
            parts = [without_features(item) for item in items]
            return None if None in parts else ir.RequiresAny(tuple(part for part in parts if part is not None), at)
        case _:
            return requirement


def _finding(held: Holding, name: Name, at: str, grants: list[tuple[ir.Grant, list[str]]]) -> Finding:
    actions = held.world.index.actions
    what = ", ".join(f"{', '.join(unmet)} on `{grant.resource}`" for grant, unmet in grants[:3])
    more = f" and {len(grants) - 3} more" if len(grants) > 3 else ""
    requirements = {
        requirement_in_words(required): required
        for grant, unmet in grants
        for action in unmet
        if (required := actions[grant.resource][action].requires) is not None
    }
    kind, plain = name
    holders = held.held_by.get(name, ())
    users = list(dict.fromkeys(user for holder in holders for user in holder.users))
    who = f"no holder of {kind} `{plain}`" if kind == "role" else f"nobody in group `{plain}`"
    missing = list(dict.fromkeys(_missing(held, name, tuple(requirements.values()))))
    return Finding(
        code="PL501",
        message=f"{who} meets what {what}{more} requires: {'; '.join(list(requirements)[:3])}",
        at=at,
        help=(
            f"grant {', '.join(missing[:3])} as well, or take this grant out"
            if missing
            else "only users tagged superuser can use it: tag those who should, or take the grant out"
        )
        + (f"; it is held by {counted(users)}" if users else ""),
        related=tuple(related(required.at, "required here") for required in list(requirements.values())[:3]),
    )


def _missing(held: Holding, name: Name, requirements: tuple[ir.Requirement, ...]) -> Iterator[str]:
    """Grants asked for that the role or group does not have itself."""
    for requirement in requirements:
        for atom in atoms(requirement):
            if isinstance(atom, ir.RequiresGrant) and (atom.action, atom.resource) not in held.granted(name):
                yield f"{atom.action} on `{atom.resource}`"
