"""What decisions ask of users: the roles that attributes ask for, and the grants that actions require."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.model.types import SetType, UserType
from policylang.runtime.index import Index


def role_of(attribute: ir.Attribute) -> str | None:
    """The role that an attribute asks of the users in it."""
    item = attribute.type.of if isinstance(attribute.type, SetType) else attribute.type
    return item.role if isinstance(item, UserType) else None


def eligible_roles(index: Index) -> tuple[str, ...]:
    """The roles that attributes ask for, in order."""
    asked = (role_of(a) for resource in index.policy_set.resources for a in resource.attributes)
    return tuple(sorted({role for role in asked if role is not None}))


def grants_needed(index: Index) -> tuple[ir.RequiresGrant, ...]:
    """The grants that actions require, each once."""
    required = (a.requires for resource in index.policy_set.resources for a in resource.actions)
    return tuple(dict.fromkeys(need for each in required for need in _grants(each)))


def _grants(requirement: ir.Requirement | None) -> Iterator[ir.RequiresGrant]:
    match requirement:
        case ir.RequiresAll(items=items) | ir.RequiresAny(items=items):
            for item in items:
                yield from _grants(item)
        case ir.RequiresGrant():
            yield requirement
