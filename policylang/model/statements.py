"""Pass: separations of duties, invariants and reviews."""

from __future__ import annotations

from policylang.diagnostics import quoted
from policylang.model.context import Context
from policylang.model.model import place_of
from policylang.model.paths import PathScope, Scope
from policylang.model.report import Site
from policylang.model.typing import type_condition
from policylang.model.values import date, duration
from policylang.source import Source
from policylang.syntax import ast


def check_statements(context: Context) -> None:
    """Report what is wrong with statements about the whole policy set, and file the conditions of invariants."""
    world = context.world
    labels: dict[str, ast.Text] = {}
    for site in context.symbols.statements:
        match site.node:
            case ast.Separation():
                _check_separation(context, site.source, site.node)
            case ast.Invariant():
                if labels.setdefault(site.node.label.value, site.node.label) is not site.node.label:
                    context.report.error(
                        "PL102",
                        site.source,
                        site.node.label,
                        f"the invariant {quoted(site.node.label.value)} is declared twice",
                        "rename one of the two",
                    )
                _check_invariant(context, world, site.source, site.node)
            case ast.Review():
                _check_review(context, site.source, site.node)


def _check_separation(context: Context, source: Source, node: ast.Separation) -> None:
    for action, name in ((node.action, node.resource), (node.other_action, node.other_resource)):
        resource = context.resource(source, name)
        if resource is not None:
            context.actions(source, (action,), resource, name.value)
    if (node.action.value, node.resource.value) == (node.other_action.value, node.other_resource.value):
        context.report.error(
            "PL102", source, node, "both sides of the separation are the same permission", "name two permissions"
        )


def _check_invariant(context: Context, world: PathScope, source: Source, node: ast.Invariant) -> None:
    for selector in node.selectors:
        match selector:
            case ast.WithRole(role=role):
                context.find("role", source, role)
            case ast.InGroup(group=group):
                context.find("group", source, group)
    resource = context.resource(source, node.resource)
    if resource is None:
        return
    context.actions(source, node.actions, resource, node.resource.value)
    if node.field is not None:
        context.fields(source, (node.field,), resource, node.resource.value)
    if node.condition is not None:
        typed = type_condition(world, Scope(node.resource.value, source), node.condition)
        if typed is not None:
            context.model.conditions[place_of(Site(source, node))] = typed


def _check_review(context: Context, source: Source, node: ast.Review) -> None:
    context.find(node.kind, source, node.subject)
    duration(context.constants, source, node.every)
    if node.last is not None:
        date(context.report, source, node.last)
