"""CEL is written with the parentheses that it needs, and texts in quotes of the engine's own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.targets.cel import (
    TRUE,
    Binary,
    CelLiteral,
    CelNot,
    CelVar,
    CelWriter,
    Expr,
    Fields,
    Items,
    Junction,
    MapEntry,
    Method,
    Parenthesized,
    all_of,
    any_of,
    operator,
)

CEL = CelWriter(repr)
A, B, C = (Binary(CelVar(name), "<", CelLiteral(3)) for name in "abc")
VALUES = {"a": 1, "b": 5, "c": 3}


def trees() -> st.SearchStrategy[Expr]:
    """Tests of numbers, joined and negated."""
    numbers = st.sampled_from([CelVar(name) for name in VALUES]) | st.integers(-9, 9).map(CelLiteral)
    sums = st.builds(Binary, numbers, st.sampled_from("+-"), numbers)
    tests = st.builds(Binary, numbers | sums, st.sampled_from(["<", "<=", "==", "!=", ">=", ">"]), numbers | sums)

    def joined(inner: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
        items = st.lists(inner, min_size=1, max_size=3)
        made = st.builds(Junction, st.sampled_from(["&&", "||"]), items.map(tuple))
        return made | items.map(all_of) | items.map(any_of) | inner.map(CelNot) | inner.map(Parenthesized)

    return st.recursive(tests, joined, max_leaves=12)


def value(expr: Expr) -> int:
    match expr:
        case CelLiteral(int() | bool() as found):
            return found
        case CelVar(name):
            return VALUES[name]
        case Binary(left, operator, right):
            return int(eval(f"{value(left)} {operator} {value(right)}"))
        case Junction(operator, items):
            return (all if operator == "&&" else any)(value(item) for item in items)
        case CelNot(item):
            return not value(item)
        case Parenthesized(item):
            return value(item)
    raise AssertionError(expr)


class Negation:
    """Binds as strongly as CEL's `!` when it stands before `**`."""

    def __pow__(self, item: object) -> bool:
        return not item


@given(trees())
def test_what_is_written_reads_as_it_was_built(expr: Expr) -> None:
    """Python binds `and`, `or`, comparisons and sums as CEL does."""
    text = re.sub(r"!(?!=)", "no ** ", CEL.written(expr))
    text = text.replace("&&", "and").replace("||", "or").replace("true", "True").replace("false", "False")
    assert bool(eval(text, {}, {**VALUES, "no": Negation()})) == bool(value(expr))


@pytest.mark.parametrize(
    ("expr", "written"),
    [
        (Junction("&&", (A, Junction("||", (B, C)))), "a < 3 && (b < 3 || c < 3)"),
        (Junction("||", (A, Junction("&&", (B, C)))), "a < 3 || b < 3 && c < 3"),
        (any_of((A, all_of((B, C)))), "a < 3 || (b < 3 && c < 3)"),
        (Binary(A, "==", Binary(CelVar("b"), "+", CelVar("c"))), "(a < 3) == b + c"),
        (CelNot(A), "!(a < 3)"),
        (CelNot(Method(CelVar("a"), "startsWith", (CelLiteral("x"),))), "!a.startsWith('x')"),
        (MapEntry(CelVar("R.attr"), "in"), "R.attr['in']"),
        (MapEntry(CelVar("R.attr"), "it's"), 'R.attr["it\'s"]'),
        (MapEntry(CelVar("R.attr"), "name"), "R.attr.name"),
        (MapEntry(Items((CelLiteral(True), CelLiteral(None))), CelLiteral(0)), "[true, null][0]"),
        (Fields("minutes", CelLiteral(1.0)), "{'minutes': 1.0}"),
    ],
)
def test_forms(expr: Expr, written: str) -> None:
    assert CEL.written(expr) == written


def test_what_is_decided_is_not_written() -> None:
    assert all_of(()) == TRUE == any_of((A, TRUE))
    assert all_of((A, TRUE, A)) == A


@pytest.mark.parametrize("test", ["eq", "lt", "le", "gt", "ge"])
def test_the_opposite_of_a_comparison_holds_where_it_does_not(test: str) -> None:
    for number in (0, 1, 2):
        found = {value(Binary(CelLiteral(number), operator(test, wanted), CelLiteral(1))) for wanted in (True, False)}
        assert found == {True, False}
