"""Answers about instants, clock changes, and what was not looked at, that a person can check."""

from __future__ import annotations

import datetime
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from policylang.analysis import search
from policylang.analysis.conjunction import propose
from policylang.analysis.formula import AllOf, AnyOf, Holds, NotOf
from policylang.analysis.query import (
    ANYBODY,
    COMPLETE,
    SOMEBODY,
    DeclaredUser,
    Requester,
    Sat,
)
from policylang.analysis.questions import implies
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.analysis.search import BUDGET
from policylang.model import conditions as c
from policylang.model.types import Duration
from tests.analysis.docs import NOW, ask


def test_clock_changes_are_minded() -> None:
    """In Denver a month is an hour longer or shorter twice a year: 31 days do not always hold it."""
    docs, (month, days) = ask("created within 1 month", "created within 31 days", zone="America/Denver")
    found = docs.find(implies(month, days))
    assert isinstance(found, Sat)
    docs, (month, longer) = ask("created within 1 month", "created within 32 days", zone="America/Denver")
    assert docs.find(implies(month, longer)) is UNSAT


@pytest.mark.parametrize(
    ("zone", "shorter", "longer"),
    [
        ("Pacific/Auckland", "not (created older than 31 days)", "not (created older than 1 month)"),
        ("Pacific/Auckland", "created within 31 days", "created within 1 month"),
        ("America/Denver", "created within next 1 month", "created within next 28 days"),
        ("Pacific/Auckland", "created within next 31 days", "created within next 1 month"),
    ],
)
def test_clock_changes_at_another_time_of_the_year_are_minded(zone: str, shorter: str, longer: str) -> None:
    docs, (one, other) = ask(shorter, longer, zone=zone)
    assert docs.find(implies(other, one)) is not UNSAT


def test_a_time_ends_before_its_end() -> None:
    docs, (later, saturday) = ask(
        "created > 2027-01-01T00:00:00Z and created within 1 day",
        "now is on saturday and now is between 11:00 and 12:00",
    )
    microsecond, end = datetime.timedelta(microseconds=1), datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    assert docs.find(later, until=end + microsecond) is UNSAT
    assert isinstance(docs.find(later, until=end + 2 * microsecond), Sat)
    assert isinstance(docs.find(later), Sat)
    end = NOW + datetime.timedelta(days=7, hours=-1)  # now it is noon on a saturday
    assert docs.find(saturday, since=NOW, until=end) is UNSAT
    assert isinstance(docs.find(saturday, since=NOW, until=end + microsecond), Sat)


@pytest.mark.parametrize("who", [SOMEBODY, ANYBODY, DeclaredUser("ann")])
def test_a_time_may_lie_outside_of_two_centuries(who: Requester) -> None:
    docs, (past, future) = ask(
        "created < 1900-01-01T00:00:00Z and created within 1 day",
        "created > 2150-01-01T00:00:00Z and created within 1 day",
    )
    assert isinstance(docs.find(past, who, until=datetime.datetime(1901, 1, 1, tzinfo=datetime.UTC)), Sat)
    assert isinstance(docs.find(future, who, since=datetime.datetime(2149, 1, 1, tzinfo=datetime.UTC)), Sat)
    assert docs.find(past, who, since=datetime.datetime(2149, 1, 1, tzinfo=datetime.UTC)) is UNSAT


def test_another_choice_before_may_do() -> None:
    """With the first folder name that there is, none is left for the title."""
    docs, (formula,) = ask(
        'folder.name in ["b", "c"] and name in ["a", "b"] and origin.name in ["b", "c"] and title in ["a", "c"]'
        " and folder.name is not name and folder.name is not origin.name and name is not title"
        " and origin.name is not title"
    )
    assert isinstance(docs.find(formula), Sat)


@pytest.mark.parametrize(
    "condition",
    ['title is "a" and name is "a" or level is 1 and level is 2 or fee is 1', "created within 1 day or level is 1"],
)
@pytest.mark.parametrize("budget", range(1, 5))
def test_what_was_not_looked_at_is_not_ruled_out(condition: str, budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BUDGET", budget)
    docs, (formula, late) = ask(condition, "created > 2030-01-01T00:00:00Z")
    assert docs.find(formula) is not UNSAT
    assert docs.find(AllOf((formula, late))) is not UNSAT


@pytest.mark.parametrize(
    ("length", "truth"),
    [
        (Duration(730_000, "days"), None),  # before the year 2000 that leads out of the calendar
        (Duration(745_000 * 24 * 60, "minutes"), True),  # after 2040 it does not
        (Duration(24_000, "months"), None),
        (Duration(24_480, "months"), True),
    ],
)
def test_a_very_long_time_may_lead_out_of_the_calendar_at_another_instant(length: Duration, truth: bool | None) -> None:
    docs, (formula,) = ask("created within 30 days", assumed=COMPLETE)
    assert isinstance(formula, Holds)
    assert isinstance(formula.condition, c.Time)
    duration = c.Constant(formula.condition.duration.type, length, "")
    assert docs.find(Holds(replace(formula.condition, duration=duration), truth)) is not UNSAT


def test_the_last_of_many_cases_counts() -> None:
    """Of 25 only the last one can be."""
    docs, formulas = ask(*(f"level is {number}" for number in (1, 2, 3, 4, 5, 9, 8, 7, 6, 5)))
    assert isinstance(docs.find(AllOf((AnyOf(tuple(formulas[:5])), AnyOf(tuple(formulas[5:]))))), Sat)


def test_what_a_question_about_any_instant_may_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many instants there are to look at, they have one budget together."""
    branches = count()

    def counted(*arguments: Any) -> Any:
        next(branches)
        return propose(*arguments)

    monkeypatch.setattr(search, "propose", counted)
    others = ("level > 1", "fee > 2", "flag is true", 'title contains "a"', 'name contains "b"')
    docs, (*hard, month, one, two, three, four, five) = ask(
        "created older than span", "created within span", "changed older than 13 months", *others, zone="America/Denver"
    )
    either = [AnyOf((each, NotOf(each))) for each in (one, two, three, four, five)]
    assert docs.find(AllOf((*hard, month, *either))) is UNKNOWN
    assert next(branches) < BUDGET
