"""Pass: policies, and the places where they are attached. Generic policies are expanded here."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from policylang.diagnostics import listed, quoted
from policylang.model.conditions import Constant, weight
from policylang.model.context import Build, Context
from policylang.model.model import Instance, ResourceModel
from policylang.model.report import DiagnosticLog, Site, related
from policylang.model.resources import resolve_type
from policylang.model.targets import are_attributes, check_any_resource, check_some_have
from policylang.model.types import Type, in_words, sample
from policylang.model.typing import type_condition
from policylang.model.values import literal
from policylang.syntax import ast, expressions


def check_policies(build: Build) -> None:
    """Check each policy by itself, and make the instances of those that need no arguments and no resource."""
    symbols = build.symbols
    sites = [site for _, site in symbols.every("policy")]
    sites += [site for site in symbols.duplicates if isinstance(site.node, ast.Policy)]
    for site in sites:
        context, node = build.within(site.source), site.node
        parameters = _parameters(context, node)
        is_first = symbols.names["policy"][node.name.value] is site
        if is_first:
            build.model.parameters[node.name.value] = parameters
        if isinstance(node.target, ast.AnyResource):
            _check_generic(context, node, parameters)
        else:
            _check_specific(context, node, parameters, is_first)


def _parameters(context: Context, node: ast.Policy) -> dict[str, Type | None]:
    found: dict[str, Type | None] = {}
    if len(node.parameters) > context.limits.parameters:
        message = f"{len(node.parameters)} parameters, the limit is {context.limits.parameters}"
        context.error("PL110", node.name, message, "split the policy")
    for parameter in node.parameters:
        if isinstance(parameter, ast.MisplacedValue):
            message = f"expected a parameter, found {quoted(parameter.name.value)}"
            help = f"give the parameter a type: `{parameter.name.value}: duration`"
            context.error("PL100", parameter, message, help)
        elif parameter.name.value in found:
            message = f"the parameter {quoted(parameter.name.value)} is declared twice"
            context.error("PL102", parameter.name, message, "rename one of the two")
        else:
            found[parameter.name.value] = resolve_type(context, parameter.type)
    return found


def _check_shadowing(context: Context, node: ast.Policy, attributes: Collection[str]) -> None:
    """A parameter named like an attribute would silently take its place in the condition."""
    for parameter in node.parameters:
        if parameter.name.value in attributes:
            message = f"the parameter {quoted(parameter.name.value)} has the name of an attribute"
            help = "rename the parameter, so that the condition can use both"
            context.error("PL102", parameter.name, message, help)


def _placeholders(parameters: dict[str, Type | None]) -> dict[str, Constant] | None:
    """Stand-ins to check a condition with, before any argument is known."""
    if None in parameters.values():
        return None
    return {name: Constant(type_, "", "") for name, type_ in parameters.items() if type_ is not None}


def _check_specific(context: Context, node: ast.Policy, parameters: dict[str, Type | None], is_first: bool) -> None:
    assert isinstance(node.target, expressions.Name)
    resource = context.permission(node.target, node.actions)
    if resource is None:
        return
    _check_shadowing(context, node, resource.attributes.keys())
    stand_ins = _placeholders(parameters)
    if stand_ins is None:
        return
    typed = type_condition(context.scope(node.target.value, stand_ins), node.condition)
    if typed is not None and not parameters and is_first and context.expand(node, weight(typed)):
        actions = tuple(name.value for name in node.actions) or None
        instance = Instance(node.name.value, node.name.value, (), node.target.value, actions, typed)
        context.model.instances[instance.id] = instance


def _check_generic(context: Context, node: ast.Policy, parameters: dict[str, Type | None]) -> None:
    """Check a policy on any resource against the resources that it fits, until one is found that it is right for."""
    assert isinstance(node.target, ast.AnyResource)
    needed = context.distinct(node.target.attributes, "attribute")
    are_attributes(context, needed)
    stand_ins = _placeholders(parameters)
    if stand_ins is None:
        return
    only = frozenset(name.value for name in needed)
    _check_shadowing(context, node, only)
    first: DiagnosticLog | None = None
    tried: set[tuple[Type | None, ...]] = set()
    for resource_name, resource in context.model.resources.items():
        types = tuple(resource.attributes.get(name) for name in sorted(only))
        if only <= resource.attributes.keys() and types not in tried:
            tried.add(types)
            scope = context.aside().scope(resource_name, stand_ins, only)
            if type_condition(scope, node.condition) is not None:
                return
            first = first or scope.report
    for found in first.diagnostics if first is not None else ():
        context.report.add(found)


# --- where policies are attached -----------------------------------------------------------------------------


def check_limit(context: Context, node: ast.Limit) -> None:
    """Check one attachment and file its instances, one for each resource."""
    site = context.find("policy", node.policy)
    if site is None:
        return
    policy: ast.Policy = site.node
    name = node.policy.value
    resources = _resources_of(context, node, site)
    arguments = _arguments(context, node, site)
    if not resources or arguments is None:
        return
    declared = [action.value for action in policy.actions]
    fitting = [each for each in resources if _limits_something(context.model.resources[each], declared, ())]
    if not fitting:
        of = quoted(resources[0]) if isinstance(node.resource, expressions.Name | None) else "no resource"
        message = f"it limits {listed(declared, 'and')}, {of} has {'none' if of != 'no resource' else 'any'} of them"
        _does_not_fit(context, node, message, site)
        return
    if isinstance(node.resource, ast.AnyResource):
        check_some_have(context, node.actions, fitting)
    else:
        context.actions(node.actions, context.model.resources[fitting[0]])
    for action in node.actions:
        known = any(action.value in context.model.resources[each].actions for each in fitting)
        if declared and known and action.value not in declared:
            message = f"the policy {quoted(name)} limits {', '.join(declared)} only"
            help = f"remove `{action.value}`"
            context.error("PL107", action, message, help, related(site, "declared here"))
    if isinstance(node.resource, ast.AnyResource):
        wanted = [action.value for action in node.actions]
        fitting = [each for each in fitting if _limits_something(context.model.resources[each], wanted, declared)]
    found = [_instance(context, node, site, each, arguments) for each in fitting]
    filed = tuple(each for each in found if each is not None)
    if len(filed) == len(found):
        context.model.limits[context.at(node)] = filed


def _limits_something(resource: ResourceModel, actions: list[str], declared: Collection[str]) -> bool:
    """Whether the resource has one of the actions, of those that the policy limits; none named are all."""
    return not actions or any(name in resource.actions and (not declared or name in declared) for name in actions)


def _instance(
    context: Context, node: ast.Limit, site: Site, resource: str, arguments: tuple[Constant, ...]
) -> str | None:
    """The id of the policy's instance on the resource, made where there is none yet; ``None`` after a report."""
    policy, model, only = site.node, context.model, None
    if isinstance(policy.target, ast.AnyResource):
        only = frozenset(name.value for name in policy.target.attributes)
    instance_id = _instance_id(node.policy.value, arguments, resource, only is not None)
    if instance_id in model.instances:
        return instance_id
    if instance_id in model.misfits or model.expanded > context.limits.expansion:
        return None
    bound = dict(zip(model.parameters[node.policy.value], arguments, strict=True))
    scope = context.aside().within(site.source).scope(resource, bound, only)
    typed = type_condition(scope, policy.condition)
    for found in scope.report.diagnostics if typed is None else ():
        # What is wrong with the policy itself was reported where it is declared.
        if found.location not in context.report.locations:
            _does_not_fit(context, node, found.message, site, found.help)
            break
    if typed is None or not context.expand(node, weight(typed)):
        model.misfits.add(instance_id)
        return None
    actions = tuple(action.value for action in policy.actions) or None
    model.instances[instance_id] = Instance(instance_id, node.policy.value, arguments, resource, actions, typed)
    return instance_id


