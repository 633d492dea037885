"""PL213 on many policies: the few comparisons that are made find what comparing each with each finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.check.limits import for_complete
from policylang.check.rules.conflicts import same_policy_twice
from policylang.check.world import World
from tests.check.test_rules import NOW
from tests.helpers import compiled

DOC = """\
resource doc { title : text  optional note : text  level : int  created : datetime  state : one of draft, open, closed
  tags : set of text  owner : user  actions view, modify }
"""
TESTS = [
    *(f"level > {n}" for n in range(3)),
    *(f"level >= {n}" for n in range(3)),
    *(f"created within {n} days" for n in (1, 2, 7)),
    "created within 1 week",
    'title is "a"',
    'title in ["a", "b"]',
    'title starts with "a"',
    'title contains "a"',
    'tags contains "a"',
    "state is draft",
    "not (state in [open, closed])",
    'note is "a"',
    "note is missing",
    "owner is assigned user",
    'owner is "amy"',
    'assigned user is "amy"',
]
CONDITIONS = st.recursive(
    st.sampled_from(TESTS),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(("and", "or")), inner),
    max_leaves=3,
)


def text_of(conditions: list[tuple[str, str]]) -> str:
    policies = (f"policy p{n} on doc{actions} {{ {each} }}\n" for n, (each, actions) in enumerate(conditions))
    limits = " ".join(f"policy p{n}" for n in range(len(conditions)))
    return f'{DOC}{"".join(policies)}role r {{ grant view on doc  {limits} }}\nuser "amy"\n'


@settings(deadline=None)
@given(st.lists(st.tuples(CONDITIONS, st.sampled_from(("", "", " for view"))), min_size=2, max_size=9))
def test_as_each_compared_with_each(conditions: list[tuple[str, str]]) -> None:
    world = World(compiled(text_of(conditions)), NOW)
    questions = world.once(for_complete)
    meanings = list(same_policy_twice._meanings(world, questions))
    expected = list(same_policy_twice._pairs(world, questions, meanings))
    found = list(same_policy_twice._findings(world, questions))
    assert sorted(each.message for each in found) == sorted(each.message for each in expected)


def test_equal_ones_among_many() -> None:
    """Whatever tells the others apart."""
    conditions = [(f"level > {n}", "") for n in range(40)] + [(f'title is "t{n}"', "") for n in range(40)]
    conditions += [("level >= 21", ""), ('not (title is not "t7")', ""), ("level >= 31", ""), ("level > 30", "")]
    world = World(compiled(text_of(conditions)), NOW)
    assert sorted(each.message for each in same_policy_twice.check(world)) == [
        "`p80` means the same as `p20`",
        "`p81` means the same as `p47`",
        "`p82` means the same as `p30`",
        "`p83` means the same as `p30`",
    ]
