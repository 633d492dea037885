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
from policylang.ir.lowering.people import lower_people
from policylang.ir.lowering.records import lower_records
from policylang.ir.lowering.rights import lower_denies, lower_rights
from policylang.model.instants import DEFAULT_TIMEZONE
from policylang.model.model import Model
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
            **lower_records(model),
            **lower_rights(model),
            **lower_people(model),
            denies=_by_place(denies),
            separations=_by_place(separations),
            invariants=tuple(sorted(invariants, key=lambda i: i.label)),
            reviews=_by_place(reviews),
        )
    )


def _by_place(items: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(items, key=lambda item: (Location.parse(item.at), getattr(item, "resource", ""))))


def _separation(source: Source, node: ast.Separation) -> ir.Separation:
    permissions = tuple(ir.Permission(each.action.value, each.resource.value) for each in node.permissions)
    most = 1 if node.most is None else int(node.most.value)
    severity: Any = node.severity and node.severity.value
    return ir.Separation(permissions, most, label_of(node.label), severity, at(source, node))


def _invariant(model: Model, source: Source, node: ast.Invariant) -> ir.Invariant:
    return ir.Invariant(
        node.label.value,
        node.quantifier,
        tuple(ir.Selector(each.kind, each.name.value, at(source, each)) for each in node.selectors),
        in_order(node.actions, model.resources[node.resource.value].actions),
        node.resource.value,
        node.field.value if node.field else None,
        model.conditions.get(at(source, node)),
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
