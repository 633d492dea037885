"""PL209: an append that leaves a granted action no records."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import msgspec

from policylang.analysis.questions import append_leaves_nothing
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT
from policylang.check.finding import Finding, counted, related
from policylang.check.limits import Questions, claims
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.runtime.grants import limiting
from policylang.runtime.plan import Plan

RULE = Rule(
    code="PL209",
    name="append-leaves-nothing",
    family="conflicts",
    severity="error",
    summary="an append that leaves a granted action no records",
    why=("The user has the grant and can never use it, because the append and the other limits exclude each other."),
    bad="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
policy ancient on doc { created older than 1 year }
group sales { grant view on doc  policy newer_than(30 days) }
user "amy@acme.test" in sales {   #! PL209
  append policy ancient on doc
}
""",
    good="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
group sales { grant view on doc  policy newer_than(30 days) }
user "amy@acme.test" in sales { append policy newer_than(7 days) on doc }
""",
    near="""\
resource doc { created : datetime  actions view }
policy newer_than(age: duration) on doc { created within age }
policy ancient on doc { created older than 1 year }
role archivist { grant view on doc }
group sales { grant view on doc  policy newer_than(30 days) }
user "amy@acme.test" in sales job "ARC" { append policy ancient on doc }
job "ARC" { role archivist }
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """A record is reached if the action is allowed on it, by whatever source, and with denies and requirements counted.
    Without the appends at least one must be; and it is enough that nothing is left between two dates at which the user
    is given or loses a role. An append that is never true for anybody is another finding, PL203. One finding for a user
    and a resource.
    """
    yield from claims(world, _findings, lambda each: (each.at, each.message))


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    for kind in world.user_classes:
        resources = dict.fromkeys(world.instance(each.limit).resource for each in kind.declared.appends)
        for resource in resources:
            yield from _on_resource(world, questions, kind, resource)


def _on_resource(world: World, questions: Questions, kind: UserClass, resource: str) -> Iterator[Finding]:
    dead: dict[str, tuple[ir.UserPolicy, ...]] = {}
    unproved = False
    fine: set[Hashable] = set()
    for period, who in world.periods(kind.first):
        for action in world.index.resources[resource].actions:
            plan = world.plan(who, action.name, resource)
            meaning = (period, plan.meaning)
            if action.name in dead or not plan.ways or not plan.appends or meaning in fine:
                continue
            after = questions.of_user(append_leaves_nothing(world.index, plan), resource, kind.first, period)
            if after is SATISFIABLE:
                fine.add(meaning)
                continue
            without = append_leaves_nothing(world.index, _with(plan, ()))
            if questions.of_user(without, resource, kind.first, period) is not SATISFIABLE:
                continue
            appends = _alive(world, questions, kind, resource, action.name)
            if len(appends) < len(plan.appends):
                continue
            alone = next(
                (
                    each
                    for each in appends
                    if questions.of_user(
                        append_leaves_nothing(world.index, _with(plan, (world.instance(each.limit),))),
                        resource,
                        kind.first,
                        period,
                    )
                    is UNSAT
                ),
                None,
            )
            dead[action.name] = appends if alone is None else (alone,)
            unproved = unproved or after is UNKNOWN
    if dead:
        yield _finding(world, kind, resource, dead, unproved)


def _with(plan: Plan, appends: tuple[ir.PolicyInstance, ...]) -> Plan:
    return msgspec.structs.replace(plan, appends=appends)


def _alive(
    world: World, questions: Questions, kind: UserClass, resource: str, action: str
) -> tuple[ir.UserPolicy, ...]:
    """The user's appends on the action, without those that are never true."""
    found: dict[str, ir.UserPolicy] = {}
    for each in kind.declared.appends:
        instance = world.instance(each.limit)
        if limiting(world.index, (each.limit,), resource, action) and questions.true(instance) is not UNSAT:
            found.setdefault(instance.id, each)
    return tuple(found.values())


def _finding(
    world: World,
    kind: UserClass,
    resource: str,
    dead: dict[str, tuple[ir.UserPolicy, ...]],
    unproved: bool,
) -> Finding:
    policies = list({each.at: each for appends in dead.values() for each in appends}.values())
    names = listed([f"`{each.limit.instance}`" for each in policies], "and")
    actions = ", ".join(action.name for action in world.index.resources[resource].actions if action.name in dead)
    who = counted(kind.users)
    return Finding(
        code="PL209",
        message=f"with {names} appended, {actions} reaches no `{resource}` for {who}",
        at=kind.declared.at,
        users=kind.users,
        help="remove it, or look for the limit that it contradicts",
        related=tuple(related(each.at, "the append") for each in policies),
        proved=None if unproved else f"no record and no instant at which {who} would be allowed {actions}",
        unproved=unproved,
    )
