"""Whether two trees say the same, wherever it stands."""

from __future__ import annotations

from functools import cache
from typing import Any

from policylang.syntax import expressions


def same(one: Any, other: Any) -> bool:
    """Whether two nodes, tuples of nodes or values are equal but for the places of nodes.

    Without making plain tuples of them, as `ast.without_places` does: this runs for every file that is formatted.
    """
    kind = one.__class__
    if kind is not other.__class__:
        return False
    if kind is tuple:
        return len(one) == len(other) and all(map(same, one, other))
    if not issubclass(kind, expressions.Node):
        return bool(one == other)
    for field in _fields(kind):
        left, right = getattr(one, field), getattr(other, field)
        if left.__class__ is str:
            if left != right:
                return False
        elif not same(left, right):
            return False
    return True


@cache
def _fields(kind: type[expressions.Node]) -> tuple[str, ...]:
    """The fields of a node but those of its place."""
    return tuple(field for field in kind.__struct_fields__ if field not in ("start_pos", "end_pos"))
