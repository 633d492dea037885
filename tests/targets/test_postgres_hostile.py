"""What somebody may try who writes the SQL of a session, and what databases have around the tables."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.engines.postgres_engine import PostgresServer
from tests.targets.postgres_sales import BOB, DENIED, ROWS, SALES, bundle, fails, inside, prepared, run


def names(connection: psycopg.Connection[Any], query: str = "SELECT id FROM customer ORDER BY id") -> str:
    return "".join(row[0] for row in connection.execute(query.encode()))


def become(connection: psycopg.Connection[Any], user: str) -> None:
    connection.execute("SELECT policylang.become(%s)", [user])


def log_in(connection: psycopg.Connection[Any]) -> None:
    """Go on as the application, which may become every user."""
    connection.execute("CREATE ROLE my_login LOGIN; GRANT policylang_app TO my_login")
    connection.execute("SET LOCAL SESSION AUTHORIZATION my_login")


UPSERT = "INSERT INTO customer VALUES ('{}', 'x', 'ann', 'lead') ON CONFLICT (id) DO {}"
MERGE = (
    "MERGE INTO customer c USING (VALUES ('{}')) v (id) ON c.id = v.id WHEN MATCHED THEN {} WHEN NOT MATCHED THEN {}"
)


@pytest.mark.parametrize(
    ("user", "statement", "done", "left"),
    [
        ("ann", UPSERT.format("1", "UPDATE SET name = 'y'"), 1, {"1": "y", "2": "b", "3": "c"}),
        ("ann", UPSERT.format("3", "UPDATE SET name = 'y'"), DENIED, None),
        ("ann", UPSERT.format("1", "UPDATE SET owner = 'eve'"), DENIED, None),
        ("ann", UPSERT.format("3", "NOTHING"), 0, None),
        ("ann", MERGE.format("1", "UPDATE SET name = 'y'", "DO NOTHING"), 1, {"1": "y", "2": "b", "3": "c"}),
        ("ann", MERGE.format("3", "UPDATE SET name = 'y'", "DO NOTHING"), DENIED, None),
        ("ann", MERGE.format("2", "DELETE", "DO NOTHING"), DENIED, None),  # active
        ("ann", MERGE.format("9", "DO NOTHING", "INSERT VALUES ('9', 'x', 'eve', 'lead')"), DENIED, None),
        (
            "ann",
            "WITH gone AS (DELETE FROM customer RETURNING id) UPDATE customer c SET name = 'x' FROM gone",
            1,
            {"2": "x", "3": "c"},
        ),
        ("ann", "SELECT id FROM customer FOR UPDATE", 2, None),
        ("ann", "UPDATE customer SET name = DEFAULT", 2, {"1": None, "2": None, "3": "c"}),
        ("ann", "SET LOCAL session_replication_role = replica", DENIED, None),
        ("ann", "ALTER TABLE customer DISABLE ROW LEVEL SECURITY", DENIED, None),
        ("ann", 'DROP POLICY "policylang reader" ON customer', DENIED, None),
        ("ann", "CREATE TRIGGER t BEFORE UPDATE ON customer EXECUTE FUNCTION policylang.refuse()", DENIED, None),
        ("ann", "UPDATE policylang.users SET role = 'x'", DENIED, None),
        ("ann", "SELECT * FROM policylang.holders", DENIED, None),
        ("ann", "CREATE FUNCTION policylang.now() RETURNS int LANGUAGE sql AS 'SELECT 1'", DENIED, None),
        ("ann", "COPY customer FROM STDIN", "0A000", None),
        ("ann", "SELECT tableoid, ctid, xmin FROM customer", DENIED, None),
    ],
)
def test_statements(
    customers: psycopg.Connection[Any], user: str, statement: str, done: int | str, left: dict[str, str | None] | None
) -> None:
    found, rows = run(customers, user, statement)
    assert found == done
    assert {row[0]: row[1] for row in rows} == (left or {row[0]: row[1] for row in ROWS})


def test_copy_to_writes_the_rows_that_may_be_viewed(connection: psycopg.Connection[Any]) -> None:
    text = SALES.replace("policy own on customer for create", "policy own on customer for view, create")
    with prepared(connection):
        connection.execute(inside(bundle(text).files["up.sql"]))
        become(connection, BOB)
        with connection.cursor().copy("COPY customer TO STDOUT") as copy:
            assert [row[0] for row in copy.rows()] == ["3"]


def test_row_security_is_not_switched_off(customers: psycopg.Connection[Any]) -> None:
    become(customers, "ann")
    customers.execute("SET LOCAL row_security = off")
    fails(customers, "SELECT id FROM customer", errors.InsufficientPrivilege)


def test_functions_do_not_see_rows_before_policies_do(connection: psycopg.Connection[Any]) -> None:
    text = SALES.replace("policy own on customer for create", "policy own on customer for view, create")
    with prepared(connection):
        connection.execute(inside(bundle(text).files["up.sql"]))
        become(connection, "ann")
        connection.execute("SET LOCAL client_min_messages = notice")
        told: list[str | None] = []
        connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
        connection.execute(
            "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean COST 0.0001 LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
        )
        assert names(connection, "SELECT id FROM customer WHERE pg_temp.tell(name) ORDER BY id") == "12"
        assert sorted(map(str, told)) == ["a", "b"]


# --- sessions ------------------------------------------------------------------------------------------------


def test_a_login_is_nobody_until_it_becomes_somebody(customers: psycopg.Connection[Any]) -> None:
    roles = [row[0] for row in customers.execute("SELECT name FROM policylang.roles WHERE name <> 'policylang_reader'")]
    seen = {}
    log_in(customers)
    fails(customers, "SELECT id FROM customer", errors.InsufficientPrivilege)
    for role in roles:
        with customers.transaction(force_rollback=True):
            customers.execute("SELECT set_config('role', %s, true)", [role])
            try:
                seen[role] = names(customers)
            except errors.InsufficientPrivilege:
                seen[role] = "-"
    assert sorted(seen.values()) == ["", *["-"] * (len(roles) - 1)]  # the one that ann shares
    fails(customers, "SET LOCAL ROLE policylang_reader", errors.InsufficientPrivilege)
    become(customers, "ann")
    assert names(customers) == "123"
    customers.execute("RESET ROLE")
    fails(customers, "SELECT id FROM customer", errors.InsufficientPrivilege)


def test_becoming_somebody_else(customers: psycopg.Connection[Any]) -> None:
    """Within a transaction, to and fro, with prepared plans and after a savepoint."""
    log_in(customers)
    change = "UPDATE customer SET name = name || '!' RETURNING id"
    become(customers, "ann")
    customers.execute(f"PREPARE change AS {change}")
    for _ in range(7):  # so often that the plan is a generic one
        assert names(customers, "EXECUTE change") == "12"
    become(customers, BOB)
    assert names(customers, "EXECUTE change") == "3"
    become(customers, "ann")
    assert names(customers, "EXECUTE change") == "12"
    with customers.transaction(force_rollback=True):
        become(customers, BOB)
        assert names(customers, change) == "3"
    assert names(customers, change) == "12"
    customers.execute("SELECT set_config('policylang.user', 'eve', true)")
    assert names(customers, change) == ""
    become(customers, "eve")
    fails(customers, change, errors.InsufficientPrivilege)


def test_one_transaction_only(postgres: PostgresServer) -> None:
    with postgres.database() as database, database.connect() as connection:
        connection.execute("CREATE TABLE customer (id text PRIMARY KEY, name text, owner text, status text)")
        connection.cursor().executemany("INSERT INTO customer VALUES (%s, %s, %s, %s)", ROWS)
        connection.execute(bundle().files["up.sql"])
        connection.execute("CREATE ROLE my_login LOGIN; GRANT policylang_app TO my_login")
        with database.connect("my_login") as session:
            with session.transaction():
                session.execute("SET TRANSACTION READ ONLY")
                become(session, "ann")
                assert names(session) == "123"
            become(session, "ann")  # a transaction of its own
            with pytest.raises(errors.InsufficientPrivilege):
                names(session)
            with session.transaction():
                become(session, BOB)
                assert names(session, "UPDATE customer SET name = 'x' RETURNING id") == "3"
            assert session.execute("SELECT policylang.me(), current_setting('policylang.user')").fetchone() == (
                None,
                "",
            )
        connection.execute("DROP OWNED BY my_login")


def test_functions_with_rights_of_their_own(customers: psycopg.Connection[Any]) -> None:
    """Their search path is fixed, and what a session makes is not found by it."""
    paths = customers.execute(
        "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'policylang'::regnamespace AND prosecdef"
    ).fetchall()
    assert {name for name, _ in paths} == {"me_as", "role_of", "of_user", "eligible"}
    assert all(settings == ["search_path=pg_catalog, pg_temp"] for _, settings in paths)
    become(customers, "ann")
    customers.execute("CREATE TEMP TABLE users AS SELECT 'ann' AS id")
    customers.execute("CREATE TEMP TABLE customer AS SELECT 'none' AS id")
    customers.execute("SET LOCAL search_path = pg_temp, public")
    assert names(customers, "SELECT id FROM public.customer ORDER BY id") == "123"
    assert names(customers, "UPDATE public.customer SET name = 'x' RETURNING id") == "12"


# --- indexes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("owner is assigned user", "owner"),
        ("name is request.word", "name"),
        ("born within 1 month", "born"),
        ("made within 30 days", "made"),
        ("made after request.since", "made"),
        ("fee > request.least and fee < 1000", "fee"),
        ("status in [lead]", "status"),
        ('ip in "10.0.0.0/8"', "ip"),
    ],
)
def test_policies_use_indexes(connection: psycopg.Connection[Any], condition: str, column: str) -> None:
    policies = f"""
    request {{ word : text  since : datetime  least : money }}
    resource item {{ name : text  owner : user  born : date  made : datetime  fee : money  status : one of lead, active
      ip : ip  actions view }}
    policy p on item {{ {condition} }}
    group g {{ grant view on item  policy p }}
    user "ann" in g
    """
    with connection.transaction(force_rollback=True):
        connection.execute("""
            CREATE TABLE item (id text PRIMARY KEY, name text, owner text, born date, made timestamptz, fee numeric,
              status text, ip inet);
            INSERT INTO item SELECT i, 'n' || i, 'o' || i, '2000-01-01'::date + i % 9999, '2000-01-01'::timestamptz + i
              * interval '1 hour', i, CASE i % 999 WHEN 0 THEN 'lead' ELSE 'active' END, '9.0.0.0'::inet + i
            FROM generate_series(1, 20000) i
        """)
        method = "gist (ip inet_ops)" if column == "ip" else f"btree ({column})"
        connection.execute(f"CREATE INDEX found ON item USING {method}; ANALYZE item".encode())
        connection.execute(inside(bundle(policies).files["up.sql"]))
        connection.execute(
            """SELECT policylang.become('ann', '{"word": "n7", "since": "2099-01-01T00:00:00Z", "least": 990}')"""
        )
        plan = "\n".join(row[0] for row in connection.execute("EXPLAIN SELECT id FROM item"))
        assert "Index Scan" in plan or "Bitmap Index Scan" in plan, plan
        assert " on found" in plan or "using found" in plan, plan


# --- around the tables ---------------------------------------------------------------------------------------


def test_views_show_what_their_reader_may_see_if_they_say_so(customers: psycopg.Connection[Any]) -> None:
    customers.execute("CREATE VIEW as_reader WITH (security_invoker = true) AS SELECT id FROM customer")
    customers.execute("CREATE VIEW as_owner AS SELECT id FROM customer")
    customers.execute("CREATE VIEW as_superuser AS SELECT id FROM customer")
    customers.execute("ALTER VIEW as_owner OWNER TO landlord")
    customers.execute("GRANT SELECT ON as_reader, as_owner, as_superuser TO PUBLIC")
    become(customers, "ann")
    assert names(customers, "SELECT id FROM as_reader ORDER BY id") == "123"
    assert names(customers, "SELECT id FROM as_owner") == ""
    become(customers, "eve")
    assert names(customers, "SELECT id FROM as_superuser ORDER BY id") == "123"  # as the README says
    fails(customers, "SELECT id FROM as_reader", errors.InsufficientPrivilege)


def test_foreign_keys_and_cascades_are_no_statements_of_users(customers: psycopg.Connection[Any]) -> None:
    """They are checked and carried out whatever the policies say, as the README says."""
    customers.execute("ALTER TABLE customer ADD above text REFERENCES customer ON DELETE CASCADE")
    customers.execute("UPDATE customer SET above = '1' WHERE id = '3'")
    assert run(customers, "ann", "DELETE FROM customer")[1] == [("2", "b", "ann", "active", None)]
    assert run(customers, "ann", "INSERT INTO customer VALUES ('3', 'x', 'ann', 'lead')")[0] == "23505"


def test_partitions(connection: psycopg.Connection[Any]) -> None:
    """Reached through the whole table alone; what everybody was granted on a part is taken back, and given again."""
    with connection.transaction(force_rollback=True):
        connection.execute("""
            CREATE TABLE customer (id text, name text, owner text, status text) PARTITION BY LIST (status);
            CREATE TABLE leads PARTITION OF customer FOR VALUES IN ('lead') PARTITION BY LIST (owner);
            CREATE TABLE leads_of_ann PARTITION OF leads FOR VALUES IN ('ann');
            CREATE TABLE others PARTITION OF customer DEFAULT;
            GRANT SELECT ON leads_of_ann TO PUBLIC;
            GRANT UPDATE (name) ON others TO PUBLIC;
            INSERT INTO customer VALUES ('1', 'a', 'ann', 'lead'), ('2', 'b', 'ann', 'active')
        """)
        state = (
            "SELECT relname, coalesce(relacl, acldefault('r', relowner)), relrowsecurity FROM pg_class "
            "WHERE relname ~ 'leads|others|customer' ORDER BY relname"
        )
        acl = "SELECT attacl FROM pg_attribute WHERE attrelid = 'others'::regclass AND attname = 'name'"
        before = connection.execute(state).fetchall(), connection.execute(acl).fetchall()
        connection.execute(inside(bundle().files["up.sql"]))
        with connection.transaction(force_rollback=True):
            become(connection, "ann")
            assert names(connection) == "12"
            assert names(connection, "UPDATE customer SET status = 'active' RETURNING id") == "12"
            for part in ("leads", "leads_of_ann"):
                fails(connection, f"SELECT id FROM {part}", errors.InsufficientPrivilege)
            fails(connection, "UPDATE others SET name = 'x'", errors.InsufficientPrivilege)
        connection.execute(inside(bundle().files["down.sql"]))
        assert (connection.execute(state).fetchall(), connection.execute(acl).fetchall()) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE TABLE all_of_them (); ALTER TABLE customer INHERIT all_of_them", "is a part of public.all_of_them"),
        ("CREATE POLICY mine ON customer USING (true)", "policy mine on public.customer would let"),
        (
            "CREATE ROLE policylang_reader; CREATE POLICY mine ON customer TO policylang_reader",
            "policy mine on public.customer",
        ),
        ("CREATE ROLE policylang_user SUPERUSER", "policylang_user"),
    ],
)
def test_tables_that_cannot_be_protected(connection: psycopg.Connection[Any], statement: str, said: str) -> None:
    with pytest.raises(errors.RaiseException, match=said), prepared(connection, statement):
        pass


def test_other_policies_may_narrow_or_be_for_others(connection: psycopg.Connection[Any]) -> None:
    narrow = "CREATE POLICY narrow ON customer AS RESTRICTIVE USING (id <> '2')"
    with prepared(connection, narrow, "CREATE POLICY others ON customer TO landlord USING (true)"):
        become(connection, "ann")
        assert names(connection) == "13"


def test_keys_that_the_database_makes(connection: psycopg.Connection[Any]) -> None:
    """Identity columns need nothing; the sequence of a serial column needs a privilege."""
    for type_, done in (("bigint GENERATED BY DEFAULT AS IDENTITY", 1), ("bigserial", DENIED)):
        with connection.transaction(force_rollback=True):
            connection.execute(f"CREATE TABLE customer (id {type_}, name text, owner text, status text)".encode())
            connection.execute(inside(bundle().files["up.sql"]))
            insert = "INSERT INTO customer (name, owner, status) VALUES ('x', 'ann', 'lead')"
            assert run(connection, "ann", insert)[0] == done


# --- who runs the script -------------------------------------------------------------------------------------


def test_the_owner_runs_the_script(postgres: PostgresServer) -> None:
    """Who is no superuser, and gains nothing by it."""
    with postgres.database() as database:
        with database.connect() as connection:
            connection.execute("CREATE ROLE landlord LOGIN CREATEROLE")
            connection.execute(f"GRANT CREATE ON DATABASE {database.name} TO landlord".encode())
            connection.execute("GRANT CREATE ON SCHEMA public TO landlord")
        with database.connect("landlord") as connection:
            connection.execute("CREATE TABLE customer (id text PRIMARY KEY, name text, owner text, status text)")
            connection.cursor().executemany("INSERT INTO customer VALUES (%s, %s, %s, %s)", ROWS)
            older = SALES.replace("for delete", "for view, delete")
            for text in (older, SALES, SALES):
                connection.execute(bundle(text).files["up.sql"])
            assert names(connection) == ""
            connection.execute("GRANT policylang_app TO landlord")
            with connection.transaction(force_rollback=True):
                become(connection, "ann")
                assert names(connection) == "123"
                assert names(connection, "UPDATE customer SET name = 'x' RETURNING id") == "12"
            connection.execute(bundle().files["down.sql"])
            assert names(connection) == "123"
        with database.connect() as connection:
            assert names(connection, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'policylang%'") == ""
            connection.execute("DROP OWNED BY landlord")


def test_databases_of_a_server_share_roles(postgres: PostgresServer) -> None:
    """What one says gives nobody anything in another, and taking it back leaves the other as it is."""
    wider = SALES.replace("group sales {", "role all { grant delete on customer } group sales { role all")
    with postgres.database() as first, postgres.database() as second:
        for database, text in ((first, SALES), (second, wider)):
            with database.connect() as connection:
                connection.execute("CREATE TABLE customer (id text PRIMARY KEY, name text, owner text, status text)")
                connection.cursor().executemany("INSERT INTO customer VALUES (%s, %s, %s, %s)", ROWS)
                connection.execute(bundle(text).files["up.sql"])
        for database in (second, first):
            with database.connect() as connection:
                assert run(connection, "ann", "DELETE FROM customer")[0] == 1
                assert run(connection, "eve", "DELETE FROM customer")[0] == DENIED
        with second.connect() as connection:
            connection.execute(bundle(text).files["down.sql"])
        with first.connect() as connection:
            assert run(connection, "ann", "DELETE FROM customer")[0] == 1
            connection.execute(bundle().files["down.sql"])
            assert names(connection, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'policylang%'") == ""
