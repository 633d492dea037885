"""PL303: which sources add nothing, all together."""

from __future__ import annotations

import pytest

from policylang.check.rules.stacking import role_adds_nothing
from policylang.check.world import World
from tests.check.fixing import NOW
from tests.helpers import compiled


def found(text: str) -> list[str]:
    return [
        each.message.partition(" nothing to what ")[0] for each in role_adds_nothing.check(World(compiled(text), NOW))
    ]


def test_a_deny_has_no_say_on_what_a_source_granted_that_is_gone() -> None:
    roles = """
resource doc { actions view, modify }
role no_modify { grant modify on doc  deny modify on doc }
role no_view { grant view on doc  deny view on doc }
group all { grant view, modify on doc }
"""
    both = roles + 'user "ann" in all { assign role no_modify  assign role no_view }'
    assert found(both) == ["group `all` and `no_view` add"]
    assert found(roles + 'user "ann" in all { assign role no_view }') == []


CREATING = """
scope site
place site "A"
place site "B"
resource doc { kind : one of x, y  optional flag : bool  site : site  actions view, delete, create }
policy flagged on doc { flag is true }
policy is_x on doc { kind is x }
role plain { grant create on doc except flag }
role flags { grant create on doc  policy is_x }
"""


@pytest.mark.parametrize(
    ("append", "expected"),
    [
        ("", []),
        ("append policy flagged  ", ["`plain` adds"]),  # who creates must set the flag, which `plain` does not cover
        ("append policy is_x  ", ["`plain` adds"]),
    ],
)
@pytest.mark.parametrize("name", ["create", "add"])
def test_what_is_created_sets_only_what_is_covered(append: str, expected: list[str], name: str) -> None:
    world = CREATING.replace("create", name).replace(", add }", "  action add like create }")
    assert found(world + f'user "ann" {{ {append}assign role plain  assign role flags }}') == expected


@pytest.mark.parametrize(
    ("action", "expected"), [("create", ["`limited` adds"]), ("view", ["for complete records, `limited` adds"])]
)
def test_what_is_created_holds_values_of_their_types(action: str, expected: list[str]) -> None:
    roles = f"""
policy known on doc {{ flag is missing or flag is present }}
role limited {{ grant {action} on doc  policy is_x }}
role all_known {{ grant {action}, delete on doc  policy known }}
"""
    assert found(CREATING + roles + 'user "ann" { assign role limited  assign role all_known }') == expected


@pytest.mark.parametrize(
    ("actions", "expected"), [("view", ["for complete records, `everywhere` adds"]), ("view, create", [])]
)
def test_a_proposed_record_may_leave_out_anything(actions: str, expected: list[str]) -> None:
    roles = f"role everywhere {{ grant {actions} on doc }}\nrole local {{ grant view, create, delete on doc }}\n"
    user = 'user "ann" { assign role everywhere  assign role local at site "A"  assign role local at site "B" }'
    assert found(CREATING + roles + user) == expected