def _resources_of(context: Context, node: ast.Limit, site: Site) -> list[str]:
    """The resources that a limit is about; none after a report."""
    policy: ast.Policy = site.node
    if isinstance(policy.target, expressions.Name):
        own, named = policy.target.value, node.resource
        if named is None or (isinstance(named, expressions.Name) and named.value == own):
            return [own] if own in context.model.resources else []
        if isinstance(named, ast.AnyResource) or context.resource_named(named) is not None:
            _does_not_fit(context, named, f"it is a policy on {quoted(own)}", site)
        return []
    if node.resource is None:
        message = f"{quoted(node.policy.value)} is a policy on any resource: name the resource it applies to"
        help = f"write `policy {context.source.text[node.policy.start_pos : node.end_pos]} on …`"
        context.error("PL107", node, message, help, related(site, "declared here"))
        return []
    if isinstance(node.resource, ast.AnyResource):
        resources = check_any_resource(context, node.resource)
        context.expand(node, len(resources))
    else:
        resources = [node.resource.value] if context.resource_named(node.resource) is not None else []
    for name in policy.target.attributes:
        if name.value not in context.model.every_attribute:
            return []  # reported where the policy is declared
        lacking = [each for each in resources if name.value not in context.model.resources[each].attributes]
        if lacking:
            help = ""
            if isinstance(node.resource, ast.AnyResource):
                names = sorted({*(each.value for each in node.resource.attributes), name.value})
                help = f"write `on any resource with {', '.join(names)}`"
            message = f"{quoted(lacking[0])} has no attribute {quoted(name.value)}"
            _does_not_fit(context, node.resource, message, site, help)
            return []
    return resources


