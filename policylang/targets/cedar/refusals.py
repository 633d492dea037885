"""What Cedar cannot express in a policy set, beyond whole constructs."""

from __future__ import annotations

from collections.abc import Iterable

from policylang.model import conditions as c
from policylang.model.types import DecimalType, Duration, DurationType, MoneyType, RecordType
from policylang.model.words import operand_in_words
from policylang.runtime.truth import constant
from policylang.targets.cedar.values import NotHeldError, attribute_value
from policylang.targets.target import Refusals

_LONGEST_YEARS = 900
"""Of a duration: longer ones lead out of the calendar."""


def is_held(test: c.Test, refuse: Refusals) -> bool:
    """Whether Cedar can express a test; refuses it otherwise."""
    found = True
    if isinstance(test, c.TextTest) and not isinstance(test.part, c.Constant):
        message = f"Cedar cannot look for `{operand_in_words(test.part)}` in a text: patterns are constants"
        refuse("PL801", message, test.at, "compare with `is`, or with a text in quotes")
        found = False
    if isinstance(test, c.Time) and isinstance(test.duration, c.Constant):
        found = _is_short(test.duration.value, test.at, refuse)
    if isinstance(test, c.Overlaps) and test.left.type.item != test.right.type.item:
        found = _is_one_kind(test, refuse)
    held = test.sides if isinstance(test, c.Contains | c.Overlaps) else ()
    if any(isinstance(side.type.item, DurationType) for side in held):
        message = "Cedar cannot compare the durations in a set"
        refuse("PL801", message, test.at, "put them in separate attributes")
        found = False
    return are_held(test.constants(), test.at, refuse) and found


def _is_one_kind(test: c.Overlaps, refuse: Refusals) -> bool:
    """Whether equal items of both sets are equal in Cedar."""
    left, right = test.left.type.item, test.right.type.item
    amounts = (DecimalType, MoneyType)
    if type(left) is type(right) or (isinstance(left, amounts) and isinstance(right, amounts)):
        return True
    refuse("PL801", "Cedar cannot compare sets of different numbers", test.at, "give both sets one type")
    return False


def _is_short(length: c.Value, at: str, refuse: Refusals) -> bool:
    assert isinstance(length, Duration)
    if length.amount <= {"months": 12, "days": 366, "minutes": 366 * 24 * 60}[length.unit] * _LONGEST_YEARS:
        return True
    refuse("PL803", f"{length} exceed the calendar", at, f"write {_LONGEST_YEARS} years at most")
    return False


def are_held(constants: Iterable[c.Constant], at: str, refuse: Refusals) -> bool:
    """Whether Cedar can hold them all; refuses the others."""
    found = True
    for each in constants:
        type_ = each.type.item
        try:
            if not isinstance(type_, RecordType):
                attribute_value(type_, constant(type_, each.value))
        except NotHeldError:
            help = "write a number with 18 digits before and after the point at most, an address without a zone"
            refuse("PL803", f"Cedar cannot hold {each.value}", at, help)
            found = False
    return found
