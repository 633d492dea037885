"""Formulas made smaller are equal, and what is certain is found."""

from __future__ import annotations

import itertools

from hypothesis import given

from policylang.analysis.formula import FALSE, TRUE, AllOf, AnyOf, Formula, Holds, NotOf
from policylang.diff.simplify import plain
from tests.analysis.test_formula import FORMULAS, TESTS, holds

A, B, C = (Holds(test, True) for test in TESTS[:3])


@given(FORMULAS)
def test_what_is_made_smaller_is_equal(formula: Formula) -> None:
    smaller = plain(formula)
    assert plain(smaller) == smaller
    for values in itertools.product((True, False, None), repeat=len(TESTS)):
        known = dict(zip(TESTS, values, strict=True))
        assert holds(smaller, known) is holds(formula, known)


def test_what_is_known_is_taken_for_granted_inside_other_parts() -> None:
    """As in a question about a new record: what the record needs, each attribute needs as well."""
    assert plain(AllOf((A, AnyOf((B, AllOf((A, C))))))) == AllOf((A, AnyOf((B, C))))
    assert plain(AllOf((A, AnyOf((NotOf(AllOf((A,))), AllOf((B, NotOf(AllOf((A,)))))))))) == FALSE
    assert plain(AllOf((NotOf(A), AnyOf((B, NotOf(AllOf((A, C)))))))) == NotOf(A)
    assert plain(AllOf((AnyOf((A, B)), AnyOf((C, AllOf((NotOf(C), AnyOf((A, B))))))))) == AllOf(
        (AnyOf((A, B)), AnyOf((C, NotOf(C))))
    )
    assert plain(AllOf((AnyOf((NotOf(A), B)), A, AnyOf((NotOf(B), C))))) == AllOf((B, A, C))
    assert plain(AnyOf((NotOf(A), A, B))) == AnyOf((NotOf(A), A, B))


def test_a_condition_has_one_truth_value() -> None:
    known = Holds(TESTS[0], False)
    assert plain(AllOf((A, known))) == FALSE
    assert plain(AllOf((A, AnyOf((known, B))))) == AllOf((A, B))
    assert plain(AllOf((A, NotOf(AllOf((known, B)))))) == A
    assert plain(AllOf(())) == TRUE
