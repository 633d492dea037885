"""What stands before the cursor, and what the grammar lets follow: the parser's automaton is asked.

Only the declaration that the cursor is in is read, however long the file is.
"""

from __future__ import annotations

import re
from functools import cache

import msgspec

from policylang.syntax.automaton import advance, fits
from policylang.syntax.grammar import ParserTables, tables
from policylang.syntax.lexer import Scan, Token

_WORD = re.compile(r"[A-Za-z0-9_]*$")
_CODE = re.compile(r'"(?:[^"\\]|\\.)*"|#.*|(?P<open>")|[^"#]+')
_ATTEMPTS = 4
"""So many beginnings of declarations are tried before the cursor."""


class Cursor(msgspec.Struct, frozen=True):
    """A place in a file that is being written. ``tokens``: of the declaration, before the word at the cursor; ``start``
    and ``word``: that word so far, with its quote if it is a text; ``behind``: the rest of the line.
    """

    tokens: tuple[Token, ...]
    stack: tuple[int, ...]
    start: int
    word: str
    behind: str
    in_text: bool = False
    in_comment: bool = False

    def fits(self, type_: str) -> bool:
        """Whether a token of this type may stand here."""
        return fits(tables().states, list(self.stack), type_)

    @property
    def keywords(self) -> list[str]:
        """The keywords that may stand here, in order."""
        return sorted(word for word, type_ in tables().lexer.keywords.items() if self.fits(type_))


def cursor_at(text: str, offset: int) -> Cursor:
    """The cursor at an offset of a text."""
    begin, end = _line(text, offset)
    line = text[begin:offset]
    opened, comment = _state_of(line)
    if comment:
        return Cursor((), (), offset, "", "", in_comment=True)
    start = begin + opened if opened is not None else offset - len(_WORD.search(line)[0])  # type: ignore[index]
    tokens, stack = _read(text, start)
    return Cursor(tokens, stack, start, text[start:offset], text[offset:end], in_text=opened is not None)


def _line(text: str, offset: int) -> tuple[int, int]:
    begin = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    end = min((at for at in (text.find("\n", offset), text.find("\r", offset)) if at >= 0), default=len(text))
    return begin, end


def _state_of(line: str) -> tuple[int | None, bool]:
    """Where a text begins that is open at the end of a line, and whether a comment is."""
    for match in _CODE.finditer(line):
        if match["open"]:
            return match.start(), False
        if match[0].startswith("#"):
            return None, True
    return None, False


@cache
def _starters() -> re.Pattern[str]:
    grammar = tables()
    words = [word for word, type_ in grammar.lexer.keywords.items() if type_ in grammar.starters]
    return re.compile(rf"(?:{'|'.join(words)})\b")


def _read(text: str, end: int) -> tuple[tuple[Token, ...], tuple[int, ...]]:
    """The tokens of the last declaration, and the automaton's stack behind them: from the nearest line that begins one
    and behind which all fits; if there is none, from the nearest one at all.
    """
    nearest = None
    at = end
    for _ in range(_ATTEMPTS):
        at = _starter_before(text, at)
        tokens, stack, misfits = _walk(text, at, end)
        if not misfits or at == 0:
            return (tokens, stack) if not misfits or nearest is None else nearest
        nearest = nearest or (tokens, stack)
    assert nearest is not None
    return nearest


def _starter_before(text: str, at: int) -> int:
    """The beginning of the line before an offset that begins a declaration; else that of the text."""
    starters = _starters()
    while at > 0:
        at = max(text.rfind("\n", 0, at - 1), text.rfind("\r", 0, at - 1)) + 1
        if starters.match(text, at):
            return at
    return 0


def _walk(text: str, begin: int, end: int) -> tuple[tuple[Token, ...], tuple[int, ...], int]:
    """Read tokens, passing over lines that cannot be read; how many did not fit."""
    grammar: ParserTables = tables()
    states = grammar.states
    between = states[grammar.start]["_declarations"]
    stack: list[int] = [grammar.start, between]  # type: ignore[list-item]
    scan = Scan(grammar.lexer, text[:end])
    scan.pos = begin
    tokens: list[Token] = []
    line = before = _Line(begin, tuple(stack), 0)
    misfits, is_skipped = 0, False
    for token in scan.tokens(states, stack):
        if _breaks(text, line.start, token.start_pos):
            before, line, is_skipped = line, _Line(token.start_pos, tuple(stack), len(tokens)), False
            if not fits(states, stack, token.type) and fits(states, list(before.stack), token.type):
                misfits += 1
                line = _Line(token.start_pos, before.stack, before.count)
                stack[:], tokens[before.count :] = before.stack, []
        if is_skipped:
            continue
        if not fits(states, stack, token.type):
            misfits, is_skipped = misfits + 1, True
            stack[:], tokens[line.count :] = line.stack, []
            continue
        advance(states, stack, token.type)
        if token.type in grammar.starters and len(stack) == 3 and not _is_job_of_user(tokens, token):
            tokens = []
        tokens.append(token)
    return tuple(tokens), tuple(stack), misfits


class _Line(msgspec.Struct, frozen=True):
    """The beginning of a line: the automaton's stack there, and how many tokens came before."""

    start: int
    stack: tuple[int, ...]
    count: int


def _breaks(text: str, start: int, end: int) -> bool:
    return text.find("\n", start, end) >= 0 or text.find("\r", start, end) >= 0


def _is_job_of_user(tokens: list[Token], token: Token) -> bool:
    """Whether `job` goes on with a user: it begins a declaration too."""
    types = {each.type for each in tokens}
    return token.type == "JOB" and "USER" in types and "LBRACE" not in types
