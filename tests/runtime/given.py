"""A policy set that reads whatever callers hand over, and every way to ask it."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Callable
from typing import Any

import pytest

from policylang import PolicySet
from policylang.api.holders import holders
from policylang.runtime.reference import decide
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TEXT = """\
request { account : account  seen : set of text  when : datetime }
subject { since : datetime }
resource account { name : text  tags : set of text  actions view }
resource doc {
  owner   : user
  tags    : set of text
  account : account
  at      : datetime
  actions view, modify, create, pay, approve, one, two, three
}
policy mine on doc { owner is assigned user }
policy known on doc { request.account.name is present }
policy unknown on doc { request.account.name is missing }
policy asked_lately on doc { request.when within 30 days }
policy joined_lately on doc { assigned user.since within 30 days }
policy account_lately on doc { account.name is "Acme"  and at within 30 days }
role reader {
  grant all on doc
  policy mine for view, modify, create
  policy known for approve
  policy unknown for pay
  policy asked_lately for one
  policy joined_lately for two
  policy account_lately for three
}
deny view, modify, create on doc { tags contains "blocked" }
deny view on doc { account.tags contains "blocked" }
deny view on doc { request.seen contains "blocked" }
deny view on doc { request.account.tags contains "blocked" }
deny approve on doc { request.account.name is "Blocked Ltd" }
user "ann" { assign role reader }
"""
# Nothing of the deny is unknown.
CLEAR: dict[str, Any] = {"owner": "ann", "tags": [], "account": {"tags": []}}
ASKED: dict[str, Any] = {"seen": [], "account": {"tags": []}}


class Colour(enum.Enum):
    RED = "red"


class Doc:
    owner = "ann"


@pytest.fixture(scope="module")
def policies() -> PolicySet:
    return PolicySet(compiled(TEXT))


Way = Callable[[PolicySet, str, Any, Any, Any], bool]


def ways() -> dict[str, Way]:
    """Every way to ask whether ann may do something."""

    def many(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        asked = {"user": "ann", "action": action, "resource": "doc", "record": record, "request": request}
        return p.decide_many([{**asked, "changes": changes}], now=NOW)[0].allowed

    def explained(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        found = p.explain("ann", action, "doc", record, now=NOW, request=request, changes=changes)
        return found.decision.allowed

    def referred(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        named = {"now": NOW, "request": request, "changes": changes}
        return decide(p.index, "ann", action, "doc", record, **named).allowed

    def allowed(p: PolicySet, action: str, record: Any, request: Any, changes: Any) -> bool:
        return p.allows("ann", action, "doc", record, now=NOW, request=request, changes=changes)

    return {"allows": allowed, "decide_many": many, "explain": explained, "reference": referred}


def ways_to_view() -> dict[str, Way]:
    """Those that know of no changes."""

    def matches(p: PolicySet, action: str, record: Any, request: Any, _changes: Any) -> bool:
        return p.filter("ann", action, "doc", now=NOW, request=request).matches(record)

    def who(p: PolicySet, action: str, record: Any, request: Any, _changes: Any) -> bool:
        return p.who_can(action, "doc", record, now=NOW, request=request) == ("ann",)

    def held(p: PolicySet, action: str, record: Any, request: Any, _changes: Any) -> bool:
        return [each.user for each in holders(p, action, "doc", record, now=NOW, request=request)] == ["ann"]

    return {**ways(), "filter": matches, "who_can": who, "holders": held}
