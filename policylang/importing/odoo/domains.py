"""Odoo's domains: lists of terms in Polish notation, as trees without `!`."""

from __future__ import annotations

import ast
from typing import Literal

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import NotImportedError, Origin
from policylang.importing.odoo.expressions import parsed, shown

Operator = Literal["=", "!=", "in", "not in", "<", "<=", ">", ">=", "!"]
"""The last is a negated comparison of sizes, which versions of Odoo read differently."""

_MANY = ("groups_id",)
"""Fields of users that hold many, and whose names do not say so."""

_MOST = 300
"""Terms of one domain."""

_OPPOSITE: dict[Operator, Operator] = {"=": "!=", "!=": "=", "in": "not in", "not in": "in"}
_PLAIN: tuple[Operator, ...] = ("=", "!=", "in", "not in", "<", "<=", ">", ">=")
_SPELLINGS: dict[str, Operator] = {**{each: each for each in _PLAIN}, "==": "=", "<>": "!="}


class FixedValue(msgspec.Struct, frozen=True):
    """A text, a number, a truth value; ``None`` for Odoo's `False` where it means that there is no value."""

    value: str | int | float | bool | None


class UserField(msgspec.Struct, frozen=True):
    """Something of the user: a path, which is empty for the user itself; ``many`` for a set of ids. ``listed``: the ids
    of what is one record at most, which are none if it is not there.
    """

    path: str
    many: bool
    listed: bool = False


DomainItem = FixedValue | UserField


class Leaf(msgspec.Struct, frozen=True):
    """``items``: what it is compared with, one for all operators but `in` and `not in`."""

    field: str
    operator: Operator
    items: tuple[DomainItem, ...]
    origin: Origin
    text: str


class Node(msgspec.Struct, frozen=True):
    """``all``: whether all of the parts have to hold, or some. Without parts it is true, or false."""

    all: bool
    parts: tuple[Node | Leaf, ...]


DomainTree = Node | Leaf
TRUE, FALSE = Node(True, ()), Node(False, ())


def leaves(tree: DomainTree) -> list[Leaf]:
    """The terms of a tree, from left to right."""
    if isinstance(tree, Leaf):
        return [tree]
    return [leaf for part in tree.parts for leaf in leaves(part)]


def read_domain(text: str, origin: Origin) -> DomainTree:
    """The tree of a domain. Raises `NotImportedError`."""
    if not text.strip():
        return TRUE
    tree = parsed(text, origin)
    if isinstance(tree, ast.Constant) and not tree.value:
        return TRUE
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return read_domain(tree.value, origin)
    terms = _listed(tree, origin)
    if len(terms) > _MOST:
        raise NotImportedError("domain", origin, f"{shown(tree)} has more than {_MOST} terms")
    stack: list[tuple[DomainTree, DomainTree]] = []  # each with its negation
    for term in reversed(terms):
        mark = term.value if isinstance(term, ast.Constant) else None
        if mark in ("&", "|"):
            if len(stack) < 2:
                raise NotImportedError("domain", origin, f"{shown(tree)} has too few terms")
            one, two = stack.pop(), stack.pop()
            both = mark == "&"
            stack.append((Node(both, (one[0], two[0])), Node(not both, (one[1], two[1]))))
        elif mark == "!":
            if not stack:
                raise NotImportedError("domain", origin, f"{shown(tree)} has too few terms")
            stack.append(stack.pop()[::-1])
        else:
            stack.append(_term(term, origin))
    found = Node(True, tuple(each for each, _ in reversed(stack)))
    if any(leaf.operator == "!" for leaf in leaves(found)):
        message = f"{shown(tree)} turns a comparison around that differs between versions of Odoo"
        raise NotImportedError("operator", origin, message)
    return found


def _listed(tree: ast.expr, origin: Origin) -> list[ast.expr]:
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add):
        return _listed(tree.left, origin) + _listed(tree.right, origin)
    if isinstance(tree, ast.List | ast.Tuple):
        return list(tree.elts)
    code = "call" if any(isinstance(each, ast.Call) for each in ast.walk(tree)) else "domain"
    raise NotImportedError(code, origin, f"{shown(tree)} is computed, not a list of terms")


