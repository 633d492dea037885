"""Dependencies of permissions, and who may hand them out (PL5xx)."""

from policylang.check.rules.administration import (
    api_only_permission,
    escalation_path,
    feature_off,
    nobody_eligible,
    place_of_wrong_kind,
    protected_role_exposed,
    requirement_at_wrong_level,
    requirement_missing,
    unknown_user,
)

MODULES = (
    requirement_missing,
    requirement_at_wrong_level,
    protected_role_exposed,
    escalation_path,
    api_only_permission,
    nobody_eligible,
    place_of_wrong_kind,
    feature_off,
    unknown_user,
)
