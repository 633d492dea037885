"""Least privilege (PL4xx)."""

from policylang.check.rules.privilege import (
    excess_grant,
    field_write_without_read,
    integration_outside_objects,
    integration_sees_sensitive,
    mirror_differs,
    never_held,
    read_missing,
    sensitive_attribute_granted,
    shared_integration_role,
    task_cannot_be_done,
    terminated_keeps_access,
    unlimited_change,
    wildcard_grant,
)

MODULES = (
    wildcard_grant,
    unlimited_change,
    sensitive_attribute_granted,
    excess_grant,
    task_cannot_be_done,
    never_held,
    shared_integration_role,
    integration_outside_objects,
    integration_sees_sensitive,
    mirror_differs,
    terminated_keeps_access,
    read_missing,
    field_write_without_read,
)
