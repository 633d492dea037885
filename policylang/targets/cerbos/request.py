"""A request as checks of Cerbos: what a service sends there, and a reference for services in other languages."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

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
from policylang.runtime.clock import shift, shift_day
from policylang.runtime.index import Index
from policylang.runtime.reference import changed, instant, written
from policylang.runtime.truth import Situation, user_value
from policylang.runtime.values import MISSING, BadValueError, attribute, read
from policylang.targets.cerbos import encoding
from policylang.targets.cerbos.conditions import edge_key
from policylang.targets.cerbos.encoding import ID, UNREADABLE, USERS
from policylang.targets.cerbos.people import EVERYBODY, People
from policylang.targets.cerbos.reads import Reads, Tree
from policylang.targets.cerbos.rules import field_action

ELIGIBLE = "user.eligible"
"""A kind of resource that no policy set declares: whether somebody may stand in a ``user with role``."""


class Check(msgspec.Struct, frozen=True):
    """A principal, a resource and actions, as ``/api/check/resources`` takes them."""

    principal: dict[str, Any]
    resource: dict[str, Any]
    actions: tuple[str, ...]


class Caller:
    """What asks a Cerbos that has a policy set's bundle.

    ``principals``: of the bundle's ``principals.json``; made from the policy set if not given.
    """

    def __init__(self, index: Index, principals: Mapping[str, Any] | None = None) -> None:
        self.index = index
        self._reads = Reads(index)
        self._principals = {name: {"roles": held} for name, held in People(index).principals.items()}
        if principals is not None:
            self._principals = dict(principals)

    def checks(
        self,
        user: str,
        action: str,
        resource: str,
        record: Any = None,
        *,
        now: datetime.datetime,
        request: Any = None,
        field: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> tuple[Check, ...]:
        """The checks of a request, which is allowed if each action of each is.

        The arguments are those of ``policylang.runtime.reference.decide``. Raises ValueError for what can only be
        denied, and `UnheldError` for values that Cerbos cannot hold.
        """
        index = self.index
        now = instant(index, now)
        if user not in self._principals:
            raise ValueError(f"there is no user `{user}`")
        if resource not in index.resources or action not in index.actions[resource]:
            raise ValueError(f"there is no {action} on `{resource}`")
        declared = index.attributes[resource]
        moments = [{} if record is None else record]
        touched: list[str] = []
        if changes and action != "modify":
            raise ValueError(f"{action} writes no changes")
        if changes:
            touched = list(changes)
            moments.append(changed(moments[0], changes, declared))
        elif action == "create":
            names = list(moments[0]) if isinstance(moments[0], Mapping) else list(declared)
            touched = [name for name in names if name != "id" or name in declared]
            touched = [n for n in touched if n not in declared or attribute(moments[0], n) is not MISSING]
        asked = [*([field] if field is not None else []), *touched]
        for name in asked:
            if name not in declared:
                raise ValueError(f"`{resource}` has no attribute `{name}`")
        told = _Told(index, now)
        principal = self.principal(user, request, now, told)
        actions = tuple(dict.fromkeys((action, *(field_action(action, name) for name in asked))))
        checks = []
        for content in moments:
            attributes = told.resource(resource, content, self._reads)
            told.subject(user, self._reads.tree("subject", resource))
            if told.users:
                attributes[USERS] = dict(told.users)
            checks.append(Check(principal, {"kind": resource, "id": "record", "attr": attributes}, actions))
        return (*checks, *self._eligible(resource, touched, moments[-1], now, told))

    def attributes(self, user: str) -> dict[str, Any]:
        """A user's attributes, in which durations lead nowhere yet: that hangs on the instant."""
        return _Told(self.index, None).of_user(user)

    def principal(self, user: str, request: Any, now: datetime.datetime, told: _Told | None = None) -> dict[str, Any]:
        """Who asks, when, and with which attributes of the request."""
        told = told or _Told(self.index, now)
        today = now.astimezone(self.index.timezone).date()
        roles: dict[str, None] = {EVERYBODY: None}
        places: dict[str, list[str]] = {}
        for held in self._principals[user]["roles"]:
            if held.get("from", "") <= today.isoformat() <= held.get("until", "9999-12-31"):
                roles[held["role"]] = None
                if "place" in held:
                    places.setdefault(held["role"].split(":")[1], []).append(held["place"])
        declared = self.index.users.get(user)
        attributes = {
            "instants": {"now": encoding.instant(now)},
            "days": {"now": today.isoformat()},
            "superuser": declared is not None and declared.superuser,
            "places": places,
            "user": told.of_user(user),
            "request": {},
        }
        for length, day, sign in self._reads.edges:
            edge = told.edge(length, day, sign)
            if edge is not None:
                attributes["days" if day else "instants"][encoding.edge_name(length, sign)] = edge  # type: ignore[index]
        unreadable: list[str] = []
        for name, tree in self._reads.request.items():
            found = told.attribute(self.index.request[name], {} if request is None else request, name, tree, unreadable)
            if found is not None:
                attributes["request"][name] = found  # type: ignore[index]
        if unreadable:
            attributes[UNREADABLE] = unreadable
        return {"id": user, "roles": [*roles], "attr": attributes}

    def _eligible(
        self, resource: str, touched: list[str], record: Any, now: datetime.datetime, told: _Told
    ) -> Iterator[Check]:
        """Whether the users who would be written have the role that the attribute asks for."""
        for name in touched:
            type_ = self.index.attributes[resource][name].type
            found = written(Situation(self.index, "", resource, record, {}, now), name)
            item = type_.of if isinstance(type_, SetType) else type_
            if found is MISSING or not isinstance(item, UserType) or item.role is None:
                continue
            for user in found if isinstance(type_, SetType) else (found,):
                if user is MISSING or user not in self.index.users:
                    raise ValueError(f"the user in `{name}` is not eligible")
                principal = self.principal(user, None, now, told)
                yield Check(principal, {"kind": ELIGIBLE, "id": "user", "attr": {}}, (item.role,))


