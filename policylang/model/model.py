"""The model: a policy set whose names are resolved and whose types are known."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from policylang.model.conditions import Condition, Constant
from policylang.model.report import Site
from policylang.model.symbols import Symbols
from policylang.model.types import Type
from policylang.syntax import ast

KINDS = ("view", "create", "modify", "delete")
"""The kinds of action, each named like the action that is always of it."""

Attributes = Mapping[str, Type | None]
"""Attribute types by name; ``None`` where the type is unknown after an error."""


class ActionModel(msgspec.Struct, frozen=True):
    """An action and where it is declared: alone with clauses, or as a name in a list. ``kind``: one of `KINDS`, if it
    is of one.
    """

    site: Site
    kind: str | None
    clauses: tuple[ast.Like | ast.Requires | ast.Bypasses | ast.Assignable, ...]


class ResourceModel(msgspec.Struct):
    """A resource with its attributes' types; ``None`` is a type that could not be resolved."""

    site: Site
    attributes: dict[str, Type | None]
    nodes: dict[str, ast.Attribute]
    actions: dict[str, ActionModel]
    place: str | None = None
    """The attribute that says where a record lives."""
    tree: str | None = None
    """The attribute that leads to the record above."""

    @property
    def name(self) -> str:
        name: str = self.site.node.name.value
        return name

    def marked(self, attribute: str, mark: str) -> bool:
        return any(each.value == mark for each in self.nodes[attribute].marks)


class Instance(msgspec.Struct, frozen=True):
    """A policy on one resource, its parameters replaced by constants."""

    id: str
    policy: str
    arguments: tuple[Constant, ...]
    resource: str
    actions: tuple[str, ...] | None
    condition: Condition


class Model(msgspec.Struct):
    """What the passes found out, for one another and for lowering. Complete where no diagnostic was reported.

    What nodes are found to mean is filed under where they stand.
    """

    symbols: Symbols = msgspec.field(default_factory=Symbols)
    resources: dict[str, ResourceModel] = msgspec.field(default_factory=dict)
    subject: dict[str, Type | None] = msgspec.field(default_factory=dict)
    request: dict[str, Type | None] = msgspec.field(default_factory=dict)
    parameters: dict[str, dict[str, Type | None]] = msgspec.field(default_factory=dict)
    """Policy name, parameter name, type."""
    instances: dict[str, Instance] = msgspec.field(default_factory=dict)
    limits: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Where a policy is attached: the ids of the instances, in the order of their resources."""
    conditions: dict[str, Condition] = msgspec.field(default_factory=dict)
    """Conditions of denies and invariants."""
    ways: int = 0
    """The most ways in which roles lie in one role or group, itself included."""
    values: dict[str, Constant | tuple[Constant, ...]] = msgspec.field(default_factory=dict)
    """Values of users' attributes."""
    every_action: frozenset[str] = frozenset()
    every_attribute: frozenset[str] = frozenset()
    """The actions and attributes of all resources."""
    misfits: set[str] = msgspec.field(default_factory=set)
    """Ids of policy instances whose condition has no meaning, reported already."""
    expanded: int = 0
    """The parts that expansion has made."""

    def attributes_of(self, resource: str) -> Attributes | None:
        """``None`` where a syntax error may hide the resource."""
        found = self.resources.get(resource)
        return None if found is None else found.attributes
