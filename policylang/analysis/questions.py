"""The questions that checks ask, each in one line, with its meaning."""

from __future__ import annotations

from policylang.analysis.asker import Asker
from policylang.analysis.formula import AllOf, AnyOf, Formula, NotOf
from policylang.analysis.search import UNPROVED, Found, Unproved, find


def satisfiable(formula: Formula, asker: Asker) -> Found:
    """A witness iff there is a situation in which the formula holds."""
    return find(formula, asker)


def implies(first: Formula, second: Formula, asker: Asker) -> Found:
    """None iff the second holds wherever the first does; else a situation where it does not."""
    return find(AllOf((first, NotOf(second))), asker)


def disjoint(first: Formula, second: Formula, asker: Asker) -> Found:
    """None iff there is no situation in which both hold; else one."""
    return find(AllOf((first, second)), asker)


def equivalent(first: Formula, second: Formula, asker: Asker) -> Found:
    """None iff both hold in the same situations; else one where only one does."""
    return find(AnyOf((AllOf((first, NotOf(second))), AllOf((second, NotOf(first))))), asker)


def always(formula: Formula, asker: Asker) -> Found:
    """None iff the formula holds in every situation; else one where it does not."""
    return find(NotOf(formula), asker)


__all__ = ["UNPROVED", "Found", "Unproved", "always", "disjoint", "equivalent", "implies", "satisfiable"]
