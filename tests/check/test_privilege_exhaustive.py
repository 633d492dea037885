"""The rules about least privilege that are decided by proof, beside the decisions on every record there is."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.finding import Finding, replay
from policylang.check.rules.privilege import mirror_differs, task_cannot_be_done, unlimited_change
from policylang.check.world import World
from policylang.ir.nodes import PolicySet
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, decide
from tests.helpers import compiled

NOW = datetime.datetime(2026, 3, 31, 12, tzinfo=datetime.UTC)

WORLD = """
resource doc {
  status : one of a, b, c
  optional flag : bool
  optional kind : one of x, y
  owner : user
  optional due : date
  actions view, modify, delete
  action export bypasses policies
}
"""
ATOMS = (
    "status is a",
    "status in [a, b]",
    "status is not c",
    "flag is true",
    "flag is missing",
    "kind is x",
    "kind is present",
    "owner is assigned user",
    "due within 2 days",
    "due older than 2 days",
    "due within next 1 day",
    "due older than 1 month",
    "due is missing",
)
FIELDS = ("", "", " (status)", " (status, flag)", " except status")

atoms = st.sampled_from(ATOMS)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda c: f"({c[0]}{c[1]}{c[2]})"),
        inner.map(lambda c: f"not ({c})"),
    ),
    max_leaves=4,
)
verbs = st.lists(st.sampled_from(("view", "modify", "delete", "export")), min_size=1, unique=True).map(", ".join)


@st.composite
def bundles(draw: st.DrawFn, policies: int) -> str:
    """What a role or a group holds."""
    lines = [f"grant {draw(verbs)} on doc{draw(st.sampled_from(FIELDS))}" for _ in range(draw(st.integers(0, 2)))]
    limits = draw(st.lists(st.integers(0, policies - 1), max_size=2, unique=True))
    lines += [f"policy p{n}{draw(st.sampled_from(('', '', ' for modify', ' for view, delete')))}" for n in limits]
    if draw(st.integers(0, 3)) == 0:
        what = draw(
            st.sampled_from(("", " (flag)", " { " + draw(conditions) + " }", " (kind) { " + draw(conditions) + " }"))
        )
        lines.append(f"deny {draw(verbs)} on doc{what}")
    return "  ".join(lines)


@st.composite
def sets(draw: st.DrawFn) -> str:
    """A few policies, roles inside each other, and a group."""
    made = [draw(conditions) for _ in range(4)]
    made[3] = f"({made[0]}) or not ({made[0]}) or flag is missing or kind is missing or due is missing"
    made[2] = draw(st.sampled_from((f"not ({made[1]})", made[2])))
    text = WORLD + "".join(f"policy p{n} on doc {{ {condition} }}\n" for n, condition in enumerate(made))
    text += f"role r0 {{ {draw(bundles(4))} }}\n"
    text += f"role r1 {{ {draw(st.sampled_from(('', 'role r0 ')))} {draw(bundles(4))} performs work }}\n"
    text += f"role r2 {{ {draw(st.sampled_from(('', 'role r0 ', 'role r0, r1 ')))} {draw(bundles(4))} }}\n"
    text += f"group g {{ {draw(st.sampled_from(('', 'role r0 ')))} {draw(bundles(4))} }}\n"
    text += f"task work {{ needs {draw(verbs)} on doc{draw(st.sampled_from(('', ' (status)', ' (status, flag)')))} }}\n"
    text += "integration sync { role r1  objects doc  mirror role r2 }\n"
    return text + draw(st.sampled_from(("", "", "deny delete on doc { status is b }\n")))


def records(user: str) -> Iterator[dict[str, Any]]:
    """Every record, as far as conditions can tell them apart: missing values and the days around every boundary."""
    days = [NOW.date() + datetime.timedelta(days=n) for n in (-40, -32, -31, -30, -29, -3, -2, -1, 0, 1, 2)]
    for status, flag, kind, owner, due in itertools.product(
        "abc", (None, True, False), (None, "x", "y"), (user, "other"), (None, *(day.isoformat() for day in days))
    ):
        record = {"status": status, "flag": flag, "kind": kind, "owner": owner, "due": due}
        yield {name: value for name, value in record.items() if value is not None}


class Brute:
    """Decisions about every record for somebody who has just a role or a group."""

    def __init__(self, policy_set: PolicySet) -> None:
        self.index = Index(policy_set)

    def all(self, kind: str, name: str, action: str) -> list[Decision]:
        roles = ((name, None),) if kind == "role" else ()
        index, user = hypothetical(self.index, roles, name if kind == "group" else None)
        return [decide(index, user, action, "doc", record, now=NOW) for record in records(user)]


def run(text: str, module: Any) -> tuple[PolicySet, list[Finding]]:
    policy_set = compiled(text)
    world = World(policy_set, NOW)
    found = list(module.check(world))
    for finding in found:
        assert not finding.unproved
        assert finding.shown or finding.proved
        for shown in finding.shown:
            assert replay(world, shown).allowed == shown.allowed
    return policy_set, found


@settings(deadline=None, max_examples=40)
@given(sets())
def test_unlimited_change(text: str) -> None:
    policy_set, found = run(text, unlimited_change)
    brute = Brute(policy_set)
    for action in ("modify", "delete"):
        unlimited = any(
            all(decision.allowed for decision in brute.all(kind, name, action))
            for kind, name in (("role", "r0"), ("role", "r1"), ("role", "r2"), ("group", "g"))
        )
        assert unlimited == any(action in finding.message.split(" on ")[0] for finding in found), action


@settings(deadline=None, max_examples=60)
@given(sets())
def test_task_cannot_be_done(text: str) -> None:
    policy_set, found = run(text, task_cannot_be_done)
    brute = Brute(policy_set)
    need = policy_set.tasks[0].needs[0]
    missing = [
        action
        for action in need.actions
        if not any(
            decision.allowed and set(need.fields or ()) <= set(decision.fields)
            for decision in brute.all("role", "r1", action)
        )
    ]
    assert bool(missing) == bool(found)
    for action in need.actions:
        assert (action in missing) == any(f"{action} on" in finding.message for finding in found)


@settings(deadline=None, max_examples=40)
@given(sets())
def test_mirror_differs(text: str) -> None:
    policy_set, found = run(text, mirror_differs)
    brute = Brute(policy_set)
    message = found[0].message if found else ""
    more = less = False
    for action in ("view", "modify", "delete", "export"):
        for mine, other in zip(brute.all("role", "r1", action), brute.all("role", "r2", action), strict=True):
            fields = action != "delete" and mine.allowed and other.allowed
            more = more or (other.allowed and not mine.allowed) or (fields and bool({*other.fields} - {*mine.fields}))
            less = less or (mine.allowed and not other.allowed) or (fields and bool({*mine.fields} - {*other.fields}))
    assert more == ("more than" in message)
    assert less == ("less than" in message or "less:" in message)
