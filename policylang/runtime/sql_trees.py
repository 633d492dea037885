"""Trees of records as recursive queries, from the top down."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from policylang.runtime.trees import DEEPEST

RECURSIVE = frozenset({"postgres", "duckdb", "sqlite"})
"""Dialects that take a recursive query inside a condition."""


class TreeNames(NamedTuple):
    """The table of the records, its column with the key of the record above, the query, and what one row is called."""

    table: str
    above: str
    query: str
    row: str


def below(names: TreeNames, top: exp.Expr) -> exp.Expr:
    """The keys of the records that lie below the top."""
    return _query(names, exp.EQ(this=_column(names, names.above), expression=top), 1)


def elsewhere(names: TreeNames, top: exp.Expr | None) -> exp.Expr:
    """The keys of the records from which the way up ends without passing the top."""
    other = [] if top is None else [exp.NEQ(this=_column(names, "id"), expression=top)]
    ends = exp.Is(this=_column(names, names.above), expression=exp.null())
    return _query(names, exp.and_(ends, *other), 0, *other)


def _query(names: TreeNames, first: exp.Expr, depth: int, *later: exp.Expr) -> exp.Expr:
    """The rows for which ``first`` holds, and step by step those below them for which ``later`` does. Each row counts
    once at each depth, so that circles end.
    """
    rows = exp.alias_(exp.table_(names.table, quoted=True), names.row, table=True, quoted=True)
    found = exp.column("depth", table=names.query, quoted=True)
    start = exp.select(_column(names, "id"), exp.alias_(exp.Literal.number(depth), "depth", quoted=True))
    step = exp.select(_column(names, "id"), exp.Add(this=found, expression=exp.Literal.number(1)))
    up = exp.EQ(this=_column(names, names.above), expression=exp.column("id", table=names.query, quoted=True))
    within = exp.LT(this=found, expression=exp.Literal.number(DEEPEST))
    step = step.from_(exp.table_(names.query, quoted=True)).join(rows, on=up).where(within, *later)
    union = exp.union(start.from_(rows.copy()).where(first), step, distinct=True)
    result = exp.select(exp.column("id", quoted=True)).from_(exp.table_(names.query, quoted=True))
    alias = exp.TableAlias(
        this=exp.to_identifier(names.query, quoted=True),
        columns=[exp.to_identifier(name, quoted=True) for name in ("id", "depth")],
    )
    return result.with_(alias, as_=union, recursive=True).subquery()


def _column(names: TreeNames, name: str) -> exp.Expr:
    return exp.column(name, table=names.row, quoted=True)
