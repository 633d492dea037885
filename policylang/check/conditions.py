"""Walking over the conditions of a policy set."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.ir import nodes as ir
from policylang.model import conditions as c
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
