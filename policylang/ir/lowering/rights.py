"""Policies, and who gets what: roles and groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.ir.lowering.names import because_of, clauses_of, in_order, label_of, lowered, refs
from policylang.model.bundles import is_every_action
from policylang.model.model import Model, ResourceModel
from policylang.model.report import Site, at
from policylang.model.targets import having
from policylang.model.types import Type
from policylang.source import Source
from policylang.syntax import ast, expressions

OWN_ITEMS = ast.Grant | ast.Deny | ast.Limit
"""What makes a user's block a source of its own."""


def lower_rights(model: Model) -> dict[str, tuple[Any, ...]]:
    """Policies, roles and groups, by the name of the field."""
    roles = (*lowered(model, "role", _role), *_own_roles(model))
    return {
        "policies": lowered(model, "policy", _policy),
        "policy_instances": tuple(_instance(model, name) for name in sorted(model.instances)),
        "roles": tuple(sorted(roles, key=lambda role: role.name)),
        "groups": lowered(model, "group", _group),
    }


def _policy(model: Model, site: Site) -> ir.Policy:
    node: ast.Policy = site.node
    target = node.target
    parameters = model.parameters[node.name.value]
    return ir.Policy(
        node.name.value,
        label_of(node.label),
        tuple(_parameter(site.source, p, parameters[p.name.value]) for p in node.parameters),
        target.value if isinstance(target, expressions.Name) else None,
        tuple(sorted(name.value for name in target.attributes)) if isinstance(target, ast.AnyResource) else (),
        tuple(name.value for name in node.actions) or None,
        site.at,
    )


def _parameter(source: Source, node: ast.Parameter | ast.MisplacedValue, type_: Type | None) -> ir.Parameter:
    assert type_ is not None
    return ir.Parameter(node.name.value, type_, at(source, node))


def _instance(model: Model, instance_id: str) -> ir.PolicyInstance:
    instance = model.instances[instance_id]
    return ir.PolicyInstance(
        instance.id,
        instance.policy,
        instance.arguments,
        instance.resource,
        _limited(model, instance.resource, instance.actions),
        instance.condition,
        model.symbols.names["policy"][instance.policy].at,
    )


def _limited(model: Model, resource: str, names: Iterable[str] | None) -> tuple[str, ...] | None:
    """The actions that a policy limits; null for all of them."""
    if names is None:
        return None
    wanted = set(names)
    return tuple(name for name in model.resources[resource].actions if name in wanted)


def lower_limits(model: Model, source: Source, node: ast.Limit) -> Iterator[ir.Limit]:
    where = at(source, node)
    for name in model.limits[where]:
        instance = model.instances[name]
        named = [name.value for name in node.actions] or instance.actions
        yield ir.Limit(instance.id, _limited(model, instance.resource, named), where)


def _targets(model: Model, node: ast.Grant | ast.Deny) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The resources that a grant or deny speaks of, each with the actions."""
    match node.target:
        case expressions.Name(value=one):
            names = [one]
        case ast.AnyResource():
            names = having(model.resources, node.target)
        case ast.AllResources():
            names = sorted(model.resources)
    for name in names:
        declared = tuple(model.resources[name].actions)
        actions = declared if is_every_action(node.actions) else in_order(node.actions, declared)
        if actions:
            yield name, actions


def _grants(model: Model, source: Source, node: ast.Grant) -> Iterator[ir.Grant]:
    wildcard = is_every_action(node.actions) or not isinstance(node.target, expressions.Name)
    where = at(source, node)
    clauses = clauses_of(node)
    because = because_of(clauses)
    for resource, actions in _targets(model, node):
        yield ir.Grant(resource, actions, _fields(model, clauses, resource), wildcard, because, where)


def _fields(model: Model, clauses: dict[type[Any], Any], resource_name: str) -> tuple[str, ...] | None:
    """The attributes that a grant covers; null where it says nothing about them."""
    named, excepted, included = (clauses.get(kind) for kind in (ast.Fields, ast.Except, ast.Including))
    if not (named or excepted or included):
        return None
    resource = model.resources[resource_name]
    if named:
        covered = {name.value for name in named.names}
    else:
        covered = {name for name in resource.attributes if not resource.marked(name, "sensitive")}
    covered |= {name.value for name in included.names} if included else set()
    covered -= {name.value for name in excepted.names} if excepted else set()
    return tuple(name for name in resource.attributes if name in covered)


def lower_denies(model: Model, source: Source, node: ast.Deny) -> Iterator[ir.Deny]:
    clauses = clauses_of(node)
    where = at(source, node)
    condition = model.conditions.get(where)
    for resource, actions in _targets(model, node):
        fields = _denied_fields(clauses, model.resources[resource])
        if fields == ():
            continue  # `except` names all that this resource has
        yield ir.Deny(resource, actions, fields, condition, because_of(clauses), where)


def _denied_fields(clauses: dict[type[Any], Any], resource: ResourceModel) -> tuple[str, ...] | None:
    """The attributes that a deny takes, sensitive ones like others; null where it takes the action."""
    named, excepted = clauses.get(ast.Fields), clauses.get(ast.Except)
    if excepted:
        kept = {name.value for name in excepted.names}
        return tuple(name for name in resource.attributes if name not in kept)
    return in_order(named.names, resource.attributes) if named else None


def _bundle(
    model: Model, source: Source, items: tuple[ast.BundleItem | ast.UserItem, ...]
) -> dict[str, tuple[Any, ...]]:
    """What roles and groups have in common, by the name of the field."""
    found: dict[str, list[Any]] = {"roles": [], "grants": [], "denies": [], "limits": [], "may_assign": []}
    for item in items:
        match item:
            case ast.Includes(roles=roles):
                found["roles"] += refs(source, roles)
            case ast.Grant():
                found["grants"] += _grants(model, source, item)
            case ast.Deny():
                found["denies"] += lower_denies(model, source, item)
            case ast.Limit():
                found["limits"] += lower_limits(model, source, item)
            case ast.MayAssign(roles=roles):
                found["may_assign"] += refs(source, roles)
    return {name: tuple(values) for name, values in found.items()}


def _role(model: Model, site: Site) -> ir.Role:
    node: ast.Role = site.node
    marks = {mark.value for mark in node.marks}
    portal = next((item.name.value for item in node.items if isinstance(item, ast.Portal)), None)
    tasks = [name for item in node.items if isinstance(item, ast.Performs) for name in item.tasks]
    return ir.Role(
        name=node.name.value,
        label=label_of(node.label),
        owner=None,
        protected="protected" in marks,
        essential="essential" in marks,
        portal=portal,
        performs=refs(site.source, tasks),
        at=site.at,
        **_bundle(model, site.source, node.items),
    )


def _own_roles(model: Model) -> Iterator[ir.Role]:
    """What stands in the blocks of users, as roles that are theirs alone."""
    for _, site in model.symbols.every("user"):
        node: ast.User = site.node
        if any(isinstance(item, OWN_ITEMS) for item in node.items):
            yield ir.Role(
                name=ir.own_role(node.id.value),
                label=None,
                owner=node.id.value,
                protected=False,
                essential=False,
                portal=None,
                performs=(),
                at=site.at,
                **_bundle(model, site.source, node.items),
            )


def _group(model: Model, site: Site) -> ir.Group:
    node: ast.Group = site.node
    bundle = _bundle(model, site.source, node.items)
    return ir.Group(name=node.name.value, label=label_of(node.label), at=site.at, **bundle)
