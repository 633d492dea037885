"""A small policy set with a table and rows, for statements that are about more than one request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from policylang.pipelines.compile import compile_for
from policylang.targets import find_target
from policylang.targets.target import Input, TargetBundle
from tests.helpers import compiled

SALES = r"""
resource customer {
  name : text
  owner : user with role rep
  status : one of lead, active
  actions view, create, modify, delete
}
policy own on customer { owner is assigned user }
policy leads on customer { status is lead }
role rep
group sales {
  role rep
  grant view, create, modify, delete on customer
  policy own on customer for create, modify, delete
  policy leads on customer for delete
}
user "ann" in sales
user "it's \"bob\"" in sales
user "eve"
"""
ROWS = [("1", "a", "ann", "lead"), ("2", "b", "ann", "active"), ("3", "c", 'it\'s "bob"', "lead")]

DENIED = "42501"
BOB = 'it\'s "bob"'


def bundle(text: str = SALES) -> TargetBundle:
    made = compile_for(find_target("postgres"), Input(compiled(text)))
    assert isinstance(made, TargetBundle)
    return made


@contextmanager
def prepared(connection: psycopg.Connection[Any], *before: str) -> Iterator[None]:
    """Three rows in a table of somebody who is no superuser, and the bundle loaded by a superuser, after statements
    about the table. All is undone in the end.
    """
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE landlord")
        connection.execute("CREATE TABLE customer (id text PRIMARY KEY, name text, owner text, status text)")
        connection.cursor().executemany("INSERT INTO customer VALUES (%s, %s, %s, %s)", ROWS)
        connection.execute("ALTER TABLE customer OWNER TO landlord")
        for statement in before:
            connection.execute(statement.encode())
        connection.execute(inside(bundle().files["up.sql"]))
        yield


def inside(script: bytes) -> bytes:
    """The script without its own transaction, with whose end its search path ends."""
    assert script.count(b"\nBEGIN;\n") == script.count(b"\nCOMMIT;\n") == 1
    return script.replace(b"\nBEGIN;\n", b"\n").replace(b"\nCOMMIT;\n", b"\nSET LOCAL search_path TO DEFAULT;\n")


def run(connection: psycopg.Connection[Any], user: str, statement: str) -> tuple[int | str, list[tuple[Any, ...]]]:
    """What a statement of a user gives, its count or the code of its error, and the rows that there are then."""
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT policylang.become(%s)", [user])
        try:
            with connection.transaction():
                done: int | str = connection.execute(statement.encode()).rowcount
        except psycopg.Error as error:
            done = str(error.sqlstate)
        connection.execute("RESET ROLE")
        return done, connection.execute("SELECT * FROM customer ORDER BY id").fetchall()


def fails(connection: psycopg.Connection[Any], statement: str, error: type[psycopg.Error]) -> None:
    with pytest.raises(error), connection.transaction():
        connection.execute(statement.encode())
