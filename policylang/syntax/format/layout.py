"""The declarations of a file in the one layout."""

from __future__ import annotations

from itertools import pairwise

from policylang.syntax import ast, expressions
from policylang.syntax.format.columns import align_items, with_comments
from policylang.syntax.format.lexemes import Lexemes
from policylang.syntax.format.parts import Breaker
from policylang.syntax.format.writer import INDENT, Writer


def laid_out(lexemes: Lexemes, file: ast.File, width: int) -> str:
    """The text of a file, of which ``file`` is the tree, in its layout. Uses ``lexemes`` up."""
    layout = _Layout(lexemes, width)
    ends = [*(lexemes.at(node.start_pos) for node in file.declarations[1:]), len(lexemes.starts)]
    first = 0
    for node, end in zip(file.declarations, ends, strict=False):
        layout.declaration(node, first, end)
        first = end
    layout.writer.comments(len(lexemes.starts), 0, first=not file.declarations)
    writer = layout.writer
    writer.end_line()
    lines = with_comments(writer.lines, writer.behind, writer.alone, width)
    return "".join(f"{line}\n" for line in lines)


class _Layout:
    def __init__(self, lexemes: Lexemes, width: int) -> None:
        self.lexemes = lexemes
        self.writer = Writer(lexemes, width)
        self.breaker = Breaker(lexemes)
        self._stops = sorted(lexemes.first)
        self._stop = 0

    def declaration(self, node: ast.Declaration, first: int, end: int) -> None:
        if first in self.lexemes.joined:
            self.writer.put(" ")
        else:
            self.writer.begin(first, 0, first=first == 0)
        if isinstance(node, ast.WithItems) and self.lexemes.pieces[end - 1] == " }":
            self._block(node, first, end)
        else:
            self._statement(node, first, end, 0)

    def _statement(self, node: expressions.Node, first: int, end: int, indent: int) -> None:
        """A statement at the end of the last line."""
        self.breaker.space(node)
        if not self._whole(first, end, self.lexemes.flat(first, end)):
            self.writer.statement(self.breaker.statement(node, first, end), indent)

    def _whole(self, first: int, end: int, text: str) -> bool:
        """Write words on the last line if they fit and no line has to begin among them."""
        stops = self._stops
        while self._stop < len(stops) and stops[self._stop] <= first:
            self._stop += 1
        if self._stop < len(stops) and stops[self._stop] < end:
            return False
        if not self.writer.fits(text) and end - 1 not in self.lexemes.joined:
            return False
        self.writer.put(text)
        return True

    # --- blocks ----------------------------------------------------------------------------------------------

    def _block(self, node: ast.Declaration, first: int, end: int) -> None:
        """A block stays on one line where it was written on one and fits. An empty one is always on one."""
        lexemes, items = self.lexemes, ast.block_items(node)
        close = end - 1
        starts = [lexemes.at(item.start_pos) for item in items]
        opening = starts[0] - 1 if items else close - 1
        if not items or "\n" not in lexemes.text[lexemes.starts[opening] : lexemes.starts[close]]:
            gaps = ["", *(_gap(*both) for both in pairwise(items))]
            parts = (lexemes.flat(*bounds) for bounds in pairwise([*starts, close]))
            inside = "".join(f"{gap}{part}" for gap, part in zip(gaps, parts, strict=False))
            head = lexemes.flat(first, opening + 1)
            if self._whole(first, end, f"{head} {inside} }}" if items else f"{head} }}"):
                return
        align_items(lexemes, items)
        if not self._whole(first, opening + 1, lexemes.flat(first, opening + 1)):
            self.writer.statement(self.breaker.statement(node, first, opening + 1), 0)
        for before, item, bounds in zip([None, *items], items, pairwise([*starts, close]), strict=False):
            if bounds[0] in lexemes.joined:
                self.writer.put(" " if before is None else _gap(before, item))
            else:
                self.writer.begin(bounds[0], INDENT, first=before is None)
            self._statement(item, *bounds, INDENT)
        self._close(close, not items)

    def _close(self, close: int, empty: bool) -> None:
        if close in self.lexemes.joined:
            self.writer.put(" }")
            return
        self.writer.comments(close, INDENT, empty)
        self.lexemes.blank.discard(close)
        self.writer.begin(close, 0)
        self.writer.put("}")


def _gap(before: expressions.Node, item: expressions.Node) -> str:
    """What stands between two items on one line: an integration's last day goes with its first."""
    return " " if isinstance(before, ast.FromDate) and isinstance(item, ast.UntilDate) else "  "
