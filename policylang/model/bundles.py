"""Pass: what roles and groups hold, and denies for everyone."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from policylang.diagnostics import quoted
from policylang.model.conditions import weight
from policylang.model.context import Context
from policylang.model.model import ResourceModel, place_of
from policylang.model.paths import ConditionScope
from policylang.model.policies import check_limit
from policylang.model.report import Site
from policylang.model.symbols import unknown
from policylang.model.targets import check_any_resource, check_some_have, is_named
from policylang.model.typing import type_condition
from policylang.model.world import chain, cycles, too_deep, ways
from policylang.source import Source
from policylang.syntax import ast, expressions


def check_bundles(context: Context) -> None:
    """Report what is wrong inside roles and groups, and roles that contain themselves."""
    sites = [site for kind in ("role", "group") for _, site in context.symbols.every(kind)]
    sites += [site for site in context.symbols.duplicates if isinstance(site.node, (ast.Role, ast.Group))]
    for site in sites:
        node: Any = site.node
        for item in node.items:
            _check_item(context, site.source, node, item)
        context.once(site.source, node.items, ast.Portal)
    for site in context.symbols.statements:
        if isinstance(site.node, ast.Deny):
            check_deny(context, site.source, site.node)
    _check_cycles(context)


def _check_item(context: Context, source: Source, owner: Any, item: ast.BundleItem) -> None:
    match item:
        case ast.Includes(roles=roles) | ast.MayAssign(roles=roles):
            context.find_each("role", source, roles)
        case ast.Grant():
            check_grant(context, source, item)
        case ast.Deny():
            check_deny(context, source, item)
        case ast.Limit():
            check_limit(context, source, item)
        case ast.Portal() | ast.Performs() if isinstance(owner, ast.Group):
            word = source.text[item.start_pos :].split(None, 1)[0]
            message = f"expected an item of a group, found {quoted(word)}"
            help = f"`{word}` belongs in a role; put the role in the group"
            context.report.error("PL100", source, item, message, help)
        case ast.Portal(name=name):
            context.find("portal", source, name)
        case ast.Performs(tasks=tasks):
            context.find_each("task", source, tasks)


def check_grant(context: Context, source: Source, node: ast.Grant) -> None:
    """Report the names in a grant that are not declared."""
    named = [context.once(source, node.clauses, kind) for kind in (ast.Fields, ast.Except, ast.Including)]
    context.once(source, node.clauses, ast.Because)
    fields = tuple(name for clause in named if clause is not None for name in clause.names)  # type: ignore[attr-defined]
    _check_target(context, source, node, fields)


def check_deny(context: Context, source: Source, node: ast.Deny) -> None:
    """Report the names in a deny that are not declared, and file its condition."""
    named = context.once(source, node.clauses, ast.Fields)
    excepted = context.once(source, node.clauses, ast.Except)
    context.once(source, node.clauses, ast.Because)
    block = context.once(source, node.clauses, ast.ConditionBlock)
    fields = (*(named.names if named else ()), *(excepted.names if excepted else ()))
    resources = _check_target(context, source, node, fields)
    if excepted is not None:
        _check_exclusion(context, source, node, named, excepted, resources)
    if block is None:
        return
    if isinstance(node.target, ast.AllResources):
        message = "a condition can only use attributes of one resource, not of all resources"
        help = "write `on any resource with …` and name the attributes that the condition needs"
        context.report.error("PL103", source, block, message, help)
    elif resources:
        only = None
        if isinstance(node.target, ast.AnyResource):
            only = frozenset(name.value for name in node.target.attributes)
        typed = type_condition(ConditionScope(context.world, resources[0], source, {}, only), block.condition)
        if typed is not None and context.expand(source, node, weight(typed) * (len(resources) - 1)):
            context.model.conditions[place_of(source, node)] = typed


def _check_exclusion(
    context: Context,
    source: Source,
    node: ast.Deny,
    named: ast.Fields | None,
    excepted: ast.Except,
    resources: list[str],
) -> None:
    """A deny that names the attributes as well, or of which `except` leaves nothing."""
    if named is not None:
        message = "a deny lists attributes with `(…)` or with `except`, not both"
        context.report.error("PL102", source, excepted, message, "keep one of the two")
        return
    kept = {name.value for name in excepted.names}
    if resources and all(_is_whole(context.model.resources[name], kept) for name in resources):
        of = f" of {quoted(node.target.value)}" if isinstance(node.target, expressions.Name) else ""
        message = f"`except` names every attribute{of}: nothing is denied"
        context.report.error("PL102", source, excepted, message, "delete the deny, or name fewer attributes")


def _is_whole(resource: ResourceModel, names: set[str]) -> bool:
    """Whether the names are all attributes of the resource, which has some."""
    return bool(resource.attributes) and resource.attributes.keys() <= names


def is_every_action(names: tuple[expressions.Name, ...]) -> bool:
    """Whether the actions are the word `all`."""
    return len(names) == 1 and names[0].value == "all"


def _check_target(
    context: Context, source: Source, node: ast.Grant | ast.Deny, fields: tuple[expressions.Name, ...]
) -> list[str]:
    """The resources that a grant or deny is about, where conditions and attributes can be said of them."""
    if isinstance(node.target, ast.AnyResource):
        return _check_any_resource(context, source, node, node.target, fields)
    if isinstance(node.target, ast.AllResources):
        context.expand(source, node, len(context.model.resources))
        if fields:
            word = "grant" if isinstance(node, ast.Grant) else "deny"
            message = "attributes belong to one resource, not to all resources"
            help = f"write a {word} for each resource, or remove the attributes"
            context.report.error("PL103", source, fields[0], message, help)
        for name in () if is_every_action(node.actions) else node.actions:
            if name.value not in context.every_action and not context.symbols.is_block_hidden("resource"):
                unknown(context.report, source, name, "action", context.every_action, "no resource has it")
        return []
    resource = context.resource(source, node.target)
    if resource is None:
        return []
    if is_every_action(node.actions):
        if not resource.actions:
            message = f"{quoted(node.target.value)} has no actions"
            context.report.error("PL101", source, node.actions[0], message, "declare some: `actions view, modify`")
    else:
        context.actions(source, _without_all(context, source, node), resource, node.target.value)
    context.fields(source, fields, resource, node.target.value)
    return [node.target.value]


def _without_all(context: Context, source: Source, node: ast.Grant | ast.Deny) -> tuple[expressions.Name, ...]:
    """The named actions; reports `all` among them."""
    for name in node.actions:
        if name.value == "all":
            message = "`all` cannot be listed with other actions"
            context.report.error("PL100", source, name, message, "write `grant all on …`, or name the actions")
    return tuple(name for name in node.actions if name.value != "all")


def _check_any_resource(
    context: Context,
    source: Source,
    node: ast.Grant | ast.Deny,
    target: ast.AnyResource,
    fields: tuple[expressions.Name, ...],
) -> list[str]:
    """An action that is named counts on the resources that have it."""
    resources = check_any_resource(context, source, target)
    context.expand(source, node, len(resources))
    if resources and not is_every_action(node.actions):
        check_some_have(context, source, _without_all(context, source, node), resources)
    is_named(context, source, target, fields)
    return resources


def _inside(site: Site, roles: Container[str]) -> list[str]:
    """The roles directly in a role or group."""
    items: Any = site.node.items  # type: ignore[attr-defined]
    return [
        role.value for item in items if isinstance(item, ast.Includes) for role in item.roles if role.value in roles
    ]


def _check_cycles(context: Context) -> None:
    roles: dict[str, Site] = dict(context.symbols.every("role"))
    edges = {name: _inside(site, roles) for name, site in roles.items()}
    of_roles = ways(edges)
    groups = (_inside(site, roles) for _, site in context.symbols.every("group"))
    of_groups = (1 + sum(of_roles[name] for name in inside) for inside in groups)
    context.model.ways = max([*of_roles.values(), *of_groups], default=0)
    for deep in too_deep(edges, context.limits.role_depth):
        message = f"the role {quoted(deep)} has roles inside one another more than {context.limits.role_depth} deep"
        help = "put the inner roles directly in it"
        node: Any = roles[deep].node
        context.report.error("PL110", roles[deep].source, node.name, message, help)
    for cycle in cycles(edges, roles):
        site = roles[cycle[0]]
        inner = cycle[1] if len(cycle) > 1 else cycle[0]
        items: Any = site.node.items  # type: ignore[attr-defined]
        name = next(r for i in items if isinstance(i, ast.Includes) for r in i.roles if r.value == inner)
        message = f"a role contains itself: {chain(cycle)}"
        context.report.error("PL105", site.source, name, message, "move what the roles share into a separate role")
