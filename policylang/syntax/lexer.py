"""A lexer on one compiled regular expression.

That is built from the grammar's terminals, so the grammar stays the only description of the syntax. It does what Lark's
contextual lexer does, at a fraction of the cost and more exactly: a word that is a keyword somewhere is a name wherever
the keyword does not fit. Lark's own takes a keyword for fitting wherever the parser's state has an entry for it, which
LALR, merging states, also has in places where the keyword cannot stand.

Source of the idea: Lark's `BasicLexer` and `ContextualLexer` (lark/lexer.py, MIT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from policylang.settings.limits import Limits
from policylang.syntax.automaton import States, fits

# The terminals that this lexer knows by name.
NAME = "NAME"
COMMENT = "COMMENT"
WHITESPACE = "WHITESPACE"

# Token types that no rule of the grammar accepts: the parser stops at them, and the diagnostic says what they are.
UNREADABLE = "UNREADABLE"
TOO_DEEP = "TOO_DEEP"
TOO_LONG = "TOO_LONG"
TOO_MANY = "TOO_MANY"
END = "$END"


class Token(msgspec.Struct, gc=False):
    """A token; offsets in code points."""

    type: str
    value: str
    start_pos: int
    end_pos: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start_pos, self.end_pos


class Lexicon(msgspec.Struct, frozen=True):
    """The words of the language, from the terminals of the grammar."""

    keywords: dict[str, str]
    """The token type of each word that can be a keyword."""
    spelling: dict[str, str]
    """How a token is written, by its type, where there is one way."""
    scanner: re.Pattern[str]
    """White space and the token behind it, in a group of its type; keywords are names."""


class Scan:
    """One pass over a text. ``pos`` may be moved between tokens; ``comments`` gathers what was passed over,
    by offset. ``left``: how many more words there may be.
    """

    def __init__(self, lexer: Lexicon, text: str, limits: Limits | None = None) -> None:
        self.lexer = lexer
        self.text = text
        self.pos = 0
        self.comments: dict[int, str] = {}
        self.limits = limits or Limits()
        self.left = self.limits.words

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
            self.left -= 1
            if self.left < 0:
                yield Token(TOO_MANY, value, start, end)
                return
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
                self.comments[start] = value
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
