"""The decision, sentence by sentence of the language's definition."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from policylang.runtime.index import Index
from policylang.runtime.reference import Decision, decide, eligible
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)

DOC = """
resource doc {
  owner : user  title : text  level : int  open : bool
  created : datetime  day : date  sensitive fee : money  status : one of draft, final
  actions view, modify, create, delete
}
"""


def ask(text: str, user: str, action: str, record: Any = None, resource: str = "doc", **more: Any) -> Decision:
    now = more.pop("now", NOW)
    return decide(Index(compiled(DOC + text)), user, action, resource, record, now=now, **more)


def allowed(*arguments: Any, **more: Any) -> bool:
    return ask(*arguments, **more).allowed


# --- sources widen, limits narrow ----------------------------------------------------------------------------

MINE = "policy mine on doc { owner is assigned user }\npolicy draft on doc { status is draft }\n"


def test_limits_of_one_source_narrow_each_other() -> None:
    text = MINE + 'role r { grant view on doc  policy mine  policy draft }\nuser "u" { assign role r }'
    assert allowed(text, "u", "view", {"owner": "u", "status": "draft"})
    assert not allowed(text, "u", "view", {"owner": "u", "status": "final"})
    assert not allowed(text, "u", "view", {"owner": "v", "status": "draft"})


def test_sources_widen_each_other() -> None:
    text = (
        MINE
        + "role a { grant view on doc  policy mine }\nrole b { grant view on doc  policy draft }\n"
        + 'user "u" { assign role a  assign role b }\nuser "v" in g { assign role a }\ngroup g { grant view on doc }'
    )
    assert allowed(text, "u", "view", {"owner": "u", "status": "final"})
    assert allowed(text, "u", "view", {"owner": "x", "status": "draft"})
    assert not allowed(text, "u", "view", {"owner": "x", "status": "final"})
    assert allowed(text, "v", "view", {"owner": "x", "status": "final"})


def test_what_comes_from_inside_a_role_keeps_all_limits_around_it() -> None:
    text = (
        MINE
        + "role inner { grant view on doc  policy mine }\n"
        + "role outer { role inner  grant view on doc  policy draft }\n"
        + 'user "u" { assign role outer }'
    )
    assert allowed(text, "u", "view", {"owner": "x", "status": "draft"})  # the outer grant has the outer limit only
    assert not allowed(text, "u", "view", {"owner": "u", "status": "final"})  # the inner grant has both


def test_roles_inside_roles_do_not_multiply() -> None:
    """There are more ways down through these roles than there are seconds in a lifetime."""
    roles = "role r0 { grant view on doc  policy mine }\nrole r1 { role r0 }\n"
    roles += "".join(f"role r{n} {{ role r{n - 1}, r{n - 2} }}\n" for n in range(2, 60))
    text = MINE + roles + 'user "u" { assign role r59 }'
    assert allowed(text, "u", "view", {"owner": "u"})
    assert not allowed(text, "u", "view", {"owner": "x"})


def test_a_limit_for_some_actions_and_on_another_resource() -> None:
    text = (
        MINE
        + "resource memo { actions view }\n"
        + 'role r { grant view, modify on doc  grant view on memo  policy mine for modify }\nuser "u" { assign role r }'
    )
    assert allowed(text, "u", "view", {"owner": "x"})
    assert not allowed(text, "u", "modify", {"owner": "x"})
    assert allowed(text, "u", "view", {}, "memo")


def test_nothing_granted_nothing_allowed() -> None:
    assert not allowed('user "u"', "u", "view", {"owner": "u"})


# --- user policies -------------------------------------------------------------------------------------------


def test_append_narrows_whatever_grants() -> None:
    text = (
        MINE
        + "role r { grant view on doc }\ngroup g { grant view on doc }\n"
        + 'user "u" in g { append policy mine  assign role r }'
    )
    assert allowed(text, "u", "view", {"owner": "u"})
    assert not allowed(text, "u", "view", {"owner": "x"})


def test_append_for_one_action() -> None:
    text = MINE + 'group g { grant view, modify on doc }\nuser "u" in g { append policy mine for modify }'
    assert allowed(text, "u", "view", {"owner": "x"})
    assert not allowed(text, "u", "modify", {"owner": "x"})


def test_override_stands_in_place_of_what_the_group_and_its_roles_say() -> None:
    text = (
        MINE
        + "role inner { grant view on doc  policy mine }\n"
        + "group g { role inner  grant modify on doc  policy draft }\n"
        + "policy high on doc { level > 5 }\n"
        + 'user "u" in g { override policy high on doc }'
    )
    for action in ("view", "modify"):
        assert allowed(text, "u", action, {"owner": "x", "status": "final", "level": 6})
        assert not allowed(text, "u", action, {"owner": "u", "status": "draft", "level": 5})


def test_override_leaves_directly_given_roles_and_other_resources_alone() -> None:
    text = (
        MINE
        + "resource memo { owner : user  actions view }\npolicy my_memo on memo { owner is assigned user }\n"
        + "policy all_of_it on doc { level > 0 or level <= 0 or level is missing }\n"
        + "role r { grant delete on doc  policy mine }\n"
        + "group g { grant view on doc  grant view on memo  policy mine  policy my_memo }\n"
        + 'user "u" in g { override policy all_of_it  assign role r }'
    )
    assert allowed(text, "u", "view", {"owner": "x"})
    assert not allowed(text, "u", "delete", {"owner": "x"})
    assert not allowed(text, "u", "view", {"owner": "x"}, "memo")


# --- denies --------------------------------------------------------------------------------------------------


def test_denies_win_from_any_source_and_depth_and_for_everyone() -> None:
    base = (
        "role good { grant view on doc }\nrole bad { deny view on doc { status is final } }\nrole worse { role bad }\n"
    )
    record = {"status": "final"}
    assert allowed(base + 'user "u" { assign role good }', "u", "view", record)
    assert not allowed(base + 'user "u" { assign role good  assign role worse }', "u", "view", record)
    everyone = 'user "u" { assign role good }\ndeny view on doc { status is final }'
    assert not allowed(base + everyone, "u", "view", record)
    assert allowed(base + everyone, "u", "view", {"status": "draft"})


def test_a_deny_whose_condition_is_unknown_applies() -> None:
    text = 'role r { grant view on doc }\nuser "u" { assign role r }\ndeny view on doc { status is final }'
    assert not allowed(text, "u", "view", {})


def test_a_deny_outside_its_place_does_not_apply() -> None:
    text = (
        'scope site\nplace site "A"\nplace site "B"\nresource post { site : site  actions view }\n'
        "role r { grant view on post }\nrole d { deny view on post }\n"
        'user "u" { assign role r  assign role d at site "A" }'
    )
    assert allowed(text, "u", "view", {"site": "B"}, "post")
    assert not allowed(text, "u", "view", {"site": "A"}, "post")


# --- fields --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "fields"),
    [
        ("", ("owner", "title", "level", "open", "created", "day", "status")),
        ("(title, fee)", ("title", "fee")),
        ("except title, level", ("owner", "open", "created", "day", "status")),
        ("including fee", ("owner", "title", "level", "open", "created", "day", "fee", "status")),
        ("except owner, open, created, day, status including fee", ("title", "level", "fee")),
    ],
)
def test_fields_of_a_grant(clause: str, fields: tuple[str, ...]) -> None:
    text = f'role r {{ grant view on doc {clause} }}\nuser "u" {{ assign role r }}'
    assert ask(text, "u", "view", {}).fields == fields
    for name in ("title", "fee"):
        assert allowed(text, "u", "view", {}, field=name) == (name in fields)


def test_fields_of_several_grants_add_up_where_their_limits_hold() -> None:
    text = (
        MINE
        + "role a { grant view on doc (title) }\nrole b { grant view on doc (fee)  policy mine }\n"
        + 'user "u" { assign role a  assign role b }'
    )
    assert ask(text, "u", "view", {"owner": "u"}).fields == ("title", "fee")
    assert ask(text, "u", "view", {"owner": "x"}).fields == ("title",)


def test_a_deny_with_fields_takes_those_fields_only() -> None:
    text = 'role r { grant view on doc including fee  deny view on doc (fee, title) }\nuser "u" { assign role r }'
    found = ask(text, "u", "view", {})
    assert found.allowed
    assert not {"fee", "title"} & set(found.fields)
    assert not allowed(text, "u", "view", {}, field="title")
    assert allowed(text, "u", "view", {}, field="level")


# --- modify and create ---------------------------------------------------------------------------------------


def test_modify_is_decided_before_and_after() -> None:
    text = MINE + 'role r { grant modify on doc  policy mine }\nuser "u" { assign role r }'
    mine, others = {"owner": "u"}, {"owner": "x"}
    assert allowed(text, "u", "modify", mine, changes={"title": "t"})
    assert not allowed(text, "u", "modify", mine, changes={"owner": "x"})
    assert not allowed(text, "u", "modify", others, changes={"owner": "u"})
    assert not allowed(text, "u", "modify", mine, changes={"owner": None})


def test_modify_asks_for_every_attribute_it_changes_and_create_for_every_one_it_sets() -> None:
    text = 'role r { grant modify, create on doc (title, level) }\nuser "u" { assign role r }'
    assert allowed(text, "u", "modify", {"fee": 3}, changes={"title": "t", "level": 2})
    assert not allowed(text, "u", "modify", {}, changes={"title": "t", "fee": 2})
    assert allowed(text, "u", "create", {"title": "t", "level": None})
    assert not allowed(text, "u", "create", {"title": "t", "owner": "u"})
    assert not allowed(text, "u", "create", {"title": "t", "colour": "red"})


def test_written_users_have_to_be_eligible() -> None:
    text = (
        "role rep\nresource deal {\n  rep : user with role rep\n  helpers : set of user with role rep\n"
        "  actions create, modify\n}\n"
        "role r { grant create, modify on deal }\nrole outer { role rep }\n"
        'user "u" { assign role r }\nuser "rep" in g\ngroup g { role outer }\n'
        'user "late" { assign role rep from 2026-11-22 }\nuser "here" { assign role rep at site "A" }\n'
        'scope site\nplace site "A"\nterminated user "gone" { assign role rep }'
    )
    for who, may in (("rep", True), ("here", True), ("late", False), ("u", False), ("gone", False), ("who", False)):
        assert allowed(text, "u", "create", {"rep": who}, "deal") == may, who
        assert allowed(text, "u", "modify", {"rep": "u"}, "deal", changes={"rep": who}) == may, who
        assert allowed(text, "u", "create", {"helpers": ["rep", who]}, "deal") == may, who
    assert allowed(text, "u", "modify", {"rep": "u"}, "deal", changes={"helpers": []})
    assert eligible(Index(compiled(DOC + text)), "deal", "rep", NOW) == ("here", "rep")


# --- requirements and bypasses -------------------------------------------------------------------------------


def test_requirements() -> None:
    text = """
