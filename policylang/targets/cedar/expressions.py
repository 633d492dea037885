"""Cedar expressions in the JSON form of policies, put together and written as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from policylang.text.characters import is_printable

Expression = dict[str, Any]

TRUE: Expression = {"Value": True}
FALSE: Expression = {"Value": False}
PRINCIPAL: Expression = {"Var": "principal"}
CONTEXT: Expression = {"Var": "context"}

RESERVED = frozenset(["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"])
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# How strongly operators bind, the weakest first.
_IF, _OR, _AND, _RELATION, _SUM, _UNARY, _MEMBER = range(7)
_BINARY = {"||": _OR, "&&": _AND, "+": _SUM, "-": _SUM}
_BINARY |= dict.fromkeys(("==", "<", "<=", ">", ">=", "in"), _RELATION)
_METHODS = frozenset({"contains", "containsAny", "hasTag", "getTag", "isInRange"})
_WIDTH = 110


# --- putting together ----------------------------------------------------------------------------------------


def literal(value: Any) -> Expression:
    """A value in Cedar's JSON for attributes as an expression."""
    if isinstance(value, list):
        return {"Set": [literal(item) for item in value]}
    if isinstance(value, dict) and "__extn" in value:
        return {value["__extn"]["fn"]: [{"Value": value["__extn"]["arg"]}]}
    if isinstance(value, dict) and "__entity" not in value:
        return {"Record": {name: literal(item) for name, item in value.items()}}
    return {"Value": value}


def member(left: Expression, name: str) -> Expression:
    return {".": {"left": left, "attr": name}}


def has(left: Expression, name: str) -> Expression:
    return {"has": {"left": left, "attr": name}}


def binary(operator: str, left: Expression, right: Expression) -> Expression:
    return {operator: {"left": left, "right": right}}


def is_empty(items: Expression) -> Expression:
    return {"isEmpty": {"arg": items}}


def negated(item: Expression) -> Expression:
    if item in (TRUE, FALSE):
        return FALSE if item == TRUE else TRUE
    return item["!"]["arg"] if "!" in item else {"!": {"arg": item}}


def either(test: Expression, then: Expression, otherwise: Expression) -> Expression:
    return {"if-then-else": {"if": test, "then": then, "else": otherwise}}


def all_of(items: Iterable[Expression]) -> Expression:
    return _joined("&&", items, TRUE, FALSE)


def any_of(items: Iterable[Expression]) -> Expression:
    return _joined("||", items, FALSE, TRUE)


def _joined(operator: str, items: Iterable[Expression], neutral: Expression, decisive: Expression) -> Expression:
    kept: dict[str, Expression] = {}
    for item in items:
        if item == decisive:
            return decisive
        if item != neutral:
            kept.setdefault(repr(item), item)
    return _balanced(operator, [*kept.values()]) if kept else neutral


def _balanced(operator: str, items: list[Expression]) -> Expression:
    """As flat as can be: readers of JSON stop at some depth."""
    if len(items) == 1:
        return items[0]
    middle = len(items) // 2
    return binary(operator, _balanced(operator, items[:middle]), _balanced(operator, items[middle:]))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in it, itself included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item


def depth(value: Any) -> int:
    """How many objects and lists stand inside each other."""
    deepest = 0
    waiting = [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        inside = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting += [(each, level + 1) for each in inside]
    return deepest


# --- text ----------------------------------------------------------------------------------------------------


def quoted(text: str) -> str:
    """A string literal."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return "".join(
        f"\\{each}" if each in '"\\' else each if is_printable(each) else f"\\u{{{ord(each):x}}}" for each in text
    )


def is_identifier(name: str) -> bool:
    return _IDENTIFIER.fullmatch(name) is not None and name not in RESERVED


def entity(uid: dict[str, str]) -> str:
    return f"{uid['type']}::{quoted(uid['id'])}"


def text(expression: Expression) -> str:
    """The expression as Cedar text."""
    return _text(expression)[0]


def block(expression: Expression) -> str:
    """The same as the body of a condition, a line for each part of a conjunction and of what is too long."""
    if "&&" not in expression and len(text(expression)) <= _WIDTH:
        return f"{{ {text(expression)} }}"
    return f"{{\n{_lines(expression, 2)}\n}}"


def _lines(expression: Expression, indent: int) -> str:
    pad = " " * indent
    operator = next((each for each in ("&&", "||") if each in expression), None)
    if operator is None:
        return f"{pad}{text(expression)}"
    parts = []
    for item in _chain(operator, expression):
        written = _inside(item, _BINARY[operator])
        if len(written) + indent > _WIDTH and ("&&" in item or "||" in item):
            written = f"(\n{_lines(item, indent + 2)}\n{pad})"
        parts.append(f"{pad}{written}")
    return f" {operator}\n".join(parts)


def _chain(operator: str, expression: Expression) -> list[Expression]:
    """What the operator joins, in order."""
    waiting, parts = [expression], []
    while waiting:
        item = waiting.pop()
        if operator in item:
            waiting += (item[operator]["right"], item[operator]["left"])
        else:
            parts.append(item)
    return parts


def _text(expression: Expression) -> tuple[str, int]:
    """And how strongly its outermost operator binds."""
    ((name, of),) = expression.items()
    if name == "Value":
        return _value(of), _UNARY if isinstance(of, int) and of < 0 else _MEMBER
    if name == "Var":
        return of, _MEMBER
    if name == "Set":
        return f"[{', '.join(text(item) for item in of)}]", _MEMBER
    if name == "Record":
        return "{" + ", ".join(f"{quoted(key)}: {text(item)}" for key, item in of.items()) + "}", _MEMBER
    if name == "ip":
        return f"ip({text(of[0])})", _MEMBER
    if name == ".":
        left = _inside(of["left"], _MEMBER)
        return (f"{left}.{of['attr']}" if is_identifier(of["attr"]) else f"{left}[{quoted(of['attr'])}]"), _MEMBER
    if name == "has":
        attribute = of["attr"] if is_identifier(of["attr"]) else quoted(of["attr"])
        return f"{_inside(of['left'], _SUM)} has {attribute}", _RELATION
    if name == "like":
        return f"{_inside(of['left'], _SUM)} like {_pattern(of['pattern'])}", _RELATION
    if name == "!":
        return f"!{_inside(of['arg'], _MEMBER)}", _UNARY
    if name == "isEmpty":
        return f"{_inside(of['arg'], _MEMBER)}.isEmpty()", _MEMBER
    if name == "if-then-else":
        return f"if {text(of['if'])} then {text(of['then'])} else {text(of['else'])}", _IF
    if name in _METHODS:
        receiver, argument = (of["left"], of["right"]) if isinstance(of, dict) else of
        return f"{_inside(receiver, _MEMBER)}.{name}({text(argument)})", _MEMBER
    level = _BINARY[name]
    left = _inside(of["left"], level if level != _RELATION else _SUM)
    return f"{left} {name} {_inside(of['right'], level if level < _RELATION else level + 1)}", level


def _inside(expression: Expression, level: int) -> str:
    written, own = _text(expression)
    return written if own >= level else f"({written})"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return quoted(value) if isinstance(value, str) else entity(value["__entity"])


def _pattern(parts: list[Any]) -> str:
    return (
        '"'
        + "".join("*" if part == "Wildcard" else _escaped(part["Literal"]).replace("*", "\\*") for part in parts)
        + '"'
    )
