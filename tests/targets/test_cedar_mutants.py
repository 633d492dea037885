"""A target broken on purpose is found out by what the differential tests ask."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import msgspec
import pytest

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.cedar import conditions, policies, request, rights
from policylang.targets.cedar.expressions import FALSE, TRUE, Expression
from policylang.targets.target import TargetBundle
from tests.engines.files import EngineError
from tests.helpers import project
from tests.targets.cedar_session import CedarSession, loaded
from tests.targets.differential import boundaries, compare

SET = """
timezone "America/Denver"
scope region contains site
place region "North"
place site "HQ" in "North"
place site "Pier"
resource customer {
  name : text
  created : datetime
  optional closed : bool
  owner : user with role rep
  site : site
  sensitive rate : money
  actions view, create, modify
  action delete requires create on customer
  action export requires create on customer at site
}
policy own on customer { owner is assigned user }
policy recent on customer { created within 1 month }
policy fresh on customer { created within 5 days }
policy named on customer { name is "x" and closed is present }
policy rich on customer { rate > 2.5 or name is "poor" }
role rep
role guard {
  grant view, modify on customer
  deny view on customer { closed is true }
}
role cleaner { grant delete on customer }
role seller { grant view, create, export on customer  policy rich  policy fresh }
role exporter { grant export on customer }
group sales {
  role rep
  grant view, create, modify, delete on customer
  policy own
}
group hidden { grant view on customer  deny view on customer (name) { closed is true } }
user "ann" in sales { append policy recent on customer }
user "bob" in sales { override policy named on customer }
user "cid" { assign role guard at region "North" until 2026-11-21 }
user "dan" { assign role cleaner }
user "eli" { assign role seller at site "Pier"  assign role seller at region "North" from 2026-11-22 }
user "gus" { assign role exporter  assign role seller at site "Pier" }
user "fay" in hidden
user "hal" { assign role guard at site "Pier"  assign role guard at site "HQ" }
deny modify on customer { closed is true }
"""
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(days=1)
_RECORD = {"name": "x", "created": "2026-11-20T00:00:00Z", "owner": "ann", "site": "HQ", "closed": False}
_PIER = {**_RECORD, "site": "Pier"}
BESIDE = [
    Request(user, action, "customer", record, now, changes=changes)
    for user, action, record, changes, now in (
        ("ann", "modify", _RECORD, {"name": "y"}, NOW),
        ("ann", "modify", _RECORD, {"owner": "bob"}, NOW),
        ("ann", "modify", {**_RECORD, "owner": "bob"}, {"owner": "ann"}, NOW),
        ("bob", "modify", _RECORD, {"owner": "dan"}, NOW),
        ("ann", "create", {**_RECORD, "rate": "1"}, None, NOW),
        ("cid", "modify", _RECORD, {"owner": "bob"}, NOW),
        ("cid", "modify", _RECORD, {"owner": "dan"}, NOW),
        ("cid", "view", _RECORD, None, NOW),
        ("cid", "view", _RECORD, None, LATER),
        ("cid", "view", {**_RECORD, "closed": None}, None, NOW),
        ("cid", "view", _PIER, None, NOW),
        ("cid", "modify", _PIER, {"site": "HQ"}, NOW),
        ("cid", "modify", _RECORD, {"site": "Pier"}, NOW),
        ("dan", "delete", _RECORD, None, NOW),
        ("ann", "delete", _RECORD, None, NOW),
        ("eli", "export", _PIER, None, NOW),
        ("eli", "export", {**_PIER, "rate": "2.6"}, None, NOW),
        ("eli", "export", {**_RECORD, "rate": "2.6"}, None, NOW),
        ("eli", "export", {**_RECORD, "rate": "2.6"}, None, LATER),
        ("gus", "export", _RECORD, None, NOW),
        ("gus", "export", _PIER, None, NOW),
        ("fay", "view", {**_RECORD, "closed": True}, None, NOW),
        ("fay", "view", _RECORD, None, NOW),
        ("hal", "view", _RECORD, None, NOW),
        ("hal", "view", _PIER, None, NOW),
        ("bob", "view", {**_RECORD, "owner": "cid"}, None, NOW),
    )
]
"""What no boundary is about: changes, requirements, places, days."""


def ask(change: Callable[[dict[str, Any]], None] | None = None) -> int:
    made = project(SET)
    assert made.ir is not None

    def start(bundle: TargetBundle, index: Index) -> AbstractContextManager[CedarSession]:
        if change is not None:
            document = json.loads(bundle.files["policies.json"])
            change(document["staticPolicies"])
            files = {**bundle.files, "policies.json": json.dumps(document).encode()}
            assert files["policies.json"] != json.dumps(json.loads(bundle.files["policies.json"])).encode()
            bundle = msgspec.structs.replace(bundle, files=files)
        return loaded(bundle, index)

    asked = [*(each.asked for each in boundaries(made)), *BESIDE]
    found = compare("cedar", start, made.ir, asked)
    assert found.asked == len(asked)
    return found.asked


def test_what_is_whole_passes() -> None:
    assert ask() > 60


def _dropped(start: str) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        for id in [id for id in found if id.startswith(start)]:
            del found[id]

    return change


def _without_unless(found: dict[str, Any]) -> None:
    for policy in found.values():
        policy["conditions"] = [each for each in policy["conditions"] if each["kind"] != "unless"]


def _only_forbidden_where_true(found: dict[str, Any]) -> None:
    """A deny that is false only where its condition is known to be true: what is unknown slips through."""
    deny = next(policy for id, policy in found.items() if id.startswith("deny view on customer where"))
    (unless,) = (each for each in deny["conditions"] if each["kind"] == "unless")
    closed = {".": {"left": {".": {"left": {"Var": "context"}, "attr": "record"}}, "attr": "closed"}}
    given = {"has": {"left": closed["."]["left"], "attr": "closed"}}
    unless.update(kind="when", body={"&&": {"left": given, "right": closed}})


POLICIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "no denies for everyone": _dropped("deny for everyone"),
    "no denies of roles": _dropped("deny view on customer where"),
    "no denies of attributes": _dropped("deny view on customer (name)"),
    "no appends": _dropped("append"),
    "no requirements": _dropped("delete on customer requires"),
    "no requirements at places": _dropped("export on customer requires"),
    "anybody is eligible": _dropped("eligible"),
    "grants forgotten": _dropped("grant view"),
    "forbidden without exception": _without_unless,
    "unknown denies do not apply": _only_forbidden_where_true,
}


@pytest.mark.parametrize("name", POLICIES)
def test_broken_policies(name: str) -> None:
    with pytest.raises(AssertionError, match="Request"):
        ask(POLICIES[name])


def _no_overrides(index: Any, source: Any, chain: Any, overrides: Any) -> Any:
    return _GRANTED(index, source, chain)


def _no_limits(*arguments: Any) -> Any:
    return (msgspec.structs.replace(each, limits=()) for each in _GRANTED(*arguments))


_GRANTED = rights.granted_by
_ORDERED = conditions._ordered
_OPERATORS = conditions._OPERATORS


def _off_by_one(left: Expression, amount: int, ahead: bool) -> Expression:
    return _MOVED(left, amount - 1, ahead)


_MOVED = conditions._moved


def _30_days_away(edges: Any, now: Any, length: Any, sign: int, zone: Any, *, of_days: bool) -> Any:
    return edges(now, length, sign, zone, of_days=True) if of_days else (now, now + sign * datetime.timedelta(30))


def _only(state: str) -> Callable[..., Any]:
    """Asks about the record before the change alone, or after it alone."""

    def questions(*arguments: Any, changes: Any = None, **more: Any) -> Any:
        found = _QUESTIONS(*arguments, changes=changes, **more)
        half = len(found) // 2
        return found if not changes or half == 0 else found[:half] if state == "before" else found[-half:]

    return questions


_QUESTIONS = request.questions

PARTS: dict[str, tuple[Any, str, Any]] = {
    "no overrides": (rights, "granted_by", _no_overrides),
    "no limits": (rights, "granted_by", _no_limits),
    "everywhere": (policies.Policies, "_is_at", lambda self, place, places: TRUE),
    "nowhere": (policies.Policies, "_is_at", lambda self, place, places: FALSE),
    "for ever": (rights, "_period", lambda given: rights.ALWAYS),
    "a day longer": (
        rights,
        "_period",
        lambda given, made=rights._period: rights.DayRange(made(given).since, made(given).until + 1),
    ),
    "sensitive attributes for all": (
        rights,
        "grant_fields",
        lambda index, grant: frozenset(index.attributes[grant.resource]),
    ),
    "a microsecond off": (conditions, "_moved", _off_by_one),
    "an end left out": (conditions, "_OPERATORS", {**_OPERATORS, "gt": ">="}),
    "or for and": (conditions, "all_of", lambda items: conditions.any_of(items)),
    "months of another length": (request, "now_and_edge", partial(_30_days_away, request.now_and_edge)),
    "only the record before": (request, "questions", _only("before")),
    "only the record after": (request, "questions", _only("after")),
}


@pytest.mark.parametrize("name", PARTS)
def test_broken_parts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    where, part, instead = PARTS[name]
    monkeypatch.setattr(where, part, instead)
    if part == "questions":
        monkeypatch.setattr("tests.targets.cedar_session.questions", instead)
    with pytest.raises(AssertionError, match="Request"):
        ask()


def test_a_guard_that_is_dropped_is_not_even_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cedar's validator finds an attribute that may be missing and is read all the same."""
    monkeypatch.setattr(conditions, "_is_present", lambda each: TRUE)
    with pytest.raises(EngineError, match="optional"):
        ask()
