"""What every piece of a text is, as the parser sees it: for highlighters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from policylang.settings.limits import Limits
from policylang.syntax.automaton import advance, fits
from policylang.syntax.grammar import tables
from policylang.syntax.lexer import NAME, Scan

PieceKind = Literal["keyword", "name", "string", "number", "operator", "punctuation", "comment", "unreadable"]

_LITERALS: dict[str, PieceKind] = {
    "STRING": "string",
    "NUMBER": "number",
    "DATE": "number",
    "DATETIME": "number",
    "TIME": "number",
}
_OPERATORS = frozenset({"LESS_OR_EQUAL", "MORE_OR_EQUAL", "LESSTHAN", "MORETHAN"})
_UNLIMITED = Limits(words=2**53, nesting=2**53, name_length=2**53, text_length=2**53)


def classified(text: str) -> Iterator[tuple[int, int, PieceKind]]:
    """Beginning, end and kind of each piece, in order; between them is white space. A keyword is one only where it
    fits, as for the parser. Where a word does not fit, the next declaration is waited for.
    """
    grammar = tables()
    states = grammar.states
    first = states[grammar.start]["_declarations"]
    assert isinstance(first, int)
    stack = [grammar.start, first]
    scan = Scan(grammar.lexer, text, _UNLIMITED)
    keywords = frozenset(grammar.lexer.keywords.values())
    for token in scan.tokens(states, stack):
        yield from _comments(scan)
        if not fits(states, stack, token.type) and token.type in grammar.starters:
            stack[:] = [grammar.start, first]
        if fits(states, stack, token.type):
            advance(states, stack, token.type)
        yield token.start_pos, token.end_pos, _kind(token.type, keywords)
    yield from _comments(scan)


def _comments(scan: Scan) -> Iterator[tuple[int, int, PieceKind]]:
    """The comments that were passed over, which are forgotten."""
    for at, text in scan.comments.items():
        yield at, at + len(text), "comment"
    scan.comments.clear()


def _kind(type_: str, keywords: frozenset[str]) -> PieceKind:
    if type_ in keywords:
        return "keyword"
    if type_ == NAME:
        return "name"
    if type_ in _LITERALS:
        return _LITERALS[type_]
    if type_ in _OPERATORS:
        return "operator"
    return "punctuation" if type_ in tables().lexer.spelling else "unreadable"
