"""The Rego target broken on purpose is found out by what the differential tests ask."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec
import pytest

from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets.rego import conditions, request, tables
from policylang.targets.rego.tables import RegoDocument
from policylang.targets.target import TargetBundle
from tests.engines.rego_engine import RegorusEngine
from tests.helpers import compiled
from tests.targets.differential import NOW, Session, compare
from tests.targets.rego_session import starting

SET = """
scope region contains site
place region "North"
place site "HQ" in "North"
place site "Pier"
subject { limit : duration }
resource order {
  number : text
  owner : user with role rep
  amount : decimal
  made : datetime
  length : duration
  tags : set of text
  flag : bool
  sensitive secret : text
  parent : order
  site : site
  actions view, create, modify, delete
  action approve requires superuser and view on order
  action ship requires create on order at region
}
policy own on order { owner is assigned user }
policy recent on order { made within 2 days }
policy old on order { made older than 2 days }
policy cheap on order { amount <= 12.5 and (flag is present or number is "x") }
policy dear on order { amount >= 12.6 }
policy kin on order { parent.owner is assigned user }
policy short on order { not (length > 1 month) }
policy untagged on order { not (tags contains "x") }
role rep
role all_of { grant all on order }
role clerk { grant all on order  policy recent on order }
role holder { grant all on order policy cheap on order }
role rich { grant all on order policy dear on order }
role child { grant all on order policy kin on order }
role quick { grant all on order policy short on order }
role plain { grant all on order policy untagged on order }
role ancient { grant all on order policy old on order }
role blind { grant all on order  deny view on order (flag)  deny delete on order { flag is false } }
group sales { role rep  grant all on order  policy own  }
user "ann" in sales { append policy recent on order for view }
user "bob" in sales { override policy recent on order  assign role holder }
user "cid" { assign role all_of at region "North" }
user "dan" { assign role all_of from 2026-11-21 until 2026-11-21 }
user "eve" { assign role clerk }
user "fay" { assign role blind }
user "gil" { assign role holder }
user "hal" { assign role child }
user "ivo" { assign role quick }
user "jon" { assign role plain }
user "kim" { assign role ancient }
user "ned" { assign role rich }
user "max" { assign role plain from 2026-11-21 18:00 }
user "mia" { assign role plain until 2026-11-21 18:00 }
terminated user "lou" in sales { assign role all_of }
"""
RECORD: dict[str, Any] = {"owner": "ann", "amount": "9", "flag": True, "made": NOW, "site": "HQ", "length": "1 month"}
RECORD |= {"parent": {"id": "p", "owner": "hal"}, "tags": ["y"]}
DAY = datetime.timedelta(days=1)
OTHER: list[dict[str, Any]] = [
    {},
    {"owner": "bob"},
    {"owner": "lou"},
    {"owner": "nobody"},
    {"amount": "12.6"},
    {"amount": "100"},
    {"amount": None},
    {"amount": "many"},
    {"flag": False},
    {"flag": None},
    {"flag": "maybe"},
    {"made": NOW - 2 * DAY},
    {"made": NOW - 2 * DAY - DAY / 24},
    {"made": NOW + DAY},
    {"site": "Pier"},
    {"site": None},
    {"site": "nowhere"},
    {"secret": "s"},
    {"length": "29 days"},
    {"length": "2 months"},
    {"tags": [None]},
    {"tags": ["x", None]},
    {"parent": {"id": "q"}},
]
USERS = ["ann", "bob", "cid", "dan", "eve", "fay", "gil", "hal", "ivo", "jon", "kim", "lou", "ned"]
ASKED = [Request(user, "view", "order", {**RECORD, **other}, NOW) for user in USERS for other in OTHER]
ASKED += [Request("fay", "delete", "order", {**RECORD, **other}, NOW) for other in OTHER]
ASKED += [
    Request(user, action, "order", {**RECORD, **other}, NOW)
    for user in USERS
    for other in ({}, {"secret": "s"}, {"site": "Pier"})
    for action in ("create", "approve", "ship")
]
ASKED += [Request(user, "modify", "order", RECORD, NOW, {}, None, x) for user in ("ann", "cid", "hal") for x in OTHER]
ASKED += [Request("cid", "modify", "order", {**RECORD, **other}, NOW, {}, None, RECORD) for other in OTHER]
ASKED += [Request(user, "view", "order", RECORD, NOW, {}, name) for user in USERS for name in ("flag", "secret")]
ASKED += [Request("dan", "view", "order", RECORD, NOW + days * DAY) for days in (-1, 1)]
ASKED += [Request(user, "view", "order", RECORD, NOW + n * DAY / 4) for user in ("max", "mia") for n in (0, 1)]


def ask(change: Callable[[str], str] = str) -> int:
    def start(bundle: TargetBundle, index: Index) -> AbstractContextManager[Session]:
        files = {
            name: change(content.decode()).encode() if name.endswith(".rego") else content
            for name, content in bundle.files.items()
        }
        return starting(RegorusEngine)(msgspec.structs.replace(bundle, files=files), index)

    return compare("rego", start, compiled(SET), ASKED).asked


PROGRAMS: dict[str, tuple[str, str]] = {
    "no denies": (r"denies := denies_of\(record\)", "denies := []"),
    "unknown denies do not apply": (
        r'is_harmless\(deny, record\) if holds\(deny.condition, "false", record\)',
        'is_harmless(deny, record) if not holds(deny.condition, "true", record)',
    ),
    "no appends": (r"\tis_appended\(record\)\n\tdenies", "\tdenies"),
    "no overrides": (r"object.get\(source, .*, grant.limits\)", "grant.limits"),
    "no requirements": (r"\tis_met\(record\)\n", ""),
    "only the old record": (r"after := opened\(changed_record\)", "after := opened(input.record)"),
    "only the new record": (
        r"before := opened\(input.record\)",
        "before := opened(object.union(input.record, changes))",
    ),
    "what lies behind a changed attribute stays": (r'not split\(name, "."\)\[0\] in touched', "true"),
    "anybody is eligible": (r"\tis_eligible\(attribute.role, given\)\n", ""),
    "sensitive attributes for all": (r"this_resource.plain", "this_resource.order"),
    "denies of attributes are forgotten": (r"fields_of_ways - fields_denied", "fields_of_ways"),
    "no places": (r"covers\(place, _\) if place == null", "covers(_, _) if true"),
    "places that there are not": (r"\tis_well_placed\(record\)\n", ""),
    "the last day is over": (r"input.today <= source.until", "input.today < source.until"),
    "the first day is not yet": (r"source.from <= input.today", "source.from < input.today"),
    "an end left out": (r"\tfirst <= found\n", "\tfirst < found\n"),
    "the other end left out": (r"\tfound <= last\n", "\tfound < last\n"),
    "older includes its end": (r":= found < first if", ":= found <= first if"),
    "values are not looked at": (r'fits_one\("bool", given\) if is_boolean\(given\)', 'fits_one("bool", _) if true'),
    "numbers as text": (r"whole_digits\(number\) := .*", "whole_digits(_) := 1"),
    "missing items do not count": (r"\t\titem != null\n", ""),
    "months are days": (r'\["months", duration.months\]', '["minutes", duration.months * 43200]'),
}


def _swapped(tree: Any, behind: Any = conditions.network) -> Any:
    def swap(part: Any) -> Any:
        names = {"all": "any", "any": "all"}
        return {names.get(k, k): [swap(each) for each in v] if k in names else v for k, v in part.items()}

    return behind(swap(tree))


def _half(*of: Any, table: Any = tables.condition_table) -> Any:
    """One network in place of both."""
    found = table(*of)
    return {**found, "false": found["true"]}


PARTS: dict[str, tuple[Any, str, Any]] = {
    "or for and": (conditions, "network", _swapped),
    "true for false": (tables, "condition_table", _half),
    "no limits": (RegoDocument, "_limits", lambda *_: []),
    "overrides of roles too": (tables, "standing_limits", lambda _i, _s, _c, overrides, _r: (overrides, True)),
    "terminated users keep their roles": (
        tables,
        "holdings",
        lambda *arguments, of=tables.holdings: (msgspec.structs.replace(each, lost=False) for each in of(*arguments)),
    ),
    "days of another timezone": (request, "day_number", lambda found, of=request.day_number: of(found) + 1),
}


def test_what_is_whole_passes() -> None:
    assert ask() == len(ASKED) > 400


@pytest.mark.parametrize("name", PROGRAMS)
def test_broken_programs(name: str) -> None:
    pattern, instead = PROGRAMS[name]
    changed = []

    def change(program: str) -> str:
        text, count = re.subn(pattern, lambda _: instead, program)
        changed.append(count)
        return text

    with pytest.raises(AssertionError, match="Request"):
        ask(change)
    assert sum(changed) > 0


@pytest.mark.parametrize("name", PARTS)
def test_broken_parts(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    of, part, instead = PARTS[name]
    monkeypatch.setattr(of, part, instead)
    with pytest.raises(AssertionError, match="Request"):
        ask()
