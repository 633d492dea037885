"""Expressions of CEL, the language of Cerbos's conditions, as trees; texts from policies are quoted in one place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeGuard

import msgspec

from policylang.targets.cerbos.yaml_text import quoted

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset(
    [
        *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop"),
        *("package", "namespace", "null", "return", "true", "var", "void", "while"),
    ]
)
"""Words that are no names of fields."""


class Literal(msgspec.Struct, frozen=True):
    """Numbers of requests are doubles, and so are those that they are compared with."""

    value: str | int | float | bool | None


class Name(msgspec.Struct, frozen=True):
    """A variable of Cerbos or of a macro, such as ``R.attr``."""

    name: str


class Entry(msgspec.Struct, frozen=True):
    """The value of a map under a key that is known."""

    of: Expr
    key: str


class At(msgspec.Struct, frozen=True):
    """The value of a map under a key that is a value."""

    of: Expr
    key: Expr


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


class Joined(msgspec.Struct, frozen=True):
    """``&&`` or ``||``; at least one item."""

    operator: str
    items: tuple[Expr, ...]


class Not(msgspec.Struct, frozen=True):
    item: Expr


class Items(msgspec.Struct, frozen=True):
    items: tuple[Expr, ...]


class Fields(msgspec.Struct, frozen=True):
    """A map with one key."""

    key: str
    value: Expr


Expr = Literal | Name | Entry | At | Call | Method | Binary | Joined | Not | Items | Fields

TRUE, FALSE, NULL = Literal(True), Literal(False), Literal(None)
ITEM = Name("x")
"""What macros call each item."""


def all_of(items: Iterable[Expr]) -> Expr:
    return _joined("&&", items, TRUE)


def any_of(items: Iterable[Expr]) -> Expr:
    return _joined("||", items, FALSE)


def _joined(operator: str, items: Iterable[Expr], nothing: Expr) -> Expr:
    items = [part for item in items for part in (item.items if _is_joined(item, operator) else (item,))]
    other = FALSE if nothing == TRUE else TRUE
    kept = (other,) if other in items else tuple(dict.fromkeys(item for item in items if item != nothing))
    return nothing if not kept else kept[0] if len(kept) == 1 else Joined(operator, kept)


def _is_joined(item: Expr, operator: str) -> TypeGuard[Joined]:
    return isinstance(item, Joined) and item.operator == operator


def exists(of: Expr, test: Expr) -> Expr:
    """Whether the test holds of an item, which it calls `ITEM`."""
    return Method(of, "exists", (ITEM, test))


def every(of: Expr, test: Expr) -> Expr:
    return Method(of, "all", (ITEM, test))


def within(item: Expr, items: Expr) -> Expr:
    """Whether a list has the item, or a map the key."""
    return Binary(item, "in", items)


def has(entry: Entry) -> Expr:
    """Whether a map has the key."""
    return Call("has", (entry,)) if _selectable(entry.key) else within(Literal(entry.key), entry.of)


def texts(items: Iterable[str]) -> Items:
    return Items(tuple(Literal(item) for item in items))


def written(expr: Expr) -> str:
    """The expression as CEL."""
    match expr:
        case Literal(value):
            return _literal(value)
        case Name(name):
            return name
        case Entry(Fields(key, value), wanted) if key == wanted:
            return written(value)
        case Entry(of, key):
            return f"{_closed(of)}.{key}" if _selectable(key) else f"{_closed(of)}[{_literal(key)}]"
        case At(of, key):
            return f"{_closed(of)}[{written(key)}]"
        case Call(name, arguments):
            return f"{name}({', '.join(map(written, arguments))})"
        case Method(of, name, arguments):
            return f"{_closed(of)}.{name}({', '.join(map(written, arguments))})"
        case Binary(left, operator, right):
            return f"{_closed(left)} {operator} {_closed(right)}"
        case Joined(operator, items):
            return f" {operator} ".join(written(i) if isinstance(i, Binary) else _closed(i) for i in items)
        case Not(item):
            return f"!{_closed(item)}"
        case Items(items):
            return f"[{', '.join(map(written, items))}]"
        case Fields(key, value):
            return f"{{{_literal(key)}: {written(value)}}}"


def _closed(expr: Expr) -> str:
    return f"({written(expr)})" if isinstance(expr, Binary | Joined) else written(expr)


def _selectable(key: str) -> bool:
    return _PLAIN.fullmatch(key) is not None and key not in _WORDS


def _literal(value: str | int | float | bool | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value, "'")
        case _:
            return repr(value)
