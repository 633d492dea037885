"""Whether a policy set contains everything that it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policylang.diagnostics import quoted
from policylang.ir import nodes as ir
from policylang.ir.requirements import atoms
from policylang.model.types import PlaceType, RecordType, UserType
from policylang.model.world import cyclic_knots, too_deep
from policylang.settings.limits import MOST_DEPTH


def dangling(policy_set: ir.PolicySet) -> str | None:
    """What does not hold together, as ``role `guard```, or ``None``: the first name that is used and not declared, or
    declared twice, or that contains itself.
    """
    named = _named(policy_set)
    declared = {kind: set(names) for kind, names in named.items()}
    declared["action"] = {f"{a.name} on {r.name}" for r in policy_set.resources for a in r.actions}
    declared["attribute"] = {f"{r.name}.{a.name}" for r in policy_set.resources for a in r.attributes}
    for kind, name in _used(policy_set):
        if name not in declared[kind]:
            return f"{kind} {quoted(name)}"
    return _ambiguous(policy_set, named) or _endless(policy_set)


def _named(policy_set: ir.PolicySet) -> dict[str, list[str]]:
    """The names of a policy set by their kind, without those that belong to a declaration."""
    return {
        "resource": [r.name for r in policy_set.resources],
        "role": [r.name for r in policy_set.roles],
        "group": [g.name for g in policy_set.groups],
        "task": [t.name for t in policy_set.tasks],
        "place": [p.name for p in policy_set.places],
        "kind of place": [k.name for k in policy_set.scope],
        "portal": [p.name for p in policy_set.portals],
        "feature": [f.name for f in policy_set.features],
        "job": [j.code for j in policy_set.jobs],
        "policy": [p.name for p in policy_set.policies],
        "policy instance": [i.id for i in policy_set.policy_instances],
        "user": [u.id for u in policy_set.users],
        "integration": [i.name for i in policy_set.integrations],
        "subject attribute": [a.name for a in policy_set.subject],
        "request attribute": [a.name for a in policy_set.request],
    }


def _ambiguous(policy_set: ir.PolicySet, named: dict[str, list[str]]) -> str | None:
    """Names that are declared twice: which one is meant is nowhere. Users and integrations share theirs."""
    for kind, names in (
        *(named | {"user": named["user"] + named["integration"]}).items(),
        *(("attribute", [a.name for a in r.attributes]) for r in policy_set.resources),
        *(("action", [a.name for a in r.actions]) for r in policy_set.resources),
        *(("parameter", [each.name for each in p.parameters]) for p in policy_set.policies),
        *(("value", [value.name for value in u.attributes]) for u in policy_set.users),
    ):
        if len(set(names)) != len(names):
            return f"one {kind} of a name that it declares twice"
    return None


def _endless(policy_set: ir.PolicySet) -> str | None:
    """Roles, places and kinds of place that contain themselves: what follows them would never end."""
    for kind, edges in (
        ("role", {r.name: [ref.name for ref in r.roles] for r in policy_set.roles}),
        ("place", {p.name: [p.parent] if p.parent else [] for p in policy_set.places}),
        ("kind of place", {k.name: [k.parent] if k.parent else [] for k in policy_set.scope}),
    ):
        if next(cyclic_knots(edges), None):
            return f"a {kind} outside itself"
    return None


def too_deep_role(policy_set: ir.PolicySet) -> str | None:
    """A role that has others inside one another too deep to follow."""
    return next(too_deep({r.name: [ref.name for ref in r.roles] for r in policy_set.roles}, MOST_DEPTH), None)


def _used(policy_set: ir.PolicySet) -> Iterator[tuple[str, str]]:
    for kind in policy_set.scope:
        if kind.parent is not None:
            yield "kind of place", kind.parent
    for place in policy_set.places:
        yield "kind of place", place.kind
        if place.parent is not None:
            yield "place", place.parent
    yield from _types((*policy_set.subject, *policy_set.request))
    for policy in policy_set.policies:
        yield from _types(policy.parameters)
        if policy.resource is not None:
            yield "resource", policy.resource
    for review in policy_set.reviews:
        yield review.kind, review.name
    for resource in policy_set.resources:
        yield from _types(resource.attributes)
        for name in (resource.place, resource.tree):
            if name is not None:
                yield "attribute", f"{resource.name}.{name}"
        for action in resource.actions:
            if action.requires is not None:
                yield from _required(action.requires)
    yield from _rights(policy_set)
    yield from _people(policy_set)


def _rights(policy_set: ir.PolicySet) -> Iterator[tuple[str, str]]:
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
    for deny in policy_set.denies:
        yield from _permission(deny.resource, deny.actions, deny.fields or ())
    for separation in policy_set.separations:
        for side in separation.permissions:
            yield from _permission(side.resource, (side.action,), ())
    for invariant in policy_set.invariants:
        yield from _permission(invariant.resource, invariant.actions, (invariant.field,) if invariant.field else ())
        yield from ((selector.kind, selector.name) for selector in invariant.users)


def _types(attributes: Iterable[ir.Attribute | ir.Parameter]) -> Iterator[tuple[str, str]]:
    for attribute in attributes:
        type_ = attribute.type.item
        match type_:
            case UserType(role) if role is not None:
                yield "role", role
            case RecordType(resource):
                yield "resource", resource
            case PlaceType(scope):
                yield "kind of place", scope


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
        yield from (("subject attribute", value.name) for value in user.attributes)
        for policy in (*user.appends, *user.overrides):
            yield "policy instance", policy.limit.instance
        for assignment in user.assignments:
            yield "role", assignment.role
            if assignment.place is not None:
                yield "place", assignment.place
    for integration in policy_set.integrations:
        yield from (("role", ref.name) for ref in (*integration.roles, integration.mirror) if ref is not None)
        yield from (("resource", ref.name) for ref in integration.objects)


def _required(requirement: ir.Requirement | None) -> Iterator[tuple[str, str]]:
    for atom in atoms(requirement):
        match atom:
            case ir.RequiresGrant(action=action, resource=resource, place_kind=kind):
                yield from _permission(resource, (action,), ())
                if kind is not None:
                    yield "kind of place", kind
            case ir.RequiresFeature(feature=feature):
                yield "feature", feature


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
