"""Which DocTypes an app limits by code of its own: what its `hooks.py` says."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from policylang.importing.imported import Origin
from policylang.importing.reading import InputFile, NotThisError

HOOKS = "hooks.py"
EVERY = "*"
"""What stands for all DocTypes, as in Frappe; also where the names are made by code."""
_LIMITING = ("has_permission", "permission_query_conditions")
_LONGEST = 1_000_000


def limited(file: InputFile) -> Iterator[tuple[str, Origin]]:
    """The DocTypes, each perhaps several times. Raises `NotThisError`."""
    text = file.text()
    if not any(name in text for name in _LIMITING) and "import *" not in text:
        return
    for node, keys in _keys(_parsed(file, text)):
        for key in keys:
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else EVERY
            yield name, Origin(file.path, getattr(key or node, "lineno", 1))


def _parsed(file: InputFile, text: str) -> ast.Module:
    line = None
    try:
        if len(text) <= _LONGEST:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text)
    except SyntaxError as error:
        line = error.lineno
    except (ValueError, MemoryError, RecursionError):
        pass
    message = "this is no Python, so which DocTypes the app limits is not known"
    raise NotThisError(file.path, message, "fix it, or leave the file out", line)


def _keys(tree: ast.Module) -> Iterator[tuple[ast.AST, list[ast.expr | None]]]:
    """The names of DocTypes, where hooks are set; ``None`` where they are not written there."""
    seen: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name) as target], value=ast.Dict(keys=keys))
                | ast.AnnAssign(target=ast.Name(id=name) as target, value=ast.Dict(keys=keys))
            ) if name in _LIMITING:
                seen.add(target)
                yield node, keys
            case ast.Subscript(value=ast.Name(id=name) as target, slice=key) if name in _LIMITING:
                seen.add(target)
                yield node, [key]
            case ast.Name(id=name) if name in _LIMITING and node not in seen:
                yield node, [None]
            case ast.ImportFrom(names=names) | ast.Import(names=names):
                if any((each.asname or each.name) in (*_LIMITING, "*") for each in names):
                    yield node, [None]
            case ast.FunctionDef(name=name) if name in _LIMITING:
                yield node, [None]
