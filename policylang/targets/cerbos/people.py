"""Who is what in Cerbos: a group, or a role that somebody was given, is a role there.

``group:sales``, ``role:guard``; ``role:guard:at`` is one that holds at places alone, which the request names. People
who override what their group says have a role of their own in its place: ``group:sales:override:1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from policylang.ir import nodes as ir
from policylang.model.instants import instant_text
from policylang.runtime.clock import begin_of, end_of
from policylang.runtime.grants import Granted, granted, holdings, unplaced
from policylang.runtime.index import Index
from policylang.runtime.sources import RightsSource

_PATTERN = re.compile(r"[!*?\[\]{}\\%]")
EVERYBODY = "user"
"""Cerbos wants a role of everybody. No rule speaks of this one."""


class CerbosRole(msgspec.Struct, frozen=True):
    """``at``: holds at places alone. ``overrides``: what the group says gives way to."""

    name: str
    source: RightsSource
    at: bool = False
    overrides: tuple[ir.Limit, ...] = ()


class Principals:
    """``roles``: all roles there are, in order. ``principals``: by user, the roles with their places and dates."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.roles: list[CerbosRole] = []
        self._overriding = _overriding(index)
        for group in index.policy_set.groups:
            source = RightsSource("group", group.name)
            variants = [overrides for name, overrides in self._overriding if name == group.name]
            self.roles += [CerbosRole(self._group(group.name, o), source, overrides=o) for o in ((), *variants)]
        placed = {a.role for user in index.policy_set.users for a in user.assignments if a.place is not None}
        for role in index.policy_set.roles:
            source = RightsSource("role", role.name)
            self.roles.append(CerbosRole(_role(role.name), source))
            if role.name in placed:
                self.roles.append(CerbosRole(_role(role.name, at=True), source, at=True))
        self._granted: dict[CerbosRole, dict[str, list[Granted]]] = {role: {} for role in self.roles}
        for held in self.roles:
            for each in granted(index, held.source, held.overrides):
                self._granted[held].setdefault(each.grant.resource, []).append(each)
        self.principals = {name: list(self._held(name)) for name in index.requesters}

    def granted(self, role: CerbosRole, resource: str) -> Sequence[Granted]:
        """What the role grants on a resource."""
        return self._granted[role].get(resource, ())

    def _group(self, name: str, overrides: tuple[ir.Limit, ...]) -> str:
        number = self._overriding.get((name, overrides))
        return f"group:{name}" if number is None else f"group:{name}:override:{number}"

    def _held(self, name: str) -> Iterator[dict[str, Any]]:
        """What the user has at some time: the role, and the place and the dates of an assignment."""
        for each in holdings(self._index, name, None):
            if not each.active:
                continue
            source, given = each.source, each.assignment
            if source.kind == "group":
                yield {"role": self._group(source.name, unplaced(self._index.users[name].overrides))}
                continue
            told: dict[str, str | None] = {}
            if given is not None:
                begin, end = begin_of(given, self._index.timezone), end_of(given, self._index.timezone)
                told = {"place": given.place, "from": given.start, "until": given.until}
                told |= {"since": instant_text(begin)} if begin is not None and given.start_time else {}
                told |= {"before": instant_text(end)} if end is not None and given.until_time else {}
            role = _role(source.name, at=source.place is not None)
            yield {"role": role, **{key: value for key, value in told.items() if value is not None}}


def _role(name: str, *, at: bool = False) -> str:
    """The role by its name in Cerbos, which takes some characters for a pattern: users may be called so."""
    return f"role:{_PATTERN.sub(lambda found: f'%{ord(found[0]):02X}', name)}{':at' if at else ''}"


def _overriding(index: Index) -> dict[tuple[str, tuple[ir.Limit, ...]], int]:
    """Group and overrides of the users who override, numbered within the group."""
    found: dict[tuple[str, tuple[ir.Limit, ...]], int] = {}
    counts: dict[str, int] = {}
    for user in index.policy_set.users:
        overrides = unplaced(user.overrides)
        if user.group is None or user.terminated or not overrides or (user.group.name, overrides) in found:
            continue
        counts[user.group.name] = counts.get(user.group.name, 0) + 1
        found[user.group.name, overrides] = counts[user.group.name]
    return found
