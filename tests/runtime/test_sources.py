"""Where rights come from where names are shared: one of each kind may have the same name."""

from __future__ import annotations

import datetime

from policylang.ir.nesting import least_limiting, name_of, outer_first
from policylang.runtime.index import Index
from policylang.runtime.sources import RightsSource, chains, has_role, inside
from tests.helpers import compiled, decide

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TEXT = """\
resource x { x : one of x, y  owner : user  actions view, x }
policy x on x { owner is assigned user }
role x { grant x on x  deny x on x { x in [y] }  policy x  role y }
role y { grant view on x }
group x { role x }
user "x" in x
user "y" { assign role y }
"""
BOTH = [("group", "x"), ("role", "x"), ("role", "y")]


def test_a_role_in_a_group_of_its_name_is_there() -> None:
    index = Index(compiled(TEXT))
    group = RightsSource("group", "x", None)
    assert [name_of(each) for each in inside(index, group)] == BOTH
    assert [name_of(chain[-1]) for chain in chains(index, group)] == BOTH
    assert [name_of(each) for each in outer_first(index.groups["x"], index.roles)] == BOTH
    assert least_limiting(index.groups["x"], index.roles) == {
        ("group", "x"): {frozenset()},
        ("role", "x"): {frozenset({("role", "x")})},
        ("role", "y"): {frozenset({("role", "x")})},
    }
    assert [has_role(index, user, "x", NOW) for user in ("x", "y")] == [True, False]
    assert [has_role(index, user, "y", NOW) for user in ("x", "y")] == [True, True]


def test_a_group_named_like_a_role_is_not_that_role() -> None:
    index = Index(compiled('role x {}  group x {}  user "x" in x'))
    assert not has_role(index, "x", "x", NOW)


def test_what_it_says_counts() -> None:
    index = Index(compiled(TEXT))
    for record, allowed in (
        ({"owner": "x", "x": "x"}, True),
        ({"owner": "x", "x": "y"}, False),  # the deny of the role
        ({"owner": "y", "x": "x"}, False),  # its limit
    ):
        assert decide(index, "x", "x", "x", record, now=NOW).allowed is allowed
    assert decide(index, "x", "view", "x", {"owner": "x"}, now=NOW).allowed
    assert not decide(index, "x", "view", "x", {"owner": "y"}, now=NOW).allowed
    assert decide(index, "y", "view", "x", {"owner": "x"}, now=NOW).allowed
