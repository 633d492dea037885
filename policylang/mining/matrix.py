"""Who has which permission, as a Boolean matrix, and the same with equal rows and columns as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from policylang.mining.bits import common, members, transposed, union


class FoundRole(msgspec.Struct, frozen=True, order=True):
    """Users and permissions, as sets of rows and columns of a matrix: each of the users has each of the permissions."""

    users: int
    permissions: int


class Matrix(msgspec.Struct, frozen=True):
    """``rows``: the permissions of each user; ``columns``: the users of each permission."""

    rows: Sequence[int]
    columns: Sequence[int]

    @classmethod
    def of(cls, rows: Sequence[int], width: int) -> Matrix:
        return cls(tuple(rows), tuple(transposed(rows, width)))

    @property
    def pairs(self) -> int:
        return sum(row.bit_count() for row in self.rows)


class _Classes(msgspec.Struct, frozen=True):
    """A matrix in which no two users, and no two permissions, are alike: each stands for as many as its weight says.
    Nobody without permissions and no permission without users is in it.
    """

    matrix: Matrix
    users: tuple[int, ...]
    """By row, the users it stands for, as a set of rows of the whole matrix."""
    permissions: tuple[int, ...]

    @property
    def weights(self) -> tuple[list[int], list[int]]:
        """Of the users and of the permissions."""
        return [each.bit_count() for each in self.users], [each.bit_count() for each in self.permissions]

    def whole(self, roles: Iterable[FoundRole]) -> tuple[FoundRole, ...]:
        """The roles as sets of rows and columns of the whole matrix."""
        return tuple(
            FoundRole(_spread(each.users, self.users), _spread(each.permissions, self.permissions)) for each in roles
        )


def classes(whole: Matrix) -> _Classes:
    """Merge what is alike, in the order of the first of each."""
    users = alike(whole.rows)
    rows = list(users)
    permissions = alike(transposed(rows, len(whole.columns)))
    columns = list(permissions)
    return _Classes(
        Matrix(tuple(transposed(columns, len(rows))), tuple(columns)),
        tuple(users.values()),
        tuple(permissions.values()),
    )


def alike(lines: Sequence[int]) -> dict[int, int]:
    """By what a line holds, the lines that hold it; without empty ones."""
    found: dict[int, int] = {}
    for number, line in enumerate(lines):
        if line:
            found[line] = found.get(line, 0) | 1 << number
    return found


def _spread(bits: int, stand_for: Sequence[int]) -> int:
    return union(stand_for[number] for number in members(bits))


def closed(matrix: Matrix, role: FoundRole) -> FoundRole:
    """As large as it can be: all who have its permissions, and all permissions that these have in common."""
    users = common(matrix.columns[each] for each in members(role.permissions))
    return FoundRole(users, common(matrix.rows[each] for each in members(users)))


def left_by(matrix: Matrix, roles: Iterable[FoundRole]) -> Matrix:
    """What some roles do not give."""
    rows = [row & ~got for row, got in zip(matrix.rows, given(roles, len(matrix.rows)), strict=True)]
    return Matrix.of(rows, len(matrix.columns))


def given(roles: Iterable[FoundRole], users: int) -> list[int]:
    """What the users of a matrix get by the roles: its rows."""
    rows = [0] * users
    for role in roles:
        for user in members(role.users):
            rows[user] |= role.permissions
    return rows
