"""PL404: a grant that none of the role's tasks needs."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.check.finding import Finding, related
from policylang.check.privileges import in_order, several, target, ticked
from policylang.check.world import World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL404",
    name="excess-grant",
    family="privilege",
    severity="warning",
    security="medium",
    summary="a grant that none of the role's tasks needs",
    why=(
        "A role that performs tasks should hold what they need and nothing else. A leftover from an old duty is the "
        "permission that somebody will misuse, and that nobody will miss."
    ),
    bad="""\
resource doc { level : int  actions view, modify, delete }
task reading { needs view on doc }
role reader {
  grant view, delete on doc   #! PL404
  performs reading
}
""",
    good="""\
resource doc { level : int  actions view, modify, delete }
task reading { needs view on doc }
role reader {
  grant view on doc
  performs reading
}
""",
    near="""\
resource api { actions access }
resource doc { level : int  actions modify, delete  action view requires access on api }
task editing { needs modify on doc }
role editor {
  grant access on api
  grant view, modify on doc
  performs editing
}
""",
    since="0.1.0",
)

_Needed = dict[Permission, frozenset[str] | None]
"""The attributes that are needed; ``None``: it does not matter which."""


def check(world: World) -> Iterator[Finding]:
    """A role that performs tasks needs what these and those of the roles inside it need; beside that what the needed
    actions require, to any depth, and view of what is modified or deleted, whether a task says so or not.

    Asked of the role's own grants and those of the roles inside it, action by action, and attribute by attribute where
    the tasks name attributes. Every statement is reported once. A role inside that performs tasks itself is asked for
    itself.
    """
    said: dict[str, dict[str, list[tuple[str, str]]]] = {}  # statement, role that performs, what is needed by no task
    seen: set[tuple[str, str, str, str]] = set()
    for role in world.policy_set.roles:
        if not role.performs:
            continue
        needed = _needed(world, role)
        for chain, grant in world.granted(RightsSource("role", role.name)):
            bundle = chain[-1]
            if bundle is not role and isinstance(bundle, ir.Role) and bundle.performs:
                continue
            for action in grant.actions:
                key = (role.name, grant.at, grant.resource, action)
                if key not in seen:
                    seen.add(key)
                    what = _excess(world, needed, grant, action)
                    if what is not None:
                        said.setdefault(grant.at, {}).setdefault(role.name, []).append(what)
    for at, roles in said.items():
        facts: dict[str, list[str]] = {}
        for name, excess in roles.items():
            facts.setdefault(_words(excess), []).append(name)
        told = [f"no task of {several(ticked(names))} needs {what}" for what, names in facts.items()]
        yield Finding(
            code="PL404",
            message="; ".join(told),
            at=at,
            subjects=tuple(f"{action} on {what}, {name}" for name, excess in roles.items() for action, what in excess),
            help="remove it, or add it to the task that needs it",
            related=tuple(
                related(ref.at, f"what `{name}` performs")
                for name in list(roles)[:1]
                for ref in world.index.roles[name].performs
            ),
        )


def _needed(world: World, role: ir.Role) -> _Needed:
    index = world.index
    needed: _Needed = {}
    performed = {
        ref.name
        for chain in world.chains(RightsSource("role", role.name))
        if isinstance(chain[-1], ir.Role)
        for ref in chain[-1].performs
    }
    for name in sorted(performed):
        for need in index.tasks[name].needs:
            for action in need.actions:
                key = (need.resource, action)
                known = needed.get(key, frozenset())
                needed[key] = None if need.fields is None or known is None else known | frozenset(need.fields)
    for (resource, action), fields in list(needed.items()):
        kind = index.kind(resource, action)
        for name in index.of_kind(resource, "view") if kind in ("modify", "delete") else ():
            view = needed.setdefault((resource, name), None)
            if view is not None and kind == "modify":
                needed[resource, name] = None if fields is None else view | fields
    waiting = list(needed)
    for resource, action in waiting:
        for other in grants_required(index.actions[resource][action].requires):
            changes = index.kind(other.resource, other.action) in ("modify", "delete")
            views = index.of_kind(other.resource, "view") if changes else ()
            for name in (other.action, *views):
                required = other.resource, name
                if required not in needed:
                    needed[required] = None
                    waiting.append(required)
    return needed


def _excess(world: World, needed: _Needed, grant: ir.Grant, action: str) -> tuple[str, str] | None:
    """The action and what it is granted on, with the attributes if it is only about these; ``None`` if it is needed."""
    key = (grant.resource, action)
    if key not in needed:
        return action, target(grant.resource)
    fields = needed[key]
    if fields is None or world.index.kind(*key) == "delete":
        return None
    more = in_order(world.index, grant.resource, grant_fields(world.index, grant) - fields)
    return (action, target(grant.resource, more)) if more else None


def _words(excess: list[tuple[str, str]]) -> str:
    """``view, delete on `doc```, actions on the same thing together."""
    by_target: dict[str, list[str]] = {}
    for action, granted in excess:
        by_target.setdefault(granted, []).append(action)
    return several([f"{', '.join(actions)} on {granted}" for granted, actions in by_target.items()])
