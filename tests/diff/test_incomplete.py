"""Differences that only records and requests show that lack something, or hold a value that is not of its type."""

from __future__ import annotations

import datetime
import random
import re
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from policylang.check.finding import Who
from policylang.diff.compare import compare
from policylang.diff.report import Change, ComparedRequest, FailOn, Report, failing
from policylang.ir import nodes as ir
from policylang.model.conditions import Constant
from policylang.runtime.hypothetical import hypothetical
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.check.test_stacking_exhaustive import random_policy_set
from tests.diff.rendering import as_set, is_same
from tests.diff.test_exhaustive import mutated
from tests.helpers import compiled

SETTINGS = settings(
    deadline=None, max_examples=settings.default.max_examples // 10, phases=[Phase.reuse, Phase.generate]
)
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LIMITED = """\
resource folder {{ status : one of open, closed  actions view }}
resource doc {{
  owner : user
  level : int
  kind  : one of x, y
  tags  : set of text
  folder : folder
  optional note : text
  actions view, modify, create
}}
request {{ channel : one of ui, api }}
subject {{ team : one of x, y }}
policy p on doc {{ {condition} }}
role rep {{ grant view, modify on doc  policy p }}
user "ann" {{ team : x  assign role rep }}
"""


def between(old: str, new: str) -> Report:
    texts = [LIMITED.format(condition=condition) for condition in (old, new)]
    return compare(compiled(texts[0]), compiled(texts[1]), NOW)


# --- one limit instead of another ----------------------------------------------------------------------------

OWN = "owner is assigned user"


@pytest.mark.parametrize(
    ("old", "new", "kind", "lacking"),
    [
        (OWN, f"{OWN} or owner is missing", "widened", ("owner",)),
        (f"{OWN} or owner is missing", OWN, "narrowed", ("owner",)),
        ("level > 3", "level > 3 or level is missing", "widened", ("level",)),
        (OWN, f"{OWN} and level is present", "narrowed", ("level",)),
        (OWN, f"{OWN} and (level > 3 or level <= 3)", "narrowed", ("level",)),
        (OWN, f"{OWN} and (kind is x or kind is y)", "narrowed", ("kind",)),
        (OWN, f"{OWN} and folder is present", "narrowed", ("folder",)),
        (OWN, f"{OWN} and folder.status is present", "narrowed", ("folder",)),
        (OWN, f"{OWN} and request.channel is present", "narrowed", ("request.channel",)),
        (OWN, f"{OWN} or request.channel is missing", "widened", ("request.channel",)),
        (OWN, f'{OWN} and (tags contains "a" or not (tags contains "a"))', "narrowed", ("tags",)),
        ("owner is missing", "owner is missing and level is missing", "narrowed", ("owner",)),
    ],
)
def test_what_only_incomplete_records_show(old: str, new: str, kind: str, lacking: tuple[str, ...]) -> None:
    (change,) = between(old, new).changes
    assert (change.kind, change.incomplete, change.unproved) == (kind, True, False)
    assert change.lacking == lacking


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OWN, f"not (not ({OWN}))"),
        (f"{OWN} and level > 3", f"level > 3 and {OWN}"),
        ("level > 3 or level is missing", "not (level <= 3) or level is missing"),
        (f"{OWN} or level is present", f"level is present or ({OWN} and level is missing) or {OWN}"),
        ("note is missing or note is present", "not (note is missing and note is present)"),
    ],
)
def test_no_change_is_none_for_incomplete_records_either(old: str, new: str) -> None:
    assert between(old, new).same_access


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        # A value that is not of its type is neither missing nor present.
        (OWN, f"{OWN} and (level is missing or level is present)", ("level", True)),
        # The item that is missing may be the one that is looked for.
        (f"{OWN} and tags is present", f'{OWN} and (tags contains "a" or not (tags contains "a"))', ("tags", [None])),
    ],
)
def test_values_that_are_not_of_their_type(old: str, new: str, wrong: tuple[str, Any]) -> None:
    (change,) = between(old, new).changes
    assert (change.kind, change.incomplete) == ("narrowed", True)
    assert change.before is not None
    name, value = wrong
    assert change.before.record[name] == value


def test_users_without_attributes() -> None:
    """Somebody made up, and integrations, need not have what is not optional."""
    (change,) = between(OWN, f"{OWN} and assigned user.team is present").changes
    assert (change.kind, change.incomplete, change.users) == ("narrowed", True, ())


def test_complete_records_come_first() -> None:
    """What complete records show is said of them, also where incomplete ones show it too."""
    (change,) = between(OWN, f"{OWN} or level > 3 or level is missing").changes
    assert (change.kind, change.incomplete, change.lacking) == ("widened", False, ())


