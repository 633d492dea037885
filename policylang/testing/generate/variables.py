"""What a scenario can set: attributes of the record, of records behind it, and of the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.values import MISSING

Values = dict[c.Path, Any]
"""The chosen values, as a scenario file writes them, by where they stand; `MISSING` for what is left out."""

AT = "edge:1:1-1:1"
"""The place of what stands nowhere in the sources."""


def variable(index: Index, resource: str, operand: c.Operand) -> c.Path | None:
    """What to set for an operand to have another value, the same wherever it is written; ``None`` for constants and the
    asking user. Behind a user nothing can be set: there another user is chosen.
    """
    if isinstance(operand, c.Constant) or operand.root == "subject":
        return None
    path, _ = index.to_user(resource, operand)
    return msgspec.structs.replace(path, at=AT)


def label(path: c.Path) -> str:
    """What can be set, in a word."""
    return "_".join(path.steps)


def looked_at(test: c.Test) -> tuple[c.Operand, ...]:
    """The operands of a test; of the record that is asked about, the one above it can be chosen."""
    if isinstance(test, c.Under) and test.operand.root == "record" and not test.operand.steps:
        return test.above, test.top
    return test.sides


def variables(index: Index, resource: str, test: c.Test) -> Iterator[c.Path]:
    """What a test depends on."""
    for operand in looked_at(test):
        found = variable(index, resource, operand)
        if found is not None:
            yield found


def as_record(values: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record and the request that have these values. Nothing lies behind what is missing, or only a key."""
    made: dict[str, dict[str, Any]] = {"record": {}, "request": {}}
    left_out = {(each.root, each.steps) for each, value in values.items() if value is MISSING}
    for each in sorted(values, key=lambda each: (each.root, len(each.steps), each.steps)):
        prefixes = {(each.root, each.steps[:length]) for length in range(1, len(each.steps) + 1)}
        if prefixes & left_out:
            continue
        where: Any = made[each.root]
        for step in each.steps[:-1]:
            where = where.setdefault(step, {}) if isinstance(where, dict) else None
        if isinstance(where, dict):
            value = values[each]
            where[each.steps[-1]] = dict(value) if isinstance(value, dict) else value
    return made["record"], made["request"]
