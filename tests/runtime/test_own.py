"""Grants, denies and policies in a user's block are one more source of that user, and of nobody else."""

from __future__ import annotations

import datetime
import json
from typing import Any

import msgspec
import pytest

from policylang.api.policy_set import PolicySet
from policylang.ir import LoadError, from_json, to_json
from policylang.ir.codec import with_digest
from policylang.ir.nodes import own_role
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.helpers import compiled, explain

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
WORLD = """
scope region contains site
place region "North"
place site "HQ" in "North"
resource doc { owner : user  title : text  sensitive fee : int  site : site  actions view, modify, delete }
policy mine on doc { owner is assigned user }
policy titled on doc { title is present }
role reader { grant view on doc  policy mine }
essential role kept { grant view on doc  policy mine }
group staff { grant view, delete on doc  policy mine }
"""
MINE, THEIRS, BARE = {"owner": "u", "title": "t"}, {"owner": "x", "title": "t"}, {"owner": "x"}


def allowed(user: str, action: str, record: Any, text: str, **more: Any) -> bool:
    index = Index(compiled(WORLD + text))
    answers = [decide(index, user, action, "doc", record, now=NOW, **more)]
    answers.append(PolicySet(index).decide(user, action, "doc", record, now=NOW, **more))
    assert answers[0] == answers[1]
    assert explain(index, user, action, "doc", record, now=NOW, **more).decision == answers[0]
    if not more:
        assert PolicySet(index).filter(user, action, "doc", now=NOW).matches(record) == answers[0].allowed
    return answers[0].allowed


OWN = 'user "u" { assign role reader  grant modify on doc  policy titled }\nuser "v" { assign role reader }\n'


@pytest.mark.parametrize(
    ("user", "action", "record", "expected"),
    [
        ("u", "modify", MINE, True),
        ("u", "modify", THEIRS, True),
        ("u", "modify", BARE, False),  # its own limit
        ("u", "modify", {"owner": "u", "title": None}, False),
        ("u", "view", MINE, True),
        ("u", "view", THEIRS, False),  # the limit of the other source is not lost, as nothing grants view beside it
        ("u", "view", {"owner": "u"}, True),  # nor does the own limit narrow another source
        ("v", "modify", MINE, False),  # nobody else has it
        ("u", "delete", MINE, False),
    ],
)
def test_it_is_a_source_of_its_own(user: str, action: str, record: Any, expected: bool) -> None:
    assert allowed(user, action, record, OWN) == expected


def test_sources_widen_and_the_own_one_holds_everywhere() -> None:
    text = 'user "u" { assign role reader at site "HQ"  grant view on doc }\n'
    assert allowed("u", "view", THEIRS, text)
    assert allowed("u", "view", {**THEIRS, "site": "HQ"}, text)
    assert not allowed("u", "view", {**MINE, "site": "nowhere"}, text)


def test_denies_take_what_other_sources_grant() -> None:
    text = 'user "u" in staff { deny delete on doc { title is "secret" }  deny view on doc (title) }\n'
    assert allowed("u", "delete", {"owner": "u", "title": "t"}, text)
    assert not allowed("u", "delete", {"owner": "u", "title": "secret"}, text)
    assert not allowed("u", "delete", {"owner": "u"}, text)  # unknown, so the deny applies
    assert allowed("u", "view", MINE, text)
    assert not allowed("u", "view", MINE, text, field="title")
    other = 'user "u" in staff\nuser "v" { deny delete on doc }\n'
    assert allowed("u", "delete", MINE, other)


def test_overrides_do_not_touch_it_and_appends_narrow_it() -> None:
    grant = "grant view on doc  policy titled"
    assert allowed("u", "view", THEIRS, f'user "u" in staff {{ override policy mine  {grant} }}\n')
    assert not allowed("u", "view", BARE, f'user "u" in staff {{ override policy mine  {grant} }}\n')
    assert not allowed("u", "view", THEIRS, f'user "u" in staff {{ append policy mine  {grant} }}\n')
    assert allowed("u", "view", MINE, f'user "u" in staff {{ append policy mine  {grant} }}\n')


def test_a_terminated_user_does_not_keep_it() -> None:
    text = 'terminated user "u" in staff {{ assign role kept  {} }}\n'
    assert not allowed("u", "view", THEIRS, text.format("grant view on doc"))
    assert allowed("u", "view", MINE, text.format("grant view on doc"))
    assert allowed("u", "view", MINE, text.format("deny view on doc"))


def test_sensitive_attributes_and_changes_count_as_elsewhere() -> None:
    text = 'user "u" { grant view, modify on doc except title }\n'
    assert not allowed("u", "view", MINE, text, field="fee")
    assert not allowed("u", "view", MINE, text, field="title")
    assert not allowed("u", "modify", MINE, text, changes={"title": "x"})
    assert allowed("u", "modify", MINE, text, changes={"owner": "x"})


HOSTILE = ("it's", 'd"q', "a@b", "x's own", "${u}", "u\nv", "*", "role:u", "o'neil's own")


@pytest.mark.parametrize("user", HOSTILE)
def test_any_id_can_have_one(user: str) -> None:
    policy_set = compiled(WORLD + f'user {json.dumps(user)} {{ grant view on doc }}\nuser "other"\n')
    assert from_json(to_json(policy_set)) == policy_set
    index = Index(policy_set)
    assert decide(index, user, "view", "doc", {}, now=NOW).allowed
    assert not decide(index, "other", "view", "doc", {}, now=NOW).allowed


@pytest.mark.parametrize(
    "edit",
    [
        {"owner": "v"},
        {"owner": "nobody"},
        {"owner": None},
        {"essential": True},
        {"protected": True},
        {"name": "mine"},
        {"name": "v's own"},
        {"label": "Own"},
    ],
)
def test_what_no_sources_say_of_one_does_not_load(edit: dict[str, Any]) -> None:
    policy_set = compiled(WORLD + 'user "u" { grant view on doc }\nuser "v"\n')
    roles = tuple(msgspec.structs.replace(role, **edit) if role.owner else role for role in policy_set.roles)
    with pytest.raises(LoadError):
        from_json(to_json(with_digest(msgspec.structs.replace(policy_set, roles=roles))))


def test_nobody_else_can_be_given_it() -> None:
    policy_set = compiled(WORLD + 'user "u" { grant view on doc }\nuser "v"\n')
    own = next(user for user in policy_set.users if user.id == "u").assignments
    users = tuple(msgspec.structs.replace(user, assignments=own) for user in policy_set.users)
    with pytest.raises(LoadError):
        from_json(to_json(with_digest(msgspec.structs.replace(policy_set, users=users))))
    assert own[0].role == own_role("u")
