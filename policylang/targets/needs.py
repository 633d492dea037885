"""What decisions ask of conditions, and of users: roles for attributes, grants for actions."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.ir.requirements import grants_required
from policylang.model.conditions import Condition
from policylang.runtime.index import Index


def asked_conditions(index: Index) -> Iterator[tuple[str, Condition, bool]]:
    """Every condition that decisions depend on, with its resource: of a policy whether it is true, of a deny whether it
    is false.
    """
    yield from ((each.resource, each.condition, True) for each in index.attached())
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
