"""From a model without diagnostics to the intermediate representation.

Nothing is checked here: what lowering looks up, the model's passes have found. Names in lists of actions and fields
come out in the order of the resource's declaration, whatever order they were written in.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policylang.ir import nodes as ir
from policylang.ir.codec import with_digest
from policylang.ir.lowering.names import in_order, label_of
from policylang.ir.lowering.people import lower_integration, lower_job, lower_task, lower_user
from policylang.ir.lowering.records import (
    lower_block,
    lower_feature,
    lower_place,
    lower_portal,
    lower_resource,
    lower_scope_kind,
)
from policylang.ir.lowering.rights import (
    lower_denies,
    lower_group,
    lower_instance,
    lower_own_roles,
    lower_policy,
    lower_role,
)
from policylang.model.instants import DEFAULT_TIMEZONE
from policylang.model.model import Model, place_of
from policylang.model.report import at
from policylang.model.types import UNITS, Duration
from policylang.source import Location, Source
from policylang.syntax import ast


def lower(model: Model, sources: Iterable[Source]) -> ir.PolicySet:
    """The policy set of a model in which no diagnostic was reported."""
    symbols = model.symbols
    denies: list[ir.Deny] = []
    separations, invariants, reviews = [], [], []
    for site in symbols.statements:
        match site.node:
            case ast.Deny():
                denies += lower_denies(model, site.source, site.node)
            case ast.Separation():
                separations.append(_separation(site.source, site.node))
            case ast.Invariant():
                invariants.append(_invariant(model, site.source, site.node))
            case ast.Review():
                reviews.append(_review(site.source, site.node))
    timezone: Any = symbols.timezone and symbols.timezone.node
    return with_digest(
        ir.PolicySet(
            format="policylang",
            version=ir.FORMAT_VERSION,
            digest="",
            timezone=timezone.name.value if timezone else DEFAULT_TIMEZONE,
            sources=tuple(sorted(source.name for source in sources)),
            portals=_sorted(model, "portal", lower_portal),
            scope=_sorted(model, "kind of place", lower_scope_kind),
            places=_sorted(model, "place", lower_place),
            features=_sorted(model, "feature", lower_feature),
            subject=lower_block(model, "subject", model.subject),
            request=lower_block(model, "request", model.request),
            resources=tuple(lower_resource(name, model.resources[name]) for name in sorted(model.resources)),
            policies=_sorted(model, "policy", lower_policy),
            policy_instances=tuple(lower_instance(model, name) for name in sorted(model.instances)),
            roles=tuple(
                sorted((*_sorted(model, "role", lower_role), *lower_own_roles(model)), key=lambda role: role.name)
            ),
            groups=_sorted(model, "group", lower_group),
            tasks=_sorted(model, "task", lower_task),
            jobs=_sorted(model, "job", lower_job),
            users=_sorted(model, "user", lower_user),
            integrations=_sorted(model, "integration", lower_integration),
            denies=_by_place(denies),
            separations=_by_place(separations),
            invariants=tuple(sorted(invariants, key=lambda i: i.label)),
            reviews=_by_place(reviews),
        )
    )


def _sorted(model: Model, kind: str, lower_one: Any) -> tuple[Any, ...]:
    return tuple(lower_one(model, site) for _, site in sorted(model.symbols.every(kind), key=lambda item: item[0]))


def _by_place(items: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: (Location.parse(item.at), getattr(item, "resource", ""))))


def _separation(source: Source, node: ast.Separation) -> ir.Separation:
    permissions = tuple(ir.Permission(each.action.value, each.resource.value) for each in node.permissions)
    most = 1 if node.most is None else int(node.most.value)
    severity: Any = node.severity and node.severity.value
    return ir.Separation(permissions, most, label_of(node.label), severity, at(source, node))


def _invariant(model: Model, source: Source, node: ast.Invariant) -> ir.Invariant:
    users = []
    for selector in node.selectors:
        where = at(source, selector)
        if isinstance(selector, ast.WithRole):
            users.append(ir.Selector("role", selector.role.value, where))
        else:
            users.append(ir.Selector("group", selector.group.value, where))
    return ir.Invariant(
        node.label.value,
        node.quantifier,  # type: ignore[arg-type]
        tuple(users),
        in_order(node.actions, model.resources[node.resource.value].actions),
        node.resource.value,
        node.field.value if node.field else None,
        model.conditions.get(place_of(source, node)),
        at(source, node),
    )


def _review(source: Source, node: ast.Review) -> ir.Review:
    unit = node.every.unit.value
    kept, size = UNITS[unit if unit in UNITS else f"{unit}s"]
    return ir.Review(
        node.kind,  # type: ignore[arg-type]
        node.subject.value,
        Duration(int(node.every.amount.value) * size, kept),
        node.last.value if node.last else None,
        label_of(node.by),
        at(source, node),
    )
