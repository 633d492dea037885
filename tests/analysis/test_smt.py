"""What the SMT solver proposes: no more than the constraints ask for."""

from __future__ import annotations

import datetime
from fractions import Fraction

import pytest

from policylang.analysis.conjunction import CandidateModel, propose
from policylang.analysis.constraints import (
    ZERO,
    All,
    Among,
    Below,
    ConstantTerm,
    Difference,
    Member,
    Same,
    Some,
    There,
    ValueState,
    Variable,
)
from policylang.analysis.satisfiability import UNSAT
from policylang.analysis.smt import solve
from policylang.model.types import EnumType, IntType, RecordType, SetType, TextType

_TITLE = Variable("record", ("title",), TextType())
_LEVEL = Variable("record", ("level",), IntType())
_STAGE = Variable("record", ("stage",), EnumType(("x", "y")))
_TAGS = Variable("record", ("tags",), SetType(TextType()))


@pytest.mark.parametrize("states", [("missing",), ("there",), ("missing", "there"), ("bad", "missing")])
def test_what_need_not_be_looked_at_is_left_open(states: tuple[ValueState, ...]) -> None:
    """Else it would have a value of no type, or be a number with an item missing."""
    title = Same(_TITLE, ConstantTerm("a"), True)
    other = (There(_LEVEL, frozenset(states)), Difference(_LEVEL, ZERO, Fraction(5)), Among(_STAGE, frozenset("xy")))
    found = solve(All((There(_TITLE, frozenset(("there",))), title, Some((title, All(other))))))
    assert isinstance(found, CandidateModel)
    assert found.values == {_TITLE: "a"}
    assert found.present == {_TITLE}
    assert found.missing == found.bad == found.holed == set()


def test_what_has_to_be_looked_at_has_a_value() -> None:
    title = Same(_TITLE, ConstantTerm("a"), True)
    level = (There(_LEVEL, frozenset(("there",))), Difference(_LEVEL, ZERO, Fraction(-5)))
    stage = (There(_STAGE, frozenset(("missing",))), There(_TAGS, frozenset(("holed",))), Member(_TAGS, _TITLE, True))
    found = solve(
        All(
            (
                Some((Same(_TITLE, ConstantTerm("b"), True), title)),
                Same(_TITLE, ConstantTerm("b"), False),
                *level,
                *stage,
            )
        )
    )
    assert isinstance(found, CandidateModel)
    assert found.values[_TITLE] == "a"
    level_ = found.values[_LEVEL]
    assert isinstance(level_, int)
    assert level_ <= -5
    assert (found.missing, found.holed, found.present) == ({_STAGE}, {_TAGS}, {_LEVEL, _TAGS})
    assert found.members == [Member(_TAGS, _TITLE, True)]


def test_states_that_exclude_each_other_are_asked_for_together() -> None:
    there, missing = There(_LEVEL, frozenset(("there",))), There(_LEVEL, frozenset(("missing",)))
    assert solve(All((there, missing))) is UNSAT
    assert isinstance(solve(Some((there, missing))), CandidateModel)


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("above", [True, False, None])
@pytest.mark.parametrize("below", [True, False, None])
def test_a_record_lies_below_another_as_the_record_above_it_does(
    below: bool | None, above: bool | None, same: bool
) -> None:
    """Unless it is the other one itself. A way that is too long from the record may be short enough from above it."""
    record, top = Variable("record", (), RecordType("doc")), ConstantTerm("x")
    parent = Variable("record", ("parent",), RecordType("doc"))
    asked = (
        There(parent, frozenset(("there",))),
        Below(record, "parent", True, top, below),
        Below(parent, "parent", True, top, above),
        Same(record, top, same),
    )
    possible = {True: same or above is True, False: above is False, None: True}[below]
    assert (solve(All(asked)) is not UNSAT) is possible
    now = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    assert (propose(asked, now) is not UNSAT) is (possible and (below is True or not same))


def test_what_is_not_there_says_nothing_of_the_record_below() -> None:
    record, parent = (Variable("record", steps, RecordType("doc")) for steps in ((), ("parent",)))
    ways = (Below(each, "parent", True, ConstantTerm("x"), truth) for each, truth in ((record, False), (parent, None)))
    assert solve(All((There(parent, frozenset(("missing",))), *ways))) is not UNSAT


def test_a_way_up_may_turn_in_a_circle_with_the_record_alone() -> None:
    record, parent = (Variable("record", steps, RecordType("doc")) for steps in ((), ("parent",)))
    asked = (
        There(parent, frozenset(("there",))),
        Below(record, "parent", True, ConstantTerm("x"), None),
        Same(record, parent, True),
    )
    assert propose(asked, datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)) is not UNSAT


def test_a_way_up_may_end_for_one_version_and_break_off_for_another() -> None:
    """Of two that are compared, one lets records have none above them and the other does not."""
    record, top = Variable("record", (), RecordType("doc")), ConstantTerm("x")
    now = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    one, other = Below(record, "parent", True, top, False), Below(record, "parent", False, top, None)
    assert propose((one, other), now) is not UNSAT
    assert propose((one, Below(record, "parent", False, top, True)), now) is UNSAT
