"""Whether a policy set contains everything that it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.ir import nodes as ir


def dangling(policy_set: ir.PolicySet) -> str | None:
    """The first name that is used and not declared, as ``role `guard```, or ``None``."""
    declared = {
        "resource": {r.name for r in policy_set.resources},
        "role": {r.name for r in policy_set.roles},
        "group": {g.name for g in policy_set.groups},
        "task": {t.name for t in policy_set.tasks},
        "job": {j.code for j in policy_set.jobs},
        "place": {p.name for p in policy_set.places},
        "kind of place": {k.name for k in policy_set.scope},
        "feature": {f.name for f in policy_set.features},
        "policy": {p.name for p in policy_set.policies},
        "policy instance": {i.id for i in policy_set.policy_instances},
        "action": {f"{a.name} on {r.name}" for r in policy_set.resources for a in r.actions},
        "attribute": {f"{r.name}.{a.name}" for r in policy_set.resources for a in r.attributes},
        "portal": {p.name for p in policy_set.portals},
    }
    for kind, name in _used(policy_set):
        if name not in declared[kind]:
            return f"{kind} `{name}`"
    return None


def _used(policy_set: ir.PolicySet) -> Iterator[tuple[str, str]]:
    for kind in policy_set.scope:
        if kind.parent is not None:
            yield "kind of place", kind.parent
    for place in policy_set.places:
        yield "kind of place", place.kind
        if place.parent is not None:
            yield "place", place.parent
    for resource in policy_set.resources:
        for action in resource.actions:
            if action.requires is not None:
                yield from _required(action.requires)
    for instance in policy_set.policy_instances:
        yield "policy", instance.policy
        yield from _permission(instance.resource, instance.actions or (), ())
    for role in policy_set.roles:
        yield from _bundle(role)
        yield from (("task", ref.name) for ref in role.performs)
        if role.portal is not None:
            yield "portal", role.portal
    for group in policy_set.groups:
        yield from _bundle(group)
    yield from _people(policy_set)
    for deny in policy_set.denies:
        yield from _permission(deny.resource, deny.actions, deny.fields or ())
    for separation in policy_set.separations:
        for side in (separation.first, separation.second):
            yield from _permission(side.resource, (side.action,), ())
    for invariant in policy_set.invariants:
        yield from _permission(invariant.resource, invariant.actions, (invariant.field,) if invariant.field else ())
        yield from ((selector.kind, selector.name) for selector in invariant.users)


def _people(policy_set: ir.PolicySet) -> Iterator[tuple[str, str]]:
    for task in policy_set.tasks:
        for need in task.needs:
            yield from _permission(need.resource, need.actions, need.fields or ())
    for job in policy_set.jobs:
        yield from (("role", ref.name) for ref in job.roles)
    for user in policy_set.users:
        if user.group is not None:
            yield "group", user.group.name
        if user.job is not None:
            yield "job", user.job.name
        for policy in (*user.appends, *user.overrides):
            yield "policy instance", policy.limit.instance
        for assignment in user.assignments:
            yield "role", assignment.role
            if assignment.place is not None:
                yield "place", assignment.place
    for integration in policy_set.integrations:
        yield from (("role", ref.name) for ref in (integration.role, integration.mirror) if ref is not None)
        yield from (("resource", ref.name) for ref in integration.objects)


def _required(requirement: ir.Requirement) -> Iterator[tuple[str, str]]:
    match requirement:
        case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
            yield from _permission(resource, (action,), ())
            if kind is not None:
                yield "kind of place", kind
        case ir.RequiresFeature(feature=feature):
            yield "feature", feature
        case ir.RequiresAll(items=items) | ir.RequiresAny(items=items):
            for item in items:
                yield from _required(item)


def _bundle(bundle: ir.Role | ir.Group) -> Iterator[tuple[str, str]]:
    for ref in (*bundle.roles, *bundle.may_assign):
        yield "role", ref.name
    statements: tuple[ir.Grant | ir.Deny, ...] = (*bundle.grants, *bundle.denies)
    for statement in statements:
        yield from _permission(statement.resource, statement.actions, statement.fields or ())
    for limit in bundle.limits:
        yield "policy instance", limit.instance


def _permission(resource: str, actions: Iterable[str], fields: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield "resource", resource
    yield from (("action", f"{action} on {resource}") for action in actions)
    yield from (("attribute", f"{resource}.{field}") for field in fields)
