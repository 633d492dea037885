"""What stands in columns: the types of attributes, what actions require, comments behind lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from policylang.syntax import ast, expressions
from policylang.syntax.format.lexemes import Lexemes

_WIDEST = 40
"""Longer words stand out of the column: one of them must not push a whole block to the right."""
_APART = 2
"""More lines than this without a comment end a column of comments."""

_Item = ast.Attribute | ast.UserAttribute | ast.Action

_Cell = tuple[int, int]
"""The word that the column begins with, and the width of what stands before it."""


def align_items(lexemes: Lexemes, items: Sequence[expressions.Node]) -> None:
    """Pad the items of a block, each on a line of its own, so that what follows their names is in columns."""
    for cells in _columns(lexemes, items):
        near = [(number, width) for number, width in cells if width <= _WIDEST and number not in lexemes.first]
        widest = max((width for _number, width in near), default=0)
        for number, width in near:
            lexemes.pieces[number] = " " * (widest - width) + lexemes.pieces[number]


def _columns(lexemes: Lexemes, items: Sequence[expressions.Node]) -> Iterator[list[_Cell]]:
    for run in _runs(lexemes, items):
        plain = []
        for marks, group in groupby(run, key=_marks):
            cells = [_cell(lexemes, item) for item in group]
            if marks:
                yield cells
            else:
                plain += cells
        yield plain


def _runs(lexemes: Lexemes, items: Sequence[expressions.Node]) -> Iterator[list[_Item]]:
    """Items of one kind without an empty line or a comment of its own line between them."""
    run: list[_Item] = []
    for item in items:
        number = lexemes.at(item.start_pos)
        apart = number in lexemes.blank or any(not comment.behind for comment in lexemes.before.get(number, ()))
        if run and (apart or type(item) is not type(run[0])):
            yield run
            run = []
        if isinstance(item, _Item) and not (isinstance(item, ast.Action) and not item.clauses):
            run.append(item)
    if run:
        yield run


def _marks(item: _Item) -> tuple[str, ...]:
    return tuple(mark.value for mark in item.marks) if isinstance(item, ast.Attribute) else ()


def _cell(lexemes: Lexemes, item: _Item) -> _Cell:
    number = lexemes.at(item.clauses[0].start_pos if isinstance(item, ast.Action) else item.name.end_pos)
    return number, len(lexemes.flat(lexemes.at(item.start_pos), number))


def with_comments(lines: list[str], behind: dict[int, str], alone: set[int], width: int) -> list[str]:
    """The lines with the comments behind them, in columns within the width."""
    lines = list(lines)
    for run in _near(lines, list(behind), alone):
        widest = max((len(lines[number]) for number in run if len(lines[number]) <= width), default=0)
        for number in run:
            lines[number] = f"{lines[number].ljust(widest)}  {behind[number]}"
    return lines


def _near(lines: list[str], numbers: list[int], alone: set[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run:
            whole = range(run[-1], number + 1)
            if len(whole) - 2 > _APART or any(lines[each][:1] in ("", "}") or each in alone for each in whole):
                yield run
                run = []
        run.append(number)
    if run:
        yield run
