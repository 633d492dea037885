"""Answers that a person can check."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from policylang.analysis import questions
from policylang.analysis.formula import AllOf, Holds, true
from policylang.analysis.query import (
    ANYBODY,
    ANYTHING,
    COMPLETE,
    DeclaredUser,
    NamedUser,
    Sat,
)
from policylang.analysis.questions import always, equivalent, implies
from policylang.analysis.satisfiability import UNKNOWN, UNSAT
from policylang.analysis.search import FEW_CONDITIONS, MOST_TESTS
from policylang.check.catalogue import BY_CODE, CHECKS
from tests.analysis.docs import WORLD, Docs, ask
from tests.helpers import compiled


@pytest.mark.parametrize(
    "condition",
    [
        "level < 3 and level > 1",
        "fee < 3 and fee > 2",
        "fee < 2.01 and fee > 2",
        "created within 1 month and created older than 30 days",
        "created within 1 year and created older than 365 days",
        "due within 1 month and due older than 30 days",
        "due within next 1 month and due after 2026-12-21",
        "created after 2027-06-01T00:00:00Z and created older than 1 day",
        "owner is assigned user and owner is folder.owner",
        "assigned user.boss.department is assigned user.department",
        'owner.department is "x" and folder.owner.department is "y"',
        "title contains name and not (name contains title)",
        'title starts with "ab" and title ends with "ba" and not (title contains "aa")',
        'tags contains title and not (tags contains "x") and title starts with "x"',
        "now is between 22:00 and 06:00 and now is on saturday",
        "now is between 22:00 and 06:00 and now is not between 23:00 and 06:00",
        "now is on sunday and created within 1 day and created > 2030-01-01T00:00:00Z",
        "now is between 02:15 and 02:45 and now is on sunday",
        "now is between 09:00 and 17:00 and due within 1 month and due older than 30 days",
        "not (now is between 00:00 and 12:00) and not (now is between 12:00 and 00:00) or now is on monday",
        "tags overlaps marks and tags is not empty",
        'tags overlaps marks and not (tags contains "x") and marks contains "x"',
        "not (tags overlaps marks) and tags is not empty and marks is not empty",
        'tags contains all of ["a", "b"] and not (tags overlaps ["c", "d"])',
        "tags overlaps marks and not (tags contains title) and marks contains title",
        "kinds is not empty and not (kinds contains red)",
        "sizes is not empty and not (sizes contains level)",
        "kinds overlaps kinds",
        "not (tags overlaps marks) and tags is empty",
        'address in "10.0.0.0/8" and not (address in "10.0.0.0/9")',
        'site is "S1" or site is "S2"',
        "origin is missing and origin.closed is missing",
        "origin is present and origin.closed is missing",
        "span > 30 days and span < 1 year or span is 1 year",
        "request.channel is missing",
        "assigned user.boss.department is missing",
        "status in [draft, open] and status is not draft",
        "span is 0 days",
        "span < 1 minute",
        "level > fee and fee > 1.2 and fee < 1.5",
        "created within span",
        "not (created within span)",
        "not (due within span)",
        "not (created within next span)",
        "created within next span",
        "due within span",
        "due within next span",
        "created within span or created older than span",
        "created < 1970-01-01T00:00:00Z and created within 1 day",
        "due < 1970-01-02 and due within 1 day",
        "created > 2099-12-31T06:00:00Z and created within 1 day",
        "due > 2099-12-30 and due within 1 day",
        "due > 2099-12-20 and due within 1 month",
        "due in [2030-01-01, 2031-01-01] and due within 3 days",
        'doc is under "a" and not (above is under "a")',
        "request.about.level > level and request.about.due within 1 month and request.about.above.status is open",
        'request.about.owner is assigned user and request.about.folder.name is "x" and title is request.about.title',
    ],
)
def test_can_be_true(condition: str) -> None:
    docs, (formula,) = ask(condition)
    assert isinstance(docs.find(formula), Sat)


@pytest.mark.parametrize(
    "condition",
    [
        "level < 3 and level > 2",
        "fee < 3 and fee > 3",
        "created within 30 days and created older than 31 days",
        "created within 1 month and created older than 31 days",
        "created within 28 days and created older than 1 month",
        "due within 1 year and due older than 366 days",
        "created < changed and changed within 1 day and created within next 1 month and created > changed",
        'owner is "a" and owner is "b"',
        "owner is assigned user and owner is not assigned user",
        'owner is folder.owner and folder.owner is "a" and owner is "b"',
        "status in [draft, open] and status is closed",
        "flag is true and flag is false",
        'title starts with "a" and title starts with "b"',
        "title contains name and name contains title and title is not name",
        'title is "abc" and not (title contains "b")',
        'tags contains "x" and not (tags contains "x")',
        "now is between 22:00 and 22:00",
        "now is between 22:00 and 06:00 and now is between 08:00 and 10:00",
        "now is on saturday and now is on sunday",
        "now is on saturday and now is not on saturday, sunday",
        "not (now is between 00:00 and 12:00) and not (now is between 12:00 and 00:00)",
        "now is between 22:00 and 06:00 and created within span and now is not between 20:00 and 07:00",
        'tags contains "x" and tags is empty',
        "tags overlaps marks and marks is empty",
        "tags overlaps marks and not (marks overlaps tags)",
        'tags contains "x" and marks contains "x" and not (tags overlaps marks)',
        "tags contains title and marks contains name and title is name and not (tags overlaps marks)",
        'tags contains all of ["a", "b"] and not (tags contains "a")',
        "tags is empty and tags is not empty",
        "kinds is not empty and not (kinds contains red) and not (kinds contains blue)",
        "not (tags overlaps tags) and tags is not empty",
        'tags overlaps ["a", "b"] and not (tags contains "a") and not (tags contains "b")',
        'address in "10.0.0.0/8" and address in "192.168.0.0/16"',
        'address in "10.0.0.0/9" and not (address in "10.0.0.0/8")',
        'site is "S1" and site is "S2"',
        "origin is missing and origin.closed is present",
        "title is missing",
        "folder.name is missing",
        "span > 1 year and span < 30 days",
        "created < changed and changed < created",
        "due < 2026-01-02 and due > 2026-01-01",
        "span < 0 days",
        "level > fee and fee > 1.2 and level < 2",
        "created within span and status is draft and status is open",
        "created < 1970-01-01T00:00:00Z and created within next 1 day",
        "due < 1970-01-01 and due within next 1 day",
        "created > 2100-01-01T00:00:00Z and created within 1 day",
        "due > 2100-01-01 and due within 1 day",
        "due > 2100-01-01 and due within 1 month",
        'not (doc is under "a") and above is under "a"',
    ],
)
def test_can_never_be_true(condition: str) -> None:
    docs, (formula,) = ask(condition)
    assert docs.find(formula) is UNSAT


@pytest.mark.parametrize(
    ("condition", "everywhere"),
    [
        ("status in [draft, open, closed]", True),
        ("status in [draft, open]", False),
        ("due is missing or due within 30 days or due older than 30 days or due > 2000-01-01", False),
        ("due is missing or due < 2026-01-01 or due >= 2026-01-01", True),
        ("due < 2026-01-01 or due >= 2026-01-01", False),
        ("created older than 30 days or created within 30 days or created within next 500 years", False),
        ("level < 5 or level > 4", True),
        ("fee < 5 or fee > 4.99", True),
        ("fee < 4.99 or fee > 4.99", False),
        ("not (title contains name) or name is missing or title contains name", True),
        ("flag is true or flag is false", True),
        ("now is between 06:00 and 22:00 or now is between 22:00 and 06:00", True),
        ("now is between 06:00 and 22:00 or now is between 22:01 and 06:00", False),
        ("now is on monday, tuesday, wednesday, thursday, friday or now is on saturday, sunday", True),
        ("tags is empty or tags is not empty", True),
        ("tags is empty or tags overlaps tags", True),
        ("tags is empty or tags overlaps marks", False),
        ("assigned user.department is present", True),
        ("assigned user.level is present", False),
    ],
)
def test_always(condition: str, everywhere: bool) -> None:
    docs, (formula,) = ask(condition)
    found = docs.find(always(formula))
    assert found is not UNKNOWN
    assert (found is UNSAT) == everywhere


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("created within 10 days", "created within 30 days", True),
        ("created within 30 days", "created within 1 month", False),
        ("created within 28 days", "created within 1 month", True),
        ("created within 1 month", "created within 31 days", True),
        ("created within 11 months", "created within 1 year", True),
        ("created within 36 hours", "created within 2 days", True),
        ("status is draft", "status is not open", True),
        ("owner is assigned user and created within 10 days", "owner is assigned user", True),
        ('title is "abc"', 'title starts with "ab"', True),
        ('address in "10.1.0.0/16"', 'address in "10.0.0.0/8"', True),
        ("now is between 23:00 and 05:00", "now is between 22:00 and 06:00", True),
        ("now is between 22:00 and 06:00", "now is between 23:00 and 05:00", False),
        ("now is on sunday", "now is not on monday", True),
        ('tags contains all of ["a", "b"]', 'tags contains "b"', True),
        ('tags contains "b"', 'tags contains all of ["a", "b"]', False),
        ("tags contains title and marks contains title", "tags overlaps marks", True),
        ("tags overlaps marks", "marks is not empty", True),
        ("level > 5", "level >= 6", True),
        ("fee > 5", "fee >= 6", False),
        ("due within 30 days", "due is present", True),
    ],
)
def test_implies(first: str, second: str, expected: bool) -> None:
    docs, (one, other) = ask(first, second)
    found = docs.find(implies(one, other))
    assert found is not UNKNOWN
    assert (found is UNSAT) == expected


@pytest.mark.parametrize(
    ("condition", "complete", "record"),
    [
        ("title is missing", None, {"title": None}),
        ("folder.name is missing", None, {}),
        ("not (title is present) and not (title is missing)", None, {"title": True}),
        ("title is missing and title is present", None, None),
        ("title is present and not (title is missing)", {}, {}),
        ("title is missing and folder.name is missing", None, {"title": None}),
        ("request.ip is missing", {}, {}),
        ("assigned user.department is missing and title is present", {}, {}),
        ("origin.closed is missing and origin is present and origin.owner is missing", None, {}),
        ('title is missing and title is "x"', None, None),
    ],
)
def test_what_may_be_missing(condition: str, complete: dict[str, Any] | None, record: dict[str, Any] | None) -> None:
    """Complete records have what is not optional, and lead to such; requests and users may lack everything."""
    for assumed, expected in ((COMPLETE, complete), (ANYTHING, record)):
        docs, (formula,) = ask(condition, assumed=assumed)
        assert isinstance(formula, Holds)
        if condition.startswith("not (title is present)"):
            formula = Holds(formula.condition, None)  # unknown: the value is of another type
        found = docs.find(formula)
        if expected is None:
            assert found is UNSAT
        else:
            assert isinstance(found, Sat)
            assert expected.items() <= {"title": None, **found.witness.record}.items()


def test_a_set_may_have_an_item_missing() -> None:
    docs, (formula,) = ask('tags contains "x" or not (tags contains "x") or tags is missing', assumed=ANYTHING)
    found = docs.find(always(formula))
    assert isinstance(found, Sat)
    assert found.witness.record["tags"] in ([None], True)
    docs, (formula,) = ask('tags contains "x" or not (tags contains "x") or tags is missing', assumed=COMPLETE)
    assert docs.find(always(formula)) is UNSAT


def test_a_user_whom_nobody_declared_may_have_any_attributes() -> None:
    docs, (formula,) = ask('assigned user is "zoe" and assigned user.department is "x"', assumed=ANYTHING)
    assert docs.find(formula) is UNSAT
    found = docs.find(formula, DeclaredUser("zoe"))
    assert isinstance(found, Sat)
    assert found.witness.attributes["department"] == "x"


def test_somebody_made_up_is_nobody_whom_a_condition_names() -> None:
    docs, (formula,) = ask('owner is assigned user and owner in ["amy", "zoe"]')
    assert docs.find(formula) is UNSAT
    found = docs.find(formula, DeclaredUser("zoe"))
    assert isinstance(found, Sat)
    assert found.witness.record["owner"] == "zoe"


def test_what_is_not_settled_for_somebody_is_not_by_users_whom_a_condition_names() -> None:
    many = " or ".join(f"level is {number}" for number in range(1000, 1001 + MOST_TESTS))
    docs, formulas = ask('assigned user is not "amy"', many, *(f"fee > {number}" for number in range(FEW_CONDITIONS)))
    assert docs.find(formulas[0], NamedUser("amy")) is UNSAT
    assert docs.find(AllOf(tuple(formulas))) is UNKNOWN
    assert docs.find(AllOf(tuple(formulas)), ANYBODY) is UNKNOWN


def test_a_user_may_be_asked_about_with_other_attributes_than_declared() -> None:
    policy_set = compiled(
        WORLD.format(zone="UTC") + 'user "amy" { department : "east" }\n'
        'policy p on doc { assigned user is "amy" and assigned user.department is "west" }\n'
    )
    docs = Docs(policy_set)
    formula = true(policy_set.policy_instances[0].condition)
    assert docs.find(formula, DeclaredUser("amy")) is UNSAT
    found = docs.find(formula, NamedUser("amy"))
    assert isinstance(found, Sat)
    assert found.witness.attributes == {"department": "west"}


def test_an_empty_set_overlaps_none_with_an_item_missing() -> None:
    docs, (apart, contains, there) = ask(
        "not (tags overlaps marks)", 'tags contains "x"', "tags is present", assumed=ANYTHING
    )
    assert isinstance(contains, Holds)
    assert isinstance(docs.find(AllOf((apart, there, Holds(contains.condition, None)))), Sat)


def test_of_a_list_of_durations_each_may_be_unknown() -> None:
    docs, (formula,) = ask("span in [1 month, 30 days]", assumed=COMPLETE)
    assert isinstance(formula, Holds)
    assert isinstance(docs.find(Holds(formula.condition, None)), Sat)


def test_together_and_equivalent() -> None:
    docs, (one, other, same) = ask("level < 3", "level > 5", "not (level >= 3)")
    assert docs.find(AllOf((one, other))) is UNSAT
    assert docs.find(equivalent(one, same)) is UNSAT
    assert isinstance(docs.find(equivalent(one, other)), Sat)


def test_unknown_is_a_truth_value_of_its_own() -> None:
    docs, (formula,) = ask("due within 30 days")
    assert isinstance(formula, Holds)
    found = docs.find(Holds(formula.condition, None))
    assert isinstance(found, Sat)
    assert "due" not in found.witness.record
    docs, (formula,) = ask("created within 30 days")
    assert isinstance(formula, Holds)
    assert docs.find(Holds(formula.condition, None)) is UNSAT


def test_the_place_of_a_related_record_may_be_none_that_there_is() -> None:
    elsewhere = 'above.site is not "S1" and above.site is not "S2"'
    docs, (formula, missing) = ask(elsewhere, "above.site is missing", assumed=ANYTHING)
    assert isinstance(docs.find(formula), Sat)
    assert isinstance(missing, Holds)
    assert isinstance(docs.find(Holds(missing.condition, None)), Sat)


def test_a_known_user_is_taken_as_is() -> None:
    policy_set = compiled(
        WORLD.format(zone="UTC")
        + 'policy same on doc { folder.name is assigned user.department and assigned user.department is "x" }\n'
        + 'user "a" { department : "x" }\nuser "b" { department : "y" }\nuser "c" {}\n'
    )
    (instance,) = policy_set.policy_instances
    docs = Docs(policy_set)
    answers = {user: docs.find(true(instance.condition), DeclaredUser(user)) for user in ("a", "b", "c")}
    assert isinstance(answers["a"], Sat)
    assert answers["a"].witness.record["folder"]["name"] == "x"
    assert answers["b"] is UNSAT
    assert answers["c"] is UNSAT


def test_each_rule_that_proves_has_its_question_in_the_catalogue() -> None:
    stated = {name: each for name, each in vars(questions).items() if inspect.isfunction(each)}
    stated = {name: each for name, each in stated.items() if each.__module__ == questions.__name__}
    proving = {check.__module__.rpartition(".")[2] for code, check in CHECKS.items() if BY_CODE[code].proof}
    invariants = {"invariant_violated", "invariant_not_proved"}  # each has several: one for each quantifier
    assert proving - invariants <= stated.keys()
    assert [
        name
        for name, each in stated.items()
        if not name.startswith("_") and "Unsat iff" not in " ".join((each.__doc__ or "").split())
    ] == []


def test_users_with_the_same_attributes_have_one_answer() -> None:
    policy_set = compiled(
        WORLD.format(zone="UTC")
        + 'policy same on doc { title is assigned user.department and title is "x" }\n'
        + "policy own_boss on doc { assigned user.boss is assigned user }\n"
        + 'policy named on doc { owner is "a" and assigned user.department is "x" and owner is assigned user }\n'
        + "policy graded on doc { title is assigned user.department and assigned user.level > 2 }\n"
        + 'policy owned on doc { owner is assigned user and owner.department is "x" }\n'
        + 'user "a" { department : "x"  level : 3 }\nuser "b" { department : "x" }\nuser "c" { department : "y" }\n'
        + 'user "d" { department : "y"  boss : "d" }\nuser "e" { department : "y"  boss : "d" }\n'
    )
    docs = Docs(policy_set)
    by_name = {each.policy: true(each.condition) for each in policy_set.policy_instances}

    def who_can(policy: str) -> list[str]:
        return [user for user in "abcde" if isinstance(docs.find(by_name[policy], DeclaredUser(user)), Sat)]

    assert who_can("same") == ["a", "b"]
    assert who_can("own_boss") == ["d"]
    assert who_can("named") == ["a"]
    assert who_can("graded") == ["a"]
    assert who_can("owned") == ["a", "b"]
