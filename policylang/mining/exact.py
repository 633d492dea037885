"""The fewest roles for what a reduction left: by cliques of pairs that go together, with a lower bound.

A role is a clique among the pairs, and pairs of which no two go together each need a role of their own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

from policylang.mining.bits import members, set_of, union
from policylang.mining.clock import OutOfTimeError, RoleSearch
from policylang.mining.matrix import FoundRole, Matrix
from policylang.mining.reduction import Pair

MOST_CLIQUES = 50_000
"""More than these are not listed; without all of them the bound is that of pairs apart from each other."""
MOST_PAIRS = 6_000
"""More are covered without a look for something better."""


def cover(matrix: Matrix, left: Sequence[int], search: RoleSearch) -> tuple[list[FoundRole], int]:
    """Roles that cover what is left, and how many it takes at least."""
    pairs = [(row, column) for row, columns in enumerate(left) for column in members(columns)]
    together = _together(matrix, pairs, search) if len(pairs) <= MOST_PAIRS else None
    if together is None:
        return quick(matrix, left), 0
    roles: list[FoundRole] = []
    bound = 0
    for part in _parts(together):
        cliques, least = _fewest(together, part, search)
        bound += least
        roles += [_role(pairs, clique) for clique in cliques]
    return roles, bound


def _role(pairs: Sequence[Pair], clique: int) -> FoundRole:
    chosen = [pairs[number] for number in members(clique)]
    return FoundRole(set_of(row for row, _ in chosen), set_of(column for _, column in chosen))


def quick(matrix: Matrix, left: Sequence[int]) -> list[FoundRole]:
    """Roles that cover what is left, with no claim to be few: the user with the fewest pairs left has a role of just
    these.
    """
    left = list(left)
    found = []
    while any(left):
        row = min(
            (each for each, columns in enumerate(left) if columns), key=lambda each: (left[each].bit_count(), each)
        )
        permissions = left[row]
        users = set_of(each for each, own in enumerate(matrix.rows) if own & permissions == permissions)
        found.append(FoundRole(users, permissions))
        for each in members(users):
            left[each] &= ~permissions
    return found


def _together(matrix: Matrix, pairs: Sequence[Pair], search: RoleSearch) -> list[int]:
    """By pair, the others that go with it."""
    of_row: dict[int, int] = {}
    of_column: dict[int, int] = {}
    for number, (row, column) in enumerate(pairs):
        of_row[row] = of_row.get(row, 0) | 1 << number
        of_column[column] = of_column.get(column, 0) | 1 << number
    having = {column: union(of_row.get(row, 0) for row in members(matrix.columns[column])) for column in of_column}
    """By column, the pairs of the users who have it."""
    had = {row: union(of_column.get(column, 0) for column in members(matrix.rows[row])) for row in of_row}
    search.tick()
    return [having[column] & had[row] & ~(1 << number) for number, (row, column) in enumerate(pairs)]


def _parts(together: Sequence[int]) -> Iterator[int]:
    """The pairs that hang together, directly or by others."""
    seen = 0
    for start in range(len(together)):
        if seen >> start & 1:
            continue
        part, edge = 0, 1 << start
        while edge:
            part |= edge
            edge = union(together[each] for each in members(edge)) & ~part
        seen |= part
        yield part


def _fewest(together: Sequence[int], part: int, search: RoleSearch) -> tuple[list[int], int]:
    """Cliques that cover a part, and how many it takes at least."""
    best = _greedy(together, part)
    least = len(_apart(together, part))
    if least == len(best):
        return best, least
    try:
        cliques = list(_cliques(together, part, search))
        complete = len(cliques) <= MOST_CLIQUES
        found, proved = _by_program(cliques[:MOST_CLIQUES], part, search)
    except (OutOfTimeError, KeyboardInterrupt):
        # What is there is still a solution; the next call of `tick` ends the search.
        return best, least
    if found is not None and len(found) < len(best):
        best = found
    return best, max(least, proved) if complete else least


def _greedy(together: Sequence[int], part: int) -> list[int]:
    found, left = [], part
    while left:
        first = min(members(left), key=lambda each: ((together[each] & left).bit_count(), each))
        clique, candidates = 1 << first, together[first]
        while candidates:
            wanted = candidates & left or candidates
            chosen = max(members(wanted), key=lambda each: ((together[each] & candidates & left).bit_count(), -each))
            clique |= 1 << chosen
            candidates &= together[chosen]
            if not candidates & left:
                break
        found.append(clique & part)
        left &= ~clique
    return found


def _apart(together: Sequence[int], part: int) -> list[int]:
    """Pairs of which no two go together: the one with the fewest neighbours first."""
    found, left = [], part
    while left:
        chosen = min(members(left), key=lambda each: ((together[each] & left).bit_count(), each))
        found.append(chosen)
        left &= ~(together[chosen] | 1 << chosen)
    return found


def _cliques(together: Sequence[int], part: int, search: RoleSearch) -> Iterator[int]:
    """The largest cliques, until there are too many: Bron and Kerbosch with Tomita's pivot."""
    stack = [(0, part, 0)]
    count = 0
    while stack:
        search.tick()
        clique, candidates, excluded = stack.pop()
        if not candidates and not excluded:
            yield clique
            count += 1
            if count > MOST_CLIQUES:
                return
            continue
        pivot = max(members(candidates | excluded), key=lambda each: ((together[each] & candidates).bit_count(), -each))
        for each in members(candidates & ~together[pivot]):
            stack.append((clique | 1 << each, candidates & together[each], excluded & together[each]))
            candidates &= ~(1 << each)
            excluded |= 1 << each


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """HiGHS says hello on standard output, past Python."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _by_program(cliques: Sequence[int], part: int, search: RoleSearch) -> tuple[list[int] | None, int]:
    """The fewest of the cliques that cover a part, and how many of them it takes at least, by integer programming."""
    import highspy
    import numpy

    with _silent():
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
    settings = {"output_flag": False, "threads": 1, "random_seed": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.999}
    seconds = search.left()
    for name, value in (settings if seconds is None else {**settings, "time_limit": seconds}).items():
        solver.setOptionValue(name, value)
    count = len(cliques)
    solver.addVars(count, numpy.zeros(count), numpy.ones(count))
    every = numpy.arange(count, dtype=numpy.int32)
    solver.changeColsCost(count, every, numpy.ones(count))
    solver.changeColsIntegrality(count, every, numpy.full(count, highspy.HighsVarType.kInteger))
    covering: dict[int, list[int]] = {pair: [] for pair in members(part)}
    for number, clique in enumerate(cliques):
        for pair in members(clique):
            covering[pair].append(number)
    for numbers in covering.values():
        columns = numpy.array(numbers, dtype=numpy.int32)
        solver.addRow(1.0, highspy.kHighsInf, len(numbers), columns, numpy.ones(len(numbers)))
    solver.HandleKeyboardInterrupt = True
    solver.solve()
    info = solver.getInfo()
    bound = max(0, int(-(-(info.mip_dual_bound - 1e-6) // 1))) if abs(info.mip_dual_bound) < 1e18 else 0
    values = solver.getSolution().col_value
    chosen = [clique for clique, value in zip(cliques, values, strict=False) if value > 0.5]
    return (chosen if union(chosen) & part == part else None), bound
