"""What lowering says everywhere: labels, references, clauses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policylang.ir import nodes as ir
from policylang.model.model import Model
from policylang.model.report import at
from policylang.source import Source
from policylang.syntax import ast, expressions


def label_of(node: expressions.Text | None) -> str | None:
    return node.value if node else None


def lowered(model: Model, kind: str, lower_one: Any) -> tuple[Any, ...]:
    """The declarations of a kind, sorted by name."""
    return tuple(lower_one(model, site) for _, site in sorted(model.symbols.every(kind), key=lambda item: item[0]))


def refs(source: Source, names: Iterable[expressions.Name]) -> tuple[ir.Ref, ...]:
    return tuple(ir.Ref(name.value, at(source, name)) for name in names)


def in_order(names: Iterable[expressions.Name], declared: Iterable[str]) -> tuple[str, ...]:
    wanted = {name.value for name in names}
    return tuple([name for name in declared if name in wanted])  # a list is quicker to walk than a generator


def clauses_of(node: Any) -> dict[type[Any], Any]:
    """The clauses by their kind; the model has seen to it that there is one of each at most."""
    return {type(clause): clause for clause in node.clauses}


def because_of(clauses: dict[type[Any], Any]) -> str | None:
    clause = clauses.get(ast.Because)
    return clause.reason.value if clause else None
