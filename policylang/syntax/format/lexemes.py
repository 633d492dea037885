"""The words and comments of a policy file, and how they hang together whatever the layout."""

from __future__ import annotations

import re
from bisect import bisect_left

import msgspec

from policylang.syntax.grammar import tables
from policylang.syntax.quoting import respelt

_SPEAKS_TO_US = re.compile(r"#+\s*policylang", re.IGNORECASE)
_NO_SPACE_BEFORE = frozenset(",.)]")
_NO_SPACE_AFTER = frozenset("([.")
_JOINS = frozenset(("and", "or", "on"))


class Comment(msgspec.Struct, frozen=True):
    """``behind``: on the line of the word before it; ``blank``: there is an empty line before it."""

    text: str
    behind: bool
    blank: bool


class Lexemes:
    """Words are counted from 0; the number behind the last one stands for the end of the file.

    ``pieces``: each word with the space before it, if one belongs there within a line.
    ``starts``: their offsets.
    ``before``: the comments before a word.
    ``blank``: words with an empty line before them.
    ``first``: words that have to begin a line. ``joined``: words that must not.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.pieces: list[str] = []
        self.starts: list[int] = []
        self.before: dict[int, list[Comment]] = {}
        self.blank: set[int] = set()
        self.first: set[int] = set()
        self.joined: set[int] = set()
        self._read()

    def _read(self) -> None:
        text, pieces, starts = self.text, self.pieces, self.starts
        end = line_begin = depth = 0
        last = before_last = ""
        length = len(text.rstrip(" \t\n"))
        for found in tables().lexer.scanner.finditer(text, 0, length):
            word = found[found.lastgroup or 0]
            start = found.end() - len(word)
            breaks = text.count("\n", end, start) if start > end else 0
            end = found.end()
            if breaks:
                line_begin = len(pieces)
            if word[0] == "#":
                self._comment(word, breaks, line_begin)
                continue
            if breaks > 1:
                self.blank.add(len(pieces))
            starts.append(start)
            if word[0] == '"' and "\\" in word:
                word = respelt(word)
            if word in _NO_SPACE_BEFORE or last in _NO_SPACE_AFTER:
                pieces.append(word)
            elif (word == ":" and depth) or (word == "(" and before_last == "policy" and last not in _JOINS):
                pieces.append(word)  # of a parameter; of parameters or arguments
            else:
                pieces.append(f" {word}")
            if word == "(":
                depth += 1
            elif word == ")":
                depth -= 1
            before_last, last = last, word

    def _comment(self, word: str, breaks: int, line_begin: int) -> None:
        number = len(self.pieces)
        behind = not breaks and line_begin < number
        self.before.setdefault(number, []).append(Comment(word.rstrip(" \t"), behind, breaks > 1))
        self.first.add(number)
        if behind and _SPEAKS_TO_US.match(word):
            # It speaks of whatever begins on its line, so that stays one line, with nothing else on it.
            self.first.add(line_begin)
            self.joined.update(range(line_begin + 1, number))

    def said(self) -> tuple[list[str], dict[int, list[tuple[str, bool]]]]:
        """What no layout may change: the words, and the comments between them."""
        comments = {number: [(c.text, c.behind) for c in found] for number, found in self.before.items()}
        return [piece.lstrip(" ") for piece in self.pieces], comments

    def at(self, offset: int) -> int:
        """The number of the word at an offset, or of the next one."""
        return bisect_left(self.starts, offset)

    def flat(self, first: int, end: int) -> str:
        """Words on one line, without the space before them."""
        return "".join(self.pieces[first:end]).lstrip(" ")
