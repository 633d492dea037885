"""Values in explanations: one is found where there is one, and where there is said to be none, there is none."""

from __future__ import annotations

import datetime
import itertools
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.api.policy_set import PolicySet
from policylang.output import explanation as output
from policylang.runtime.index import Index
from tests.explaining.test_explain_properties import check_change
from tests.helpers import POLICIES, compiled, explain

NOW = datetime.datetime(2026, 11, 21, 19, tzinfo=datetime.UTC)

DOC = """
resource doc {
  level : int  other : int  price : decimal  state : one of open, shut, lost  flag : bool
  title : text  made : date  tags : set of text  owner : user
  actions view, modify, create
}
"""
ROLE = 'role r { grant view, modify, create on doc  policy p }\nuser "u" { assign role r }\nuser "v"\n'


def said(text: str, record: dict[str, Any], **asked: Any) -> list[str]:
    """The last lines of an explanation: what would have to change."""
    found = explain(Index(compiled(DOC + text + ROLE)), "u", "view", "doc", record, now=NOW, **asked)
    lines = click.unstyle("\n".join(output.text(found))).splitlines()
    return lines[next(number for number, line in enumerate(lines) if line.startswith("smallest")) :]


@pytest.mark.parametrize(
    ("policy", "record", "expected"),
    [
        ("level > 100 and level < 200", {"level": 50}, "set `level` of the doc to 101 or more, up to 199"),
        ("level > 100 and level < 200", {"level": 250}, "set `level` of the doc to 199 or less, down to 101"),
        ("level > 100 and level is not 101", {"level": 50}, "set `level` of the doc to 102 or more"),
        ("level > 100 and level < 102", {"level": 50}, "set `level` of the doc to 101"),
        ("level is not 5", {"level": 5}, "set `level` of the doc to another value, such as 4"),
        ("level > other", {"level": 5, "other": 9}, "set `level` of the doc to 10 or more"),
        ("made is 9999-12-31", {"made": "2026-01-01"}, "set `made` of the doc to 9999-12-31"),
        ("made >= 9999-12-30", {"made": "2026-01-01"}, "set `made` of the doc to 9999-12-30 or later"),
        ("made is 0001-01-01", {"made": "2026-01-01"}, "set `made` of the doc to 0001-01-01"),
        ("price > 1.001 and price < 1.002", {"price": 5}, "set `price` of the doc to 1.0011"),
        (
            'title starts with "Re:" and title contains "plan" and title is not "Re:plan"',
            {"title": "x"},
            'set `title` of the doc to a text such as "Re: plan "',
        ),
        (
            'tags contains "a" and tags contains "b" and not (tags contains "c")',
            {"tags": ["c", "d"]},
            'let `tags` of the doc hold "b" and "a" too and no "c"',
        ),
        (
            "made within next 2 months and made is not 2026-12-01",
            {"made": "2026-12-01"},
            "set `made` of the doc to 2026-11-30 or earlier, back to 2026-11-21",
        ),
        (
            "made within 2 months and made older than 3 days",
            {"made": "2026-11-20"},
            "set `made` of the doc to 2026-11-17 or earlier, back to 2026-09-21",
        ),
    ],
)
def test_tests_of_one_value_are_looked_at_together(policy: str, record: dict[str, Any], expected: str) -> None:
    (line,) = said(f"policy p on doc {{ {policy} }}\n", record)
    assert line == f"smallest change: {expected}"


