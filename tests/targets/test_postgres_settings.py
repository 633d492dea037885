"""Keys, tables and the names of database roles, as the configuration says or leaves them."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import psycopg
import pytest

from policylang.model.instants import timezones, zone
from policylang.pipelines.compile import compile_for
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.targets import Postgres, TargetSettings
from policylang.targets import find_target
from policylang.targets.postgres.expressions import covering, had, plans
from policylang.targets.target import Input, TargetBundle
from tests.helpers import compiled
from tests.targets.differential import NOW
from tests.targets.postgres_sales import bundle, inside


@pytest.mark.parametrize("prefix", ["p" * 40, "é" * 20, "a b,c", '"\\{', "new\nline", "'; --", "A"])
def test_what_database_roles_begin_with(connection: psycopg.Connection[Any], prefix: str) -> None:
    """Users who have the same rights share a role, and nobody else, however long or strange its name is."""
    users = " ".join(f'group g{n} {{ grant view on a  policy p("{n}") on a }} user "u{n}" in g{n}' for n in range(8))
    text = f"resource a {{ name : text actions view }} policy p(own: text) on a {{ name is own }} {users}"
    asked = TargetSettings(postgres=Postgres(role_prefix=prefix))
    found = compile_for(find_target("postgres"), Input(compiled(text), settings=asked))
    assert isinstance(found, TargetBundle)
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE a (id text PRIMARY KEY, name text)")
        connection.execute("INSERT INTO a SELECT n, n FROM generate_series(0, 9) n")
        connection.execute(inside(found.files["up.sql"]))
        for number in range(8):
            with connection.transaction(force_rollback=True):
                connection.execute("SELECT policylang.become(%s)", [f"u{number}"])
                assert connection.execute("SELECT id FROM a").fetchall() == [(str(number),)]
        made = [row[0] for row in connection.execute("SELECT name FROM policylang.roles")]
        written = found.files["up.sql"].decode()
        assert all(f"""('{each.replace("'", "''")}', """ in written for each in made)  # none was cut


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"role_prefix": "é" * 21},
            "the names of database roles begin with 42 bytes, and PostgreSQL cuts them after 63",
        ),
        (
            {"tables": {"a": {"table": "rows"}, "b": {"table": "rows"}}},
            "`a` and `b` are in one table, where users would see the rows of both",
        ),
        ({"tables": {"a": {"table": "b"}, "b": {}}}, "`a` and `b` are in one table"),
        ({"schema": "policylang"}, "`a` is in the schema `policylang`, which is the bundle's own"),
    ],
)
def test_tables_that_are_refused(settings: dict[str, Any], said: str) -> None:
    text = "resource a { name : text actions view } resource b { name : text actions view }"
    asked = msgspec.convert({"postgres": settings}, TargetSettings)
    found = compile_for(find_target("postgres"), Input(compiled(text), settings=asked))
    assert not isinstance(found, TargetBundle)
    assert found[0].code == "PL803"
    assert found[0].message.startswith(said)


# --- keys ----------------------------------------------------------------------------------------------------

KEYED = """
resource note { sensitive id : text  name : text  actions view, create }
role reader { grant view, create on note }
role keeper { grant view, create on note including id }
user "ann" { assign role reader }
user "bob" { assign role keeper }
"""


def test_a_key_that_is_an_attribute_is_covered_as_one(connection: psycopg.Connection[Any]) -> None:
    index = Index(compiled(KEYED))
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE note (id text PRIMARY KEY DEFAULT gen_random_uuid(), name text)")
        connection.execute(inside(bundle(KEYED).files["up.sql"]))
        for user, covered in (("ann", False), ("bob", True)):
            asked = Request(user, "view", "note", {"id": "1", "name": "x"}, NOW, field="id")
            assert reference.answer(index, asked).allowed is covered
            privileges = (
                "SELECT has_column_privilege('note', 'id', 'SELECT'), has_column_privilege('note', 'id', 'INSERT')"
            )
            with connection.transaction(force_rollback=True):
                connection.execute("SELECT policylang.become(%s)", [user])
                assert connection.execute(privileges).fetchone() == (covered, covered)
                connection.execute("INSERT INTO note (name) VALUES ('x')")
                assert connection.execute("SELECT name FROM note").fetchall() == [("x",)]


