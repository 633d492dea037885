"""OpenFGA and SpiceDB, their target broken on purpose, are found out by what the differential tests ask."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from policylang.runtime.request import Request
from policylang.targets.relations import plan, request
from policylang.targets.relations.cel import CelText
from policylang.targets.relations.expressions import any_of
from policylang.targets.relations.objects import place_object
from policylang.targets.relations.plan import RelationPlan
from tests.helpers import project
from tests.targets.differential import NOW, boundaries, compare
from tests.targets.relations_session import ENGINES, starting

SET = """
timezone "America/Denver"
scope region contains site
place region "North"
place site "HQ" in "North"
place site "Pier"
subject { optional team : text }
resource office { city : text  actions view }
resource customer {
  name : text
  created : datetime
  optional closed : bool
  optional office : office
  owner : user with role rep
  site : site
  sensitive rate : money
  actions view, create, modify
  action delete requires create on customer
}
policy own on customer { owner is assigned user }
policy recent on customer { created within 30 days }
policy named on customer { name is "x" and closed is present }
policy others on customer { owner is not assigned user or office.city is "x" }
role rep
role guard {
  grant view, modify on customer
  deny view on customer { closed is true }
  deny modify on customer (owner)
}
role cleaner { grant delete on customer }
role maker { grant create on customer }
group sales {
  role rep
  grant view, create, modify, delete on customer
  policy own
}
user "ann" in sales { team : "y"  append policy recent on customer }
user "bob" in sales { override policy named on customer }
user "cid" { assign role guard at region "North" until 2026-11-21 }
user "dan" { assign role cleaner }
user "eva" { assign role guard until 2026-11-20 }
user "fay" in sales { override policy others on customer }
user "gus" { assign role cleaner  assign role maker at site "Pier" }
deny modify on customer { closed is true }
deny delete on customer { owner.team is "x" }
"""
_RECORD = {"name": "x", "created": "2026-11-20T00:00:00Z", "owner": "ann", "site": "HQ", "closed": False}
_PIER = {**_RECORD, "site": "Pier"}
_UNSURE = {name: value for name, value in _RECORD.items() if name != "closed"}
BESIDE = [
    Request(user, action, "customer", record, NOW, changes=changes, field=field)
    for user, action, record, changes, field in (
        ("ann", "modify", _RECORD, {"name": "y"}, None),
        ("ann", "modify", _RECORD, {"owner": "bob"}, None),
        ("ann", "modify", {**_RECORD, "owner": "bob"}, {"owner": "ann"}, None),
        ("ann", "modify", _RECORD, {"closed": True}, None),
        ("ann", "create", {**_RECORD, "rate": "1"}, None, None),
        ("ann", "view", _RECORD, None, "rate"),
        ("bob", "create", {**_RECORD, "owner": "dan"}, None, None),
        ("cid", "modify", _RECORD, {"owner": "bob"}, None),
        ("cid", "modify", _RECORD, {"name": "y"}, None),
        ("cid", "view", _RECORD, None, None),
        ("cid", "view", _UNSURE, None, None),
        ("cid", "view", _PIER, None, None),
        ("cid", "modify", _PIER, {"site": "HQ"}, None),
        ("cid", "modify", _RECORD, {"site": "Pier"}, None),
        ("dan", "delete", _RECORD, None, None),
        ("ann", "delete", _RECORD, None, None),
        ("gus", "delete", _RECORD, None, None),
        ("gus", "delete", {**_RECORD, "owner": "bob"}, None, None),
        ("eva", "view", _RECORD, None, None),
        ("fay", "view", _RECORD, None, None),
        ("fay", "view", {**_RECORD, "owner": None}, None, None),
        ("fay", "view", {**_RECORD, "owner": "fay", "office": {"city": "x"}}, None, None),
        ("fay", "view", {**_RECORD, "owner": "fay", "office": {"city": "y"}}, None, None),
    )
]
"""What no boundary is about: changes, requirements, places, fields, dates, related records."""


def ask(target: str) -> int:
    made = project(SET)
    assert made.ir is not None
    asked = [*(each.asked for each in boundaries(made)), *BESIDE]
    found = compare(target, starting(target, NOW), made.ir, asked, NOW)
    assert found.refused == []
    return found.asked


def _cel(change: Callable[[str], str]) -> tuple[Any, str, Any]:
    def changed(formula: Any, cel: Callable[[Any], CelText] = plan.cel) -> CelText:
        text = cel(formula)
        return msgspec.structs.replace(text, expression=change(text.expression))

    return plan, "cel", changed


def _unguarded(expression: str) -> str:
    """Guards name each state, so that no parameter is left unused."""
    return expression.replace(' == "known"', ' != "nothing"')


def _added_everywhere(self: RelationPlan, object: str, relation: str, subject: str, of: str, at: str) -> None:
    object = place_object(None) if subject.startswith("source:") else object
    self.tuples.append(plan.Tuple(object, relation, subject, of, at))


def _without_fields(self: RelationPlan, held: Any, chain: Any, said: Any = RelationPlan._said_by) -> Any:
    return (each for each in said(self, held, chain) if each[0].kind != "deny" or each[0].fields is None)


def _undated(index: Any, user: str, now: datetime.datetime, sources: Any = plan.sources) -> Any:
    return sources(index, user, None)


def _unchanged(*asked: Any, prepared: Any = request.prepared) -> Any:
    found = prepared(*asked)
    return msgspec.structs.replace(found, moments=found.moments[:1])


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "no guards": _cel(_unguarded),
    "a begin left out": _cel(lambda text: text.replace(" >= ", " > ")),
    "an end left out": _cel(lambda text: text.replace(" <= ", " < ")),
    "the opposite": _cel(lambda text: text.replace(" != ", " == ")),
    "or for and": (plan, "all_of", any_of),
    "no denies": (plan, "without", lambda item, minus: item),
    "no denies for everyone": (RelationPlan, "_free", lambda self, deny, made: None),
    "no denies of attributes": (RelationPlan, "_said_by", _without_fields),
    "no appends": (RelationPlan, "_appended", lambda *arguments: iter(())),
    "no overrides": (RelationPlan, "_held", lambda self, user, source: plan._Held(source)),
    "no requirements": (RelationPlan, "_requirement", lambda self, requirement: None),
    "no places": (RelationPlan, "_add", _added_everywhere),
    "no dates": (plan, "sources", _undated),
    "sensitive attributes for all": (plan, "grant_fields", lambda index, grant: index.attributes[grant.resource]),
    "only the record as it is": (request, "prepared", _unchanged),
    "anybody is eligible": (request, "_eligible", lambda *arguments: ()),
}


@pytest.mark.parametrize("target", ENGINES)
def test_what_is_whole_passes(target: str) -> None:
    assert ask(target) > 60


@pytest.mark.parametrize("name", MUTANTS)
@pytest.mark.parametrize("target", ENGINES)
def test_broken_parts(monkeypatch: pytest.MonkeyPatch, target: str, name: str) -> None:
    where, part, instead = MUTANTS[name]
    monkeypatch.setattr(where, part, instead)
    with pytest.raises(AssertionError, match="Request"):
        ask(target)
