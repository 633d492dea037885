"""Limits, denies and user policies that work against each other (PL2xx)."""

from policylang.check.rules.conflicts import (
    append_does_nothing,
    append_leaves_nothing,
    contradictory_limits,
    deny_cancels_grant,
    deny_does_nothing,
    overlapping_assignment,
    override_widens,
    policy_always_true,
    policy_never_true,
    policy_without_grant,
    portal_conflict,
    redundant_policy,
    same_policy_twice,
    separation_of_duties,
)

MODULES = (
    contradictory_limits,
    policy_always_true,
    policy_never_true,
    redundant_policy,
    deny_cancels_grant,
    deny_does_nothing,
    override_widens,
    append_does_nothing,
    append_leaves_nothing,
    portal_conflict,
    separation_of_duties,
    overlapping_assignment,
    same_policy_twice,
    policy_without_grant,
)