@pytest.mark.parametrize("action", ["view", "create"])
def test_a_command_without_columns_is_refused(action: str) -> None:
    text = f"resource note {{ sensitive id : text actions view, create }} group g {{ grant {action} on note }}"
    found = compile_for(find_target("postgres"), Input(compiled(text + ' user "ann" in g')))
    assert not isinstance(found, TargetBundle)
    assert ["covers no attribute, and its key is one" in each.message for each in found] == [True]


# --- timezones -----------------------------------------------------------------------------------------------


def test_timezones_that_are_abbreviations_too(connection: psycopg.Connection[Any]) -> None:
    """PostgreSQL looks among abbreviations first, of which none has summer time."""
    found = {row[0] for row in connection.execute("SELECT abbrev FROM pg_timezone_abbrevs")}
    names = [name for name in sorted(timezones()) if name.upper() in found]
    assert {"CET", "EET", "MET", "WET"} < set(names)
    for name in names:
        text = f'timezone "{name}" resource a {{ made : date actions view }} user "ann"'
        with connection.transaction(force_rollback=True):
            connection.execute("CREATE TABLE a (id text PRIMARY KEY, made date)")
            connection.execute(inside(bundle(text).files["up.sql"]))
            for month in (1, 7):
                now = datetime.datetime(2026, month, 15, 22, 30, tzinfo=datetime.UTC)
                local = connection.execute("SELECT %s AT TIME ZONE policylang.zone()", [now]).fetchone()
                assert local == (now.astimezone(zone(name)).replace(tzinfo=None),), name


DENIED_AT = """
scope site
place site "A"
place site "B"
resource doc { name : text  fee : int  site : site  actions modify }
role clerk { grant modify on doc }
role blind { deny modify on doc (fee) }
user "ann" { assign role clerk  assign role blind at site "A" }
"""


def test_a_column_that_is_denied_at_a_place_may_be_changed_elsewhere() -> None:
    index = Index(compiled(DENIED_AT))
    (who,) = had(index)
    found = covering(plans(index, who, "modify", "doc"), index.attributes["doc"])
    assert found == (frozenset({"name", "site"}), frozenset({"fee"}))


ON_SOME = """
resource doc { name : text  fee : int  status : text  actions view, create, modify }
policy open_ on doc { status is "open" }
role clerk { grant view on doc  grant create, modify on doc (name, status) }
role cashier { grant create, modify on doc (fee)  policy open_ }
user "ann" { assign role clerk  assign role cashier }
"""


def test_a_column_that_may_be_viewed_on_some_rows_is_refused() -> None:
    text = """
        resource doc { name : text  fee : int  actions view }
        policy open_ on doc { name is "open" }
        role clerk { grant view on doc (name) }
        role cashier { grant view on doc  policy open_ }
        user "ann" { assign role clerk  assign role cashier }
    """
    found = compile_for(find_target("postgres"), Input(compiled(text)))
    assert not isinstance(found, TargetBundle)
    said = "column privileges do not depend on the row: `fee` may be viewed on some `doc` only"
    assert [(each.code, each.message) for each in found] == [("PL801", said)]


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("INSERT INTO doc (id, status, fee) VALUES ('3', 'open', 5)", True),
        ("INSERT INTO doc (id, status) VALUES ('3', 'closed')", True),
        ("INSERT INTO doc (id, status, fee) VALUES ('3', 'closed', 5)", False),
        ("UPDATE doc SET fee = 5 WHERE status = 'open'", True),
        ("UPDATE doc SET fee = 5 WHERE status = 'closed'", False),
        ("UPDATE doc SET fee = 5, status = 'open' WHERE status = 'closed'", False),
        ("UPDATE doc SET fee = 5, status = 'closed' WHERE status = 'open'", False),
        ("UPDATE doc SET status = 'open' WHERE status = 'closed'", True),
    ],
)
def test_columns_that_may_be_written_on_some_rows(
    connection: psycopg.Connection[Any], statement: str, allowed: bool
) -> None:
    found = compile_for(find_target("postgres"), Input(compiled(ON_SOME)))
    assert isinstance(found, TargetBundle)
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE doc (id text PRIMARY KEY, name text, fee integer, status text)")
        connection.execute("INSERT INTO doc VALUES ('1', 'a', 1, 'open'), ('2', 'b', 2, 'closed')")
        connection.execute(inside(found.files["up.sql"]))
        connection.execute("SELECT policylang.become('ann')")
        if allowed:
            assert connection.execute(statement).rowcount == 1
        else:
            with pytest.raises(psycopg.Error), connection.transaction():
                connection.execute(statement)
