"""Assignments that are over are a finding of their own, and make no other."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from policylang.check.engine import run_checks
from policylang.ir import nodes as ir
from tests.check.test_rules import FILES, NOW, found, selected
from tests.helpers import compiled

LOOK_BACK = {"PL206", "PL208", "PL307", "PL406", "PL506", "PL509", "PL702"}
"""PL307 is about the past; a use in the past is a use; and what is told to do nothing never did anything."""


def _with_past(policy_set: ir.PolicySet) -> ir.PolicySet:
    """Every user has had every role, at every place."""
    places = [None, *(place.name for place in policy_set.places)]
    past = tuple(
        ir.Assignment(role.name, place, None, None, "2026-11-20", None, "covering leave", None, role.at)
        for role in policy_set.roles
        for place in places
    )
    users = tuple(msgspec.structs.replace(user, assignments=(*past, *user.assignments)) for user in policy_set.users)
    return msgspec.structs.replace(policy_set, users=users)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_past_makes_no_finding(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    codes = [code for code in selected(text) if code not in LOOK_BACK]
    before, after = (run_checks(each, NOW, codes) for each in (compiled(text), _with_past(compiled(text))))
    assert [(each.at, each.code) for each in after] == [(each.at, each.code) for each in before]


SET = """\
resource invoice {{ owner : user  actions view, create, approve }}
policy own on invoice {{ owner is assigned user }}
role maker {{ grant view, create on invoice  policy own for view }}
role checker {{ grant view, approve on invoice }}
separate create on invoice from approve on invoice
invariant "i" {{ no user with role checker can create invoice }}
user "pat" {{ assign role maker {first}  assign role checker {second} because "year-end" }}
"""
CODES = ["PL211", "PL301", "PL601"]


@pytest.mark.parametrize("first", ["", "until 2026-11-21", "from 2027-01-01 until 2027-03-31"])
@pytest.mark.parametrize("second", ["", "until 2027-02-01", "from 2020-01-01"])
def test_now_and_later_count(first: str, second: str) -> None:
    codes = {code for _, code in found(SET.format(first=first, second=second), CODES)}
    assert codes == set(CODES)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("until 2020-12-31", "until 2020-12-31"),
        ("until 2026-11-20", ""),
        ("", "from 2020-01-01 until 2026-11-20"),
        ("from 2020-01-01 until 2020-12-31", "from 2027-01-01"),
        ("until 2026-12-31", "from 2027-01-01"),
    ],
)
def test_what_was_does_not_count(first: str, second: str) -> None:
    assert found(SET.format(first=first, second=second), CODES) == []


def test_witnesses_are_not_past() -> None:
    text = """\
resource doc {{ created : datetime  actions view }}
policy early on doc {{ created within 30 days and created before {until}T00:00:00Z }}
role old {{ grant view on doc  policy early }}
invariant "i" {{ no user with role old can view doc }}
user "pat" {{ assign role old {when} }}
"""
    assert found(text.format(until="2020-01-01", when=""), ["PL601"]) == []
    assert found(text.format(until="2020-01-01", when="from 2019-01-01"), ["PL601"]) == []
    for finding in run_checks(compiled(text.format(until="2027-01-01", when="from 2019-01-01")), NOW, ["PL601"]):
        assert all(shown.witness.now >= NOW for shown in finding.shown)
        break
    else:
        pytest.fail("the invariant holds")


INTEGRATION = """\
resource invoice {{ actions view, create, approve }}
role maker {{ grant create on invoice }}
role checker {{ grant view, approve on invoice }}
separate create on invoice from approve on invoice
invariant "no" {{ no user with role checker can create invoice }}
invariant "only" {{ only users with role maker can approve invoice }}
invariant "every" {{ every user with role checker can create invoice where {{ assigned user is "sync" }} }}
integration sync {{ role maker, checker  objects invoice  {dates} }}
integration other {{ role checker  objects invoice  {dates} }}
user "pat"
"""


@pytest.mark.parametrize(
    ("dates", "codes"),
    [
        ("", {"PL211", "PL601"}),
        ("from 2027-01-01", {"PL211", "PL601"}),
        ("until 2026-11-21", {"PL211", "PL601"}),
        ("from 2020-01-01 until 2027-01-01", {"PL211", "PL601"}),
        ("until 2026-11-20", set()),
    ],
)
def test_integrations_have_their_roles_for_a_time(dates: str, codes: set[str]) -> None:
    assert {code for _, code in found(INTEGRATION.format(dates=dates), ["PL211", "PL601"])} == codes
