"""PostgreSQL: expressions, drift of a live database, connection strings that stay secret, what is no database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policylang.importing.postgres.conditions import Column, UnknownExpressionError, parse
from policylang.importing.reading import NotThisError
from tests.cli.checking import policylang
from tests.engines.postgres_engine import PostgresServer
from tests.importing.helpers import NOW, asked, codes, imported
from tests.importing.postgres.live import imported_from

COLUMNS = {
    each.name: each
    for each in (
        Column.of("owner", "text", False, True),
        Column.of("n", "integer", False, True),
        Column.of("price", "numeric", False, True),
        Column.of("open", "boolean", False, True),
        Column.of("code", "character", False, True),
        Column.of("folded", "text", False, False),
        Column.of("at", "timestamp with time zone", False, True),
    )
}


@pytest.mark.parametrize(
    "expression",
    [
        "(owner = SESSION_USER)",
        "(owner = current_setting('app.user'::text))",
        "(owner = lower(CURRENT_USER))",
        "(n = CURRENT_USER)",
        "(owner < 'm'::text)",
        "(code = 'a'::bpchar)",
        "(folded = 'a'::text)",
        "(at > now())",
        "((n)::text = '5'::text)",
        "((price)::integer = 5)",
        "(n = ((5.5)::integer))",
        "(n IN ( SELECT 1))",
        "(EXISTS ( SELECT 1 FROM t))",
        "(other.n = 5)",
        "(missing = 5)",
        "(n IS DISTINCT FROM 5)",
        "(open IS NOT TRUE)",
        "(owner ~~ 'a%'::text)",
        "((n + 1) = 5)",
        "(n <> ALL (ARRAY[1, 2]))",
        "(owner = 'a'::text COLLATE \"C\")",
        "(n = 5",
        "",
    ],
)
def test_what_is_no_plain_comparison_is_not_known(expression: str) -> None:
    with pytest.raises(UnknownExpressionError):
        parse(expression, COLUMNS)


def test_texts_are_cut_where_they_are_compared_with_long_names() -> None:
    expression = "(CURRENT_USER = (owner)::name)"
    assert parse(expression, COLUMNS).users == {"owner"}
    with pytest.raises(UnknownExpressionError):
        parse(expression, COLUMNS, names_fit=False)


def test_a_view_that_asks_for_the_rights_of_its_user_is_closed() -> None:
    document = {
        "roles": [["ann", False, True, False, True], ["root", True, True, False, True]],
        "members": [],
        "schemas": [["public", "public"]],
        "tables": [["public", "mine", "root", False, False], ["public", "plain", "root", False, False]],
        "columns": [["public", name, "id", "integer", True, True] for name in ("mine", "plain")],
        "grants": [["public", name, None, "ann", "SELECT", False] for name in ("mine", "plain")],
        "policies": [],
        "invoker_views": [["public", "mine"]],
    }
    made = imported("postgres", {"crm": json.dumps(document)})
    assert codes(made) == ["invoker-view"]
    allowed = [
        (user, view)
        for user in ("ann", "root")
        for view in ("mine", "plain")
        if asked(made).allows(user, "view", view, {"id": 1}, now=NOW)
    ]
    assert allowed == [("ann", "plain"), ("root", "mine"), ("root", "plain")]


OWN = "(owner = CURRENT_USER)"


@pytest.mark.parametrize(
    ("role", "policies", "is_told"),
    [
        (["boss", True, False, False, True], [], True),
        (["boss", False, False, True, True], [], True),
        (["boss", False, False, False, True], [], False),
        (["boss", False, False, False, True], [["own", True, ["public"], "ALL", OWN, None]], False),
        (["boss", False, True, False, True], [["own", True, ["public"], "ALL", OWN, None]], True),
        (["boss", False, False, False, True], [["eyes", True, ["public"], "ALL", f"(NOT {OWN})", None]], True),
        (
            ["boss", False, False, False, True],
            [["eyes", True, ["boss"], "SELECT", "(owner <> CURRENT_USER)", None]],
            True,
        ),
        (
            ["boss", False, False, False, True],
            [["eyes", True, ["boss"], "DELETE", "(owner <> CURRENT_USER)", None]],
            False,
        ),
        (["boss", False, False, False, True], [["few", False, ["ann"], "SELECT", "(owner IS NULL)", None]], True),
        (["boss", False, False, False, True], [["few", False, ["public"], "SELECT", "(owner IS NULL)", None]], False),
    ],
)
def test_whoever_may_do_more_as_a_role_that_is_inherited_is_told(
    role: list[object], policies: list[list[object]], is_told: bool
) -> None:
    document = {
        "roles": [["ann", False, True, False, True], role],
        "members": [["boss", "ann", True, True, False]],
        "schemas": [["public", "public"]],
        "tables": [["public", "doc", "other", True, False]],
        "columns": [["public", "doc", "owner", "text", False, True]],
        "grants": [["public", "doc", None, "boss", "SELECT", False]],
        "policies": [["public", "doc", *each] for each in policies],
    }
    made = imported("postgres", {"crm": json.dumps(document)})
    assert codes(made) == ["set-role"] * is_told
    if is_told:
        (note,) = made.refused
        assert note.message == "`ann` may become `boss` with SET ROLE, and may do more then than before"


def test_who_may_give_privileges_to_others_is_told(postgres: PostgresServer) -> None:
    with postgres.database() as database:
        database.run(
            "CREATE ROLE ann LOGIN; CREATE ROLE bo LOGIN; CREATE ROLE cy LOGIN; CREATE TABLE pay (id int, x int);"
            "CREATE TABLE free (id int); GRANT SELECT ON free TO cy; ALTER TABLE free OWNER TO ann;"
            "GRANT SELECT ON pay TO ann WITH GRANT OPTION; GRANT INSERT, DELETE ON pay TO ann WITH GRANT OPTION;"
            "GRANT UPDATE (x) ON pay TO bo WITH GRANT OPTION; GRANT SELECT (x) ON pay TO cy"
        )
        made = imported_from(database)
    assert [(each.code, each.message) for each in made.left_out] == [
        ("grant-option", "`ann` may give privileges on `pay` to others"),
        ("grant-option", "`bo` may give privileges on `pay` to others"),
    ]


def test_a_role_for_maintenance_has_that_privilege() -> None:
    document = {
        "roles": [["ann", False, True, False, True], ["pg_maintain", False, False, False, True]],
        "members": [["pg_maintain", "ann", True, True, False]],
        "schemas": [["public", "public"]],
        "tables": [["public", "doc", "other", False, False]],
        "columns": [["public", "doc", "id", "integer", True, True]],
        "grants": [],
        "policies": [],
    }
    policies = asked(imported("postgres", {"crm": json.dumps(document)}))
    assert policies.allows("ann", "maintain", "doc", {"id": 1}, now=NOW)
    assert not policies.allows("ann", "view", "doc", {"id": 1}, now=NOW)


def test_the_owner_of_the_database_has_what_that_role_has(postgres: PostgresServer) -> None:
    """No catalog has that membership, and the schema `public` is the role's own."""
    with postgres.database() as database:
        database.run(
            "CREATE ROLE app LOGIN; CREATE ROLE ann LOGIN; CREATE TABLE doc (id int); ALTER TABLE doc OWNER TO app;"
            "GRANT SELECT ON doc TO ann; REVOKE ALL ON SCHEMA public FROM PUBLIC;"
            f"ALTER DATABASE {database.name} OWNER TO app"
        )
        made = imported_from(database)
        with database.connect() as connection:
            for user in ("app", "ann"):
                query = (
                    "SELECT has_table_privilege(%s, 'doc', 'SELECT') AND has_schema_privilege(%s, 'public', 'USAGE')"
                )
                (there,) = connection.execute(query, (user, user)).fetchone()
                assert asked(made).allows(user, "view", "doc", {"id": 1}, now=NOW) == there == (user == "app")
    assert codes(made) == []


