"""PL405: a role that performs a task without the permissions the task needs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.analysis.questions import task_cannot_be_done
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN
from policylang.check.finding import Finding, related
from policylang.check.holding import Holdings
from policylang.check.limits import Questions, claims
from policylang.check.privileges import in_order, on, several, ticked
from policylang.check.world import World
from policylang.diagnostics import Related, Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.requirements import Atom, fold
from policylang.runtime.grants import Profile
from policylang.runtime.plan import Plan
from policylang.runtime.sources import RightsSource

RULE = Rule(
    code="PL405",
    name="task-cannot-be-done",
    family="privilege",
    severity="error",
    summary="a role that performs a task without the permissions the task needs",
    why=(
        "People find out at work, and are given a second role in a hurry, with far more than was missing. The "
        "task says what it needs: grant that."
    ),
    bad="""\
resource doc { level : int  actions view, approve }
task approval { needs view, approve on doc }
role approver {
  grant view on doc
  performs approval   #! PL405
}
""",
    good="""\
resource doc { level : int  actions view, approve }
task approval { needs view, approve on doc }
role approver {
  grant view, approve on doc
  performs approval
}
""",
    near="""\
resource doc { level : int  actions view, approve }
policy small on doc { level < 3 }
task approval { needs view, approve on doc }
role reader { grant view on doc }
role approver {
  role reader
  grant approve on doc
  policy small for approve
  deny approve on doc { level < 1 }
  performs approval
}
""",
    since="0.1.0",
    proof=True,
)


class _Gap(msgspec.Struct):
    """A permission that a task needs and a holder of the role never has; or it is not known whether ever."""

    what: str
    why: str
    at: str
    related: tuple[Related, ...] = ()
    unproved: bool = False


def check(world: World) -> Iterator[Finding]:
    """Somebody who has just the role, everywhere, can do what the task needs on some record, at some time: attributes
    that one need names together on one and the same record.

    Asked of the tasks that a role says it performs, not of those of the roles inside it, which say so themselves. The
    superuser tag comes with the person and not with a role: it counts as there if everybody who has the role is tagged.
    """
    yield from claims(world, _findings)


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    reasons = _Reasons(world, questions)
    for role in world.policy_set.roles:
        for ref in role.performs:
            gaps = [gap for need in world.index.tasks[ref.name].needs for gap in reasons.of(role, need)]
            if gaps:
                yield _finding(role, ref, gaps)


def _finding(role: ir.Role, ref: ir.Ref, gaps: list[_Gap]) -> Finding:
    by_reason: dict[str, list[str]] = {}
    for gap in gaps:
        by_reason.setdefault(gap.why, []).append(gap.what)
    told = [f"{why} {several(what)}" for why, what in by_reason.items()]
    certain = [gap.what for gap in gaps if not gap.unproved]
    needs = {gap.at: related(gap.at, "needed here") for gap in gaps}
    others = {each: None for gap in gaps for each in gap.related}
    return Finding(
        code="PL405",
        message=f"`{role.name}` cannot do the task `{ref.name}`: {'; '.join(told)}",
        at=ref.at,
        subjects=tuple(gap.what for gap in gaps),
        help="grant what is missing, or remove the task from the role",
        related=(*needs.values(), *others),
        proved=f"no record and no instant lets a holder of just `{role.name}` do {listed(certain)}"
        if certain
        else None,
        unproved=not certain,
    )


def _in_the_way(limits: int, denies: int) -> str:
    """What stands in the way of what is needed: some of both, or of one kind."""
    if limits and denies:
        return "limits and denies block"
    word, words = ("limit", "limits") if limits else ("deny", "denies")
    return f"a {word} blocks" if limits + denies == 1 else f"{words} block"


class _Reasons:
    def __init__(self, world: World, questions: Questions) -> None:
        self.world, self.questions = world, questions

    def of(self, role: ir.Role, need: ir.Need) -> Iterator[_Gap]:
        """What of a need the role lacks."""
        for action in need.actions:
            source = RightsSource("role", role.name)
            plan = self.world.plan(Profile((source,)), action, need.resource)
            tagged = plan.requirement is False and self._is_tagged(role)
            if tagged:
                plan = self.world.plan(Profile((source,), superuser=True), action, need.resource)
            gap = self._gap(plan, need, tagged)
            if gap is not None:
                yield gap

    def _is_tagged(self, role: ir.Role) -> bool:
        """Whether somebody has the role, and nobody without the superuser tag."""
        users = self.world.once(Holdings).users(("role", role.name))
        return bool(users) and all(self.world.index.users[user].superuser for user in users)

    def _gap(self, plan: Plan, need: ir.Need, tagged: bool) -> _Gap | None:
        what, index = on((plan.action,), plan.resource), self.world.index
        if not plan.ways:
            return _Gap(what, "no grant of", need.at)
        fields = need.fields or ()
        absent = [name for name in fields if not any(name in way.fields for way in plan.ways)]
        if absent:
            return _Gap(on((plan.action,), plan.resource, absent), "no grant of", need.at)
        if plan.requirement is False:
            requires = index.actions[plan.resource][plan.action].requires
            assert requires is not None
            lacks = several(self._lacks(plan, requires, tagged))
            return _Gap(
                what, f"lacks {lacks}, which is required for", need.at, (related(requires.at, "required here"),)
            )
        named = on((plan.action,), plan.resource, in_order(index, plan.resource, fields))
        if any(not way.limits for way in plan.ways) and not plan.denies and not fields:
            return None
        formula = task_cannot_be_done(index, plan, fields)
        found = self.questions.anybody(formula, plan.resource)
        if found is UNKNOWN:
            return _Gap(named, "cannot be sure of", need.at, unproved=True)
        if found is SATISFIABLE:
            return None
        places = [statement.at for way in plan.ways for statement in way.statements]
        blocks = [related(each.deny.at, "a deny") for each in plan.denies]
        limits = {limit for way in plan.ways for limit in way.limit_ids}
        return _Gap(
            named,
            _in_the_way(len(limits), len(blocks)),
            need.at,
            (*(related(at, "granted here") for at in places), *blocks),
        )

    def _lacks(self, plan: Plan, requirement: ir.Requirement, tagged: bool) -> list[str]:
        """What of a requirement is not there, in words."""

        def lacks(atom: Atom) -> list[str]:
            match atom:
                case ir.RequiresFeature(feature=feature):
                    return [] if self.world.index.features[feature] else [f"the feature {ticked([feature])[0]}"]
                case ir.RequiresSuperuser():
                    return [] if tagged else ["the superuser tag"]
                case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
                    held = self.world.plan(Profile((plan.ways[0].source,)), action, resource).ways
                    return [] if held else [on((action,), resource) + (f" at {kind}" if kind else "")]

        def one_of(words: list[list[str]]) -> list[str]:
            return [" or ".join(" and ".join(each) for each in words)] if all(words) else []

        return fold(requirement, lacks, lambda words: [word for each in words for word in each], one_of)
