"""PL201: limits on one grant that no record can satisfy at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec

from policylang.analysis.formula import all_true
from policylang.analysis.query import DeclaredUser, Query
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT
from policylang.check.finding import Finding, counted, related
from policylang.check.holding import Holdings
from policylang.check.limits import Questions, claims, inner_first
from policylang.check.privileges import several, ticked
from policylang.check.world import UserClass, World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.model import conditions as c
from policylang.runtime.access import dates_in_words
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.grants import Granted, limiting
from policylang.runtime.index import Permission
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL201",
    name="contradictory-limits",
    family="conflicts",
    severity="error",
    summary="limits on one grant that no record can satisfy at once",
    why=(
        "The grant looks useful, but nobody can ever use it. Usually one of the limits was meant "
        "for another action or another group."
    ),
    bad="""\
resource doc { created : datetime  actions view }
policy recent on doc { created within 30 days }
policy old on doc { created older than 60 days }
group archive {
  grant view on doc
  policy recent
  policy old   #! PL201
}
""",
    good="""\
resource doc { created : datetime  actions view }
policy old on doc { created older than 60 days }
group archive {
  grant view on doc
  policy old
}
""",
    near="""\
resource doc { created : datetime  actions view }
policy recent on doc { created within 30 days }
policy older on doc { created older than 20 days }
group archive {
  grant view on doc
  policy recent
  policy older
}
""",
    since="0.1.0",
    proof=True,
)


class _Core(msgspec.Struct):
    """Limits that contradict each other, on one resource and on others on which the same statements do so; the actions
    that they take from grants, by the resource, and where these grants stand.
    """

    limits: tuple[ir.Limit, ...]
    resource: str
    unproved: bool
    actions: dict[str, dict[str, None]]
    grants: dict[str, None]


def check(world: World) -> Iterator[Finding]:
    """The fewest limits that contradict each other, once, where the innermost role or group says them, whatever it is
    that they take away; overrides of one user that do so; and assignments outside of the hours of their policies. A
    policy that alone reaches nothing is another finding, PL203. Actions that bypass policies are not limited.
    """
    yield from claims(world, _findings, lambda each: (each.at, each.message))


def _findings(world: World, questions: Questions) -> Iterator[Finding]:
    fine: set[tuple[ir.Limit, ...]] = set()
    cores: list[_Core] = []
    by_limit: dict[str, list[_Core]] = {}
    told: set[tuple[Name, Permission]] = set()
    for source, _bundle in inner_first(world):
        name, about = source.bundle_name, world.about(source.bundle_name)
        # What is fine where it comes from is fine here.
        wanted = {permission for permission, origin in about.items() if origin == name or (origin, permission) in told}
        for each in world.grants(source, wanted):
            limits = each.limits
            if limits in fine or len({limit.instance for limit in limits}) < 2:
                continue
            known = [core for limit in limits for core in by_limit.get(limit.at, ())]
            found = next((core for core in known if _is_told(questions, core, limits)), None)
            if found is None:
                answer = _core(questions, limits)
                if answer is None:
                    fine.add(limits)
                    continue
                found = _Core(answer[0], each.grant.resource, answer[1], {}, {})
                cores.append(found)
                for limit in found.limits:
                    by_limit.setdefault(limit.at, []).append(found)
            permission = each.grant.resource, each.action
            told.add((about[permission], permission))
            found.actions.setdefault(each.grant.resource, {})[each.action] = None
            found.grants[each.grant.at] = None
    yield from (_finding(world, core) for core in cores)
    for kind in world.user_classes:
        yield from _overrides(world, questions, kind)
        yield from _missed_shifts(world, questions, kind)


def _is_told(questions: Questions, core: _Core, limits: Sequence[ir.Limit]) -> bool:
    """Whether what contradicts itself is among the limits; on another resource, where it does so as well."""
    places = {limit.at for limit in core.limits}
    mine = [limit for limit in limits if limit.at in places]
    if not places <= {limit.at for limit in mine}:
        return False
    instances = {limit.instance for limit in mine}
    return instances == {limit.instance for limit in core.limits} or questions.together(instances) is UNSAT


def _core(questions: Questions, limits: Sequence[ir.Limit]) -> tuple[tuple[ir.Limit, ...], bool] | None:
    """The fewest limits that contradict each other, in the order of their places, and whether that is in doubt."""
    by_instance = {limit.instance: limit for limit in limits}
    if questions.together(by_instance) is SATISFIABLE:
        return None
    alive = [instance for instance in by_instance if questions.together((instance,)) is not UNSAT]
    if len(alive) < 2:
        return None
    found = questions.together(alive)
    if found is UNKNOWN:
        if any(questions.together((instance,)) is UNKNOWN for instance in alive):
            return None
    elif found is not UNSAT:
        return None
    core = alive
    if found is UNSAT:
        pairs = (pair for pair in combinations(alive, 2) if questions.together(pair) is UNSAT)
        core = list(next(pairs, alive))
        for instance in alive if len(core) > 2 else ():
            fewer = [each for each in core if each != instance]
            if questions.together(fewer) is UNSAT:
                core = fewer
    chosen = sorted((by_instance[instance] for instance in core), key=lambda limit: Location.parse(limit.at))
    return tuple(chosen), found is UNKNOWN


def _finding(world: World, core: _Core) -> Finding:
    names = listed([f"`{limit.instance}`" for limit in core.limits], "and")
    grants = sorted(core.grants, key=Location.parse)
    return Finding(
        code="PL201",
        message=f"no `{core.resource}` can satisfy {names} together, {_so(world, core)}",
        at=core.limits[-1].at,
        help="remove one of them, or limit it to other actions with `for`",
        related=(
            *(related(limit.at, f"`{limit.instance}`") for limit in core.limits[:-1]),
            *(related(at, "the grant") for at in grants[:3]),
        ),
        proved=None if core.unproved else f"no record and no instant makes {names} true",
        unproved=core.unproved,
    )


def _so(world: World, core: _Core, who: str = "") -> str:
    """``so view reaches none``, and what else it is so for."""
    first, *others = core.actions
    actions = ", ".join(action for action in world.index.actions[first] if action in core.actions[first])
    return f"so {actions} reaches none{who}" + (f"; likewise for {several(ticked(others))}" if others else "")


def _overrides(world: World, questions: Questions, kind: UserClass) -> Iterator[Finding]:
    """Overriding policies of one user that contradict each other, where the user's group grants what they limit."""
    user = kind.declared
    if len(user.overrides) < 2 or user.group is None or user.terminated:
        return
    cores: dict[tuple[str, ...], _Core] = {}
    for resource, action in sorted(world.once(Holdings).granted(("group", user.group.name))):
        limits = limiting(world.index, (each.limit for each in user.overrides), resource, action)
        found = _core(questions, limits) if len(limits) > 1 else None
        if found is not None:
            core, unproved = found
            key = tuple(limit.at for limit in core)
            taken = cores.setdefault(key, _Core(core, resource, unproved, {}, {})).actions.setdefault(resource, {})
            taken[action] = None
    for each in cores.values():
        names = listed([f"`{limit.instance}`" for limit in each.limits], "and")
        who = f" for {counted(kind.users)}"
        yield Finding(
            code="PL201",
            message=f"no `{each.resource}` can satisfy {names} together, {_so(world, each, who)}",
            at=user.at,
            users=kind.users,
            help="remove one of the overrides",
            related=tuple(related(limit.at, f"`{limit.instance}`") for limit in each.limits),
            proved=None if each.unproved else f"no record and no instant makes {names} true",
            unproved=each.unproved,
        )


