"""Requests as statements against real tables, under the database role of the user."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql

from policylang.ir import nodes as ir
from policylang.model.types import (
    NUMBERS,
    BoolType,
    DateTimeType,
    DateType,
    IpType,
    RecordType,
    SetType,
    Type,
    UserType,
)
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.runtime.values import MISSING, attribute, read
from policylang.settings.targets import Postgres, Table
from policylang.targets.postgres.request import become_arguments
from policylang.targets.postgres.rights import commands
from policylang.targets.postgres.tables import Mapped, mapped
from policylang.targets.target import TargetBundle
from tests.targets.differential import Answer
from tests.targets.postgres_sales import inside

TARGET = "the record asked about"
TIDY = "VACUUM pg_attribute, pg_class, pg_proc, pg_type, pg_policy, pg_depend, pg_shdepend, pg_auth_members, pg_authid"
"""Hundreds of scripts leave a hundred times as much behind in catalogs as is in them."""
_REFUSED = (errors.InsufficientPrivilege,)


def settings(policy_set: ir.PolicySet) -> Postgres:
    """Tables whose key is no attribute, and whose names are not those of the resources."""
    tables = {
        resource.name: Table(table=f"{resource.name} Table", key="its key")
        for resource in policy_set.resources
        if resource.attributes
    }
    return Postgres(tables=tables)


class PostgresSession:
    """``connection`` is a superuser's, to a database in which the bundle is loaded."""

    def __init__(self, connection: psycopg.Connection[Any], index: Index, tables: dict[str, Mapped]) -> None:
        self.connection = connection
        self.index = index
        self.tables = tables

    def decide(self, asked: Sequence[Request]) -> list[Answer | None]:
        return [self._decide(each) for each in asked]

    def _decide(self, asked: Request) -> Answer | None:
        table = self.tables.get(asked.resource)
        kind = None if table is None else commands(self.index.resources[asked.resource]).get(asked.action)
        if table is None or kind is None:
            return None
        if {asked.field, *(asked.changes or ())} - {None, *self.index.attributes[asked.resource]}:
            return None  # there is no such column
        if asked.field is not None and asked.changes:
            return None  # two questions at once
        with self.connection.transaction(force_rollback=True):
            rows = _Rows(self)
            record = rows.values(asked.resource, asked.record, TARGET)
            if kind != "create":
                rows.insert(asked.resource, TARGET, record)
                rows.known.add((asked.resource, str(asked.record.get("id"))))
            changes = None if asked.changes is None else rows.values(asked.resource, asked.changes, TARGET)
            if rows.named & rows.known:
                return None  # the same record once with attributes, once without: a database has it or not
            execute = self.connection.execute
            execute("SELECT set_config('policylang.now', %s, true)", [asked.now.isoformat()])
            try:
                user, request = become_arguments(self.index, asked.user, asked.request)
                execute("SELECT policylang.become(%s, %s)", [user, json.dumps(request)])
            except _REFUSED:
                return Answer(False)
            return getattr(self, f"_{kind}")(table, asked, record, changes)

    def _try(self, statement: sql.Composed, values: Sequence[Any] = ()) -> int | None:
        """The number of rows, or null for a refusal."""
        try:
            with self.connection.transaction():
                return self.connection.execute(statement, values).rowcount
        except _REFUSED:
            return None

    def _privileged(self, table: Mapped, command: str) -> frozenset[str]:
        found = self.connection.execute(
            "SELECT c FROM unnest(%s::text[]) c WHERE has_column_privilege(%s, c, %s)",
            [list(table.columns.values()), table.sql, command],
        )
        columns = {row[0] for row in found}
        return frozenset(name for name, column in table.columns.items() if column in columns)

    # --- the commands ----------------------------------------------------------------------------------------

    def _view(self, table: Mapped, asked: Request, record: Any, changes: Any) -> Answer | None:
        columns = [table.key] if asked.field is None else [table.key, table.columns[asked.field]]
        statement = sql.SQL("SELECT {} FROM {} WHERE {} = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), _name(table), sql.Identifier(table.key)
        )
        seen = self._try(statement, [TARGET]) == 1
        return Answer(seen, self._privileged(table, "SELECT") if seen else None)

    def _create(self, table: Mapped, asked: Request, record: dict[str, Any], changes: Any) -> Answer | None:
        if asked.field is not None:
            return None
        done = self._try(*_insert(table, TARGET, {k: v for k, v in record.items() if v is not None}))
        return Answer(done is not None)

    def _modify(self, table: Mapped, asked: Request, record: Any, changes: dict[str, Any] | None) -> Answer | None:
        if changes:
            return Answer(self._update(table, changes) == 1)
        # Nothing changes: write what is there already, into a column that asks for nobody in particular.
        free = {a.name for a in self.index.attributes[asked.resource].values() if _role(a.type) is None}
        granted = self._privileged(table, "UPDATE")
        if asked.field is not None and asked.field not in free:
            return None
        tried = [asked.field] if asked.field is not None else sorted(granted & free)
        if not tried:
            return Answer(False) if not granted and not self.index.attributes[asked.resource] else None
        return Answer(any(self._update(table, {name: record.get(name)}) == 1 for name in tried))

    def _update(self, table: Mapped, changes: dict[str, Any]) -> int | None:
        names = [sql.SQL("{} = %s").format(sql.Identifier(table.columns[name])) for name in changes]
        statement = sql.SQL("UPDATE {} SET {}").format(_name(table), sql.SQL(", ").join(names))
        return self._try(statement, list(changes.values()))

    def _delete(self, table: Mapped, asked: Request, record: Any, changes: Any) -> Answer | None:
        if asked.field is not None:
            return None
        return Answer(self._try(sql.SQL("DELETE FROM {}").format(_name(table))) == 1)


