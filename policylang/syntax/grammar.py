"""The grammar file and the parse tables that Lark makes of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from lark import Lark

from policylang.syntax.automaton import States, flatten
from policylang.syntax.builder import Builder
from policylang.syntax.lexer import ScannerLexer

# In a wheel the grammar lies inside the package, in a checkout beside it.
_PLACES = (Path(__file__).parents[1] / "grammar", Path(__file__).parents[2] / "grammar")


def grammar_path() -> Path:
    """Where the installed grammar file is."""
    return next(path for place in _PLACES if (path := place / "policylang.lark").is_file())


def make_lark(lexer: Any = ScannerLexer) -> Lark:
    """The grammar as Lark's LALR(1) parser with the tree builder inline, for any lexer Lark knows."""
    return Lark(
        grammar_path().read_text(encoding="utf-8"),
        parser="lalr",
        lexer=lexer,
        transformer=Builder(),
        keep_all_tokens=True,
        maybe_placeholders=True,
    )


class Tables(msgspec.Struct, frozen=True):
    """What the parser needs of the grammar."""

    states: States
    start: int
    end: int
    starters: frozenset[str]
    """The types of the tokens that can begin a declaration."""
    lexer: ScannerLexer


@cache
def tables() -> Tables:
    """The tables of the installed grammar, made once."""
    lark = make_lark()
    parser = lark.parser.parser.parser
    states = flatten(parser.parse_table, parser.callbacks)
    (start,) = parser.parse_table.start_states.values()
    (end,) = parser.parse_table.end_states.values()
    lexer = lark.parser.lexer
    between = states[states[start]["_declarations"]]
    starters = frozenset(symbol for symbol in between if symbol in lexer.keywords.values())
    return Tables(states, start, end, starters, lexer)
