"""PL409: an integration that reaches data objects outside its list."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.query import DeclaredUser, Sat
from policylang.analysis.questions import integration_outside_objects
from policylang.analysis.satisfiability import UNSAT
from policylang.check.finding import Finding, Shown, Who, related
from policylang.check.privileges import data_objects, on, several, show_if_possible, ticked, while_it_runs
from policylang.check.world import World
from policylang.diagnostics import Related, Rule

RULE = Rule(
    code="PL409",
    name="integration-outside-objects",
    family="privilege",
    severity="error",
    security="medium",
    summary="an integration that reaches data objects outside its list",
    why=(
        "The list of objects is what was agreed with whoever runs the other system. What the role grants beyond "
        "it leaves the company without anybody's consent."
    ),
    bad="""\
resource doc { level : int  actions view }
resource wage { amount : money  actions view }
role exporter { grant view on doc  grant view on wage }
integration export { role exporter  objects doc }   #! PL409
""",
    good="""\
resource doc { level : int  actions view }
resource wage { amount : money  actions view }
role exporter { grant view on doc  grant view on wage }
integration export { role exporter  objects doc, wage }
""",
    near="""\
resource doc { level : int  actions view }
resource wage { amount : money  actions view }
resource api { actions access }
role exporter { grant access on api  grant view on doc  grant view on wage  deny view on wage }
integration export { role exporter  objects doc }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """Data objects are the resources with attributes; modules and switches are none. An integration reaches one if it
    may do anything with some record of it, now or once it begins. Without a list it has no objects of its own.
    """
    index = world.index
    for integration in world.policy_set.integrations:
        own = {ref.name for ref in integration.objects}
        period, who = while_it_runs(world, integration.name)
        granted: dict[str, dict[str, list[str]]] = {}  # resource, action, grants
        for source in who.sources:
            for _chain, grant in world.granted(source):
                for action in grant.actions:
                    granted.setdefault(grant.resource, {}).setdefault(action, []).append(grant.at)
        reached: dict[str, list[str]] = {}
        places: dict[str, Related] = {}
        shown: list[Shown] = []
        for resource in data_objects(index):
            if resource in own:
                continue
            for action, grants in granted.get(resource, {}).items():
                formula = integration_outside_objects(index, world.plan(who, action, resource))
                found = world.ask(formula, resource, DeclaredUser(integration.name), period)
                if found is UNSAT:
                    continue
                reached.setdefault(resource, []).append(action)
                places |= {at: related(at, "granted here") for at in grants}
                if isinstance(found, Sat) and not shown:
                    shown += show_if_possible(world, [(Who(user=integration.name), True)], action, found.witness)
        if reached:
            what = several([on(actions, resource) for resource, actions in reached.items()])
            yield Finding(
                code="PL409",
                message=f"the integration `{integration.name}` reaches {what}, but its objects are {_objects(own)}",
                at=integration.at,
                subjects=tuple(f"{action} on {name}" for name, actions in reached.items() for action in actions),
                help="remove the grant from its role, or add the resource to its `objects` if that was agreed",
                related=tuple(places.values()),
                shown=tuple(shown),
            )


def _objects(own: set[str]) -> str:
    return f"only {several(ticked(sorted(own)))}" if own else "none"
