"""A target broken on purpose is found out by what the differential tests ask."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import psycopg
import pytest

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.targets import TargetSettings
from policylang.targets.postgres import expressions
from policylang.targets.target import TargetBundle
from tests.helpers import project
from tests.targets.differential import boundaries, compare
from tests.targets.postgres_session import PostgresSession, loaded
from tests.targets.postgres_session import settings as tables_of

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
}
policy own on customer { owner is assigned user }
policy recent on customer { created within 1 month }
policy named on customer { name is "x" and closed is present }
role rep
role guard {
  grant view, modify on customer
  deny view on customer { closed is true }
}
role cleaner { grant delete on customer }
role namer { grant modify on customer (name) }
group sales {
  role rep
  grant view, create, modify, delete on customer
  policy own
}
user "ann" in sales { append policy recent on customer }
user "bob" in sales { override policy named on customer }
user "cid" { assign role guard at region "North" until 2026-11-21 }
user "dan" { assign role cleaner }
user "fay" { assign role guard at region "North"  assign role namer }
deny modify on customer { closed is true }
"""


NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
_RECORD = {"name": "x", "created": "2026-11-20T00:00:00Z", "owner": "ann", "site": "HQ", "closed": False}
_PIER = {**_RECORD, "site": "Pier"}
BESIDE = [
    Request(user, action, "customer", record, NOW, changes=changes)
    for user, action, record, changes in (
        ("ann", "modify", _RECORD, {"name": "y"}),
        ("ann", "modify", _RECORD, {"owner": "bob"}),
        ("ann", "modify", {**_RECORD, "owner": "bob"}, {"owner": "ann"}),
        ("ann", "create", {**_RECORD, "rate": "1"}, None),
        ("cid", "modify", _RECORD, {"owner": "bob"}),
        ("cid", "modify", _RECORD, {"owner": "dan"}),
        ("cid", "view", _RECORD, None),
        ("cid", "view", _PIER, None),
        ("cid", "modify", _PIER, {"site": "HQ"}),
        ("cid", "modify", _RECORD, {"site": "Pier"}),
        ("dan", "delete", _RECORD, None),
        ("fay", "modify", _PIER, {"name": "y"}),
        ("fay", "modify", _PIER, {"name": "y", "created": "2026-11-19T00:00:00Z"}),
        ("fay", "modify", _RECORD, {"created": "2026-11-19T00:00:00Z"}),
        ("ann", "delete", _RECORD, None),
    )
]
"""What no boundary is about: changes, requirements, places."""


def ask(connection: psycopg.Connection[Any], change: Callable[[str], str] = str) -> int:
    made = project(SET)
    assert made.ir is not None

    def start(bundle: TargetBundle, index: Index) -> AbstractContextManager[PostgresSession]:
        script = bundle.files["up.sql"].decode()
        files = {**bundle.files, "up.sql": change(script).encode()}
        return loaded(connection, msgspec.structs.replace(bundle, files=files), index)

    chosen = TargetSettings(postgres=tables_of(made.ir))
    return compare(
        "postgres", start, made.ir, [*(each.asked for each in boundaries(made)), *BESIDE], settings=chosen
    ).asked


SCRIPTS: dict[str, Callable[[str], str]] = {
    "no check of the new row": lambda text: re.sub(
        r"(FOR UPDATE TO .*\n  USING \(.*\)) WITH CHECK \(.*\);", r"\1 WITH CHECK (TRUE);", text
    ),
    "only the new row": lambda text: re.sub(
        r"(FOR UPDATE TO .*\n  USING) \(.*\) (WITH CHECK \(.*\);)", r"\1 (TRUE) \2", text
    ),
    "anybody is eligible": lambda text: re.sub(r"CREATE TRIGGER \"policylang eligible[^;]*;", "", text),
    "attributes that may be changed on some records": lambda text: re.sub(
        r"CREATE TRIGGER \"policylang modify[^;]*;", "", text
    ),
    "months of another length": lambda text: text.replace(
        "make_interval(months => months)", "make_interval(days => 30 * months)"
    ),
    "an end left out": lambda text: text.replace(
        ") >= (SELECT policylang.instant_after", ") > (SELECT policylang.instant_after"
    ).replace('" >= (SELECT', '" > (SELECT'),
    "sensitive attributes for all": lambda text: re.sub(r"GRANT SELECT \((.*)\)", r'GRANT SELECT (\1, "rate")', text),
}


def _without(**left_out: Any) -> Callable[..., Any]:
    plan = expressions.make_plan
    return lambda *arguments: msgspec.structs.replace(plan(*arguments), **left_out)


def _without_overrides(index: Any, who: Any, action: str, resource: str, made: Any = expressions.make_plan) -> Any:
    return made(index, msgspec.structs.replace(who, overrides=()), action, resource)


def _with_or(condition: Any, row: Any, wanted: bool = True, sql: Any = expressions.sql) -> str:
    return str(sql(condition, row, wanted)).replace(" AND ", " OR ")


def _unless_true(condition: Any, row: Any, wanted: bool = True, sql: Any = expressions.sql) -> str:
    return str(sql(condition, row)) if wanted else f"({sql(condition, row)} IS NOT TRUE)"


PARTS: dict[str, tuple[str, Any]] = {
    "no denies": ("make_plan", _without(denies=())),
    "no appends": ("make_plan", _without(appends=())),
    "no requirements": ("make_plan", _without(requirement=True)),
    "no overrides": ("make_plan", _without_overrides),
    "no places": ("_covered", lambda row, place: "TRUE"),
    "no dates": ("_during", lambda row, period: "TRUE"),
    "or for and": ("sql", _with_or),
    "unknown denies do not apply": ("sql", _unless_true),
}


def test_what_is_whole_passes(connection: psycopg.Connection[Any]) -> None:
    assert ask(connection) > 40


@pytest.mark.parametrize("name", SCRIPTS)
def test_broken_scripts(connection: psycopg.Connection[Any], name: str) -> None:
    def change(script: str) -> str:
        changed = SCRIPTS[name](script)
        assert changed != script
        return changed

    with pytest.raises(AssertionError, match="Request"):
        ask(connection, change)


@pytest.mark.parametrize("name", PARTS)
def test_broken_parts(connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    part, instead = PARTS[name]
    monkeypatch.setattr(expressions, part, instead)
    with pytest.raises(AssertionError, match="Request"):
        ask(connection)
