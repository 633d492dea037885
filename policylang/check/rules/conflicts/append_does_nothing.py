"""PL208: an append that the user's other limits already imply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policylang.analysis.decision import ways_open
from policylang.analysis.formula import AllOf, Formula, true
from policylang.analysis.questions import append_does_nothing
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT
from policylang.check.finding import Finding, counted, related
from policylang.check.limits import Questions, claims
from policylang.check.privileges import statements
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.grants import limiting
from policylang.runtime.plan import Plan

RULE = Rule(
    code="PL208",
    name="append-does-nothing",
    family="conflicts",
    severity="warning",
    security="medium",
    summary="an append that the user's other limits already imply",
    why="It is meant to narrow what the user reaches, but the user reaches just as much without it.",
    bad="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
group sales { grant view on doc  policy newer_than(30 days) }
user "amy@acme.test" in sales {   #! PL208
  append policy newer_than(60 days) on doc
}
""",
    good="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
group sales { grant view on doc  policy newer_than(60 days) }
user "amy@acme.test" in sales { append policy newer_than(30 days) on doc }
""",
    near="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
role archivist { grant view on doc }
group sales { grant view on doc  policy newer_than(30 days) }
user "amy@acme.test" in sales {
  append policy newer_than(60 days) on doc
  assign role archivist until 2020-12-31
}
""",
    since="0.1.0",
    proof=True,
    fix="safe",
)


def check(world: World) -> Iterator[Finding]:
    """Implied by the limits of everything that grants the user an action which the append limits, at every time,
    together with the user's other appends and the places of the roles; or nothing such is granted at all. Denies and
    requirements are not asked. Of two appends that imply each other only the later one is reported. Left out are
    policies that are always true (PL202), and actions that reach no record anyway (PL201, PL203, PL209). A terminated
    user without a grant on the resource is no finding.
    """
    yield from claims(world, _findings, lambda each: (each.at, str(each.related[0].location)))


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    for kind in world.user_classes:
        gone: list[ir.UserPolicy] = []
        for appends in reversed(statements(kind.declared.appends).values()):
            others = [each for each in kind.declared.appends if each not in appends and each not in gone]
            found = [_nothing(world, questions, kind, append, others) for append in appends]
            findings = [finding for finding in found if finding is not None]
            if len(findings) == len(found):
                gone += appends
                yield max(findings, key=lambda finding: finding.unproved)


def _nothing(
    world: World, questions: Questions, kind: UserClass, append: ir.UserPolicy, others: Sequence[ir.UserPolicy]
) -> Finding | None:
    """The finding that the append does nothing beside the others."""
    instance = world.instance(append.limit)
    resource = instance.resource
    granted, asked, unproved = False, False, False
    for period, who in world.all_periods(kind.first):
        for action in world.index.resources[resource].actions:
            if action.bypasses_policies or not append.limit.applies(action.name):
                continue
            plan = world.plan(who, action.name, resource)
            if not plan.ways:
                continue
            granted = True
            reached = _reached(world, plan, others)
            nothing = append_does_nothing(reached, instance.condition)
            found = questions.of_user(nothing, resource, kind.first, period)
            if found is SATISFIABLE:
                return None
            if questions.of_user(reached, resource, kind.first, period) is UNSAT:
                continue
            asked = True
            unproved = unproved or found is UNKNOWN
    if granted and not asked:
        return None
    if not granted and kind.declared.terminated:
        return None
    if questions.implied((), instance.id) is UNSAT:
        return None
    return _finding(kind, append, granted, unproved)


def _reached(world: World, plan: Plan, others: Sequence[ir.UserPolicy]) -> Formula:
    """What the user's grants reach under their limits and the other appends."""
    ways = ways_open(world.index, plan.resource, plan.ways)
    limits = limiting(world.index, (each.limit for each in others), plan.resource, plan.action)
    return AllOf((ways, *(true(world.instance(limit).condition) for limit in limits)))


def _finding(kind: UserClass, append: ir.UserPolicy, granted: bool, unproved: bool) -> Finding:
    name = append.limit.instance
    why = "the grants are already at least as limited" if granted else "there is no grant for it to limit"
    return Finding(
        code="PL208",
        message=f"the append of `{name}` does nothing for {counted(kind.users)}: {why}",
        at=kind.declared.at,
        users=kind.users,
        help="remove it, or append what was meant",
        related=(related(append.at, "the append"),),
        proved=None if unproved else f"`{name}` excludes no record that {counted(kind.users)} would otherwise reach",
        unproved=unproved,
    )
