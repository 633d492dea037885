"""What the words of a comparison mean where attributes have the names of values.

The expectation is made by trying each meaning: every side as a name, or as a value of the other side's type.
"""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from policylang.model import conditions as c
from policylang.model.types import EnumType
from policylang.model.words import condition_in_words
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


def _truth(condition: c.Condition, record: dict[str, str]) -> bool:
    match condition:
        case c.Not(item):
            return not _truth(item, record)
        case c.And(items):
            return all(_truth(item, record) for item in items)
        case c.Or(items):
            return any(_truth(item, record) for item in items)
        case c.In(operand, values):
            return _value(operand, record) in values
        case c.Compare("eq", left, right):
            return _value(left, record) == _value(right, record)
    raise AssertionError(condition)


def _value(operand: c.Operand, record: dict[str, str]) -> object:
    return record[operand.steps[0]] if isinstance(operand, c.Path) else operand.value


def _printed(attributes: dict[str, tuple[str, ...]]) -> st.SearchStrategy[c.Condition]:
    """Conditions that compiled policies can hold: parameters and related values put words beside any attribute."""
    types = {name: EnumType(values) for name, values in attributes.items()}
    names = [c.Path("record", (name,), type_, "") for name, type_ in types.items()]
    pairs = [(one, other) for one in names for other in names if set(one.type.values) & set(other.type.values)]
    pairs += [(one, c.Constant(one.type, value, "")) for one in names for value in one.type.values]
    pairs += [(other, one) for one, other in pairs]
    tests = st.sampled_from([c.Compare("eq", one, other, "") for one, other in pairs])
    return st.recursive(
        tests,
        lambda inner: st.one_of(
            inner.filter(lambda each: not isinstance(each, c.Not)).map(lambda each: c.Not(each, "")),
            st.tuples(inner, inner).map(lambda items: c.And(items, "")),
            st.tuples(inner, inner).map(lambda items: c.Or(items, "")),
        ),
        max_leaves=3,
    )


@given(_ATTRIBUTES, st.data())
def test_what_is_printed_means_the_same(attributes: dict[str, tuple[str, ...]], data: st.DataObject) -> None:
    condition = data.draw(_printed(attributes))
    again = _compiled(attributes, condition_in_words(condition, attributes))
    for values in itertools.product(*attributes.values()):
        record = dict(zip(attributes, values, strict=True))
        assert _truth(again, record) == _truth(condition, record)


def test_words_of_one_meaning_stay_as_they_are() -> None:
    status = c.Path("record", ("status",), EnumType(("active", "gone")), "")
    active = c.Compare("eq", status, c.Constant(status.type, "active", ""), "")
    assert condition_in_words(active, ["status"]) == "status is active"
    assert condition_in_words(active, ["status", "active"]) == "status in [active]"
    assert condition_in_words(c.Not(active, ""), ["status", "active"]) == "not status in [active]"
