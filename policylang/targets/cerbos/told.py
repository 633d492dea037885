"""What a request tells of values: those that conditions read, as JSON holds them."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from policylang.model.instants import instant_text
from policylang.model.types import (
    DateTimeType,
    DateType,
    Duration,
    DurationType,
    IpType,
    RecordType,
    SetType,
    Type,
    UserType,
)
from policylang.runtime.clock import now_and_edge
from policylang.runtime.index import Index
from policylang.runtime.parts import record_place
from policylang.runtime.truth import Situation, user_value
from policylang.runtime.values import MISSING, BadValueError, attribute, read
from policylang.targets.cerbos import encoding
from policylang.targets.cerbos.conditions import edge_key
from policylang.targets.cerbos.encoding import ID, UNREADABLE
from policylang.targets.cerbos.reads import CerbosReads, CerbosTree
from policylang.targets.request import identified
from policylang.targets.ways import is_way, way_from


class ToldValues:
    """Values at an instant. ``users``: those whom conditions reach through a record, with their attributes."""

    def __init__(self, index: Index, now: datetime.datetime | None) -> None:
        self._index, self._now = index, now
        self._nameless: list[Any] = []
        self.users: dict[str, dict[str, Any]] = {}

    def resource(self, resource: str, record: Any, reads: CerbosReads) -> dict[str, Any]:
        """The attributes of a record that conditions read."""
        assert self._now is not None
        record_place(Situation(self._index, "", resource, record, {}, self._now))
        unreadable: list[str] = []
        attributes = self._record(resource, record, reads.tree("record", resource), "", unreadable)
        if unreadable:
            attributes[UNREADABLE] = unreadable
        return attributes

    def subject(self, user: str, tree: CerbosTree) -> None:
        """The users whom conditions reach through the one who asks."""
        for name, deeper in tree.items():
            found = user_value(self._index, user, name)
            if deeper and found is not MISSING and isinstance(self._index.subject[name], UserType):
                self._reached(found, deeper)

    def attribute(
        self, type_: Type, holder: Any, name: str, tree: CerbosTree, unreadable: list[str], before: str = ""
    ) -> Any:
        """The value of an attribute, or null if there is none that can be told."""
        try:
            found = read(type_, attribute(holder, name), name)
        except BadValueError:
            unreadable.append(before + name)
            return None
        return None if found is MISSING else self._value(type_, found, tree, f"{before}{name}.", unreadable)

    def of_user(self, user: str) -> dict[str, Any]:
        found = {name: (type_, user_value(self._index, user, name)) for name, type_ in self._index.subject.items()}
        return {n: self._value(t, value, {}, "", []) for n, (t, value) in found.items() if value is not MISSING}

    def edge(self, length: Duration, day: bool, sign: int) -> str | None:
        """The instant or day so far from now; null outside the calendar."""
        if self._now is None:
            return None
        edges = now_and_edge(self._now, length, sign, self._index.timezone, of_days=day)
        return None if edges is None else edges[1].isoformat() if day else instant_text(edges[1])

    def _record(
        self, resource: str, record: Any, tree: CerbosTree, before: str, unreadable: list[str]
    ) -> dict[str, Any]:
        found = {}
        for name, deeper in tree.items():
            if name == ID:
                found[name] = self._identity(record)
                continue
            if is_way(name):
                way = way_from(self._index, resource, record)
                found[name] = [None if each is MISSING else self._identity(each) for each in way]
                continue
            type_ = self._index.attributes[resource][name].type
            value = self.attribute(type_, record, name, deeper, unreadable, before)
            if value is not None:
                found[name] = value
        return found

    def _value(self, type_: Type, found: Any, tree: CerbosTree, before: str, unreadable: list[str]) -> Any:
        match type_:
            case SetType(of):
                return [None if each is MISSING else self._item(of, each) for each in found]
            case RecordType(resource):
                return {ID: self._identity(found), **self._record(resource, found, tree, before, unreadable)}
            case UserType() if tree:
                self._reached(found, tree)
                return encoding.text(found)
            case _:
                return self._item(type_, found)

    def _reached(self, user: str, tree: CerbosTree) -> None:
        if user in self._index.users:
            self.users[encoding.text(user)] = self.of_user(user)
            self.subject(user, tree)

    def _item(self, type_: Type, found: Any) -> Any:
        match type_:
            case RecordType():
                return self._identity(found)
            case DateTimeType():
                return instant_text(found)
            case DateType():
                return str(found.isoformat())
            case IpType():
                return encoding.address(found)
            case DurationType():
                edges = {edge_key(day, sign): self.edge(found, day, sign) for day in (False, True) for sign in (-1, 1)}
                return {**encoding.length(found), **{key: edge for key, edge in edges.items() if edge is not None}}
        if isinstance(found, Decimal):
            return encoding.number(found)
        return found if isinstance(found, bool) else encoding.text(found)

    def _identity(self, record: Any) -> Any:
        found = identified(record, self._nameless)
        return encoding.text(found) if isinstance(found, str) else found
