"""A request as checks of Cerbos: what a service sends there, and a reference for services in other languages."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from policylang.model import conditions as c
from policylang.model.instants import instant_text
from policylang.runtime.index import Index
from policylang.runtime.request import Request, instant
from policylang.runtime.values import given_request
from policylang.targets.cerbos import encoding
from policylang.targets.cerbos.encoding import UNREADABLE, USERS
from policylang.targets.cerbos.people import EVERYBODY, Principals
from policylang.targets.cerbos.reads import CerbosReads
from policylang.targets.cerbos.rules import field_action
from policylang.targets.cerbos.told import ToldValues
from policylang.targets.request import DeniedError, must_be_eligible, prepared

ELIGIBLE = "user.eligible"
"""A kind of resource that no policy set declares: whether somebody may stand in a ``user with role``."""


class CheckResources(msgspec.Struct, frozen=True):
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
        self._reads = CerbosReads(index)
        self._principals = {name: {"roles": held} for name, held in Principals(index).principals.items()}
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
    ) -> tuple[CheckResources, ...]:
        """The checks of a request, which is allowed if each action of each is.

        The arguments are those of ``policylang.runtime.request.Request``. Raises `DeniedError` for what can only be
        denied, and `UnheldError` for values that Cerbos cannot hold.
        """
        index = self.index
        now = instant(index, now)
        asked = prepared(index, Request(user, action, resource, record, now, request, field, changes))
        if user not in self._principals:
            raise DeniedError(f"there is no user `{user}`")
        told = ToldValues(index, now)
        principal = self.principal(user, request, now, told)
        actions = tuple(dict.fromkeys((action, *(field_action(action, name) for name in asked.asked))))
        checks = []
        for content in asked.moments:
            attributes = told.resource(resource, content, self._reads)
            told.subject(user, self._reads.tree("subject", resource))
            if told.users:
                attributes[USERS] = dict(told.users)
            checks.append(CheckResources(principal, {"kind": resource, "id": "record", "attr": attributes}, actions))
        return (*checks, *self._eligible(resource, asked.touched, asked.moments[-1], now, told))

    def attributes(self, user: str) -> dict[str, Any]:
        """A user's attributes, in which durations lead nowhere yet: that hangs on the instant."""
        return ToldValues(self.index, None).of_user(user)

    def principal(
        self, user: str, request: Any, now: datetime.datetime, told: ToldValues | None = None
    ) -> dict[str, Any]:
        """Who asks, when, and with which attributes of the request."""
        told = told or ToldValues(self.index, now)
        local = now.astimezone(self.index.timezone)
        today = local.date()
        roles: dict[str, None] = {EVERYBODY: None}
        places: dict[str, list[str]] = {}
        for held in self._principals[user]["roles"]:
            since, before = (held.get(name) for name in ("since", "before"))
            begun = since is None or datetime.datetime.fromisoformat(since) <= now
            over = before is not None and datetime.datetime.fromisoformat(before) <= now
            if begun and not over and held.get("from", "") <= today.isoformat() <= held.get("until", "9999-12-31"):
                roles[held["role"]] = None
                if "place" in held:
                    places.setdefault(held["role"].split(":")[1], []).append(held["place"])
        declared = self.index.users.get(user)
        edges = {True: {"now": today.isoformat()}, False: {"now": instant_text(now)}}
        for length, day, sign in self._reads.edges:
            edge = told.edge(length, day, sign)
            if edge is not None:
                edges[day][encoding.edge_name(length, sign)] = edge
        unreadable: list[str] = []
        request = given_request(request)
        asked = {
            name: told.attribute(self.index.request[name], request, name, tree, unreadable)
            for name, tree in self._reads.request.items()
        }
        attributes = {
            "instants": edges[False],
            "days": edges[True],
            "superuser": declared is not None and declared.superuser,
            "places": places,
            "user": told.of_user(user),
            "request": {name: found for name, found in asked.items() if found is not None},
            **({UNREADABLE: unreadable} if unreadable else {}),
        }
        if self._reads.clock:
            attributes["clock"] = {"time": f"{local:%H:%M}", "weekday": c.WEEKDAYS[local.weekday()]}
        return {"id": user, "roles": [*roles], "attr": attributes}

    def _eligible(
        self, resource: str, touched: tuple[str, ...], record: Any, now: datetime.datetime, told: ToldValues
    ) -> Iterator[CheckResources]:
        """Whether the users who would be written have the role that the attribute asks for."""
        for user, role in must_be_eligible(self.index, resource, touched, record, now):
            principal = self.principal(user, None, now, told)
            yield CheckResources(principal, {"kind": ELIGIBLE, "id": "user", "attr": {}}, (role,))
