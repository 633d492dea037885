"""What every name in a policy file refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from policylang.model import Model
from policylang.model.types import SIMPLE_TYPES, EnumType, PlaceType, RecordType, Type, UserType
from policylang.syntax import ast, expressions
from policylang.syntax.parser import Parsed

NameKey = tuple[str, str | None, str]
"""Kind, owner and name of what is declared somewhere: an attribute or action has a resource for its owner, or the
block `subject` or `request`; a parameter its policy; a value its attribute, as ``customer.status``.
"""


class Occurrence(msgspec.Struct, frozen=True):
    """A name at a place. ``quoted``: it is a text in quotes, which belong to it."""

    start: int
    end: int
    key: NameKey
    declares: bool = False
    quoted: bool = False


def occurrences(parsed: Parsed, model: Model) -> tuple[Occurrence, ...]:
    """The names in a file that are declared or refer to something, in the order of the text."""
    walker = _Walker(model)
    found = [each for node in parsed.file.declarations for each in walker.declaration(node)]
    return tuple(sorted(set(found), key=lambda each: (each.start, each.end)))


def _is(
    kind: str, node: expressions.Name | expressions.Text | None, owner: str | None = None, declares: bool = False
) -> Iterator[Occurrence]:
    if node is not None:
        key = (kind, owner, node.value)
        yield Occurrence(node.start_pos, node.end_pos, key, declares, isinstance(node, expressions.Text))


def _all(
    kind: str, nodes: Iterable[expressions.Name], owner: str | None = None, declares: bool = False
) -> Iterator[Occurrence]:
    for node in nodes:
        yield from _is(kind, node, owner, declares)


class _Walker:
    def __init__(self, model: Model) -> None:
        self.model = model

    # --- declarations

    def declaration(self, node: Any) -> Iterator[Occurrence]:
        match node:
            case ast.AttributeBlock():
                for attribute in node.attributes:
                    yield from self._attribute(attribute, node.keyword.value)
            case ast.Resource():
                yield from self._resource(node)
            case ast.Policy():
                yield from self._policy(node)
            case ast.Role() | ast.Group():
                yield from _is(type(node).__name__.lower(), node.name, declares=True)
                for item in node.items:
                    yield from self._item(item)
            case ast.Task():
                yield from _is("task", node.name, declares=True)
                for need in node.needs:
                    yield from self._permissions(need.actions, need.resource, (need.fields,))
            case ast.Job():
                yield from _is("job", node.code, declares=True)
                for item in node.items:
                    yield from self._item(item)
            case ast.User():
                yield from self._user(node)
            case ast.Integration():
                yield from _is("integration", node.name, declares=True)
                for each in node.items:
                    yield from self._item(each)
            case _:
                yield from self._statement(node)

    def _statement(self, node: Any) -> Iterator[Occurrence]:
        match node:
            case ast.Portals(names=names):
                yield from _all("portal", names, declares=True)
            case ast.Scope(kinds=kinds):
                yield from _all("kind of place", kinds, declares=True)
            case ast.Place():
                yield from _is("kind of place", node.kind)
                yield from _is("place", node.name, declares=True)
                yield from _is("place", node.parent)
            case ast.Feature():
                yield from _is("feature", node.name, declares=True)
            case ast.Separation():
                for each in node.permissions:
                    yield from self._permissions((each.action,), each.resource, ())
            case ast.Deny():
                yield from self._item(node)
            case ast.Invariant():
                for selector in node.selectors:
                    yield from _is(selector.kind, selector.name)
                yield from self._permissions(node.actions, node.resource, ())
                yield from _is("attribute", node.field, node.resource.value)
                if node.condition is not None:
                    yield from self.condition(node.condition, node.resource.value)
            case ast.Review():
                yield from _is(node.kind, node.subject)
                yield from _is("user", node.by)

    def _resource(self, node: ast.Resource) -> Iterator[Occurrence]:
        name = node.name.value
        yield from _is("resource", node.name, declares=True)
        for item in node.items:
            match item:
                case ast.Attribute():
                    yield from self._attribute(item, name)
                case ast.Actions():
                    yield from _all("action", (each.name for each in item.items), name, declares=True)
                case ast.Action():
                    yield from _is("action", item.name, name, declares=True)
                    for clause in item.clauses:
                        if isinstance(clause, ast.Requires):
                            yield from self._requirement(clause.requirement)

    def _attribute(self, node: ast.Attribute, owner: str) -> Iterator[Occurrence]:
        yield from _is("attribute", node.name, owner, declares=True)
        yield from self._type(node.type, f"{owner}.{node.name.value}")

    def _type(self, node: Any, owner: str) -> Iterator[Occurrence]:
        match node:
            case expressions.Name(value=name):
                for kind in ("resource", "kind of place"):
                    if name in self.model.symbols.names[kind]:
                        yield from _is(kind, node)
                        return
                if name in SIMPLE_TYPES:
                    yield from _is("type", node)
            case ast.UserType(role=role):
                yield from _is("role", role)
            case ast.EnumType(values=values):
                yield from _all("value", values, owner, declares=True)
            case ast.SetType(of=of):
                yield from self._type(of, owner)

    def _requirement(self, node: Any) -> Iterator[Occurrence]:
        match node:
            case ast.RequiredGrant():
                yield from self._permissions((node.action,), node.resource, ())
                yield from _is("kind of place", node.place_kind)
            case ast.RequiredFeature(feature=feature):
                yield from _is("feature", feature)
            case ast.AllRequired(items=items) | ast.AnyRequired(items=items):
                for item in items:
                    yield from self._requirement(item)

    def _policy(self, node: ast.Policy) -> Iterator[Occurrence]:
        name = node.name.value
        yield from _is("policy", node.name, declares=True)
        parameters: set[str] = set()
        for each in node.parameters:
            if isinstance(each, ast.Parameter):
                parameters.add(each.name.value)
                yield from _is("parameter", each.name, name, declares=True)
                yield from self._type(each.type, f"{name}({each.name.value})")
        owner = self._target(node.target)
        yield from self._targeted(node.target)
        yield from _all("action", node.actions, owner)
        yield from self.condition(node.condition, owner, name, frozenset(parameters))

    # --- items of blocks

    def _item(self, node: Any) -> Iterator[Occurrence]:
        match node:
            case ast.Includes(roles=roles) | ast.MayAssign(roles=roles):
                yield from _all("role", roles)
            case ast.Portal(name=name):
                yield from _is("portal", name)
            case ast.Performs(tasks=tasks):
                yield from _all("task", tasks)
            case ast.Objects(resources=resources):
                yield from _all("resource", resources)
            case ast.Mirror(role=role):
                yield from _is("role", role)
            case ast.Grant() | ast.Deny():
                yield from self._permissions(node.actions, node.target, node.clauses)
            case ast.Limit():
                yield from _is("policy", node.policy)
                yield from self._targeted(node.resource)
                yield from _all("action", node.actions, self._limited(node))
            case ast.Append(limit=limit) | ast.Override(limit=limit):
                yield from self._item(limit)

    def _limited(self, node: ast.Limit) -> str | None:
        if node.resource is not None:
            return self._target(node.resource)
        site = self.model.symbols.names["policy"].get(node.policy.value)
        return None if site is None else self._target(site.node.target)

    def _permissions(
        self, actions: Iterable[expressions.Name], target: Any, clauses: Iterable[Any]
    ) -> Iterator[Occurrence]:
        owner = self._target(target)
        yield from _all("action", (each for each in actions if each.value != "all"), owner)
        yield from self._targeted(target)
        for clause in clauses:
            match clause:
                case ast.Fields(names=names) | ast.Except(names=names) | ast.Including(names=names):
                    yield from _all("attribute", names, owner)
                case ast.ConditionBlock(condition=condition):
                    yield from self.condition(condition, owner)

    def _target(self, target: Any) -> str | None:
        return target.value if isinstance(target, expressions.Name) else None

    def _targeted(self, target: Any) -> Iterator[Occurrence]:
        if isinstance(target, expressions.Name):
            yield from _is("resource", target)

    def _user(self, node: ast.User) -> Iterator[Occurrence]:
        yield from _is("user", node.id, declares=True)
        yield from _all("group", node.groups)
        yield from _is("job", node.job)
        for item in node.items:
            match item:
                case ast.UserAttribute():
                    yield from _is("attribute", item.name, "subject")
                    type_ = self.model.subject.get(item.name.value)
                    yield from self._value(item.value, type_, f"subject.{item.name.value}")
                case ast.Assignment():
                    yield from _is("role", item.role)
                    for clause in item.clauses:
                        if isinstance(clause, ast.AtPlace):
                            yield from _is("kind of place", clause.kind)
                            yield from _is("place", clause.place)
                        elif isinstance(clause, ast.ApprovedBy):
                            yield from _is("user", clause.user)
                case _:
                    yield from self._item(item)

    # --- conditions

    def condition(
        self, node: Any, owner: str | None, policy: str | None = None, parameters: frozenset[str] = frozenset()
    ) -> Iterator[Occurrence]:
        """The names in a condition on the resource ``owner``."""
        at = _Place(owner, policy, parameters)
        for test in _tests(node):
            left = getattr(test, "left", None) or getattr(test, "operand", None)
            rest = [getattr(test, name, None) for name in ("right", "choices", "items", "top")]
            type_, of = yield from self._operand(left, at, None, "")
            for other in rest:
                if other is not None:
                    yield from self._operand(other, at, type_, of)

    def _operand(self, node: Any, at: _Place, other: Type | None, of: str) -> Any:
        """The names in an operand; its type, and the attribute that has it. ``other``: what it is compared with."""
        if isinstance(node, expressions.Path):
            values = other.item.values if other is not None and isinstance(other.item, EnumType) else ()
            if node.subject is None and len(node.steps) == 1 and node.steps[0].value in values:
                yield from _is("value", node.steps[0], of)
                return other, of
            return (yield from self._path(node, at))
        yield from self._value(node, other, of)
        return None, ""

    def _path(self, node: expressions.Path, at: _Place) -> Any:
        steps = list(node.steps)
        owner, attributes = at.resource, self._attributes(at.resource)
        if node.subject is not None:
            owner, attributes = "subject", self.model.subject
            if not steps:
                return UserType(None), ""
        elif len(steps) == 1 and steps[0].value in at.parameters:
            yield from _is("parameter", steps[0], at.policy)
            return self.model.parameters.get(at.policy or "", {}).get(steps[0].value), f"{at.policy}({steps[0].value})"
        elif len(steps) > 1 and steps[0].value == "request" and "request" not in attributes:
            owner, attributes = "request", self.model.request
            steps = steps[1:]
        elif len(steps) == 1 and steps[0].value == owner and owner not in attributes:
            yield from _is("resource", steps[0])
            return None, ""
        type_: Type | None = None
        of = ""
        for step in steps:
            if step.value not in attributes:
                return None, ""
            yield from _is("attribute", step, owner)
            type_, of = attributes[step.value], f"{owner}.{step.value}"
            owner = type_.resource if isinstance(type_, RecordType) else "subject"
            attributes = self._attributes(owner) if isinstance(type_, RecordType) else {}
            if isinstance(type_, UserType):
                attributes = self.model.subject
        return type_, of

    def _attributes(self, resource: str | None) -> dict[str, Type | None]:
        found = self.model.resources.get(resource or "")
        return {} if found is None else found.attributes

    def _value(self, node: Any, type_: Type | None, of: str) -> Iterator[Occurrence]:
        if isinstance(node, expressions.List):
            for item in node.items:
                yield from self._value(item, type_, of)
            return
        item_type = None if type_ is None else type_.item
        if isinstance(node, expressions.Path) and len(node.steps) == 1:
            node = node.steps[0]
        match item_type, node:
            case UserType(), expressions.Text():
                yield from _is("user", node)
            case PlaceType(), expressions.Text():
                yield from _is("place", node)
            case EnumType(values=values), expressions.Name() if node.value in values:
                yield from _is("value", node, of)


class _Place(msgspec.Struct, frozen=True):
    """Where a condition stands."""

    resource: str | None
    policy: str | None
    parameters: frozenset[str]


def _tests(node: Any) -> Iterator[Any]:
    match node:
        case expressions.Or(items=items) | expressions.And(items=items):
            for item in items:
                yield from _tests(item)
        case expressions.Not(item=item):
            yield from _tests(item)
        case _:
            yield node
