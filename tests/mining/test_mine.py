"""Mined roles give exactly what people have, are as few as can be, and the bound is true."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from policylang.mining import exact
from policylang.mining.bits import Weigher, members, set_of, transposed
from policylang.mining.cheapest import Prices
from policylang.mining.clock import RoleSearch
from policylang.mining.matrix import FoundRole, Matrix, classes, given
from policylang.mining.mine import NotExactError, mine, price_of
from policylang.mining.tolerance import with_tolerance


@st.composite
def matrices(draw: st.DrawFn, most: int = 5) -> Matrix:
    width = draw(st.integers(1, most))
    rows = draw(st.lists(st.integers(0, 2**width - 1), min_size=1, max_size=most))
    return Matrix.of(rows, width)


def _largest(matrix: Matrix) -> list[FoundRole]:
    """Every role that cannot be larger."""
    found = set()
    for size in range(1, len(matrix.rows) + 1):
        for users in itertools.combinations(range(len(matrix.rows)), size):
            permissions = -1
            for user in users:
                permissions &= matrix.rows[user]
            if permissions > 0:
                has = (n for n, row in enumerate(matrix.rows) if row & permissions == permissions)
                found.add(FoundRole(set_of(has), permissions))
    return sorted(found)


def _fewest(matrix: Matrix, already: list[FoundRole] | None = None) -> int:
    """How many roles it takes beside some, by trying all."""
    roles = _largest(matrix)
    for size in range(len(roles) + 1):
        for chosen in itertools.combinations(roles, size):
            if given((*(already or ()), *chosen), len(matrix.rows)) == list(matrix.rows):
                return size
    raise AssertionError


@examples(matrices())
@settings(deadline=None, max_examples=60)
def test_as_few_roles_as_can_be(matrix: Matrix) -> None:
    found = mine(matrix)
    assert given(found.roles, len(matrix.rows)) == list(matrix.rows)
    assert len(found.roles) == found.cost == found.least == _fewest(matrix)


@examples(matrices(), st.data())
@settings(deadline=None, max_examples=30)
def test_kept_roles_stay_and_the_others_are_few(matrix: Matrix, data: st.DataObject) -> None:
    users = [row for row in matrix.rows if row]
    if not users:
        return
    permissions = data.draw(st.sampled_from(users)) & data.draw(st.integers(1, 2**5))
    if not permissions:
        return
    found = mine(matrix, keep=[permissions])
    kept, *others = found.roles
    assert kept.permissions == permissions
    assert kept.users == set_of(n for n, row in enumerate(matrix.rows) if row & permissions == permissions)
    assert len(others) == _fewest(matrix, [kept])
    assert found.is_optimal


@examples(matrices(7), st.sampled_from([Prices(), Prices(10, 1, 1), Prices(1, 3, 1)]))
@settings(deadline=None, max_examples=40)
def test_cheaper_than_what_is_plain_and_never_below_the_bound(matrix: Matrix, prices: Prices) -> None:
    found = mine(matrix, "weighted", prices)
    assert given(found.roles, len(matrix.rows)) == list(matrix.rows)
    assert found.least <= found.cost == price_of(found.roles, prices)
    by_user = [FoundRole(1 << n, row) for n, row in enumerate(matrix.rows) if row]
    by_permission = [FoundRole(column, 1 << n) for n, column in enumerate(matrix.columns) if column]
    assert found.cost <= min(price_of(by_user, prices), price_of(by_permission, prices))


@examples(matrices(6), st.integers(0, 4))
@settings(deadline=None, max_examples=40)
def test_a_tolerance_is_kept_to_the_pair(matrix: Matrix, most: int) -> None:
    found = mine(matrix)
    roles, more = with_tolerance(matrix, found.roles, most, 0)
    rows = given(roles, len(matrix.rows))
    added = [row & ~before for row, before in zip(rows, matrix.rows, strict=True)]
    assert {user: each for user, each in enumerate(added) if each} == more
    assert all(before & ~row == 0 for row, before in zip(rows, matrix.rows, strict=True))
    assert sum(each.bit_count() for each in more.values()) <= most
    assert len(roles) <= len(found.roles)


def _random(users: int, permissions: int, seed: int, share: int = 4) -> Matrix:
    state = seed
    rows = []
    for _ in range(users):
        row = 0
        for column in range(permissions):
            state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
            row |= (state >> 33) % share < share // 2 and 1 << column
        rows.append(row)
    return Matrix.of(rows, permissions)


def test_the_same_input_gives_the_same_roles() -> None:
    matrix = _random(12, 10, 7)
    assert mine(matrix, "edges") == mine(matrix, "edges")
    assert mine(matrix) == mine(matrix)


@pytest.mark.parametrize("error", [KeyboardInterrupt, None])
def test_an_interrupted_search_gives_the_best_so_far(monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    matrix = _random(20, 20, 3)
    ticks = itertools.count()
    whole = RoleSearch.tick

    def tick(self: RoleSearch, what: str | None = None) -> None:
        if next(ticks) == 3:
            if error is None:
                self._end = 0.0
            else:
                raise error
        whole(self, what)

    monkeypatch.setattr(RoleSearch, "tick", tick)
    found = mine(matrix, "edges")
    assert found.ended == ("time" if error is None else "interrupted")
    assert given(found.roles, 20) == list(matrix.rows)
    assert found.least < found.cost


def test_without_all_cliques_the_bound_is_still_true(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = _random(14, 14, 5)
    best = mine(matrix)
    assert best.is_optimal
    monkeypatch.setattr(exact, "MOST_CLIQUES", 3)
    found = mine(matrix)
    assert found.least <= best.cost <= found.cost
    monkeypatch.setattr(exact, "MOST_PAIRS", 3)
    assert mine(matrix).least <= best.cost <= mine(matrix).cost


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    mine(_random(12, 12, 5))
    assert capfd.readouterr() == ("", "")


def test_roles_that_give_something_else_are_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policylang.mining.mine.tidy", lambda *_: [FoundRole(1, 1)])
    with pytest.raises(NotExactError):
        mine(Matrix.of([3, 1], 2))


def test_sets_as_bits() -> None:
    assert list(members(set_of([0, 5, 70]))) == [0, 5, 70]
    assert transposed([0b11, 0b01], 2) == [0b11, 0b01]
    assert Weigher([1, 5, 300])(0b101) == 301


def test_equal_users_and_permissions_are_one() -> None:
    found = classes(Matrix.of([0b0110, 0b0110, 0, 0b1111], 5))
    assert found.weights == ([2, 1], [2, 2])
    assert found.whole([FoundRole(0b01, 0b01)])[0].users in (0b11, 0b1000)
