"""Walking over the conditions of a policy set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from policylang.model import conditions as c
from policylang.model.types import Type, UserType


def users_named(condition: c.Condition) -> Iterator[tuple[str, str | None, str]]:
    """The users whom a condition names, each with the role that the other side of the test asks for, and where."""
    for test in condition.tests():
        sides = list(test.sides)
        users = [each.type.item for each in sides]
        roles = [type_.role for type_ in users if isinstance(type_, UserType) and type_.role is not None]
        role = roles[0] if roles else None
        if isinstance(test, c.In) and isinstance(test.operand.type, UserType):
            yield from ((str(value), role, test.at) for value in test.values)
        for each in sides:
            if isinstance(each, c.Constant) and isinstance(each.type, UserType):
                yield str(each.value), role, each.at


def with_constants(condition: c.Condition, change: Callable[[Type, c.Value, str], c.Value]) -> c.Condition:
    """The condition with other constants: those that ``change`` makes of their types, values and places."""
    replace = msgspec.structs.replace

    def operand(each: c.Operand) -> c.Operand:
        return each if isinstance(each, c.Path) else replace(each, value=change(each.type, each.value, each.at))

    def test(each: c.Test) -> c.Test:
        if isinstance(each, c.In):
            type_, at = each.operand.type, each.at
            values = [change(type_, value, f"{at} {n}") for n, value in enumerate(each.values)]
            return replace(each, values=tuple(dict.fromkeys(values)))
        return each.map_operands(operand)

    return condition.map_tests(test)