def _term(term: ast.expr, origin: Origin) -> tuple[DomainTree, DomainTree]:
    if not isinstance(term, ast.Tuple | ast.List) or len(term.elts) != 3:
        raise NotImportedError("domain", origin, f"{shown(term)} is not a domain term")
    field, operator, value = term.elts
    found = _constant(field, operator, value)
    if found is not None:
        return (TRUE, FALSE) if found else (FALSE, TRUE)
    name, sign = (each.value if isinstance(each, ast.Constant) else None for each in (field, operator))
    if not isinstance(name, str) or not name or not isinstance(sign, str):
        raise NotImportedError("domain", origin, f"{shown(term)} is not a domain term")
    known = _SPELLINGS.get(sign.strip().lower())
    if known is None:
        raise NotImportedError("operator", origin, f"{quoted(sign)} in {shown(term)} has no equivalent")
    items = _items(value, origin)
    is_list = isinstance(value, ast.List | ast.Tuple | ast.Set | ast.BinOp)
    if is_list and known in _OPPOSITE:
        known = "in" if known in ("=", "in") else "not in"
    elif known in ("=", "!=") and isinstance(items[0], UserField) and items[0].many:
        known = "in" if known == "=" else "not in"
    leaf = Leaf(name.strip().removesuffix(".id"), known, items, origin, shown(term))
    other = _OPPOSITE.get(known)
    if other is None:
        return leaf, msgspec.structs.replace(leaf, operator="!")
    return leaf, msgspec.structs.replace(leaf, operator=other)


def _constant(field: ast.expr, operator: ast.expr, value: ast.expr) -> bool | None:
    """Whether a term such as `(1, '=', 1)` holds; ``None`` for all others."""
    constants = [each.value for each in (field, operator, value) if isinstance(each, ast.Constant)]
    if len(constants) < 3 or not isinstance(constants[0], int) or constants[1] not in ("=", "!="):
        return None
    return (constants[0] == constants[2]) == (constants[1] == "=")


def _items(value: ast.expr, origin: Origin) -> tuple[DomainItem, ...]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return _items(value.left, origin) + _items(value.right, origin)
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return tuple(item for each in value.elts for item in _items(each, origin))
    return (_item(_without_loop(value), origin),)


def _without_loop(value: ast.expr) -> ast.expr:
    """`[each.id for each in user.groups_id]` as `user.groups_id.ids`."""
    match value:
        case ast.ListComp(
            ast.Attribute(ast.Name(id=item), "id"), [ast.comprehension(ast.Name(id=name), of, ifs=[], is_async=0)]
        ) if item == name:
            return ast.Attribute(of, "ids")
    return value


def _item(value: ast.expr, origin: Origin) -> DomainItem:
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub) and isinstance(value.operand, ast.Constant):
        number = value.operand.value
        if isinstance(number, int | float) and not isinstance(number, bool):
            return FixedValue(-number)
    if isinstance(value, ast.Constant):
        given = value.value
        if given is None or given is False:
            return FixedValue(None)
        if isinstance(given, str | int | float):
            return FixedValue(given)
    path = _path(value)
    if path == ["company_id"] or path == ["company_ids"]:
        return UserField(path[0], path == ["company_ids"])
    if path is not None and path[0] == "user" and len(path) > 1:
        rest = path[1:]
        listed = rest[-1] == "ids"
        if rest[-1] in ("id", "ids"):
            rest = rest[:-1]
        many = any(each.endswith("_ids") or each in _MANY for each in rest)
        many = many or (listed and bool(rest) and not rest[-1].endswith("_id"))
        name = ".".join(rest)
        key = f"user.{name}" if name in ("company_id", "company_ids") else name
        return UserField(key, many, listed and not many)
    code = "call" if any(isinstance(each, ast.Call) for each in ast.walk(value)) else "domain"
    raise NotImportedError(code, origin, f"{shown(value)} is computed")


def _path(value: ast.expr) -> list[str] | None:
    parts: list[str] = []
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    return [value.id, *reversed(parts)] if isinstance(value, ast.Name) else None
