"""PL206"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from policylang.analysis.formula import AllOf, all_true
from policylang.analysis.search import UNPROVED
from policylang.check.decision import denied, way_open
from policylang.check.finding import Finding
from policylang.check.limits import Questions
from policylang.check.parts import Verdict
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule
from policylang.ir import nodes as ir
from policylang.runtime.parts import grant_fields
from policylang.runtime.plan import PlacedDeny
from policylang.runtime.sources import Bundle, Source

RULE = Rule(
    code="PL206",
    name="deny-does-nothing",
    family="conflicts",
    severity="warning",
    summary="a deny of what nobody who holds it is granted",
    why=(
        "Nothing granted is nothing allowed, so the deny takes nothing away. Often it names the wrong action, or the "
        "grant that it was written against has gone."
    ),
    bad="""\
resource doc { actions view, approve }
group sales {
  grant view on doc
  deny approve on doc   #! PL206
}
""",
    good="""\
resource doc { actions view, approve }
group sales { grant view on doc }
""",
    near="""\
resource doc { actions view, approve }
role approver { grant approve on doc }
role blocked { deny approve on doc }
user "amy@acme.test" { assign role approver  assign role blocked }
""",
    since="0.1.0",
    proof=True,
    fix="safe",
)


class _Said(msgspec.Struct):
    """A deny as it was written: one on all resources is one on each of them. ``by``: the kind and name of the role or
    group that says it; nothing for one that is for everyone.
    """

    denies: list[ir.Deny]
    by: tuple[str, str] | None
    unproved: bool = False


def check(world: World) -> Iterator[Finding]:
    """A deny does something if it matches one record that somebody who holds it is granted the action on: somebody who
    has just the role or group that says it, or one around that, or what a job brings; or a user, with all that the user
    has, at any time. One that takes away some of what it names does something. What else may keep the record from the
    user is not asked: another deny, an append, a requirement.
    """
    questions = world.once(Questions)
    waiting = [said for said in _statements(world) if not _in_own_source(world, questions, said)]
    waiting = _left_by_others(world, questions, waiting) if waiting else []
    yield from map(_finding, waiting)


def _statements(world: World) -> Iterator[_Said]:
    found: dict[str, _Said] = {}
    for source, bundle in world.bundles:
        for deny in bundle.denies:
            found.setdefault(deny.at, _Said([], (source.kind, source.name))).denies.append(deny)
    for deny in world.index.denies:
        found.setdefault(deny.at, _Said([], None)).denies.append(deny)
    yield from found.values()


# --- somebody who has one source -----------------------------------------------------------------------------


def _in_own_source(world: World, questions: Questions, said: _Said) -> bool:
    if said.by is None:
        return False
    source = Source(said.by[0], said.by[1], None)  # type: ignore[arg-type]
    return _matches(world, questions, said, world.granted(source))


def _matches(
    world: World, questions: Questions, said: _Said, granted: Iterable[tuple[tuple[Bundle, ...], ir.Grant]]
) -> bool:
    """Whether the deny matches a record that one of the grants reaches, each under the limits of its chain."""
    asked: set[tuple[frozenset[str], str]] = set()
    of = {deny.resource: deny for deny in said.denies}
    for chain, grant in granted:
        deny = of.get(grant.resource)
        if deny is None or not _takes(deny, grant_fields(world.index, grant)):
            continue
        for action in grant.actions:
            if action not in deny.actions:
                continue
            bypasses = world.index.actions[grant.resource][action].bypasses_policies
            limits = () if bypasses else world.limits(chain, grant.resource, action)
            instances = frozenset(limit.instance for limit in limits)
            if (instances, grant.resource) not in asked:
                asked.add((instances, grant.resource))
                if _can_match(world, questions, said, deny, instances):
                    return True
    return False


def _takes(deny: ir.Deny, fields: frozenset[str]) -> bool:
    return deny.fields is None or not fields.isdisjoint(deny.fields)


def _can_match(world: World, questions: Questions, said: _Said, deny: ir.Deny, instances: frozenset[str]) -> bool:
    if not instances and deny.condition is None:
        return True
    conditions = (world.index.instances[each].condition for each in sorted(instances))
    formula = AllOf((all_true(conditions), denied(world.index, deny.resource, PlacedDeny(None, deny))))
    return _noted(said, questions.anybody(formula, deny.resource))


def _noted(said: _Said, found: Verdict) -> bool:
    """Whether a record was found; that there may be one is remembered."""
    said.unproved = said.unproved or found is UNPROVED
    return found is True


# --- everybody else ------------------------------------------------------------------------------------------


def _left_by_others(world: World, questions: Questions, waiting: list[_Said]) -> list[_Said]:
    """Those of the denies that nothing else that comes with them makes do something."""
    everyone = [said for said in waiting if said.by is None]
    if everyone:
        waiting = [said for said in waiting if said.by is not None]
        waiting += _left_for_everyone(world, questions, everyone)
    holders: dict[tuple[str, str], set[tuple[str, str]]] = {}
    if any(said.by is not None for said in waiting):
        sayers = {said.by for said in waiting if said.by is not None}
        for source, _bundle in world.bundles:
            for chain in world.chains(source):
                key = ("role" if isinstance(chain[-1], ir.Role) else "group", chain[-1].name)
                if key in sayers:
                    holders.setdefault(key, set()).add((source.kind, source.name))
    left = []
    for said in waiting:
        outer = holders.get(said.by, set()) if said.by is not None else set()
        sources = (Source(kind, name, None) for kind, name in sorted(outer))  # type: ignore[arg-type]
        if not any(_matches(world, questions, said, world.granted(source)) for source in sources):
            left.append(said)
    left = _left_by_jobs(world, questions, left, holders)
    return _left_by_users(world, questions, left, holders) if left else []


def _left_for_everyone(world: World, questions: Questions, waiting: list[_Said]) -> list[_Said]:
    """Each role and group is a source of its own, and the limits around it only narrow what it grants."""
    granted: dict[str, list[tuple[tuple[Bundle, ...], ir.Grant]]] = {}
    for _source, bundle in world.bundles:
        for grant in bundle.grants:
            granted.setdefault(grant.resource, []).append(((bundle,), grant))
    return [
        said
        for said in waiting
        if not any(_matches(world, questions, said, granted.get(deny.resource, ())) for deny in said.denies)
    ]


def _left_by_jobs(
    world: World, questions: Questions, waiting: list[_Said], holders: dict[tuple[str, str], set[tuple[str, str]]]
) -> list[_Said]:
    """What a job brings counts, also if nobody has the job yet."""
    left = waiting
    for job in world.policy_set.jobs if waiting else ():
        roles = {("role", ref.name) for ref in job.roles}
        sources = [Source("role", ref.name, None) for ref in job.roles]
        left = [
            said
            for said in left
            if said.by is None
            or roles.isdisjoint(holders.get(said.by, set()))
            or not any(_matches(world, questions, said, world.granted(source)) for source in sources)
        ]
    return left


def _left_by_users(
    world: World, questions: Questions, waiting: list[_Said], holders: dict[tuple[str, str], set[tuple[str, str]]]
) -> list[_Said]:
    """Users with all they have, place by place and period by period. A user's override may lift the group's limits."""
    said_in: dict[tuple[str, str], list[_Said]] = {}
    for said in waiting:
        for source in holders.get(said.by, set()) if said.by is not None else ():
            said_in.setdefault(source, []).append(said)
    everyone = [said for said in waiting if said.by is None]
    done: set[int] = set()
    for kind in world.user_classes:
        mine = {
            id(said): said
            for source in _all_sources(world, world.whole.users[kind.first])
            for said in said_in.get(source, ())
        }
        if kind.declared.overrides:
            mine.update((id(said), said) for said in everyone)
        todo = [said for key, said in mine.items() if key not in done]
        if todo:
            done |= {id(said) for said in todo if _matches_for_user(world, questions, said, kind)}
    return [said for said in waiting if id(said) not in done]


def _all_sources(world: World, user: ir.User) -> Iterator[tuple[str, str]]:
    """The sources of a user at any time."""
    if user.group is not None:
        yield "group", user.group.name
    job = world.index.jobs[user.job.name] if user.job is not None else None
    for ref in job.roles if job is not None else ():
        yield "role", ref.name
    for assignment in user.assignments:
        yield "role", assignment.role


def _matches_for_user(world: World, questions: Questions, said: _Said, kind: UserClass) -> bool:
    for period, who in world.all_periods(kind.first):
        for deny in said.denies:
            for action in deny.actions:
                plan = world.plan(who, action, deny.resource)
                for placed in (each for each in plan.denies if each.deny == deny):
                    for way in plan.ways:
                        if not _takes(deny, way.fields):
                            continue
                        formula = AllOf(
                            (way_open(world.index, deny.resource, way), denied(world.index, deny.resource, placed))
                        )
                        if _noted(said, questions.of_user(formula, deny.resource, kind.first, period)):
                            return True
    return False


def _finding(said: _Said) -> Finding:
    deny = said.denies[0]
    what = f"{', '.join(deny.actions)} on `{deny.resource}`"
    if len(said.denies) > 1:
        what += f" and {len(said.denies) - 1} more"
    if deny.fields is not None:
        what += f" ({', '.join(deny.fields)})"
    who = "nobody" if said.by is None else f"nobody who has {said.by[0]} `{said.by[1]}`"
    where = "" if all(each.condition is None for each in said.denies) else " where the deny applies"
    return Finding(
        code="PL206",
        message=f"{who} is granted {what}{where}, so the deny takes nothing away",
        at=deny.at,
        help="take it out, or look at its action, resource and condition: one of them may be meant differently",
        proved=None if said.unproved else f"{who} is granted {what} on a record that the deny matches",
        unproved=said.unproved,
    )
