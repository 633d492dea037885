"""Walking over the conditions of a policy set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from policylang.analysis.formula import AllOf, AnyOf, Formula, Holds, Not
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import SetType, Type, UserType
from policylang.runtime.truth import Test, operands


def every_condition(policy_set: ir.PolicySet) -> Iterator[c.Condition]:
    """The conditions of policies, denies and invariants."""
    for instance in policy_set.policy_instances:
        yield instance.condition
    said = [deny for each in (policy_set.roles, policy_set.groups) for bundle in each for deny in bundle.denies]
    for deny in (*said, *policy_set.denies):
        if deny.condition is not None:
            yield deny.condition
    for invariant in policy_set.invariants:
        if invariant.where is not None:
            yield invariant.where


def conditions(formula: Formula) -> Iterator[c.Condition]:
    """The conditions that a formula speaks of."""
    match formula:
        case Holds(condition):
            yield condition
        case AllOf(items) | AnyOf(items):
            for item in items:
                yield from conditions(item)
        case Not(item):
            yield from conditions(item)


def tests(condition: c.Condition) -> Iterator[Test]:
    """The tests in a condition, in the order they were written."""
    match condition:
        case c.And(items) | c.Or(items):
            for item in items:
                yield from tests(item)
        case c.Not(item):
            yield from tests(item)
        case _:
            yield condition


def paths(condition: c.Condition) -> Iterator[c.Path]:
    """The paths that a condition looks at."""
    for test in tests(condition):
        for operand in operands(test):
            if isinstance(operand, c.Path):
                yield operand


def users_named(condition: c.Condition) -> Iterator[tuple[str, str | None, str]]:
    """The users whom a condition names, each with the role that the other side of the test asks for, and where."""
    for test in tests(condition):
        sides = list(operands(test))
        users = [each.type.of if isinstance(each.type, SetType) else each.type for each in sides]
        roles = [type_.role for type_ in users if isinstance(type_, UserType) and type_.role is not None]
        role = roles[0] if roles else None
        if isinstance(test, c.In) and isinstance(test.operand.type, UserType):
            yield from ((str(value), role, test.at) for value in test.values)
        for each in sides:
            if isinstance(each, c.Constant) and isinstance(each.type, UserType):
                yield str(each.value), role, each.at


def with_constants(condition: c.Condition, change: Callable[[Type, c.Value, str], c.Value]) -> c.Condition:
    """The condition with other constants: those that ``change`` makes of their types, values and places."""

    def operand(each: c.Operand) -> c.Operand:
        if isinstance(each, c.Path):
            return each
        return msgspec.structs.replace(each, value=change(each.type, each.value, each.at))

    replace = msgspec.structs.replace
    match condition:
        case c.And(items) | c.Or(items):
            return replace(condition, items=tuple(with_constants(item, change) for item in items))
        case c.Not(item):
            return replace(condition, item=with_constants(item, change))
        case c.Compare(_, left, right):
            return replace(condition, left=operand(left), right=operand(right))
        case c.Time(_, moment, duration):
            return replace(condition, operand=operand(moment), duration=operand(duration))
        case c.Contains(whole, item):
            return replace(condition, operand=operand(whole), item=operand(item))
        case c.TextTest(_, text, part):
            return replace(condition, operand=operand(text), part=operand(part))
        case c.In(each, values):
            changed = [change(each.type, value, f"{condition.at} {n}") for n, value in enumerate(values)]
            return replace(condition, values=tuple(dict.fromkeys(changed)))
        case _:
            return condition
