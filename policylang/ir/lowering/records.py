"""The world, and kinds of record."""

from __future__ import annotations

from typing import Any

from policylang.ir import nodes as ir
from policylang.ir.lowering.names import in_order, label_of, lowered
from policylang.model.model import Model, ResourceModel
from policylang.model.report import Site, at
from policylang.model.types import Type
from policylang.source import Source
from policylang.syntax import ast, expressions


def lower_records(model: Model) -> dict[str, tuple[Any, ...]]:
    """The world and the resources, by the name of the field."""
    return {
        "portals": lowered(model, "portal", _portal),
        "scope": lowered(model, "kind of place", _scope_kind),
        "places": lowered(model, "place", _place),
        "features": lowered(model, "feature", _feature),
        "subject": _block(model, "subject", model.subject),
        "request": _block(model, "request", model.request),
        "resources": tuple(_resource(name, model.resources[name]) for name in sorted(model.resources)),
    }


def _portal(model: Model, site: Site) -> ir.Portal:
    name: expressions.Name = site.node
    return ir.Portal(name.value, site.at if site.source.name else None)


def _scope_kind(model: Model, site: Site) -> ir.ScopeKind:
    name: expressions.Name = site.node
    return ir.ScopeKind(name.value, model.symbols.scope_parents[name.value], site.at)


def _place(model: Model, site: Site) -> ir.Place:
    node: ast.Place = site.node
    return ir.Place(node.name.value, node.kind.value, label_of(node.parent), site.at)


def _feature(model: Model, site: Site) -> ir.Feature:
    node: ast.Feature = site.node
    return ir.Feature(node.name.value, label_of(node.label), node.on, site.at)


def _block(model: Model, keyword: str, types: dict[str, Type | None]) -> tuple[ir.Attribute, ...]:
    site = model.symbols.blocks.get(keyword)
    if site is None:
        return ()
    block: ast.AttributeBlock = site.node
    found = (_attribute(site.source, node, types[node.name.value]) for node in block.attributes)
    return tuple(sorted(found, key=lambda attribute: attribute.name))


def _attribute(source: Source, node: ast.Attribute, type_: Type | None) -> ir.Attribute:
    assert type_ is not None
    marks = {mark.value for mark in node.marks}
    return ir.Attribute(node.name.value, type_, "optional" in marks, "sensitive" in marks, at(source, node))


def _resource(name: str, resource: ResourceModel) -> ir.Resource:
    node: ast.Resource = resource.site.node
    source = resource.site.source
    attributes = tuple(_attribute(source, resource.nodes[n], t) for n, t in resource.attributes.items())
    actions = []
    for action_name, action in resource.actions.items():
        requires, bypasses, ways = None, False, ("ui", "api")
        for clause in action.clauses:
            match clause:
                case ast.Requires(requirement=requirement):
                    requires = _requirement(source, requirement)
                case ast.Bypasses():
                    bypasses = True
                case ast.Assignable():
                    ways = in_order(clause.ways, ways)  # type: ignore[assignment]
        actions.append(ir.Action(action_name, action.kind, requires, bypasses, ways, action.site.at))  # type: ignore[arg-type]
    return ir.Resource(
        name, label_of(node.label), attributes, tuple(actions), resource.place, resource.tree, resource.site.at
    )


def _requirement(source: Source, node: ast.Requirement) -> ir.Requirement:
    where = at(source, node)
    match node:
        case ast.RequiredGrant(action=action, resource=resource, place_kind=kind):
            return ir.RequiresGrant(action.value, resource.value, kind.value if kind else None, where)
        case ast.RequiredFeature(feature=feature):
            return ir.RequiresFeature(feature.value, where)
        case ast.RequiredSuperuser():
            return ir.RequiresSuperuser(where)
    combined: type[ir.RequiresAll] | type[ir.RequiresAny]
    combined = ir.RequiresAll if isinstance(node, ast.AllRequired) else ir.RequiresAny
    parts: list[ir.Requirement] = []
    for item in node.items:
        part = _requirement(source, item)
        parts += part.items if isinstance(part, combined) else (part,)
    return combined(tuple(parts), where)
