"""What Cedar cannot express in a policy set, beyond whole constructs."""

from __future__ import annotations

from collections.abc import Iterator

from policylang.model import conditions as c
from policylang.model.types import Duration, DurationType, RecordType
from policylang.model.words import operand_in_words
from policylang.runtime.index import Index
from policylang.runtime.truth import constant
from policylang.targets.cedar.expressions import depth
from policylang.targets.cedar.policies import Policies
from policylang.targets.cedar.rights import Rights
from policylang.targets.cedar.values import NotHeldError, attribute_value
from policylang.targets.target import Refusal

LONGEST_YEARS = 900
"""Of a duration: longer ones lead out of the calendar."""
DEEPEST = 125
"""Of a policy: readers of JSON stop at 128 objects and lists inside each other, of which two are around it."""


def refusals(index: Index) -> Iterator[Refusal]:
    """Everything, in no order."""
    found = [*_values(index)]
    yield from found
    for policy in () if found else Policies(Rights(index)).found.values():
        if depth(policy.json_bytes()) > DEEPEST:
            help = "write it flatter: `a and b and c` is one level"
            yield Refusal("PL803", "this is nested too deeply for Cedar's JSON", policy.at[0], help)


def _values(index: Index) -> Iterator[Refusal]:
    for _, condition in index.conditions():
        yield from _of_condition(condition)
    for user in index.policy_set.users:
        for given in user.attributes:
            for value in given.values:
                yield from _of_constant(value, given.at)


def _of_condition(condition: c.Condition) -> Iterator[Refusal]:
    for test in condition.tests():
        if isinstance(test, c.TextTest) and not isinstance(test.part, c.Constant):
            message = f"Cedar cannot look for `{operand_in_words(test.part)}` in a text: patterns are constants"
            yield Refusal("PL801", message, test.at, "compare with `is`, or with a text in quotes")
        if isinstance(test, c.Time):
            yield from _of_length(test)
        if isinstance(test, c.Contains) and isinstance(test.item.type, DurationType):
            message = "Cedar cannot compare the durations in a set"
            yield Refusal("PL801", message, test.at, "keep them in attributes of their own")
        for each in test.constants():
            yield from _of_constant(each, test.at)


def _of_length(test: c.Time) -> Iterator[Refusal]:
    if isinstance(test.duration, c.Path):
        return
    length = test.duration.value
    assert isinstance(length, Duration)
    years = {"months": 12, "days": 366, "minutes": 366 * 24 * 60}[length.unit] * LONGEST_YEARS
    if length.amount > years:
        yield Refusal("PL803", f"{length} lead out of the calendar", test.at, f"write {LONGEST_YEARS} years at most")


def _of_constant(value: c.Constant, at: str) -> Iterator[Refusal]:
    type_ = value.type.item
    if isinstance(type_, RecordType):
        return
    try:
        attribute_value(type_, constant(type_, value.value))
    except NotHeldError:
        help = "write a number with 18 digits before and after the point at most, an address without a zone"
        yield Refusal("PL803", f"Cedar cannot hold {value.value}", at, help)
