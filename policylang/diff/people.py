"""What differs for the users and integrations that there are: without roles, groups, and what more may be given."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.diff.comparing import AccessDifference, comparer
from policylang.diff.subjects import of_user, users_alike
from policylang.ir import nodes as ir


class UserDifference(msgspec.Struct, frozen=True, eq=False):
    """One action that users who are alike can do, on some records or fields, on one side only."""

    users: tuple[str, ...]
    difference: AccessDifference


def user_differences(old: ir.PolicySet, new: ir.PolicySet, now: datetime.datetime) -> Iterator[UserDifference]:
    """What differs for any user or integration from ``now`` on. Nothing found is proved to be nothing."""
    now = now.astimezone(datetime.UTC)
    c = comparer(old, new, now)
    integrations = sorted({*c.old.index.integrations, *c.new.index.integrations})
    for users in (*users_alike(c.old, c.new), *((each,) for each in integrations)):
        for subject in of_user(users[0], c.old, c.new, now):
            yield from (UserDifference(users, each) for each in c.differences(subject))