feature on_feature on
feature off_feature off
resource api { actions access }
resource lab {
  action a requires access on api
  action b requires feature on_feature and access on api
  action c requires feature off_feature or superuser
  action d requires superuser and (feature off_feature or access on api)
}
policy never on api { assigned user is "nobody" }
role user_of_api { grant access on api  deny access on api }
role lab_user { grant a, b, c, d on lab }
user "plain" { assign role lab_user }
user "api" { assign role lab_user  assign role user_of_api }
superuser user "super" { assign role lab_user  assign role user_of_api }
"""
    users = ("plain", "api", "super")
    open_to = {user: [a for a in "abcd" if allowed(text, user, a, {}, "lab")] for user in users}
    assert open_to == {"plain": [], "api": ["a", "b"], "super": ["a", "b", "c", "d"]}


def test_required_at_a_level() -> None:
    text = """
scope region contains zone contains site
place region "R"
place zone "Z" in "R"
place site "S" in "Z"
place site "T" in "R"
resource t { site : site  action make requires plan on t at zone  action plan }
role maker { grant make on t }
role planner { grant plan on t }
user "all" { assign role maker  assign role planner }
user "region" { assign role maker  assign role planner at region "R" }
user "zone" { assign role maker  assign role planner at zone "Z" }
user "site" { assign role maker  assign role planner at site "S" }
"""
    expected = {"all": "ST", "region": "ST", "zone": "S", "site": ""}
    for user, sites in expected.items():
        assert "".join(s for s in "ST" if allowed(text, user, "make", {"site": s}, "t")) == sites


def test_a_bypass_skips_limits_and_appends_not_denies() -> None:
    text = """