def test_a_function_with_the_rights_of_its_owner_is_told(postgres: PostgresServer) -> None:
    with postgres.database() as database:
        database.run(
            "CREATE ROLE ann LOGIN; CREATE TABLE pay (id int);"
            "CREATE FUNCTION salaries(text, int) RETURNS SETOF pay SECURITY DEFINER AS "
            " 'SELECT * FROM pay' LANGUAGE sql;"
            "CREATE FUNCTION hers() RETURNS int SECURITY DEFINER AS 'SELECT 1' LANGUAGE sql;"
            "REVOKE EXECUTE ON FUNCTION hers FROM PUBLIC; GRANT EXECUTE ON FUNCTION hers TO ann;"
            "CREATE FUNCTION nobodys() RETURNS int SECURITY DEFINER AS 'SELECT 1' LANGUAGE sql;"
            "REVOKE EXECUTE ON FUNCTION nobodys FROM PUBLIC;"
            "CREATE FUNCTION plain() RETURNS int AS 'SELECT 1' LANGUAGE sql;"
            "CREATE FUNCTION fired() RETURNS trigger SECURITY DEFINER AS 'BEGIN RETURN NEW; END' LANGUAGE plpgsql"
        )
        made = imported_from(database)
    assert [(each.code, each.message) for each in made.refused] == [
        ("definer-function", "`ann` may call `public.hers()`, which does what `postgres` may do"),
        ("definer-function", "`everybody` may call `public.salaries(text,integer)`, which does what `postgres` may do"),
    ]


