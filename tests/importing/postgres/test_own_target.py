"""What the target `postgres` wrote comes back as the same decisions, and whatever was changed by hand is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from policylang.importing import find_format
from policylang.importing.drift import find_drift
from policylang.importing.importing import Import, import_set
from policylang.importing.postgres.facts import fetch_record
from policylang.importing.reading import InputFile, Inputs
from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.settings.config import config_of
from policylang.settings.targets import Postgres, Table, TargetSettings
from policylang.targets import find_target
from policylang.targets.postgres.tables import mapped
from policylang.targets.target import Input, TargetBundle
from tests.cli.checking import policylang
from tests.engines.postgres_engine import Database, PostgresServer
from tests.generated.features import Features
from tests.generated.strategy import Case, cases
from tests.helpers import compiled
from tests.importing.helpers import NOW
from tests.targets.differential import SETS, known, of_case
from tests.targets.expressible import expressible
from tests.targets.postgres_sales import SALES, bundle, inside
from tests.targets.postgres_session import TIDY, create_tables
from tests.targets.postgres_session import settings as tables_of

EXAMPLES = settings.default.max_examples // 5  # type: ignore[union-attr]
FEATURES = Features(
    objects=False,
    strange_requests=False,
    wrong_values=False,
    durations=False,
    trees=False,
    record_attributes=False,
    requests=10,
)
TABLE = "CREATE TABLE customer (id text PRIMARY KEY, name text, owner text, status text)"


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with postgres.database() as database, database.connect() as opened:
        yield opened


def come_back(connection: psycopg.Connection[Any], policy_set: ir.PolicySet) -> tuple[ir.PolicySet, Import]:
    """The part of a policy set that the target can express, and what comes back of it from a database."""
    policy_set, _ = expressible("postgres", policy_set, NOW)
    chosen = TargetSettings(postgres=tables_of(policy_set))
    made = compile_for(find_target("postgres"), Input(policy_set, NOW, settings=chosen))
    assert isinstance(made, TargetBundle)
    index = Index(policy_set)
    with connection.transaction(force_rollback=True):
        create_tables(connection, index, mapped(index, chosen.postgres))
        connection.execute(inside(made.files["up.sql"]))
        document = fetch_record(connection)
    connection.execute(TIDY)
    return policy_set, of_document(document, policy_set)


def of_document(document: dict[str, Any], like: ir.PolicySet | None = None) -> Import:
    given = Inputs((InputFile("db", json.dumps(document).encode()),))
    made = import_set(find_format("postgres"), given, like=like)
    assert made.errors == []
    return made


def targets_of(made: Import) -> TargetSettings:
    return config_of(Path("policylang.yaml"), made.files["policylang.yaml"].decode()).targets


def no_drift(policy_set: ir.PolicySet, made: Import) -> None:
    assert made.refused == ()
    assert find_drift(policy_set, made, "", NOW, lambda _what: None).found == ()


@pytest.mark.parametrize("name", SETS)
def test_policy_sets_that_people_wrote(connection: psycopg.Connection[Any], name: str) -> None:
    policy_set, made = come_back(connection, known(name)[0])
    no_drift(policy_set, made)
    assert targets_of(made).postgres == tables_of(policy_set)


@pytest.mark.hypothesis
def test_generated_policy_sets(connection: psycopg.Connection[Any]) -> None:
    @given(cases(replace(FEATURES, fields=False, sensitive=False)))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def same(case: Case) -> None:
        policy_set, made = come_back(connection, case.policy_set)
        no_drift(policy_set, made)
        assert made.project.ir is not None
        one, other = Index(policy_set), Index(made.project.ir)
        for request in of_case(case):
            assert reference.answer(one, request).allowed == reference.answer(other, request).allowed, request

    same()


def test_a_database_that_comes_back_compiles_to_the_script_that_it_was_made_with(
    connection: psycopg.Connection[Any],
) -> None:
    """In another schema, under other names, with roles of another prefix."""
    policy_set = compiled(
        "resource customer { owner : user  on : text  actions view }\nresource note { text : text  actions view }\n"
        "role rep { grant view on customer  policy own }\npolicy own on customer { owner is assigned user }\n"
        'user "ann" { assign role rep }'
    )
    customer = Table(table="Kund: #1", key="Nr", columns={"owner": "Owner é", "on": "yes"})
    postgres = Postgres(schema="crm data", tables={"customer": customer, "note": Table()}, role_prefix="acme")
    chosen = TargetSettings(postgres=postgres)
    made = compile_for(find_target("postgres"), Input(policy_set, NOW, settings=chosen))
    assert isinstance(made, TargetBundle)
    with connection.transaction(force_rollback=True):
        connection.execute('CREATE SCHEMA "crm data"')
        create_tables(connection, Index(policy_set), mapped(Index(policy_set), postgres))
        connection.execute(inside(made.files["up.sql"]))
        document = fetch_record(connection)
    back = of_document(document)
    assert targets_of(back) == chosen
    assert back.project.ir is not None
    again = compile_for(find_target("postgres"), Input(back.project.ir, NOW, settings=targets_of(back)))
    assert isinstance(again, TargetBundle)
    assert statements(again) == statements(made)


def statements(of: TargetBundle) -> list[str]:
    """The script without what tells places in policy files."""
    return [line for line in of.files["up.sql"].decode().splitlines() if not line.lstrip().startswith("--")]


# --- changes by hand ---------------------------------------------------------------------------------------------

BY_HAND = {
    "a privilege on the table": (
        "GRANT SELECT ON customer TO eve",
        "[added] DB: privileges `of eve on public.customer`: `SELECT`",
    ),
    "a privilege on a column": (
        "GRANT UPDATE (name) ON customer TO eve WITH GRANT OPTION",
        "[added] DB: privileges `of eve on public.customer (name)`: `UPDATE with grant option`",
    ),
    "a privilege of everybody": (
        "GRANT TRUNCATE ON customer TO PUBLIC",
        "[added] DB: privileges `of everybody on public.customer`: `TRUNCATE`",
    ),
    "a privilege taken back": (
        "REVOKE DELETE ON customer FROM {delete}",
        "[gone] DB: privileges `of {delete} on public.customer`: it was `DELETE`",
    ),
    "a privilege on a column taken back": (
        "REVOKE SELECT (name) ON customer FROM {view}",
        "[gone] DB: privileges `of {view} on public.customer (name)`: it was `SELECT`",
    ),
    "a policy of somebody": (
        "CREATE POLICY mine ON customer FOR SELECT TO eve USING (true)",
        "[added] DB: policy `mine on public.customer`: `PERMISSIVE FOR SELECT TO eve USING true`",
    ),
    "a policy that narrows": (
        "CREATE POLICY less ON customer AS RESTRICTIVE USING (status = 'lead')",
        "[added] DB: policy `less on public.customer`: `RESTRICTIVE FOR ALL TO PUBLIC USING (status = 'lead'::text)`",
    ),
    "a policy that says something else": (
        'ALTER POLICY "policylang view {view_digest}" ON customer USING (true)',
        '[changed] DB: policy `"policylang view {view_digest}" on public.customer`: it is '
        "`PERMISSIVE FOR SELECT TO {view} USING true`",
    ),
    "a policy of somebody else": (
        'ALTER POLICY "policylang view {view_digest}" ON customer TO {view}, eve',
        "TO eve, {view} USING",
    ),
    "a policy that is gone": (
        'DROP POLICY "policylang delete {delete_digest}" ON customer',
        '[gone] DB: policy `"policylang delete {delete_digest}" on public.customer`',
    ),
    "row security not forced": (
        "ALTER TABLE customer NO FORCE ROW LEVEL SECURITY",
        "[changed] DB: table `public.customer`: it is `owner postgres, row security, not forced` and was",
    ),
    "no row security": (
        "ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
        "[changed] DB: table `public.customer`: it is `owner postgres, no row security, forced`",
    ),
    "another owner": (
        "ALTER TABLE customer OWNER TO eve",
        "[changed] DB: table `public.customer`: it is `owner eve, row security, forced`",
    ),
    "a part of another table": (
        "CREATE TABLE whole (LIKE customer); ALTER TABLE customer INHERIT whole",
        "forced, part of public.whole`",
    ),
    "a new part": (
        "CREATE TABLE piece () INHERITS (customer)",
        "[added] DB: table `public.piece`: `owner postgres, no row security, not forced, part of public.customer`",
    ),
    "a view": (
        "CREATE VIEW all_of_them AS SELECT * FROM customer; GRANT SELECT ON all_of_them TO eve",
        "[added] DB: view `public.all_of_them`: `owner postgres SELECT",
    ),
    "a function with the rights of its owner": (
        "CREATE FUNCTION peek() RETURNS SETOF customer LANGUAGE sql SECURITY DEFINER AS 'SELECT * FROM customer'",
        "[added] DB: function with the rights of its owner `public.peek()`",
    ),
    "a function that says something else": (
        "CREATE OR REPLACE FUNCTION policylang.today() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE "
        "SET search_path = pg_catalog, pg_temp AS 'SELECT date ''2020-01-01'''",
        "[changed] DB: function `policylang.today()`: it is `…",
    ),
    "a function that is gone": (
        "DROP FUNCTION policylang.become(text, jsonb)",
        "[gone] DB: function `policylang.become(text,jsonb)`",
    ),
    "a function of somebody else": (
        "ALTER FUNCTION policylang.me_as(name) OWNER TO eve",
        "[changed] DB: function `policylang.me_as(name)`: it is `owner eve ",
    ),
    "a function for everybody": (
        "GRANT EXECUTE ON FUNCTION policylang.become(text, jsonb) TO PUBLIC",
        "[added] DB: privileges `of everybody on the function policylang.become(text,jsonb)`",
    ),
    "a new function": (
        "CREATE FUNCTION policylang.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "[added] DB: function `policylang.mine()`",
    ),
    "a trigger switched off": ("ALTER TABLE customer DISABLE TRIGGER USER", ", disabled` and was `"),
    "a trigger that is gone": (
        'DROP TRIGGER "policylang eligible 4c1029697ee35871" ON customer',
        '[gone] DB: trigger `"policylang eligible 4c1029697ee35871" on public.customer`',
    ),
    "a new trigger": (
        "CREATE TRIGGER late BEFORE UPDATE ON customer "
        "FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "[added] DB: trigger `late on public.customer`",
    ),
    "a rule": (
        "CREATE RULE quiet AS ON DELETE TO customer DO INSTEAD NOTHING",
        "[added] DB: rule `quiet on public.customer`",
    ),
    "the type of a column": (
        "ALTER TABLE customer ALTER name TYPE varchar(40)",
        "[changed] DB: column `name on public.customer`: it is `character varying(40)",
    ),
    "a user with the rights of another": (
        "UPDATE policylang.users SET role = (SELECT role FROM policylang.users WHERE id = 'ann') WHERE id = 'eve'",
        "[changed] DB: row `'eve' in policylang.users`: it is `role ",
    ),
    "an attribute of a user": (
        """UPDATE policylang.users SET attributes = '{{"department": "x"}}' WHERE id = 'ann'""",
        """department": "x"}}` and was `role """,
    ),
    "a user who is gone": (
        "DELETE FROM policylang.users WHERE id = 'ann'",
        "[gone] DB: row `'ann' in policylang.users`",
    ),
    "who has a role": (
        "INSERT INTO policylang.holders VALUES ('rep', 'eve', NULL, '2026-12-31')",
        "[added] DB: rows `'eve' with 'rep' in policylang.holders`: `always until 2026-12-31`",
    ),
    "when somebody has a role": (
        "UPDATE policylang.holders SET first = '2020-01-01' WHERE user_id = 'ann'",
        "[changed] DB: rows `'ann' with 'rep' in policylang.holders`: it is `always from 2020-01-01` and was `always`",
    ),
    "what is recorded": (
        "UPDATE policylang.recorded SET content = replace(content, 'for delete', '') WHERE name = 'groups.policy'",
        "[changed] DB: row `'groups.policy' in policylang.recorded`",
    ),
    "what was found": ("DELETE FROM policylang.facts WHERE kind = 'policy'", "[added] DB: policy `"),
    "a right of somebody": ("GRANT {delete} TO eve", "[added] DB: membership `of eve in {delete}`: `member`"),
    "the reader's rights": ("GRANT policylang_reader TO eve", "[added] DB: membership `of eve in policylang_reader`"),
    "all data": ("GRANT pg_write_all_data TO eve", "[added] DB: membership `of eve in pg_write_all_data`: `member`"),
    "a right taken back": (
        "REVOKE {view} FROM {group}",
        "[gone] DB: membership `of {group} in {view}`: it was `member`",
    ),
    "beyond row security": ("ALTER ROLE eve BYPASSRLS", "[added] DB: role `eve`: `BYPASSRLS, LOGIN`"),
    "a superuser": ("CREATE ROLE boss SUPERUSER LOGIN", "[added] DB: role `boss`: `superuser, LOGIN`"),
    "who may give rights": ("ALTER ROLE eve CREATEROLE", "[added] DB: role `eve`: `CREATEROLE, LOGIN`"),
    "a publication": (
        "CREATE PUBLICATION copied FOR TABLE customer",
        "[added] DB: publication `copied of public.customer`: `named tables`",
    ),
    "a right that may log in": (
        "ALTER ROLE {view} LOGIN",
        "[changed] DB: role `{view}`: it is `LOGIN` and was `NOLOGIN`",
    ),
    "a setting": (
        "ALTER ROLE eve SET \"policylang.user\" = 'ann'",
        "[added] DB: setting `of eve: policylang.user`: `ann`",
    ),
    "the schema": ("ALTER SCHEMA policylang OWNER TO eve", "[changed] DB: schema `policylang`: it is `owner eve`"),
    "who may change users": (
        "GRANT UPDATE ON policylang.users TO eve",
        "[added] DB: privileges `of eve on policylang.users`: `UPDATE`",
    ),
}


