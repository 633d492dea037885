"""Values at the edges of what OpenFGA and SpiceDB hold, beside constants at the same edges."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest

from policylang.runtime.request import Request
from tests.helpers import compiled
from tests.targets.differential import compare
from tests.targets.relations_session import ENGINES, starting

HOSTILE = 'a"\n\u0000${x}{{--é\\ #=0A=\x7f\x85\u2028\U0001f511'
_IN_TEXT = "".join(each if each.isalnum() and each.isascii() else f"\\u{{{ord(each):X}}}" for each in HOSTILE)
_NOW = datetime.datetime(2026, 3, 8, 9, 30, tzinfo=datetime.UTC)
"""Half past two in the night of a clock change in Denver."""

WORDS = [None, 5, "", "a", HOSTILE, HOSTILE.replace("\n", "=0A"), "in", "\ufeff", "e\u0301"]
SETS = [None, "a", (), ("a",), ("a", None), (None,), (HOSTILE,), tuple(f"item {n}" for n in range(300)), ("a", 5)]
NUMBERS = [None, True, 0, -1, 2**53 - 1, 2**53, -(2**53) + 1, -(2**53), 10**150, "7", 1.5, "7.0"]
INSTANTS = [None, "soon", *(_NOW + datetime.timedelta(microseconds=n) for n in (-1, 0, 1))]
INSTANTS += [_NOW - datetime.timedelta(days=30, microseconds=n) for n in (-1, 0, 1)]
INSTANTS += ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-02-08T02:30:00-07:00", "2026-02-08T09:30Z"]
DAYS = [None, "soon", "2026-03-08", "2026-03-07", "2026-03-09", "2026-02-08", "2026-02-07", "0001-01-01", "9999-12-31"]
ADDRESSES = [None, "x", "10.0.0.0", "10.255.255.255", "11.0.0.0", "::ffff:10.0.0.1", "fe80::1%eth0", "fe80::1", "::"]

CASES: dict[str, tuple[str, list[Any], list[str]]] = {
    "text": ("text", WORDS, [f'x is "{_IN_TEXT}"', f'x in ["a", "", "{_IN_TEXT}"]', 'x is not "a"', "x is missing"]),
    "set": ("set of text", SETS, [f'x contains "{_IN_TEXT}"', 'not (x contains "a")', "x is present", "x is missing"]),
    "int": ("int", NUMBERS, ["x <= 0", "x > 9007199254740990", "not (x >= -9007199254740991)", "x in [7, 0, -1]"]),
    "datetime": (
        "datetime",
        INSTANTS,
        ["x within 30 days", "x older than 1 month", "not (x within next 90 minutes)", "x within 800 years"],
    ),
    "date": ("date", DAYS, ["x within 1 month", "x older than 0 days", "not (x within next 1 day)", "x > 2026-03-08"]),
    "ip": ("ip", ADDRESSES, ['x in "10.0.0.0/8"', 'not (x in "::/0")', 'x is "fe80::1"', 'x in "0.0.0.0/0"']),
    "bool": ("bool", [None, True, False, 1, "true"], ["x is true", "not (x is true)", "x is missing", "x is present"]),
}


@pytest.mark.parametrize("target", ENGINES)
def test_long_names_of_attributes(target: str) -> None:
    names = ["n" * 40, "n" * 41, f"{'n' * 90}a", f"{'n' * 90}b"]
    declared = " ".join(f"{name} : text" for name in names)
    conditions = " and ".join([*(f'{name} is "{name[-1]}"' for name in names), f"request.{names[-1]} is missing"])
    policy_set = compiled(
        f"request {{ {names[-1]} : ip }} resource thing {{ {declared} actions view }}"
        f'policy p on thing {{ {conditions} }} group g {{ grant view on thing policy p }} user "u" in g'
    )
    record = {name: name[-1] for name in names}
    others = [record, *({**record, name: "x"} for name in names)]
    asked = [
        Request("u", "view", "thing", each, _NOW, request) for each in others for request in ({}, {names[-1]: "::"})
    ]
    found = compare(target, starting(target, None), policy_set, asked)
    assert (found.refused, found.asked, found.allowed) == ([], len(asked), 1)


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("kind", CASES)
def test_values(target: str, kind: str) -> None:
    """As limits, as denies and as what a user appends, whose truth counts differently where it is unknown."""
    type_, values, conditions = CASES[kind]
    names = [f"a{number}" for number in range(len(conditions))]
    lines = ['timezone "America/Denver"', f"resource thing {{ optional x : {type_} actions {', '.join(names)} }}"]
    lines += [f"policy p{n} on thing for a{n} {{ {each} }}" for n, each in enumerate(conditions)]
    lines += [f"role limited {{ grant all on thing {' '.join(f'policy p{n}' for n in range(len(names)))} }}"]
    lines += ["role denied { grant all on thing"]
    lines += [f"  deny a{n} on thing {{ {each} }}" for n, each in enumerate(conditions)]
    lines += ['} group g { grant all on thing } user "l" { assign role limited } user "d" { assign role denied }']
    lines += [f'user "a" in g {{ {" ".join(f"append policy p{n}" for n in range(len(names)))} }}']
    asked = [
        Request(user, action, "thing", {"x": value}, _NOW)
        for user, action, value in itertools.product("lda", names, values)
    ]
    found = compare(target, starting(target, None), compiled("\n".join(lines)), asked)
    assert found.refused == []
    assert found.asked == len(asked)
    assert 0.1 < found.allowed / found.asked < 0.9


BEHIND = """
scope region contains site
place region "R"
place site "S" in "R"
subject { team : text }
resource folder { title : text  actions view }
resource doc {
  owner : user  folder : folder  site : site
  actions view, edit
  action seal requires edit on doc at region
}
policy p on doc { owner.team is missing or folder.title is missing }
role reader { grant view on doc  policy p for view }
role sealer { grant seal on doc }
role editor { grant edit on doc }
user "ann" { team : "x"  assign role reader  assign role sealer  assign role editor at site "S" }
user "bea" { assign role reader  assign role sealer  assign role editor at region "R" }
"""


@pytest.mark.parametrize("target", ENGINES)
def test_what_lies_behind_others(target: str) -> None:
    """A user whom nobody knows has no team, and no folder has no title; what is asked for at a region is not met by
    what holds at a site in it.
    """
    owners, folders = (None, "ann", "bea", "somebody"), (None, {"id": "f", "title": "x"}, {"id": "g"})
    records = [{"owner": o, "folder": f, "site": "S"} for o, f in itertools.product(owners, folders)]
    asked = [
        Request(user, act, "doc", each, _NOW) for user in ("ann", "bea") for act in ("view", "seal") for each in records
    ]
    found = compare(target, starting(target, None), compiled(BEHIND), asked)
    assert (found.refused, found.asked) == ([], len(asked))
    assert 0 < found.allowed < found.asked
