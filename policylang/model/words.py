"""Typed conditions as they are written in a policy file, for explanations and findings."""

from __future__ import annotations

from collections.abc import Collection

from policylang.model import conditions as c
from policylang.model import types as t
from policylang.syntax.quoting import quote_text

_TESTS = {"eq": "is", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_TIMES = {"within": "within", "within_next": "within next", "older_than": "older than"}
_TEXTS = {"contains": "contains", "starts_with": "starts with", "ends_with": "ends with"}
_UNQUOTED = (t.BoolType, t.DateTimeType, t.DateType, t.DurationType, t.EnumType, t.IntType, t.DecimalType, t.MoneyType)


def condition_in_words(condition: c.Condition, names: Collection[str], inner: bool = False) -> str:
    """The condition as policy text, with parentheses wherever one with `and` or `or` stands inside another; parsing
    it gives an equal condition. ``names``: the attributes of the resource, which values may be called like.
    """
    match condition:
        case c.Or(items) | c.And(items):
            word = " or " if isinstance(condition, c.Or) else " and "
            text = word.join(condition_in_words(item, names, True) for item in items)
            return f"({text})" if inner else text
        case c.Not(c.Missing(operand)):
            return f"{operand_in_words(operand)} is present"
        case c.Not(c.Compare("eq", left, right)) if _is_plain(left, right, names):
            return f"{operand_in_words(left)} is not {operand_in_words(right)}"
        case c.Not(c.Hours() | c.Weekdays() | c.Empty() | c.Under()):
            assert not isinstance(condition.item, c.And | c.Or | c.Not)
            return _is_in_words(condition.item, "is not")
        case c.Not(item):
            return f"not {condition_in_words(item, names, True)}"
        case c.Compare("eq", left, right) if not _is_plain(left, right, names):
            return _in_brackets(left, right, inner)
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
        case c.Contains(left, right) | c.Overlaps(left, right):
            word = "contains" if isinstance(condition, c.Contains) else "overlaps"
            return f"{operand_in_words(left)} {word} {operand_in_words(right)}"
        case c.Hours() | c.Weekdays() | c.Empty() | c.Under():
            return _is_in_words(condition, "is")
        case c.TextTest(test, operand, part):
            return f"{operand_in_words(operand)} {_TEXTS[test]} {operand_in_words(part)}"


def _is_in_words(test: c.Test, word: str) -> str:
    match test:
        case c.Hours(first, last):
            return f"now {word} between {first} and {last}"
        case c.Weekdays(days):
            return f"now {word} on {', '.join(days)}"
        case c.Empty(operand):
            return f"{operand_in_words(operand)} {word} empty"
        case c.Under(operand=operand, top=top):
            return f"{operand_in_words(operand)} {word} under {operand_in_words(top)}"
    raise AssertionError(test)


def _is_plain(left: c.Operand, right: c.Operand, names: Collection[str]) -> bool:
    """Whether ``is`` between the two has one meaning: that no word in it could be a value and an attribute."""
    for mine, other in ((left, right), (right, left)):
        if isinstance(other, c.Path) and isinstance(other.type, t.EnumType | t.BoolType):
            words = t.words_of(other.type) if isinstance(mine, c.Path) else names
            if operand_in_words(mine) in words:
                return False
    return True


def _in_brackets(left: c.Operand, right: c.Operand, inner: bool) -> str:
    """That two are equal, where brackets have to say which word is a value: they hold values first."""
    one, other = operand_in_words(left), operand_in_words(right)
    if isinstance(right, c.Constant) or (isinstance(left, c.Path) and other not in t.words_of(left.type)):
        return f"{one} in [{other}]"
    if isinstance(left, c.Constant) or one not in t.words_of(right.type):
        return f"{other} in [{one}]"
    shared = [value for value in t.words_of(left.type) if value in t.words_of(right.type)]
    text = " or ".join(f"({one} in [{value}] and {other} in [{value}])" for value in shared)
    return f"({text})" if inner else text


def operand_in_words(operand: c.Operand) -> str:
    """``assigned user.department``, ``customer.sales_rep``, ``request.ip``, or a constant."""
    if isinstance(operand, c.Constant):
        return value_in_words(operand.type, operand.value)
    if operand.root == "record" and not operand.steps and isinstance(operand.type, t.RecordType):
        return operand.type.resource
    roots = {"record": [], "subject": ["assigned user"], "request": ["request"]}
    return ".".join([*roots[operand.root], *operand.steps])


def value_in_words(type_: t.Type, value: c.Value) -> str:
    """A constant as it is written: words, numbers and times bare, everything else quoted."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(type_, _UNQUOTED) else quote_text(str(value))