class _Rows:
    """The rows of one request: related records are rows of their own."""

    def __init__(self, session: PostgresSession) -> None:
        self.session = session
        self.keys: dict[int, str] = {}
        self.known: set[tuple[str, str]] = set()
        self.named: set[tuple[str, str]] = set()

    def values(self, resource: str, record: Any, key: str) -> dict[str, Any]:
        """Column values by attribute, of those that are given; related rows are inserted on the way."""
        self.keys[id(record)] = key
        found = {}
        for name, declared in self.session.index.attributes[resource].items():
            if name in record:
                found[name] = self._value(declared.type, read(declared.type, attribute(record, name), name))
        return found

    def _value(self, type_: Type, found: Any) -> Any:
        if found is MISSING:
            return None
        if isinstance(type_, SetType):
            return [self._value(type_.of, each) for each in found]
        if isinstance(type_, RecordType):
            return self._key(type_.resource, found)
        if isinstance(found, ipaddress.IPv4Address | ipaddress.IPv6Address) or not isinstance(
            type_, BoolType | DateType | DateTimeType | (*NUMBERS,)[0] | (*NUMBERS,)[1] | (*NUMBERS,)[2]
        ):
            return str(found)
        return found

    def _key(self, resource: str, record: Any) -> str:
        if isinstance(record, str):
            self.named.add((resource, record))
            return record
        if id(record) in self.keys:
            return self.keys[id(record)]
        given = attribute(record, "id")
        key = f"row {len(self.keys)}" if given is MISSING else str(given)
        self.insert(resource, key, self.values(resource, record, key))
        return key

    def insert(self, resource: str, key: str, values: dict[str, Any]) -> None:
        self.known.add((resource, key))
        table = self.session.tables[resource]
        statement, given = _insert(table, key, values)
        self.session.connection.execute(statement + sql.SQL(" ON CONFLICT DO NOTHING"), given)


def _insert(table: Mapped, key: str, values: dict[str, Any]) -> tuple[sql.Composed, list[Any]]:
    columns = [table.key, *(table.columns[name] for name in values)]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        _name(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
    return statement, [key, *values.values()]


def _name(table: Mapped) -> sql.Identifier:
    return sql.Identifier(table.schema, table.table)


def _role(type_: Type) -> str | None:
    item = type_.of if isinstance(type_, SetType) else type_
    return item.role if isinstance(item, UserType) else None


# --- tables --------------------------------------------------------------------------------------------------


def column_type(type_: Type) -> str:
    if isinstance(type_, SetType):
        return f"{column_type(type_.of)}[]"
    names = {BoolType: "boolean", DateType: "date", DateTimeType: "timestamptz", IpType: "inet"}
    names |= dict.fromkeys(NUMBERS, "numeric")
    return names.get(type(type_), "text")


def create_tables(connection: psycopg.Connection[Any], index: Index, tables: dict[str, Mapped]) -> None:
    """The tables as an application has them, with nothing protected; and rows that no statement may reach but one."""
    for table in tables.values():
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(table.columns[name]), sql.SQL(column_type(attribute.type)))
            for name, attribute in index.attributes[table.resource].items()
        ]
        key = sql.SQL("{} text PRIMARY KEY").format(sql.Identifier(table.key))
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(_name(table), sql.SQL(", ").join([key, *columns])))


@contextmanager
def loaded(connection: psycopg.Connection[Any], bundle: TargetBundle, index: Index) -> Iterator[PostgresSession]:
    """A session with the bundle; afterwards everything of it is gone again."""
    tables = mapped(index, settings(index.policy_set))
    create_tables(connection, index, tables)
    try:
        connection.execute(bundle.files["up.sql"])
        _prepare(connection, tables)
        yield PostgresSession(connection, index, tables)
        connection.execute(bundle.files["down.sql"])
    finally:
        connection.execute("ROLLBACK")
        for table in tables.values():
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(_name(table)))
        connection.execute(TIDY)


@contextmanager
def undone(connection: psycopg.Connection[Any], bundle: TargetBundle, index: Index) -> Iterator[PostgresSession]:
    """The same in one transaction, which is quicker, but does not try the script that takes everything back."""
    tables = mapped(index, settings(index.policy_set))
    with connection.transaction(force_rollback=True):
        create_tables(connection, index, tables)
        connection.execute(inside(bundle.files["up.sql"]))
        _prepare(connection, tables)
        yield PostgresSession(connection, index, tables)
    connection.execute(TIDY)


def _prepare(connection: psycopg.Connection[Any], tables: dict[str, Mapped]) -> None:
    """Which row a statement without WHERE is about."""
    tell_the_time(connection)
    for table in tables.values():
        for command in ("UPDATE", "DELETE"):
            statement = "CREATE POLICY {} ON {} AS RESTRICTIVE FOR {} USING ({} = {})"
            names = sql.Identifier(f"test {command}"), _name(table), sql.SQL(command), sql.Identifier(table.key)
            connection.execute(sql.SQL(statement).format(*names, sql.Literal(TARGET)))


def tell_the_time(connection: psycopg.Connection[Any]) -> None:
    """The setting ``policylang.now`` says what time it is."""
    connection.execute(
        "CREATE OR REPLACE FUNCTION policylang.instant() RETURNS timestamptz LANGUAGE sql STABLE AS "
        "$$ SELECT coalesce(nullif(current_setting('policylang.now', true), '')::timestamptz, now()) $$"
    )
