"""One word, one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import policylang

PACKAGE = Path(policylang.__file__).parent
NODES = ("syntax/ast.py", "syntax/expressions.py", "ir/nodes.py")
"""What the language has, as text and compiled: both trees use its words, so they are always said with their module, as
`ast.Role` and `ir.Role`.
"""


CONDITIONS = "model/conditions.py"
"""Its nodes are mostly said with their module, as `c.Test`."""


@cache
def trees() -> dict[str, ast.Module]:
    return {
        path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _classes(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def _types(path: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Public classes and names for types, with what tells things apart: a class is what it is, a name what it says."""
    yield from ((name, path) for name in _classes(tree))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, ast.unparse(node.value)
            if re.match("[A-Z][a-z]", name) and not value.startswith("TypeVar"):
                yield name, value


def test_no_two_public_types_have_the_same_name() -> None:
    where = defaultdict(set)
    for path, tree in trees().items():
        for name, what in _types(path, tree) if path not in (*NODES, CONDITIONS) else ():
            where[name].add(what)
    assert {name: things for name, things in where.items() if len(things) > 1} == {}


def test_nodes_are_said_with_their_module() -> None:
    modules = {"policylang.syntax.ast", "policylang.syntax.expressions", "policylang.ir", "policylang.ir.nodes"}
    nodes = {name for path in NODES for name in _classes(trees()[path])}
    named = [
        f"{path}:{node.lineno}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in modules and not path.startswith(("syntax/", "ir/"))
        if any(alias.name in nodes for alias in node.names)
    ]
    assert named == []


def test_only_what_everybody_uses_stands_at_the_top() -> None:
    files = {path.stem for path in PACKAGE.glob("*.py")}
    assert files == {"__init__", "__main__", "source", "diagnostics", "suggest"}