resource day { owner : user  secret : bool  action month bypasses policies }
policy mine on day { owner is assigned user }
role r { grant month on day  policy mine }
user "u" { assign role r  append policy mine on day }
deny month on day { secret is true }
"""
    assert allowed(text, "u", "month", {"owner": "x", "secret": False}, "day")
    assert not allowed(text, "u", "month", {"owner": "u", "secret": True}, "day")


# --- places and dates ----------------------------------------------------------------------------------------


def test_places_cover_what_lies_below_them() -> None:
    text = """
scope region contains site
place region "R"
place site "S" in "R"
place site "T"
resource post { site : site  actions view }
resource free { actions view }
role r { grant view on post  grant view on free }
user "all" { assign role r }
user "region" { assign role r at region "R" }
user "site" { assign role r at site "S" }
"""
    assert [allowed(text, "region", "view", {"site": s}, "post") for s in ("S", "T", None)] == [True, False, False]
    assert [allowed(text, "all", "view", {"site": s}, "post") for s in ("S", "T", None)] == [True, True, True]
    assert not allowed(text, "region", "view", {}, "free")
    assert allowed(text, "all", "view", {}, "free")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-01T04:59:59+00:00", False),  # still the last of February in New York
        ("2026-03-01T05:00:00+00:00", True),
        ("2026-03-09T03:59:59+00:00", True),  # summer time began on the 8th
        ("2026-03-09T04:00:00+00:00", False),
    ],
)
def test_assignments_begin_and_end_with_their_days_in_the_timezone(now: str, expected: bool) -> None:
    text = (
        'timezone "America/New_York"\nrole r { grant view on doc }\n'
        'user "u" { assign role r from 2026-03-01 until 2026-03-08 }'
    )
    assert allowed(text, "u", "view", {}, now=datetime.datetime.fromisoformat(now)) == expected


def test_terminated_users_have_essential_roles_only() -> None:
    text = """
