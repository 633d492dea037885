"""Pass: separations of duties, invariants and reviews."""

from __future__ import annotations

from policylang.diagnostics import quoted
from policylang.model.context import Build, Context
from policylang.model.typing import type_condition
from policylang.model.values import date, duration
from policylang.syntax import ast, expressions


def check_statements(build: Build) -> None:
    """Report what is wrong with statements about the whole policy set, and file the conditions of invariants."""
    labels: dict[str, expressions.Text] = {}
    for site in build.symbols.statements:
        context = build.within(site.source)
        match site.node:
            case ast.Separation():
                _check_separation(context, site.node)
            case ast.Invariant():
                if labels.setdefault(site.node.label.value, site.node.label) is not site.node.label:
                    message = f"the invariant {quoted(site.node.label.value)} is declared twice"
                    context.error("PL102", site.node.label, message, "rename one of the two")
                _check_invariant(context, site.node)
            case ast.Review():
                _check_review(context, site.node)


_SEVERITIES = ("low", "medium", "high")


def _check_separation(context: Context, node: ast.Separation) -> None:
    seen: dict[tuple[str, str], ast.Permission] = {}
    for each in node.permissions:
        context.permission(each.resource, (each.action,))
        first = seen.setdefault((each.action.value, each.resource.value), each)
        if first is not each and node.most is None:
            message = "both sides of the separation are the same permission"
            context.error("PL102", node, message, "name two permissions")
        elif first is not each:
            message = f"{each.action.value} on {quoted(each.resource.value)} is listed twice"
            context.error("PL102", each, message, "delete one of the two")
    if node.most is not None:
        _check_most(context, node.most, len(seen))
    if node.severity is not None and node.severity.value not in _SEVERITIES:
        context.unknown(node.severity, "severity", _SEVERITIES)


_MOST_DIGITS = 9


def _check_most(context: Context, most: expressions.Number, permissions: int) -> None:
    """A number that some users could break and others keep."""
    number = int(most.value) if most.value.isdigit() and len(most.value) <= _MOST_DIGITS else 0
    if number < 1:
        message = f"{quoted(most.value[: _MOST_DIGITS + 1])} is not a number of permissions"
        help = "write `at most 1 of`; for what nobody may do, an invariant: `no user can …`"
        context.error("PL103", most, message, help)
    elif number >= permissions:
        message = f"nobody can hold more than {number} of {permissions}"
        help = "list more permissions, or write a smaller number"
        context.error("PL103", most, message, help)


def _check_invariant(context: Context, node: ast.Invariant) -> None:
    for selector in node.selectors:
        context.find(selector.kind, selector.name)
    resource = context.permission(node.resource, node.actions, (node.field,) if node.field else ())
    if resource is not None and node.condition is not None:
        typed = type_condition(context.scope(node.resource.value), node.condition)
        if typed is not None:
            context.model.conditions[context.at(node)] = typed


def _check_review(context: Context, node: ast.Review) -> None:
    context.find(node.kind, node.subject)
    every = duration(context, node.every)
    if every is not None and not every.amount:
        message = "a review that is due again as soon as it is over"
        context.error("PL103", node.every, message, "write how long one counts, such as `every 90 days`")
    if node.last is not None:
        date(context, node.last)
