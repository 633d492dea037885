"""What is imported from a database that is there."""

from __future__ import annotations

from policylang.importing import find_format
from policylang.importing.importing import Import, import_set
from tests.engines.postgres_engine import Database


def imported_from(database: Database) -> Import:
    of = find_format("postgres")
    return import_set(of, of.given([f"host={database.socket} dbname={database.name} user=postgres"]))
