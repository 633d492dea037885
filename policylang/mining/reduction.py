"""What of a matrix has to be covered by roles so that all of it is: often nearly nothing.

After Ene et al., Fast exact and heuristic methods for role minimization problems (SACMAT 2008). Two pairs go together
if each user has the other's permission as well, so that one role may hold both. A pair that goes with all that another
one goes with can join whatever role that one is in, and need not be looked at; a pair that goes with nothing else is a
role by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from policylang.mining.bits import common, members, transposed
from policylang.mining.clock import RoleSearch
from policylang.mining.matrix import FoundRole, Matrix

Pair = tuple[int, int]
"""A row and a column."""


class _Reduced(msgspec.Struct):
    """``left``: by row, what still has to be covered. ``alone``: pairs that are a role each. ``joins``: pairs that are
    left out, each with one whose role it can join, in the order in which they were left out.
    """

    left: list[int]
    alone: list[Pair] = []
    joins: list[tuple[Pair, Pair]] = []


def reduce(matrix: Matrix, wanted: Sequence[int], search: RoleSearch) -> _Reduced:
    """Leave out whatever follows. ``wanted``: by row, what has to be covered."""
    found = _Reduced(list(wanted))
    before = -1
    while (now := sum(row.bit_count() for row in found.left)) not in (before, 0):
        before = now
        for row in range(len(matrix.rows)):
            search.tick(f"reducing: {now:,} pairs left" if row % 256 == 0 else None)
            for column in members(found.left[row]):
                if found.left[row] >> column & 1:
                    _look_at(matrix, found, row, column)
    return found


def _look_at(matrix: Matrix, found: _Reduced, row: int, column: int) -> None:
    """Leave out what can join the role of a pair, and the pair itself where it is alone."""
    own, left = matrix.rows[row], found.left
    shared, together, rows = -1, 0, 0
    for other in members(matrix.columns[column]):
        here = left[other] & own
        if here:
            shared &= matrix.rows[other]
            together |= here
            rows += 1
    if rows == 1 and together.bit_count() == 1:
        found.alone.append((row, column))
        left[row] &= ~(1 << column)
        return
    users = common(matrix.columns[each] for each in members(together))
    for other in members(users):
        joining = left[other] & shared
        if other == row:
            joining &= ~(1 << column)
        if joining:
            found.joins += [((other, each), (row, column)) for each in members(joining)]
            left[other] &= ~joining


def restored(found: _Reduced, roles: Sequence[FoundRole]) -> list[FoundRole]:
    """Roles for all that was wanted from ``roles``, which cover what was left."""
    users = [each.users for each in roles] + [1 << row for row, _ in found.alone]
    permissions = [each.permissions for each in roles] + [1 << column for _, column in found.alone]
    by_row: dict[int, list[int]] = {}
    for number, each in enumerate(users):
        for row in members(each):
            by_row.setdefault(row, []).append(number)
    for (row, column), (host_row, host_column) in reversed(found.joins):
        if any(permissions[number] >> column & 1 for number in by_row.get(row, ())):
            continue
        number = next(each for each in by_row[host_row] if permissions[each] >> host_column & 1)
        permissions[number] |= 1 << column
        if not users[number] >> row & 1:
            users[number] |= 1 << row
            by_row.setdefault(row, []).append(number)
    return [FoundRole(*each) for each in zip(users, permissions, strict=True)]


def minimal(matrix: Matrix) -> list[int]:
    """By row, the pairs that no smaller user and no rarer permission stands for: covering these covers everything."""
    rows = _own(matrix.rows, matrix.columns)
    columns = transposed(_own(matrix.columns, matrix.rows), len(matrix.rows))
    return [row & column for row, column in zip(rows, columns, strict=True)]


def _own(lines: Sequence[int], across: Sequence[int]) -> list[int]:
    """What each line has that none which is a proper part of it has."""
    count = [each.bit_count() for each in across]
    by_rarest: dict[int, list[int]] = {}
    for number, line in enumerate(lines):
        if line:
            by_rarest.setdefault(min(members(line), key=lambda each: (count[each], each)), []).append(number)
    found = []
    for number, line in enumerate(lines):
        left = line
        for each in members(line):
            for other in by_rarest.get(each, ()):
                part = lines[other]
                if other != number and part & left and part & line == part:
                    left &= ~part
        found.append(left)
    return found
