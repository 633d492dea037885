"""Rules about stacks share answers between users who are alike: none is told what is true of another only."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from benchmarks.shapes import SHAPES
from policylang.check.engine import run_checks
from policylang.ir import nodes as ir
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


def told(policy_set: ir.PolicySet) -> set[tuple[str, bool, str]]:
    return {(each.code, each.unproved, user) for each in run_checks(policy_set, NOW, CODES) for user in each.users}


@pytest.mark.parametrize(
    "text", [MIXED + users(), *(SHAPES[name][0](24) for name in ("one_group", "own_values", "places"))]
)
def test_users_are_told_what_they_would_be_told_alone(text: str) -> None:
    policy_set = compiled(text)
    alone = (msgspec.structs.replace(policy_set, users=(user,)) for user in policy_set.users)
    expected = {each for one in alone for each in told(one)}
    assert told(policy_set) == expected
    assert {code for code, _, _ in expected} >= {"PL301"}