@pytest.fixture(scope="module")
def sales(postgres: PostgresServer) -> Iterator[Database]:
    with postgres.database() as database:
        database.run(f"{TABLE}; CREATE ROLE eve LOGIN")
        database.run(bundle().files["up.sql"].decode())
        yield database


@pytest.mark.parametrize("change", BY_HAND)
def test_what_was_changed_by_hand_is_told(sales: Database, change: str) -> None:
    statement, said = BY_HAND[change]
    with sales.connect() as connection:
        names = _names(connection)
        with connection.transaction(force_rollback=True):
            connection.execute(statement.format(**names).encode())
            document = fetch_record(connection)
    found = [f"[{each.code}] {str(each.origin).upper()}: {each.message}" for each in of_document(document).refused]
    assert any(said.format(**names) in each for each in found), "\n".join(found)


def _names(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Names of rights and of the database role of the group."""
    query = "SELECT polname, polroles[1]::regrole::text FROM pg_policy WHERE polrelid = 'customer'::regclass"
    found: dict[str, str] = {}
    for policy, role in connection.execute(query).fetchall():
        kind, digest = policy.split()[1:] if policy.count(" ") == 2 else ("", "")
        found |= {kind: role, f"{kind}_digest": digest}
    row = connection.execute("SELECT role FROM policylang.users WHERE id = 'ann'").fetchone()
    assert row is not None
    return {**found, "group": row[0]}


def test_nothing_is_open_of_which_nothing_is_known(sales: Database) -> None:
    with sales.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE POLICY less ON customer AS RESTRICTIVE USING (false)")
        narrowed = of_document(fetch_record(connection))
    assert b"deny all on customer" in narrowed.files["unknown.policy"]
    with sales.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("GRANT SELECT ON customer TO eve")  # which leaves what users may do as it is
        beside = of_document(fetch_record(connection))
    assert "unknown.policy" not in beside.files


def test_drift_of_a_database(sales: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As somebody who may read what policylang keeps, and nothing else; behind an application that logs in."""
    monkeypatch.chdir(tmp_path)
    Path("pol").mkdir()
    Path("pol/sales.policy").write_text(SALES)
    string = f"host={sales.socket} dbname={sales.name} user=auditor"
    drift = ("drift", "--from", "postgres", string, "--policies", "pol")
    sales.run("CREATE ROLE auditor LOGIN; CREATE ROLE web LOGIN; GRANT policylang_app TO web")
    refused = policylang(*drift)
    assert refused.exit_code == 2
    assert "SELECT on all tables in it" in refused.stderr
    sales.run("GRANT USAGE ON SCHEMA policylang TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA policylang TO auditor")
    same = policylang(*drift)
    assert same.exit_code == 0, same.stdout
    assert "no drift" in same.stdout
    assert "membership `of web in policylang_app`: may become every user" in same.stdout
    Path("pol/sales.policy").write_text(f'{SALES}\ntimezone "Asia/Tokyo"\nuser "new" in sales\n')
    other = policylang(*drift)
    assert other.exit_code == 1
    assert "the files let user `new`" in other.stdout
    sales.run("ALTER TABLE policylang.facts RENAME TO hidden")
    hidden = policylang(*drift)
    sales.run("ALTER TABLE policylang.hidden RENAME TO facts")
    assert (hidden.exit_code, "what a script left is gone" in hidden.stderr) == (2, True), hidden.stderr
    done = policylang("import", "postgres", string, "-o", "back")
    assert done.exit_code == 0, done.stdout
    assert policylang("check", "back").exit_code in (0, 1)
    into = policylang("import", "postgres", string, "--into", "pol", "-o", "pol/back")
    assert into.exit_code == 2
    assert "it keeps a whole policy set" in into.stderr


def test_what_others_have_on_a_table_is_told(sales: Database) -> None:
    with sales.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE POLICY mine ON customer AS RESTRICTIVE USING (status = 'lead')")
        connection.execute(inside(bundle().files["up.sql"]))
        made = of_document(fetch_record(connection))
    assert made.refused == ()
    said = [each.message for each in made.left_out if each.code == "beside"]
    assert said == ["policy `mine on public.customer`: `RESTRICTIVE FOR ALL TO PUBLIC USING (status = 'lead'::text)`"]


def test_another_version(sales: Database) -> None:
    with sales.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("UPDATE policylang.recorded SET content = '0' WHERE name = 'version'")
        document = fetch_record(connection)
    with pytest.raises(Exception, match="another version of policylang"):
        of_document(document)
