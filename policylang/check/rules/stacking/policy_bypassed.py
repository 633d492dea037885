"""PL310: a user with limits and an action that ignores them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from policylang.analysis.formula import Formula
from policylang.analysis.questions import limits_bypassed, policy_bypassed
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.check.finding import Finding, Shown, Who, counted, related, show
from policylang.check.stacks import Stacks, permissions_in_words
from policylang.check.world import UserClass, World
from policylang.diagnostics import Related, Rule
from policylang.ir import nodes as ir
from policylang.runtime.grants import Profile, instances, limit_is_on, standing_limits
from policylang.runtime.index import Permission
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan

RULE = Rule(
    code="PL310",
    name="policy-bypassed",
    family="stacking",
    severity="warning",
    security="medium",
    summary="a user with limits and an action that ignores them",
    why=(
        "Real systems have such actions: a month view, an export. A user with one might as well have no limits, "
        "and nothing in the user's policies says so."
    ),
    bad="""\
resource visit { owner : user  actions view  action view_month bypasses policies }
policy mine on visit { owner is assigned user }
group sales { grant view, view_month on visit  policy mine }
user "ada@acme.test" in sales   #! PL310
""",
    good="""\
resource visit { owner : user  actions view  action view_month bypasses policies }
policy mine on visit { owner is assigned user }
group sales { grant view on visit  policy mine }
user "ada@acme.test" in sales
""",
    near="""\
resource visit { owner : user  actions view, modify  action view_month bypasses policies }
policy mine on visit { owner is assigned user }
group leads { grant view, modify, view_month on visit  policy mine for modify }
user "ada@acme.test" in leads
""",
    since="0.1.0",
    proof=True,
)

_LOOKING = frozenset(("view", "read", "see", "show", "list", "open", "browse", "search", "get"))
"""First words of actions that show records, where they do not say what they are like."""


class _Bypassed(msgspec.Struct):
    certain: dict[Permission, None] = {}
    doubtful: dict[Permission, None] = {}
    shown: tuple[Shown, ...] = ()
    related: dict[str, Related] = {}


def check(world: World) -> Iterator[Finding]:
    """A record that the action which bypasses policies opens for the user, and that the user's limits keep away, as
    policies of a group or role, overrides or appends. Kept away is

    - what the user may look at by ordinary actions (`view`, `read`, `list`, …, with what may follow) on some records
      and, for the limits alone, not on this one; the same for an ordinary action that the bypassing one is named after
      (`modify` and `bulk_modify`);
    - where the user has no such actions, what the limits around the bypassing grant would keep from it;
    - what a policy that names the bypassing action itself (`for`) would keep from it.

    A limit on changing records is not bypassed by an action that shows them. One finding for a class of users.
    """
    bypassing = world.permissions(lambda action: action.bypasses_policies)
    if not bypassing:
        return
    stacks = world.once(Stacks)
    for users in world.user_classes:
        found = _Bypassed()
        for period, who in stacks.periods(users, least=1):
            held = {p for source in who.sources for p in stacks.permissions(source.bundle_name) if p in bypassing}
            for permission in sorted(held - found.certain.keys()):
                _look(stacks, users, period, who, permission, found)
        if found.certain or found.doubtful:
            yield _finding(users, found)


def _finding(users: UserClass, found: _Bypassed) -> Finding:
    permissions = found.certain or found.doubtful
    return Finding(
        code="PL310",
        message=f"{permissions_in_words(permissions)} bypasses the limits of {counted(users.users)}",
        at=users.declared.at,
        users=users.users,
        subjects=tuple(f"{action} on {resource}" for resource, action in permissions),
        help="remove the action, or remove the limits if these records may be seen",
        related=tuple(found.related.values())[:5],
        shown=found.shown,
        unproved=not found.certain,
    )


def _look(
    stacks: Stacks, users: UserClass, period: Period, who: Profile, permission: Permission, found: _Bypassed
) -> None:
    resource, action = permission
    if not any(_limits(stacks, users.declared, who, resource)):
        return
    plan = stacks.world.plan(who, action, resource)
    for formula, kept in _kept_away(stacks, who, plan):
        answer = stacks.ask(formula, plan, users.first, period)
        if answer is UNSAT:
            continue
        shown = None if answer is UNKNOWN else stacks.show(users.first, plan, answer.witness)
        if answer is UNKNOWN or shown is None:
            found.doubtful[permission] = None
            continue
        found.certain[permission] = None
        if not found.shown:
            found.shown = (shown,)
            if kept is not None:
                found.shown += (show(stacks.world, Who(user=users.first), kept.action, answer.witness, allowed=False),)
        for at, text in _limits(stacks, users.declared, who, resource):
            found.related.setdefault(at, related(at, text))
        return


def _ordinary(stacks: Stacks, who: Profile, resource: str, action: str) -> Iterator[list[Plan]]:
    """The plans of ordinary actions that the user has: those that show records, and each that the bypassing action is
    named after.
    """
    looking, namesakes = [], []
    for name, declared in stacks.index.actions[resource].items():
        plan = stacks.world.plan(who, name, resource)
        if declared.bypasses_policies or not plan.ways:
            continue
        if declared.kind == "view" or (declared.kind is None and name.lower().split("_")[0] in _LOOKING):
            looking.append(plan)
        elif name.lower() in action.lower().split("_"):
            namesakes.append([plan])
    yield from ([looking] if looking else [])
    yield from namesakes


def _kept_away(stacks: Stacks, who: Profile, plan: Plan) -> Iterator[tuple[Formula, Plan | None]]:
    """What it means that limits keep a record away, and the ordinary action that they keep it from."""
    index, resource = stacks.index, plan.resource
    ordinary = list(_ordinary(stacks, who, resource, plan.action))
    for alike in ordinary:
        for other in alike:
            if any(way.limits for way in other.ways) or other.appends:
                yield policy_bypassed(index, alike, other), other
    limited = _limited(stacks, who, plan, named_only=bool(ordinary))
    if any(way.limits for way in limited.ways) or limited.appends:
        yield limits_bypassed(index, limited), None


def _limited(stacks: Stacks, who: Profile, plan: Plan, *, named_only: bool) -> Plan:
    """The plan as it would be if the action did not bypass policies, or just those that name it."""
    index = stacks.index

    def counts(limit: ir.Limit) -> bool:
        return plan.action in (limit.actions or ()) or (limit.actions is None and not named_only)

    ways = []
    for way in plan.ways:
        for chain in stacks.world.chains(way.source):
            if not any(grant in chain[-1].grants for grant in way.statements):
                continue
            standing, _ = standing_limits(index, way.source, chain, who.overrides, plan.resource)
            ways.append(way.under(instances(index, filter(counts, standing))))
    mine = [each for each in who.appends if limit_is_on(index, each, plan.resource) and counts(each)]
    appends = instances(index, mine)
    return msgspec.structs.replace(plan, ways=tuple(ways), appends=appends)


def _limits(stacks: Stacks, user: ir.User, who: Profile, resource: str) -> Iterator[tuple[str, str]]:
    """Where the user's limits on the resource are attached."""
    own = [(each.limit, each.at) for each in (*user.appends, *user.overrides)]
    for limit, at in (*own, *((x, x.at) for s in who.sources for ch in stacks.world.chains(s) for x in ch[-1].limits)):
        if stacks.world.instance(limit).resource == resource:
            yield at, f"limited by `{limit.instance}`"
