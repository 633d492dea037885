"""Somebody who does not exist: a user with just these roles or that group, put in the place of a real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.model.conditions import Constant
from policylang.runtime.index import Index
from policylang.runtime.residual import as_value
from policylang.runtime.values import MISSING, read

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


def with_attributes(index: Index, user: str, given: Mapping[str, Any]) -> Index:
    """The policy set in which a user has other values of some attributes, ``None`` for one that is missing; the same
    policy set where there is nothing to change. What it does not declare is not read. Raises `BadValueError`.
    """
    declared = index.users.get(user)
    given = {name: raw for name, raw in given.items() if name in index.subject}
    if not given or declared is None:
        return index
    kept = tuple(each for each in declared.attributes if each.name not in given)
    stated = tuple(stated_value(index, name, raw) for name, raw in sorted(given.items()) if raw is not None)
    return index.changed(users={user: msgspec.structs.replace(declared, attributes=(*kept, *stated))})


def stated_value(index: Index, name: str, raw: Any) -> ir.UserValue:
    """An attribute of a user as a declaration holds it. Raises `BadValueError`."""
    type_ = index.subject[name]
    found = read(type_, raw, name)
    values = found if isinstance(found, tuple) else (found,)
    constants = tuple(Constant(type_.item, as_value(type_.item, each), _AT) for each in values if each is not MISSING)
    return ir.UserValue(name, constants, _AT)


def somebody(index: Index) -> str:
    """The id of the hypothetical user: `SOMEBODY`, unless a real one has it."""
    id_ = SOMEBODY
    while index.knows(id_):
        id_ = f"({id_})"
    return id_


def nobody(id_: str) -> ir.User:
    """A user who has nothing."""
    return ir.User(id_, None, False, False, None, None, (), (), (), (), _AT)


_AT = "somebody:1:1-1:1"
