"""The parser's tables, which Lark makes of `grammar/policylang.lark`.

Making them takes longer than checking a small policy set, so the file `tables.json` keeps them for the grammar as it
is; for any other grammar they are made when they are needed.

python -m policylang.syntax.lark_tables   # writes the file
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from lark import Lark
from lark import Token as LarkToken
from lark.common import LexerConf
from lark.grammar import Rule
from lark.lexer import Lexer, TerminalDef
from lark.parse_tree_builder import maybe_create_child_filter
from lark.parsers.lalr_analysis import ParseTableBase, Shift

from policylang.syntax.automaton import States
from policylang.syntax.builder import TreeBuilder
from policylang.syntax.grammar import LIST, PATH, WrittenRule, digest, grammar_text
from policylang.syntax.lexer import NAME, UNREADABLE, WHITESPACE, Lexicon, Scan


class ScannerLexer(Lexer):
    """Our lexer, plugged into Lark in place of its own: ``Lark(lexer=ScannerLexer)``."""

    __future_interface__ = 2

    def __init__(self, conf: LexerConf) -> None:
        self.keywords = {t.pattern.value: t.name for t in conf.terminals if is_word(t)}
        self.spelling = {t.name: t.pattern.value for t in conf.terminals if t.pattern.type == "str"}
        # The order of Lark's own lexer: by priority, then the longest possible match first.
        terminals = sorted(
            (t for t in conf.terminals if not is_word(t)),
            key=lambda t: (t.name != NAME, -t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name),
        )
        patterns = {t.name: t.pattern.to_regexp() for t in terminals}
        # White space is matched with the token behind it: that halves the number of matches.
        space = patterns.pop(WHITESPACE)
        named = [f"(?P<{name}>{pattern})" for name, pattern in patterns.items()]
        # Every character is matched by something, so that no text can be passed over in silence.
        named.append(rf'(?P<{UNREADABLE}>"[^\n\r]*|[^\x00-\x7f]+|(?s:.))')
        self.scanner = f"(?>{space})?+(?:{'|'.join(named)})"
        self.states: States | None = None

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[LarkToken]:
        """The tokens of a text for the state that the parser is in; the interface that Lark calls."""
        if self.states is None:
            table = parser_state.parse_conf.parse_table
            self.states = [dict(_entries(table, state)) for state in range(len(table.states))]
        lexicon = Lexicon(self.keywords, self.spelling, re.compile(self.scanner))
        for token in Scan(lexicon, lexer_state.text.text).tokens(self.states, parser_state.state_stack):
            yield LarkToken(token.type, token.value, start_pos=token.start_pos, end_pos=token.end_pos)


def is_word(terminal: TerminalDef) -> bool:
    """Whether the terminal is a keyword, a fixed text that also has the form of a name."""
    return terminal.pattern.type == "str" and terminal.pattern.value.isidentifier()


def make_lark(lexer: Any = ScannerLexer) -> Lark:
    """The grammar as Lark's LALR(1) parser with the tree builder inline, for any lexer Lark knows."""
    return Lark(
        grammar_text(),
        parser="lalr",
        lexer=lexer,
        transformer=TreeBuilder(),
        keep_all_tokens=True,
        maybe_placeholders=True,
    )


def _entries(table: ParseTableBase[Any], state: int) -> Iterator[tuple[str, Any]]:
    for symbol, (action, target) in table.states[state].items():
        if action is Shift:
            yield str(symbol), target
        else:
            yield str(symbol), (len(target.expansion), None, str(target.origin.name))


# --- as data -------------------------------------------------------------------------------------------------


def tables_text() -> str:
    """The tables, one rule or state a line. States are numbered as they are reached from the first one, by the names of
    the symbols, so the text depends on nothing but the grammar.
    """
    lark = make_lark()
    table = lark.parser.parser.parser.parse_table
    (start,), (end,) = table.start_states.values(), table.end_states.values()
    numbers = {state: number for number, state in enumerate(_reached(table, start))}
    written = {target: _rule(target) for entries in table.states.values() for _, target in _reductions(entries)}
    rules = sorted(set(written.values()), key=msgspec.json.encode)
    states = []
    for state in numbers:
        entries = {str(symbol): numbers[target] for symbol, target in _shifts(table.states[state])}
        entries |= {str(symbol): ~rules.index(written[target]) for symbol, target in _reductions(table.states[state])}
        states.append(dict(sorted(entries.items())))
    lexer = lark.parser.lexer
    parts: dict[str, Any] = {
        "grammar": digest(grammar_text()),
        "end": numbers[end],
        "keywords": lexer.keywords,
        "spelling": lexer.spelling,
        "scanner": lexer.scanner,
        "rules": rules,
        "states": states,
    }
    return "{\n" + ",\n".join(f"{_json(name)}: {_lines(value)}" for name, value in parts.items()) + "\n}\n"


def _shifts(entries: dict[Any, Any]) -> Iterator[tuple[Any, int]]:
    return ((symbol, target) for symbol, (action, target) in sorted(entries.items()) if action is Shift)


def _reductions(entries: dict[Any, Any]) -> Iterator[tuple[Any, Rule]]:
    return ((symbol, target) for symbol, (action, target) in entries.items() if action is not Shift)


def _reached(table: ParseTableBase[Any], start: int) -> list[int]:
    """The states in the order in which they are reached, each once."""
    found = [start]
    for state in found:
        found += dict.fromkeys(target for _, target in _shifts(table.states[state]) if target not in found)
    return found


def _rule(rule: Rule) -> WrittenRule:
    origin, size, method = str(rule.origin.name), len(rule.expansion), str(rule.alias or rule.origin.name)
    if rule.options.expand1 and size == 1 and rule.alias is None:
        return WrittenRule(origin, size)
    if method.startswith("_"):
        method = LIST
    elif not hasattr(TreeBuilder, method):
        raise ValueError(f"the builder has no method `{method}`")
    return WrittenRule(origin, size, method, _children(rule))


class _Child:
    def __init__(self, number: int) -> None:
        self.number = number
        self.children = [~number]


def _children(rule: Rule) -> tuple[int | None, ...]:
    """What Lark's own filter makes of the children of a rule, tried on numbered ones."""
    given = [_Child(number) for number in range(len(rule.expansion))]
    shaped = maybe_create_child_filter(rule.expansion, True, False, list(rule.options.empty_indices))
    made = given if shaped is None else shaped(list)(given)
    return tuple(each.number if isinstance(each, _Child) else each for each in made)


def _lines(value: Any) -> str:
    return "[\n" + ",\n".join(map(_json, value)) + "\n]" if isinstance(value, list) else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def main() -> None:
    """Write the file."""
    PATH.write_text(tables_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
