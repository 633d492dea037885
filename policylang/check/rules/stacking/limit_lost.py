"""PL301: a limit that another role or group of the same user undoes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from policylang.analysis.questions import limit_lost
from policylang.analysis.satisfiability import SATISFIABLE, UNKNOWN, UNSAT, Satisfiability
from policylang.check.finding import Finding, Shown, counted, people, related
from policylang.check.stacks import SourceKind, Stacks, permissions_in_words
from policylang.check.suggested_role import attachment, suggested_role
from policylang.check.world import UserClass, World
from policylang.diagnostics import Related, Rule, listed
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.runtime.grants import Profile, granted
from policylang.runtime.index import Permission
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan, Way
from policylang.runtime.sources import RightsSource
from policylang.source import Location

RULE = Rule(
    code="PL301",
    name="limit-lost",
    family="stacking",
    severity="error",
    security="high",
    summary="a limit that another role or group of the same user undoes",
    why=(
        "A user's roles and groups add up: the one without a limit wins over the one with it. Whoever wrote the "
        "limit relies on it, and a second role quietly undoes it."
    ),
    bad="""\
resource doc { owner : user  actions view }
policy mine on doc { owner is assigned user }
role clerk { grant view on doc  policy mine }
role reader { grant view on doc }
user "ada@acme.test" { assign role clerk  assign role reader }   #! PL301
""",
    good="""\
resource doc { owner : user  actions view }
policy mine on doc { owner is assigned user }
role clerk { grant view on doc  policy mine }
user "ada@acme.test" { assign role clerk }
""",
    near="""\
resource doc { owner : user  created : datetime  actions view }
policy mine on doc { owner is assigned user }
policy recent on doc { created within 30 days }
role clerk { grant view on doc  policy mine }
role newcomer { grant view on doc  policy mine  policy recent }
role reader { grant view on doc }
user "ada@acme.test" {
  assign role clerk from 2027-01-01 until 2027-06-30
  assign role reader from 2027-07-01 until 2027-12-31
}
user "ben@acme.test" { assign role clerk  assign role reader  append policy mine }
""",
    since="0.1.0",
    proof=True,
    fix="suggested",
)


class _Pair(msgspec.Struct, frozen=True):
    """Two sources that users have in a period, of which one may keep away by its limits what the other hands over."""

    users: UserClass
    period: Period
    who: Profile
    kept: RightsSource
    handing: RightsSource

    @property
    def names(self) -> tuple[Name, Name]:
        return self.kept.bundle_name, self.handing.bundle_name


class _Direction(msgspec.Struct, frozen=True):
    """Whose limits are lost to whom. ``overrides``: what users have in place of what a group of the two says."""

    kept: RightsSource
    handing: RightsSource
    overrides: tuple[ir.Limit, ...] = ()

    @classmethod
    def of(cls, pair: _Pair) -> _Direction:
        is_of_group = "group" in (pair.kept.kind, pair.handing.kind)
        return cls(pair.kept, pair.handing, pair.who.overrides if is_of_group else ())


class _Lost(msgspec.Struct):
    """What two sources do to each other's limits, and of which users."""

    evident: bool = False
    """Whether it is shown already of other users."""
    directions: dict[_Direction, tuple[str, ...]] = {}
    """With the users for whom it is so."""
    certain: dict[Permission, None] = {}
    doubtful: dict[Permission, None] = {}
    shown: tuple[Shown, ...] = ()
    related: tuple[Related, ...] = ()
    users: list[str] = []
    at: list[str] = []

    def add(self, other: _Lost, users: UserClass) -> None:
        """The same of more users."""
        if not self.shown:
            self.shown, self.related = other.shown, other.related
        for direction in other.directions:
            self.directions[direction] = (*self.directions.get(direction, ()), *users.users)
        self.certain |= other.certain
        self.doubtful |= other.doubtful
        self.users += users.users
        self.at.append(users.declared.at)


def check(world: World) -> Iterator[Finding]:
    """A record, a request and an instant at which the whole decision allows what one source grants and, by its limits
    alone, keeps away, while a grant of another source is open.

    Two sources are compared as wholes: the ways inside one of them, a group's own grant beside that of a role in it,
    are one author's work and no finding. Overriding policies count as the group's limits. What a source does not reach
    because of its place, or because something required is missing, is not kept away by limits. Attributes do not
    matter: the action is what is handed over. One finding for two roles or groups, given at places of the same kinds,
    with all users who have both, on the first of these, whichever of the two loses its limits, and with all that any of
    them loses by it; those for whom it is not proved are another one. After a hundred about the same users one more
    says that the others are not looked at.
    """
    stacks = world.once(Stacks)
    all_: dict[tuple[frozenset[SourceKind], bool], _Lost] = {}
    more: list[Finding] = []
    for users in world.user_classes:
        pairs: dict[frozenset[SourceKind], _Lost] = {}
        found, others = 0, set[frozenset[SourceKind]]()
        for pair in _stacked(stacks, users):
            candidates = _candidates(stacks, pair)
            if not candidates:
                continue
            names = stacks.cause((pair.kept, pair.handing))
            if names not in pairs and (found == _MOST_FOUND or len(pairs) == _MOST_PAIRS):
                others.add(names)
                continue
            lost = pairs.setdefault(names, _Lost(evident=(names, True) in all_))
            before = bool(lost.directions)
            _compare(stacks, pair, candidates, lost)
            found += bool(lost.directions) - before
        told = {names: lost for names, lost in pairs.items() if lost.directions}
        for names, lost in told.items():
            all_.setdefault((names, bool(lost.certain)), _Lost()).add(lost, users)
        if others:
            certain = [lost.shown or all_[names, True].shown for names, lost in told.items() if lost.certain]
            more.append(_more(users, len(others), certain))
    yield from (_finding(stacks, lost) for lost in all_.values())
    yield from more


