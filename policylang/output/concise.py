"""Findings, a line each: for editors, and for whoever searches in them."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.diagnostics import visible
from policylang.output.order import Order, in_order
from policylang.output.text import summary
from policylang.pipelines.findings import Result


def render(result: Result, order: Order) -> Iterator[str]:
    """``path:line:column: error PL301 message``, then the summary."""
    for problem in result.problems:
        yield f"{visible(problem.place())}: error {visible(problem.message)}"
    for each in in_order(result.findings, order):
        yield (
            f"{visible(each.path)}:{each.line}:{each.column}: {each.severity} {each.code} {each.message}"
            + (f" (in {visible(each.compiled)})" if each.compiled else "")
        )
    yield summary(result)
