"""What decisions ask of users: the roles that attributes ask for, and the grants that actions require."""

from __future__ import annotations

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.runtime.index import Index


def eligible_roles(index: Index) -> tuple[str, ...]:
    """The roles that attributes ask for, in order."""
    asked = (a.role for resource in index.policy_set.resources for a in resource.attributes)
    return tuple(sorted({role for role in asked if role is not None}))


def grants_needed(index: Index) -> tuple[ir.RequiresGrant, ...]:
    """The grants that actions require, each once."""
    required = (a.requires for resource in index.policy_set.resources for a in resource.actions)
    return tuple(dict.fromkeys(need for each in required for need in grants_required(each)))
