"""Names and texts as PostgreSQL writes them."""

from __future__ import annotations

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
