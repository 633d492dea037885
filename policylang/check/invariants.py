"""Whether invariants hold: proved, refuted by a witness, or neither."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import product

import msgspec

from policylang.analysis.creation import Creation, creation
from policylang.analysis.decision import allowed
from policylang.analysis.formula import AllOf, Formula, true
from policylang.analysis.query import ANYTHING, COMPLETE, SOMEBODY, TYPED, Assumed, DeclaredUser, Requester
from policylang.analysis.questions import somebody_allowed, somebody_denied
from policylang.analysis.satisfiability import UNKNOWN, UNSAT, NoWitness
from policylang.check.finding import Shown, Who, counted, show, somebody_with
from policylang.check.holding import HolderClass, Holdings
from policylang.check.limits import Questions
from policylang.check.privileges import roles_inside
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from policylang.runtime.grants import Profile
from policylang.runtime.periods import Period
from policylang.runtime.sources import RightsSource


class _Subject(msgspec.Struct, frozen=True):
    """Somebody of whom an invariant speaks: users in one period, or somebody made up, who has what is ``given``."""

    who: Who
    words: str
    profile: Profile
    period: Period | None = None
    given: str = ""
    users: tuple[str, ...] = ()

    @property
    def user(self) -> str | None:
        return self.who.user


class Breach(msgspec.Struct, frozen=True):
    """Who breaks an invariant, in words, with which action, and the request that shows it. ``incomplete``: it holds for
    complete records, and the record is none.
    """

    words: str
    action: str
    shown: Shown
    incomplete: bool
    users: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True):
    """An invariant holds if there is no violation and nothing left unproved."""

    violation: Breach | None
    """The first that was found, of a complete record if there is one."""
    others: tuple[str, ...]
    """The users who break it too, in whatever way; of somebody made up, which role or group it is, in words."""
    unproved: tuple[str, ...]
    """Of whom it could not be proved, in words."""


def verdicts(world: World) -> list[tuple[ir.Invariant, Verdict]]:
    """Every invariant with what became of it. ``world.once(verdicts)``"""
    return [(invariant, _verdict(world, invariant)) for invariant in world.policy_set.invariants]


def _verdict(world: World, invariant: ir.Invariant) -> Verdict:
    first: Breach | None = None
    others: dict[str, None] = {}
    unproved: dict[str, None] = {}
    for asked in _asked(world.once(Holdings), invariant):
        found = _breach(world, invariant, asked)
        if isinstance(found, Breach):
            others.update(dict.fromkeys(asked.users or (asked.words,)))
            if first is None or (first.incomplete and not found.incomplete):
                first = found
            continue
        if found is UNKNOWN:
            unproved[asked.words] = None
        unproved.update(dict.fromkeys(_named(world, invariant, asked)))
    if first is not None:
        others = {each: None for each in others if each not in (*first.users, first.words)}
    return Verdict(first, tuple(others), tuple(unproved))


def _breach(world: World, invariant: ir.Invariant, asked: _Subject) -> Breach | NoWitness:
    """How somebody breaks the invariant, with the first of its actions that does."""
    without: NoWitness = UNSAT
    for action in invariant.actions:
        found = _broken(world, invariant, asked, action)
        if isinstance(found, Breach):
            return found
        without = UNKNOWN if UNKNOWN in (found, without) else UNSAT
    return without


def _broken(world: World, invariant: ir.Invariant, asked: _Subject, action: str) -> Breach | NoWitness:
    """What breaks the invariant: a complete record if one does, else any."""
    found: Breach | NoWitness = UNSAT
    for assumed in (_any(world, invariant, action), COMPLETE):
        question = _question(world, invariant, asked, action, assumed)
        if question is None:
            break
        answer = world.ask(question.formula, invariant.resource, *_who_and_when(world, asked), question.assumed)
        if answer is UNSAT:
            break  # what no record breaks, no complete one does
        if answer is UNKNOWN:
            found = UNKNOWN if found is UNSAT else found
            continue
        breaks = invariant.quantifier != "every"
        shown = show(world, asked.who, action, answer.witness, allowed=breaks, field=invariant.field)
        found = Breach(asked.words, action, shown, assumed != COMPLETE, asked.users)
    return found


def _any(world: World, invariant: ir.Invariant, action: str) -> Assumed:
    """All records that an invariant speaks of. A value of another type is never written on creation, and nobody is
    promised to reach a record with one.
    """
    creates = world.index.kind(invariant.resource, action) == "create"
    return TYPED if invariant.quantifier == "every" or creates else ANYTHING


def _named(world: World, invariant: ir.Invariant, asked: _Subject) -> Iterator[str]:
    """Users whom a condition names and who would break the invariant, or may, if they were given the role or group of
    somebody made up. No request shows that, as they do not have it.
    """
    if asked.user is not None:
        return
    for action, complete in product(invariant.actions, (True, False)):
        assumed = COMPLETE if complete else _any(world, invariant, action)
        question = _question(world, invariant, asked, action, assumed)
        if question is None:
            continue
        named = world.once(Questions).looks(question.formula).users
        for user in sorted(named - _selected(world.once(Holdings), invariant)) if named else ():
            who = DeclaredUser(user)
            if world.ask(question.formula, invariant.resource, who, world.from_now, question.assumed) is not UNSAT:
                yield f"`{user}`, if {asked.given}"


# --- of whom it speaks ---------------------------------------------------------------------------------------


def _asked(held: Holdings, invariant: ir.Invariant) -> Iterator[_Subject]:
    """Declared users and integrations, in all their periods, then somebody who has just a role or group that an
    invariant names, or just one around it.

    ``only`` speaks of everybody else. Others count as far as they are declared; where no user is, everybody who could
    be: somebody for each role and each group. An account that is no person breaks a ``no`` or an ``only`` as a user
    does, and an ``every`` if it has the role.
    """
    for holder in held.holders:
        selected = _is_selected(held, invariant, holder.profile)
        if invariant.quantifier == "only":
            if not selected:
                yield _of_holder(holder)
        elif selected if invariant.users else invariant.quantifier == "no" or holder.declared is not None:
            yield _of_holder(holder)
    names: list[Name] = []
    if invariant.users and invariant.quantifier != "only":
        names = [around for selector in invariant.users for around in held.around[selector.kind, selector.name]]
    elif not held.world.policy_set.users and invariant.quantifier != "every":
        names = [source.bundle_name for source, _ in held.world.bundles]
    for name in dict.fromkeys(names):
        made_up = _made_up(name)
        if invariant.quantifier != "only" or not _is_selected(held, invariant, made_up.profile):
            yield made_up


def _selected(held: Holdings, invariant: ir.Invariant) -> frozenset[str]:
    """The users and integrations of whom an invariant speaks."""
    return frozenset(
        user for holder in held.holders if _is_selected(held, invariant, holder.profile) for user in holder.users
    )


def _is_selected(held: Holdings, invariant: ir.Invariant, who: Profile) -> bool:
    return any(held.has(who, (selector.kind, selector.name)) for selector in invariant.users)


def _of_holder(holder: HolderClass) -> _Subject:
    users = holder.users
    return _Subject(Who(user=holder.first), counted(users), holder.profile, holder.period, users=users)


def _made_up(name: Name) -> _Subject:
    kind, plain = name
    words = f"somebody in group `{plain}`" if kind == "group" else f"somebody with just role `{plain}`"
    given = f"in group `{plain}`" if kind == "group" else f"given just role `{plain}`"
    source = RightsSource(*name)
    return _Subject(somebody_with(source), words, Profile((source,)), given=given)


# --- what it asks --------------------------------------------------------------------------------------------


def _question(world: World, invariant: ir.Invariant, asked: _Subject, action: str, assumed: Assumed) -> Creation | None:
    """The records that break the invariant."""
    index, plan, field = world.index, world.plan(asked.profile, action, invariant.resource), invariant.field
    if invariant.quantifier == "every":
        return Creation(somebody_denied(index, _where(invariant), plan, field), assumed)
    if (invariant.resource, action) not in world.once(Holdings).granted_to(asked.profile):
        return None
    if not any(field is None or field in way.fields for way in plan.ways) or plan.requirement is False:
        return None
    formula = allowed(index, plan, field)
    if plan.kind == "create":
        roles, complete = roles_inside(world, *asked.profile.sources), assumed == COMPLETE
        made = creation(index, plan, roles, _instant(world, asked), complete=complete)
        formula, assumed = AllOf((formula, made.formula)), made.assumed
    return Creation(somebody_allowed(_where(invariant), formula), assumed)


def _where(invariant: ir.Invariant) -> Formula:
    return AllOf(()) if invariant.where is None else true(invariant.where)


def _who_and_when(world: World, asked: _Subject) -> tuple[Requester, Period]:
    """Invariants are about now and later."""
    who = SOMEBODY if asked.user is None else DeclaredUser(asked.user)
    return who, world.from_now if asked.period is None else asked.period


def _instant(world: World, asked: _Subject) -> datetime.datetime:
    return world.now if asked.period is None else asked.period.instant(world.now, world.index.timezone)
