"""PL213 on many policies: the few comparisons that are made find what comparing each with each finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
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
    *(f"level >= {n} and level < {n + 1}" for n in range(3)),
    "created older than 1 day and created within 2 days",
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
    pairs = same_policy_twice._pairs(world, questions, meanings)
    expected = [f"`p{second}` means the same as `p{first}`" for first, second in _names(meanings, pairs)]
    found = list(same_policy_twice._findings(world, questions))
    assert sorted(each.message for each in found) == sorted(expected)


def _names(meanings: list[Any], pairs: Iterable[tuple[int, int, bool]]) -> list[tuple[str, str]]:
    return [(meanings[first].policy.name[1:], meanings[second].policy.name[1:]) for first, second, _ in pairs]


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


@pytest.mark.parametrize(
    "test",
    [
        "level >= {n} and level < {more}",
        "created older than {n} days and created within {more} days",
        "created before 2026-01-01T00:{n:02}:00Z",
        "level > {n} or level is -1",
    ],
)
def test_one_of_many_is_divided_from_few(test: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of policies that exclude one another, or lie in some order, each looks at few others."""
    looked = 0
    original = same_policy_twice.truth

    def counted(*arguments: Any) -> Any:
        nonlocal looked
        looked += 1
        return original(*arguments)

    monkeypatch.setattr(same_policy_twice, "truth", counted)
    conditions = [(test.format(n=n, more=n + 1), "") for n in range(60)]
    conditions.append((f"({test.format(n=7, more=8)}) and level is present", ""))
    world = World(compiled(text_of(conditions)), NOW)
    (message,) = [each.message for each in same_policy_twice.check(world)]
    assert message.endswith("`p60` means the same as `p7`")
    assert looked < 1500
