"""Trees of records that stand in the store."""

from __future__ import annotations

import datetime

import pytest

from policylang.api.policy_set import PolicySet
from policylang.service.stores.memory import MemoryStore
from policylang.service.stores.store import Deadline, StoredRecord
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
POLICIES = """
subject { home : account }
resource account { optional parent : account as tree  actions view, delete }
policy branch on account { account is under assigned user.home }
role head { grant view on account  policy branch }
role janitor { grant delete on account  deny delete on account { account is under "acme" } }
user "bea" { home : "acme"  assign role head }
user "jan" { assign role janitor }
"""
ROWS = {
    "acme": {},
    "west": {"parent": "acme"},
    "bay": {"parent": "west"},
    "other": {},
    "below": {"parent": "other"},
    "adrift": {"parent": "gone"},
    "ring": {"parent": "ring"},
}


@pytest.mark.parametrize(
    ("key", "viewed", "deleted"),
    [
        ("acme", True, False),
        ("bay", True, False),
        ("other", False, True),
        ("below", False, True),
        ("adrift", False, False),
        ("ring", False, False),
    ],
)
def test_the_store_is_asked_for_the_records_above(key: str, viewed: bool, deleted: bool) -> None:
    policies, store = PolicySet(compiled(POLICIES)), MemoryStore({"account": ROWS})
    for user, action, allowed in (("bea", "view", viewed), ("jan", "delete", deleted)):
        record = StoredRecord(store, policies.index, "account", key, {}, Deadline(5))
        assert policies.decide(user, action, "account", record, now=NOW).allowed is allowed
        found = policies.filter(user, action, "account", now=NOW)
        assert (key in store.search(policies.index, found, None, 10, Deadline(5))) is allowed


def test_what_was_given_of_a_record_stands() -> None:
    policies, store = PolicySet(compiled(POLICIES)), MemoryStore({"account": ROWS})
    placed = StoredRecord(store, policies.index, "account", "new", {"parent": {"id": "acme"}}, Deadline(5))
    assert policies.decide("bea", "view", "account", placed, now=NOW).allowed
