"""Conditions about trees of records: `customer is under assigned user.customer`."""

from __future__ import annotations

import re

from policylang.diagnostics import quoted
from policylang.model import conditions as ir
from policylang.model.context import ConditionScope
from policylang.model.operands import called, misfit, one_side, type_of, word_of
from policylang.model.paths import resolve_path
from policylang.model.types import RecordType, TextType, in_words
from policylang.syntax import expressions

_BEHIND = re.compile(r"under\s+(#.*\s+)*")


def as_under(scope: ConditionScope, node: expressions.Comparison) -> expressions.Under | None:
    """A comparison with a name that begins with `under`, as the test of a tree: `account is under customer.account`.

    Only the types tell the two apart: an attribute of that name comes first, and so does a value.
    """
    right = node.right
    if node.operator.value not in ("is", "is not") or not isinstance(right, expressions.Path) or right.subject:
        return None
    first, *later = right.steps
    rest = _BEHIND.match(scope.source.text, first.start_pos, first.end_pos)
    if rest is None or first.value in (scope.attributes or ()):
        return None
    if not _is_own(scope, node.left) and not isinstance(type_of(scope, node.left), RecordType):
        return None
    name = expressions.Name(rest.end(), first.end_pos, first.value.removeprefix("under_"))
    top = expressions.Path(name.start_pos, right.end_pos, None, (name, *later))
    return expressions.Under(node.start_pos, node.end_pos, node.left, node.operator, top)


def type_under(scope: ConditionScope, node: expressions.Under) -> ir.Under | None:
    """The typed test, without regard to a `not`; ``None`` after a report."""
    where = scope.at(node)
    if node.operator.value not in ("is", "is not"):
        message = f"`under` does not follow `{node.operator.value}`"
        scope.error("PL103", node.operator, message, "write `is under`")
        return None
    operand = _record(scope, node.operand)
    if operand is None:
        return None
    if isinstance(operand, ir.Constant) or not isinstance(operand.type, RecordType):
        misfit(scope, node.operand, operand.type, "`is under` asks for a record")
        return None
    name = operand.type.resource
    resource = scope.model.resources[name]
    if resource.tree is None:
        message = f"the records of {quoted(name)} form no tree"
        help = f"mark the relation of `{name}` to the record above: `parent : {name} as tree`"
        scope.error("PL103", node.operand, message, help)
        return None
    top: ir.Operand | None
    if isinstance(node.top, expressions.Path):
        top = _record(scope, node.top)
    else:
        top = one_side(scope, node.top, TextType(), node.operand)
    if top is None:
        return None
    if not isinstance(top.type, TextType) and top.type != operand.type:
        below, above = called(scope, node.operand), called(scope, node.top)
        message = f"{above} is {in_words(top.type)}, {below} is {in_words(operand.type)}"
        help = f"name a record of `{name}`, or its id"
        scope.error("PL103", node.top, message, help)
        return None
    return ir.Under(operand, resource.tree, resource.marked(resource.tree, "optional"), top, where)


def _is_own(scope: ConditionScope, node: expressions.Operand) -> bool:
    """Whether it is the name of the resource itself, and nothing else."""
    return (
        scope.only is None
        and word_of(node) == scope.resource
        and scope.resource not in scope.parameters
        and scope.resource not in (scope.attributes or ())
    )


def _record(scope: ConditionScope, node: expressions.Operand) -> ir.Operand | None:
    """A path, or the record that is asked about by the name of its resource; an attribute of that name comes first."""
    if _is_own(scope, node):
        return ir.Path("record", (), RecordType(scope.resource), scope.at(node))
    if not isinstance(node, expressions.Path):
        message = f"{called(scope, node)} is a constant, a record stands here"
        scope.error("PL103", node, message, "name a relation, or the resource itself")
        return None
    return resolve_path(scope, node, RecordType(scope.resource))