_MOST_FOUND = 100
"""Findings about users who are alike. There are as many pairs as the square of their roles."""
_MOST_PAIRS = 2_000
"""Pairs that are looked at."""


def _more(users: UserClass, others: int, certain: list[tuple[Shown, ...]]) -> Finding:
    """That there are more pairs: certain where a limit is undone for certain, whatever the others do."""
    shown = next(iter(certain), ())
    return Finding(
        code="PL301",
        message=f"{others:,} more pairs of roles and groups of {counted(users.users)} limit the same actions "
        "differently, and were not checked",
        at=users.declared.at,
        users=users.users,
        help="assign fewer roles to one user, or give the roles the same limits",
        shown=shown,
        unproved=not shown,
    )


def _stacked(stacks: Stacks, users: UserClass) -> Iterator[_Pair]:
    """Any two sources of users that hold at the same time and place, one way round and then the other: a pair counts as
    found before the next one is looked at.
    """
    for period, who in stacks.periods(users):
        for one, other in itertools.combinations(who.sources, 2):
            if one.bundle_name != other.bundle_name and stacks.index.meet(one.place, other.place):
                yield _Pair(users, period, who, one, other)
                yield _Pair(users, period, who, other, one)


def _candidates(stacks: Stacks, pair: _Pair) -> tuple[Permission, ...]:
    """What both grant and the first limits; where the user overrides what a group says, everything that both grant."""
    if not pair.who.overrides or "group" not in (pair.kept.kind, pair.handing.kind):
        return stacks.may_lose(*pair.names)
    mine, theirs = map(stacks.ways, pair.names)
    return tuple(
        sorted(
            permission
            for permission in mine
            if permission in theirs and not stacks.index.actions[permission[0]][permission[1]].bypasses_policies
        )
    )


def _compare(stacks: Stacks, pair: _Pair, candidates: tuple[Permission, ...], lost: _Lost) -> None:
    """What the limits of one source keep away and the other hands over, of the candidates."""
    known = _known(stacks, pair, candidates)
    kept, handing, user = pair.kept, pair.handing, pair.users.first
    direction = _Direction.of(pair)
    for permission in candidates:
        if direction in lost.directions and permission in lost.certain:
            continue
        possible = known.get(permission) or _settle(stacks, pair, permission)
        if possible is UNSAT:
            continue
        creates = stacks.index.kind(*permission) == "create"
        if possible is SATISFIABLE and (lost.shown or lost.evident) and not creates:
            lost.certain[permission] = None
            lost.directions[direction] = pair.users.users
            continue
        plan, keeping, open_ = _ways(stacks, pair, permission)
        found = stacks.ask(limit_lost(stacks.index, plan, kept.place, keeping, open_), plan, user, pair.period)
        if found is UNSAT:
            continue
        shown = None if found is UNKNOWN else stacks.show(user, plan, found.witness)
        if found is UNKNOWN or shown is None:
            lost.doubtful[permission] = None
            lost.directions[direction] = pair.users.users
            continue
        lost.certain[permission] = None
        lost.directions[direction] = pair.users.users
        if not lost.shown:
            lost.shown = (shown,)
            attached, overridden = stacks.limited_at(kept, pair.users.declared, permission)
            if not overridden:
                denied = stacks.alone(user, kept, plan.action, found.witness)
                lost.shown += () if denied is None else (denied,)
            lost.related = (
                *(related(at, f"{stacks.in_words(kept)} is limited by `{name}`") for name, at in attached[:3]),
                related(open_[0].statements[0].at, f"granted by {stacks.in_words(handing)}"),
            )


def _known(stacks: Stacks, pair: _Pair, candidates: tuple[Permission, ...]) -> dict[Permission, Satisfiability]:
    """What the two sources alone settle, for all users who have them alike."""
    if pair.who.appends or pair.who.overrides:
        return {}
    places = (pair.kept.place, pair.handing.place)
    alike = stacks.likeness.limits(stacks.looks(*pair.names), pair.users.first, pair.period, places)

    def settle() -> dict[Permission, Satisfiability]:
        return {each: _settle(stacks, pair, each) for each in candidates if each in stacks.additive}

    return stacks.remembered((RULE.code, pair.names, alike), settle)


