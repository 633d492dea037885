"""What is new is a change, unless it is what something was that is gone: nothing that is still there explains it."""

from __future__ import annotations

import datetime

import pytest

from policylang.diff.compare import compare
from policylang.diff.report import Report
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
WORLD = """\
resource payment { amount : money  actions view, create, delete }
policy small on payment { amount < 100 }
"""
CASHIER = "role cashier { grant view, create on payment }\n"
ANN = 'user "ann" { assign role cashier }\n'


def between(old: str, new: str) -> Report:
    return compare(compiled(WORLD + old), compiled(WORLD + new), NOW)


def kinds(found: Report) -> list[tuple[str, str, str]]:
    return sorted((each.kind, named.kind, named.name) for each in found.changes for named in each.subjects)


NEW = [
    ("role guest { grant view, create on payment }", ("role", "guest")),
    ("role guest { grant view on payment }", ("role", "guest")),
    ("role guest { role cashier }", ("role", "guest")),
    ("role guest { grant view on payment  policy small }", ("role", "guest")),
    ("group guests { grant view, create on payment }", ("group", "guests")),
    ("group guests { role cashier }", ("group", "guests")),
    ('job "G" { role cashier }', ("job", "G")),
    ('user "bo" { assign role cashier }', ("user", "bo")),
    ("integration bot { role cashier  objects payment }", ("integration", "bot")),
]


@pytest.mark.parametrize(("new", "who"), NEW)
def test_new_beside_what_brings_as_much(new: str, who: tuple[str, str]) -> None:
    found = between(CASHIER + ANN, CASHIER + ANN + new)
    assert kinds(found) == [("gained", *who)]
    assert found.notes == ()
    assert kinds(between(CASHIER + ANN + new, CASHIER + ANN)) == [("lost", *who)]


@pytest.mark.parametrize(
    ("old", "new", "note"),
    [
        (CASHIER, CASHIER.replace("cashier", "clerk"), "role `cashier` is now role `clerk`"),
        (CASHIER, CASHIER.replace("role cashier", "group till"), "role `cashier` is now group `till`"),
        (CASHIER + 'job "C" { role cashier }', CASHIER + 'job "D" { role cashier }', "job `C` is now job `D`"),
    ],
)
def test_another_name(old: str, new: str, note: str) -> None:
    found = between(old, new)
    assert (found.same_access, note in found.notes) == (True, True)


def test_another_name_and_less() -> None:
    """What it does not bring any more is lost; it brings nothing that is new."""
    found = between(CASHIER, "role clerk { grant view on payment }")
    assert kinds(found) == [("lost", "role", "cashier")]
    assert found.notes == ("role `clerk` is new and grants no more than role `cashier` did, which was removed",)


def test_another_name_and_more() -> None:
    found = between(CASHIER, "role clerk { grant all on payment }")
    assert kinds(found) == [("gained", "role", "clerk")]
    assert found.notes == ("role `cashier` was removed and granted no more than role `clerk` does, which is new",)


def test_one_that_is_gone_stands_for_one_that_is_new() -> None:
    found = between(CASHIER, CASHIER.replace("cashier", "clerk") + CASHIER.replace("cashier", "guest"))
    assert kinds(found) == [("gained", "role", "guest")]
    less = between(CASHIER, "role one { grant view on payment }\nrole two { grant view on payment }")
    assert kinds(less) == [("gained", "role", "two"), ("lost", "role", "cashier")]


def test_two_names_swapped() -> None:
    old = "role one { grant view on payment }\nrole two { grant create on payment }"
    new = "role two { grant view on payment }\nrole one { grant create on payment }"
    found = between(old, new)
    assert kinds(found) == [(kind, "role", name) for kind in ("gained", "lost") for name in ("one", "two")]


def test_the_one_with_everything_explains_nothing() -> None:
    """In a set with a role that brings everything a new one is news all the same."""
    owner = "role owner { grant all on payment }\n"
    assert kinds(between(owner, owner + "role guest { grant delete on payment }")) == [("gained", "role", "guest")]


INNER = "role inner { grant view, create on payment }\ngroup till { role inner }\n"


@pytest.mark.parametrize(
    "handed_out",
    [
        'user "bo" { assign role inner }',
        'user "bo" { assign role inner from 2027-01-01 }',
        'job "C" { role inner }',
        "integration bot { role inner  objects payment }",
        "role boss { may assign inner }",
        "group bosses { may assign inner }",
    ],
)
def test_a_part_of_something_that_is_handed_out_by_itself(handed_out: str) -> None:
    old = "group till { grant view, create on payment }\n"
    alone = between(old, INNER)
    assert (alone.same_access, alone.notes) == (
        True,
        ("role `inner` is new: nobody has it except inside group `till`",),
    )
    assert ("gained", "role", "inner") in kinds(between(old, INNER + handed_out))


def test_a_part_of_a_role_that_may_be_handed_out() -> None:
    """It is not the part that is."""
    old = "role till { grant view on payment }\nrole boss { may assign till }\n"
    new = "role inner { grant view on payment }\nrole till { role inner }\nrole boss { may assign till }\n"
    assert between(old, new).same_access


def test_what_is_gone_on_the_last_day_of_the_calendar() -> None:
    roles = CASHIER + "role guest\n"
    old = roles + 'user "ann" { assign role cashier from 9999-12-31 12:00  assign role guest from 9999-12-31 23:59 }'
    (change,) = between(old, roles + 'user "ann"').changes[:1]
    assert change.kind == "lost"
    assert [(str(each.first), each.last) for each in change.days] == [("9999-12-31", None)]


def test_what_begins_after_the_last_year_of_a_century() -> None:
    text = 'timezone "America/Denver"\npolicy by_day on payment { now is between 08:00 and 18:00 }\n'
    text += "role clerk { grant view on payment  policy by_day }\n"
    (change,) = between(
        text + 'user "ann" { assign role clerk until 2099-12-31 }', text + 'user "ann" { assign role clerk }'
    ).changes
    assert (change.kind, change.unproved) == ("gained", False)
    assert change.after is not None
    assert change.after.now.year == 2100


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind : one of x, y, z", "kind : one of x, y"),
        ("kind : set of one of x, y, z", "kind : set of one of x, y"),
        ("kind : int", "kind : text"),
        ("kind : decimal", "kind : int"),
        ("kind : site", "kind : depot"),
    ],
)
def test_what_can_be_written_into_a_new_record(old: str, new: str) -> None:
    """No condition looks at it, and a record with what is not of the type is not made."""
    text = """
        scope site  scope depot  place site "A"  place depot "B"
        resource item {{ owner : user  {}  actions view, create }}
        role maker {{ grant view, create on item }}
        user "ann" {{ assign role maker }}
        """
    found = compare(compiled(text.format(old)), compiled(text.format(new)), NOW)
    narrowed = [each for each in found.changes if each.kind == "narrowed"]
    assert any("create" in permissions.actions for each in narrowed for permissions in each.permissions)
    assert not found.same_access
    assert compare(compiled(text.format(old)), compiled(text.format(old)), NOW).same_access


def test_places_that_can_be_written_into_a_new_record() -> None:
    text = """
        scope site  place site "A"{}
        resource item {{ owner : user  site : site  optional former : site  actions view, create }}
        role maker {{ grant view, create on item }}
        user "ann" {{ assign role maker at site "A" }}
        """
    more, fewer = compiled(text.format('  place site "B"')), compiled(text.format(""))
    assert [each.kind for each in compare(more, fewer, NOW).changes] == ["narrowed"]
    assert [each.kind for each in compare(fewer, more, NOW).changes] == ["widened"]
