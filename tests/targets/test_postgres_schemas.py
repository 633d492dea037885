"""What somebody may have put into the schemas of a database: nothing of it is called, used or trusted."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.engines.postgres_engine import PostgresServer
from tests.targets.postgres_sales import ROWS, SALES, bundle, fails, prepared

STOLEN = "ALTER ROLE mallory SUPERUSER"
"""What each of them tries where it is called by a superuser."""


def _functions_of_scripts(connection: psycopg.Connection[Any]) -> list[str]:
    """A function for each that scripts and policies call, and an operator for each that they use, with the very types:
    these are found before those of `pg_catalog` where the search path begins with `public`.
    """
    said = (
        "BEGIN INSERT INTO public.called VALUES ('{}'); "
        "IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname OPERATOR(pg_catalog.=) CURRENT_USER) "
        f"THEN {STOLEN}; END IF; RETURN {{}}; END"
    )
    made = []
    names = "|".join(sorted(set(re.findall(r'(?<![\w."])([a-z_]+)\(', _scripts()))))
    functions = connection.execute(
        "SELECT p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid), "
        "p.provariadic <> 0 "
        "FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND NOT p.proretset "
        "AND p.proname ~ %s AND p.prorettype <> 'internal'::regtype",
        [f"^({names})$"],
    ).fetchall()
    for name, arguments, result, variadic in functions:
        if "internal" in arguments or "any" in f"{arguments} {result}" or variadic:
            continue
        body = said.format(name, f"NULL::{result}")
        made.append(f'CREATE FUNCTION public."{name}" ({arguments}) RETURNS {result} LANGUAGE plpgsql AS $$ {body} $$')
    for types in ("name, text", "text, name", "name, name", "text, text", "regclass, text", "name, text, text"):
        body = said.format("format", "''")
        made.append(f"CREATE FUNCTION public.format(text, {types}) RETURNS text LANGUAGE plpgsql AS $$ {body} $$")
    for number, (sign, left, right, result) in enumerate(
        (sign, left, right, result)
        for sign, result in (("=", "boolean"), ("<>", "boolean"), ("<=", "boolean"), (">=", "boolean"), ("||", "text"))
        for left in ("text", "name", "oid", "varchar", "timestamptz", "date", '"char"', "regclass")
        for right in (
            "text",
            "name",
            "oid",
            "varchar",
            "unknown",
            "timestamptz",
            "date",
            '"char"',
            "regclass",
            "regrole",
        )
        if right != "unknown"
    ):
        body = said.format(sign, f"NULL::{result}")
        made.append(
            f"CREATE FUNCTION public.o{number} ({left}, {right}) RETURNS {result} LANGUAGE plpgsql AS $$ {body} $$;"
            f"CREATE OPERATOR public.{sign} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = public.o{number})"
        )
    return made


def _scripts() -> str:
    files = bundle(TIMED).files
    return (files["up.sql"] + files["down.sql"]).decode()


TIMED = (
    SALES.replace("name : text", "name : text  made : datetime  seen : set of int")
    .replace(
        "policy leads on customer {",
        "policy recent on customer { made within 2 months and seen contains 5 }\npolicy leads on customer {",
    )
    .replace("policy leads on customer for delete", "policy leads on customer for delete  policy recent on customer")
    + "request { channel : one of ui, api  at : datetime  ip : ip  codes : set of int  fee : money  day : date }\n"
    + 'policy asked on customer { request.channel is ui and request.ip in "10.0.0.0/8" and request.codes contains 5 '
    + "and request.at before 2027-01-01T00:00:00Z and request.fee > 1 and request.day before 2027-01-01 }\n"
    + "role asking { grant view on customer  policy asked }\n"
    + 'user "ada" { assign role asking }\n'
)


@pytest.mark.parametrize("order", ["public, pg_catalog", "public"])
def test_functions_of_others_are_not_called(postgres: PostgresServer, order: str) -> None:
    """Neither by the scripts nor by policies, whatever the search path of who runs them."""
    with postgres.database() as database:
        with database.connect() as connection:
            connection.execute("CREATE ROLE mallory LOGIN; CREATE ROLE my_login LOGIN")
            connection.execute("GRANT CREATE ON SCHEMA public TO mallory; CREATE TABLE public.called (what text)")
            connection.execute("GRANT INSERT ON public.called TO PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC")
            connection.execute(
                "CREATE TABLE customer "
                "(id text PRIMARY KEY, name text, owner text, status text, made timestamptz, seen int[])"
            )
            rows = [(*row, "{5}") for row in ROWS]
            connection.cursor().executemany("INSERT INTO customer VALUES (%s, %s, %s, %s, now(), %s)", rows)
            made = _functions_of_scripts(connection)
        with database.connect("mallory") as connection:
            for statement in made:
                connection.execute(statement.encode())
        with database.connect() as connection:
            connection.execute(f"SET search_path = {order}".encode())
            files = bundle(TIMED).files
            for _ in range(2):
                connection.execute(files["up.sql"])
            connection.execute("GRANT policylang_app TO my_login")
        with database.connect("my_login") as session, session.transaction():
            session.execute(f"SET search_path = {order}".encode())
            session.execute('SELECT policylang.become(\'ann\', \'{"channel": "ui", "ip": "10.0.0.1"}\')')
            assert session.execute("SELECT id FROM public.customer").rowcount == 3
            assert session.execute("UPDATE public.customer SET owner = 'ann', name = 'x'").rowcount == 2
            assert session.execute("DELETE FROM public.customer").rowcount == 1
            session.execute("RESET ROLE")
            request = {"channel": "ui", "ip": "::ffff:10.0.0.1", "codes": [5], "at": "2026-01-01T00:00:00Z", "fee": 2}
            become_with = "SELECT policylang.become('ada', %s)"
            session.execute(become_with, [json.dumps({**request, "day": "2026-01-01"})])
            assert session.execute("SELECT id FROM public.customer").rowcount == 2
        with database.connect() as connection:
            connection.execute(f"SET search_path = {order}".encode())
            connection.execute(files["down.sql"])
            connection.execute("SET search_path = pg_catalog")
            assert connection.execute("SELECT what FROM public.called").fetchall() == []
            assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'").fetchone() == (False,)
            connection.execute("DROP OWNED BY mallory CASCADE")


OWN = """
    CREATE DOMAIN {0}.text AS pg_catalog.int4;
    CREATE DOMAIN {0}.jsonb AS pg_catalog.int4;
    CREATE DOMAIN {0}.numeric AS pg_catalog.text;
    CREATE TYPE {0}.inet AS ENUM ('x');
    CREATE TYPE {0}.timestamptz AS (x pg_catalog.int4);
    CREATE TYPE {0}.interval AS (x pg_catalog.int4);
    CREATE TYPE {0}.name AS ENUM ('x');
    CREATE FUNCTION {0}.yes(pg_catalog.text, pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE sql AS 'SELECT true';
    CREATE FUNCTION {0}.current_setting(pg_catalog.text, pg_catalog.bool) RETURNS pg_catalog.text
      LANGUAGE sql AS $$ SELECT 'bob'::pg_catalog.text $$;
    CREATE FUNCTION {0}.now() RETURNS pg_catalog.timestamptz LANGUAGE sql AS $$ SELECT pg_catalog.now() $$;
    CREATE OPERATOR {0}.= (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = {0}.yes);
    CREATE OPERATOR {0}.<> (LEFTARG = pg_catalog.text, RIGHTARG = pg_catalog.text, FUNCTION = {0}.yes);
    CREATE TYPE {0}.mine AS ENUM ('ann', 'eve');
    CREATE CAST ({0}.mine AS pg_catalog.text) WITH INOUT AS IMPLICIT;
"""
"""Types, functions, operators and a cast that somebody has of their own, named like those of the system."""


@pytest.mark.parametrize("schema", ["public", "own"])
def test_types_and_casts_of_others_are_not_used(postgres: PostgresServer, schema: str) -> None:
    """Neither by the scripts nor by policies, where the search path is a setting of the roles."""
    path = f"{schema}, pg_temp, pg_catalog"
    with postgres.database() as database:
        with database.connect() as connection:
            connection.execute("CREATE ROLE mallory LOGIN; CREATE ROLE my_login LOGIN; CREATE SCHEMA own")
            connection.execute("GRANT USAGE, CREATE ON SCHEMA public, own TO mallory, my_login")
            connection.execute(
                "CREATE TABLE public.customer "
                "(id text PRIMARY KEY, name text, owner text, status text, made timestamptz, seen int[])"
            )
            rows = [(*row, "{5}") for row in ROWS]
            connection.cursor().executemany("INSERT INTO public.customer VALUES (%s, %s, %s, %s, now(), %s)", rows)
        with database.connect("mallory") as connection:
            connection.execute(OWN.format(schema).encode())
        with database.connect() as connection:
            for role in ("postgres", "my_login", "mallory"):
                connection.execute(f"ALTER ROLE {role} SET search_path = {path}".encode())
        files = bundle(TIMED).files
        with database.connect() as connection:
            connection.execute(files["up.sql"])
            connection.execute("GRANT policylang_app TO my_login")
        with database.connect("my_login") as session:
            session.execute(OWN.format("pg_temp").encode())
            session.execute("CREATE TEMP TABLE users (id pg_catalog.text, role pg_catalog.text)")
            session.execute("INSERT INTO users VALUES ('ann', 'postgres'), ('eve', 'postgres')")
            with session.transaction():
                session.execute('SELECT policylang.become(\'ann\', \'{"channel": "ui", "ip": "10.0.0.1"}\')')
                assert session.execute("SELECT policylang.me()").fetchone() == ("ann",)
                assert session.execute("SELECT id FROM public.customer").rowcount == 3
                assert session.execute("UPDATE public.customer SET owner = 'ann', name = 'x'").rowcount == 2
                fails(session, "SET LOCAL ROLE postgres", errors.InsufficientPrivilege)
                fails(session, "SET LOCAL SESSION AUTHORIZATION postgres", errors.InsufficientPrivilege)
                fails(session, "SELECT * FROM policylang.users", errors.InsufficientPrivilege)
            with session.transaction():
                session.execute("SELECT policylang.become('eve', NULL)")
                fails(session, "SELECT id FROM public.customer", errors.InsufficientPrivilege)
        with database.connect() as connection:
            connection.execute(files["down.sql"])
            for role in ("postgres", "my_login", "mallory"):
                connection.execute(f"ALTER ROLE {role} RESET search_path".encode())
            connection.execute("DROP OWNED BY mallory, my_login CASCADE")


def test_every_function_is_safe_from_the_search_path(customers: psycopg.Connection[Any]) -> None:
    """It has one of its own, or is bound to what it calls, or names the schema of all."""
    free = customers.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'policylang'::regnamespace AND prosqlbody IS NULL "
        "AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)"
    ).fetchall()
    assert free == [("me",)]
    (body,) = customers.execute("SELECT prosrc FROM pg_proc WHERE proname = 'me'").fetchone() or ("",)
    assert body.strip() == "SELECT policylang.me_as(CURRENT_USER)"


def test_the_schema_of_somebody_else(connection: psycopg.Connection[Any]) -> None:
    with (
        pytest.raises(errors.RaiseException, match="the schema policylang belongs to mallory"),
        prepared(connection, "CREATE ROLE mallory", "CREATE SCHEMA policylang AUTHORIZATION mallory"),
    ):
        pass