def asked_of(user: str, action: str, record: dict[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"user": user, "action": action, "resource": "doc", "record": record, "now": NOW}
    return {**request, "request": None, "field": None, "changes": None}


def test_a_value_does_not_walk_into_a_deny() -> None:
    text = "policy p on doc { level > 100 }\ndeny view on doc { level in [101, 102] }\n"
    assert said(text, {"level": 5}) == ["smallest change: set `level` of the doc to 103 or more"]


def test_two_values_that_depend_on_each_other() -> None:
    found = said("policy p on doc { level > other and other > 10 }\n", {"level": 5, "other": 5})
    assert found == [
        "smallest change:",
        "  1. set `level` of the doc to 12 or more",
        "  2. set `other` of the doc to 11",
    ]


def test_another_user_is_found_by_what_they_have() -> None:
    text = 'subject { team : text }\npolicy p on doc { owner.team is "red" }\nuser "w" { team: "red" }\n'
    assert said(text, {"owner": "u"}) == ["smallest change: set `owner` of the doc to w"]


@pytest.mark.parametrize(
    ("condition", "record"),
    [
        ("parent is under assigned user.home", {"parent": {"id": "b", "parent": {"id": "c"}}}),
        ("assigned user.home is under parent", {"parent": {"id": "b"}}),
        ("kin overlaps near and kin is not empty", {"kin": [], "near": []}),
        ("kin overlaps near", {"kin": [{"id": "k"}], "near": [{"id": "n"}]}),
        ("parent is other and level > 5", {"other": {"id": "o"}, "level": 3}),
    ],
)
def test_records_that_lead_to_others(condition: str, record: dict[str, Any]) -> None:
    text = (
        "resource doc {\n  optional parent : doc as tree  optional other : doc  level : int\n"
        "  kin : set of doc  near : set of doc\n  actions view\n}\nsubject { home : doc }\n"
        f"policy p on doc {{ {condition} }}\nrole r {{ grant view on doc  policy p }}\n"
        'user "u" { home : "a"  assign role r }\n'
    )
    policy_set = PolicySet(compiled(text))
    found = policy_set.explain("u", "view", "doc", {"id": "x", **record}, now=NOW)
    assert not found.decision.allowed
    check_change(policy_set.index, found, asked_of("u", "view", {"id": "x", **record}))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("level > 5 and level < 5", "no value of `level` would allow it"),
        ("level > other and other > 10 and level < 5", "no values of `level` and `other` would allow it"),
        ("made within next 2 months and made older than 1 day", "no value of `made` would allow it"),
        ('title is "a" and title contains "b" and level is 5', "no values of `title` and `level` would allow it"),
    ],
)
def test_what_no_value_allows(policy: str, expected: str) -> None:
    found = said(f"policy p on doc {{ {policy} }}\n", {"level": 1, "other": 1})
    assert found == ["smallest change: no change was found that would allow it", f"  {expected}"]


def test_beside_other_edits_values_alone_are_meant() -> None:
    text = "policy p on doc { level > 5 and level < 5 }\nrole free { grant view on doc }\n"
    assert said(text, {"level": 1}) == [
        "smallest change: assign role `free` to u everywhere",
        "  no value of `level` alone would allow it",
    ]


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, datetime, policylang.api.policy_set as api, policylang.explaining.explain\n"
        "from policylang.project.loading import read_policy_set\n"
        "loaded = lambda: [name for name in ('policylang.analysis', 'z3') if name in sys.modules]\n"
        "asked = api.PolicySet(read_policy_set([sys.argv[1]]))\n"
        "now = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)\n"
        "decided = asked.decide('x', 'view', 'customer', now=now)\n"
        "print(decided.allowed, loaded())\n"
        "asked.explain(asked.users[0], 'delete', asked.resources[0], now=now)\n"
        "print(loaded())\n"
    )
    arguments = [sys.executable, "-c", code, str(POLICIES / "quickstart")]
    shown = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[0] == "False []"
    assert "z3" not in shown.splitlines()[1]


# --- against all values --------------------------------------------------------------------------------------

LEVELS = [None, *range(-2, 9)]
DAYS = [f"2026-11-{day}" for day in range(18, 26)]
DOMAINS: dict[str, list[Any]] = {
    "level": LEVELS,
    "other": LEVELS,
    "state": [None, "open", "shut", "lost"],
    "flag": [None, True, False],
    "made": [None, *DAYS],
}
"""With every edge of the tests below, and a value on both sides of each."""

