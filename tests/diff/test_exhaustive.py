"""The differences of small policy sets, beside the decisions of the reference about every request there is."""

from __future__ import annotations

import datetime
import itertools
import random
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.finding import Who
from policylang.diff.compare import compare
from policylang.diff.report import Change, ComparedRequest, Named, Report
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


def mutated(rng: random.Random, text: str, *, timed: bool = False) -> str:
    """The policy set with a few lines changed for such as there could be as well."""
    lines = text.split("\n")
    others = random_policy_set(rng, timed=timed).split("\n")
    for _ in range(rng.randrange(1, 3)):
        number = rng.randrange(len(lines))
        for other in others:
            if _head(lines[number]) == _head(other) != "":
                lines[number] = other
    text = "\n".join(lines)
    if rng.random() < 0.15:
        text = text.replace("from 2026-01-02", "from 2027-06-01")
    return text


WORLDS = (
    ("kind  : one of x, y", "kind  : one of x, y, z"),
    ("team : one of x, y", "team : one of x, y, z"),
    ('place site "B" in "N"', 'place region "S"\nplace site "B" in "S"'),
    ('place site "B" in "N"', 'place site "B" in "N"\nplace site "C" in "N"'),
    ("optional flag : bool", "optional sensitive flag : bool"),
    ("  optional flag : bool\n", "  optional flag : bool\n  optional more : bool\n"),
    ("optional sensitive fee", "optional fee"),
    ("action modify requires view on doc", "action modify"),
    ("action export bypasses policies", "action export"),
)
"""What is declared around roles and users, as it is and as it could be."""


def in_another_world(rng: random.Random, text: str) -> str:
    """The policy set with one or two declarations changed."""
    for before, after in rng.sample(WORLDS, rng.randrange(1, 3)):
        text = text.replace(before, after)
    return text


def _head(line: str) -> str:
    words = line.replace("essential ", "").replace("terminated ", "").split(" ")
    return " ".join(words[:2]) if words[0] in ("policy", "role", "group", "user", "deny") else ""


# --- everything there is -------------------------------------------------------------------------------------


