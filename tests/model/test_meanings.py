"""What the words of a comparison mean where attributes have the names of values.

The expectation is made by trying each meaning: every side as a name, or as a value of the other side's type.
"""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from policylang.model import conditions as c
from policylang.model.types import EnumType
from tests.helpers import project

WORDS = ("a", "b", "c")
_ENUM = st.lists(st.sampled_from(WORDS), min_size=1, unique=True).map(tuple)
_ATTRIBUTES = st.dictionaries(st.sampled_from(WORDS), _ENUM, min_size=1)


def _policies(attributes: dict[str, tuple[str, ...]], condition: str) -> str:
    lines = [f"  {name} : one of {', '.join(values)}" for name, values in attributes.items()]
    return "\n".join(["resource r {", *lines, "  actions view", "}", f"policy p on r {{ {condition} }}\n"])


def _meanings(attributes: dict[str, tuple[str, ...]], left: str, right: str) -> set[frozenset[str]]:
    """Each meaning as its two sides, `.a` for an attribute; one beside itself counts where nothing else does."""
    found = set()
    if right in attributes.get(left, ()):
        found.add(frozenset({f".{left}", right}))
    if left in attributes.get(right, ()):
        found.add(frozenset({f".{right}", left}))
    if set(attributes.get(left, ())) & set(attributes.get(right, ())) and (left != right or not found):
        found.add(frozenset({f".{left}", f".{right}"}))
    return found


def _sides(condition: c.Condition | None) -> set[frozenset[str]]:
    """What compiled conditions compare."""
    match condition:
        case c.Not(item):
            return _sides(item)
        case c.Or(items) | c.And(items):
            # One value after the other: the comparison of two attributes in other words.
            return {frozenset(side for item in items for pair in _sides(item) for side in pair if side[0] == ".")}
        case c.Compare("eq", left, right):
            return {frozenset(_side(side) for side in (left, right))}
    raise AssertionError(condition)


def _side(operand: c.Operand) -> str:
    return "." + ".".join(operand.steps) if isinstance(operand, c.Path) else str(operand.value)


def _compiled(attributes: dict[str, tuple[str, ...]], condition: str) -> c.Condition:
    made = project(_policies(attributes, condition))
    assert made.diagnostics == (), (attributes, condition)
    assert made.ir is not None
    return made.ir.policy_instances[0].condition


@given(_ATTRIBUTES, st.sampled_from(WORDS), st.sampled_from(["is", "is not"]), st.sampled_from(WORDS))
def test_one_meaning_or_an_error(attributes, left: str, operator: str, right: str) -> None:
    meanings = _meanings(attributes, left, right)
    made = project(_policies(attributes, f"{left} {operator} {right}"))
    if len(meanings) == 1:
        assert made.diagnostics == ()
        assert made.ir is not None
        assert _sides(made.ir.policy_instances[0].condition) == meanings
        return
    (found,) = made.diagnostics
    assert found.code in ("PL101", "PL103")
    if not meanings:
        return
    assert "can mean" in found.message
    assert found.help is not None
    spellings = re.findall("`([^`]+)`", found.help)
    written = {sides for spelling in spellings for sides in _sides(_compiled(attributes, spelling))}
    assert written == meanings
    assert all(isinstance(_compiled(attributes, spelling), c.Not) == (operator == "is not") for spelling in spellings)


@given(_ATTRIBUTES, st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), min_size=1, unique=True))
def test_brackets_hold_values_before_attributes(attributes, left: str, choices: list[str]) -> None:
    values = attributes.get(left, ())
    made = project(_policies(attributes, f"{left} in [{', '.join(choices)}]"))
    if left not in attributes or any(each not in values and each not in attributes for each in choices):
        assert made.diagnostics
        return
    if not all(each in values or set(attributes[each]) & set(values) for each in choices):
        assert made.diagnostics
        return
    assert made.diagnostics == ()
    assert made.ir is not None
    for test in _tests(made.ir.policy_instances[0].condition):
        operand, others = (test.left, (test.right,)) if isinstance(test, c.Compare) else (test.operand, test.values)
        assert isinstance(operand, c.Path)
        assert operand.steps == (left,)
        for other in others:
            word = _side(other).lstrip(".") if isinstance(other, (c.Path, c.Constant)) else other
            assert isinstance(operand.type, EnumType)
            assert isinstance(other, c.Path) == (word not in operand.type.values)


def _tests(condition: c.Condition) -> tuple[c.Condition, ...]:
    return condition.items if isinstance(condition, c.Or) else (condition,)
