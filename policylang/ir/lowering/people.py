"""People, jobs, tasks and integrations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policylang.ir import nodes as ir
from policylang.ir.lowering.names import because_of, clauses_of, in_order, label_of, lowered, refs
from policylang.ir.lowering.rights import OWN_ITEMS, lower_limits
from policylang.model.model import Model
from policylang.model.report import Site, at
from policylang.source import Source
from policylang.syntax import ast


def lower_people(model: Model) -> dict[str, tuple[Any, ...]]:
    """Tasks, jobs, users and integrations, by the name of the field."""
    kinds = {"task": _task, "job": _job, "user": _user, "integration": _integration}
    return {f"{kind}s": lowered(model, kind, lower_one) for kind, lower_one in kinds.items()}


def _task(model: Model, site: Site) -> ir.Task:
    node: ast.Task = site.node
    needs = []
    for need in node.needs:
        resource = model.resources[need.resource.value]
        fields = in_order(need.fields.names, resource.attributes) if need.fields else None
        actions = in_order(need.actions, resource.actions)
        needs.append(ir.Need(need.resource.value, actions, fields, at(site.source, need)))
    return ir.Task(node.name.value, label_of(node.label), tuple(needs), site.at)


def _job(model: Model, site: Site) -> ir.Job:
    node: ast.Job = site.node
    roles = refs(site.source, [role for item in node.items for role in item.roles])
    return ir.Job(node.code.value, label_of(node.label), roles, site.at)


def _user(model: Model, site: Site) -> ir.User:
    node: ast.User = site.node
    source = site.source
    marks = {mark.value for mark in node.marks}
    attributes, assignments = [], []
    appends: list[ir.UserPolicy] = []
    overrides: list[ir.UserPolicy] = []
    for item in node.items:
        match item:
            case ast.UserAttribute(name=name):
                where = at(source, item)
                value = model.values[where]
                values = value if isinstance(value, tuple) else (value,)
                attributes.append(ir.UserValue(name.value, values, where))
            case ast.Append():
                appends += _user_policies(model, source, item)
            case ast.Override():
                overrides += _user_policies(model, source, item)
            case ast.Assignment():
                assignments.append(_assignment(source, item))
    own = next((item for item in node.items if isinstance(item, OWN_ITEMS)), None)
    if own is not None:
        role = ir.own_role(node.id.value)
        assignments.append(ir.Assignment(role, None, None, None, None, None, None, None, at(source, own)))
    return ir.User(
        node.id.value,
        label_of(node.label),
        "superuser" in marks,
        "terminated" in marks,
        refs(source, node.groups)[0] if node.groups else None,
        ir.Ref(node.job.value, at(source, node.job)) if node.job else None,
        tuple(sorted(attributes, key=lambda a: a.name)),
        tuple(appends),
        tuple(overrides),
        tuple(assignments),
        site.at,
    )


def _user_policies(model: Model, source: Source, node: ast.Append | ast.Override) -> Iterator[ir.UserPolicy]:
    because = node.because.reason.value if node.because else None
    for limit in lower_limits(model, source, node.limit):
        yield ir.UserPolicy(limit, because, at(source, node))


def _assignment(source: Source, node: ast.Assignment) -> ir.Assignment:
    clauses = clauses_of(node)
    place, start, until, approved = (
        clauses.get(kind) for kind in (ast.AtPlace, ast.FromDate, ast.UntilDate, ast.ApprovedBy)
    )
    return ir.Assignment(
        role=node.role.value,
        place=place.place.value if place else None,
        start=start.date.value if start else None,
        start_time=start.time.value if start and start.time else None,
        until=until.date.value if until else None,
        until_time=until.time.value if until and until.time else None,
        because=because_of(clauses),
        approved_by=approved.user.value if approved else None,
        at=at(source, node),
    )


def _integration(model: Model, site: Site) -> ir.Integration:
    node: ast.Integration = site.node
    source = site.source
    roles = [role for item in node.items if isinstance(item, ast.Includes) for role in item.roles]
    objects = [name for item in node.items if isinstance(item, ast.Objects) for name in item.resources]
    mirrors = [item.role for item in node.items if isinstance(item, ast.Mirror)]
    start = next((item.date.value for item in node.items if isinstance(item, ast.FromDate)), None)
    until = next((item.date.value for item in node.items if isinstance(item, ast.UntilDate)), None)
    return ir.Integration(
        node.name.value,
        label_of(node.label),
        refs(source, roles),
        start,
        until,
        tuple(sorted(refs(source, objects), key=lambda ref: ref.name)),
        next(iter(refs(source, mirrors)), None),
        site.at,
    )
