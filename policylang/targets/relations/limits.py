"""Limits that are relations: the record names the assigned user."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import SetType, UserType
from policylang.runtime.index import Index
from policylang.targets.relations.expressions import AllOf, AnyOf, Expression, Own


class UnsupportedError(ValueError):
    """The condition says something else; ``at``: where."""

    def __init__(self, at: str) -> None:
        super().__init__(at)
        self.at = at


def naming(condition: c.Condition) -> Expression:
    """The users for whom a condition is true; each `Own` is an attribute of the record that names users.

    What is missing or of another type names nobody, and there is no `not` in here, so unknown and false are one.
    Raises `UnsupportedError`.
    """
    match condition:
        case c.And(items) if items:
            return AllOf(tuple(naming(item) for item in items))
        case c.Or(items) if items:
            return AnyOf(tuple(naming(item) for item in items))
        case c.Compare(test="eq", left=c.Path() as left, right=c.Path() as right):
            path, other = (right, left) if left.root == "subject" else (left, right)
            if _is_attribute(path) and isinstance(path.type, UserType) and _is_assigned_user(other):
                return Own(path.steps[0])
        case c.Contains(operand=c.Path() as path, item=c.Path() as item):
            users = isinstance(path.type, SetType) and isinstance(path.type.of, UserType)
            if _is_attribute(path) and users and _is_assigned_user(item):
                return Own(path.steps[0])
    raise UnsupportedError(condition.at)


def attributes(expression: Expression) -> Iterator[str]:
    """The attributes of the record that it reads."""
    match expression:
        case Own(name):
            yield name
        case AllOf(items) | AnyOf(items):
            for item in items:
                yield from attributes(item)


def attached(index: Index) -> dict[str, ir.PolicyInstance]:
    """The policies that limit groups and roles, by id."""
    bundles: tuple[ir.Group | ir.Role, ...] = (*index.policy_set.groups, *index.policy_set.roles)
    names = sorted({limit.instance for bundle in bundles for limit in bundle.limits})
    return {name: index.instances[name] for name in names}


def _is_attribute(path: c.Path) -> bool:
    return path.root == "record" and len(path.steps) == 1


def _is_assigned_user(path: c.Path) -> bool:
    return path.root == "subject" and not path.steps
