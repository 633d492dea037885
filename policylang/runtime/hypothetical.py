"""Somebody who does not exist: a user with just these roles or that group, put in the place of a real one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

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
    named: str | None = None,
) -> tuple[Index, str]:
    """The policy set with one more user, and the user's id.

    ``roles``: names, each with the place where it is given, everywhere if ``None``. All must exist in the policy set.
    ``named``: an id that conditions may name, in the place of whoever has it.
    """
    id_ = somebody(index) if named is None else named
    user = msgspec.structs.replace(
        nobody(id_),
        superuser=superuser,
        group=None if group is None else ir.Ref(group, _AT),
        attributes=attributes,
        assignments=tuple(ir.Assignment(role, place, None, None, None, None, None, None, _AT) for role, place in roles),
    )
    return index.changed(users={id_: user}), id_


def somebody(index: Index) -> str:
    """The id of the hypothetical user: `SOMEBODY`, unless a real one has it."""
    id_ = SOMEBODY
    while id_ in index.users or id_ in index.integrations:
        id_ = f"({id_})"
    return id_


def nobody(id_: str) -> ir.User:
    """A user who has nothing."""
    return ir.User(id_, None, False, False, None, None, (), (), (), (), _AT)


_AT = "somebody:1:1-1:1"
