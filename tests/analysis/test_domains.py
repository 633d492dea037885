"""What constraints leave is judged as trying them all would judge."""

from __future__ import annotations

import itertools
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.analysis.constraints import (
    ZERO,
    All,
    Among,
    ConstantTerm,
    Constraint,
    Difference,
    Same,
    Some,
    Tree,
    Variable,
)
from policylang.analysis.domains import Domains
from policylang.model.types import EnumType, IntType

_NUMBERS = (Variable("record", ("a",), IntType()), Variable("record", ("b",), IntType()))
_WORDS = (Variable("record", ("c",), EnumType(("x", "y", "z"))), Variable("record", ("d",), EnumType(("x", "y", "z"))))

_node = st.sampled_from([*_NUMBERS, ZERO])
_differences = st.builds(Difference, _node, _node, st.integers(-3, 3).map(Fraction), st.booleans()).filter(
    lambda each: each.left != each.right
)
_word = st.sampled_from(_WORDS)
_side = st.one_of(_word, st.sampled_from("xyz").map(ConstantTerm))
_same = st.builds(Same, _word, _side, st.booleans())
_among = st.builds(Among, _word, st.frozensets(st.sampled_from("xyz")))
_constraint: st.SearchStrategy[Constraint] = st.one_of(_differences, _same, _among)
_tree: st.SearchStrategy[Tree] = st.recursive(
    _constraint,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: All(tuple(items))),
        st.lists(inner, max_size=3).map(lambda items: Some(tuple(items))),
    ),
    max_leaves=5,
)

_VALUES = [
    {**dict(zip(_NUMBERS, numbers, strict=True)), **dict(zip(_WORDS, words, strict=True)), ZERO: 0}
    for numbers in itertools.product(range(-4, 5), repeat=2)
    for words in itertools.product("xyz", repeat=2)
]


def _holds(tree: Tree, values: dict[object, object]) -> bool:
    match tree:
        case All(items):
            return all(_holds(item, values) for item in items)
        case Some(items):
            return any(_holds(item, values) for item in items)
        case Difference(left, right, weight, strict):
            difference = values[left] - values[right]  # type: ignore[operator]
            return difference < weight if strict else difference <= weight
        case Among(variable, allowed):
            return values[variable] in allowed
        case Same(left_side, right_side, wanted):
            both = [side.value if isinstance(side, ConstantTerm) else values[side] for side in (left_side, right_side)]
            return (both[0] == both[1]) == wanted
        case _:
            raise AssertionError(tree)


@settings(max_examples=150, deadline=None)
@given(st.lists(_constraint, max_size=5), _tree)
def test_what_is_judged_is_so_for_all_values(constraints: list[Constraint], tree: Tree) -> None:
    domains = Domains()
    for each in constraints:
        domains.add(each)
    verdict = domains.judge(tree)
    left = [values for values in _VALUES if all(_holds(each, values) for each in constraints)]
    if verdict is True:
        assert all(_holds(tree, values) for values in left)
    if verdict is False:
        assert not any(_holds(tree, values) for values in left)


def test_two_bounds_on_one_number_exclude_each_other() -> None:
    domains = Domains()
    domains.add(Difference(_NUMBERS[0], ZERO, Fraction(3)))
    assert domains.judge(Difference(ZERO, _NUMBERS[0], Fraction(-4))) is False
    assert domains.judge(Difference(_NUMBERS[0], ZERO, Fraction(5))) is True
    assert domains.judge(Difference(ZERO, _NUMBERS[0], Fraction(-2))) is None


def test_the_end_of_a_range_is_in_it_or_not() -> None:
    below, above = (_NUMBERS[0], ZERO, Fraction(3)), (ZERO, _NUMBERS[0], Fraction(-3))
    closed, open_ = Domains(), Domains()
    closed.add(Difference(*below, False))
    assert closed.judge(Difference(*below, True)) is None
    assert closed.judge(Difference(*above, False)) is None
    assert closed.judge(Difference(*above, True)) is False
    open_.add(Difference(*below, True))
    assert open_.judge(Difference(*below, False)) is True
    assert open_.judge(Difference(*above, False)) is False


def test_what_copies_know_is_their_own() -> None:
    first = Domains()
    second = Domains(first)
    second.add(Same(_WORDS[0], ConstantTerm("x"), True))
    assert second.judge(Among(_WORDS[0], frozenset("x"))) is True
    assert second.judge(Same(_WORDS[0], ConstantTerm("y"), True)) is False
    assert first.judge(Same(_WORDS[0], ConstantTerm("y"), True)) is None
