"""PostgreSQL, one connection: a decision is a transaction that becomes the user and tries the command on a real row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from policylang.ir import nodes as ir
from policylang.model.types import RecordType, UserType
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.targets import Postgres
from policylang.targets.postgres.request import become_arguments
from policylang.targets.postgres.tables import Mapped, mapped
from policylang.targets.target import TargetBundle
from tests.engines.postgres_engine import PostgresServer
from tests.targets.postgres_session import create_tables, tell_the_time

_TARGET = "(SELECT current_setting('policylang.target', true))"


@contextmanager
def prepare(
    bundle: TargetBundle, policy_set: ir.PolicySet
) -> Iterator[Callable[[Sequence[Request]], Sequence[bool | None]]]:
    """Decides requests to view, modify or delete whole records without related ones, by statements without WHERE."""
    index = Index(policy_set)
    tables = mapped(index, Postgres())
    with PostgresServer() as server, server.database() as database, database.connect() as connection:
        create_tables(connection, index, tables)
        connection.execute(bundle.files["up.sql"])
        tell_the_time(connection)
        _one_row_only(connection, tables)
        deciding = _Deciding(connection, index, tables)
        yield lambda asked: [deciding.decide(each) for each in asked]


def _one_row_only(connection: psycopg.Connection[Any], tables: dict[str, Mapped]) -> None:
    """Statements are about one row; which one is said for each transaction."""
    for table in tables.values():
        name, key = sql.Identifier(table.schema, table.table), sql.Identifier(table.key)
        policy = "CREATE POLICY target ON {} AS RESTRICTIVE USING ({} = " + _TARGET + ")"
        connection.execute(sql.SQL(policy).format(name, key))


class _Deciding:
    """The row of each record is put into its table when it is first asked about."""

    def __init__(self, connection: psycopg.Connection[Any], index: Index, tables: dict[str, Mapped]) -> None:
        self._connection, self._index, self._tables = connection, index, tables
        self._statements = {name: _statements(index, table) for name, table in tables.items()}
        self._free = {name: _free(index, table) for name, table in tables.items()}
        self._rows: dict[int, tuple[Request, str]] = {}

    def decide(self, asked: Request) -> bool:
        key = self._row(asked)
        connection = self._connection
        user, request = become_arguments(self._index, asked.user, asked.request)
        values = [asked.record.get(self._free[asked.resource])] if asked.action == "modify" else []
        with connection.transaction(force_rollback=True):
            connection.execute(
                "SELECT set_config('policylang.now', %s, true), set_config('policylang.target', %s, true),"
                " policylang.become(%s, %s)",
                [asked.now.isoformat(), key, user, Jsonb(request)],
            )
            try:
                return connection.execute(self._statements[asked.resource][asked.action], values).rowcount == 1
            except errors.InsufficientPrivilege:
                return False

    def _row(self, asked: Request) -> str:
        if id(asked) not in self._rows:
            key = str(len(self._rows))
            self._rows[id(asked)] = asked, key  # which keeps it, and so its id
            table = self._tables[asked.resource]
            columns = {table.key: key, **{table.columns[name]: value for name, value in asked.record.items()}}
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table.schema, table.table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
            )
            self._connection.execute(statement, list(columns.values()))
        return self._rows[id(asked)][1]


def _free(index: Index, table: Mapped) -> str:
    """An attribute in which not only certain users may stand."""
    attributes = index.attributes[table.resource].values()
    assert not any(isinstance(each.type, RecordType) for each in attributes)
    return next(each.name for each in attributes if not isinstance(each.type, UserType))


def _statements(index: Index, table: Mapped) -> dict[str, sql.Composed]:
    """By action. To modify is to write what is there already."""
    name, column = sql.Identifier(table.schema, table.table), sql.Identifier(table.columns[_free(index, table)])
    return {
        "view": sql.SQL("SELECT {} FROM {}").format(column, name),
        "modify": sql.SQL("UPDATE {} SET {} = {}").format(name, column, sql.Placeholder()),
        "delete": sql.SQL("DELETE FROM {}").format(name),
    }
