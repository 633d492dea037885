"""Actions that are like view, create, modify or delete and have another name."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from policylang.api.policy_set import PolicySet
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.helpers import compiled, explain

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
KINDS = {"view": "read", "modify": "write", "create": "add", "delete": "drop"}
TEXT = """
role keeper
resource doc {{
  owner : user  title : text  keeper : user with role keeper  sensitive fee : int
  {actions}
}}
policy mine on doc {{ owner is assigned user }}
role r {{ grant all on doc (owner, title, keeper)  policy mine }}
user "u" {{ assign role r }}
user "k" {{ assign role keeper }}
user "x"
"""
PLAIN = TEXT.format(actions="actions view, modify, create, delete")
LIKE = "actions read like view, write like modify  action add like create  action drop like delete"
ALIKE = TEXT.format(actions=LIKE)
NEITHER = TEXT.format(actions="actions read, write, add, drop")
MINE, THEIRS = {"owner": "u", "title": "t"}, {"owner": "x", "title": "t"}
QUESTIONS: list[tuple[str, Any, dict[str, Any]]] = [
    *((action, record, {}) for action in KINDS for record in (MINE, THEIRS, {}, {"owner": None}, {"owner": 3})),
    *(("modify", record, {"changes": {"title": title}}) for record in (MINE, THEIRS) for title in ("z", None)),
    *(("modify", MINE, {"changes": {"owner": owner}}) for owner in ("u", "x", None, 3)),
    *(("modify", MINE, {"changes": changes}) for changes in ({}, None, {"fee": 3}, {"colour": "red"})),
    *(("modify", MINE, {"changes": {"keeper": who}}) for who in ("k", "x", "nobody")),
    *((action, MINE, {"changes": {"title": "z"}}) for action in ("view", "create", "delete")),
    *(("create", {**MINE, **more}, {}) for more in ({"fee": 3}, {"fee": None}, {"colour": "red"}, {"id": 4})),
    *(("create", {**MINE, "keeper": who}, {}) for who in ("k", "x")),
    *((action, MINE, {"field": field}) for action in KINDS for field in ("title", "fee", "colour")),
]


@pytest.mark.parametrize(("action", "record", "more"), QUESTIONS)
def test_an_action_is_decided_as_what_it_is_like(action: str, record: Any, more: dict[str, Any]) -> None:
    plain = decide(Index(compiled(PLAIN)), "u", action, "doc", record, now=NOW, **more)
    index = Index(compiled(ALIKE))
    alike = decide(index, "u", KINDS[action], "doc", record, now=NOW, **more)
    assert (alike.allowed, alike.fields, alike.missing) == (plain.allowed, plain.fields, plain.missing)
    assert PolicySet(index).decide("u", KINDS[action], "doc", record, now=NOW, **more) == alike
    told = explain(index, "u", KINDS[action], "doc", record, now=NOW, **more)
    assert (told.decision, told.asked.kind) in ((alike, action), (alike, None))


@pytest.mark.parametrize("action", KINDS.values())
@pytest.mark.parametrize("record", [MINE, THEIRS, {}, {**MINE, "fee": 3}, {**MINE, "keeper": "x"}])
def test_an_action_like_none_is_decided_on_the_record_as_it_is(action: str, record: Any) -> None:
    found = decide(Index(compiled(NEITHER)), "u", action, "doc", record, now=NOW)
    assert found.allowed == (record.get("owner") == "u")


def test_an_action_like_none_writes_nothing() -> None:
    index = Index(compiled(NEITHER))
    found = decide(index, "u", "write", "doc", MINE, now=NOW, changes={"title": "z"})
    assert found.reasons == ("only modify and actions like it write changes, write does not",)


def test_filters_of_new_records_ask_for_what_is_set() -> None:
    policies = PolicySet(Index(compiled(ALIKE)))
    filter = policies.filter("u", "add", "doc", now=NOW)
    assert filter.matches(MINE)
    assert not filter.matches({**MINE, "fee": 3})
    assert not filter.matches(THEIRS)
