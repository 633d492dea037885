"""What is known of tests, put into a formula, changes nothing where it is so, and settles the formula if it is all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.analysis import formula as f
from policylang.model import conditions as c
from policylang.model.types import BoolType

AT = "a.policy:1:1-1:1"
TESTS: tuple[c.Test, ...] = tuple(c.Missing(c.Path("record", (name,), BoolType(), AT), AT) for name in "abcd")
TRUTHS = st.sampled_from((True, False, None))

CONDITIONS: st.SearchStrategy[c.Condition] = st.recursive(
    st.sampled_from(TESTS),
    lambda inner: st.one_of(
        st.builds(c.And, st.lists(inner, min_size=1, max_size=3).map(tuple), st.just(AT)),
        st.builds(c.Or, st.lists(inner, min_size=1, max_size=3).map(tuple), st.just(AT)),
        st.builds(c.Not, inner, st.just(AT)),
    ),
    max_leaves=6,
)
FORMULAS: st.SearchStrategy[f.Formula] = st.recursive(
    st.builds(f.Holds, CONDITIONS, TRUTHS),
    lambda inner: st.one_of(
        st.builds(f.AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(f.AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(f.NotOf, inner),
    ),
    max_leaves=5,
)


def truth(condition: c.Condition, known: dict[c.Test, bool | None]) -> bool | None:
    """Kleene's tables, as least and greatest of false < unknown < true."""
    order = (False, None, True)
    match condition:
        case c.And(items):
            return min((truth(item, known) for item in items), key=order.index)
        case c.Or(items):
            return max((truth(item, known) for item in items), key=order.index)
        case c.Not(item):
            return order[2 - order.index(truth(item, known))]
        case _:
            return known[condition]


def holds(formula: f.Formula, known: dict[c.Test, bool | None]) -> bool:
    match formula:
        case f.Holds(condition, value):
            return truth(condition, known) is value
        case f.AllOf(items):
            return all(holds(item, known) for item in items)
        case f.AnyOf(items):
            return any(holds(item, known) for item in items)
        case f.NotOf(item):
            return not holds(item, known)


@settings(max_examples=200)
@given(FORMULAS, st.tuples(TRUTHS, TRUTHS, TRUTHS, TRUTHS), st.integers(0, 15))
def test_given(formula: f.Formula, truths: tuple[bool | None, ...], some: int) -> None:
    known: dict[c.Test, bool | None] = dict(zip(TESTS, truths, strict=True))
    part = {test: known[test] for number, test in enumerate(TESTS) if some >> number & 1}
    wanted = holds(formula, known)
    assert holds(f.given(formula, part), known) is wanted
    assert f.given(formula, known) == (f.TRUE if wanted else f.FALSE)
