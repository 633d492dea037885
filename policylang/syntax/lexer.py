"""A lexer on one compiled regular expression, plugged into Lark in place of its own.

It is built from the grammar's terminals, so the grammar stays the only description of the syntax. It does what Lark's
contextual lexer does, at a fraction of the cost and more exactly: a word that is a keyword somewhere is a name wherever
the keyword does not fit. Lark's own takes a keyword for fitting wherever the parser's state has an entry for it, which
LALR, merging states, also has in places where the keyword cannot stand.

Source of the idea: Lark's `BasicLexer` and `ContextualLexer` (lark/lexer.py, MIT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
from lark.common import LexerConf
from lark.lexer import Lexer, TerminalDef

from policylang.limits import Limits
from policylang.syntax.automaton import States, fits, flatten

# The terminals that this lexer knows by name.
NAME = "NAME"
COMMENT = "COMMENT"
WHITESPACE = "WHITESPACE"

# Token types that no rule of the grammar accepts: the parser stops at them, and the diagnostic says what they are.
UNREADABLE = "UNREADABLE"
TOO_DEEP = "TOO_DEEP"
TOO_LONG = "TOO_LONG"
END = "$END"


class Token(msgspec.Struct, gc=False):
    """A token with the attributes of Lark's that the builder reads; offsets in code points."""

    # Lark copies these to the end token; nobody reads them, places come from the offsets.
    line: ClassVar[int] = 0
    column: ClassVar[int] = 0
    end_line: ClassVar[int] = 0
    end_column: ClassVar[int] = 0

    type: str
    value: str
    start_pos: int
    end_pos: int


class ScannerLexer(Lexer):
    """The lexer class to give to ``Lark(lexer=…)``. A ``Scan`` is one pass of it over a text."""

    __future_interface__ = 2

    def __init__(self, conf: LexerConf) -> None:
        self.keywords = {t.pattern.value: t.name for t in conf.terminals if is_word(t)}
        self.states: States | None = None
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
        self.scanner = re.compile(f"(?>{space})?+(?:{'|'.join(named)})")

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
        """The tokens of a text for the state that the parser is in; the interface that Lark calls."""
        if self.states is None:
            self.states = flatten(parser_state.parse_conf.parse_table, parser_state.parse_conf.callbacks)
        return Scan(self, lexer_state.text.text).tokens(self.states, parser_state.state_stack)


def is_word(terminal: TerminalDef) -> bool:
    """Whether the terminal is a keyword, a fixed text that also has the form of a name."""
    return terminal.pattern.type == "str" and terminal.pattern.value.isidentifier()


class Scan:
    """One pass over a text. ``pos`` may be moved between tokens; ``comments`` gathers what was passed over."""

    def __init__(self, lexer: ScannerLexer, text: str, limits: Limits | None = None) -> None:
        self.lexer = lexer
        self.text = text
        self.pos = 0
        self.comments: list[Token] = []
        self.limits = limits or Limits()

    def tokens(self, states: States, state_stack: list[int]) -> Iterator[Token]:
        """The tokens from ``pos`` on, each chosen for the parser's state when it is asked for.

        ``state_stack`` is the parser's own, live.
        """
        text = self.text
        match = self.lexer.scanner.match
        keywords = self.lexer.keywords
        nesting = _Nesting(self.limits.nesting)
        nests = _Nesting.types
        longest_name = self.limits.name_length
        longest_text = self.limits.text_length
        while (found := match(text, self.pos)) is not None:
            type_: str = found.lastgroup  # type: ignore[assignment]
            value = found[type_]
            self.pos = end = found.end()
            start = end - len(value)
            if type_ == NAME:
                if value in keywords:
                    keyword = keywords[value]
                    accepted = states[state_stack[-1]]
                    if NAME not in accepted or (keyword in accepted and fits(states, state_stack, keyword)):
                        type_ = keyword
                        if keyword in nests and nesting.too_deep(keyword):
                            type_ = TOO_DEEP
                elif end - start > longest_name:
                    type_ = TOO_LONG
            elif type_ == COMMENT:
                self.comments.append(Token(type_, value, start, end))
                continue
            elif type_ in nests and nesting.too_deep(type_):
                type_ = TOO_DEEP
            elif end - start > longest_name and (type_ == "NUMBER" or end - start > longest_text):
                type_ = TOO_LONG
            yield Token(type_, value, start, end)

    def tokens_from(self, pos: int) -> Iterator[Token]:
        """All tokens from an offset on without regard to any state, keywords as keywords. Does not move ``pos``."""
        match = self.lexer.scanner.match
        while (found := match(self.text, pos)) is not None:
            type_ = str(found.lastgroup)
            value = found[type_]
            pos = found.end()
            if type_ != COMMENT:
                yield Token(self.lexer.keywords.get(value, type_), value, pos - len(value), pos)


class _Nesting:
    """How deep parentheses and ``not`` stand in one another."""

    types = frozenset({"LPAR", "RPAR", "NOT", "AND", "OR", "LBRACE", "RBRACE"})

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.depth = 0
        self.outer: list[int] = []

    def too_deep(self, type_: str) -> bool:
        """Take one token of ``types`` into account; true where the limit is passed."""
        if type_ == "LPAR":
            self.outer.append(self.depth)
            self.depth += 1
        elif type_ == "NOT":
            self.depth += 1
        elif type_ == "RPAR":
            self.depth = self.outer.pop() if self.outer else 0
        elif type_ in ("AND", "OR"):
            self.depth = self.outer[-1] + 1 if self.outer else 0
        else:
            self.depth = 0
            self.outer.clear()
        return self.depth > self.limit