def _does_not_fit(context: Context, node: expressions.Node, why: str, site: Site, help: str | None = None) -> None:
    message = f"the policy {quoted(site.node.name.value)} does not fit here: {why}"
    help = help or "choose another policy, or write one for this resource"
    context.error("PL107", node, message, help, related(site, "declared here"))


def _arguments(context: Context, node: ast.Limit, site: Site) -> tuple[Constant, ...] | None:
    """The arguments as constants of the parameters' types."""
    parameters = context.model.parameters[node.policy.value]
    if len(node.arguments) != len(parameters):
        wanted = ", ".join(sample(type_) for type_ in parameters.values())
        given = f"{len(node.arguments)} {'is' if len(node.arguments) == 1 else 'are'}"
        message = f"{quoted(node.policy.value)} takes {_count(len(parameters))}, {given} given"
        help = f"write `policy {node.policy.value}({wanted})`" if parameters else "remove the parentheses"
        context.error("PL104", node, message, help, related(site, "declared here"))
        return None
    values: list[Constant] = []
    for argument, (name, type_) in zip(node.arguments, parameters.items(), strict=True):
        value = _argument(context, argument, name, type_)
        if value is not None:
            values.append(value)
    return tuple(values) if len(values) == len(parameters) else None


def _argument(context: Context, node: expressions.Value, parameter: str, type_: Type | None) -> Constant | None:
    if type_ is None:
        return None
    written: Any = node
    if isinstance(node, expressions.Path):
        written = node.steps[0] if len(node.steps) == 1 and not node.subject else None
    aside = context.aside()
    value = None
    if written is not None and not isinstance(node, expressions.List):
        value = literal(aside, written, type_, f"the parameter {quoted(parameter)}")
    for found in aside.report.diagnostics:
        if found.code in ("PL103", "PL101"):
            context.error("PL104", node, found.message, found.help)
        else:
            context.report.add(found)
    if value is None and not aside.report.diagnostics:
        message = f"the parameter {quoted(parameter)} takes a constant: {in_words(type_)}"
        context.error("PL104", node, message, f"write a constant: `{sample(type_)}`")
    return value


def _count(parameters: int) -> str:
    return f"{parameters or 'no'} argument{'' if parameters == 1 else 's'}"


def _instance_id(policy: str, arguments: tuple[Constant, ...], resource: str, generic: bool) -> str:
    """``newer_than(90 days) on customer``"""
    values = f"({', '.join(_constant_text(a) for a in arguments)})" if arguments else ""
    return f"{policy}{values}{f' on {resource}' if generic else ''}"


def _constant_text(constant: Constant) -> str:
    """A constant in one line, in a form that no other constant of its type has."""
    value = constant.value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
