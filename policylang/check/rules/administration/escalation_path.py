"""PL504: a role or group whose holders can gain more access through the roles they may assign."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Literal

import msgspec

from policylang.analysis.creation import creation
from policylang.analysis.decision import allowed
from policylang.analysis.formula import AllOf, Formula
from policylang.analysis.questions import escalation_path
from policylang.analysis.satisfiability import UNKNOWN, UNSAT, Satisfiability
from policylang.check.finding import Finding, Shown, related, show, show_created, somebody_with
from policylang.check.holding import Holdings
from policylang.check.privileges import roles_inside
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.runtime.grants import Profile
from policylang.runtime.plan import Plan
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL504",
    name="escalation-path",
    family="administration",
    severity="error",
    security="high",
    summary="a role or group whose holders can gain more access through the roles they may assign",
    why=(
        "Anyone who may assign a role can assign it to themselves, or to somebody who does as they ask. They "
        "then have the role's access, and that of every role its holders may assign in turn."
    ),
    bad="""\
resource doc { actions view, delete }
role boss { grant view, delete on doc }
role deputy { grant view on doc  may assign boss }   #! PL504
role lead {
  grant view on doc
  may assign deputy   #! PL504
}
""",
    good="""\
resource doc { actions view, delete }
role boss { grant view, delete on doc }
role deputy { grant view on doc }
role lead {
  grant view on doc
  may assign deputy
}
""",
    near="""\
