"""Records in tables: what is asked of a database is made here, how it is asked is each database's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from policylang.ir import nodes as ir
from policylang.model.types import EnumType, PlaceType, RecordType, SetType, Type
from policylang.runtime.filter import Filter
from policylang.runtime.index import Index
from policylang.service.stores.store import Deadline, StoreError
from policylang.settings.targets import Table

Rows = list[tuple[Any, ...]]

_ROW = '"row"'


class NoKeyError(Exception):
    """A text that can be the key of no row, such as one of letters where keys are numbers."""


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _key(resource: str, raw: Any) -> str:
    """The key of a row, by which it can be asked for. Raises `StoreError`."""
    if raw is None or isinstance(raw, bytes):
        raise StoreError(f"the key of a row of `{resource}` is neither a text nor a number")
    return str(raw)


class SqlStore:
    """Tables as ``tables`` maps them; all resources with attributes, named like these, where it maps none."""

    blocking = True
    server: str | None = None
    dialect: ClassVar[str]
    mark: ClassVar[str]
    """How a query names a parameter, with a gap for the name."""
    no_key: ClassVar[tuple[type[Exception], ...]] = ()
    """What the driver raises for a text that can be the key of no row."""
    failures: ClassVar[tuple[type[Exception], ...]]
    """What else it raises."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = dict(tables)
        self._local = threading.local()
        self._open: set[Any] = set()
        self._lock = threading.Lock()

    # --- what each database does -----------------------------------------------------------------------------

    def connect(self, seconds: float) -> Any:
        """A connection that only reads. Raises what the driver raises."""
        raise NotImplementedError

    def run(self, connection: Any, query: str, parameters: dict[str, Any], deadline: Deadline) -> Rows:
        """The rows of a query. Raises `NoKeyError`, and what the driver raises."""
        rows: Rows = connection.execute(query, parameters).fetchall()
        return rows

    def stop(self, connection: Any) -> None:
        """End the query that runs on a connection; called from another thread."""
        connection.interrupt()

    def failure(self, error: Exception) -> StoreError:
        """What the driver says."""
        return StoreError(str(error))

    def is_lost(self, connection: Any) -> bool:
        """Whether a connection is of no use any more."""
        return False

    def qualified(self, table: str) -> str:
        """The name of a table, so that no other can be meant."""
        raise NotImplementedError

    def name(self, name: str) -> str:
        """A name in a query."""
        return quoted(name)

    def read(self, type_: Type, column: str) -> str:
        """How a column is read."""
        return column

    def whole(self, type_: Type, column: str) -> str | None:
        """That a column which holds something holds a value of its type; ``None`` where it is certain."""
        raise NotImplementedError

    def value(self, type_: Type, raw: Any) -> Any:
        """What was read, as a value of a record."""
        if isinstance(type_, SetType) and isinstance(raw, list):
            return [self.value(type_.of, each) for each in raw]
        return str(raw) if isinstance(raw, UUID) else raw

    # --- questions -------------------------------------------------------------------------------------------

    def reach(self, deadline: Deadline) -> None:
        self._ask("SELECT 1", {}, deadline)

    def holds(self, index: Index, resource: str) -> bool:
        if self._tables:
            return resource in self._tables
        return bool(index.attributes.get(resource))

    def row(self, index: Index, resource: str, key: str, deadline: Deadline) -> Mapping[str, Any] | None:
        attributes = self._attributes(index, resource)
        table = self._table(resource)
        columns = [self._in_row(table.key), *(self.read(a.type, self._column(table, a.name)) for a in attributes)]
        of = self._rows(table, resource)
        query = f"SELECT {', '.join(columns)} FROM {of} WHERE {self._in_row(table.key)} = {self.mark.format('key')}"  # noqa: S608
        try:
            rows = self._ask(query, {"key": key}, deadline)
        except NoKeyError:
            return None
        if not rows:
            return None
        if len(rows) > 1:
            raise StoreError(f"two rows of `{resource}` have the same key")
        return {a.name: self.value(a.type, raw) for a, raw in zip(attributes, rows[0][1:], strict=True)}

    def search(self, index: Index, found: Filter, after: str | None, most: int, deadline: Deadline) -> list[str]:
        condition, parameters = found.to_sql(self.dialect)
        key = f"{quoted(found.resource)}.{quoted('id')}"
        query = (
            f"WITH {', '.join(self._with(index, found.resource, condition))} "  # noqa: S608
            f"SELECT {key} FROM {quoted(found.resource)} WHERE ({condition})"
        )
        if after is not None:
            query += f" AND {key} > {self.mark.format('after')}"
            parameters = {**parameters, "after": after}
        query += f" ORDER BY {key} LIMIT {self.mark.format('most')}"
        try:
            rows = self._ask(query, {**parameters, "most": most}, deadline)
        except NoKeyError:
            return []
        keys = [_key(found.resource, row[0]) for row in rows]
        if len(set(keys)) < len(keys):
            raise StoreError(f"two rows of `{found.resource}` have the same key")
        return keys

    def _with(self, index: Index, resource: str, condition: str) -> Iterator[str]:
        """The tables that a condition speaks of, under the names of the policies."""
        seen, left = {resource}, [resource]
        while left:
            name = left.pop(0)
            attributes = self._attributes(index, name)
            table = self._table(name)
            columns = [f"{self._in_row(table.key)} AS {quoted('id')}"]
            columns += [f"{self._column(table, a.name)} AS {quoted(a.name)}" for a in attributes]
            place = index.resources[name].place if name == resource else None
            rows = f"{self._rows(table, name)}{self._sound(index, table, attributes, condition, place)}"
            yield f"{quoted(name)} AS NOT MATERIALIZED (SELECT {', '.join(columns)} FROM {rows})"  # noqa: S608
            for attribute in attributes:
                other = attribute.type
                if isinstance(other, RecordType) and other.resource not in seen and quoted(other.resource) in condition:
                    seen.add(other.resource)
                    left.append(other.resource)

    def _sound(
        self, index: Index, table: Table, attributes: Sequence[ir.Attribute], condition: str, place: str | None
    ) -> str:
        """That what a condition reads of a row is readable; and its ``place`` one that the policies declare, for a
        record anywhere else is nobody's.
        """
        tests = []
        for attribute in attributes:
            column, whole = self._column(table, attribute.name), None
            if attribute.name == place and isinstance(attribute.type, PlaceType):
                whole = self._declared(index, attribute.type, column)
            elif quoted(attribute.name) in condition:
                whole = self.whole(attribute.type, column)
            if whole is not None:
                tests.append(f"({column} IS NULL OR {whole})")
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _declared(self, index: Index, type_: PlaceType, column: str) -> str | None:
        names = tuple(each.name for each in index.places.values() if each.kind == type_.scope)
        return self.whole(EnumType(names), column) if names else "FALSE"

    def _table(self, resource: str) -> Table:
        return self._tables.get(resource, Table())

    def _column(self, table: Table, name: str) -> str:
        return self._in_row(table.columns.get(name, name))

    def _rows(self, table: Table, resource: str) -> str:
        return f"{self.qualified(table.table or resource)} AS {_ROW}"

    def _in_row(self, column: str) -> str:
        """A column of the table and nothing else: alone, a name that SQLite does not know is a text, and one that
        DuckDB does not know may be that of a result.
        """
        return f"{_ROW}.{self.name(column)}"

    def _attributes(self, index: Index, resource: str) -> Sequence[ir.Attribute]:
        """Those that are columns; the key of a row is its `id`."""
        return [a for a in index.attributes[resource].values() if a.name != "id"]

    # --- connections -----------------------------------------------------------------------------------------

    def _ask(self, query: str, parameters: dict[str, Any], deadline: Deadline) -> Rows:
        is_kept = getattr(self._local, "connection", None) is not None
        connection = self._connection(deadline)
        try:
            with deadline.interrupting(lambda: self.stop(connection)):
                return self.run(connection, query, parameters, deadline)
        except self.no_key:
            raise NoKeyError from None
        except self.failures as error:
            if not (is_kept and self.is_lost(connection)):
                raise self.failure(error) from None
        finally:
            if self.is_lost(connection):
                self._forget(connection)
        return self._ask(query, parameters, deadline)  # the server has begun anew since it was asked last

    def _connection(self, deadline: Deadline) -> Any:
        """One for each thread."""
        found = getattr(self._local, "connection", None)
        if found is None:
            deadline.check()
            try:
                found = self._local.connection = self.connect(deadline.left)
            except self.failures as error:
                raise self.failure(error) from None
            with self._lock:
                self._open.add(found)
        return found

    def _forget(self, connection: Any) -> None:
        self._local.connection = None
        with self._lock:
            self._open.discard(connection)
        connection.close()

    def close(self) -> None:
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()
