"""What `on any resource with …` means where something is granted, denied or attached: resources of this policy set."""

from __future__ import annotations

from collections.abc import Mapping

from policylang.diagnostics import quoted
from policylang.model.context import Context
from policylang.model.model import ResourceModel
from policylang.model.report import Site, related
from policylang.model.types import Type, in_words
from policylang.syntax import ast, expressions


def having(resources: Mapping[str, ResourceModel], node: ast.AnyResource) -> list[str]:
    """The resources that have all attributes that `with` names, in order."""
    wanted = {name.value for name in node.attributes}
    return sorted(name for name, resource in resources.items() if wanted <= resource.attributes.keys())


def check_any_resource(context: Context, node: ast.AnyResource) -> list[str]:
    """The resources that are meant; none after a report. Each attribute has one type in all of them."""
    needed = context.distinct(node.attributes, "attribute")
    if not are_attributes(context, needed):
        return []
    resources = having(context.model.resources, node)
    if not resources and not context.symbols.is_block_hidden("resource"):
        names = ", ".join(quoted(name.value) for name in needed)
        message = f"no resource has all of {names}" if needed else "there is no resource"
        context.error("PL101", node, message, "leave attributes out, or name the resource")
    alike = [_has_one_type(context, name, resources) for name in needed]
    return resources if all(alike) else []


def are_attributes(context: Context, names: list[expressions.Name]) -> bool:
    """Whether each name is an attribute of some resource; reports those that are not."""
    strange = [name for name in names if name.value not in context.model.every_attribute]
    for name in () if context.symbols.is_block_hidden("resource") else strange:
        context.unknown(name, "attribute", context.model.every_attribute, "no resource has it")
    return not strange


def _has_one_type(context: Context, name: expressions.Name, resources: list[str]) -> bool:
    types: dict[Type, str] = {}
    for resource in resources:
        type_ = context.model.resources[resource].attributes[name.value]
        if type_ is None:
            return False  # reported where it is declared
        types.setdefault(type_, resource)
    if len(types) < 2:
        return True
    (one, first), (other, second) = list(types.items())[:2]
    attribute = name.value
    context.error(
        "PL103",
        name,
        f"{quoted(f'{first}.{attribute}')} is {in_words(one)}, {quoted(f'{second}.{attribute}')} is {in_words(other)}",
        "give the attribute one type, or name the resources",
        *(
            related(Site(declared.site.source, declared.nodes[attribute]), f"as {in_words(type_)}")
            for type_, declared in ((one, context.model.resources[first]), (other, context.model.resources[second]))
        ),
    )
    return False


def is_named(context: Context, node: ast.AnyResource, names: tuple[expressions.Name, ...]) -> None:
    """Report attributes that not all of the resources need have."""
    known = {name.value for name in node.attributes}
    for name in context.distinct(names, "attribute"):
        if name.value not in known:
            message = f"not every resource has {quoted(name.value)}"
            help = f"add it: `any resource with {', '.join([*sorted(known), name.value])}`"
            context.error("PL101", name, message, help)


def check_some_have(context: Context, names: tuple[expressions.Name, ...], resources: list[str]) -> None:
    """Report actions that none of the resources has."""
    actions = {action for name in resources for action in context.model.resources[name].actions}
    for name in context.distinct(names, "action"):
        if name.value not in actions:
            context.unknown(name, "action", actions, "none of these resources has it")
