"""Pass: users, jobs, tasks and integrations."""

from __future__ import annotations

from typing import Any

from policylang.diagnostics import quoted
from policylang.model.bundles import check_deny, check_grant
from policylang.model.conditions import Constant
from policylang.model.context import Context
from policylang.model.instants import never_active
from policylang.model.model import place_of
from policylang.model.policies import check_limit
from policylang.model.report import Site, related
from policylang.model.symbols import unknown
from policylang.model.types import DurationType, SetType, Type
from policylang.model.values import mismatch, moment, of_user
from policylang.source import Source
from policylang.syntax import ast, expressions


def check_people(context: Context) -> None:
    """Report what is wrong with users, jobs, tasks and integrations, and file users' attribute values."""
    symbols = context.symbols
    every = [site for kind in ("user", "job", "task", "integration") for _, site in symbols.every(kind)]
    for site in [*every, *symbols.duplicates]:
        match site.node:
            case ast.User():
                _check_user(context, site.source, site.node)
            case ast.Job(items=items):
                for item in items:
                    context.find_each("role", site.source, item.roles)
            case ast.Task(needs=needs):
                for need in needs:
                    _check_need(context, site.source, need)
            case ast.Integration():
                _check_integration(context, site.source, site.node)


def _check_user(context: Context, source: Source, node: ast.User) -> None:
    groups = context.distinct(source, node.groups, "group")
    for name in groups:
        context.find("group", source, name)
    for name in groups[1:]:
        message = f"the user {quoted(node.id.value)} is in two groups"
        help = "a user is in at most one group: give the second one's rights as a role"
        first = related(Site(source, groups[0]), "the first group is here")
        context.report.error("PL108", source, name, message, help, first)
    if node.job is not None:
        context.find("job", source, node.job)
    given: dict[str, ast.UserAttribute] = {}
    for item in node.items:
        match item:
            case ast.UserAttribute():
                if given.setdefault(item.name.value, item) is not item:
                    message = f"the attribute {quoted(item.name.value)} is given twice"
                    help = "delete one of the two"
                    there = related(Site(source, given[item.name.value]), "first given here")
                    context.report.error("PL102", source, item.name, message, help, there)
                else:
                    _check_attribute(context, source, item)
            case ast.Append(limit=limit) | ast.Override(limit=limit):
                check_limit(context, source, limit)
            case ast.Assignment():
                _check_assignment(context, source, item)
            case ast.Grant():
                check_grant(context, source, item)
            case ast.Deny():
                check_deny(context, source, item)
            case ast.Limit():
                check_limit(context, source, item)


def _check_attribute(context: Context, source: Source, item: ast.UserAttribute) -> None:
    if context.world.subject is None:
        return
    name = item.name
    if name.value not in context.world.subject:
        help = f"declare it: `subject {{ {name.value} : text }}`"
        unknown(context.report, source, name, "attribute", context.world.subject, help, "subject")
        return
    type_ = context.world.subject[name.value]
    if type_ is None:
        return
    value: Constant | tuple[Constant, ...] | None
    if isinstance(type_, SetType):
        value = _set(context, source, item, type_)
    else:
        value = _constant(context, source, item.value, type_, quoted(name.value))
    if value is not None:
        context.model.values[place_of(source, item)] = value


def _set(context: Context, source: Source, item: ast.UserAttribute, type_: SetType) -> tuple[Constant, ...] | None:
    if not isinstance(item.value, expressions.List):
        mismatch(
            context.report, source, item.value, quoted(item.name.value), type_, "one value is not", "write `[a, b]`"
        )
        return None
    values = [_constant(context, source, v, type_.of, quoted(item.name.value)) for v in item.value.items]
    return None if None in values else tuple(v for v in values if v is not None)


def _constant(context: Context, source: Source, node: Any, type_: Type, what: str) -> Constant | None:
    if isinstance(node, expressions.Path) and not node.subject and len(node.steps) == 1:
        node = node.steps[0]
    if isinstance(node, (expressions.Path, expressions.List)):
        mismatch(context.report, source, node, what, type_, "this is not", "give one constant")
        return None
    if isinstance(type_, DurationType) and isinstance(node, expressions.Text):
        node = _duration_in_text(node)
    return of_user(context.constants, source, node, type_, what)


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


def _check_assignment(context: Context, source: Source, node: ast.Assignment) -> None:
    context.find("role", source, node.role)
    at_place = context.once(source, node.clauses, ast.AtPlace)
    first = context.once(source, node.clauses, ast.FromDate)
    last = context.once(source, node.clauses, ast.UntilDate)
    context.once(source, node.clauses, ast.Because)
    context.once(source, node.clauses, ast.ApprovedBy)
    if at_place is not None:
        _check_place(context, source, at_place)
    _check_dates(context, source, first, last, "assignment")


def _check_dates(
    context: Context, source: Source, first: ast.FromDate | None, last: ast.UntilDate | None, what: str
) -> None:
    start = first and moment(context.report, source, first.date, first.time)
    end = last and moment(context.report, source, last.date, last.time)
    wrong = never_active(end, start, context.timezone, what) if start and end else None
    if wrong is not None and last is not None:
        context.report.error("PL109", source, last.date, *wrong)


def _check_place(context: Context, source: Source, node: ast.AtPlace) -> None:
    kind_known = context.find("kind of place", source, node.kind)
    site = context.symbols.find(context.report, "place", source, node.place)
    if site is None or not kind_known:
        return
    kind = site.node.kind.value  # type: ignore[attr-defined]
    if kind != node.kind.value:
        message = f"{quoted(node.place.value)} is of the kind {quoted(kind)}, not {quoted(node.kind.value)}"
        help = f'write `at {kind} "{node.place.value}"`'
        context.report.error("PL103", source, node, message, help, related(site, "declared here"))


def _check_need(context: Context, source: Source, need: ast.Need) -> None:
    resource = context.resource(source, need.resource)
    if resource is not None:
        context.actions(source, need.actions, resource, need.resource.value)
        context.fields(source, need.fields.names if need.fields else (), resource, need.resource.value)


def _check_integration(context: Context, source: Source, node: ast.Integration) -> None:
    roles = tuple(role for item in node.items if isinstance(item, ast.Includes) for role in item.roles)
    context.find_each("role", source, roles)
    first = context.once(source, node.items, ast.FromDate)
    last = context.once(source, node.items, ast.UntilDate)
    _check_dates(context, source, first, last, "integration")
    mirror = context.once(source, node.items, ast.Mirror)
    if mirror is not None:
        context.find("role", source, mirror.role)
    for item in node.items:
        if isinstance(item, ast.Objects):
            context.find_each("resource", source, item.resources)
