"""What the roles of a user add up to: on which documents an action is open, and which fields it covers.

A field at a level above 0 is open where the document is, to whoever has any role with a row at that level: one role may
open the document and another the field. Our roles only add, so a role gives a field where it opens the document too.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from policylang.importing.imported import Origin

ALL, GUEST = "All", "Guest"
_FIELDS_OF = {"read": "read", "write": "write", "create": "write"}
"""Which right at a level opens its fields to an action."""


class PermissionRow(msgspec.Struct, frozen=True):
    """A row of permissions."""

    role: str
    level: int
    if_owner: bool
    rights: frozenset[str]
    origin: Origin


class Open(msgspec.Struct, frozen=True):
    """How an action is open: only to the owner, and with which levels above 0."""

    owner: bool
    levels: frozenset[int] = frozenset()
    origins: tuple[Origin, ...] = ()

    def same(self, other: Open | None) -> bool:
        return other is not None and (self.owner, self.levels) == (other.owner, other.levels)


def with_everybody(roles: Iterable[str]) -> frozenset[str]:
    """Roles, with those that everybody has who has any."""
    return frozenset([*roles, ALL, GUEST])


def inside(role: str) -> frozenset[str]:
    """A role with those inside it."""
    return frozenset([GUEST]) if role == GUEST else with_everybody([role])


def opened(rows: Iterable[PermissionRow], roles: frozenset[str], levels: frozenset[int]) -> dict[str, Open]:
    """What is open to whoever has exactly some roles. ``levels``: those that fields are at."""
    mine = [row for row in rows if row.role in roles]
    found: dict[str, Open] = {}
    for action in sorted({right for row in mine if row.level == 0 for right in row.rights}):
        giving = [row for row in mine if row.level == 0 and action in row.rights]
        owner = action != "create" and all(row.if_owner for row in giving)
        right = _FIELDS_OF.get(action)
        above = [row for row in mine if row.level in levels and right in row.rights]
        origins = tuple(row.origin for row in (*giving, *above))
        found[action] = Open(owner, frozenset(row.level for row in above), origins)
    return found


def enough(wanted: Open, given: Iterable[Open]) -> bool:
    """Whether what some roles give each by itself is all that they give together."""
    given = list(given)
    for level in (0, *wanted.levels):
        giving = [each for each in given if level == 0 or level in each.levels]
        if not giving or all(each.owner for each in giving) != wanted.owner:
            return False
    return True
