"""Where a statement may be broken when it does not fit on its line.

A part is a run of words with smaller parts inside. The parts inside follow one another without a gap, so every word is
in exactly one of the smallest, which are not broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal

import msgspec

from policylang.syntax import ast, expressions
from policylang.syntax.format.lexemes import Lexemes


class Segment(msgspec.Struct, frozen=True):
    """The words from ``first`` up to, not including, ``end``.

    ``fill``: as many of its parts on a line as fit. ``chain``: all its parts on one line, or each on its own.
    ``braces``: one part between braces, on lines of its own where it does not fit between them. ``words``: unbroken.
    """

    kind: Literal["words", "fill", "chain", "braces"]
    first: int
    end: int
    parts: tuple[Segment, ...] = ()


class Breaker:
    """Makes the parts of statements in one file."""

    def __init__(self, lexemes: Lexemes) -> None:
        self._pieces = lexemes.pieces
        self._at = lexemes.at

    def space(self, node: expressions.Node) -> None:
        """Put what stands between braces in a line two blanks apart, as the items of a block are."""
        if isinstance(node, ast.Separation) and node.most is not None:
            for each in node.permissions[1:]:
                start = self._at(each.start_pos)
                self._pieces[start] = f"  {self._pieces[start].lstrip()}"

    def statement(self, node: expressions.Node, first: int, end: int) -> Segment:
        """A declaration, of one with a block what stands before its items, or an item."""
        match node:
            case ast.Policy():
                return self._policy(node, first, end)
            case ast.Invariant():
                return self._invariant(node, first, end)
            case ast.Separation(most=expressions.Number()):
                return self._separation(node, first, end)
            case ast.Grant() | ast.Deny():
                on = self._at(node.target.start_pos) - 1
                return self._clauses(first, end, [on], node.clauses)
            case ast.Action() | ast.Assignment():
                return self._clauses(first, end, [], node.clauses)
            case ast.Append() | ast.Override():
                because = [self._at(node.because.start_pos)] if node.because else []
                return self._fill(first, end, [*self._of_limit(node.limit), *because])
            case _:
                return self._fill(first, end, self._cuts(node))

    def _cuts(self, node: expressions.Node) -> list[int]:
        """The words before which it may be broken, besides those behind commas."""
        match node:
            case ast.Limit():
                return self._of_limit(node)
            case ast.User(groups=groups, job=job):
                return [self._at(part.start_pos) - 1 for part in (*groups[:1], job) if part]
            case ast.Scope(kinds=kinds):
                return [self._at(kind.start_pos) - 1 for kind in kinds[1:]]
            case ast.Need(resource=resource, fields=fields):
                return [self._at(resource.start_pos) - 1, *([self._at(fields.start_pos)] if fields else [])]
            case ast.Separation(permissions=permissions, label=label, severity=severity):
                tail = [*([self._at(label.start_pos)] if label else [])]
                tail += [self._at(severity.start_pos) - 1] if severity else []
                return [*(self._at(each.start_pos) - 1 for each in permissions[1:]), *tail]
            case ast.Review(every=every, last=last, by=by):
                return [self._at(part.start_pos) - 1 for part in (every, last, by) if part]
            case _:
                return []

    def _of_limit(self, node: ast.Limit) -> list[int]:
        cuts = [self._at(node.resource.start_pos) - 1] if node.resource else []
        return cuts + [self._at(name.start_pos) - 1 for name in node.actions[:1]]

    def _clauses(self, first: int, end: int, cuts: list[int], clauses: Iterable[expressions.Node]) -> Segment:
        nodes = list(clauses)
        starts = [self._at(clause.start_pos) for clause in nodes]
        parts = [self._list(*bounds) for bounds in pairwise([first, *cuts, (starts or [end])[0]])]
        for node, bounds in zip(nodes, pairwise([*starts, end]), strict=True):
            match node:
                case ast.Requires(requirement=inner):
                    parts.append(self._condition(inner, *bounds))
                case ast.ConditionBlock(condition=inner):
                    parts.append(self._braces(inner, *bounds))
                case _:
                    parts.append(self._list(*bounds))
        return Segment("fill", first, end, tuple(parts))

    def _policy(self, node: ast.Policy, first: int, end: int) -> Segment:
        opening = self._opening(node.condition)
        cuts = [self._at(node.target.start_pos) - 1, *(self._at(name.start_pos) - 1 for name in node.actions[:1])]
        return Segment(
            "fill", first, end, (self._fill(first, opening, cuts), self._braces(node.condition, opening, end))
        )

    def _invariant(self, node: ast.Invariant, first: int, end: int) -> Segment:
        opening = self._at(node.label.end_pos)
        cuts = [self._at(selector.start_pos) - 1 for selector in node.selectors[1:]]
        cuts.append(self._at(node.actions[0].start_pos) - 1)
        if node.condition is None:
            inner = self._fill(opening + 1, end - 1, cuts)
        else:
            braces = self._opening(node.condition)
            where = Segment(
                "fill",
                braces - 1,
                end - 1,
                (Segment("words", braces - 1, braces), self._braces(node.condition, braces, end - 1)),
            )
            said = self._fill(opening + 1, braces - 1, cuts)
            inner = Segment("fill", opening + 1, end - 1, (said, where))
        body = Segment("braces", opening, end, (inner,))
        return Segment("fill", first, end, (Segment("words", first, opening), body))

    def _separation(self, node: ast.Separation, first: int, end: int) -> Segment:
        """`at most … of`, the permissions in braces, and what stands behind these."""
        assert node.most is not None
        opening = self._at(node.most.end_pos) + 1
        closing = self._at(node.permissions[-1].end_pos) if node.permissions else opening + 1
        parts = [Segment("words", first, opening), Segment("words", opening, closing + 1)]
        if node.permissions:
            starts = [self._at(each.start_pos) for each in node.permissions]
            inside = tuple(Segment("words", *bounds) for bounds in pairwise([*starts, closing]))
            parts[1] = Segment("braces", opening, closing + 1, (Segment("chain", starts[0], closing, inside),))
        cuts = [self._at(node.severity.start_pos) - 1] if node.severity and node.label else []
        behind = pairwise([closing + 1, *cuts, end])
        parts += [Segment("words", *bounds) for bounds in behind if bounds[0] < bounds[1]]
        return Segment("fill", first, end, tuple(parts))

    # --- conditions and lists --------------------------------------------------------------------------------

    def _opening(self, condition: expressions.Condition) -> int:
        """The brace before a condition, with nothing but parentheses and `not` between them."""
        number = self._at(condition.start_pos)
        while self._pieces[number] != " {":
            number -= 1
        return number

    def _braces(self, node: expressions.Condition, first: int, end: int) -> Segment:
        return Segment("braces", first, end, (self._condition(node, first + 1, end - 1),))

    def _condition(self, node: expressions.Condition | ast.Requirement, first: int, end: int) -> Segment:
        """A condition with the words around it that belong to no node: parentheses and what it follows."""
        match node:
            case (
                expressions.Or(items=items)
                | expressions.And(items=items)
                | ast.AnyRequired(items=items)
                | ast.AllRequired(items=items)
            ):
                bounds = [first, *(self._word_after(item) for item in items[:-1]), end]
                inside = zip(items, pairwise(bounds), strict=True)
                return Segment("chain", first, end, tuple(self._condition(item, *within) for item, within in inside))
            case expressions.Not(item=item):
                return self._condition(item, first, end)
            case _:
                return self._list(first, end)

    def _word_after(self, node: expressions.Node) -> int:
        """The `and` or `or` behind a part of a condition."""
        number = self._at(node.end_pos)
        while self._pieces[number] == ")":
            number += 1
        return number

    def _fill(self, first: int, end: int, cuts: Iterable[int]) -> Segment:
        parts = tuple(self._list(*bounds) for bounds in pairwise([first, *cuts, end]))
        return parts[0] if len(parts) == 1 else Segment("fill", first, end, parts)

    def _list(self, first: int, end: int) -> Segment:
        """Words that may be broken behind commas only."""
        commas = [number + 1 for number in range(first, end - 1) if self._pieces[number] == ","]
        parts = tuple(Segment("words", *bounds) for bounds in pairwise([first, *commas, end]))
        return parts[0] if len(parts) == 1 else Segment("fill", first, end, parts)
