"""Expressions of Python in data files. They are read, never run."""

from __future__ import annotations

import ast
import warnings
from typing import Literal

from policylang.diagnostics import quoted
from policylang.importing.imported import NotImportedError, Origin

_LONGEST = 20_000
_DEEPEST = 60

Command = tuple[Literal["add", "remove", "clear"], str]


def parsed(text: str, origin: Origin) -> ast.expr:
    """The tree of an expression. Raises `NotImportedError`."""
    depth = deepest = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    try:
        if len(text) > _LONGEST or deepest > _DEEPEST:
            raise ValueError("too long")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
        _check_depth(tree)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise NotImportedError("value", origin, f"{quoted(_short(text))} cannot be read") from None
    return tree


def _check_depth(tree: ast.expr) -> None:
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > 4 * _DEEPEST:
            raise ValueError("nested too deeply")
        waiting += [(each, depth + 1) for each in ast.iter_child_nodes(node)]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def shown(tree: ast.expr) -> str:
    """An expression on one line, cut where it is long."""
    return quoted(_short(ast.unparse(tree)))


def commands(text: str, origin: Origin) -> list[Command]:
    """What an expression does to a field with many values: `[(4, ref('…'))]` and all its other spellings."""
    tree = parsed(text, origin)
    if isinstance(tree, ast.Constant) and not tree.value:
        return []
    items = tree.elts if isinstance(tree, ast.List) else [tree]
    found: list[Command] = []
    for each in items:
        found += _command(each, origin)
    return found


def _command(tree: ast.expr, origin: Origin) -> list[Command]:
    number: object = None
    rest: list[ast.expr] = []
    if isinstance(tree, ast.Tuple | ast.List) and tree.elts and isinstance(tree.elts[0], ast.Constant):
        number, rest = tree.elts[0].value, tree.elts[1:]
    elif isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):
        number = {"link": 4, "set": 6, "clear": 5, "unlink": 3}.get(tree.func.attr)
        rest = [ast.Constant(0), *tree.args] if number == 6 else tree.args
    elif isinstance(tree, ast.Call):
        return [("add", _ref(tree, origin))]
    if number in (3, 4) and rest:
        return [("add" if number == 4 else "remove", _ref(rest[0], origin))]
    if number == 5:
        return [("clear", "")]
    if number == 6 and len(rest) == 2 and isinstance(rest[1], ast.List | ast.Tuple):
        return [("clear", ""), *(("add", _ref(each, origin)) for each in rest[1].elts)]
    raise NotImportedError("value", origin, f"{shown(tree)} does not say which records")


def _ref(tree: ast.expr, origin: Origin) -> str:
    """The id in `ref('…')`."""
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "ref" and tree.args:
        name = tree.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            return name.value.strip()
    raise NotImportedError("value", origin, f"{shown(tree)} does not say which record")