def records(values: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for chosen in itertools.product(*values.values()):
        yield {name: value for name, value in zip(values, chosen, strict=True) if value is not None}


def _askers(index: Index, who: Who, ids: tuple[str | None, ...] = (None, "u0")) -> Iterator[tuple[Any, Index, str]]:
    """A user, or somebody made up, also as one whom conditions name, with each value of the one attribute."""
    if who.user is not None:
        yield (None, None), index, who.user
        return
    roles = [role for role in who.roles if role[0] in index.roles]
    group = who.group if who.group in index.groups else None
    for id_ in ids:
        teamless = hypothetical(index, roles, group, named=id_)
        yield (id_, None), *teamless
        for team in ("x", "y", "z"):
            if team not in getattr(index.subject.get("team"), "values", ()):
                yield (id_, team), *teamless  # what a side does not know is missing there
                continue
            values = (ir.UserValue("team", (Constant(index.subject["team"], team, "a:1:1-1:1"),), "a:1:1-1:1"),)
            yield (id_, team), *hypothetical(index, roles, group, attributes=values, named=id_)


def is_allowed(index: Index, witness: ComparedRequest) -> bool:
    """What the reference says to the request of a witness."""
    who = Who(user=witness.user, roles=tuple((role, None) for role in witness.as_roles), group=witness.as_group)
    wanted = (witness.as_id, witness.as_attributes.get("team"))
    ((asking, user),) = [each[1:] for each in _askers(index, who, (witness.as_id,)) if each[0] == wanted]
    decision = decide(asking, user, witness.action, witness.resource, witness.record, now=witness.now)
    return decision.allowed and (witness.field is None or witness.field in decision.fields)


def answers(index: Index, who: Who, action: str, domain: list[dict[str, Any]]) -> dict[Any, frozenset[str]]:
    """Every request, with the attributes that are open in it, and an empty name where the record is."""
    found: dict[Any, frozenset[str]] = {}
    first: dict[tuple[Index, str], Any] = {}
    for asker, asking, user in _askers(index, who):
        same = first.setdefault((asking, user), asker)
        if same is not asker:
            found |= {(asker, *rest): known for (of, *rest), known in found.items() if of == same}
            continue
        dated = user in index.users and any(a.start == "2027-06-01" for a in index.users[user].assignments)
        for now, (number, record) in itertools.product((NOW, LATER), enumerate(domain)):
            if now == LATER and not dated:
                found[asker, now, number] = found[asker, NOW, number]
                continue
            if record["owner"] == "me":
                record = {**record, "owner": user}
            if "due" in record:
                record = {**record, "due": str(now.date() + datetime.timedelta(days=record["due"]))}
            decision = decide(asking, user, action, "doc", record, now=now)
            found[asker, now, number] = frozenset(decision.fields) | {""} if decision.allowed else frozenset()
    return found


def schema(*, timed: bool, worlds: bool) -> dict[str, list[Any]]:
    """The values that conditions tell apart; of ``due``, days from the present one on."""
    return {
        "owner": ["me", "u0", "stranger"],
        "kind": ["x", "y", "z"] if worlds else ["x", "y"],
        "site": ["A", "B", "C"] if worlds else ["A", "B"],
        "flag": [None, True, False],
        "due": [None, -3, -2, -1, 0, 1] if timed else [None, -1],
        "fee": [True],
    }


ACTIONS = ("view", "modify", "export")


class Expected(NamedTuple):
    """What differs for somebody, one way: records, attributes of records that are open on both sides, and whether no
    record is open on the other side.
    """

    record: bool
    fields: frozenset[str]
    nothing_there: bool


def expected(
    old: ir.PolicySet, new: ir.PolicySet, actions: Iterable[str], domain: list[dict[str, Any]]
) -> dict[tuple[Key, bool], Expected]:
    """For each user, role and group and each of the actions, what only one side allows."""
    indexes = Index(old), Index(new)
    people = {("user", user): Who(user=user) for index in indexes for user in index.users}
    people |= {("role", role): Who(roles=((role, None),)) for index in indexes for role in index.roles}
    people |= {("group", group): Who(group=group) for index in indexes for group in index.groups}
    found = {}
    for (kind, name), who in people.items():
        for action in actions:
            before, after = (answers(index, who, action, domain) for index in indexes)
            for up, one, other in ((True, after, before), (False, before, after)):
                found[(kind, name, action), up] = Expected(
                    any("" in one[each] and "" not in other[each] for each in one),
                    frozenset().union(*(one[each] - other[each] for each in one if "" in other[each])),
                    not any("" in answer for answer in other.values()),
                )
    return found


def assert_reported(report: Report, key: Key, up: bool, differs: Expected) -> None:
    """Nothing is left out, and what is said of somebody by name is so."""
    kind, name, action = key
    own: list[tuple[Change, frozenset[str] | None]] = []
    shared: list[frozenset[str] | None] = []
    for change in report.changes:
        if up != (change.kind in ("gained", "widened")) or change.incomplete:
            continue
        for each in change.permissions:
            if each.resource == "doc" and action in each.actions:
                fields = None if each.fields is None else frozenset(each.fields)
                if any((named.kind, named.name) == (kind, name) for named in change.subjects):
                    own.append((change, fields))
                elif Named(kind, name) in change.around or (kind == "user" and name in change.users):  # type: ignore[arg-type]
                    shared.append(fields)
    told = [*(fields for _, fields in own), *shared]
    assert not differs.record or None in told, (key, up, own)
    # Those whom a change concerns as well are concerned by one of its actions at least: only these are named for all.
    assert differs.record or all(fields is not None for _, fields in own), (key, up, own)
    if not (differs.record and differs.nothing_there):
        assert frozenset().union(*(fields for fields in told if fields is not None)) >= differs.fields, (key, up, own)
    for change, fields in own:
        assert fields is None or fields <= differs.fields, (key, up, change)
        if fields is None and not change.days:  # on some days nothing may be open although it is on others
            assert (change.kind in ("gained", "lost")) == differs.nothing_there, (key, up, change)
    if not differs.fields:
        assert all(fields is None for _, fields in own), (key, up, own)


@pytest.mark.parametrize(("timed", "worlds"), [(False, False), (True, False), (False, True)])
@pytest.mark.hypothesis
def test_differences_are_those_of_the_decisions(timed: bool, worlds: bool) -> None:
    domain = list(records(schema(timed=timed, worlds=worlds)))

    @settings(deadline=None, max_examples=settings.default.max_examples // 20)
    @given(st.integers(0, 2**32))
    def agrees(seed: int) -> None:
        rng = random.Random(seed)
        text = random_policy_set(rng, timed=timed)
        is_other = rng.random() < 0.2
        other = random_policy_set(rng, timed=timed) if is_other else mutated(rng, text, timed=timed)
        if worlds:
            text, other = rng.sample([text, in_another_world(rng, rng.choice((text, other)))], 2)
        old, new = compiled(text), compiled(other)
        report = compare(old, new, NOW)
        assert not any(change.unproved for change in report.changes), [c for c in report.changes if c.unproved]
        for change in report.changes:
            for index, witness in ((Index(old), change.before), (Index(new), change.after)):
                assert witness is not None
                assert is_allowed(index, witness) == (witness.expected == "allowed")
        actions = [rng.choice(ACTIONS)] if len(domain) > 100 else ACTIONS
        for (key, up), differs in expected(old, new, actions, domain).items():
            assert_reported(report, key, up, differs)

    agrees()