_NUMBERS = st.sampled_from(["level", "other", *map(str, range(1, 6))])
_TESTS = st.one_of(
    st.tuples(st.sampled_from(["level", "other"]), st.sampled_from([">", "<", ">=", "<=", "is", "is not"]), _NUMBERS)
    .filter(lambda each: each[0] != each[2])
    .map(" ".join),
    st.sampled_from(["state is open", "state is not shut", "state in [shut, lost]", "state is missing"]),
    st.sampled_from(["flag is true", "flag is not true", "level is missing", "not (level in [2, 3])"]),
    st.sampled_from(["made within 2 days", "made within next 3 days", "made older than 1 day"]),
    st.sampled_from(["made is not 2026-11-21", "made > 2026-11-20", "made <= 2026-11-23"]),
)


def _joined(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    both = st.lists(inside, min_size=2, max_size=3)
    return st.one_of(
        both.map(lambda items: f"({' and '.join(items)})"),
        both.map(lambda items: f"({' or '.join(items)})"),
        inside.map(lambda item: f"not ({item})"),
    )


CONDITIONS = st.recursive(_TESTS, _joined, max_leaves=5)
OF_TWO = st.recursive(
    st.sampled_from(
        ["level > 3", "level < 5", "level is not 4", "level in [1, 6]", "state is open", "state is not lost"]
    ),
    _joined,
    max_leaves=4,
)
RECORDS = st.fixed_dictionaries(
    {name: st.sampled_from([each for each in values if each not in (-2, -1, 7, 8)]) for name, values in DOMAINS.items()}
)


def present(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}


def neighbours(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The records that differ in one value."""
    for name, values in DOMAINS.items():
        yield from ({**record, name: value} for value in values if value != record.get(name))


@given(CONDITIONS, CONDITIONS, st.booleans(), RECORDS)
@settings(deadline=None)
def test_one_value_is_found_where_there_is_one(limit: str, deny: str, denies: bool, record: dict[str, Any]) -> None:
    text = f"policy p on doc {{ {limit} }}\n" + (f"deny view on doc {{ {deny} }}\n" if denies else "")
    policy_set = PolicySet(compiled(DOC + text + ROLE))

    def allows(other: dict[str, Any]) -> bool:
        return policy_set.allows("u", "view", "doc", present(other), now=NOW)

    if allows(record):
        return
    found = policy_set.explain("u", "view", "doc", present(record), now=NOW)
    is_one_value = [edit.kind for edit in found.smallest_change] == ["record"]
    assert is_one_value == any(map(allows, neighbours(record)))
    names = {name for name in DOMAINS if name in text}
    others = (
        {**record, **dict(zip(names, each, strict=True))} for each in itertools.product(*(DOMAINS[n] for n in names))
    )
    if all(edit.kind == "record" for edit in found.smallest_change) and found.smallest_change:
        assert not found.ruled_out
    else:
        assert bool(found.ruled_out) == (not any(map(allows, others)))


@given(OF_TWO, OF_TWO, RECORDS, st.sampled_from(DOMAINS["level"]), st.sampled_from([["level"], ["level", "state"]]))
@settings(deadline=None)
def test_changes_are_looked_at_beside_the_record(
    limit: str, deny: str, record: dict[str, Any], level: int | None, names: list[str]
) -> None:
    text = f"policy p on doc {{ {limit} }}\ndeny modify on doc {{ {deny} }}\n"
    policy_set = PolicySet(compiled(DOC + text + ROLE))
    record = {name: record[name] for name in ("level", "state")}
    changes = {name: {"level": level, "state": "open"}[name] for name in names}

    def allows(before: dict[str, Any], written: dict[str, Any]) -> bool:
        return policy_set.allows("u", "modify", "doc", present(before), now=NOW, changes=written)

    if allows(record, changes):
        return
    found = policy_set.explain("u", "modify", "doc", present(record), now=NOW, changes=changes)
    near = [({**record, name: value}, changes) for name in record for value in DOMAINS[name]]
    near += [(record, {**changes, name: value}) for name in names for value in DOMAINS[name]]
    if any(allows(*each) for each in near):
        assert [edit.kind in ("record", "changes", "leave_out") for edit in found.smallest_change] == [True]
    if found.ruled_out:
        befores, afters = (list(itertools.product(*(DOMAINS[name] for name in each))) for each in (record, names))
        for before, after in itertools.product(befores, afters):
            assert not allows(dict(zip(record, before, strict=True)), dict(zip(names, after, strict=True)))
