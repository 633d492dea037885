"""The lexer for Pygments, which highlights policy files in documents and terminals: the parser's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pygments.lexer import Lexer
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Whitespace, _TokenType

from policylang.syntax.classify import PieceKind, classified

_TOKENS: dict[PieceKind, _TokenType] = {
    "keyword": Keyword,
    "name": Name,
    "string": String,
    "number": Number,
    "operator": Operator,
    "punctuation": Punctuation,
    "comment": Comment.Single,
    "unreadable": Error,
}


class PolicyLexer(Lexer):
    """Highlights policy files."""

    name = "policylang"
    aliases: ClassVar[list[str]] = ["policylang", "policy"]
    filenames: ClassVar[list[str]] = ["*.policy"]
    mimetypes: ClassVar[list[str]] = ["text/x-policylang"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """The pieces of a text, white space included."""
        last = 0
        for start, end, kind in classified(text):
            if start > last:
                yield last, Whitespace, text[last:start]
            yield start, _TOKENS[kind], text[start:end]
            last = end
        if last < len(text):
            yield last, Whitespace, text[last:]
