"""Invariants and reviews (PL6xx)."""

from policylang.check.rules.statements import (
    invariant_not_proved,
    invariant_violated,
    review_missing,
    review_overdue,
)

MODULES = (
    invariant_violated,
    invariant_not_proved,
    review_overdue,
    review_missing,
)
