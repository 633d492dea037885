"""Pass: users, jobs, tasks and integrations."""

from __future__ import annotations

from typing import Any

from policylang.diagnostics import quoted
from policylang.model.bundles import check_item
from policylang.model.conditions import Constant
from policylang.model.context import Build, Context
from policylang.model.instants import never_active
from policylang.model.policies import check_limit
from policylang.model.report import Site, related
from policylang.model.types import DurationType, SetType, Type
from policylang.model.values import mismatch, moment, of_user
from policylang.syntax import ast, expressions


def check_people(build: Build) -> None:
    """Report what is wrong with users, jobs, tasks and integrations, and file users' attribute values."""
    symbols = build.symbols
    every = [site for kind in ("user", "job", "task", "integration") for _, site in symbols.every(kind)]
    for site in [*every, *symbols.duplicates]:
        context = build.within(site.source)
        match site.node:
            case ast.User():
                _check_user(context, site.node)
            case ast.Job(items=items):
                for item in items:
                    context.find_each("role", item.roles)
            case ast.Task(needs=needs):
                for need in needs:
                    context.permission(need.resource, need.actions, need.fields.names if need.fields else ())
            case ast.Integration():
                _check_integration(context, site.node)


def _check_user(context: Context, node: ast.User) -> None:
    groups = context.distinct(node.groups, "group")
    for name in groups:
        context.find("group", name)
    for name in groups[1:]:
        message = f"the user {quoted(node.id.value)} is in two groups"
        help = "a user is in at most one group: give the second one's rights as a role"
        first = related(Site(context.source, groups[0]), "the first group is here")
        context.error("PL108", name, message, help, first)
    if node.job is not None:
        context.find("job", node.job)
    given: dict[str, ast.UserAttribute] = {}
    for item in node.items:
        match item:
            case ast.UserAttribute():
                if given.setdefault(item.name.value, item) is not item:
                    message = f"the attribute {quoted(item.name.value)} is given twice"
                    help = "delete one of the two"
                    there = related(Site(context.source, given[item.name.value]), "first given here")
                    context.error("PL102", item.name, message, help, there)
                else:
                    _check_attribute(context, item)
            case ast.Append(limit=limit) | ast.Override(limit=limit):
                check_limit(context, limit)
            case ast.Assignment():
                _check_assignment(context, item)
            case _:
                check_item(context, node, item)


def _check_attribute(context: Context, item: ast.UserAttribute) -> None:
    if context.subject is None:
        return
    name = item.name
    if name.value not in context.subject:
        help = f"declare it: `subject {{ {name.value} : text }}`"
        context.unknown(name, "attribute", context.subject, help, "subject")
        return
    type_ = context.subject[name.value]
    if type_ is None:
        return
    value: Constant | tuple[Constant, ...] | None
    if isinstance(type_, SetType):
        value = _set(context, item, type_)
    else:
        value = _constant(context, item.value, type_, quoted(name.value))
    if value is not None:
        context.model.values[context.at(item)] = value


def _set(context: Context, item: ast.UserAttribute, type_: SetType) -> tuple[Constant, ...] | None:
    if not isinstance(item.value, expressions.List):
        mismatch(context, item.value, quoted(item.name.value), type_, "one value is not", "write `[a, b]`")
        return None
    values = [_constant(context, v, type_.of, quoted(item.name.value)) for v in item.value.items]
    return None if None in values else tuple(v for v in values if v is not None)


def _constant(context: Context, node: Any, type_: Type, what: str) -> Constant | None:
    if isinstance(node, expressions.Path) and not node.subject and len(node.steps) == 1:
        node = node.steps[0]
    if isinstance(node, (expressions.Path, expressions.List)):
        mismatch(context, node, what, type_, "this is not", "give one constant")
        return None
    if isinstance(type_, DurationType) and isinstance(node, expressions.Text):
        node = _duration_in_text(node)
    return of_user(context, node, type_, what)


def _duration_in_text(node: expressions.Text) -> expressions.Text | expressions.Duration:
    """Users' attributes give a duration as a text, `"30 days"`, because a name begins the next attribute there."""
    words = node.value.split(" ")
    if len(words) != 2 or not (words[0].isascii() and words[0].isdigit()):
        return node
    start = node.start_pos + 1
    middle = start + len(words[0])
    amount = expressions.Number(start, middle, words[0])
    return expressions.Duration(
        start, node.end_pos - 1, amount, expressions.Name(middle + 1, node.end_pos - 1, words[1])
    )


def _check_assignment(context: Context, node: ast.Assignment) -> None:
    context.find("role", node.role)
    at_place = context.once(node.clauses, ast.AtPlace)
    first = context.once(node.clauses, ast.FromDate)
    last = context.once(node.clauses, ast.UntilDate)
    context.once(node.clauses, ast.Because)
    context.once(node.clauses, ast.ApprovedBy)
    if at_place is not None:
        _check_place(context, at_place)
    _check_dates(context, first, last, "assignment")


def _check_dates(context: Context, first: ast.FromDate | None, last: ast.UntilDate | None, what: str) -> None:
    start = first and moment(context, first.date, first.time)
    end = last and moment(context, last.date, last.time)
    wrong = never_active(end, start, context.timezone, what) if start and end else None
    if wrong is not None and last is not None:
        context.error("PL109", last.date, *wrong)


def _check_place(context: Context, node: ast.AtPlace) -> None:
    kind_known = context.find("kind of place", node.kind)
    site = context.find("place", node.place)
    if site is None or not kind_known:
        return
    kind = site.node.kind.value
    if kind != node.kind.value:
        message = f"{quoted(node.place.value)} is of the kind {quoted(kind)}, not {quoted(node.kind.value)}"
        help = f'write `at {kind} "{node.place.value}"`'
        context.error("PL103", node, message, help, related(site, "declared here"))


def _check_integration(context: Context, node: ast.Integration) -> None:
    roles = tuple(role for item in node.items if isinstance(item, ast.Includes) for role in item.roles)
    context.find_each("role", roles)
    first = context.once(node.items, ast.FromDate)
    last = context.once(node.items, ast.UntilDate)
    _check_dates(context, first, last, "integration")
    mirror = context.once(node.items, ast.Mirror)
    if mirror is not None:
        context.find("role", mirror.role)
    for item in node.items:
        if isinstance(item, ast.Objects):
            context.find_each("resource", item.resources)
