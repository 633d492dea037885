"""What came of mining, for people and programs."""

from __future__ import annotations

import msgspec

from policylang.mining.clock import Ended
from policylang.mining.describe import Stands
from policylang.mining.mine import Objective


class Size(msgspec.Struct, frozen=True):
    """``user_role`` and ``role_permission``: how many edges lead from users to roles, from roles to permissions."""

    roles: int
    user_role: int
    role_permission: int

    @property
    def total(self) -> int:
        """Roles and edges together, as papers on role mining count."""
        return self.roles + self.user_role + self.role_permission


class MinedRole(msgspec.Struct, frozen=True):
    """A role, with whom it stands for."""

    name: str
    kept: bool
    users: int
    permissions: int
    stands_for: Stands | None = None


class OverGrant(msgspec.Struct, frozen=True):
    """Somebody who gets more than they had: tolerated, and said."""

    user: str
    action: str
    resource: str


class NearlySame(msgspec.Struct, frozen=True):
    """Two roles that could be one: ``same`` of ``all`` permissions are in both, or all who hold one hold both.
    ``patch``: the file that makes them one, on top of those before it. ``gains``: who gets what by it.
    """

    first: str
    second: str
    same: int
    all: int
    together: bool
    patch: str | None = None
    gains: tuple[OverGrant, ...] = ()


class MiningReport(msgspec.Struct, frozen=True):
    """``before``: with a role for each set of permissions that somebody has, or with the plain roles of a policy set.
    ``least``: the proved bound of the cost;
    equal to ``cost`` where nothing is cheaper. That nobody's access changes, but for what ``over_granted`` names, is
    proved: there is no report without.
    """

    users: int
    permissions: int
    pairs: int
    objective: Objective
    before: Size
    after: Size
    cost: int
    least: int
    optimal: bool
    ended: Ended
    roles: tuple[MinedRole, ...]
    over_granted: tuple[OverGrant, ...] = ()
    proposals: tuple[NearlySame, ...] = ()
    guessed: tuple[str, ...] = ()
    repeated: int = 0
