"""What differs for the users and integrations that there are: without roles, groups, and what more may be given."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import msgspec

from policylang.diff.comparing import AccessDifference, Comparer
from policylang.diff.subjects import of_user, user_pairs
from policylang.diff.versions import Keys, Side
from policylang.ir import nodes as ir


class UserDifference(msgspec.Struct, frozen=True, eq=False):
    """One action that users who are alike can do, on some records or fields, on one side only."""

    users: tuple[str, ...]
    difference: AccessDifference


def user_differences(old: ir.PolicySet, new: ir.PolicySet, now: datetime.datetime) -> Iterator[UserDifference]:
    """What differs for any user or integration from ``now`` on. Nothing found is proved to be nothing."""
    now = now.astimezone(datetime.UTC)
    keys = Keys()
    comparer = Comparer(Side(old, now, keys), Side(new, now, keys))
    alike = [pair.users for pair in user_pairs(comparer.old, comparer.new)]
    integrations = sorted({*comparer.old.index.integrations, *comparer.new.index.integrations})
    for users in (*alike, *((each,) for each in integrations)):
        for subject in of_user(users[0], comparer.old, comparer.new, now):
            yield from (UserDifference(users, each) for each in comparer.differences(subject))
