"""A request, and what follows from it whatever anybody is granted: what is unknown, its moments, what it writes."""

from __future__ import annotations

import datetime
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from policylang.runtime.index import Index
from policylang.runtime.truth import Situation
from policylang.runtime.values import MISSING, Once, attribute, given_changes, given_record, given_request, names, once


class Request(msgspec.Struct, frozen=True):
    """Everything that a decision depends on, but for the policy set.

    ``record`` and ``request`` (the attributes of the request itself) are mappings or objects with attributes; the
    record is the proposed one for actions like create and the present one for all others. ``changes`` are the
    attributes that an action like modify would set, ``None`` for one that it would empty. ``now`` is aware; there is no
    clock in here.
    """

    user: str
    action: str
    resource: str
    record: Any
    now: datetime.datetime
    request: Any = None
    field: str | None = None
    changes: Mapping[str, Any] | None = None

    def given(self, index: Index) -> Request:
        """As a decision takes it, from a caller.

        Raises ValueError for a ``now`` without an offset, or at the very ends of the calendar, and TypeError for a
        record, a request or changes without attributes by name.
        """
        return msgspec.structs.replace(
            self,
            now=instant(index, self.now),
            record=given_record(self.record),
            request=given_request(self.request),
            changes=given_changes(self.changes),
        )

    def unknown(self, index: Index) -> Unknown | None:
        """What of it the policy set does not know."""
        parts: tuple[tuple[str, Any], ...] = (("user", self.user), ("action", self.action), ("resource", self.resource))
        for what, name in parts:
            if not isinstance(name, str):
                return Unknown(f"the {what} of a request must be text, not {type(name).__name__}")
        if self.resource not in index.resources:
            return Unknown("there is no resource {}", (self.resource,), index.resources)
        actions, declared = index.actions[self.resource], index.attributes[self.resource]
        if self.action not in actions:
            return Unknown("{} has no action {}", (self.resource, self.action), actions)
        if not index.knows(self.user):
            return Unknown("there is no user {}", (self.user,), index.requesters)
        named = (*([self.field] if self.field is not None else []), *(self.changes or {}))
        strange = [name for name in named if name not in declared]
        kind = actions[self.action].kind
        if self.changes and kind != "modify" and not strange:
            return Unknown(f"only modify and actions like it write changes, {self.action} does not")
        if kind == "create":
            strange += [name for name in names(self.record) or () if name not in declared and name != "id"]
        return Unknown("{} has no attribute {}", (self.resource, strange[0]), declared) if strange else None

    def moments(self, index: Index) -> tuple[Situation, ...]:
        """What conditions speak of: the record before the change and after it, or as it is."""
        s = Situation(index, self.user, self.resource, self.record, self.request, self.now)
        if index.kind(self.resource, self.action) != "modify" or not self.changes:
            return (s,)
        after = changed(self.record, self.changes)
        return s, msgspec.structs.replace(s, record=after)

    def written(self, index: Index) -> tuple[str, ...]:
        """The attributes that modify changes, or that the proposed record sets."""
        match index.kind(self.resource, self.action):
            case "modify":
                return tuple(self.changes or ())
            case "create":
                declared = index.attributes[self.resource]
                return tuple(name for name in declared if attribute(self.record, name) is not MISSING)
            case _:
                return ()

    def asked(self, index: Index) -> tuple[str, ...]:
        """The attributes that have to be covered."""
        return tuple(dict.fromkeys((*([self.field] if self.field is not None else []), *self.written(index))))


class Unknown(msgspec.Struct, frozen=True):
    """``text`` has a gap for each of the ``names``; ``known`` is what the last one may have been meant to be."""

    text: str
    names: tuple[str, ...] = ()
    known: Iterable[str] = ()

    def in_words(self, name_in_words: Callable[[str], str] = "`{}`".format) -> str:
        return self.text.format(*map(name_in_words, self.names)) if self.names else self.text


def instant(index: Index, now: datetime.datetime) -> datetime.datetime:
    """``now`` in UTC. Raises ValueError where it has no offset, or lies at the very ends of the calendar."""
    if now.utcoffset() is None:
        raise ValueError("`now` has no offset: it would mean a different instant in every timezone")
    try:
        now.astimezone(index.timezone)
        return now.astimezone(datetime.UTC)
    except OverflowError:
        raise ValueError("`now` is outside the calendar of the policy set's timezone") from None


def changed(record: Any, changes: Mapping[str, Any]) -> Any:
    """The record as it would be."""
    if isinstance(record, Mapping):
        return ChainMap(dict(changes), dict(record))
    return Once(record, {name: once(MISSING if value is None else value) for name, value in changes.items()})
