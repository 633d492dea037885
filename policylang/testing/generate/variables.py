"""What a scenario can set: attributes of the record, of records behind it, and of the request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from policylang.model import conditions as c
from policylang.model.types import RecordType, Type, UserType
from policylang.runtime.index import Index
from policylang.runtime.values import MISSING


class ChosenValue(msgspec.Struct, frozen=True):
    """A value that can be chosen. Behind a user nothing can be: there another user is chosen."""

    root: Literal["record", "request"]
    steps: tuple[str, ...]
    type: Type

    @property
    def label(self) -> str:
        return "_".join(self.steps)


Values = dict[ChosenValue, Any]
"""The chosen values, as a scenario file writes them; `MISSING` for what is left out."""


def variable(index: Index, resource: str, operand: c.Operand) -> ChosenValue | None:
    """What to set for an operand to have another value; ``None`` for constants and the asking user."""
    if isinstance(operand, c.Constant) or operand.root == "subject":
        return None
    type_: Type = RecordType(resource)
    for length, step in enumerate(operand.steps):
        if length == 0 and operand.root == "request":
            type_ = index.request[step]
        elif isinstance(type_, UserType):
            return ChosenValue(operand.root, operand.steps[:length], type_)
        else:
            assert isinstance(type_, RecordType)
            type_ = index.attributes[type_.resource][step].type
    return ChosenValue(operand.root, operand.steps, type_)


def looked_at(test: c.Test) -> tuple[c.Operand, ...]:
    """The operands of a test; of the record that is asked about, the one above it can be chosen."""
    if isinstance(test, c.Under) and test.operand.root == "record" and not test.operand.steps:
        return test.above, test.top
    return test.sides


def variables(index: Index, resource: str, test: c.Test) -> Iterator[ChosenValue]:
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
