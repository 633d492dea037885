"""Several roles on one user (PL3xx)."""

from policylang.check.rules.stacking import (
    combined_too_broad,
    expired_assignment,
    limit_lost,
    nearly_same_roles,
    policy_bypassed,
    role_adds_nothing,
    roles_always_together,
    temporary_without_end,
    too_many_roles,
    undocumented_second_role,
)

MODULES = (
    limit_lost,
    combined_too_broad,
    role_adds_nothing,
    roles_always_together,
    undocumented_second_role,
    temporary_without_end,
    expired_assignment,
    nearly_same_roles,
    too_many_roles,
    policy_bypassed,
)
