"""PL207: an override that reaches records the group's policies do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from policylang.analysis.creation import looked_at, writable
from policylang.analysis.formula import AllOf, Formula
from policylang.analysis.query import DeclaredUser, Sat, Witness
from policylang.analysis.questions import override_widens
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.check.finding import Finding, Shown, Who, WitnessError, counted, related, show
from policylang.check.limits import Questions, for_complete
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.runtime.grants import Profile
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan, Way

RULE = Rule(
    code="PL207",
    name="override-widens",
    family="conflicts",
    severity="warning",
    security="medium",
    summary="an override that reaches records the group's policies do not",
    why=(
        "An override replaces everything the group says about the resource, for every action. Unless it is at least "
        "as narrow, one user sees more than the group may, and a limit added to the group later will miss that user."
    ),
    bad="""\
resource doc { owner : user  created : datetime  actions view }
policy mine on doc { owner is assigned user }
policy newer_than(age: duration) on doc { created within age }
group sales { grant view on doc  policy mine }
user "amy@acme.test" in sales {   #! PL207
  override policy newer_than(30 days) on doc
}
""",
    good="""\
resource doc { owner : user  created : datetime  actions view }
policy mine on doc { owner is assigned user }
policy newer_than(age: duration) on doc { created within age }
group sales { grant view on doc  policy mine }
user "amy@acme.test" in sales { append policy newer_than(30 days) on doc }
""",
    near="""\
resource doc { owner : user  created : datetime  actions view }
policy mine on doc { owner is assigned user }
policy newer_than(age: duration) on doc { created within age }
group sales { grant view on doc  policy mine }
user "amy@acme.test" in sales {
  override policy mine on doc
  override policy newer_than(30 days) on doc
}
""",
    since="0.1.0",
    proof=True,
)


def check(world: World) -> Iterator[Finding]:
    """Compared is what the group's own grants reach with the overrides and without them; what other sources give does
    not matter. An override for some actions leaves the others without any limit of the group, which widens as well. A
    record counts whose attribute is covered with the overrides only, where roles inside the group grant different
    attributes under different limits. Only what the user is in fact allowed is reported: not what an append, a deny or
    a requirement keeps away. One finding for a user and a resource.
    """
    questions = world.once(for_complete)
    for kind in world.user_classes:
        user = kind.declared
        if user.group is None or user.terminated:
            continue
        for resource in sorted({world.instance(policy.limit).resource for policy in user.overrides}):
            yield from _on_resource(world, questions, kind, resource)


def _on_resource(world: World, questions: Questions, kind: UserClass, resource: str) -> Iterator[Finding]:
    shown: dict[str, Shown] = {}
    doubt: list[str] = []
    actions = [action for action in world.index.resources[resource].actions if not action.bypasses_policies]
    for action in (action.name for action in sorted(actions, key=lambda action: action.kind == "create")):
        for period, who in world.periods(kind.first):
            found = _wider(world, questions, kind.first, period, who, action, resource)
            if isinstance(found, Shown):
                shown[action] = found
                break
            if found is UNKNOWN and action not in doubt:
                doubt.append(action)
    if shown or doubt:
        yield _finding(world, kind, resource, shown, doubt)


def _wider(
    world: World, questions: Questions, user: str, period: Period, who: Profile, action: str, resource: str
) -> object:
    """Evidence that the overrides widen the action in the period, ``UNKNOWN``, or something else."""
    plan = world.plan(who, action, resource)
    plain = world.plan(msgspec.structs.replace(who, overrides=()), action, resource)
    new = [way for way in plan.ways if way.source.kind == "group"]
    old = [way for way in plain.ways if way.source.kind == "group"]
    if not new:
        return None
    fields: list[str | None] = [None]
    if len(old) > 1:
        fields += sorted(frozenset().union(*(way.fields for way in new)))
    doubt = False
    for field in fields:
        formula = _gained(world, plan, new, old, field)
        if formula is None:
            continue
        if questions.of_user(formula, resource, user, period) is UNSAT:
            continue
        if plan.kind == "create":
            formula = AllOf((formula, _written(questions, plan, formula, user)))
        found = world.ask(formula, resource, DeclaredUser(user), period)
        if isinstance(found, Sat):
            witness = found.witness if plan.kind != "create" else _bare(world, found.witness, formula)
            try:
                return show(world, Who(user=user), action, witness, allowed=True, field=field)
            except WitnessError:
                if plan.kind != "create":
                    raise
        doubt = doubt or found is UNKNOWN
    return UNKNOWN if doubt else None


def _gained(world: World, plan: Plan, new: Sequence[Way], old: Sequence[Way], field: str | None) -> Formula | None:
    """What the new ways open, and what the old ones did not; ``None`` where there plainly is no such thing."""
    if field is not None:
        new = [way for way in new if field in way.fields]
        old = [way for way in old if field in way.fields]
    narrower = [way.limit_ids for way in old]
    new = [way for way in new if not any(ids <= way.limit_ids for ids in narrower)]
    if not new:
        return None
    return override_widens(world.index, plan, new, old, field)


# --- create: every attribute that is set must be covered ------------------------------------------------------


def _written(questions: Questions, plan: Plan, formula: Formula, user: str) -> Formula:
    """Attributes that the formula looks at are missing, or may be set to what they are."""

    def likely(declared: ir.Attribute) -> list[str]:
        holders = questions.holders.get(declared.role or "", ())
        named = {user, *questions.looks(formula).users}.intersection(holders)
        return sorted(named | set(holders[:5]))

    return AllOf(writable(questions.world.index, plan, formula, likely))


def _bare(world: World, witness: Witness, formula: Formula) -> Witness:
    """The situation without the attributes that make no difference to it."""
    kept = {*looked_at(formula), world.index.resources[witness.resource].place}
    record = {name: value for name, value in witness.record.items() if name in kept}
    return msgspec.structs.replace(witness, record=record)


def _finding(world: World, kind: UserClass, resource: str, shown: dict[str, Shown], doubt: list[str]) -> Finding:
    user = kind.declared
    assert user.group is not None
    policies = [each for each in user.overrides if world.instance(each.limit).resource == resource]
    actions = ", ".join(
        action.name for action in world.index.resources[resource].actions if action.name in (shown or doubt)
    )
    names = listed([f"`{each.limit.instance}`" for each in policies], "and")
    who = f"{counted(kind.users)} {'reaches' if len(kind.users) == 1 else 'reach'}"
    return Finding(
        code="PL207",
        message=f"with {names}, {who} records of `{resource}` that group `{user.group.name}` does not, for {actions}",
        at=user.at,
        users=kind.users,
        help=_help(policies),
        related=tuple(related(each.at, "the override") for each in policies),
        shown=tuple(shown.values()),
        unproved=not shown,
    )


def _help(policies: Sequence[ir.UserPolicy]) -> str:
    if any(policy.limit.actions is not None for policy in policies):
        return "an override also removes the group's policies from the actions it does not limit; append instead"
    return "append the policy instead, or repeat the group's policies as overrides as well"
