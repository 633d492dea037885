"""Paths: from names with dots to typed values of records, users and requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from policylang.diagnostics import quoted
from policylang.model import conditions as ir
from policylang.model.context import ConditionScope
from policylang.model.elsewhere import as_here
from policylang.model.model import Attributes
from policylang.model.types import BoolType, RecordType, TextType, Type, UserType
from policylang.model.values import mismatch
from policylang.suggest import closest
from policylang.syntax import expressions

_THE_USER_HELP = "write `assigned user` for the user who makes the request"

Root = Literal["record", "subject", "request"]


def is_known(scope: ConditionScope, word: str | None) -> bool:
    """Whether the first name of a path has a meaning, or may have one that a syntax error hides."""
    attributes = scope.attributes
    return attributes is None or word in attributes or word in scope.parameters


def resolve_path(scope: ConditionScope, node: expressions.Path, other: Type | None = None) -> ir.Operand | None:
    """The value that a path leads to, or ``None`` after a report.

    ``other`` is the type of what it is compared with, where that is known; it makes better help.
    """
    where = scope.at(node)
    if node.subject:
        return _follow(scope, "subject", UserType(None), node.steps, where)
    first, *later = node.steps
    if first.value in scope.parameters and not later:
        bound = scope.parameters[first.value]
        return ir.Constant(bound.type, bound.value, where)
    attributes = scope.attributes
    if _written_elsewhere(scope, node):
        return None
    if first.value == "request" and later and _is_request(scope, later[0]):
        return _enter(scope, "request", scope.request, later, where, "request")
    if scope.only is not None and attributes and first.value in attributes and first.value not in scope.only:
        message = f"this applies to any resource, and not all have {quoted(first.value)}"
        help = f"add it: `with {', '.join([*sorted(scope.only), first.value])}`"
        scope.error("PL101", first, message, help)
        return None
    return _enter(scope, "record", attributes, node.steps, where, scope.resource, other)


def _written_elsewhere(scope: ConditionScope, node: expressions.Path) -> bool:
    """Whether a path is written as another tool writes it, which is reported."""
    attributes, names = scope.attributes, [step.value for step in node.steps]
    if attributes is None or is_known(scope, names[0]):
        return False
    if names[0] == "request" and len(names) > 1 and (scope.request is None or names[1] in scope.request):
        return False
    by = as_here(names, scope.resource, attributes, scope.subject or (), scope.request or ())
    if by is None:
        return False
    if by == "assigned user":
        help = _THE_USER_HELP
    elif by in attributes:
        help = f"write the record's own attributes without a prefix: `{by}`"
    else:
        help = f"write `{by}`"
    message = f"unknown attribute {quoted(names[0])} of `{scope.resource}`"
    scope.error("PL101", node.steps[0], message, help, replace=node, by=by)
    return True


def _is_request(scope: ConditionScope, second: expressions.Name) -> bool:
    """Whether `request.…` speaks of the request; an attribute `request` of the record comes after it."""
    known = scope.request is None or second.value in scope.request
    return known or scope.attributes is None or "request" not in scope.attributes


def _enter(
    scope: ConditionScope,
    root: Root,
    attributes: Attributes | None,
    steps: Sequence[expressions.Name],
    where: str,
    owner: str,
    other: Type | None = None,
) -> ir.Operand | None:
    """Take the first step of a path, an attribute of ``owner``, and follow the others."""
    first, *later = steps
    is_known = attributes is None or first.value in attributes
    help = "" if is_known or later else _help(first, other)
    found = _attribute(scope, attributes, first, owner, help)
    return None if found is None else _follow(scope, root, found, later, where, (first.value,))


def _attribute(
    scope: ConditionScope,
    attributes: Attributes | None,
    step: expressions.Name,
    owner: str,
    help: str = "",
) -> Type | None:
    """The type of an attribute; ``None`` after a report, here or where it is declared."""
    if attributes is None:
        return None
    if step.value not in attributes:
        if owner == "request":
            help = help or f"declare it: `request {{ {step.value} : text }}`"
        near = closest(step.value, [*scope.parameters, *attributes]) if help.startswith("put") else None
        if help.startswith(("write", "put")) and near is None:
            message = f"unknown attribute {quoted(step.value)} of `{owner}`"
            by = "assigned user" if help == _THE_USER_HELP else f'"{step.value}"' if help.endswith('"`') else None
            scope.error("PL101", step, message, help, by=by)
        else:
            candidates = [*scope.parameters, *attributes]
            scope.unknown(step, "attribute", candidates, help, owner)
        return None
    return attributes[step.value]


def joins_conditions(scope: ConditionScope, node: expressions.Path) -> bool:
    """Whether words of the path are `and` or `or`: then something before them is no condition, which is reported.

    A name may consist of several words, so the parser takes `vip and status is lead` for a comparison of one name.
    """
    for step in node.steps:
        words = scope.text(step).split()
        joint = next((word for word in words[1:] if word in ("and", "or")), None)
        if joint is None:
            continue
        first = "_".join(words[: words.index(joint)])
        type_ = (scope.attributes or {}).get(first)
        if isinstance(type_, BoolType):
            help = f"write `{first} is true`"
        elif type_ is not None:
            help = f"compare it: `{first} is …`, `{first} is present`"
        else:
            help = "write a comparison on each side; for one of several values write `… in [a, b]`"
        message = f"{quoted(first)} is not a condition, so `{joint}` cannot join it"
        scope.error("PL100", step, message, help)
        return True
    return False


def _help(step: expressions.Name, other: Type | None) -> str:
    if closest(step.value, ["assigned_user", "current_user"]):
        return _THE_USER_HELP
    if isinstance(other, BoolType):
        return "write `true` or `false`"
    if isinstance(other, (TextType, UserType)):
        return f'put text in quotes: `"{step.value}"`'
    return ""


def _follow(
    scope: ConditionScope,
    root: Root,
    type_: Type,
    steps: Sequence[expressions.Name],
    where: str,
    before: tuple[str, ...] = (),
) -> ir.Operand | None:
    """Go on from a value of ``type_`` along the steps that are left."""
    names = list(before)
    for step in steps:
        match type_:
            case UserType():
                following = _attribute(scope, scope.subject, step, "subject")
            case RecordType(resource):
                following = _attribute(scope, scope.model.attributes_of(resource), step, resource)
            case _:
                why = "only users and related records have attributes"
                mismatch(scope, step, quoted(names[-1]), type_, "it has no attributes", why)
                return None
        if following is None:
            return None
        type_ = following
        names.append(step.value)
    return ir.Path(root, tuple(names), type_, where)
