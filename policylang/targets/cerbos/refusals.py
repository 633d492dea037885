"""What else Cerbos cannot hold: numbers, and names that it keeps for patterns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policylang.model import conditions as c
from policylang.runtime.index import Index
from policylang.runtime.truth import operands
from policylang.targets.cerbos.conditions import literal
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.constructs import deciding
from policylang.targets.target import Input, Refusal

_PATTERN = re.compile(r"[!*?\[\]{}]")


def refusals(input: Input) -> Iterator[Refusal]:
    index = Index(input.policy_set)
    for user in input.policy_set.users:
        if not user.id:
            yield Refusal("PL803", "Cerbos knows nobody without an id", user.at, "give the user an id")
        if user.appends and _PATTERN.search(user.id):
            message = f"Cerbos takes `{user.id}` for a pattern: it has no policies of one user with `! * ? [ ] {{ }}`"
            yield Refusal("PL803", message, user.appends[0].limit.at, "put the policy into the user's group or role")
        for value in user.attributes:
            yield from _constants(value.at, *value.values)
    for _, condition in deciding(input.policy_set, index):
        yield from _condition(condition)


def _condition(condition: c.Condition) -> Iterator[Refusal]:
    match condition:
        case c.And(items) | c.Or(items):
            for item in items:
                yield from _condition(item)
        case c.Not(item):
            yield from _condition(item)
        case c.In(operand, values):
            yield from _constants(condition.at, *(c.Constant(operand.type, value, condition.at) for value in values))
        case _:
            yield from _constants(condition.at, *operands(condition))


def _constants(at: str, *operands: c.Operand) -> Iterator[Refusal]:
    for operand in operands:
        if isinstance(operand, c.Constant):
            try:
                literal(operand.type, operand.value)
            except UnheldError as error:
                yield Refusal("PL803", f"Cerbos's numbers are doubles: {error}", at, "write fewer digits")
