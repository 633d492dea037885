"""Conditions: names resolved, types checked, words of the surface reduced to few kinds of node."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from policylang.model import conditions as ir
from policylang.model import types as t
from policylang.model.context import ConditionScope
from policylang.model.operands import (
    both_sides,
    called,
    comparable,
    has_name,
    incomparable,
    is_ambiguous_item,
    misfit,
    one_side,
    type_of,
    word_of,
)
from policylang.model.paths import resolve_path
from policylang.model.slips import duration_in_words, negated_in_words, reports_slip
from policylang.model.trees import as_under, type_under
from policylang.model.values import literal, network, time_of_day
from policylang.syntax import expressions


def type_condition(scope: ConditionScope, node: expressions.Condition) -> ir.Condition | None:
    """The typed condition, or ``None`` where something in it was reported."""
    match node:
        case expressions.And(items=items) | expressions.Or(items=items):
            typed = [type_condition(scope, item) for item in items]
            if None in typed:
                return None
            kind = ir.And if isinstance(node, expressions.And) else ir.Or
            flat = [part for item in typed for part in (item.items if isinstance(item, kind) else (item,))]
            return kind(tuple(flat), scope.at(node))  # type: ignore[arg-type]
        case expressions.Not(item=item):
            inner = type_condition(scope, item)
            return inner and negated(inner, scope.at(node))
        case expressions.Presence():
            return _presence(scope, node)
        case expressions.Membership():
            return _membership(scope, node)
        case expressions.ListTest():
            return _list_test(scope, node)
        case expressions.Hours() | expressions.Weekdays():
            return _clock(scope, node)
        case expressions.Under():
            return _under(scope, node)
        case expressions.Comparison():
            tree = as_under(scope, node)
            return _comparison(scope, node) if tree is None else _under(scope, tree)


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


_ORDER_HELP = {
    **dict.fromkeys((t.EnumType, t.TextType, t.UserType, t.BoolType), "compare with `is`"),
    t.RecordType: "in a tree of records one `is under` another",
}


def _comparison(scope: ConditionScope, node: expressions.Comparison) -> ir.Condition | None:
    operator = node.operator.value
    where = scope.at(node)
    if reports_slip(scope, node, type_of(scope, node.left)):
        return None
    if operator == "overlaps":
        return _overlaps(scope, node, where)
    if operator in ("is", "is not"):
        equal = _equality(scope, node, where)
        return negated(equal, where) if equal and operator == "is not" else equal
    if operator in _TIME:
        return _time(scope, node, where)
    if operator in _TEXT:
        return _text_or_set(scope, node, where)
    pair = both_sides(scope, node)
    if pair is None:
        return None
    left, right = pair
    allowed = (t.DateType, t.DateTimeType) if operator in ("before", "after") else t.ORDERED
    for side, written in ((left, node.left), (right, node.right)):
        if not isinstance(side.type, allowed):
            what = (
                "dates and datetimes have" if operator in ("before", "after") else "numbers, dates and durations have"
            )
            misfit(scope, written, side.type, f"only {what} an order", _ORDER_HELP.get(type(side.type), ""))
            return None
    return _compare(_ORDER[operator], left, right, where)


def _equality(scope: ConditionScope, node: expressions.Comparison, where: str) -> ir.Condition | None:
    right = node.right
    left_type = type_of(scope, node.left)
    if isinstance(right, expressions.Path) and (word := word_of(right)) in ("missing", "present"):
        # `is not missing`: behind `is not` the word is a name.
        by = f"is {'present' if word == 'missing' else 'missing'}"
        if _is_a_value(scope, node, node.left, left_type, word, negated=True):
            return None
        whole = expressions.Name(node.operator.start_pos, right.end_pos, by)
        message = f"unknown name `{word}`"
        scope.error("PL101", right, message, f"write `{by}`", replace=whole, by=by)
        return None
    if isinstance(left_type, t.SetType) and word_of(right) == "empty":
        items = one_side(scope, node.left, None)
        return None if items is None else ir.Empty(items, where)
    pair = both_sides(scope, node)
    if pair is None:
        return None
    if isinstance(pair[0].type, t.SetType):
        help = "test its items: `… contains …`, `… overlaps …`, `… is empty`"
        misfit(scope, node.left, pair[0].type, "`is` does not work on sets", help)
        return None
    return _compare("eq", *pair, where)


def _compare(
    test: Literal["eq", "lt", "le", "gt", "ge"], left: ir.Operand, right: ir.Operand, where: str
) -> ir.Condition:
    """A constant stands on the right."""
    if isinstance(left, ir.Constant) and isinstance(right, ir.Path):
        return ir.Compare(_MIRRORED[test], right, left, where)
    return ir.Compare(test, left, right, where)


def _time(scope: ConditionScope, node: expressions.Comparison, where: str) -> ir.Condition | None:
    if not has_name(scope, node, node.left, node.right):
        return None
    operand = one_side(scope, node.left, None)
    length = _duration(scope, node)
    if operand is None or length is None:
        return None
    if not isinstance(operand.type, (t.DateType, t.DateTimeType)):
        misfit(scope, node.left, operand.type, f"`{node.operator.value}` needs a date or datetime")
        return None
    if not isinstance(length.type, t.DurationType):
        misfit(scope, node.right, length.type, "a duration is needed here")
        return None
    exact = length.value if isinstance(length, ir.Constant) else None
    if isinstance(operand.type, t.DateType) and isinstance(exact, t.Duration) and exact.unit == "minutes":
        message = f"{called(scope, node.left)} is a date, it has no hours or minutes"
        scope.error("PL103", node.right, message, "count in days")
        return None
    return ir.Time(_TIME[node.operator.value], operand, length, where)


def _duration(scope: ConditionScope, node: expressions.Comparison) -> ir.Operand | None:
    if isinstance(node.right, expressions.Path):
        if duration_in_words(scope, node.right):
            return None
        return resolve_path(scope, node.right)
    what = f"the right side of `{node.operator.value}`"
    return literal(scope, node.right, t.DurationType(), what)


def _text_or_set(scope: ConditionScope, node: expressions.Comparison, where: str) -> ir.Condition | None:
    if not has_name(scope, node, node.left, node.right):
        return None
    left = one_side(scope, node.left, None)
    if left is None:
        return None
    operator = node.operator.value
    if isinstance(left.type, t.SetType) and operator == "contains":
        return _contains(scope, node, left, where)
    if not isinstance(left.type, t.TextType):
        needed = "text or a set" if operator == "contains" else "text"
        misfit(scope, node.left, left.type, f"`{operator}` needs {needed}")
        return None
    part = one_side(scope, node.right, left.type, node.left)
    if part is None:
        return None
    if not isinstance(part.type, t.TextType):
        misfit(scope, node.right, part.type, "text is needed here")
        return None
    return ir.TextTest(_TEXT[operator], left, part, where)


# --- the clock -----------------------------------------------------------------------------------------------


def _clock(scope: ConditionScope, node: expressions.Hours | expressions.Weekdays) -> ir.Condition | None:
    operator, where = node.operator, scope.at(node)
    kind = "between" if isinstance(node, expressions.Hours) else "on"
    if operator.value not in ("is", "is not"):
        message, help = f"`{kind}` cannot follow `{operator.value}`", f"write `now is {kind} …`"
        scope.error("PL103", operator, message, help)
        return None
    if word_of(node.operand) != "now":
        what = "a time of day" if kind == "between" else "a weekday"
        message = f"{called(scope, node.operand)} has no {what.removeprefix('a ')} here, only `now` has"
        help = "compare with `>=` and `<`" if kind == "between" else "compare with a day"
        scope.error("PL103", node.operand, message, help)
        return None
    if isinstance(node, expressions.Weekdays):
        written = {day.value for day in node.days}
        found: ir.Condition = ir.Weekdays(tuple(day for day in ir.WEEKDAYS if day in written), where)
    else:
        first, last = (time_of_day(scope, each) for each in (node.first, node.last))
        if first is None or last is None:
            return None
        found = ir.Hours(first, last, where)
    return found if operator.value == "is" else negated(found, where)


def _under(scope: ConditionScope, node: expressions.Under) -> ir.Condition | None:
    found = type_under(scope, node)
    return negated(found, found.at) if found and node.operator.value == "is not" else found


# --- sets ----------------------------------------------------------------------------------------------------


def _contains(
    scope: ConditionScope, node: expressions.Comparison, items: ir.Operand, where: str
) -> ir.Condition | None:
    of = items.type.item
    if is_ambiguous_item(scope, node.right, of):
        return None
    item = one_side(scope, node.right, of, node.left)
    if item is None:
        return None
    if not comparable(of, item.type):
        incomparable(scope, node, of, item.type)
        return None
    return ir.Contains(items, item, where)


def _overlaps(scope: ConditionScope, node: expressions.Comparison, where: str) -> ir.Condition | None:
    if not has_name(scope, node, node.left, node.right):
        return None
    left, right = (_a_set(scope, side, "overlaps") for side in (node.left, node.right))
    if left is None or right is None:
        return None
    if not comparable(left.type.item, right.type.item):
        incomparable(scope, node, left.type, right.type)
        return None
    return ir.Overlaps(left, right, where)


def _list_test(scope: ConditionScope, node: expressions.ListTest) -> ir.Condition | None:
    """Each listed item is asked for by itself."""
    operator = node.operator.value
    if operator not in ("contains all of", "overlaps"):
        help = "write `… contains all of [a, b]`"
        word = operator.removesuffix(" all of")
        scope.error("PL103", node.operator, f"`all of` cannot follow `{word}`", help)
        return None
    items = _a_set(scope, node.operand, operator)
    if items is None:
        return None
    tests = []
    for choice in node.items.items:
        operator_ = expressions.Name(node.operator.start_pos, node.operator.end_pos, "contains")
        one = expressions.Comparison(choice.start_pos, choice.end_pos, node.operand, operator_, choice)
        tests.append(
            _contains(scope, one, items, scope.at(choice)) if has_name(scope, node, node.operand, choice) else None
        )
    found = tuple(test for test in tests if test is not None)
    if len(found) < len(tests):
        return None
    kind = ir.Or if operator == "overlaps" else ir.And
    return found[0] if len(found) == 1 else kind(found, scope.at(node))


def _a_set(scope: ConditionScope, node: expressions.Operand, operator: str) -> ir.Operand | None:
    found = one_side(scope, node, None)
    if found is None or isinstance(found.type, t.SetType):
        return found
    help = "for one of several values write `… in [a, b]`" if operator == "overlaps" else "compare with `is`"
    misfit(scope, node, found.type, f"`{operator}` needs a set", help)
    return None


def _presence(scope: ConditionScope, node: expressions.Presence) -> ir.Condition | None:
    operand = one_side(scope, node.operand, None)
    if operand is None:
        return None
    if isinstance(operand, ir.Constant) or not operand.steps:
        message = f"{called(scope, node.operand)} is never missing"
        scope.error("PL103", node.operand, message, "test an attribute instead")
        return None
    where = scope.at(node)
    missing = ir.Missing(operand, where)
    if _is_a_value(scope, node, node.operand, operand.type, "missing" if node.missing else "present"):
        return None
    return missing if node.missing else negated(missing, where)


def _is_a_value(
    scope: ConditionScope,
    node: expressions.Comparison | expressions.Presence,
    operand: expressions.Operand,
    type_: t.Type | None,
    word: str,
    *,
    negated: bool = False,
) -> bool:
    """Whether `missing` or `present` behind `is` or `is not` is a value of the operand as well, which is reported."""
    if not (isinstance(type_, t.EnumType) and word in type_.values):
        return False
    other = "present" if word == "missing" else "missing"
    of_value, of_presence = f"… in [{word}]", f"… is {other}"
    if negated:
        said, meant, of_value = f"is not {word}", f"is {other}", f"not ({of_value})"
    else:
        said, meant, of_presence = f"is {word}", f"is {word}", f"not ({of_presence})"
    message = f"`{said}` can mean the value `{word}` of {called(scope, operand)} or that it {meant}"
    if other in type_.values:
        help = f"write `{of_value}` for the value; for the other, rename the value `{other}`"
    else:
        help = f"write `{of_value}` for the value, `{of_presence}` for the other"
    scope.error("PL103", node, message, help)
    return True


def _membership(scope: ConditionScope, node: expressions.Membership) -> ir.Condition | None:
    if negated_in_words(scope, node, node.operand):
        return None
    operand = one_side(scope, node.operand, None)
    if operand is None:
        return None
    where = scope.at(node)
    if isinstance(node.choices, expressions.Text):
        if not isinstance(operand.type, t.IpType):
            help = "put the choices in brackets: `in [a, b]`"
            misfit(scope, node.operand, operand.type, "`in` with text needs an IP address", help)
            return None
        inside = network(scope, node.choices)
        return ir.InNetwork(operand, inside, where) if inside else None
    return _choices(scope, node, operand, where)


def _choices(
    scope: ConditionScope, node: expressions.Membership, operand: ir.Operand, where: str
) -> ir.Condition | None:
    """``in [a, b]``: values of the operand's type become one ``In``, all else is compared one by one."""
    assert isinstance(node.choices, expressions.List)
    if isinstance(operand.type, t.SetType):
        help = "test one item: `… contains …`"
        misfit(scope, node.operand, operand.type, "`in` does not work on sets", help)
        return None
    constants: list[ir.Constant] = []
    others: list[ir.Condition] = []
    failed = False
    for choice in node.choices.items:
        if not has_name(scope, node, node.operand, choice):
            return None
        if isinstance(operand.type, t.IpType) and isinstance(choice, expressions.Text) and "/" in choice.value:
            inside = network(scope, choice)
            if inside:
                others.append(ir.InNetwork(operand, inside, scope.at(choice)))
            failed = failed or not inside
            continue
        typed = one_side(scope, choice, operand.type, node.operand)
        if typed is None:
            failed = True
        elif not comparable(operand.type, typed.type):
            incomparable(scope, node, operand.type, typed.type)
            failed = True
        elif isinstance(typed, ir.Constant) and _is_value_of(operand.type, typed):
            constants.append(typed)
        else:
            others.append(_compare("eq", operand, typed, scope.at(choice)))
    if failed:
        return None
    distinct = {_order(constant.value): constant for constant in reversed(constants)}
    if len(distinct) == 1:
        others.append(ir.Compare("eq", operand, next(iter(distinct.values())), where))
    elif distinct:
        others.append(ir.In(operand, tuple(distinct[key].value for key in sorted(distinct)), where))
    return others[0] if len(others) == 1 else ir.Or(tuple(others), where)


def _is_value_of(type_: t.Type, constant: ir.Constant) -> bool:
    """Whether a constant that compares with a type is one of its values: a parameter may bring another number, or a
    value of another enum.
    """
    if isinstance(type_, t.EnumType):
        return constant.value in type_.values
    return isinstance(type_, t.IntType) == isinstance(constant.type, t.IntType)


def _order(value: ir.Value) -> tuple[Decimal, str]:
    """Numbers by size, texts by code point, durations by length within a unit."""
    if isinstance(value, t.Duration):
        return Decimal(value.amount), value.unit
    return (Decimal(value), "") if isinstance(value, int) else (Decimal(0), value)
