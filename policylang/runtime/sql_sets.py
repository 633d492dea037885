"""Sets in columns, as the dialects hold them that have any."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlglot import exp


class Sets(NamedTuple):
    """``size``: how many items there are, those that are missing included. ``whole``: none is missing. ``overlap``:
    an item is in both.
    """

    size: Callable[[exp.Expr], exp.Expr]
    whole: Callable[[exp.Expr], exp.Expr]
    overlap: Callable[[exp.Expr, exp.Expr], exp.Expr]


def _written(template: str, dialect: str) -> Callable[..., exp.Expr]:
    """What makes an expression of a template with columns in place of its columns ``a`` and ``b``."""

    def made(*columns: exp.Expr) -> exp.Expr:
        from sqlglot import exp, parse_one

        tree = parse_one(template, dialect=dialect)
        sides = dict(zip("ab", columns, strict=False))

        def filled(node: exp.Expr) -> exp.Expr:
            named = isinstance(node, exp.Column) and not node.table and node.name in sides
            return sides[node.name].copy() if named else node

        return tree.transform(filled)

    return made


def _sets(dialect: str, size: str, whole: str, overlap: str) -> Sets:
    return Sets(*(_written(template, dialect) for template in (size, whole, overlap)))


SETS = {
    "postgres": _sets("postgres", "cardinality(a)", "array_position(a, NULL) IS NULL", "a && b"),
    "duckdb": _sets("duckdb", "len(a)", "list_aggregate(a, 'count') = len(a)", "list_has_any(a, b)"),
    "sqlite": _sets(
        "sqlite",
        "json_array_length(a)",
        "NOT EXISTS(SELECT 1 FROM json_each(a) AS x WHERE x.value IS NULL)",
        "EXISTS(SELECT 1 FROM json_each(a) AS x CROSS JOIN json_each(b) AS y WHERE x.value = y.value)",
    ),
}
