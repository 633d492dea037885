"""Pass: what roles and groups hold, and denies for everyone."""

from __future__ import annotations

from collections.abc import Container

from policylang.diagnostics import quoted
from policylang.model.conditions import weight
from policylang.model.context import Build, Context
from policylang.model.policies import check_limit
from policylang.model.report import Site
from policylang.model.targets import check_any_resource, check_some_have, is_named
from policylang.model.typing import type_condition
from policylang.model.world import chain, cycles, too_deep, ways
from policylang.syntax import ast, expressions


def check_bundles(build: Build) -> None:
    """Report what is wrong inside roles and groups, and roles that contain themselves."""
    symbols = build.symbols
    sites = [site for kind in ("role", "group") for _, site in symbols.every(kind)]
    sites += [site for site in symbols.duplicates if isinstance(site.node, (ast.Role, ast.Group))]
    for site in sites:
        context, node = build.within(site.source), site.node
        for item in node.items:
            check_item(context, node, item)
        context.once(node.items, ast.Portal)
    for site in symbols.statements:
        if isinstance(site.node, ast.Deny):
            _check_deny(build.within(site.source), site.node)
    _check_cycles(build)


def check_item(context: Context, owner: ast.Role | ast.Group | ast.User, item: ast.BundleItem) -> None:
    """Report what is wrong with an item of a role or group, or with one of the kinds that a user may have as well."""
    match item:
        case ast.Includes(roles=roles) | ast.MayAssign(roles=roles):
            context.find_each("role", roles)
        case ast.Grant():
            _check_grant(context, item)
        case ast.Deny():
            _check_deny(context, item)
        case ast.Limit():
            check_limit(context, item)
        case ast.Portal() | ast.Performs() if isinstance(owner, ast.Group):
            word = context.text(item).split(None, 1)[0]
            message = f"expected an item of a group, found {quoted(word)}"
            help = f"`{word}` belongs in a role; put the role in the group"
            context.error("PL100", item, message, help)
        case ast.Portal(name=name):
            context.find("portal", name)
        case ast.Performs(tasks=tasks):
            context.find_each("task", tasks)


def _check_grant(context: Context, node: ast.Grant) -> None:
    """Report the names in a grant that are not declared."""
    named = [context.once(node.clauses, kind) for kind in (ast.Fields, ast.Except, ast.Including)]
    context.once(node.clauses, ast.Because)
    fields = tuple(name for clause in named if clause is not None for name in clause.names)  # type: ignore[attr-defined]
    _check_target(context, node, fields)


def _check_deny(context: Context, node: ast.Deny) -> None:
    """Report the names in a deny that are not declared, and file its condition."""
    named = context.once(node.clauses, ast.Fields)
    excepted = context.once(node.clauses, ast.Except)
    context.once(node.clauses, ast.Because)
    block = context.once(node.clauses, ast.ConditionBlock)
    fields = (*(named.names if named else ()), *(excepted.names if excepted else ()))
    resources = _check_target(context, node, fields)
    if excepted is not None:
        _check_exclusion(context, node, named, excepted, resources)
    if block is None:
        return
    if isinstance(node.target, ast.AllResources):
        message = "a condition can only use attributes of one resource, not of all resources"
        help = "write `on any resource with …` and name the attributes that the condition needs"
        context.error("PL103", block, message, help)
    elif resources:
        only = None
        if isinstance(node.target, ast.AnyResource):
            only = frozenset(name.value for name in node.target.attributes)
        typed = type_condition(context.scope(resources[0], only=only), block.condition)
        if typed is not None and context.expand(node, weight(typed) * (len(resources) - 1)):
            context.model.conditions[context.at(node)] = typed