@pytest.mark.parametrize("data", ["{", "[]", '{"roles": 5}', '{"roles": [[1]]}', "\0"])
def test_what_is_no_catalog_is_refused(data: str) -> None:
    with pytest.raises(NotThisError, match="not a database catalog"):
        imported("postgres", {"db": data})


def test_somebody_changed_the_database_by_hand(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with postgres.database() as database:
        database.run(
            "CREATE ROLE clerk; CREATE ROLE ann LOGIN; GRANT clerk TO ann; CREATE TABLE doc (id int, owner text);"
            "GRANT SELECT ON doc TO clerk; ALTER TABLE doc ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY own ON doc USING (owner = current_user)"
        )
        string = f"host={database.socket} dbname={database.name} user=postgres password=s3cret"
        done = policylang("import", "postgres", string, "-o", "pol")
        assert done.exit_code == 0, done.stdout + done.stderr
        drift = ("drift", "--from", "postgres", string, "--policies", "pol")
        assert policylang(*drift).stdout.startswith("no drift")
        database.run("CREATE POLICY everything ON doc FOR SELECT TO clerk USING (true)")
        report = policylang(*drift)
        assert report.exit_code == 1
        assert "the product lets role `ann_rows` view `doc` on more records than the files do" in report.stdout
        database.run("DROP POLICY everything ON doc; GRANT DELETE ON doc TO ann")
        assert "lets role `ann_rows` delete `doc`" in policylang(*drift).stdout
        written = "".join(path.read_text() for path in Path("pol").iterdir())
        assert "s3cret" not in written + done.stdout + report.stdout
        assert json.loads(Path("pol/import.json").read_text())["inputs"].keys() == {database.name}


@pytest.mark.parametrize(
    "string",
    [
        "postgresql://ann:s3%40cret@localhost:1/db",
        "host=localhost port=1 user=ann password='s3@cret' connect_timeout=1",
        "postgresql://ann:s3@cret@localhost:1/db?nothing=1",
        "password=s3@cret host",
        "s3@cret",
        "postgresql://ann:s3@cret@[::1/db",
        "s3@cret\udcff",
    ],
)
def test_nothing_secret_is_shown_where_it_fails(string: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("import", "postgres", string, "-o", "pol"), ("import", "postgres", string, string, "-o", "pol")):
        result = policylang(*command)
        assert result.exit_code == 2
        for secret in ("s3@cret", "s3%40cret", "cret"):
            assert secret not in result.stdout + result.stderr, result.stderr
    assert not Path("pol").exists()
