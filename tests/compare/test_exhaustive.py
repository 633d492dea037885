"""The differences of small policy sets, beside the decisions of the reference about every request there is."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.finding import Who
from policylang.compare.compare import compare
from policylang.compare.report import Change, Report
from policylang.ir import nodes as ir
from policylang.model.conditions import Constant
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.check.test_stacking_exhaustive import random_policy_set
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(days=400)

Key = tuple[str, str, str]
"""Kind and name of somebody, and an action."""


def mutated(rng: random.Random, text: str) -> str:
    """The policy set with a few lines changed for such as there could be as well."""
    lines = text.split("\n")
    others = random_policy_set(rng, timed=False).split("\n")
    for _ in range(rng.randrange(1, 3)):
        number = rng.randrange(len(lines))
        for other in others:
            if _head(lines[number]) == _head(other) != "":
                lines[number] = other
    text = "\n".join(lines)
    if rng.random() < 0.15:
        text = text.replace("from 2026-01-02", "from 2027-06-01")
    return text


def _head(line: str) -> str:
    words = line.replace("essential ", "").replace("terminated ", "").split(" ")
    return " ".join(words[:2]) if words[0] in ("policy", "role", "group", "user", "deny") else ""


# --- everything there is -------------------------------------------------------------------------------------


def records(schema: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*schema.values()):
        yield {name: value for name, value in zip(schema, values, strict=True) if value is not None}


def _askers(index: Index, who: Who) -> Iterator[tuple[Any, Index, str]]:
    """A user, or somebody made up with each value of the one attribute."""
    if who.user is not None:
        yield None, index, who.user
        return
    for team in (None, "x", "y"):
        values: tuple[ir.UserValue, ...] = ()
        if team is not None and "team" in index.subject:
            values = (ir.UserValue("team", (Constant(index.subject["team"], team, "a:1:1-1:1"),), "a:1:1-1:1"),)
        roles = [role for role in who.roles if role[0] in index.roles]
        yield team, *hypothetical(index, roles, who.group if who.group in index.groups else None, attributes=values)


def answers(index: Index, who: Who, action: str, domain: list[dict[str, Any]]) -> dict[Any, Any]:
    """Every request, with whether it is allowed and the attributes that it covers."""
    found: dict[Any, Any] = {}
    for team, asking, user in _askers(index, who):
        dated = user in index.users and any(a.start == "2027-06-01" for a in index.users[user].assignments)
        for now, (number, record) in itertools.product((NOW, LATER), enumerate(domain)):
            if now == LATER and not dated:
                found[team, now, number] = found[team, NOW, number]
                continue
            if "owner" in record and record["owner"] == "me":
                record = {**record, "owner": user}
            decision = decide(asking, user, action, "doc", record, now=now)
            found[team, now, number] = frozenset(decision.fields) | {""} if decision.allowed else frozenset()
    return found


SCHEMA: dict[str, list[Any]] = {
    "owner": ["me", "u0", "stranger"],
    "kind": ["x", "y"],
    "site": ["A", "B"],
    "flag": [None, True, False],
    "due": [None, "2026-11-20"],
    "fee": [True],
}
ACTIONS = ("view", "modify", "export")


def expected(old: ir.PolicySet, new: ir.PolicySet) -> dict[tuple[Key, bool], bool]:
    """For each user, role and group and each action: whether there is a request that only one side allows."""
    indexes = Index(old), Index(new)
    people = {("user", user): Who(user=user) for index in indexes for user in index.users}
    people |= {("role", role): Who(roles=((role, None),)) for index in indexes for role in index.roles}
    people |= {("group", group): Who(group=group) for index in indexes for group in index.groups}
    domain = list(records(SCHEMA))
    found = {}
    for (kind, name), who in people.items():
        for action in ACTIONS:
            before, after = (answers(index, who, action, domain) for index in indexes)
            for up, one, other in ((True, after, before), (False, before, after)):
                found[(kind, name, action), up] = any(one[each] - other[each] for each in one)
    return found


def reported(report: Report, action: str) -> dict[tuple[str, str, bool], list[Change]]:
    found: dict[tuple[str, str, bool], list[Change]] = {}
    for change in report.changes:
        if any(p.resource == "doc" and action in p.actions for p in change.permissions):
            up = change.kind in ("gained", "widened")
            for named in (*change.subjects, *change.around):
                found.setdefault((named.kind, named.name, up), []).append(change)
            for user in change.users:
                found.setdefault(("user", user, up), []).append(change)
    return found


@settings(deadline=None, max_examples=settings.default.max_examples // 4)
@given(st.integers(0, 2**32))
def test_differences_are_those_of_the_decisions(seed: int) -> None:
    rng = random.Random(seed)
    text = random_policy_set(rng, timed=False)
    other = random_policy_set(rng, timed=False) if rng.random() < 0.2 else mutated(rng, text)
    old, new = compiled(text), compiled(other)
    report = compare(old, new, NOW)
    assert not any(change.unproved for change in report.changes), [c for c in report.changes if c.unproved]
    by_action = {action: reported(report, action) for action in ACTIONS}
    for ((kind, name, action), up), differs in expected(old, new).items():
        told = by_action[action].get((kind, name, up), [])
        assert bool(told) == differs, (kind, name, action, up, told)