essential role left { grant view on doc }
role normal { grant modify on doc }
group g { grant delete on doc }
job "J" { role normal, left }
terminated user "t" in g job "J" { assign role normal }
user "u" in g job "J"
"""
    assert [allowed(text, "t", action, {}) for action in ("view", "modify", "delete")] == [True, False, False]
    assert [allowed(text, "u", action, {}) for action in ("view", "modify", "delete")] == [True, True, True]


# --- strangers and bad values --------------------------------------------------------------------------------

ALL = 'role r { grant view, modify, create on doc }\nuser "u" { assign role r }\n'


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"user": "x"}, "no user `x`"),
        ({"action": "fly"}, "no action `fly`"),
        ({"resource": "ship"}, "no resource `ship`"),
        ({"field": "colour"}, "no attribute `colour`"),
        ({"action": "modify", "changes": {"colour": 1}}, "no attribute `colour`"),
    ],
)
def test_what_is_not_known_is_denied_with_the_reason(request_: dict[str, Any], word: str) -> None:
    arguments = {"user": "u", "action": "view", "resource": "doc", "record": {}, **request_}
    found = decide(Index(compiled(DOC + ALL)), now=NOW, **arguments)
    assert not found.allowed
    assert found.fields == ()
    assert word in found.reasons[0]


@pytest.mark.parametrize(
    "record",
    [
        {"level": "high"},
        {"level": 1.5},
        {"level": True},
        {"created": "2026-01-01T00:00:00"},
        {"created": datetime.datetime(2026, 1, 1)},
        {"created": "yesterday"},
        {"day": datetime.datetime(2026, 1, 1)},
        {"day": "2026-02-30"},
        {"open": "true"},
        {"open": 1},
        {"status": "archived"},
        {"owner": 3},
        {"fee": "NaN"},
        {"fee": "1_000"},
        {"fee": " 5"},
        {"fee": "1e3"},
        {"fee": "\u0665"},
        {"created": "20260101T000000Z"},
        {"created": "2026-01-01 00:00:00Z"},
        {"created": "2026-W01-1T00:00Z"},
        {"day": "2026-W01-1"},
        {"day": "20260101"},
        {"fee": float("inf")},
        {"title": 3},
    ],
)
def test_a_value_of_another_type_denies(record: dict[str, Any]) -> None:
    (name,) = record
    text = ALL + f"deny view on doc {{ {name} is missing }}\n"
    found = ask(text, "u", "view", record)
    assert not found.allowed
    assert f"`doc.{name}`" in found.reasons[1]
    assert allowed(ALL, "u", "view", record)  # nothing asks for it


def test_a_place_that_there_is_not_denies() -> None:
    text = 'scope region contains site\nplace region "R"\nplace site "S" in "R"\n'
    text += "resource post { site : site  actions view }\n"
    text += 'role r { grant view on post }\nuser "u" { assign role r }\n'
    assert allowed(text, "u", "view", {"site": "S"}, "post")
    assert not allowed(text, "u", "view", {"site": "Moon"}, "post")
    assert not allowed(text, "u", "view", {"site": "R"}, "post")


def test_changes_belong_to_modify() -> None:
    assert (
        "only modify and actions like it write changes" in ask(ALL, "u", "view", {}, changes={"title": "x"}).reasons[0]
    )


def test_the_ends_of_the_calendar() -> None:
    text = 'timezone "Pacific/Apia"\n' + ALL
    for now in (datetime.datetime.max, datetime.datetime.min):
        with pytest.raises(ValueError, match="outside the calendar"):
            ask(
                text,
                "u",
                "view",
                {},
                now=now.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=14 if now.year == 1 else -12))),
            )


def test_a_now_without_an_offset_is_an_error() -> None:
    with pytest.raises(ValueError, match="no offset"):
        ask(ALL, "u", "view", {}, now=datetime.datetime(2026, 1, 1))


def test_records_may_be_objects() -> None:
    text = MINE + 'role r { grant view, modify on doc  policy mine }\nuser "u" { assign role r }'
    assert allowed(text, "u", "view", SimpleNamespace(owner="u"))
    assert not allowed(text, "u", "view", SimpleNamespace(owner="x"))
    assert not allowed(text, "u", "modify", SimpleNamespace(owner="u"), changes={"owner": "x"})
    assert not allowed(text, "u", "view", None)


def test_a_record_that_refers_to_itself() -> None:
    text = (
        "resource node { up : node  owner : user  actions view }\n"
        "policy p on node { up.up.up.owner is assigned user and up is up.up }\n"
        'role r { grant view on node  policy p }\nuser "u" { assign role r }'
    )
    node: dict[str, Any] = {"owner": "u"}
    node["up"] = node
    assert allowed(text, "u", "view", node, "node")
