"""The grammar file, and the tables that the parser walks, which Lark makes of it: see `lark_tables`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from policylang.syntax.automaton import Reduction, States
from policylang.syntax.builder import TreeBuilder
from policylang.syntax.lexer import Lexicon

_Build = Callable[[list[Any]], Any]

PATH = Path(__file__).with_name("tables.json")
"""The tables as they were made last."""

# In a wheel the grammar lies inside the package, in a checkout beside it.
_PLACES = (Path(__file__).parents[1] / "grammar", Path(__file__).parents[2] / "grammar")

LIST = "[]"
"""In place of a method: the children become a list, which stands for its items in the rule around it."""


class WrittenRule(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A rule of the grammar. ``size``: how many values it takes; ``method``: of the builder, or `LIST`, or empty where
    the one value stays as it is; ``children``: which values the method is given, by number, ``~number`` for all items
    of a list, ``None`` for an optional part that is absent.
    """

    name: str
    size: int
    method: str = ""
    children: tuple[int | None, ...] = ()


class TableFile(msgspec.Struct, frozen=True):
    """The file. ``grammar``: the `digest` of what it was made of. ``states``: for each symbol the next state, or
    ``~number`` of the rule that is complete; the first one is where parsing starts.
    """

    grammar: str
    end: int
    keywords: dict[str, str]
    spelling: dict[str, str]
    scanner: str
    rules: tuple[WrittenRule, ...]
    states: tuple[dict[str, int], ...]


class ParserTables(msgspec.Struct, frozen=True):
    """What the parser needs of the grammar."""

    states: States
    start: int
    end: int
    starters: frozenset[str]
    """The types of the tokens that can begin a declaration."""
    lexer: Lexicon


def grammar_text() -> str:
    """The grammar as it is installed."""
    path = next(path for place in _PLACES if (path := place / "policylang.lark").is_file())
    return path.read_text(encoding="utf-8")


def digest(text: str) -> str:
    """What tells one grammar from another."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def tables() -> ParserTables:
    """The tables of the installed grammar, made once."""
    written = msgspec.json.decode(PATH.read_bytes(), type=TableFile)
    if written.grammar != digest(grammar_text()):
        from policylang.syntax.lark_tables import tables_text

        written = msgspec.json.decode(tables_text(), type=TableFile)
    builder = TreeBuilder()
    rules = [_reduction(rule, builder) for rule in written.rules]
    states: States = [
        {symbol: entry if entry >= 0 else rules[~entry] for symbol, entry in entries.items()}
        for entries in written.states
    ]
    start = 0
    between = states[written.states[start]["_declarations"]]
    lexer = Lexicon(written.keywords, written.spelling, re.compile(written.scanner))
    starters = frozenset(symbol for symbol in between if symbol in lexer.keywords.values())
    return ParserTables(states, start, written.end, starters, lexer)


def _reduction(rule: WrittenRule, builder: TreeBuilder) -> Reduction:
    if not rule.method:
        return rule.size, None, rule.name
    build = _as_it_is if rule.method == LIST else getattr(builder, rule.method)
    if rule.children != tuple(range(rule.size)):
        build = _with_children(build, rule.children)
    return rule.size, build, rule.name


def _as_it_is(children: list[Any]) -> list[Any]:
    return children


def _with_children(build: _Build, numbers: tuple[int | None, ...]) -> _Build:
    """Pass the children that the rule says in place of all values."""
    if numbers == (~0, *range(1, len(numbers))):

        def grown(values: list[Any]) -> Any:
            # Nobody else has the list, so it grows where it is; copied each time, long ones would take forever.
            children = values[0]
            children += values[1:]
            return build(children)

        return grown

    if all(number is None or number >= 0 for number in numbers):
        chosen = itemgetter(*(-1 if number is None else number for number in numbers), -1)

        def picked(values: list[Any]) -> Any:
            values.append(None)
            return build(list(chosen(values))[:-1])

        return picked

    def built(values: list[Any]) -> Any:
        children: list[Any] = []
        for number in numbers:
            if number is None:
                children.append(None)
            elif number >= 0:
                children.append(values[number])
            else:
                children += values[~number]
        return build(children)

    return built
