"""Hygiene (PL7xx)."""

from policylang.check.rules.hygiene import (
    missing_label,
    naming,
    stale_suppression,
    suppression_expired,
    suppression_without_reason,
    unused_definition,
)

MODULES = (
    missing_label,
    unused_definition,
    naming,
)

SUPPRESSIONS = (
    stale_suppression,
    suppression_without_reason,
    suppression_expired,
)
"""Rules about the comments that suppress what the others find."""
