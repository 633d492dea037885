"""How far a finding reaches, in a phrase."""

from __future__ import annotations

from policylang.check.reach import Reach
from policylang.diagnostics import listed


def in_words(reach: Reach) -> str:
    """``3 users, 2 more could get it; all records; sensitive `customer.monthly_rate```; nothing if nothing is known."""
    said = []
    if reach.users is not None:
        could = reach.could or 0
        users = f"{reach.users:,} {'user' if reach.users == 1 else 'users'}" if reach.users else "nobody now"
        more = "more " if reach.users else ""
        said.append(users + (f", {could:,} {more}could get it" if could else ""))
    if reach.records is not None:
        said.append(f"{reach.records} records")
    if reach.sensitive:
        names = [f"`{name}`" for name in reach.sensitive]
        some = names[:_MOST] + ([f"{len(names) - _MOST} more"] if len(names) > _MOST else [])
        said.append(f"sensitive {listed(some, 'and')}")
    return "; ".join(said)


_MOST = 3
