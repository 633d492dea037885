"""Catalogs of 300 random tables, imported from a live server: every user may do what the server lets them do."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from psycopg import errors, sql

from policylang.api.policy_set import PolicySet
from tests.engines.postgres_engine import Database, PostgresServer
from tests.importing.postgres.live import imported_from

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
TABLES = 300
ROLES = ("staff", "lead", "boss", "reader")
USERS = ("ann", "bo", "cy", "dee", "eve")
COLUMNS = ("owner", "n", "open", "kind")
ROWS: list[dict[str, Any]] = [
    {"id": 1, "owner": "ann", "n": 5, "open": True, "kind": "a", "note": "x"},
    {"id": 2, "owner": "bo", "n": -1, "open": False, "kind": "it's", "note": "x"},
    {"id": 3, "owner": None, "n": None, "open": None, "kind": None, "note": "x"},
    {"id": 4, "owner": "cy", "n": 10, "open": True, "kind": "b", "note": "x"},
]
EXPRESSIONS = (
    "true",
    "false",
    "owner = current_user",
    "owner <> current_user",
    "current_user = owner::name",
    "n > 0",
    "n <= -1",
    "open",
    "NOT open",
    "open = true AND n >= 5",
    "kind = 'a' OR kind = 'it''s'",
    "kind IN ('a', 'b')",
    "NOT (n = 5 OR owner IS NULL)",
    "owner IS NOT NULL",
    "n <> 5",
)


def script(choose: random.Random) -> str:
    lines = [f"CREATE ROLE {name};" for name in ROLES]
    lines += [f"CREATE ROLE {name} LOGIN{' BYPASSRLS' if name == 'dee' else ''};" for name in USERS]
    lines += [
        "GRANT staff TO ann, bo;",
        "GRANT lead TO bo, dee;",
        "GRANT staff TO lead;",
        "GRANT boss TO cy WITH ADMIN OPTION;",
        "GRANT reader TO eve;",
        "GRANT pg_read_all_data TO reader;",
        "CREATE SCHEMA closed; GRANT USAGE ON SCHEMA closed TO staff;",
    ]
    for number in range(TABLES):
        lines += table(choose, f"{'closed' if choose.random() < 0.2 else 'public'}.t{number}", number)
    return "\n".join(lines)


def table(choose: random.Random, name: str, number: int) -> list[str]:
    lines = [
        f"CREATE TABLE {name} (id int PRIMARY KEY, owner text, n int, open boolean, kind varchar(20), note text);",
        f"INSERT INTO {name} VALUES (1, 'ann', 5, true, 'a', 'x'), (2, 'bo', -1, false, 'it''s', 'x'),"
        " (3, NULL, NULL, NULL, NULL, 'x'), (4, 'cy', 10, true, 'b', 'x');",
    ]
    everybody = (*ROLES, *USERS, "PUBLIC")
    for _ in range(choose.randint(0, 4)):
        privilege = choose.choice(
            ["SELECT", "INSERT", "UPDATE", "DELETE", "SELECT (id, n)", "UPDATE (note)", "TRUNCATE"]
        )
        lines.append(f"GRANT {privilege} ON {name} TO {choose.choice(everybody)};")
    if choose.random() < 0.3:
        lines.append(f"ALTER TABLE {name} OWNER TO {choose.choice(['boss', 'ann'])};")
    if choose.random() < 0.7:
        lines.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;")
        if choose.random() < 0.3:
            lines.append(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY;")
    for each in range(choose.randint(0, 3)):
        command = choose.choice(["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"])
        kind = choose.choice(["PERMISSIVE", "PERMISSIVE", "RESTRICTIVE"])
        to = ", ".join(choose.sample(everybody, choose.choice([1, 1, 2])))
        expression = choose.choice(EXPRESSIONS)
        word = "WITH CHECK" if command == "INSERT" else "USING"
        lines.append(f"CREATE POLICY p{each} ON {name} AS {kind} FOR {command} TO {to} {word} ({expression});")
    return lines


@pytest.fixture(scope="module")
def database(postgres: PostgresServer):
    with postgres.database() as made:
        made.run(script(random.Random(16)))
        yield made


def test_decisions_are_those_of_the_server(database: Database) -> None:
    made = imported_from(database)
    assert made.errors == []
    assert {each.code for each in made.refused} <= {"set-role"}
    assert made.project.ir is not None
    policies = PolicySet(made.project.ir)
    names = made.manifest.names
    found = {
        key: names["resource"].get(key)
        for key in (f"{schema}t{n}" for n in range(TABLES) for schema in ("", "closed."))
    }
    compared = 0
    with database.connect() as connection:
        for key, resource in found.items():
            if resource is None:
                continue
            name = sql.Identifier(*(key.split(".") if "." in key else ("public", key)))
            for user in USERS:
                for action, there in server(connection, name, user).items():
                    here = {row["id"] for row in ROWS if policies.allows(user, action, resource, given(row), now=NOW)}
                    assert here == there, (key, user, action)
                    compared += 1
                row = ROWS[compared % len(ROWS)]
                mine = policies.allows(user, "create", resource, given({**row, "id": 9}), now=NOW)
                assert mine == inserts(connection, name, user, given({**row, "id": 9})), (key, user, row)
                fields = columns(connection, name, user)
                for field in COLUMNS:
                    mine = any(
                        policies.allows(user, "view", resource, given(row), now=NOW, field=field) for row in ROWS
                    )
                    rows = server(connection, name, user)["view"] if field in fields else set()
                    assert mine == bool(rows), (key, user, field)
    assert compared == TABLES * len(USERS) * 3


def test_whoever_may_do_more_as_a_role_that_is_inherited_is_told(database: Database) -> None:
    told = {each.message for each in imported_from(database).refused}
    seen = set()
    with database.connect() as connection:
        memberships = connection.execute(
            "SELECT m.rolname, g.rolname FROM pg_auth_members JOIN pg_roles g ON g.oid = roleid"
            " JOIN pg_roles m ON m.oid = member WHERE g.rolname = ANY(%s)",
            (list(ROLES),),
        ).fetchall()
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE tablename ~ '^t[0-9]+$'"
        ).fetchall()
        for name in (sql.Identifier(*each) for each in names):
            for member, role in memberships:
                before, after = server(connection, name, member), server(connection, name, role)
                if any(after[action] - before[action] for action in before):
                    seen.add(f"`{member}` may become `{role}` with SET ROLE, and may do more then than before")
    assert seen
    assert seen <= told


def given(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def server(connection: Any, name: Any, user: str) -> dict[str, set[int]]:
    """The rows that a user may view, modify and delete, each by itself."""
    statements = {
        "view": sql.SQL("SELECT id FROM {}"),
        "modify": sql.SQL("UPDATE {} SET note = 'y'"),
        "delete": sql.SQL("DELETE FROM {}"),
    }
    found = {}
    for action, statement in statements.items():
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(user)))
            try:
                with connection.transaction():
                    answer = connection.execute(statement.format(name))
                    ids = {row[0] for row in answer} if action == "view" else set()
            except errors.InsufficientPrivilege:
                found[action] = set()
                continue
            connection.execute("RESET ROLE")
            if action == "modify":
                ids = {row[0] for row in connection.execute(sql.SQL("SELECT id FROM {} WHERE note = 'y'").format(name))}
            if action == "delete":
                ids = {1, 2, 3, 4} - {row[0] for row in connection.execute(sql.SQL("SELECT id FROM {}").format(name))}
            found[action] = ids
    return found


def inserts(connection: Any, name: Any, user: str, row: dict[str, Any]) -> bool:
    """Whether a user may insert a row."""
    fields = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join(map(sql.Literal, row.values()))
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(user)))
        try:
            with connection.transaction():
                connection.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(name, fields, values))
        except errors.InsufficientPrivilege:
            return False
        return True


def columns(connection: Any, name: Any, user: str) -> set[str]:
    """The columns that a user has the privilege to read."""
    found = set()
    for column in COLUMNS:
        query = "SELECT has_column_privilege(%s, %s, %s, 'SELECT')"
        if connection.execute(query, (user, name.as_string(), column)).fetchone()[0]:
            found.add(column)
    return found
