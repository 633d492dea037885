"""Expressions of CEL, the language of conditions in Cerbos, OpenFGA and SpiceDB, as trees, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeGuard

import msgspec

from policylang.model import conditions as c

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset(
    [
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"),
        *("package", "namespace", "null", "return", "true", "var", "void", "while"),
    ]
)
"""Words that are no names of fields."""

_OPERATORS = {"eq": "==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_OPPOSITES = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


class CelLiteral(msgspec.Struct, frozen=True):
    """Numbers of requests are doubles, and so are those that they are compared with."""

    value: str | int | float | bool | None


class CelVar(msgspec.Struct, frozen=True):
    """A variable of the engine or of a macro, such as ``R.attr``."""

    name: str


class MapEntry(msgspec.Struct, frozen=True):
    """The value of a map under a key that is known, or that is a value."""

    of: Expr
    key: str | Expr


class Call(msgspec.Struct, frozen=True):
    name: str
    arguments: tuple[Expr, ...]


class Method(msgspec.Struct, frozen=True):
    of: Expr
    name: str
    arguments: tuple[Expr, ...]


class Binary(msgspec.Struct, frozen=True):
    left: Expr
    operator: str
    right: Expr


class Junction(msgspec.Struct, frozen=True):
    """``&&`` or ``||``."""

    operator: str
    items: tuple[Expr, ...]


class CelNot(msgspec.Struct, frozen=True):
    item: Expr


class Items(msgspec.Struct, frozen=True):
    items: tuple[Expr, ...]


class Fields(msgspec.Struct, frozen=True):
    """A map with one key."""

    key: str
    value: Expr


class Parenthesized(msgspec.Struct, frozen=True):
    """In parentheses, whether CEL needs them or not."""

    item: Expr


Expr = CelLiteral | CelVar | MapEntry | Call | Method | Binary | Junction | CelNot | Items | Fields | Parenthesized

TRUE, FALSE, NULL = CelLiteral(True), CelLiteral(False), CelLiteral(None)
ITEM, OTHER = CelVar("x"), CelVar("y")
"""What macros call each item; the one inside another macro."""


def all_of(items: Iterable[Expr]) -> Expr:
    return _joined("&&", items, TRUE)


def any_of(items: Iterable[Expr]) -> Expr:
    return _joined("||", items, FALSE)


def _joined(operator: str, items: Iterable[Expr], nothing: Expr) -> Expr:
    items = [part for item in items for part in (item.items if _is_joined(item, operator) else (item,))]
    other = FALSE if nothing == TRUE else TRUE
    kept = (other,) if other in items else tuple(dict.fromkeys(item for item in items if item != nothing))
    if len(kept) < 2:
        return kept[0] if kept else nothing
    return Junction(operator, tuple(Parenthesized(item) if isinstance(item, Junction) else item for item in kept))


def _is_joined(item: Expr, operator: str) -> TypeGuard[Junction]:
    return isinstance(item, Junction) and item.operator == operator


def signed(expr: Expr, wanted: bool) -> Expr:
    return expr if wanted else CelNot(expr)


def operator(test: str, wanted: bool) -> str:
    """The sign of a comparison, or of its opposite."""
    return _OPERATORS[test] if wanted else _OPPOSITES[_OPERATORS[test]]


def beside_now(test: c.Time, found: Expr, now: Expr, edge: Expr, wanted: bool) -> Expr:
    """A time test of a value, or its opposite; ``edge``: the instant or day that the duration leads to."""
    if test.test == "older_than":
        return Binary(found, operator("lt", wanted), edge)
    first, last = (edge, now) if test.test == "within" else (now, edge)
    parts = (Binary(found, operator("ge", wanted), first), Binary(found, operator("le", wanted), last))
    return all_of(parts) if wanted else any_of(parts)


def exists(of: Expr, test: Expr, item: CelVar = ITEM) -> Expr:
    """Whether the test holds of an item, which it calls so."""
    return Method(of, "exists", (item, test))


def every(of: Expr, test: Expr, item: CelVar = ITEM) -> Expr:
    return Method(of, "all", (item, test))


def within(item: Expr, items: Expr) -> Expr:
    """Whether a list has the item, or a map the key."""
    return Binary(item, "in", items)


def has(entry: MapEntry) -> Expr:
    """Whether a map has the key."""
    assert isinstance(entry.key, str)
    return Call("has", (entry,)) if _selectable(entry.key) else within(CelLiteral(entry.key), entry.of)


def texts(items: Iterable[str]) -> Items:
    return Items(tuple(CelLiteral(item) for item in items))


class CelWriter:
    """Writes CEL; ``quote`` puts a text from a policy between quotes, so that nothing in it ends them."""

    def __init__(self, quote: Callable[[str], str]) -> None:
        self._quote = quote

    def written(self, expr: Expr) -> str:
        match expr:
            case CelLiteral(value):
                return self._literal(value)
            case CelVar(name):
                return name
            case MapEntry(Fields(key, value), wanted) if key == wanted:
                return self.written(value)
            case MapEntry(of, key):
                return self._inside(of, _MEMBER) + self._key(key)
            case Call(name, arguments):
                return f"{name}({self._listed(arguments)})"
            case Method(of, name, arguments):
                return f"{self._inside(of, _MEMBER)}.{name}({self._listed(arguments)})"
            case Binary(left, operator, right):
                level = _level(expr) + 1
                return f"{self._inside(left, level)} {operator} {self._inside(right, level)}"
            case Junction(operator, items):
                return f" {operator} ".join(self._inside(item, _level(expr)) for item in items)
            case CelNot(item):
                return f"!{self._inside(item, _MEMBER)}"
            case Items(items):
                return f"[{self._listed(items)}]"
            case Fields(key, value):
                return f"{{{self._quote(key)}: {self.written(value)}}}"
            case Parenthesized(item):
                return f"({self.written(item)})"

    def _key(self, key: str | Expr) -> str:
        if isinstance(key, str):
            return f".{key}" if _selectable(key) else f"[{self._quote(key)}]"
        return f"[{self.written(key)}]"

    def _listed(self, items: Iterable[Expr]) -> str:
        return ", ".join(map(self.written, items))

    def _inside(self, expr: Expr, level: int) -> str:
        return self.written(expr) if _level(expr) >= level else f"({self.written(expr)})"

    def _literal(self, value: str | int | float | bool | None) -> str:
        match value:
            case None:
                return "null"
            case bool():
                return "true" if value else "false"
            case str():
                return self._quote(value)
            case _:
                return repr(value)


_OR, _AND, _RELATION, _SUM, _MEMBER = range(5)


def _level(expr: Expr) -> int:
    """How strongly the outermost operator binds."""
    match expr:
        case Junction(operator):
            return _OR if operator == "||" else _AND
        case Binary(_, operator):
            return _SUM if operator in "+-" else _RELATION
        case _:
            return _MEMBER


def _selectable(key: str) -> bool:
    return _PLAIN.fullmatch(key) is not None and key not in _WORDS
