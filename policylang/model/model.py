"""The model: a policy set whose names are resolved and whose types are known."""

from __future__ import annotations

import msgspec

from policylang.model.conditions import Condition, Constant
from policylang.model.report import Site
from policylang.model.symbols import Symbols
from policylang.model.types import Type
from policylang.source import Source
from policylang.syntax import ast, expressions

KINDS = ("view", "create", "modify", "delete")
"""The kinds of action, each named like the action that is always of it."""

_Place = tuple[str, int]
"""A node by its source's name and its offset: what the passes file their results under."""


def place_of(source: Source, node: expressions.Node) -> _Place:
    return source.name, node.start_pos


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

    def marked(self, attribute: str, mark: str) -> bool:
        return any(each.value == mark for each in self.nodes[attribute].marks)

    def sensitive(self, attribute: str) -> bool:
        return self.marked(attribute, "sensitive")


class Instance(msgspec.Struct, frozen=True):
    """A policy on one resource, its parameters replaced by constants."""

    id: str
    policy: str
    arguments: tuple[Constant, ...]
    resource: str
    actions: tuple[str, ...] | None
    condition: Condition


class Model(msgspec.Struct):
    """What the passes found out, for lowering. Complete where no diagnostic was reported."""

    symbols: Symbols
    resources: dict[str, ResourceModel] = msgspec.field(default_factory=dict)
    subject: dict[str, Type | None] = msgspec.field(default_factory=dict)
    request: dict[str, Type | None] = msgspec.field(default_factory=dict)
    parameters: dict[str, dict[str, Type | None]] = msgspec.field(default_factory=dict)
    """Policy name, parameter name, type."""
    instances: dict[str, Instance] = msgspec.field(default_factory=dict)
    limits: dict[_Place, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Where a policy is attached: the ids of the instances, in the order of their resources."""
    conditions: dict[_Place, Condition] = msgspec.field(default_factory=dict)
    """Conditions of denies and invariants."""
    ways: int = 0
    """The most ways in which roles lie in one role or group, itself included."""
    values: dict[_Place, Constant | tuple[Constant, ...]] = msgspec.field(default_factory=dict)
    """Values of users' attributes."""
