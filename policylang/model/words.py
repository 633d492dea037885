"""Typed conditions as they are written in a policy file, for explanations and findings."""

from __future__ import annotations

from policylang.model import conditions as c
from policylang.model.types import (
    BoolType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    IntType,
    MoneyType,
    Type,
)
from policylang.syntax.quoting import quote_text

_TESTS = {"eq": "is", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_TIMES = {"within": "within", "within_next": "within next", "older_than": "older than"}
_TEXTS = {"contains": "contains", "starts_with": "starts with", "ends_with": "ends with"}
_UNQUOTED = (BoolType, DateTimeType, DateType, DurationType, EnumType, IntType, DecimalType, MoneyType)


def condition_in_words(condition: c.Condition, inner: bool = False) -> str:
    """The condition as policy text, with parentheses wherever one with `and` or `or` stands inside another; parsing
    it gives an equal condition.
    """
    match condition:
        case c.Or(items) | c.And(items):
            word = " or " if isinstance(condition, c.Or) else " and "
            text = word.join(condition_in_words(item, True) for item in items)
            return f"({text})" if inner else text
        case c.Not(c.Missing(operand)):
            return f"{operand_in_words(operand)} is present"
        case c.Not(c.Compare("eq", left, right)):
            return f"{operand_in_words(left)} is not {operand_in_words(right)}"
        case c.Not(item):
            return f"not {condition_in_words(item, True)}"
        case c.Compare(test, left, right):
            return f"{operand_in_words(left)} {_TESTS[test]} {operand_in_words(right)}"
        case c.Time(test, operand, duration):
            return f"{operand_in_words(operand)} {_TIMES[test]} {operand_in_words(duration)}"
        case c.Missing(operand):
            return f"{operand_in_words(operand)} is missing"
        case c.In(operand, values):
            return f"{operand_in_words(operand)} in [{', '.join(value_in_words(operand.type, v) for v in values)}]"
        case c.InNetwork(operand, network):
            return f"{operand_in_words(operand)} in {quote_text(network)}"
        case c.Contains(operand, item):
            return f"{operand_in_words(operand)} contains {operand_in_words(item)}"
        case c.TextTest(test, operand, part):
            return f"{operand_in_words(operand)} {_TEXTS[test]} {operand_in_words(part)}"


def operand_in_words(operand: c.Operand) -> str:
    """``assigned user.department``, ``customer.sales_rep``, ``request.ip``, or a constant."""
    if isinstance(operand, c.Constant):
        return value_in_words(operand.type, operand.value)
    roots = {"record": [], "subject": ["assigned user"], "request": ["request"]}
    return ".".join([*roots[operand.root], *operand.steps])


def value_in_words(type_: Type, value: c.Value) -> str:
    """A constant as it is written: words, numbers and times bare, everything else quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(type_, _UNQUOTED) else quote_text(str(value))
