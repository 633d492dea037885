"""Where rights come from where names are shared: one of each kind may have the same name."""

from __future__ import annotations

import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from policylang.ir import nodes as ir
from policylang.ir.nesting import least_limiting, name_of, outer_first
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.runtime.sources import RightsSource, chains, has_role, inside
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
NESTED = """\
resource a { owner : user  amount : int  sensitive fee : int  actions view, modify }
resource b { owner : user  amount : int  sensitive fee : int  actions view, modify }
policy own on any resource with owner { owner is assigned user }
policy below(most: int) on any resource with amount { amount < most }
"""
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
    group = RightsSource("group", "x")
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


@st.composite
def nested(draw: st.DrawFn) -> ir.PolicySet:
    """Roles inside one another in every way, and a group around them."""
    said = ("grant view on a", "grant modify on b", "grant view, modify on a", "grant view on b including fee")
    said += ("deny modify on b", "deny view on a { amount is 3 }", "policy own on a", "policy below(3) on b for view")
    count = draw(st.integers(1, 6))
    roles = [f"r{n}" for n in range(count)]
    blocks = []
    for n, head in enumerate([*(f"role {role}" for role in roles), "group g"]):
        inside = draw(st.lists(st.sampled_from(roles[:n]), unique=True, max_size=3)) if n else []
        lines = [f"role {', '.join(inside)}"] if inside else []
        lines += draw(st.lists(st.sampled_from(said), unique=True, max_size=2))
        blocks.append(head + " {\n" + "".join(f"  {line}\n" for line in lines) + "}\n")
    return compiled(NESTED + "".join(blocks))


@given(nested())
def test_chains_are_the_ways_in_with_the_fewest_limits(policy_set: ir.PolicySet) -> None:
    index = Index(policy_set)
    for outer in policy_set.bundles:
        ways = [(outer,)]
        for way in ways:
            ways += [(*way, index.roles[ref.name]) for ref in way[-1].roles]
        limiting = [frozenset(name_of(bundle) for bundle in way if bundle.limits) for way in ways]
        expected = {}
        for way, around in zip(ways, limiting, strict=True):
            others = (limits for other, limits in zip(ways, limiting, strict=True) if other[-1] is way[-1])
            if not any(limits < around for limits in others):
                expected.setdefault((name_of(way[-1]), around), way)
        kind, name = name_of(outer)
        assert list(chains(index, RightsSource(kind, name))) == list(expected.values())


def test_an_index_with_other_declarations_keeps_nothing_that_was_found_before() -> None:
    text = 'resource a { actions view } role r { grant view on a } group g { role r } user "u" in g deny view on a'
    denied = Index(compiled(text))
    assert len(denied.denies_of("a", "view")) == 1
    allowed = denied.changed(denies=())
    assert len(allowed.denies_of("a", "view")) == 0
    assert decide(allowed, "u", "view", "a", {}, now=NOW).allowed
    without = allowed.changed(groups={"g": msgspec.structs.replace(allowed.groups["g"], roles=())})
    assert not decide(without, "u", "view", "a", {}, now=NOW).allowed
