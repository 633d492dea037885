"""Names and texts as PostgreSQL writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

MAX_BYTES = 63
"""Of an identifier; PostgreSQL cuts longer ones without an error."""


def name(text: str) -> str:
    """An identifier."""
    return exp.to_identifier(text, quoted=True).sql(dialect="postgres")


def literal(text: str) -> str:
    """A text. Holds whatever PostgreSQL's texts can, which is everything but NUL; needs standard strings."""
    return exp.Literal.string(text).sql(dialect="postgres")


def listed(texts: list[str], type_: str = "text") -> str:
    """An array of texts."""
    return f"ARRAY[{', '.join(literal(text) for text in texts)}]::{type_}[]"


def insert(into: str, rows: Sequence[str], then: str = "") -> Iterator[str]:
    """Statements that insert rows, written in parentheses; none for none."""
    for start in range(0, len(rows), 1000):
        yield f"INSERT INTO {into} VALUES\n  " + ",\n  ".join(rows[start : start + 1000]) + f"{then and ' '}{then};"
