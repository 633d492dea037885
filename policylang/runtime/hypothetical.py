"""Somebody who does not exist: a user with just these roles or that group, put in the place of a real one."""

from __future__ import annotations

from collections.abc import Sequence

from policylang.ir import nodes as ir
from policylang.runtime.index import Index

SOMEBODY = "(somebody)"
"""The id of the hypothetical user, for records that speak of them."""


def hypothetical(
    index: Index,
    roles: Sequence[tuple[str, str | None]] = (),
    group: str | None = None,
    *,
    attributes: tuple[ir.UserValue, ...] = (),
    superuser: bool = False,
) -> tuple[Index, str]:
    """The policy set with one more user, and the user's id.

    ``roles``: names, each with the place where it is given, everywhere if ``None``. All must exist in the policy set.
    """
    id_ = SOMEBODY
    while id_ in index.users or id_ in index.integrations:
        id_ = f"({id_})"
    at = "somebody:1:1-1:1"
    user = ir.User(
        id=id_,
        label=None,
        superuser=superuser,
        terminated=False,
        group=None if group is None else ir.Ref(group, at),
        job=None,
        attributes=attributes,
        appends=(),
        overrides=(),
        assignments=tuple(ir.Assignment(role, place, None, None, None, None, at) for role, place in roles),
        at=at,
    )
    return index.changed(users={id_: user}), id_