resource doc { owner : user  actions view, delete }
policy mine on doc { owner is assigned user }
role helper { grant view, delete on doc  policy mine }
role sales_rep
role clerk { grant view, delete on doc  may assign helper, sales_rep }
""",
    since="0.1.0",
    proof=True,
)


class _Step(msgspec.Struct, frozen=True):
    """Holders of ``giver`` may assign ``role``: ``said_by`` it, or a role inside it."""

    giver: Name
    said_by: Name
    ref: ir.Ref

    @property
    def role(self) -> Name:
        return "role", self.ref.name


_Evidence = tuple[Shown, ...] | Literal[Satisfiability.UNKNOWN]
"""Requests that show a gain, none where there is no such, or ``UNKNOWN``."""


class _Gain(msgspec.Struct, frozen=True):
    """What somebody reaches at the end of a path."""

    path: tuple[_Step, ...]
    what: tuple[str, ...]
    shown: tuple[Shown, ...]
    unproved: bool


def check(world: World) -> Iterator[Finding]:
    """About the holder of a role or group who has just that, everywhere. What counts is a request that is denied to
    them and allowed to whoever has the role at the end of the path; where that one requires something else, together
    with what comes before it. Nothing is gained by a role without access of its own, by which people are only chosen.

    One finding for each line that says ``may assign``, with the first path; where a role inside another says it, and
    only what is around it makes the difference, the finding stands where the inner one is brought in.
    """
    held = world.once(Holdings)
    told: set[tuple[str, Name]] = set()
    said = [name_of(bundle) for _, bundle in world.bundles if bundle.may_assign]
    for name in said:
        yield from _of(held, name, told, itself=True)
    for name in dict.fromkeys(around for inner in said for around in held.around[inner]):
        yield from _of(held, name, told, itself=False)


def _of(held: Holdings, name: Name, told: set[tuple[str, Name]], *, itself: bool) -> Iterator[Finding]:
    """What the holder gains by what the role or group says ``itself``, or by what roles inside it say."""
    by_line: dict[tuple[str, int], list[_Gain]] = {}
    steps = _steps(held, name)
    first: dict[Name, _Step] = {}
    for role, step in steps.items():
        first[role] = first.get(step.giver, step)
        key = first[role].ref.at, role
        if (first[role].said_by == name) != itself or key in told:
            continue
        at = Location.parse(_place(held, name, first[role]))
        gains = by_line.get((at.path, at.line))
        # What else a line hands out is named, but not shown.
        if any(gain.shown for gain in gains or ()) and _is_certain(held, name, role):
            gain: _Gain | None = _Gain(_path(steps, name, role), (), (), False)
        else:
            gain = _gain(held, name, _path(steps, name, role))
        if gain is not None:
            told.add(key)
            by_line.setdefault((at.path, at.line), []).append(gain)
    for gains in by_line.values():
        yield _finding(held, name, gains)


def _steps(held: Holdings, name: Name) -> dict[Name, _Step]:
    """The roles that a holder can come to hold, the nearest first, with the last step of the shortest way to each."""
    found: dict[Name, _Step] = {}
    waiting = [name]
    for giver in waiting:
        for said_by, ref in held.may_assign(giver):
            role: Name = ("role", ref.name)
            if role not in found and role != name:
                found[role] = _Step(giver, said_by, ref)
                waiting.append(role)
    return found


def _path(steps: dict[Name, _Step], name: Name, role: Name) -> tuple[_Step, ...]:
    """The whole way to a role."""
    found = [steps[role]]
    while found[-1].giver != name:
        found.append(steps[found[-1].giver])
    return tuple(reversed(found))


# --- what is gained ------------------------------------------------------------------------------------------


def _gain(held: Holdings, name: Name, path: tuple[_Step, ...]) -> _Gain | None:
    """What the role at the end of a path reaches and the holder of the first does not."""
    end = path[-1].role
    if end[1] in {bundle.name for bundle in held.inside(name) if not isinstance(bundle, ir.Group)} and not any(
        bundle.limits or bundle.denies for bundle in held.inside(name)
    ):
        return None
    what: list[str] = []
    shown: tuple[Shown, ...] = ()
    unproved = False
    for resource, action in sorted(held.granted(end), key=itemgetter(1, 0)):
        found = _more(held, name, path, action, resource)
        if not found:
            continue
        what.append(f"{action} on `{resource}`")
        if found is UNKNOWN:
            unproved = True
        elif not shown:
            shown = found
    return _Gain(path, tuple(what), shown, unproved and not shown) if what else None


def _is_certain(held: Holdings, name: Name, role: Name) -> bool:
    """Whether it shows at once that a role reaches more: something that the holder is not granted at all."""
    return not held.reached(role) <= held.granted(name)


def _more(held: Holdings, name: Name, path: tuple[_Step, ...], action: str, resource: str) -> _Evidence:
    """A request that the holder is denied and the one at the end of the path is allowed."""
    world, holder = held.world, RightsSource(*name)
    mine = world.plan(Profile((holder,)), action, resource)
    doubt = False
    for sources in _together(path, holder):
        theirs = world.plan(Profile(sources), action, resource)
        if theirs.requirement is False:
            continue
        for field in _fields(theirs, mine):
            found = _shown(world, holder, mine, sources, theirs, field)
            if found is UNKNOWN:
                doubt = True
            elif found:
                return found
    return UNKNOWN if doubt else ()


def _together(path: tuple[_Step, ...], holder: RightsSource) -> Iterator[tuple[RightsSource, ...]]:
    """Who may stand at the end: somebody with the last role alone, or with what comes before it as well."""
    roles = [RightsSource(*step.role) for step in path]
    yield (roles[-1],)
    yield holder, roles[-1]
    if len(path) > 1:
        yield (holder, *roles)


def _fields(theirs: Plan, mine: Plan) -> Iterator[str | None]:
    """The attributes to ask about, ``None`` for the record as such: not those that are certainly no gain."""
    fields = sorted(frozenset().union(*(way.fields for way in theirs.ways)))
    asked: set[tuple[object, ...]] = set()
    for field in (None, *fields):
        key = (_reach(theirs, field), _reach(mine, field), _taken(theirs, field), _taken(mine, field))
        if key in asked or _is_within(theirs, mine, field):
            continue
        asked.add(key)
        yield field


def _reach(plan: Plan, field: str | None) -> frozenset[frozenset[str]]:
    """The limits of each way to the attribute."""
    return frozenset(way.limit_ids for way in plan.ways if field is None or field in way.fields)


def _taken(plan: Plan, field: str | None) -> frozenset[str]:
    return frozenset(
        each.deny.at
        for each in plan.denies
        if each.deny.fields is None or (field is not None and field in each.deny.fields)
    )


def _is_within(theirs: Plan, mine: Plan, field: str | None) -> bool:
    """Whether it shows at once that the first reaches no more than the second."""
    if mine.requirement is not True or not _taken(mine, field) <= _taken(theirs, field):
        return False
    reach = _reach(mine, field)
    return all(any(less <= limits for less in reach) for limits in _reach(theirs, field))


def _shown(
    world: World,
    holder: RightsSource,
    mine: Plan,
    sources: tuple[RightsSource, ...],
    theirs: Plan,
    field: str | None,
) -> _Evidence:
    formula: Formula = allowed(world.index, theirs, field)
    made = None
    if theirs.kind == "create":
        made = creation(world.index, theirs, roles_inside(world, *sources), world.now)
        formula = AllOf((formula, made.formula))
    answer = world.ask(escalation_path(world.index, formula, mine, field), theirs.resource)
    if answer is UNKNOWN:
        return UNKNOWN
    if answer is UNSAT:
        return ()
    found, who = answer.witness, somebody_with(*sources)
    if made is not None:
        reached = show_created(world, who, theirs.action, found, made.left_out, field)
        if reached is None:
            return ()
        found = msgspec.structs.replace(found, record=reached.record)
    else:
        reached = show(world, who, theirs.action, found, allowed=True, field=field)
    return show(world, somebody_with(holder), theirs.action, found, allowed=False, field=field), reached


# --- in words ------------------------------------------------------------------------------------------------


def _place(held: Holdings, name: Name, first: _Step) -> str:
    """The line that says what the holder may assign; or, if a role inside says it and is right in itself, the line
    that brings that role in.
    """
    if first.said_by == name:
        return first.ref.at
    for ref in held.world.index.bundle(name).roles:
        if first.said_by in {name_of(bundle) for bundle in held.inside(("role", ref.name))}:
            return ref.at
    return first.ref.at


def _finding(held: Holdings, name: Name, gains: list[_Gain]) -> Finding:
    first = next((gain for gain in gains if gain.shown), gains[0])
    what = listed(list(first.what[:3]), "and") + (f" and {len(first.what) - 3} more" if len(first.what) > 3 else "")
    others = [f"`{gain.path[-1].ref.name}`" for gain in [each for each in gains if each is not first][:3]]
    kind, plain = name
    return Finding(
        code="PL504",
        message=f"holders of {kind} `{plain}` can gain {what}: {'; '.join(map(_step_in_words, first.path))}"
        + (f"; likewise by {listed(others, 'and')}" if others else "")
        + (" (not proved)" if first.unproved else ""),
        at=_place(held, name, first.path[0]),
        subjects=tuple(f"{what} by {gain.path[-1].ref.name}" for gain in gains for what in gain.what),
        help="let them assign only roles that grant no more than they have",
        related=tuple(related(step.ref.at, f"`{step.ref.name}` may be assigned here") for step in first.path[1:]),
        shown=first.shown,
        unproved=all(gain.unproved for gain in gains),
    )


def _step_in_words(step: _Step) -> str:
    by = "" if step.said_by == step.giver else f" (by `{step.said_by[1]}` inside)"
    return f"`{step.giver[1]}`{by} may assign `{step.ref.name}`"
