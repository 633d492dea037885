"""What rules ask, each question in one line, with what its answer means.

A question is a formula for `policylang.analysis.prover`. Unsat says that no situation meets it, which is what a rule
claims to be proved or else is why it has nothing to say; Sat comes with a situation as evidence. Who asks, when, and
what records may lack, the rule says in its query. Each function has the name of the rule whose question it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from policylang.analysis.creation import not_creatable
from policylang.analysis.decision import allowed, covered, denied, unhindered, ways_open
from policylang.analysis.formula import AllOf, AnyOf, Formula, NotOf, all_true, true
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan, Way

# --- of two formulas -----------------------------------------------------------------------------------------


def implies(first: Formula, second: Formula) -> Formula:
    """Unsat iff the second holds wherever the first does."""
    return AllOf((first, NotOf(second)))


def equivalent(first: Formula, second: Formula) -> Formula:
    """Unsat iff both hold in the same situations."""
    return AnyOf((implies(first, second), implies(second, first)))


def always(formula: Formula) -> Formula:
    """Unsat iff the formula holds in every situation."""
    return NotOf(formula)


# --- policies and limits -------------------------------------------------------------------------------------


def contradictory_limits(limits: Iterable[c.Condition]) -> Formula:
    """PL201. Unsat iff no situation makes all of the limits true."""
    return all_true(limits)


def policy_always_true(policy: c.Condition) -> Formula:
    """PL202. Unsat iff the policy is true in every situation."""
    return always(true(policy))


def policy_never_true(policy: c.Condition) -> Formula:
    """PL203. Unsat iff the policy is true in no situation."""
    return true(policy)


def redundant_policy(others: Iterable[c.Condition], limit: c.Condition) -> Formula:
    """PL204. Unsat iff the limit is true wherever all the others are."""
    return AllOf((*map(true, others), NotOf(true(limit))))


def same_policy_twice(first: c.Condition, second: c.Condition) -> Formula:
    """PL213. Unsat iff both policies are true in the same situations; false or unknown makes no difference."""
    return equivalent(true(first), true(second))


# --- denies --------------------------------------------------------------------------------------------------


def deny_cancels_grant(index: Index, limits: Iterable[c.Condition], denies: Sequence[ir.Deny]) -> Formula:
    """PL205. Unsat iff a deny matches every record of which all the limits are true."""
    return AllOf((all_true(limits), *(NotOf(denied(index, deny)) for deny in denies)))


def deny_does_nothing(index: Index, reach: Formula, deny: ir.Deny) -> Formula:
    """PL206. Unsat iff the deny matches no record in reach of a grant."""
    return AllOf((reach, denied(index, deny)))


# --- what users have of their own ----------------------------------------------------------------------------


def override_widens(index: Index, plan: Plan, new: Sequence[Way], old: Sequence[Way], field: str | None) -> Formula:
    """PL207. Unsat iff the new ways open no record to the action that the old ones do not, and that nothing hinders."""
    opened, before = ways_open(index, plan.resource, new), ways_open(index, plan.resource, old)
    return AllOf((opened, unhindered(index, plan, field), NotOf(before)))


def append_does_nothing(reached: Formula, append: c.Condition) -> Formula:
    """PL208. Unsat iff the append is true of every record that is reached without it."""
    return implies(reached, true(append))


def append_leaves_nothing(index: Index, plan: Plan) -> Formula:
    """PL209. Unsat iff the plan, with its appends, allows the action on no record."""
    return allowed(index, plan)


# --- several roles -------------------------------------------------------------------------------------------


def limit_lost(index: Index, plan: Plan, place: str | None, keeping: Sequence[Way], handing: Sequence[Way]) -> Formula:
    """PL301. Unsat iff no record at the place is kept away by the limits of all ``keeping`` ways and opened by one of
    the ``handing`` ways.
    """
    kept = NotOf(AnyOf(tuple(all_true(limit.condition for limit in way.limits) for way in keeping)))
    return AllOf((covered(index, plan.resource, place), kept, ways_open(index, plan.resource, handing)))


def combined_too_broad(index: Index, plan: Plan, there: Formula, field: str | None) -> Formula:
    """PL302. Unsat iff the plan allows the action on the field of no record that is ``there``."""
    return there if field is None else AllOf((there, allowed(index, plan, field)))


def role_adds_nothing(index: Index, plan: Plan, without: Plan, field: str | None) -> Formula:
    """PL303. Unsat iff both plans, with the role and without it, decide every record alike."""
    return equivalent(allowed(index, plan, field), allowed(index, without, field))


def role_adds_ways(index: Index, plan: Plan, mine: Sequence[Way], field: str | None) -> Formula:
    """PL303, where the role changes no deny and no requirement. Unsat iff every record that the role's ways open, and
    that nothing hinders, is on a way of the plan without it.
    """
    return override_widens(index, plan, _to(mine, field), _to(plan.ways, field), field)


def role_adds_creation(index: Index, difference: Formula, plans: Iterable[Plan]) -> Formula:
    """PL303, of an action that creates. Unsat iff neither plan, with the role or without it, can create a record in
    which there is a difference.
    """
    return AllOf((difference, AnyOf(tuple(NotOf(not_creatable(index, plan)) for plan in plans))))


def policy_bypassed(index: Index, ordinary: Sequence[Plan], one: Plan) -> Formula:
    """PL310. Unsat iff there is no record that all the ordinary actions are kept from, ``one`` of them by nothing but
    limits and appends.
    """
    nowhere = AllOf(tuple(NotOf(allowed(index, other)) for other in ordinary))
    places = AnyOf(tuple(covered(index, one.resource, way.place) for way in one.ways))
    return AllOf((nowhere, places, unhindered(index, replace(one, appends=()))))


def limits_bypassed(index: Index, limited: Plan) -> Formula:
    """PL310, where no ordinary action is beside. Unsat iff the limits and appends that would count, did the action not
    bypass them, keep no record away.
    """
    opened = ways_open(index, limited.resource, limited.ways)
    return NotOf(AllOf((opened, *(true(each.condition) for each in limited.appends))))


# --- least privilege, escalation -----------------------------------------------------------------------------


def unlimited_change(index: Index, resource: str, ways: Sequence[Way]) -> Formula:
    """PL402. Unsat iff every record is on one of the ways."""
    return always(ways_open(index, resource, ways))


def task_cannot_be_done(index: Index, plan: Plan, fields: Sequence[str]) -> Formula:
    """PL405. Unsat iff the plan allows the action, on all of the fields, on no record."""
    return AllOf(tuple(allowed(index, plan, name) for name in fields or (None,)))


def integration_outside_objects(index: Index, plan: Plan) -> Formula:
    """PL409. Unsat iff the plan allows the action on no record."""
    return allowed(index, plan)


def integration_sees_sensitive(index: Index, plan: Plan, ways: Sequence[Way], field: str) -> Formula:
    """PL410. Unsat iff the ways open the field on no record on which nothing hinders the action."""
    return AllOf((ways_open(index, plan.resource, ways), unhindered(index, plan, field)))


def mirror_differs(index: Index, first: Plan, second: Plan, field: str | None) -> Formula:
    """PL411. Unsat iff the second plan allows whatever the first one does."""
    return implies(allowed(index, first, field), allowed(index, second, field))


def escalation_path(index: Index, reached: Formula, mine: Plan, field: str | None) -> Formula:
    """PL504. Unsat iff the holder's own plan allows whatever is reached at the end of the path."""
    return implies(reached, allowed(index, mine, field))


# --- invariants ----------------------------------------------------------------------------------------------


def somebody_allowed(where: Formula, allowed: Formula) -> Formula:
    """PL601, PL602: `no` and `only`. Unsat iff the one who is asked about is allowed no record of which it speaks."""
    return AllOf((where, allowed))


def somebody_denied(index: Index, where: Formula, plan: Plan, field: str | None) -> Formula:
    """PL601, PL602: `every`. Unsat iff the plan allows every record of which it speaks."""
    create = plan.kind == "create"
    return AllOf((where, not_creatable(index, plan, field) if create else NotOf(allowed(index, plan, field))))


def some_closed(index: Index, plan: Plan) -> Formula:
    """The reach of a finding. Unsat iff the plan opens every record to the action."""
    return NotOf(allowed(index, plan))


def _to(ways: Sequence[Way], field: str | None) -> tuple[Way, ...]:
    """The ways that cover a field."""
    return tuple(way for way in ways if field is None or field in way.fields)
