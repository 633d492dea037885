"""Fewer roles for a little more than people have, each addition by name."""

from __future__ import annotations

from collections.abc import Sequence

from policylang.mining.bits import members, union
from policylang.mining.cheapest import tidy
from policylang.mining.matrix import FoundRole, Matrix, closed, left_by


def with_tolerance(
    matrix: Matrix, roles: Sequence[FoundRole], most: int, kept: int
) -> tuple[tuple[FoundRole, ...], dict[int, int]]:
    """Do without roles whose users can have others that bring little more: ``most`` pairs of a user and a permission at
    most. The first ``kept`` roles stay. What more each user gets, by row.
    """
    large = (*roles[:kept], *(closed(matrix, each) for each in roles[kept:]))
    found = [[each.users, each.permissions] for each in large]
    held = list(matrix.rows)
    left = most
    while True:
        best: tuple[int, int, dict[int, list[int]]] | None = None
        for number in range(kept, len(found)):
            instead = _instead(found, held, number, left if best is None else best[0] - 1)
            if instead is not None and (best is None or instead[0] < best[0]):
                best = (instead[0], number, instead[1])
        if best is None:
            break
        cost, number, given = best
        for user, others in given.items():
            for other in others:
                found[other][0] |= 1 << user
                held[user] |= found[other][1]
        left -= cost
        del found[number]
    more = {
        user: now & ~before for user, (before, now) in enumerate(zip(matrix.rows, held, strict=True)) if now != before
    }
    if not more:
        return tuple(roles), {}
    now = Matrix.of(held, len(matrix.columns))
    made = [FoundRole(*each) for each in found]
    ones = [1] * len(matrix.rows), [1] * len(matrix.columns)
    return (*made[:kept], *tidy(now, left_by(now, made[:kept]), ones, made[kept:])), more


def _instead(
    found: Sequence[Sequence[int]], held: Sequence[int], number: int, most: int
) -> tuple[int, dict[int, list[int]]] | None:
    """What it costs to do without a role, and what its users have instead; ``None`` where that is too much."""
    users, permissions = found[number]
    cost = 0
    given: dict[int, list[int]] = {}
    for user in members(users):
        others = (its for other, (whose, its) in enumerate(found) if other != number and whose >> user & 1)
        missing, has = permissions & ~union(others), held[user]
        given[user] = []
        while missing:
            fitting = [each for each in range(len(found)) if each != number and found[each][1] & missing]
            if not fitting:
                return None
            chosen = min(fitting, key=lambda each: _price(found[each][1], has, missing, each))
            given[user].append(chosen)
            cost += (found[chosen][1] & ~has).bit_count()
            if cost > most:
                return None
            has |= found[chosen][1]
            missing &= ~found[chosen][1]
    return cost, given


def _price(permissions: int, has: int, missing: int, number: int) -> tuple[float, int]:
    return (permissions & ~has).bit_count() / (permissions & missing).bit_count(), number
