"""Conditions: names resolved, types checked, words of the surface reduced to few kinds of node."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from policylang.diagnostics import quoted
from policylang.model import conditions as ir
from policylang.model.paths import Scope, World, joins_conditions, resolve_path
from policylang.model.report import Report, at
from policylang.model.types import (
    NUMBERS,
    ORDERED,
    BoolType,
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    EnumType,
    IpType,
    SetType,
    TextType,
    Type,
    UserType,
    in_words,
)
from policylang.model.values import literal, mismatch, natural_type, network
from policylang.syntax import ast


def type_condition(world: World, scope: Scope, node: ast.Condition) -> ir.Condition | None:
    """The typed condition, or ``None`` where something in it was reported."""
    match node:
        case ast.And(items=items) | ast.Or(items=items):
            typed = [type_condition(world, scope, item) for item in items]
            if None in typed:
                return None
            kind = ir.And if isinstance(node, ast.And) else ir.Or
            flat = [part for item in typed for part in (item.items if isinstance(item, kind) else (item,))]
            return kind(tuple(flat), at(scope.source, node))  # type: ignore[arg-type]
        case ast.Not(item=item):
            inner = type_condition(world, scope, item)
            return inner and negated(inner, at(scope.source, node))
        case ast.Presence():
            return _presence(world, scope, node)
        case ast.Membership():
            return _membership(world, scope, node)
        case ast.Comparison():
            return _comparison(world, scope, node)


def negated(condition: ir.Condition, where: str) -> ir.Condition:
    """``not``, without a second one on top of a first."""
    return condition.item if isinstance(condition, ir.Not) else ir.Not(condition, where)


# --- comparisons ---------------------------------------------------------------------------------------------

_ORDER: dict[str, Literal["lt", "le", "gt", "ge"]] = {
    "<": "lt",
    "before": "lt",
    "<=": "le",
    ">": "gt",
    "after": "gt",
    ">=": "ge",
}
_MIRRORED: dict[str, Literal["eq", "lt", "le", "gt", "ge"]] = {
    "eq": "eq",
    "lt": "gt",
    "le": "ge",
    "gt": "lt",
    "ge": "le",
}
_TIME: dict[str, Literal["within", "within_next", "older_than"]] = {
    "within": "within",
    "within next": "within_next",
    "older than": "older_than",
}
_TEXT: dict[str, Literal["contains", "starts_with", "ends_with"]] = {
    "contains": "contains",
    "starts with": "starts_with",
    "ends with": "ends_with",
}


def _comparison(world: World, scope: Scope, node: ast.Comparison) -> ir.Condition | None:
    operator = node.operator.value
    where = at(scope.source, node)
    if operator in ("is", "is not"):
        equal = _equality(world, scope, node, where)
        return negated(equal, where) if equal and operator == "is not" else equal
    if operator in _TIME:
        return _time(world, scope, node, where)
    if operator in _TEXT:
        return _text_or_set(world, scope, node, where)
    pair = _pair(world, scope, node)
    if pair is None:
        return None
    left, right = pair
    allowed = (DateType, DateTimeType) if operator in ("before", "after") else ORDERED
    for side, written in ((left, node.left), (right, node.right)):
        if not isinstance(side.type, allowed):
            what = (
                "dates and datetimes have" if operator in ("before", "after") else "numbers, dates and durations have"
            )
            mismatch(
                world.report,
                scope.source,
                written,
                _called(scope, written),
                side.type,
                f"only {what} an order",
                "compare with `is`" if isinstance(side.type, (EnumType, TextType, UserType, BoolType)) else "",
            )
            return None
    return _compare(_ORDER[operator], left, right, where)


def _equality(world: World, scope: Scope, node: ast.Comparison, where: str) -> ir.Condition | None:
    right = node.right
    if isinstance(right, ast.Path) and _word(right) in ("missing", "present"):
        # `is not missing`: behind `is not` the word is a name.
        world.report.error(
            "PL101",
            scope.source,
            right,
            f"unknown name `{_word(right)}`",
            f"write `is {'present' if _word(right) == 'missing' else 'missing'}`",
        )
        return None
    pair = _pair(world, scope, node)
    if pair is None:
        return None
    if isinstance(pair[0].type, SetType):
        mismatch(
            world.report,
            scope.source,
            node.left,
            _called(scope, node.left),
            pair[0].type,
            "sets have no `is`",
            "ask for one item: `… contains …`",
        )
        return None
    return _compare("eq", *pair, where)


def _compare(
    test: Literal["eq", "lt", "le", "gt", "ge"], left: ir.Operand, right: ir.Operand, where: str
) -> ir.Condition:
    """A constant stands on the right."""
    if isinstance(left, ir.Constant) and isinstance(right, ir.Path):
        return ir.Compare(_MIRRORED[test], right, left, where)
    return ir.Compare(test, left, right, where)


def _time(world: World, scope: Scope, node: ast.Comparison, where: str) -> ir.Condition | None:
    operand = _operand(world, scope, node.left, None)
    length = _duration(world, scope, node)
    if operand is None or length is None:
        return None
    report, source = world.report, scope.source
    if not isinstance(operand.type, (DateType, DateTimeType)):
        mismatch(
            report,
            source,
            node.left,
            _called(scope, node.left),
            operand.type,
            f"`{node.operator.value}` asks for a date or datetime",
        )
        return None
    if not isinstance(length.type, DurationType):
        mismatch(report, source, node.right, _called(scope, node.right), length.type, "a duration stands here")
        return None
    exact = length.value if isinstance(length, ir.Constant) else None
    if isinstance(operand.type, DateType) and isinstance(exact, Duration) and exact.unit == "minutes":
        report.error(
            "PL103",
            source,
            node.right,
            f"{_called(scope, node.left)} is a date, it has no hours or minutes",
            "count in days",
        )
        return None
    return ir.Time(_TIME[node.operator.value], operand, length, where)


def _duration(world: World, scope: Scope, node: ast.Comparison) -> ir.Operand | None:
    if isinstance(node.right, ast.Path):
        return resolve_path(world, scope, node.right)
    what = f"what `{node.operator.value}` asks for"
    return literal(world.constants, scope.source, node.right, DurationType(), what)


def _text_or_set(world: World, scope: Scope, node: ast.Comparison, where: str) -> ir.Condition | None:
    left = _operand(world, scope, node.left, None)
    if left is None:
        return None
    operator = node.operator.value
    if isinstance(left.type, SetType) and operator == "contains":
        item = _operand(world, scope, node.right, left.type.of, node.left)
        if item is None:
            return None
        if not comparable(left.type.of, item.type):
            _incomparable(world, scope, node, left.type.of, item.type)
            return None
        return ir.Contains(left, item, where)
    if not isinstance(left.type, TextType):
        mismatch(
            world.report,
            scope.source,
            node.left,
            _called(scope, node.left),
            left.type,
            f"`{operator}` asks for text{' or a set' if operator == 'contains' else ''}",
        )
        return None
    part = _operand(world, scope, node.right, left.type, node.left)
    if part is None:
        return None
    if not isinstance(part.type, TextType):
        mismatch(world.report, scope.source, node.right, _called(scope, node.right), part.type, "text stands here")
        return None
    return ir.TextTest(_TEXT[operator], left, part, where)


def _presence(world: World, scope: Scope, node: ast.Presence) -> ir.Condition | None:
    operand = _operand(world, scope, node.operand, None)
    if operand is None:
        return None
    if isinstance(operand, ir.Constant) or not operand.steps:
        world.report.error(
            "PL103",
            scope.source,
            node.operand,
            f"{_called(scope, node.operand)} is never missing",
            "ask for an attribute",
        )
        return None
    where = at(scope.source, node)
    missing = ir.Missing(operand, where)
    if isinstance(operand.type, EnumType) and ("missing" if node.missing else "present") in operand.type.values:
        word = "missing" if node.missing else "present"
        world.report.error(
            "PL103",
            scope.source,
            node,
            f"`is {word}` can mean the value `{word}` of {_called(scope, node.operand)} or that it is {word}",
            f"write `in [{word}]` for the value, `not (… is {'present' if node.missing else 'missing'})` for the other",
        )
        return None
    return missing if node.missing else negated(missing, where)


def _membership(world: World, scope: Scope, node: ast.Membership) -> ir.Condition | None:
    operand = _operand(world, scope, node.operand, None)
    if operand is None:
        return None
    where = at(scope.source, node)
    if isinstance(node.choices, ast.Text):
        if not isinstance(operand.type, IpType):
            mismatch(
                world.report,
                scope.source,
                node.operand,
                _called(scope, node.operand),
                operand.type,
                "`in` with a text asks for an IP address",
                "give the choices in brackets: `in [a, b]`",
            )
            return None
        inside = network(world.report, scope.source, node.choices)
        return ir.InNetwork(operand, inside, where) if inside else None
    return _choices(world, scope, node, operand, where)


def _choices(world: World, scope: Scope, node: ast.Membership, operand: ir.Operand, where: str) -> ir.Condition | None:
    """``in [a, b]``: constants become one ``In``, other operands and networks are compared one by one."""
    assert isinstance(node.choices, ast.List)
    if isinstance(operand.type, SetType):
        mismatch(
            world.report,
            scope.source,
            node.operand,
            _called(scope, node.operand),
            operand.type,
            "sets have no `in`",
            "ask for one item: `… contains …`",
        )
        return None
    constants: list[ir.Constant] = []
    others: list[ir.Condition] = []
    failed = False
    for choice in node.choices.items:
        if isinstance(operand.type, IpType) and isinstance(choice, ast.Text) and "/" in choice.value:
            inside = network(world.report, scope.source, choice)
            if inside:
                others.append(ir.InNetwork(operand, inside, at(scope.source, choice)))
            failed = failed or not inside
            continue
        typed = _operand(world, scope, choice, operand.type, node.operand)
        if typed is None:
            failed = True
        elif not comparable(operand.type, typed.type):
            _incomparable(world, scope, node, operand.type, typed.type)
            failed = True
        elif isinstance(typed, ir.Constant):
            constants.append(typed)
        else:
            others.append(ir.Compare("eq", operand, typed, at(scope.source, choice)))
    if failed:
        return None
    distinct = {_order(constant.value): constant for constant in reversed(constants)}
    if len(distinct) == 1:
        others.append(ir.Compare("eq", operand, next(iter(distinct.values())), where))
    elif distinct:
        others.append(ir.In(operand, tuple(distinct[key].value for key in sorted(distinct)), where))
    return others[0] if len(others) == 1 else ir.Or(tuple(others), where)


def _order(value: ir.Value) -> tuple[Decimal, str]:
    """Numbers by size, texts by code point, durations by length within a unit."""
    if isinstance(value, Duration):
        return Decimal(value.amount), value.unit
    return (Decimal(value), "") if isinstance(value, int) else (Decimal(0), value)


# --- operands ------------------------------------------------------------------------------------------------


def comparable(left: Type, right: Type) -> bool:
    """Whether values of the two types can be equal."""
    if isinstance(left, NUMBERS) and isinstance(right, NUMBERS):
        return True
    if isinstance(left, EnumType) and isinstance(right, EnumType):
        return not set(left.values).isdisjoint(right.values)
    if isinstance(left, UserType) and isinstance(right, UserType):
        return True
    return left == right


def _pair(world: World, scope: Scope, node: ast.Comparison) -> tuple[ir.Operand, ir.Operand] | None:
    """Both sides of a comparison; what is a constant takes its type from the other side."""
    if not isinstance(node.left, ast.Path) and not isinstance(node.right, ast.Path):
        world.report.error(
            "PL103", scope.source, node, "both sides are constants", "compare an attribute of the record with one"
        )
        return None
    takes_type = not isinstance(node.left, ast.Path) or _word(node.left) is not None
    right_type = _type_of(world, scope, node.right) if takes_type else None
    left = _operand(world, scope, node.left, right_type, node.right)
    right = _operand(world, scope, node.right, left.type, node.left) if left else None
    if left is None or right is None:
        return None
    if not comparable(left.type, right.type):
        _incomparable(world, scope, node, left.type, right.type)
        return None
    return left, right


def _incomparable(world: World, scope: Scope, node: ast.Comparison | ast.Membership, left: Type, right: Type) -> None:
    if isinstance(node, ast.Comparison):
        first, second = node.left, node.right
        message = (
            f"{_called(scope, first)} is {in_words(left)}, {_called(scope, second)} is {in_words(right)}: "
            "the two cannot be compared"
        )
    else:
        message = f"{_called(scope, node.operand)} is {in_words(left)}, a choice is {in_words(right)}"
    world.report.error("PL103", scope.source, node, message, "compare values of one type")


def _word(node: ast.Operand) -> str | None:
    """A path of one name, which may be a word rather than an attribute."""
    return node.steps[0].value if isinstance(node, ast.Path) and not node.subject and len(node.steps) == 1 else None


def _called(scope: Scope, node: ast.Node) -> str:
    return quoted(scope.source.text[node.start_pos : node.end_pos])


def _type_of(world: World, scope: Scope, node: ast.Operand) -> Type | None:
    """The type of a path that can be resolved; reports nothing."""
    if not isinstance(node, ast.Path):
        return None
    quiet = msgspec.structs.replace(world, constants=msgspec.structs.replace(world.constants, report=Report()))
    found = resolve_path(quiet, scope, node)
    return found.type if found else None


def _operand(
    world: World, scope: Scope, node: ast.Operand, other: Type | None, beside: ast.Operand | None = None
) -> ir.Operand | None:
    """One side of a comparison. ``other`` is the type of the other side, where that is known."""
    what = _called(scope, beside) if beside else "the value"
    if not isinstance(node, ast.Path):
        type_ = other if other is not None else natural_type(node)
        if isinstance(type_, SetType):
            type_ = type_.of
        if type_ is None:
            assert isinstance(node, ast.Number)
            world.report.error("PL103", scope.source, node, f"{_called(scope, node)} is a number", "name an attribute")
            return None
        return literal(world.constants, scope.source, node, type_, what)
    if joins_conditions(world, scope, node):
        return None
    word = _word(node)
    if (
        word in ("true", "false")
        and other is not None
        and not isinstance(other, BoolType)
        and not _known(world, scope, word)
    ):
        mismatch(world.report, scope.source, node, what, other, f"`{word}` is true or false")
        return None
    if word is not None and _is_value(word, other):
        return literal(world.constants, scope.source, node.steps[0], other, what)  # type: ignore[arg-type]
    if word is not None and isinstance(other, EnumType) and not _known(world, scope, word):
        return literal(world.constants, scope.source, node.steps[0], other, what)
    return resolve_path(world, scope, node, other)


def _is_value(word: str, other: Type | None) -> bool:
    """A word opposite an enum or a bool is a value of it, even where an attribute has the same name."""
    return (isinstance(other, EnumType) and word in other.values) or (
        isinstance(other, BoolType) and word in ("true", "false")
    )


def _known(world: World, scope: Scope, word: str) -> bool:
    attributes = world.resources.get(scope.resource)
    return word in scope.parameters or attributes is None or word in attributes
