"""Words to lines of a width."""

from __future__ import annotations

from itertools import accumulate

from policylang.syntax.format.lexemes import Comment, Lexemes
from policylang.syntax.format.parts import Segment

INDENT = 2


class Writer:
    """The lines of one file, and the one being written.

    ``behind``: comments to put behind lines, by the number of the line. ``alone``: the lines that are comments.
    """

    def __init__(self, lexemes: Lexemes, width: int) -> None:
        self.lexemes = lexemes
        self.width = width
        self.lines: list[str] = []
        self.behind: dict[int, str] = {}
        self.alone: set[int] = set()
        self._line: list[str] = []
        self._column = 0
        self._empty = True
        """Whether nothing but its indentation stands on the line being written."""
        self._from = 0
        self._widths: list[int] = []
        self._breaks: list[int] = []

    def begin(self, number: int, indent: int, first: bool = False) -> None:
        """Begin the line of a statement, behind the comments before it. ``first``: of a block or the file, where no
        empty line belongs.
        """
        first = self.comments(number, indent, first)
        if number in self.lexemes.blank and not first:
            self._blank()
        self._begin_line(indent)

    def comments(self, number: int, indent: int, first: bool) -> bool:
        """The comments before a statement or the end of what it could stand in. Returns whether it is still the first
        thing there.
        """
        for comment in self.lexemes.before.pop(number, ()):
            if comment.blank and not first:
                self._blank()
            self._comment(comment, indent)
            first = first and comment.behind
        return first

    def put(self, text: str) -> None:
        """Words on the line being written, without regard to its width."""
        self._line.append(text)
        self._column += len(text)
        self._empty = False

    def fits(self, text: str) -> bool:
        """Whether the line being written has room for the words."""
        return self._column + len(text) <= self.width

    def end_line(self) -> None:
        """Nothing more comes on the line being written."""
        if not self._empty:
            self.lines.append("".join(self._line))
        self._line = []
        self._empty = True

    def statement(self, part: Segment, indent: int) -> None:
        """A statement on the last line and as many more as it takes."""
        words = range(part.first, part.end)
        self._from = part.first
        self._widths = list(accumulate((len(self.lexemes.pieces[number]) for number in words), initial=0))
        self._breaks = list(accumulate((number in self.lexemes.first for number in words), initial=0))
        # One step more where items of a block may follow.
        self._place(part, indent, indent + INDENT if indent else 2 * INDENT)

    def _place(self, part: Segment, base: int, indent: int) -> None:
        """``base``: where the lines of the statement begin; ``indent``: those that go on with one."""
        first, end = part.first - self._from, part.end - self._from
        whole = self._breaks[end] == self._breaks[first + 1]
        width = self._widths[end] - self._widths[first]
        fits = whole and self._column + width - self._empty <= self.width
        may_begin = not self._empty and part.kind in ("words", "fill") and part.first not in self.lexemes.joined
        if not fits and may_begin and (part.kind == "words" or (whole and indent + width - 1 <= self.width)):
            self._begin_line(indent)
            fits = True
        match part.kind:
            case _ if fits or part.kind == "words":
                self._words(part, indent)
            case "fill":
                for inner in part.parts:
                    self._place(inner, base, indent)
            case "chain":
                for inner in part.parts:
                    if inner is not part.parts[0]:
                        self._begin_with(inner.first, indent)
                    self._place(inner, base, indent + INDENT)
            case "braces":
                (inner,) = part.parts
                base += INDENT
                self._word(part.first, indent)
                self._begin_with(inner.first, base)
                self._place(inner, base, base if inner.kind == "chain" else base + INDENT)
                self._begin_with(part.end - 1, base - INDENT)
                self._word(part.end - 1, base - INDENT)

    def _words(self, part: Segment, indent: int) -> None:
        for number in range(part.first, part.end):
            self._word(number, indent)

    def _word(self, number: int, indent: int) -> None:
        if number in self.lexemes.first:
            self._begin_with(number, indent)
        piece = self.lexemes.pieces[number]
        self.put(piece.lstrip(" ") if self._empty else piece)

    def _begin_with(self, number: int, indent: int) -> None:
        """Begin a line with a word inside a statement, behind the comments before it, unless it has to stay."""
        if number in self.lexemes.joined:
            return
        for comment in self.lexemes.before.pop(number, ()):
            self._comment(comment, indent)
        if not self._line or not self._empty:
            self._begin_line(indent)

    def _comment(self, comment: Comment, indent: int) -> None:
        self.end_line()
        if comment.behind:
            self.behind[len(self.lines) - 1] = comment.text
        else:
            self.alone.add(len(self.lines))
            self.lines.append(" " * indent + comment.text)

    def _blank(self) -> None:
        self.end_line()
        self.lines.append("")

    def _begin_line(self, indent: int) -> None:
        self.end_line()
        self._line = [" " * indent]
        self._column = indent
