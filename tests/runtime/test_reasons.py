"""The reasons of a denial name what was false: the limit, the place, the dates, what is required."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from policylang.api.policy_set import PolicySet
from policylang.runtime.compiled import Engine
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)

TEXT = """\
scope site  place site "HQ"  place site "Pier"  feature paper off
resource vault { actions view }
resource doc {
  owner : user with role clerk  title : text  sensitive fee : money  site : site
  actions view, modify, create, delete, print
  action seal requires superuser and (view on vault or feature paper)
}
policy mine on doc { owner is assigned user }
policy plain on doc { title is "x" }
role clerk { grant view on doc  policy mine }
role closed { grant modify on doc }
role sealer { grant seal on doc }
role guard { grant delete on doc }
role payroll { grant print on doc  deny print on doc (title) { title is "x" } }
role fees { grant print on doc including fee  policy plain }
role outer { role clerk  policy plain }
role creator { grant create on doc }
group desk { role clerk }
user "in" in desk
user "over" in desk { override policy plain }
user "app" { assign role guard  append policy plain }
user "nested" { assign role outer }
user "seal" { assign role sealer }
user "there" { assign role guard at site "HQ" }
user "ended" { assign role guard until 2020-01-31 }
user "later" { assign role guard from 2030-01-01 }
terminated user "gone" in desk { assign role guard }
user "pay" { assign role payroll  assign role fees }
user "new" { assign role creator }
user "none"
"""

CASES: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[str, ...]]] = {
    "nothing": (("none", "view", {}), {}, ("nothing grants view on this `doc`",)),
    "another action": (("in", "modify", {"owner": "x"}), {}, ("nothing grants modify on this `doc`",)),
    "a limit of a role in a group": (
        ("in", "view", {"owner": "x"}),
        {},
        ("`mine` limits what role `clerk` inside group `desk` grants and is false for this `doc` (0.policy:8:1-8:46)",),
    ),
    "an unknown limit": (
        ("in", "view", {}),
        {},
        (
            "`mine` limits what role `clerk` inside group `desk` grants and is unknown for this `doc` "
            "(0.policy:8:1-8:46)",
        ),
    ),
    "only the limits that are not true": (
        ("nested", "view", {"owner": "nested", "title": "y"}),
        {},
        (
            "`plain` limits what role `clerk` inside role `outer` grants and is false for this `doc` "
            "(0.policy:9:1-9:37)",
        ),
    ),
    "an override": (
        ("over", "view", {"owner": "over", "title": "y"}),
        {},
        ("`plain` replaces the limits of group `desk` and is false for this `doc` (0.policy:9:1-9:37)",),
    ),
    "an append": (
        ("app", "delete", {"title": "y"}),
        {},
        ("`plain` is appended and is false for this `doc` (0.policy:9:1-9:37)",),
    ),
    "what is required": (
        ("seal", "seal", {}),
        {},
        (
            "seal on `doc` requires the superuser tag and (view on `vault` or the feature `paper`), "
            "which the user does not have",
        ),
    ),
    "a place": (
        ("there", "delete", {"site": "Pier"}),
        {},
        ("role `guard` at `HQ` grants delete, but does not apply where this `doc` is",),
    ),
    "an end": (("ended", "delete", {}), {}, ("role `guard` grants delete, but its assignment ended on 2020-01-31",)),
    "a beginning": (
        ("later", "delete", {}),
        {},
        ("role `guard` grants delete, but its assignment begins on 2030-01-01",),
    ),
    "terminated": (("gone", "delete", {}), {}, ("role `guard` grants delete, but `gone` is terminated",)),
    "terminated, of a group": (("gone", "view", {}), {}, ("group `desk` grants view, but `gone` is terminated",)),
    "an attribute that a deny takes": (
        ("pay", "print", {"title": "x"}),
        {"field": "title"},
        ("a deny blocks `title` of this `doc` (0.policy:14:36-14:78)",),
    ),
    "an attribute behind a limit": (
        ("pay", "print", {"title": "y"}),
        {"field": "fee"},
        ("`plain` limits what role `fees` grants and is false for this `doc` (0.policy:9:1-9:37)",),
    ),
    "an attribute that nothing grants": (
        ("app", "delete", {"title": "x"}),
        {"field": "fee"},
        ("no grant of delete on `doc` covers `fee`",),
    ),
    "somebody who is not eligible": (
        ("new", "create", {"owner": "none"}),
        {},
        ("the user in `owner` is not eligible",),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_reasons(name: str) -> None:
    index = Index(compiled(TEXT))
    (user, action, record), more, reasons = CASES[name]
    decision = decide(index, user, action, "doc", record, now=NOW, **more)
    assert (decision.allowed, decision.reasons) == (False, reasons)
    found = Engine(index).decide(user, action, "doc", record, NOW, None, more.get("field"), None)
    assert found == decision


def test_many_limits_are_not_all_told() -> None:
    text = "resource doc { level : int  actions view }\n"
    for number in range(30):
        text += f"policy p{number} on doc {{ level is {number} }}\n"
        text += f"role r{number} {{ grant view on doc  policy p{number} }}\n"
    text += f'user "u" {{ {" ".join(f"assign role r{number}" for number in range(30))} }}'
    decision = decide(Index(compiled(text)), "u", "view", "doc", {"level": -1}, now=NOW)
    assert len(decision.reasons) == 11
    assert decision.reasons[-1] == "and 20 more"


SEVERAL = """\
resource doc { owner : user  level : int  actions view }
policy mine on doc { owner is assigned user }
policy low on doc { level < 5 }
policy lower on doc { level < 3 }
role inner { grant view on doc  policy low }
role clerk { role inner  policy mine }
group sales { grant view on doc  policy mine  policy low }
user "ann" { assign role clerk  assign role clerk until 2020-01-31 }
user "ben" in sales
user "cid" in sales { override policy low on doc  override policy lower on doc }
"""


@pytest.mark.parametrize(
    ("user", "record", "limits"),
    [
        ("ann", {"owner": "ann", "level": 9}, {"low"}),
        ("ann", {"owner": "ben", "level": 1}, {"mine"}),
        ("ann", {"owner": "ben", "level": 9}, {"low", "mine"}),
        ("ben", {"owner": "ben", "level": 9}, {"low"}),
        ("ben", {"owner": "ann", "level": 1}, {"mine"}),
        ("cid", {"owner": "ann", "level": 4}, {"lower"}),
        ("cid", {"owner": "ann", "level": 9}, {"low", "lower"}),
    ],
)
def test_reasons_name_each_limit_that_is_false_and_no_other(
    user: str, record: dict[str, Any], limits: set[str]
) -> None:
    """And no other, nor an assignment that is over of a role that the user has by another one."""
    index = Index(compiled(SEVERAL))
    for decided in (
        decide(index, user, "view", "doc", record, now=NOW),
        PolicySet(index).decide(user, "view", "doc", record, now=NOW),
    ):
        assert {reason.split("`")[1] for reason in decided.reasons} == limits
        assert all(" is false for " in reason for reason in decided.reasons)