class _Told:
    """What is told of values at an instant. ``users``: those whom conditions reach through a record, with attributes."""

    def __init__(self, index: Index, now: datetime.datetime | None) -> None:
        self._index, self._now = index, now
        self._known: list[Any] = []
        self.users: dict[str, dict[str, Any]] = {}

    def resource(self, resource: str, record: Any, reads: Reads) -> dict[str, Any]:
        """The attributes of a record that conditions read."""
        place = self._index.resources[resource].place
        if place is not None:
            assert self._now is not None
            written(Situation(self._index, "", resource, record, {}, self._now), place)
        unreadable: list[str] = []
        attributes = self._record(resource, record, reads.tree("record", resource), "", unreadable)
        if unreadable:
            attributes[UNREADABLE] = unreadable
        return attributes

    def subject(self, user: str, tree: Tree) -> None:
        """The users whom conditions reach through the one who asks."""
        for name, deeper in tree.items():
            found = user_value(self._index, user, name)
            if deeper and found is not MISSING and isinstance(self._index.subject[name], UserType):
                self._reached(found, deeper)

    def attribute(
        self, type_: Type, holder: Any, name: str, tree: Tree, unreadable: list[str], before: str = ""
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
        try:
            if day:
                found = shift_day(self._now.astimezone(self._index.timezone).date(), length, sign)
                return None if found is None else found.isoformat()
            return encoding.instant(shift(self._now, length, sign, self._index.timezone))
        except (OverflowError, ValueError):
            return None

    def _record(self, resource: str, record: Any, tree: Tree, before: str, unreadable: list[str]) -> dict[str, Any]:
        found = {}
        for name, deeper in tree.items():
            type_ = self._index.attributes[resource][name].type
            value = self.attribute(type_, record, name, deeper, unreadable, before)
            if value is not None:
                found[name] = value
        return found

    def _value(self, type_: Type, found: Any, tree: Tree, before: str, unreadable: list[str]) -> Any:
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

    def _reached(self, user: str, tree: Tree) -> None:
        if user in self._index.users:
            self.users[encoding.text(user)] = self.of_user(user)
            self.subject(user, tree)

    def _item(self, type_: Type, found: Any) -> Any:
        match type_:
            case RecordType():
                return self._identity(found)
            case DateTimeType():
                return encoding.instant(found)
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
        """The id of a related record, if that is a text; else a number that only records that are the same share."""
        id = record if isinstance(record, str) else attribute(record, "id")
        if isinstance(id, str):
            return encoding.text(id)
        for number, (known, its) in enumerate(self._known):
            if record is known or (id is not MISSING and its is not MISSING and bool(id == its)):
                return number
        self._known.append((record, id))
        return len(self._known) - 1
