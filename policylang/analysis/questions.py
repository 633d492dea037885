"""What rules ask, each question in one line, with what the answer means. A question is a formula that somebody puts to
`policylang.analysis.prover`: no situation in which it holds is a proof, one in which it does is a counterexample.
"""

from __future__ import annotations

from policylang.analysis.formula import AllOf, AnyOf, Formula, NotOf


def disjoint(first: Formula, second: Formula) -> Formula:
    """Unsat iff there is no situation in which both hold."""
    return AllOf((first, second))


def implies(first: Formula, second: Formula) -> Formula:
    """Unsat iff the second holds wherever the first does."""
    return AllOf((first, NotOf(second)))


def equivalent(first: Formula, second: Formula) -> Formula:
    """Unsat iff both hold in the same situations."""
    return AnyOf((implies(first, second), implies(second, first)))


def always(formula: Formula) -> Formula:
    """Unsat iff the formula holds in every situation."""
    return NotOf(formula)
