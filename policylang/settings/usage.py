"""What counts as unused, and what may be unused for a while."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Days = Annotated[int, msgspec.Meta(ge=1, le=3660)]


class UsageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For `policylang usage`, `check --usage` and `rightsize`."""

    days: _Days = 90
    """What nobody has used for so many days is unused."""
    break_glass: tuple[str, ...] = ()
    """Roles and groups for emergencies: they are meant to be unused."""
    periods: dict[str, _Days] = {}
    """By role, group or task: how often it is used at least, in days, where that is more than ``days``."""