def _check_exclusion(
    context: Context, node: ast.Deny, named: ast.Fields | None, excepted: ast.Except, resources: list[str]
) -> None:
    """A deny that names the attributes as well, or of which `except` leaves nothing."""
    if named is not None:
        message = "a deny lists attributes with `(…)` or with `except`, not both"
        context.error("PL102", excepted, message, "keep one of the two")
        return
    kept = {name.value for name in excepted.names}
    attributes = [context.model.resources[name].attributes for name in resources]
    if attributes and all(each and each.keys() <= kept for each in attributes):
        of = f" of {quoted(node.target.value)}" if isinstance(node.target, expressions.Name) else ""
        message = f"`except` names every attribute{of}: nothing is denied"
        context.error("PL102", excepted, message, "delete the deny, or name fewer attributes")


def is_every_action(names: tuple[expressions.Name, ...]) -> bool:
    """Whether the actions are the word `all`."""
    return len(names) == 1 and names[0].value == "all"


def _check_target(context: Context, node: ast.Grant | ast.Deny, fields: tuple[expressions.Name, ...]) -> list[str]:
    """The resources that a grant or deny is about, where conditions and attributes can be said of them."""
    if isinstance(node.target, ast.AnyResource):
        resources = check_any_resource(context, node.target)
        context.expand(node, len(resources))
        if resources and not is_every_action(node.actions):
            # An action that is named counts on the resources that have it.
            check_some_have(context, _without_all(context, node), resources)
        is_named(context, node.target, fields)
        return resources
    if isinstance(node.target, ast.AllResources):
        context.expand(node, len(context.model.resources))
        if fields:
            word = "grant" if isinstance(node, ast.Grant) else "deny"
            message = "attributes belong to one resource, not to all resources"
            help = f"write a {word} for each resource, or remove the attributes"
            context.error("PL103", fields[0], message, help)
        for name in () if is_every_action(node.actions) else node.actions:
            if name.value not in context.model.every_action and not context.symbols.is_block_hidden("resource"):
                context.unknown(name, "action", context.model.every_action, "no resource has it")
        return []
    resource = context.resource_named(node.target)
    if resource is None:
        return []
    if is_every_action(node.actions):
        if not resource.actions:
            message = f"{quoted(node.target.value)} has no actions"
            context.error("PL101", node.actions[0], message, "declare some: `actions view, modify`")
    else:
        context.actions(_without_all(context, node), resource)
    context.fields(fields, resource)
    return [node.target.value]


def _without_all(context: Context, node: ast.Grant | ast.Deny) -> tuple[expressions.Name, ...]:
    """The named actions; reports `all` among them."""
    for name in node.actions:
        if name.value == "all":
            message = "`all` cannot be listed with other actions"
            context.error("PL100", name, message, "write `grant all on …`, or name the actions")
    return tuple(name for name in node.actions if name.value != "all")


def _inside(site: Site, roles: Container[str]) -> list[str]:
    """The roles directly in a role or group."""
    named = [role.value for item in site.node.items if isinstance(item, ast.Includes) for role in item.roles]
    return [name for name in named if name in roles]


def _check_cycles(build: Build) -> None:
    roles: dict[str, Site] = dict(build.symbols.every("role"))
    edges = {name: _inside(site, roles) for name, site in roles.items()}
    of_roles = ways(edges)
    groups = (_inside(site, roles) for _, site in build.symbols.every("group"))
    of_groups = (1 + sum(of_roles[name] for name in inside) for inside in groups)
    build.model.ways = max([*of_roles.values(), *of_groups], default=0)
    limit = build.limits.role_depth
    for deep in too_deep(edges, limit):
        message = f"the role {quoted(deep)} has roles inside one another more than {limit} deep"
        help = "put the inner roles directly in it"
        build.within(roles[deep].source).error("PL110", roles[deep].node.name, message, help)
    for cycle in cycles(edges, roles):
        site = roles[cycle[0]]
        inner = cycle[1] if len(cycle) > 1 else cycle[0]
        name = next(r for i in site.node.items if isinstance(i, ast.Includes) for r in i.roles if r.value == inner)
        message, help = f"a role contains itself: {chain(cycle)}", "move what the roles share into a separate role"
        build.within(site.source).error("PL105", name, message, help)
