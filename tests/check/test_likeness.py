"""Rules about stacks share answers between users who are alike: none is told what is true of another only."""

from __future__ import annotations

import datetime
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.shapes import SHAPES
from policylang.check.engine import run_checks
from policylang.ir import nodes as ir
from policylang.ir.nesting import Name
from tests.check.test_stacking_exhaustive import examples, random_policy_set
from tests.helpers import compiled

NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
CODES = ("PL301", "PL302", "PL303")

MIXED = """
scope region contains site
place region "N"
place site "S" in "N"
place site "T" in "N"
place site "U"
place site "V"
subject { department : text  base : site }
resource doc {
  owner : user  department : text  site : site  amount : int  sensitive rate : int
  actions view, create, modify, approve
  action export requires view on doc at region
}
policy own on doc { owner is assigned user }
policy ann on doc { owner is "ann" and amount > 3 }
policy of_department on doc { department is assigned user.department }
policy north on doc { department is "north" and department is assigned user.department }
policy at_base on doc { site is assigned user.base }
policy here on doc { site is "U" }
role narrow { grant view, create, modify, export on doc  policy of_department }
role northern { grant view, approve on doc  policy north }
role mine { grant view, modify, approve on doc  policy own }
role hers { grant view, modify on doc including rate  policy ann }
role based { grant view, approve, export on doc  policy at_base }
role local { grant view, create on doc  policy here  deny modify on doc { amount > 9 } }
role full { grant view on doc }
role named { grant view on doc (department) }
role counted { grant view on doc (amount) }
group all_ { role narrow }
"""

PAIRS = """
scope region contains site
place region "N"
place site "S" in "N"
place site "U"
subject { department : text  office : text  level : int  home : account  homes : set of account  code : text }
resource account { id : text  actions view }
resource visit { account : account  actions create, approve }
resource doc {
  owner : user  department : text  site : site  amount : int  made : date
  actions view, create, approve
  action export requires view on doc at region
}
resource paper { rep : user with role full  actions create, approve }
resource note { department : text  actions view }
resource memo { department : text  actions view }
policy own on doc { owner is assigned user }
policy zoe on doc { owner is "zoe" and amount > 3 }
policy of_department on doc { department is assigned user.department }
policy of_office on doc { department is assigned user.office }
policy below_level on doc { amount < assigned user.level }
policy below_seven on doc { amount < 7 }
policy at_home on visit { account is assigned user.home and account.id is assigned user.code }
policy at_homes on visit { assigned user.homes contains account and account.id is assigned user.code }
policy nowhere on doc { department is missing }
policy late on doc { made after 2026-06-20 and made older than 30 days }
policy here on doc { site is "U" }
policy reps on paper { rep is assigned user }
policy noted on note { department is "north" }
policy from_north on memo { department is "north" }
deny view on note { assigned user.department is "south" }
role narrow { grant view, export on doc  policy of_department }
role full { grant view on doc }
role of_offices { grant view on doc  policy of_office }
role below_sevens { grant view on doc  policy below_seven }
role below_both { grant view on doc  policy below_seven  policy below_level }
role there { grant view on doc  policy here }
role half { grant view, approve on doc  policy of_department for approve  policy nowhere for approve }
role exporter { grant export on doc }
role zoes { grant view on doc  policy zoe }
role zoes_own { grant view on doc  policy zoe  policy own }
role later { grant view on doc  policy late }
role late_and_own { grant view on doc  policy late  policy own }
role creator { grant create on doc  policy of_department }
role approver { grant approve on doc  policy of_department }
role local { grant create on doc  policy here }
role writer { grant create on paper  policy reps }
role signer { grant approve on paper }
role guest { grant create on visit  policy at_home }
role host { grant approve on visit  policy at_home }
role guests { grant create on visit  policy at_homes }
role hosts { grant approve on visit  policy at_homes }
role noting { grant view on note }
role noting_north { grant view on note  policy noted }
role memos { grant view on memo }
role memos_of_north { grant view on memo  policy from_north }
role banned { deny view on memo }
"""

DIFFERENT = {
    "values of the user": (
        "PL301",
        'department : "north"  assign role noting  assign role noting_north',
        'department : "south"  assign role noting  assign role noting_north',
    ),
    "texts that are the same": (
        "PL301",
        'department : "A"  office : "B"  assign role narrow  assign role of_offices',
        'department : "C"  office : "C"  assign role narrow  assign role of_offices',
    ),
    "numbers of the user": (
        "PL301",
        "level : 5  assign role below_sevens  assign role below_both",
        "level : 9  assign role below_sevens  assign role below_both",
    ),
    "the place of the one that hands over": (
        "PL301",
        'assign role there  assign role full at site "S"',
        'assign role there  assign role full at site "U"',
    ),
    "who it is": ("PL301", "assign role zoes  assign role zoes_own", "assign role zoes  assign role zoes_own"),
    "the period": (
        "PL301",
        "assign role later from 2026-08-01  assign role late_and_own from 2026-08-01",
        "assign role later until 2026-07-10  assign role late_and_own until 2026-07-10",
    ),
    "a deny of a third source": (
        "PL301",
        "assign role memos  assign role memos_of_north",
        "assign role memos  assign role memos_of_north  assign role banned",
    ),
    "what is required": (
        "PL301",
        'assign role narrow at site "S"  assign role exporter at site "S"  assign role full',
        'assign role narrow at site "S"  assign role exporter at site "S"',
    ),
    "an appended policy": (
        "PL301",
        'department : "x"  assign role narrow  assign role full',
        'department : "x"  assign role narrow  assign role full  append policy of_department',
    ),
    "an appended policy, for two ends": (
        "PL302",
        'department : "x"  assign role creator  assign role approver',
        'department : "x"  assign role creator  assign role approver  append policy nowhere',
    ),
    "an appended policy, for what is added": (
        "PL303",
        'department : "x"  assign role approver  assign role full  append policy nowhere',
        'department : "x"  assign role approver  assign role full',
    ),
    "what the others grant": (
        "PL303",
        'department : "x"  assign role half  assign role full',
        'department : "x"  assign role half  assign role noting',
    ),
    "what the others take away": (
        "PL303",
        "assign role memos  assign role banned",
        'department : "x"  assign role memos  assign role noting',
    ),
    "the place of the other": (
        "PL302",
        'department : "x"  assign role local  assign role approver at site "U"',
        'department : "x"  assign role local  assign role approver at site "S"',
    ),
    "a text that is the id of a record": (
        "PL302",
        'home : "acme"  code : "acme"  assign role guest  assign role host',
        'home : "acme"  code : "zeta"  assign role guest  assign role host',
    ),
    "a text that is the id of one of some records": (
        "PL302",
        'homes : ["acme", "omni"]  code : "omni"  assign role guests  assign role hosts',
        'homes : ["acme", "omni"]  code : "zeta"  assign role guests  assign role hosts',
    ),
    "who can be written": (
        "PL302",
        "assign role writer  assign role signer  assign role full",
        "assign role writer  assign role signer",
    ),
}
"""A rule, a user who is told for certain, and one who is not; `zoe` is named by a policy."""