def test_both_ways() -> None:
    """Complete records lose what incomplete ones gain."""
    changes = between(OWN, f"({OWN} and level > 3) or level is missing").changes
    assert [(change.kind, change.incomplete) for change in changes] == [("narrowed", False), ("widened", True)]


@pytest.mark.parametrize(
    ("old", "new", "closed"),
    [
        (OWN, f"{OWN} or owner is missing", {"widened", "any"}),
        (OWN, f"{OWN} and level is present", {"any"}),
        ("level > 3 and level < 3", "level is missing", {"gained", "widened", "any"}),
    ],
)
def test_gates(old: str, new: str, closed: set[FailOn]) -> None:
    found = as_set(between(old, new))
    assert {gate for gate in ("gained", "widened", "any") if failing(found, gate)} == closed


def test_ids_tell_incomplete_records_apart() -> None:
    """What was approved for incomplete records is not approved for all."""
    narrow = between(OWN, f"{OWN} or owner is missing").changes[0]
    assert narrow.incomplete
    text = LIMITED.format(condition=OWN)
    wide = text.replace("  owner : user", "  optional owner : user")
    again = compare(compiled(wide), compiled(wide.replace(f"{{ {OWN} }}", f"{{ {OWN} or owner is missing }}")), NOW)
    (change,) = again.changes
    assert (change.incomplete, change.permissions, change.added) == (False, narrow.permissions, narrow.added)
    assert change.id != narrow.id


# --- everything there is -------------------------------------------------------------------------------------

WORLD = """\
  tags : set of text
  folder : folder
"""
MORE = """\
resource folder { status : one of open, closed  actions view }
request { channel : one of ui, api }
integration bot { role r0  objects doc }
"""
ATOMS = (
    "owner is missing",
    "owner is present",
    "kind is present",
    "kind is y",
    "(kind is x or kind is y)",
    "site is missing",
    'tags contains "a"',
    "tags is missing",
    "folder is missing",
    "folder.status is open",
    "folder.status is missing",
    "request.channel is ui",
    "request.channel is missing",
    "assigned user.team is present",
)
DOMAIN: dict[str, list[Any]] = {
    "owner": ["me", "u0", None, 7],
    "kind": ["x", "y", None, "q"],
    "site": ["A", "B", None, None, "Mars"],
    "flag": [None, True, False, "text"],
    "tags": [["a"], [], ["b", None], ["a", None], None, "a"],
    "folder": [{"status": "open"}, {"status": "closed"}, {}, {"status": 1}, "a key", None, 5],
    "channel": ["ui", "api", None, 5],
}
ACTIONS = ("view", "modify", "create", "export")


def with_missing(rng: random.Random, text: str) -> str:
    """The policy set with other tests in some of its conditions."""
    text = text.replace("  optional flag : bool\n", f"  optional flag : bool\n{WORLD}")
    return MORE + re.sub(
        r"(?<![\w.])(flag is true|flag is missing|due is present|owner is assigned user|kind is x)(?! or)",
        lambda found: rng.choice(ATOMS) if rng.random() < 0.5 else found[0],
        text,
    )


