"""What policies read of the context of a request, by resource: what a caller has to send, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.model.conditions import Condition, Missing
from policylang.model.types import RecordType, Type
from policylang.runtime.index import Index
from policylang.targets.cedar.conditions import INPUTS, RECORD, REQUEST, Cutoff, cutoffs, way
from policylang.targets.cedar.expressions import objects
from policylang.targets.cedar.policies import CHOSEN, FIELD, NOBODY, Policies
from policylang.targets.cedar.values import ID, CedarTree
from policylang.targets.ways import is_way


class CedarContext(msgspec.Struct, frozen=True):
    """``record``, ``request``: the attributes that are read, by name, with those of related records inside; null if
    policies read none. ``inputs``: now, today, the time of day and the weekday. ``asks``: field, chosen and nobody.
    ``cutoffs``: instants and days that the caller counts. ``looked_for``: paths that conditions ask whether they are
    missing, and those on the way.
    """

    record: CedarTree | None
    request: CedarTree | None
    inputs: tuple[str, ...]
    asks: tuple[str, ...]
    cutoffs: tuple[Cutoff, ...]
    looked_for: frozenset[tuple[str, ...]]


def contexts(policies: Policies) -> dict[str, CedarContext]:
    """By resource."""
    read: dict[str, dict[str, Any]] = {name: {} for name in policies.index.resources}
    for policy in policies.found.values():
        for path in _paths((policy.when, policy.unless)):
            tree = read[policy.resource]
            for step in path:
                tree = tree.setdefault(step, {})
    about: dict[str, list[Condition]] = {name: [] for name in read}
    for resource, condition in policies.index.conditions():
        about[resource].append(condition)
    return {name: _context(policies.index, name, tree, about[name]) for name, tree in read.items()}


def _context(index: Index, resource: str, tree: dict[str, Any], about: list[Condition]) -> CedarContext:
    request = None
    if REQUEST in tree:
        request = {name: _pruned(index, index.request[name], below) for name, below in tree[REQUEST].items()}
    counted = {each.name: each for condition in about for each in cutoffs(condition) if each.name in tree}
    tests = (test for condition in about for test in condition.tests())
    sought = (step for test in tests if isinstance(test, Missing) for step in way(test.operand))
    return CedarContext(
        record=_pruned(index, RecordType(resource), tree[RECORD]) if RECORD in tree else None,
        request=request,
        inputs=tuple(name for name in INPUTS if name in tree),
        asks=tuple(name for name in (FIELD, CHOSEN, NOBODY) if name in tree),
        cutoffs=tuple(counted[name] for name in sorted(counted)),
        looked_for=frozenset(sought),
    )


def _pruned(index: Index, type_: Type, tree: dict[str, Any]) -> dict[str, Any]:
    """Without what lies behind users, who are entities, and inside of values."""
    if not isinstance(type_, RecordType):
        return {}
    declared = index.attributes[type_.resource]
    return {
        name: {} if name == ID or is_way(name) else _pruned(index, declared[name].type, below)
        for name, below in sorted(tree.items())
    }


def _paths(value: Any) -> Iterator[tuple[str, ...]]:
    """The attributes of the context that are read or asked for."""
    return filter(None, map(_path, objects(value)))


def _path(item: dict[str, Any]) -> tuple[str, ...]:
    steps: list[str] = []
    while True:
        of = item.get(".") or item.get("has")
        if of is None:
            return tuple(reversed(steps)) if item == {"Var": "context"} else ()
        steps.append(of["attr"])
        item = of["left"]