# --- assignments of some hours or days that lie beside the hours of the policies on what they give -----------------


def _missed_shifts(world: World, questions: Questions, kind: UserClass) -> Iterator[Finding]:
    """The assignments of users in whose time no record satisfies the limits of a grant, which has others."""
    for each in kind.declared.assignments:
        lost = kind.declared.terminated and not world.index.roles[each.role].essential
        if each.start is not None and each.until is not None and not lost:
            for resource, found in _by_resource(world, each).items():
                yield from _missed(world, questions, kind, each, resource, found)


def _by_resource(world: World, each: ir.Assignment) -> dict[str, list[Granted]]:
    """What the role brings that is limited by the clock."""
    found: dict[str, list[Granted]] = {}
    for grant in world.grants(RightsSource("role", each.role)):
        conditions = (world.index.instances[limit.instance].condition for limit in grant.limits)
        if any(isinstance(test, c.Hours | c.Weekdays) for condition in conditions for test in condition.tests()):
            found.setdefault(grant.grant.resource, []).append(grant)
    return found


def _missed(
    world: World, questions: Questions, kind: UserClass, each: ir.Assignment, resource: str, found: list[Granted]
) -> Iterator[Finding]:
    begin, end = begin_of(each, world.index.timezone), end_of(each, world.index.timezone)
    if begin is None or end is None:
        return
    who = DeclaredUser(kind.first)
    missed: dict[tuple[ir.Limit, ...], list[str]] = {}
    doubt = False
    for grant in found:
        formula = all_true(world.index.instances[limit.instance].condition for limit in grant.limits)
        if questions.anybody(formula, resource) is UNSAT:
            continue  # told of the limits themselves
        answer = world.prover.settle(Query(formula, resource, begin, questions.assumed, who, begin, end))
        if answer in (UNSAT, UNKNOWN):
            doubt = doubt or answer is UNKNOWN
            missed.setdefault(grant.limits, []).append(grant.action)
    for limits, actions in missed.items():
        names = listed(list(dict.fromkeys(f"`{limit.instance}`" for limit in limits)), "and")
        yield Finding(
            code="PL201",
            message=f"no `{resource}` can satisfy {names} while `{each.role}` is assigned to {counted(kind.users)}, "
            f"{dates_in_words(each)}, so {', '.join(dict.fromkeys(actions))} reaches none",
            at=each.at,
            users=kind.users,
            help="change the times of the assignment or the hours of the policies",
            related=tuple(related(limit.at, "limited here") for limit in limits),
            unproved=doubt,
            proved=None if doubt else "at no instant of the assignment does a record make them true",
        )
