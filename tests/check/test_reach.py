"""How far findings reach."""

from __future__ import annotations

import datetime

from policylang.check.engine import examine
from policylang.check.reach import Reach
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
RECORDS = "resource doc { owner : user  sensitive fee : money  actions view, modify }\n"


def reaches(text: str, *codes: str) -> list[Reach]:
    return [each.reach for each in examine(compiled(text), NOW, codes).found]


STACK = """\
policy own on doc { owner is assigned user }
role limited { grant view on doc  policy own }
role open { grant view on doc including fee because "x" }
"""


def test_users_are_those_who_have_it_now_and_others_those_who_will() -> None:
    users = """\
user "ann" { assign role limited  assign role open because "x" }
user "ben" { assign role limited  assign role open from 2027-01-01 because "x" }
user "cy" { assign role limited }
"""
    assert reaches(RECORDS + STACK + users, "PL301") == [Reach(1, 1, "all", ("doc.fee",))]


def test_whoever_may_be_given_what_is_missing_could_get_it() -> None:
    users = """\
role chief { may assign open }
user "ann" { assign role limited  assign role open because "x" }
user "ben" { assign role limited }
user "cy" { assign role chief }
terminated user "dan"
"""
    assert reaches(RECORDS + STACK + users, "PL301") == [Reach(1, 1, "all", ("doc.fee",))]
    nobody_hands_out = users.replace('user "cy" { assign role chief }', 'user "cy"')
    assert reaches(RECORDS + STACK + nobody_hands_out, "PL301") == [Reach(1, 0, "all", ("doc.fee",))]


def test_who_was_terminated_keeps_essential_roles_and_takes_the_place_of_nobody() -> None:
    essential = STACK.replace("role limited", "essential role limited").replace("role open", "essential role open")
    text = """\
terminated user "ann" { assign role limited  assign role open because "x" }
role chief { may assign limited, open }
user "ben" { assign role chief }
user "cy"
"""
    assert reaches(RECORDS + essential + text, "PL301") == [Reach(1, 2, "all", ("doc.fee",))]
    nobody_hands_out = text.replace("assign role chief", "")
    assert reaches(RECORDS + essential + nobody_hands_out, "PL301") == [Reach(1, 0, "all", ("doc.fee",))]
    assert {each.users: each.could for each in reaches(RECORDS + essential + text, "PL604")} == {1: 2}


def test_only_those_come_to_be_concerned_who_get_all_of_it() -> None:
    """Whichever of the two roles fewer have, and whoever has but one of them."""
    first = """\
user "ann" { assign role limited  assign role open because "x" }
user "ben" { assign role limited  assign role open from 2027-01-01 because "x" }
user "cy" { assign role limited }
user "dan" { assign role open because "x" }
"""
    for more in ('user "eve" { assign role limited }\n', 'user "eve" { assign role open because "x" }\n'):
        assert reaches(RECORDS + STACK + first + more, "PL301") == [Reach(1, 1, "all", ("doc.fee",))]
    later = 'user "fay" { assign role limited from 2027-01-01  assign role open from 2027-01-01 because "x" }\n'
    assert reaches(RECORDS + STACK + first + later, "PL301") == [Reach(1, 2, "all", ("doc.fee",))]


def test_a_finding_about_a_role_concerns_its_holders_whatever_brings_it() -> None:
    text = """\
role editor { grant modify on doc (owner) }
role lead { role editor }
job "L" { role lead }
group g { role lead }
user "ann" in g
user "ben" job "L"
user "cy" { assign role editor until 2026-11-20 }
user "dan" { assign role editor from 2026-12-01 }
integration bot { role editor  objects doc }
"""
    assert reaches(RECORDS + text, "PL402") == [Reach(2, 1, "all")]


def test_what_can_be_assigned_inside_another_role_can_be_got() -> None:
    text = """\
role editor { grant modify on doc (owner) }
role lead { role editor }
role chief { may assign lead }
user "ann" { assign role chief }
user "ben"
terminated user "cy"
"""
    assert reaches(RECORDS + text, "PL402") == [Reach(0, 2, "all")]


def test_a_finding_about_a_policy_concerns_whoever_has_one_of_the_roles_with_it() -> None:
    text = """\
policy never on doc { fee < 1 and fee > 2 }
role first { grant view on doc including fee because "x"  policy never }
role second { grant view on doc including fee because "x"  policy never }
role chief { may assign second }
user "ann" { assign role first  assign role second }
user "ben" { assign role second }
user "cy" { assign role first }
user "dan" { assign role first from 2027-01-01 }
user "eve"
"""
    assert reaches(RECORDS + text, "PL203") == [Reach(3, 1)]
    assert reaches(RECORDS + text + 'user "fay" { assign role chief }', "PL203") == [Reach(3, 3)]


def test_limits_denies_and_places_leave_some_records() -> None:
    for limited in (
        "role r { grant view on doc including fee  policy own }",
        "role r { grant view on doc including fee }  deny view on doc { owner is missing or fee < 0 }",
    ):
        text = f'policy own on doc {{ owner is assigned user }} {limited} user "ann" {{ assign role r }}'
        assert reaches(RECORDS + text, "PL403") == [Reach(1, 0, "some", ("doc.fee",))]
    text = 'role r { grant view on doc including fee } user "ann" { assign role r }'
    assert reaches(RECORDS + text, "PL403") == [Reach(1, 0, "all", ("doc.fee",))]


def test_without_users_nothing_is_said_of_them() -> None:
    assert reaches(RECORDS + "role r { grant modify on doc (fee) }", "PL402") == [
        Reach(None, None, "all", ("doc.fee",))
    ]


def test_what_users_do_not_have_concerns_no_users() -> None:
    text = 'resource doc { a : text  actions view }  policy p on doc { a is "x" }  role r  user "ann"'
    assert reaches(text, "PL701") == [Reach(), Reach(), Reach(0, 0)]
    assert reaches(text, "PL702") == [Reach()]


def test_one_user_is_told_of_in_the_singular() -> None:
    roles = "".join(f"role r{n} {{ grant view on doc }}\n" for n in range(9))
    every = " ".join(f"assign role r{n}" for n in range(9))
    texts = [
        each.finding.message
        for many in (1, 2)
        for users in ["".join(f'user "u{n}" {{ {every} }}\n' for n in range(many))]
        for each in examine(compiled(RECORDS + roles + users), NOW, ("PL305",)).found
    ]
    assert [text.split(" a second")[0] for text in texts] == ["1 user has", "2 users have"]
