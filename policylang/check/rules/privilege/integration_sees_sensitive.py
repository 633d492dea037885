"""PL410: an integration that reaches a sensitive attribute, with no grant that says why."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.analysis.query import DeclaredUser, Sat
from policylang.analysis.questions import integration_sees_sensitive
from policylang.analysis.satisfiability import UNSAT
from policylang.check.finding import Finding, Shown, Who, related
from policylang.check.privileges import is_explained, on, sensitive_fields, several, show_if_possible, while_it_runs
from policylang.check.world import World
from policylang.diagnostics import Related, Rule
from policylang.runtime.index import Permission
from policylang.runtime.parts import grant_fields
from policylang.runtime.plan import Plan

RULE = Rule(
    code="PL410",
    name="integration-sees-sensitive",
    family="privilege",
    severity="error",
    security="high",
    summary="an integration that reaches a sensitive attribute, with no grant that says why",
    why=(
        "What an integration sees leaves the system for good, and nobody is watching the screen. Somebody must have "
        "decided that."
    ),
    bad="""\
resource employee { name : text  sensitive pay_rate : money  actions view }
role exporter { grant view on employee including pay_rate }
integration payroll { role exporter  objects employee }   #! PL410
""",
    good="""\
resource employee { name : text  sensitive pay_rate : money  actions view }
role exporter { grant view on employee including pay_rate because "wages are paid by the provider" }
integration payroll { role exporter  objects employee }
""",
    near="""\
resource employee { name : text  sensitive pay_rate : money  actions view }
role exporter {
  grant view on employee including pay_rate
  deny view on employee (pay_rate)
}
integration payroll { role exporter  objects employee }
""",
    since="0.1.0",
)


def check(world: World) -> Iterator[Finding]:
    """For any action but delete, which touches no attribute, on some record. The reason stands on the grant that covers
    the attribute; where two grants do, each has to have one. So it is of an integration that is still to begin.
    """
    index = world.index
    for integration in world.policy_set.integrations:
        period, who = while_it_runs(world, integration.name)
        seen: dict[Permission, list[str]] = {}
        places: dict[str, Related] = {}
        shown: list[Shown] = []
        asked = {
            (grant.resource, action, name): None
            for source in who.sources
            for _chain, grant in world.granted(source)
            for action in grant.actions
            for name in sensitive_fields(index, grant)
            if index.kind(grant.resource, action) != "delete" and not is_explained(grant.because)
        }
        for resource, action, name in asked:
            plan = world.plan(who, action, resource)
            statements = _unexplained(world, plan, name)
            ways = [way for way in plan.ways if any(each in statements for each in (s.at for s in way.statements))]
            formula = integration_sees_sensitive(index, plan, ways, name)
            found = world.ask(formula, resource, DeclaredUser(integration.name), period)
            if found is UNSAT:
                continue
            seen.setdefault((resource, action), []).append(name)
            places |= {at: related(at, "granted here without `because`") for at in statements}
            if isinstance(found, Sat) and not shown:
                shown += show_if_possible(world, [(Who(user=integration.name), True)], action, found.witness, name)
        if seen:
            what = several([on((action,), resource, names) for (resource, action), names in seen.items()])
            yield Finding(
                code="PL410",
                message=f"the integration `{integration.name}` reaches sensitive attributes without a reason: {what}",
                at=integration.at,
                subjects=tuple(
                    f"{action} on {resource}.{name}" for (resource, action), names in seen.items() for name in names
                ),
                help='add the reason to the grant: `because "…"`, or remove the attribute',
                related=tuple(places.values()),
                shown=tuple(shown),
            )


def _unexplained(world: World, plan: Plan, name: str) -> tuple[str, ...]:
    """The grants of a plan that cover the attribute and give no reason."""
    return tuple(
        statement.at
        for way in plan.ways
        for statement in way.statements
        if name in grant_fields(world.index, statement) and not is_explained(statement.because)
    )