def drawn(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    chosen = {name: rng.choice(values) for name, values in DOMAIN.items()}
    request = {name: chosen.pop(name) for name in ("channel",)}
    return ({k: v for k, v in chosen.items() if v is not None}, {k: v for k, v in request.items() if v is not None})


def is_complete(record: dict[str, Any], request: dict[str, Any]) -> bool:
    return (
        record.get("owner") in ("me", "u0")
        and record.get("kind") in ("x", "y")
        and record.get("site") in ("A", "B")
        and record.get("flag") in (None, True, False)
        and record.get("tags") in (["a"], [])
        and record.get("folder") in ({"status": "open"}, {"status": "closed"})
        and request.get("channel") in ("ui", "api")
    )


def asker(index: Index, who: Who, team: str | None) -> tuple[Index, str]:
    if who.user is not None:
        return index, who.user
    values: tuple[ir.UserValue, ...] = ()
    if team is not None:
        values = (ir.UserValue("team", (Constant(index.subject["team"], team, "a:1:1-1:1"),), "a:1:1-1:1"),)
    return hypothetical(
        index,
        [role for role in who.roles if role[0] in index.roles],
        who.group if who.group in index.groups else None,
        attributes=values,
        named=who.id,
    )


def answer(index: Index, user: str, action: str, record: Any, request: Any) -> frozenset[str]:
    if record.get("owner") == "me":
        record = {**record, "owner": user}
    decision = decide(index, user, action, "doc", record, now=NOW, request=request)
    return frozenset(decision.fields) | {""} if decision.allowed else frozenset()


def replayed(index: Index, witness: ComparedRequest) -> str:
    who = Who(
        user=witness.user,
        roles=tuple((role, None) for role in witness.as_roles),
        group=witness.as_group,
        id=witness.as_id,
    )
    asking, user = asker(index, who, witness.as_attributes.get("team"))
    found = decide(
        asking, user, witness.action, witness.resource, witness.record, now=witness.now, request=witness.request
    )
    is_open = found.allowed and (witness.field is None or witness.field in found.fields)
    return "allowed" if is_open else "denied"


def told(report: Report, kind: str, name: str, action: str, up: bool) -> list[tuple[Change, frozenset[str] | None]]:
    return [
        (change, None if each.fields is None else frozenset(each.fields))
        for change in report.changes
        for each in change.permissions
        if up == (change.kind in ("gained", "widened"))
        and each.resource == "doc"
        and action in each.actions
        and (
            any((n.kind, n.name) == (kind, name) for n in (*change.subjects, *change.around))
            or (kind in ("user", "integration") and name in change.users)
        )
    ]


@SETTINGS
@given(st.integers(0, 2**32))
def test_differences_are_those_of_the_decisions(seed: int) -> None:
    """Whatever is decided otherwise is told, of complete records as that; and what is told is shown."""
    rng = random.Random(seed)
    text = random_policy_set(rng, timed=False)
    other = mutated(rng, text)
    again = rng.randrange(2**32)
    texts = [with_missing(random.Random(again if rng.random() < 0.5 else n), t) for n, t in enumerate((text, other))]
    old, new = map(compiled, texts)
    report = compare(old, new, NOW)
    indexes = Index(old), Index(new)
    for change in report.changes:
        assert not change.unproved, change
        assert change.before is not None
        assert change.after is not None
        for index, witness in zip(indexes, (change.before, change.after), strict=True):
            assert replayed(index, witness) == witness.expected
    people = {("user", user): Who(user=user) for index in indexes for user in index.users}
    people |= {("integration", name): Who(user=name) for index in indexes for name in index.integrations}
    people |= {("role", role): Who(roles=((role, None),)) for index in indexes for role in index.roles}
    people |= {("group", group): Who(group=group) for index in indexes for group in index.groups}
    for _ in range(12):
        record, request = drawn(rng)
        team = rng.choice((None, "x", "y"))
        for (kind, name), who in people.items():
            for action in ACTIONS:
                if action == "create":
                    record = {name: value for name, value in record.items() if rng.random() < 0.5}
                before, after = (answer(*asker(index, who, team), action, record, request) for index in indexes)
                for up, one, two in ((True, after, before), (False, before, after)):
                    if not one - two or (action == "create" and "" in two):
                        continue  # what a new record may hold decides whether it may be made
                    found = told(report, kind, name, action, up)
                    about = (kind, name, action, up, record, request)
                    if "" not in two:
                        assert any(fields is None for _, fields in found), about
                    else:
                        assert frozenset().union(*(fields or () for _, fields in found)) >= one - two, about
                    if is_complete(record, request) and action != "create" and "" not in two:
                        assert any(not change.incomplete for change, _ in found), about


@SETTINGS
@given(st.integers(0, 2**32))
def test_laws(seed: int) -> None:
    """Nothing differs from itself; what one way is gained is lost the other way."""
    rng = random.Random(seed)
    text = random_policy_set(rng, timed=False)
    old, new = (compiled(with_missing(rng, each)) for each in (text, mutated(rng, text)))
    assert compare(old, old, NOW).same_access
    turned = {"gained": "lost", "widened": "narrowed", "narrowed": "widened", "lost": "gained"}
    there = [(turned[each.kind], each.incomplete, each.subjects, each.users) for each in compare(old, new, NOW).changes]
    back = [(each.kind, each.incomplete, each.subjects, each.users) for each in compare(new, old, NOW).changes]
    assert sorted(there, key=str) == sorted(back, key=str)


def test_nothing_at_all() -> None:
    texts = [
        LIMITED.format(condition=condition) for condition in (OWN, f"not (not ({OWN}))", f"{OWN} and level is present")
    ]
    first, again, other = map(compiled, texts)
    assert is_same(first, again, NOW)
    assert not is_same(first, other, NOW)
    assert not is_same(
        first,
        compiled(texts[0].replace("role rep {", "role reps {").replace("assign role rep", "assign role reps")),
        NOW,
    )