def _settle(stacks: Stacks, pair: _Pair, permission: Permission) -> Satisfiability:
    """Whether the limits of one source keep away what the other opens."""
    plan, keeping, open_ = _ways(stacks, pair, permission)
    if not open_ or not all(way.limit_ids for way in keeping):
        return UNSAT
    # What a proposed record may set, other ways say as well.
    asked = (keeping, open_, plan.ways if plan.kind == "create" else ())
    place, user = pair.kept.place, pair.users.first
    alike = stacks.likeness.question(plan, asked, user, pair.period, (place,))

    def settle() -> Satisfiability:
        formula = limit_lost(stacks.index, plan, place, keeping, open_)
        return stacks.settle_open(formula, plan, user, pair.period)

    return stacks.remembered((RULE.code, alike), settle)


def _ways(stacks: Stacks, pair: _Pair, permission: Permission) -> tuple[Plan, list[Way], list[Way]]:
    """The plan, the ways of the first source, and those of the second that may be open where these are not."""
    resource, action = permission
    plan = stacks.world.plan(pair.who, action, resource)
    keeping = [way for way in plan.ways if way.source == pair.kept]
    open_ = [
        way
        for way in plan.ways
        if way.source == pair.handing and not any(mine.limit_ids <= way.limit_ids for mine in keeping)
    ]
    return plan, keeping, open_


def _finding(stacks: Stacks, lost: _Lost) -> Finding:
    pairs = list(dict.fromkeys((each.kept.bundle_name, each.handing.bundle_name) for each in lost.directions))
    direction = next(iter(lost.directions))
    kept, handing = direction.kept, direction.handing
    permissions = lost.certain or lost.doubtful
    what, who = permissions_in_words(permissions), people(sorted(lost.users))
    every = [source for each in lost.directions for source in (each.kept, each.handing)]
    first, second = (stacks.any_in_words(one, every) for one in (kept, handing))
    if len(pairs) > 1:
        message = f"{first} and {second} undo each other's limits for {who}: {what}"
    else:
        message = f"{second} undoes the limits of {first} for {who}: {what}"
    names = sorted((kept.bundle_name, handing.bundle_name))
    return Finding(
        code="PL301",
        message=message,
        at=min(lost.at, key=Location.parse),
        help=_help(stacks, lost.directions, permissions),
        policies=suggested_role(stacks.world, [RightsSource(*name) for name in names], narrow=True),
        related=lost.related,
        shown=lost.shown,
        unproved=not lost.certain,
        users=tuple(sorted(lost.users)),
        subjects=tuple(f"{action} on {resource}" for resource, action in permissions),
        held=tuple(names),
    )


_MOST_POLICIES = 3


def _help(stacks: Stacks, directions: Mapping[_Direction, tuple[str, ...]], permissions: Iterable[Permission]) -> str:
    """What to add to which of the two, or to users who override what it says."""
    lines: dict[tuple[str, bool], dict[str, None]] = {}
    for each, users in directions.items():
        wanted: dict[tuple[str, bool], dict[str, None]] = {}
        for permission in permissions:
            mine, _ = _limits(stacks, each.kept, each.overrides, permission)
            theirs, overridden = _limits(stacks, each.handing, each.overrides, permission)
            open_ = [limits for limits in theirs if not any(other <= limits for other in mine)]
            if mine and open_:
                for limit in sorted(min(mine, key=len) - open_[0]):
                    wanted.setdefault((limit, overridden), {})[permission[1]] = None
        for (limit, overridden), actions in wanted.items():
            words = people(sorted(users)) if overridden else stacks.in_words(RightsSource(*each.handing.bundle_name))
            line = ("override " if overridden else "") + _attached(stacks, limit, actions)
            lines.setdefault((words, overridden), {})[line] = None
    said = [
        f"add {listed([f'`{each}`' for each in list(added)[:_MOST_POLICIES]], 'and')} to {where}"
        + (f", and {len(added) - _MOST_POLICIES} more policies" if len(added) > _MOST_POLICIES else "")
        for (where, _), added in lines.items()
    ]
    return (
        f"{listed(said, 'and')}, or remove one of the two"
        if said
        else "give both the same limits, or remove one of them"
    )


def _limits(
    stacks: Stacks, source: RightsSource, overrides: tuple[ir.Limit, ...], permission: Permission
) -> tuple[Collection[frozenset[str]], bool]:
    """The policies of each way in which a source grants something, and whether they are overriding ones."""
    if source.kind != "group" or not overrides:
        return stacks.ways(source.bundle_name).get(permission, ()), False
    found = list(granted(stacks.index, source, overrides, permission))
    ways = dict.fromkeys(frozenset(limit.instance for limit in each.limits) for each in found)
    return list(ways), any(each.overridden for each in found)


def _attached(stacks: Stacks, id: str, actions: Iterable[str]) -> str:
    """A policy as it is attached, for some actions only where others of the resource are not concerned."""
    instance = stacks.index.instances[id]
    concerned = [action for action in stacks.index.actions[instance.resource] if action in set(actions)]
    limited = instance.actions or [
        name for name, action in stacks.index.actions[instance.resource].items() if not action.bypasses_policies
    ]
    for_ = "" if set(concerned) >= set(limited) else f" for {', '.join(concerned)}"
    return attachment(instance) + for_
