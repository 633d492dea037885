"""From who has which permission to roles that give exactly that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from policylang.mining.bits import Weigher, members, set_of
from policylang.mining.cheapest import Prices, cheaper, tidy
from policylang.mining.clock import Ended, RoleSearch, Step
from policylang.mining.exact import cover, quick
from policylang.mining.matrix import FoundRole, Matrix, classes, closed, given, left_by
from policylang.mining.reduction import minimal, reduce, restored

Objective = Literal["roles", "edges", "weighted"]
_MOST_TO_START_FROM = 2_000
"""More roles than these are not compared with each other, each with each."""
_Weigh = Callable[[int], int]
"""How much the members of a set weigh."""


class NotExactError(AssertionError):
    """Roles that give something else than they are to give: a mistake in the search, never in the input."""


class Mined(msgspec.Struct, frozen=True):
    """``roles``: the kept ones first. ``cost``: by the objective, kept ones included. ``least``: no other roles cost
    less; that is proved. ``ended``: how the search ended.
    """

    roles: tuple[FoundRole, ...]
    kept: int
    objective: Objective
    prices: Prices
    cost: int
    least: int
    ended: Ended

    @property
    def is_optimal(self) -> bool:
        return self.cost == self.least


def mine(
    whole: Matrix,
    objective: Objective = "roles",
    prices: Prices | None = None,
    keep: Sequence[int] = (),
    seconds: float | None = None,
    step: Step = lambda _what: None,
) -> Mined:
    """Roles that together give each user exactly their permissions.

    ``prices``: for the objective ``weighted``. ``keep``: roles that stay, by their permissions; whoever has all of
    these has the role. ``seconds``: how long to search; then, or on KeyboardInterrupt, the best so far is taken.
    """
    prices = {"roles": Prices(1, 0, 0), "edges": Prices()}.get(objective) or prices or Prices()
    kept = tuple(FoundRole(_holders(whole, each), each) for each in keep)
    small = classes(whole)
    matrix = small.matrix
    weights = small.weights
    wanted = _wanted(whole, kept, small.users, small.permissions)
    weigh = Weigher(weights[0]), Weigher(weights[1])

    def price(roles: Sequence[FoundRole]) -> int:
        return price_of(roles, prices, weigh)

    search = RoleSearch(price, seconds, step)
    least = [0]
    search.offer(min(_one_each(wanted), key=len))
    search.run(lambda: _search(matrix, wanted, weights, prices, search, least))
    found = tidy(matrix, wanted, weights, search.best) if objective == "roles" else list(search.best)
    roles = (*kept, *sorted(small.whole(found), key=lambda each: (-each.users.bit_count(), each)))
    expanded = given(roles, len(whole.rows))
    if list(whole.rows) != expanded:
        raise NotExactError
    cost = price_of(roles, prices)
    bound = price_of(kept, prices) + _least(wanted, weights, prices, least[0])
    return Mined(roles, len(kept), objective, prices, cost, min(cost, bound), search.ended)


def price_of(
    roles: Sequence[FoundRole], prices: Prices, weigh: tuple[_Weigh, _Weigh] = (int.bit_count, int.bit_count)
) -> int:
    """What roles cost, of a whole matrix unless the users and permissions are weighed."""
    users = sum(weigh[0](each.users) for each in roles) if prices.user else 0
    permissions = sum(weigh[1](each.permissions) for each in roles) if prices.permission else 0
    return prices.role * len(roles) + prices.user * users + prices.permission * permissions


def _holders(whole: Matrix, permissions: int) -> int:
    return set_of(number for number, row in enumerate(whole.rows) if permissions and row & permissions == permissions)


def _wanted(whole: Matrix, kept: Sequence[FoundRole], users: Sequence[int], permissions: Sequence[int]) -> Matrix:
    """What of the merged matrix the kept roles leave."""
    left = left_by(whole, kept).rows
    rows = []
    for each in users:
        row = left[next(members(each))]
        # Of permissions that are alike some may be kept: the class is wanted as long as one of it is.
        rows.append(set_of(number for number, group in enumerate(permissions) if row & group))
    return Matrix.of(rows, len(permissions))


def _one_each(wanted: Matrix) -> tuple[list[FoundRole], list[FoundRole]]:
    """A role for each user, and a role for each permission."""
    by_user = [FoundRole(1 << number, row) for number, row in enumerate(wanted.rows) if row]
    by_permission = [FoundRole(column, 1 << number) for number, column in enumerate(wanted.columns) if column]
    return by_user, by_permission


def _search(
    matrix: Matrix,
    wanted: Matrix,
    weights: tuple[Sequence[int], Sequence[int]],
    prices: Prices,
    search: RoleSearch,
    least: list[int],
) -> None:
    search.offer(quick(matrix, wanted.rows))
    everything = list(matrix.rows) == list(wanted.rows)
    reduced = reduce(matrix, minimal(matrix) if everything else wanted.rows, search)
    roles, bound = cover(matrix, reduced.left, search)
    least[0] = bound + len(reduced.alone)
    fewest = [closed(matrix, each) for each in restored(reduced, roles)]
    search.offer(fewest)
    if not prices.user and not prices.permission:
        return
    for roles in (fewest, *_one_each(wanted)):
        if len(roles) <= _MOST_TO_START_FROM:
            cheaper(matrix, wanted, weights, prices, roles, search)


def _least(wanted: Matrix, weights: tuple[Sequence[int], Sequence[int]], prices: Prices, roles: int) -> int:
    """No roles cost less: it takes so many, and each user and permission with something to cover needs an edge."""
    users = sum(weight for weight, row in zip(weights[0], wanted.rows, strict=True) if row)
    permissions = sum(weight for weight, column in zip(weights[1], wanted.columns, strict=True) if column)
    return prices.role * roles + prices.user * users + prices.permission * permissions
