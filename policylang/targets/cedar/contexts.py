"""What policies read of the context of a request, by resource: what a caller has to send, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.model.types import RecordType, Type
from policylang.runtime.index import Index
from policylang.targets.cedar.conditions import RECORD, REQUEST
from policylang.targets.cedar.policies import CHOSEN, FIELD, Policies
from policylang.targets.cedar.values import ID, Tree

_CUTOFF = re.compile(r"(instant|day)_([0-9]+)_months_(ago|ahead)")


class Cutoff(msgspec.Struct, frozen=True, order=True):
    """An input that is some months away from now, as an instant or as a day."""

    name: str
    of_days: bool
    months: int
    ahead: bool


class Context(msgspec.Struct, frozen=True):
    """``record``, ``request``: the attributes that are read, by name, with those of related records inside; null if
    policies read none. ``inputs``: now, today and cutoffs. ``asks``: field and chosen, if there are such.
    """

    record: Tree | None
    request: Tree | None
    inputs: tuple[str, ...]
    asks: tuple[str, ...]

    @property
    def cutoffs(self) -> Iterator[Cutoff]:
        for name in self.inputs:
            found = _CUTOFF.fullmatch(name)
            if found:
                yield Cutoff(name, found[1] == "day", int(found[2]), found[3] == "ahead")


def contexts(policies: Policies) -> dict[str, Context]:
    """By resource."""
    read: dict[str, dict[str, Any]] = {name: {} for name in policies.index.resources}
    for policy in policies.found.values():
        for path in _paths((policy.when, policy.unless)):
            tree = read[policy.resource]
            for step in path:
                tree = tree.setdefault(step, {})
    return {name: _context(policies.index, name, tree) for name, tree in read.items()}


def _context(index: Index, resource: str, tree: dict[str, Any]) -> Context:
    inputs = tuple(sorted(set(tree) - {RECORD, REQUEST, FIELD, CHOSEN}))
    record = _pruned(index, RecordType(resource), tree[RECORD]) if RECORD in tree else None
    request = None
    if REQUEST in tree:
        request = {name: _pruned(index, index.request[name], below) for name, below in tree[REQUEST].items()}
    return Context(record, request, inputs, tuple(name for name in (FIELD, CHOSEN) if name in tree))


def _pruned(index: Index, type_: Type, tree: dict[str, Any]) -> dict[str, Any]:
    """Without what lies behind users, who are entities, and inside of values."""
    if not isinstance(type_, RecordType):
        return {}
    declared = index.attributes[type_.resource]
    return {
        name: {} if name == ID else _pruned(index, declared[name].type, below) for name, below in sorted(tree.items())
    }


def _paths(value: Any) -> Iterator[tuple[str, ...]]:
    """The attributes of the context that are read or asked for."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            path = _path(item)
            if path:
                yield path
            waiting += item.values()
        elif isinstance(item, list | tuple):
            waiting += item


def _path(item: dict[str, Any]) -> tuple[str, ...]:
    steps: list[str] = []
    while True:
        of = item.get(".") or item.get("has")
        if of is None:
            return tuple(reversed(steps)) if item == {"Var": "context"} else ()
        steps.append(of["attr"])
        item = of["left"]

