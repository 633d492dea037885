"""What one clause less would decide otherwise, on the real engines: the end of the day, a set with a hole beside one
without items, lengths that cannot be compared, a deny of one attribute, hours of a role, a limit that is unknown.
"""

from __future__ import annotations

import datetime
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from policylang.ir import nodes as ir
from policylang.runtime.request import Request
from policylang.settings.targets import TargetSettings
from policylang.targets.target import TargetBundle
from tests.engines.cerbos_engine import CerbosServer
from tests.engines.rego_engine import RegorusEngine
from tests.helpers import compiled
from tests.targets import cerbos_session, rego_session, relations_session
from tests.targets.differential import NOW, compare
from tests.targets.postgres_session import PostgresSession, loaded
from tests.targets.postgres_session import settings as tables_of

CONDITIONS = """
resource doc { tags : set of text  others : set of text  age : duration  actions view, print, read }
policy day on doc { now is between 08:00 and 18:00 }
policy apart on doc { not (tags overlaps others) }
policy odd on doc { not (age in [1 days, 1 month]) }
role reader { grant view on doc  policy day on doc for view
              grant print on doc  policy apart on doc for print
              grant read on doc  policy odd on doc for read }
user "ann" { assign role reader }
"""


def conditions() -> list[Request]:
    day = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    edges = (day + datetime.timedelta(hours=hours) for hours in (8, 18))
    times = [at - datetime.timedelta(seconds=seconds) for at in edges for seconds in (1, 0)]
    sets: list[list[Any]] = [[], [None], ["a"], ["b"], ["a", None]]
    records = [{"tags": tags, "others": others} for tags in sets for others in sets]
    ages = ("1 days", "2 days", "24 hours", "1 months", "2 months")
    return [
        *(Request("ann", "view", "doc", {}, at) for at in times),
        *(Request("ann", "print", "doc", record, NOW) for record in records),
        *(Request("ann", "read", "doc", {"age": age}, NOW) for age in ages),
    ]


def test_conditions_in_cerbos(cerbos: CerbosServer) -> None:
    found = compare("cerbos", cerbos_session.starting(cerbos), compiled(CONDITIONS), conditions())
    assert (found.refused, found.unanswered, found.asked) == ([], 0, len(conditions()))
    assert found.allowed > 5


def test_conditions_in_rego() -> None:
    found = compare("rego", rego_session.starting(RegorusEngine), compiled(CONDITIONS), conditions())
    assert (found.refused, found.unanswered, found.asked) == ([], 0, len(conditions()))
    assert found.allowed > 5


@pytest.mark.parametrize("target", relations_session.ENGINES)
def test_a_deny_of_one_attribute(target: str) -> None:
    policy_set = compiled(
        "resource doc { title : text  note : text  actions view }\n"
        "role reader { grant view on doc }\n"
        "role junior { grant view on doc  deny view on doc (note) }\n"
        'user "ann" { assign role reader }\nuser "bob" { assign role junior }\n'
    )
    asked = [
        Request(user, "view", "doc", {"title": "a", "note": "b"}, NOW, field=field)
        for user in ("ann", "bob")
        for field in (None, "title", "note")
    ]
    found = compare(target, relations_session.starting(target, NOW), policy_set, asked, NOW)
    assert (found.refused, found.asked, found.allowed) == ([], len(asked), 5)


ROWS = """
resource doc { owner : user with role rep  boss : user  title : text  actions view, modify }
policy own on doc { boss is assigned user }
role rep
role writer { grant view, modify on doc }
role namer { grant view on doc  grant modify on doc (owner) }
role titler { grant modify on doc (title)  policy own }
user "ann" { assign role writer }
user "bob" { assign role namer  assign role titler }
user "cid" { assign role rep from 2026-11-21 10:00 until 2026-11-21 14:00 }
"""


def test_rows(connection: psycopg.Connection[Any]) -> None:
    policy_set = compiled(ROWS)

    def start(bundle: TargetBundle, of: ir.PolicySet) -> AbstractContextManager[PostgresSession]:
        return loaded(connection, bundle, of)

    day = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
    times = [day + datetime.timedelta(hours=hour, minutes=minute) for hour in (9, 10, 13, 14) for minute in (0, 59)]
    records: list[dict[str, Any]] = [{}, {"boss": "bob"}, {"boss": "ann"}]
    asked = [Request("ann", "modify", "doc", {}, at, changes={"owner": "cid"}) for at in times]
    asked += [Request("bob", "modify", "doc", record, NOW, changes={"title": "x"}) for record in records]
    found = compare("postgres", start, policy_set, asked, settings=TargetSettings(postgres=tables_of(policy_set)))
    assert (found.refused, found.unanswered, found.asked, found.allowed) == ([], 0, len(asked), 5)
