"""The grammar file and the parse tables that Lark makes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from lark import Lark
from lark.parsers.lalr_analysis import Shift

from policylang.syntax.builder import Builder
from policylang.syntax.lexer import ScannerLexer

# In a wheel the grammar lies inside the package, in a checkout beside it.
_PLACES = (Path(__file__).parents[1] / "grammar", Path(__file__).parents[2] / "grammar")

# What the parser does at a token or after a rule: go to a state, or reduce.
Reduction = tuple[int, Callable[[list[Any]], Any] | None, str]
Table = list[dict[str, int | Reduction]]


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
    """Lark's parse table in a form that is quick to walk.

    ``states[state][symbol]`` is the next state, or the reduction: how many values it takes, what builds the new one
    (``None`` where the one value stays as it is), and the name of the rule.
    """

    states: Table
    start: int
    end: int
    starters: frozenset[str]
    """The types of the tokens that can begin a declaration."""
    lexer: ScannerLexer


@cache
def tables() -> Tables:
    """The tables of the installed grammar, made once."""
    lark = make_lark()
    parser = lark.parser.parser.parser  # type: ignore[attr-defined]
    states: Table = [{} for _ in parser.parse_table.states]
    for state, entries in parser.parse_table.states.items():
        for symbol, (action, target) in entries.items():
            if action is Shift:
                states[state][symbol] = target
            else:
                keeps_value = target.options.expand1 and len(target.expansion) == 1 and target.alias is None
                callback = None if keeps_value else parser.callbacks[target]
                states[state][symbol] = (len(target.expansion), callback, target.origin.name)
    (start,) = parser.parse_table.start_states.values()
    (end,) = parser.parse_table.end_states.values()
    lexer = lark.parser.lexer  # type: ignore[attr-defined]
    between = states[states[start]["_declarations"]]  # type: ignore[index]
    starters = frozenset(symbol for symbol in between if symbol in lexer.keywords.values())
    return Tables(states, start, end, starters, lexer)
