"""The store that a config names."""

from __future__ import annotations

from policylang.service.stores.store import Store, StoreError
from policylang.settings.service import Duckdb, Memory, PostgresTables, ServiceConfig, Sqlite


def open_store(config: ServiceConfig) -> Store | None:
    """Raises `StoreError` for one that cannot be opened, also where the driver is not installed."""
    match config.store:
        case Memory(path):
            from policylang.service.stores.memory import MemoryStore

            return MemoryStore.read(path)
        case Sqlite(path, tables):
            from policylang.service.stores.sqlite import SqliteStore

            return SqliteStore(path, tables)
        case Duckdb(path, tables):
            try:
                from policylang.service.stores.duckdb import DuckdbStore
            except ImportError:
                raise StoreError("DuckDB is not installed: pip install 'policylang[parquet]'") from None
            return DuckdbStore(path, tables)
        case PostgresTables(connection, schema, tables):
            try:
                from policylang.service.stores.postgres import PostgresStore
            except ImportError:
                raise StoreError("psycopg is not installed: pip install 'policylang[postgres]'") from None
            return PostgresStore(connection, schema, tables, config.bounds.seconds)
        case None:
            return None