def users() -> str:
    """Pairs of roles at all sorts of places, on users who differ in what conditions look at or do not."""
    roles = ("narrow", "northern", "mine", "hers", "based", "local")
    places = ("", ' at site "S"', ' at site "U"', ' at site "V"', ' at region "N"')
    text = []
    for number in range(60):
        one, other = roles[number % 6], roles[(number // 6 + 1 + number) % 6]
        name = f"u{number}"
        department = ("north", "south")[number // 3 % 2]
        group = " in all_" if number % 4 == 0 else ""
        base = f'  base : "{("S", "U")[number % 2]}"' if number % 3 else ""
        text.append(
            f'user "{name}"{group} {{ department : "{department}"{base}\n'
            f"  assign role {one}{places[number % 5]}  assign role {other}{places[number // 5 % 5]} }}\n"
        )
    for name in ("aaron", "ann", "bob"):
        text.append(f'user "{name}" {{ assign role mine  assign role hers }}\n')
    text.append('user "v1" { assign role full  assign role named }\n')
    text.append('user "v2" { assign role counted  assign role named }\n')
    return "".join(text)


Told = dict[tuple[str, bool, tuple[Name, ...]], tuple[set[str], set[str]]]
"""Users and subjects, by rule, certainty, and the groups and roles that it is about."""


def told(policy_set: ir.PolicySet, now: datetime.datetime) -> Told:
    found: Told = {}
    for each in run_checks(policy_set, now, CODES):
        users, subjects = found.setdefault((each.code, each.unproved, each.held), (set(), set()))
        users |= {*each.users}
        subjects |= {*each.subjects}
    return found


def told_alone(policy_set: ir.PolicySet, now: datetime.datetime) -> Told:
    found: Told = {}
    for user in policy_set.users:
        for key, (names, about) in told(msgspec.structs.replace(policy_set, users=(user,)), now).items():
            users, subjects = found.setdefault(key, (set(), set()))
            users |= names
            subjects |= about
    return found


@pytest.mark.parametrize(
    "text", [MIXED + users(), *(SHAPES[name][0](24) for name in ("one_group", "own_values", "places"))]
)
def test_users_are_told_what_they_would_be_told_alone(text: str) -> None:
    policy_set = compiled(text)
    expected = told_alone(policy_set, NOW)
    assert told(policy_set, NOW) == expected
    assert {code for code, _, _ in expected} >= {"PL301"}


@pytest.mark.parametrize(("code", "one", "other"), DIFFERENT.values(), ids=DIFFERENT)
@pytest.mark.parametrize("names", [("yan", "zoe"), ("zoe", "yan")], ids=["told first", "told last"])
def test_users_who_differ_in_one_thing_are_told_apart(names: tuple[str, str], code: str, one: str, other: str) -> None:
    first, second = names
    policy_set = compiled(f'{PAIRS}user "{first}" {{ {one} }}\nuser "{second}" {{ {other} }}\n')
    found = run_checks(policy_set, NOW, (code,))
    assert {user for each in found if not each.unproved for user in each.users} == {"yan" if one == other else first}


def test_texts_are_told_apart_where_conditions_look_into_them() -> None:
    """Who is in a department that begins with an A may see the same by both roles."""
    text = """
    subject { department : text }
    resource doc { department : text  actions view }
    policy of_department on doc { department is assigned user.department }
    policy a on doc { department starts with "A" }
    role wide { grant view on doc  policy of_department }
    role narrow { grant view on doc  policy of_department  policy a }
    user "1" { department : "A1"  assign role wide  assign role narrow }
    user "2" { department : "B1"  assign role wide  assign role narrow }
    user "3" { department : "A2"  assign role wide  assign role narrow }
    """
    found = run_checks(compiled(text), NOW, ("PL301",))
    assert [each.users for each in found if not each.unproved] == [("2",)]


@examples
@given(st.integers(0, 2**32))
def test_users_of_any_set_are_told_what_they_would_be_told_alone(seed: int) -> None:
    policy_set = compiled(random_policy_set(random.Random(seed), timed=True, users=10))
    now = datetime.datetime(2025, 12, 15, 12, tzinfo=datetime.UTC)  # before all dates
    assert told(policy_set, now) == told_alone(policy_set, now)
