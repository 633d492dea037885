"""PL504: a role or group whose holders can gain more access through the roles they may assign."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from operator import itemgetter
from typing import Literal

import msgspec

from policylang.analysis.creation import creation
from policylang.analysis.decision import allowed
from policylang.analysis.formula import AllOf, Formula
from policylang.analysis.query import COMPLETE
from policylang.analysis.questions import escalation_path
from policylang.analysis.satisfiability import UNKNOWN, UNSAT, Satisfiability
from policylang.check.finding import Finding, Shown, related, show, somebody_with
from policylang.check.holding import Holdings
from policylang.check.privileges import on, roles_inside
from policylang.check.world import World
from policylang.diagnostics import Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name, name_of
from policylang.runtime.grants import Profile
from policylang.runtime.index import Permission
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


_Line = tuple[str, int]

_MOST_OTHERS = 3
"""Of the roles that a line hands out as well, how many are named."""


class _Gain(msgspec.Struct, frozen=True):
    """What somebody reaches at the end of a path; ``words``: as a message says it."""

    path: tuple[_Step, ...]
    what: tuple[str, ...]
    words: tuple[str, ...]
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
        if any(said_by != name for said_by, _ in held.may_assign(name)):
            yield from _of(held, name, told, itself=False)


def _of(held: Holdings, name: Name, told: set[tuple[str, Name]], *, itself: bool) -> Iterator[Finding]:
    """What the holder gains by what the role or group says ``itself``, or by what roles inside it say."""
    by_line: dict[_Line, list[_Gain]] = {}
    granted, lines = held.granted(name), _lines(held, name)
    steps: dict[Name, _Step] = {}
    way = _Way(held.world, name, steps)
    first: dict[Name, _Step] = {}
    # Nearly all that others hand out in turn is named at most, of a few. What is left of the rest: lines of which not
    # all is said, and roles of which it does not show at once what they bring.
    unsaid, unclear = set(lines.values()), held.within(granted) - {name}
    is_around = len(held.around[name]) > 1
    for role, step in _steps(held, name, steps):
        if itself and not is_around and not unsaid and not unclear:
            break
        unclear.discard(role)
        begin = first[role] = first.get(step.giver, step)
        key = begin.ref.at, role
        if (begin.said_by == name) != itself or key in told:
            continue
        line = lines[begin.ref.at]
        is_shown = any(gain.shown for gain in by_line.get(line, ()))
        if is_shown and not held.reached(role) <= granted:
            gain: _Gain | None = _Gain((step,), (), (), (), False)  # the holder is not granted it at all
        else:
            gain = _gain(held, way, role, is_tried=not is_shown)
        if gain is not None:
            told.add(key)
            gains = by_line.setdefault(line, [])
            gains.append(gain)
            if len(gains) > _MOST_OTHERS and is_shown:
                unsaid.discard(line)
    for gains in by_line.values():
        yield _finding(held, name, gains)


def _lines(held: Holdings, name: Name) -> dict[str, _Line]:
    """Where it is said what a holder may assign, by the places of the names of roles there."""
    found: dict[str, _Line] = {}
    for said_by, ref in held.may_assign(name):
        at = Location.parse(_place(held, name, said_by, ref))
        found[ref.at] = at.path, at.line
    return found


def _steps(held: Holdings, name: Name, found: dict[Name, _Step]) -> Iterator[tuple[Name, _Step]]:
    """The roles that a holder can come to hold, the nearest first, with the last step of the shortest way to each."""
    waiting, most = [name], len(held.handed_out - {name})
    for giver in waiting:
        if len(found) == most:  # where all hand out all, the others would say the same at length
            return
        for said_by, ref in held.may_assign(giver):
            role: Name = ("role", ref.name)
            if role not in found and role != name:
                step = found[role] = _Step(giver, said_by, ref)
                waiting.append(role)
                yield role, step


class _Way:
    """From a holder to the roles that they can come to hold."""

    def __init__(self, world: World, holder: Name, steps: dict[Name, _Step]) -> None:
        self._world, self.holder, self._steps = world, holder, steps
        self._saying: dict[tuple[Name, Permission], dict[Hashable, Name]] = {}

    def to(self, role: Name) -> tuple[_Step, ...]:
        """The whole way to a role."""
        found = [self._steps[role]]
        while found[-1].giver != self.holder:
            found.append(self._steps[found[-1].giver])
        return tuple(reversed(found))

    def is_direct(self, role: Name) -> bool:
        """Whether the holder hands out the role."""
        return self._steps[role].giver == self.holder

    def saying(self, role: Name, permission: Permission) -> Iterable[Name]:
        """Of the roles on the way to a role, itself included, those that say something of an action: of several that
        say the same, the first. To go through all of them for each role at the end would be cubic.
        """
        known, waiting = self._saying, list[Name]()
        while role != self.holder and (role, permission) not in known:
            waiting.append(role)
            role = self._steps[role].giver
        found = known.get((role, permission), {})
        for each in reversed(waiting):
            if permission in self._world.about(each):
                said = _said(self._world.plan(Profile((RightsSource(*each),)), permission[1], permission[0]))
                found = found if said in found else {**found, said: each}
            known[each, permission] = found
        return found.values()


def _said(plan: Plan) -> Hashable:
    """What a role says of an action: the attributes under each limit, and what it denies."""
    return frozenset((way.limit_ids, way.fields) for way in plan.ways), frozenset(each.deny.at for each in plan.denies)


# --- what is gained ------------------------------------------------------------------------------------------


def _gain(held: Holdings, way: _Way, end: Name, *, is_tried: bool) -> _Gain | None:
    """What the role at the end of a way reaches and the holder at its beginning does not. ``is_tried``: what shows it
    is tried on the reference decision.
    """
    name = way.holder
    if end[1] in {bundle.name for bundle in held.inside(name) if not isinstance(bundle, ir.Group)} and not any(
        bundle.limits or bundle.denies for bundle in held.inside(name)
    ):
        return None
    what: list[str] = []
    words: list[str] = []
    shown: tuple[Shown, ...] = ()
    unproved = False
    for resource, action in sorted(held.granted(end), key=itemgetter(1, 0)):
        found = _more(held, way, end, action, resource, is_tried=is_tried)
        if not found:
            continue
        what.append(f"{action} on `{resource}`")
        words.append(_in_words(held, name, action, resource, found))
        if found is UNKNOWN:
            unproved = True
        elif not shown:
            shown = found
    return _Gain(way.to(end), tuple(what), tuple(words), shown, unproved and not shown) if what else None


def _more(held: Holdings, way: _Way, end: Name, action: str, resource: str, *, is_tried: bool) -> _Evidence:
    """A request that the holder is denied and the one at the end of the way is allowed."""
    world, holder = held.world, RightsSource(*way.holder)
    mine = world.plan(Profile((holder,)), action, resource)
    if _is_everything(held, mine):
        return ()
    doubt = False
    for sources in _together(held, way, end, mine, is_tried=is_tried):
        theirs = world.plan(Profile(sources), action, resource)
        if theirs.requirement is False:
            continue
        for field in _fields(theirs, mine):
            found = _shown(world, holder, mine, sources, theirs, field, is_tried=is_tried)
            if found is UNKNOWN:
                doubt = True
            elif found:
                return found
    return UNKNOWN if doubt else ()


def _together(
    held: Holdings, way: _Way, end: Name, mine: Plan, *, is_tried: bool
) -> Iterator[tuple[RightsSource, ...]]:
    """Who may stand at the end: somebody with the last role alone, or with what comes before it as well, if that may
    make a difference; of this no more than makes one, unless it is going to be shown.
    """
    holder, last = RightsSource(*way.holder), RightsSource(*end)
    yield (last,)
    yield holder, last
    if not way.is_direct(end):
        action, resource = mine.action, mine.resource
        wanted = held.world.wanted((resource, action))
        between = dict.fromkeys(name for each in sorted(wanted) for name in way.saying(end, each) if name != end)
        short = (holder, *(RightsSource(*name) for name in between), last)
        theirs = held.world.plan(Profile(short), action, resource)
        if theirs.requirement is not False and any(True for _ in _fields(theirs, mine)):
            is_whole = is_tried or mine.kind == "create"
            yield (holder, *(RightsSource(*step.role) for step in way.to(end))) if is_whole else short


def _is_everything(held: Holdings, plan: Plan) -> bool:
    """Whether it shows at once that nobody is granted more."""
    unlimited = [way.fields for way in plan.ways if not way.limit_ids]
    if plan.requirement is not True or plan.denies or not unlimited:
        return False
    return held.covered[plan.resource, plan.action] <= frozenset().union(*unlimited)


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
    *,
    is_tried: bool,
) -> _Evidence:
    formula: Formula = allowed(world.index, theirs, field)
    assumed = COMPLETE
    if theirs.kind == "create":
        made = creation(world.index, theirs, roles_inside(world, *sources), world.now)
        formula, assumed = AllOf((formula, made.formula)), made.assumed
    answer = world.ask(escalation_path(world.index, formula, mine, field), theirs.resource, assumed=assumed)
    if answer is UNKNOWN:
        return UNKNOWN
    if answer is UNSAT:
        return ()
    found, who = answer.witness, somebody_with(*sources)
    if not is_tried:
        return (Shown(who, theirs.action, found, allowed=True, field=field),)
    reached = show(world, who, theirs.action, found, allowed=True, field=field)
    return show(world, somebody_with(holder), theirs.action, found, allowed=False, field=field), reached


# --- in words ------------------------------------------------------------------------------------------------


def _place(held: Holdings, name: Name, said_by: Name, ref: ir.Ref) -> str:
    """The line that says what the holder may assign; or, if a role inside says it and is right in itself, the line
    that brings that role in.
    """
    if said_by == name:
        return ref.at
    for inner in held.world.index.bundle(name).roles:
        if said_by in {name_of(bundle) for bundle in held.inside(("role", inner.name))}:
            return inner.at
    return ref.at


def _in_words(held: Holdings, name: Name, action: str, resource: str, found: _Evidence) -> str:
    """What is gained of an action: an attribute, or more records, where the holder is granted it as well."""
    if found is UNKNOWN or (resource, action) not in held.granted(name):
        return f"{action} on `{resource}`"
    field = found[-1].field
    if field is not None:
        return on((action,), resource, (field,))
    plan = held.world.plan(Profile((RightsSource(*name),)), action, resource)
    is_wider = plan.requirement is True and not plan.denies
    return f"{action} on more records of `{resource}`" if is_wider else f"{action} on `{resource}`"


def _finding(held: Holdings, name: Name, gains: list[_Gain]) -> Finding:
    first = next((gain for gain in gains if gain.shown), gains[0])
    what = listed(list(first.words[:3]), "and") + (f" and {len(first.words) - 3} more" if len(first.words) > 3 else "")
    others = [f"`{gain.path[-1].ref.name}`" for gain in [each for each in gains if each is not first][:_MOST_OTHERS]]
    kind, plain = name
    return Finding(
        code="PL504",
        message=f"holders of {kind} `{plain}` can gain {what}: {'; '.join(map(_step_in_words, first.path))}"
        + (f"; likewise by {listed(others, 'and')}" if others else "")
        + (" (not proved)" if first.unproved else ""),
        at=_place(held, name, first.path[0].said_by, first.path[0].ref),
        subjects=tuple(f"{what} by {gain.path[-1].ref.name}" for gain in gains for what in gain.what),
        help="let them assign only roles that grant no more than they have",
        related=tuple(related(step.ref.at, f"`{step.ref.name}` may be assigned here") for step in first.path[1:]),
        shown=first.shown,
        unproved=all(gain.unproved for gain in gains),
    )


def _step_in_words(step: _Step) -> str:
    by = "" if step.said_by == step.giver else f" (by `{step.said_by[1]}` inside)"
    return f"`{step.giver[1]}`{by} may assign `{step.ref.name}`"
