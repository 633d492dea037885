"""Invariants and escalation paths, compared with what the reference decides about every record there can be."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.finding import Who
from policylang.check.holding import Holdings
from policylang.check.rules.administration import escalation_path
from policylang.check.rules.statements import invariant_not_proved, invariant_violated
from policylang.check.world import World
from policylang.ir import nodes as ir
from policylang.ir.nesting import name_of
from policylang.model.conditions import Constant
from policylang.runtime.hypothetical import SOMEBODY, hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.runtime.sources import chains, sources
from policylang.runtime.truth import Situation, truth
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
INSTANTS = [NOW, NOW + datetime.timedelta(days=100), NOW + datetime.timedelta(days=400)]
PLACES = ("A", "B")
ACTIONS = ("view", "modify", "create")

_WORLD = """\
timezone "UTC"
scope region contains site
place region "N"
place site "A" in "N"
place site "B" in "N"
subject { optional team : one of x, y }
resource doc {
  owner : user
  kind  : one of x, y
  site  : site
  optional flag : bool
  optional sensitive fee : bool
  actions view, create
  action modify requires view on doc
}
resource lab { action use requires view on doc at region }
"""


def _condition(rng: random.Random, depth: int = 2) -> str:
    atoms = (
        "owner is assigned user",
        "kind is x",
        "flag is true",
        "flag is missing",
        "fee is false",
        "assigned user.team is kind",
        "assigned user.team is x",
    )
    match rng.randrange(5) if depth else 0:
        case 1:
            return f"not ({_condition(rng, depth - 1)})"
        case 2:
            return f"({_condition(rng, depth - 1)} and {_condition(rng, depth - 1)})"
        case 3:
            return f"({_condition(rng, depth - 1)} or {_condition(rng, depth - 1)})"
        case _:
            return rng.choice(atoms)


def _some(rng: random.Random, items: tuple[str, ...]) -> str:
    return ", ".join(rng.sample(items, rng.randrange(1, len(items) + 1)))


def _bundle(rng: random.Random, number: int, roles: int) -> str:
    said = []
    for _ in range(rng.randrange(1, 4)):
        fields = rng.choice(("", "", " including fee", " (kind)", " except flag"))
        said.append(f"grant {_some(rng, ACTIONS)} on doc{fields}")
    if rng.random() < 0.4:
        actions = rng.choice(("", " for view", " for modify, create"))
        said.append(f"policy p{rng.randrange(4)}{actions}")
    if rng.random() < 0.25:
        fields = rng.choice(("", " (fee)", " (kind, flag)"))
        when = rng.choice(("", f" {{ {_condition(rng, 1)} }}"))
        said.append(f"deny {_some(rng, ACTIONS)} on doc{fields}{when}")
    if number and rng.random() < 0.35:
        said.append(f"role r{rng.randrange(number)}")
    if rng.random() < 0.5:
        said.append(f"may assign r{rng.randrange(roles)}")
    return "  ".join(said)


def _policy_set(rng: random.Random) -> str:
    lines = [f"policy p{n} on doc {{ {_condition(rng)} }}" for n in range(4)]
    lines += [f"role r{n} {{ {_bundle(rng, n, 4)} }}" for n in range(4)]
    lines += [f"group g{n} {{ {_bundle(rng, 4, 4)} }}" for n in range(2)]
    for n in range(rng.randrange(4)):
        items = []
        if rng.random() < 0.5:
            items.append(f"team : {rng.choice('xy')}")
        if rng.random() < 0.3:
            items.append(f"{rng.choice(('append', 'override'))} policy p{rng.randrange(4)}")
        for _ in range(rng.randrange(3)):
            where = rng.choice(("", "", ' at site "A"', ' at region "N"'))
            when = rng.choice(
                ("", "", " until 2026-01-01", " until 2027-01-01", " from 2027-01-02", " from 2027-06-01")
            )
            items.append(f"assign role r{rng.randrange(4)}{where}{when}")
        mark = rng.choice(("", "", "", "terminated "))
        group = rng.choice(("", " in g0", " in g1"))
        lines.append(f'{mark}user "u{n}"{group} {{ {"  ".join(items)} }}')
    if rng.random() < 0.3:
        lines.append("integration robot { role r0 }")
    if rng.random() < 0.3:
        lines.append(f"deny {_some(rng, ACTIONS)} on doc {{ {_condition(rng, 1)} }}")
    for n in range(6):
        quantifier, user = rng.choice((("no", "user"), ("only", "users"), ("every", "user")))
        selectors = rng.choice(("", " with role r0", " with role r1", " in g0", " in g0 or with role r2"))
        if quantifier == "only" and not selectors:
            selectors = " in g1"
        field = rng.choice(("", "", ".fee", ".kind"))
        where = rng.choice(("", f" where {{ {_condition(rng, 1)} }}"))
        action = rng.choice(("view", "modify", "create" if not field else "view"))
        lines.append(f'invariant "i{n}" {{ {quantifier} {user}{selectors} can {action} doc{field}{where} }}')
    return _WORLD + "\n".join(lines) + "\n"


# --- everything there is -------------------------------------------------------------------------------------


def _records(owners: tuple[str, ...], *, complete: bool = True, typed: bool = True) -> list[dict[str, Any]]:
    """Every record there is; with what is not optional missing, too, and with values of other types."""
    more = (() if complete else (None,)) + (() if typed else (5,))
    found = []
    for owner, kind, site in itertools.product(
        (*owners, *more), (*"xy", *more), (*PLACES, *(() if complete else (None,)))
    ):
        for flag, fee in itertools.product((None, True, False, *more), (None, True, False)):
            record = {"owner": owner, "kind": kind, "site": site, "flag": flag, "fee": fee}
            found.append({name: value for name, value in record.items() if value is not None})
    return found


def _askers(index: Index, who: Who) -> Iterator[tuple[Index, str]]:
    """A user, or somebody made up with each value of the one attribute."""
    if who.user is not None:
        yield index, who.user
        return
    for team in (None, "x", "y"):
        values: tuple[ir.UserValue, ...] = ()
        if team is not None:
            constant = Constant(next(a.type for a in index.policy_set.subject), team, "a:1:1-1:1")
            values = (ir.UserValue("team", (constant,), "a:1:1-1:1"),)
        yield hypothetical(index, who.roles, who.group, attributes=values)


def _is_true(index: Index, user: str, where: Any, record: dict[str, Any]) -> bool:
    return where is None or truth(where, Situation(index, user, "doc", record, {}, NOW)) is True


def _breaks(index: Index, invariant: ir.Invariant, who: Who) -> bool:
    wanted = invariant.quantifier != "every"
    typed = not wanted or "create" in invariant.actions
    for asking, user in _askers(index, who):
        dated = any(a.start or a.until for a in index.users[user].assignments) if user in index.users else False
        for now in INSTANTS if dated else INSTANTS[:1]:
            if not _is_asked(asking, invariant, user, now):
                continue
            for record in _records((user, "stranger"), complete=False, typed=typed):
                if _is_true(asking, user, invariant.where, record):
                    for action in invariant.actions:
                        answer = decide(asking, user, action, "doc", record, now=now, field=invariant.field)
                        if answer.allowed == wanted:
                            return True
    return False


def _is_asked(index: Index, invariant: ir.Invariant, user: str, now: datetime.datetime) -> bool:
    has = {(type(c[-1]).__name__.lower(), c[-1].name) for s in sources(index, user, now) for c in chains(index, s)}
    selected = any((selector.kind, selector.name) in has for selector in invariant.users)
    if invariant.quantifier == "only":
        return not selected
    if invariant.users:
        return selected
    return invariant.quantifier == "no" or user in index.users


def _all_who(world: World, invariant: ir.Invariant) -> list[Who]:
    found = [Who(user=user) for user in world.index.requesters]
    made_up = [Who(roles=((role.name, None),)) for role in world.policy_set.roles]
    made_up += [Who(group=group.name) for group in world.policy_set.groups]
    if invariant.quantifier == "only":
        return found if world.policy_set.users else found + made_up
    if invariant.users:
        return found + made_up
    return found if world.policy_set.users or invariant.quantifier == "every" else found + made_up


@settings(deadline=None, max_examples=settings.default.max_examples // 5)
@given(st.integers(0, 2**32))
def test_invariants(seed: int) -> None:
    policy_set = compiled(_policy_set(random.Random(seed)))
    world = World(policy_set, NOW)
    found = {finding.at for finding in invariant_violated.check(world)}
    assert list(invariant_not_proved.check(world)) == []
    for invariant in policy_set.invariants:
        broken = any(_breaks(world.index, invariant, who) for who in _all_who(world, invariant))
        assert (invariant.at in found) == broken, invariant


@settings(deadline=None, max_examples=settings.default.max_examples // 5)
@given(st.integers(0, 2**32))
def test_escalation_paths(seed: int) -> None:
    policy_set = compiled(_policy_set(random.Random(seed)).replace("create", "delete"))
    world = World(policy_set, NOW)
    findings = list(escalation_path.check(world))
    assert not any(finding.unproved for finding in findings)
    stand = {finding.at for finding in findings}
    for _, bundle in world.bundles:
        name = name_of(bundle)
        held, steps = world.once(Holdings), {}
        roles = [role for role, _ in escalation_path._steps(held, name, steps)]
        paths = [escalation_path._Way(world, name, steps).to(role) for role in roles]
        expected = any(_gains(world.index, name, path) for path in paths if path[0].said_by == name)
        assert any(ref.at in stand for ref in bundle.may_assign) == expected, bundle
        for path in paths:
            if not held.reached(path[-1].role) <= held.granted(name):
                assert _gains(world.index, name, path), path


def _gains(index: Index, name: tuple[str, str], path: tuple[Any, ...]) -> bool:
    """Whether anybody at the end of the path is allowed what the holder is not."""
    roles = tuple((step.ref.name, None) for step in path)
    group = name[1] if name[0] == "group" else None
    own = () if group else ((name[1], None),)
    ends = [Who(roles=roles[-1:]), Who(roles=(*own, roles[-1]), group=group), Who(roles=(*own, *roles), group=group)]
    for team in (0, 1, 2):
        holder, user = list(_askers(index, Who(roles=own, group=group)))[team]
        assert user == SOMEBODY
        for end in ends:
            reached, _ = list(_askers(index, end))[team]
            for record, action in itertools.product(_records((SOMEBODY, "stranger")), ("view", "modify", "delete")):
                more = decide(reached, user, action, "doc", record, now=NOW)
                if more.allowed:
                    less = decide(holder, user, action, "doc", record, now=NOW)
                    if not less.allowed or not set(more.fields) <= set(less.fields):
                        return True
    return False
