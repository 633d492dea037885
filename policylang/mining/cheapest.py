"""Cheaper roles from given ones: what two of them share becomes one of its own, what is not needed goes.

Every step keeps what people get as it is. Costs are of a role, of giving one to a user, of a permission in one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from policylang.mining.bits import Weigher, members, union
from policylang.mining.clock import RoleSearch
from policylang.mining.matrix import FoundRole, Matrix


class Prices(msgspec.Struct, frozen=True):
    """What a role costs, what an edge from a user to a role, what an edge from a role to a permission."""

    role: int = 1
    user: int = 1
    permission: int = 1


class _Side(msgspec.Struct):
    """Users or permissions: what each has to get, or to be given to, what it may, and what each weighs."""

    wanted: Sequence[int]
    allowed: Sequence[int]
    weigh: Weigher
    price: int


_Sets = list[list[int]]
"""Roles, each its users and its permissions."""


class _Cheaper:
    """``roles``: those that may change. The first of the two sides are the users; `flip` exchanges them."""

    def __init__(
        self,
        matrix: Matrix,
        wanted: Matrix,
        weights: tuple[Sequence[int], Sequence[int]],
        prices: Prices,
        roles: Sequence[FoundRole],
        search: RoleSearch,
    ) -> None:
        self.sides = (
            _Side(wanted.rows, matrix.rows, Weigher(weights[0]), prices.user),
            _Side(wanted.columns, matrix.columns, Weigher(weights[1]), prices.permission),
        )
        self.price, self.search = prices.role, search
        self.roles: _Sets = [[each.users, each.permissions] for each in roles]
        self.flipped = False

    def cost(self, sets: Sequence[Sequence[int]]) -> int:
        (one, other) = self.sides
        return sum(self.price + one.price * one.weigh(each[0]) + other.price * other.weigh(each[1]) for each in sets)

    def result(self) -> list[FoundRole]:
        return [FoundRole(each[self.flipped], each[not self.flipped]) for each in self.roles]

    def flip(self) -> None:
        self.sides = (self.sides[1], self.sides[0])
        for each in self.roles:
            each.reverse()
        self.flipped = not self.flipped

    def fewer_edges(self) -> None:
        """Give each user as few roles as cover what they need, of all that give nothing too much."""
        side = self.sides[0]
        of: list[list[int]] = [[] for _ in side.wanted]
        for number, (users, _) in enumerate(self.roles):
            for user in members(users):
                of[user].append(number)
        for user, mine in enumerate(of):
            if len(mine) < 2:
                continue
            self.search.tick()
            wanted, allowed = side.wanted[user], side.allowed[user]
            chosen = self._without_spare(mine, wanted)
            fitting = [number for number, each in enumerate(self.roles) if not each[1] & ~allowed]
            fresh = self._greedy(fitting, wanted)
            if fresh is not None and len(fresh) < len(chosen):
                chosen = fresh
            if len(chosen) < len(mine):
                for number in mine:
                    self.roles[number][0] &= ~(1 << user)
                for number in chosen:
                    self.roles[number][0] |= 1 << user
        self._sweep()

    def _sweep(self) -> None:
        self.roles = [each for each in self.roles if each[0] and each[1]]

    def _greedy(self, numbers: Sequence[int], wanted: int) -> list[int] | None:
        """Roles that cover what is wanted, the one that covers most first; ``None`` where they do not."""
        found: list[int] = []
        left = wanted
        while left:
            best = max(numbers, key=lambda each: ((self.roles[each][1] & left).bit_count(), -each), default=None)
            if best is None or not self.roles[best][1] & left:
                return None
            found.append(best)
            left &= ~self.roles[best][1]
        return self._without_spare(found, wanted)

    def _without_spare(self, numbers: Sequence[int], wanted: int) -> list[int]:
        """The roles without those that the others make superfluous, small ones first."""
        kept = sorted(numbers, key=lambda each: (self.roles[each][1].bit_count(), each))
        for number in list(kept):
            if wanted & ~union(self.roles[each][1] for each in kept if each != number) == 0:
                kept.remove(number)
        return kept

    def factor(self) -> None:
        """Where two roles share permissions, or users, give what they share to a role of its own if that is cheaper."""
        first = 0
        while first < len(self.roles):
            self.search.tick()
            second = first + 1
            while second < len(self.roles):
                cheaper = self._factored(self.roles[first], self.roles[second])
                if cheaper is None:
                    second += 1
                    continue
                self.roles[first] = cheaper[0]
                if len(cheaper) > 1:
                    self.roles[second] = cheaper[1]
                else:
                    del self.roles[second]
                self.roles += cheaper[2:]
                second = first + 1
            first += 1

    def _factored(self, one: list[int], other: list[int]) -> _Sets | None:
        best: _Sets | None = None
        permissions, users = one[1] & other[1], one[0] & other[0]
        if not permissions and not users:
            return None
        least = self.cost((one, other))
        if permissions:
            made = [
                [one[0] | other[0], permissions],
                [one[0], one[1] & ~permissions],
                [other[0], other[1] & ~permissions],
            ]
            best, least = self._cheaper(made, best, least)
        if users:
            made = [[users, one[1] | other[1]], [one[0] & ~users, one[1]], [other[0] & ~users, other[1]]]
            best, least = self._cheaper(made, best, least)
        return best

    def _cheaper(self, made: _Sets, best: _Sets | None, least: int) -> tuple[_Sets | None, int]:
        made = [each for each in made if each[0] and each[1]]
        cost = self.cost(made)
        return (made, cost) if cost < least else (best, least)

    def drop(self) -> None:
        """Do without roles whose users can have what they need of others for less."""
        of: dict[int, list[int]] = {}
        for number, (users, _) in enumerate(self.roles):
            for user in members(users):
                of.setdefault(user, []).append(number)
        gone: set[int] = set()
        for number in sorted(range(len(self.roles)), key=lambda each: (self.cost([self.roles[each]]), each)):
            self.search.tick()
            given = self._instead(number, of, gone)
            if given is not None:
                gone.add(number)
                for user, others in given.items():
                    of[user].remove(number)
                    of[user] += others
                    for each in others:
                        self.roles[each][0] |= 1 << user
        self.roles = [each for number, each in enumerate(self.roles) if number not in gone]

    def _instead(self, number: int, of: dict[int, list[int]], gone: set[int]) -> dict[int, list[int]] | None:
        """By user, the roles to have instead of one, if that is cheaper."""
        side = self.sides[0]
        users, permissions = self.roles[number]
        gain = self.cost([self.roles[number]])
        given: dict[int, list[int]] = {}
        for user in members(users):
            needed = permissions & side.wanted[user]
            needed &= ~union(self.roles[each][1] for each in of[user] if each != number)
            fitting = (
                [
                    each
                    for each, role in enumerate(self.roles)
                    if each != number and each not in gone and role[1] & needed and not role[1] & ~side.allowed[user]
                ]
                if needed
                else []
            )
            chosen = self._greedy(fitting, needed)
            if chosen is None:
                return None
            gain -= side.price * side.weigh.weights[user] * len(chosen)
            if gain <= 0:
                return None
            given[user] = chosen
        return given if gain > 0 else None


def cheaper(
    matrix: Matrix,
    wanted: Matrix,
    weights: tuple[Sequence[int], Sequence[int]],
    prices: Prices,
    roles: Sequence[FoundRole],
    search: RoleSearch,
) -> None:
    """Offer ever cheaper roles from given ones on. ``wanted``: the pairs of the matrix that roles have to cover."""
    work = _Cheaper(matrix, wanted, weights, prices, roles, search)
    cost = work.cost(work.roles)
    while True:
        for step in (work.fewer_edges, work.flip, work.fewer_edges, work.flip, work.factor, work.drop):
            step()
            search.tick(f"making {len(work.roles):,} roles cheaper")
        work.flip()
        work.drop()
        work.flip()
        search.offer(work.result())
        now = work.cost(work.roles)
        if now >= cost:
            return
        cost = now


def tidy(
    matrix: Matrix, wanted: Matrix, weights: tuple[Sequence[int], Sequence[int]], roles: Sequence[FoundRole]
) -> list[FoundRole]:
    """The same number of roles or fewer, with fewer edges."""
    work = _Cheaper(matrix, wanted, weights, Prices(), roles, RoleSearch(len))
    for step in (work.fewer_edges, work.flip, work.fewer_edges, work.flip):
        step()
    return work.result()
