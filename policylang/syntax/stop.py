"""Where the automaton stopped: at a token that the grammar has no use for."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

from policylang.source import Source
from policylang.syntax.lexer import END, NAME, Scan, Token

_WHAT = {
    NAME: "a name",
    "STRING": "a text in quotes",
    "NUMBER": "a number",
    "DATE": "a date",
    "DATETIME": "a date with time",
    "TIME": "a time of day",
    END: "the end of the file",
}


class Stop(msgspec.Struct):
    """Everything known about the token that does not fit."""

    source: Source
    scan: Scan
    starters: frozenset[str]  # token types that begin a declaration
    expected: frozenset[str]  # token types that would fit
    expected_before: frozenset[str]  # token types that would have fitted in place of the token before
    before: list[Token]  # the tokens of the broken declaration before the mistake
    token: Token

    @property
    def open_braces(self) -> int:
        """How many braces are open before the mistake."""
        depth = 0
        for token in self.before:
            depth += (token.type == "LBRACE") - (token.type == "RBRACE" and depth > 0)
        return depth

    def spelling(self, type_: str) -> str:
        return _WHAT.get(type_) or f"`{self.scan.lexer.spelling[type_]}`"

    def words(self, types: Iterable[str]) -> dict[str, str]:
        """The keywords among token types, by how they are written."""
        keywords = self.scan.lexer.keywords
        return {word: type_ for word, type_ in keywords.items() if type_ in set(types)}

    def column(self, token: Token) -> int | None:
        """The column of a token that is the first on its line, else ``None``."""
        text = self.source.text
        before = token.start_pos
        while before and text[before - 1] in " \t":
            before -= 1
        return token.start_pos - before if before == 0 or text[before - 1] in "\r\n" else None

    def previous(self, back: int = 1) -> Token | None:
        """The token that many before the one that does not fit, in the same declaration."""
        return self.before[-back] if len(self.before) >= back else None

    def is_word(self, token: Token) -> bool:
        """Whether the token is a name or could be one."""
        return token.type == NAME or token.value in self.scan.lexer.keywords

    def following(self, count: int) -> list[Token]:
        """Up to ``count`` tokens behind the one that does not fit."""
        return list(islice(self.scan.tokens_from(self.token.end_pos), count))
