"""What a policy set has, which columns of which rows are open, and decisions that are sent elsewhere."""

from __future__ import annotations

import datetime
import json
import pickle

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.api.policy_set import PolicySet
from policylang.runtime.reference import Decision
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SET = """\
resource doc { owner : user  status : one of draft, done  note : text  sensitive fee : money  actions view, create }
resource api { actions access }
policy own on doc { owner is assigned user }
policy done on doc { status is done }
role all_notes { grant view on doc }
role fees { grant view on doc including fee  policy own  grant create on doc }
role finished { grant view on doc (fee)  policy done }
group sales { deny view on doc (note) { status is draft } }
user "ann" in sales { assign role fees  assign role finished because "x" }
user "ben" { assign role all_notes }
user "cy"
"""
SETS = PolicySet(compiled(SET))


def test_what_there_is_can_be_listed() -> None:
    assert SETS.resources == ("api", "doc")
    assert SETS.actions("doc") == ("view", "create")
    assert SETS.roles == ("all_notes", "fees", "finished")
    assert SETS.groups == ("sales",)
    assert SETS.users == ("ann", "ben", "cy")
    with pytest.raises(LookupError, match="did you mean `doc`"):
        SETS.actions("dok")


def test_columns_are_told_with_the_rows() -> None:
    found = SETS.filter("ben", "view", "doc", now=NOW)
    assert list(found.columns) == ["owner", "status", "note"]
    assert all(column.everything for column in found.columns.values())
    assert not SETS.filter("cy", "view", "doc", now=NOW).columns


@given(
    user=st.sampled_from(["ann", "ben", "cy"]),
    action=st.just("view"),
    record=st.fixed_dictionaries(
        {},
        optional={
            "owner": st.sampled_from(["ann", "ben"]),
            "status": st.sampled_from(["draft", "done"]),
            "note": st.just("x"),
            "fee": st.just("1"),
        },
    ),
)
def test_a_column_is_open_where_the_decision_covers_it(user: str, action: str, record: dict[str, str]) -> None:
    columns = SETS.filter(user, action, "doc", now=NOW).columns
    open_ = tuple(name for name, column in columns.items() if column.matches(record))
    assert open_ == SETS.decide(user, action, "doc", record, now=NOW).fields


def test_decisions_can_be_sent_elsewhere() -> None:
    for user in ("ann", "cy"):
        decision = SETS.decide(user, "view", "doc", {"owner": "ann"}, now=NOW)
        assert pickle.loads(pickle.dumps(decision)) == decision
        assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision
        assert json.loads(json.dumps(msgspec.to_builtins(decision)))["allowed"] is decision.allowed
