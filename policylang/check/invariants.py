"""Whether invariants hold: proved, refuted by a witness, or neither."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.analysis.formula import AllOf, Formula, Not, true
from policylang.analysis.search import Unproved
from policylang.analysis.witness import Witness
from policylang.check.creating import creation, not_creatable, show_created
from policylang.check.decision import allowed
from policylang.check.finding import Shown, Who, counted, show
from policylang.check.holding import Holder, Holding, Name, holding
from policylang.check.symmetry import symmetric
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.runtime.periods import Period
from policylang.runtime.plan import Profile
from policylang.runtime.sources import Source


class Asked(msgspec.Struct, frozen=True):
    """Somebody of whom an invariant speaks: users in one period, or somebody made up."""

    who: Who
    words: str
    profile: Profile
    period: Period | None = None

    @property
    def user(self) -> str | None:
        return self.who.user


class Violation(msgspec.Struct, frozen=True):
    """Who breaks an invariant, in words, with which action, and the request that shows it."""

    words: str
    action: str
    shown: Shown


class Verdict(msgspec.Struct, frozen=True):
    """An invariant holds if there is no violation and nothing left unproved."""

    violation: Violation | None
    unproved: tuple[str, ...]
    """Of whom it could not be proved, in words; empty if there is a violation."""


def verdicts(world: World) -> Iterator[tuple[ir.Invariant, Verdict]]:
    """Every invariant with what became of it, worked out once."""
    known = world.once(_Known).verdicts
    for invariant in world.policy_set.invariants:
        if invariant.label not in known:
            known[invariant.label] = _verdict(world, invariant)
        yield invariant, known[invariant.label]


class _Known:
    def __init__(self, _world: World) -> None:
        self.verdicts: dict[str, Verdict] = {}


def _verdict(world: World, invariant: ir.Invariant) -> Verdict:
    unproved: dict[str, None] = {}
    for asked in _asked(holding(world), invariant):
        for action in invariant.actions:
            found = (
                _every(world, invariant, asked, action)
                if invariant.quantifier == "every"
                else _some(world, invariant, asked, action)
            )
            if isinstance(found, Unproved):
                unproved[asked.words] = None
            elif found is not None:
                return Verdict(Violation(asked.words, action, found), ())
    return Verdict(None, tuple(unproved))


# --- of whom it speaks ---------------------------------------------------------------------------------------


def _asked(held: Holding, invariant: ir.Invariant) -> Iterator[Asked]:
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
        names = [(source.kind, source.name) for source, _ in held.world.bundles]
    for name in dict.fromkeys(names):
        made_up = _made_up(name)
        if invariant.quantifier != "only" or not _is_selected(held, invariant, made_up.profile):
            yield made_up


def _is_selected(held: Holding, invariant: ir.Invariant, who: Profile) -> bool:
    return any(held.has(who, (selector.kind, selector.name)) for selector in invariant.users)


def _of_holder(holder: Holder) -> Asked:
    return Asked(Who(user=holder.first), counted(holder.users), holder.profile, holder.period)


def _made_up(name: Name) -> Asked:
    kind, plain = name
    who = Who(group=plain) if kind == "group" else Who(roles=((plain, None),))
    words = f"somebody in group `{plain}`" if kind == "group" else f"somebody with just role `{plain}`"
    source = Source("group" if kind == "group" else "role", plain, None)
    return Asked(who, words, Profile((source,), (), (), False))


# --- what it asks --------------------------------------------------------------------------------------------


def _some(world: World, invariant: ir.Invariant, asked: Asked, action: str) -> Shown | Unproved | None:
    """A record for which the action is allowed and should not be."""
    if (action, invariant.resource) not in holding(world).granted_to(asked.profile):
        return None
    plan, field = world.plan(asked.profile, action, invariant.resource), invariant.field
    if not any(field is None or field in way.fields for way in plan.ways) or plan.requirement is False:
        return None
    formula, left_out = allowed(world.index, plan, field), None
    if action == "create":
        made = creation(world, plan, _roles(holding(world), asked.profile), _instant(world, asked))
        formula, left_out = AllOf((formula, made.formula)), made.left_out
    found = _find(world, AllOf((_where(invariant), formula)), invariant.resource, asked)
    if not isinstance(found, Witness):
        return found
    if left_out is not None:
        return show_created(world, asked.who, found, left_out, field)
    return show(world, asked.who, action, found, allowed=True, field=field)


def _every(world: World, invariant: ir.Invariant, asked: Asked, action: str) -> Shown | Unproved | None:
    """A record for which the action is not allowed and should be."""
    plan, field = world.plan(asked.profile, action, invariant.resource), invariant.field
    create = action == "create"
    formula: Formula = not_creatable(world, plan, field) if create else Not(allowed(world.index, plan, field))
    found = _find(world, AllOf((_where(invariant), formula)), invariant.resource, asked)
    return show(world, asked.who, action, found, allowed=False, field=field) if isinstance(found, Witness) else found


def _where(invariant: ir.Invariant) -> Formula:
    return AllOf(()) if invariant.where is None else true(invariant.where)


def _find(world: World, formula: Formula, resource: str, asked: Asked) -> Witness | Unproved | None:
    """Users whom nothing in the question tells apart get one answer, if that is "never". Invariants are about now and
    later.
    """
    period = world.from_now if asked.period is None else asked.period
    if asked.user is not None and symmetric(world.index, resource, formula):
        found = world.find(formula, resource, None, period)
        if found is None:
            return None
    return world.find(formula, resource, asked.user, period)


def _roles(held: Holding, who: Profile) -> frozenset[str]:
    return frozenset(
        bundle.name
        for source in who.sources
        for bundle in held.inside((source.kind, source.name))
        if isinstance(bundle, ir.Role)
    )


def _instant(world: World, asked: Asked) -> datetime.datetime:
    return world.now if asked.period is None else asked.period.instant(world.now, world.index.timezone)
