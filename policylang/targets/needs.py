"""What decisions ask of conditions, and of users: roles for attributes, grants for actions."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.model.conditions import Condition
from policylang.runtime.index import Index


def asked_conditions(index: Index, attached: bool = True) -> Iterator[tuple[str, Condition, bool]]:
    """Every condition, with its resource and what decisions ask: whether a policy is true, whether a deny is false.

    ``attached``: without policies that limit nothing.
    """
    policies = index.attached() if attached else index.policy_set.policy_instances
    yield from ((each.resource, each.condition, True) for each in policies)
    for deny in index.policy_set.every_deny():
        if deny.condition is not None:
            yield deny.resource, deny.condition, False


def eligible_roles(index: Index) -> tuple[str, ...]:
    """The roles that attributes ask for, in order."""
    asked = (a.role for resource in index.policy_set.resources for a in resource.attributes)
    return tuple(sorted({role for role in asked if role is not None}))


def grants_needed(index: Index) -> tuple[ir.RequiresGrant, ...]:
    """The grants that actions require, each once."""
    required = (a.requires for resource in index.policy_set.resources for a in resource.actions)
    return tuple(dict.fromkeys(need for each in required for need in grants_required(each)))
