"""What every caller does to a request before it asks an engine."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from policylang.model.types import SetType
from policylang.runtime.index import Index
from policylang.runtime.parts import written
from policylang.runtime.request import Request
from policylang.runtime.trees import identity, same_record
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, BadValueError, names


class DeniedError(ValueError):
    """The request can only be denied, and need not be asked."""


class Prepared(msgspec.Struct, frozen=True):
    """``moments``: the record, and if anything changes as it would be. ``touched``: the attributes that would be
    written. ``asked``: those that have to be covered.
    """

    moments: tuple[Any, ...]
    touched: tuple[str, ...]
    asked: tuple[str, ...]


def prepared(index: Index, request: Request) -> Prepared:
    """Raises `DeniedError`, and what `Request.given` raises."""
    given = request.given(index)
    unknown = given.unknown(index)
    if unknown is not None:
        raise DeniedError(unknown.in_words())
    touched = given.written(index)
    if index.kind(given.resource, given.action) == "create":
        told = names(given.record)
        touched = touched if told is None else tuple(name for name in told if name in touched)
    asked = (*([given.field] if given.field is not None else []), *touched)
    return Prepared(tuple(moment.record for moment in given.moments(index)), touched, asked)


def chosen(index: Index, resource: str, record: Any, name: str, now: datetime.datetime) -> tuple[str, ...]:
    """The users that would stand in an attribute that asks for a role. Raises `DeniedError`."""
    declared = index.attributes[resource][name]
    try:
        found = written(Situation(index, "", resource, record, {}, now), name)
    except BadValueError as error:
        raise DeniedError(str(error)) from None
    if declared.role is None or found is MISSING:
        return ()
    users = found if isinstance(declared.type, SetType) else (found,)
    if MISSING in users:
        raise DeniedError(f"`{name}` is missing")
    return tuple(users)


def must_be_eligible(
    index: Index, resource: str, touched: Iterable[str], record: Any, now: datetime.datetime
) -> Iterator[tuple[str, str]]:
    """The users that would stand in the attributes that ask for a role, each with that. Raises `DeniedError`, also for
    one whom the policy set does not know.
    """
    for name in touched:
        for user in chosen(index, resource, record, name, now):
            role = index.attributes[resource][name].role
            if role is None or user not in index.users:
                raise DeniedError(f"the user in `{name}` is not eligible")
            yield user, role


def identified(record: Any, nameless: list[Any]) -> str | int:
    """The id of a related record, if that is a text; else a number that only records that are the same share: its
    place among those without such an id.
    """
    found = identity(record)
    if isinstance(found, str):
        return found
    for number, each in enumerate(nameless):
        if same_record(each, record):
            return number
    nameless.append(record)
    return len(nameless) - 1
