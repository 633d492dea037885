"""Resource search of the service: the first page of 50 over 1,000,000 rows, and a page from the middle.

    python -m benchmarks.bench_search [ROWS] [REPETITIONS]

Records in SQLite, DuckDB and PostgreSQL, with an index on their key and on whom they belong to. A search is the whole
request, in the process of the service, HTTP left out; every page is compared with the decisions of its records.
"""

from __future__ import annotations

import datetime
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from benchmarks.measure import environment, table
from policylang import PolicySet, load
from policylang.ir.codec import to_json
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.service.deciding import Interpreter, Turn
from policylang.service.searching import Searcher
from policylang.service.stores.opening import open_store
from policylang.service.stores.store import Deadline
from policylang.service.wire import ResourceSearch
from policylang.settings.config import Config
from policylang.settings.service import ServiceConfig
from policylang.source import Source
from tests.engines.postgres_engine import PostgresServer

PAGE = 50
NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
POLICIES = """
timezone "UTC"
resource customer "Customer" {
  sales_rep : user
  status    : one of lead, active, closed
  created   : datetime
  actions view, modify
}
policy own on customer { assigned user is sales rep }
policy recent on customer { created within 30 days }
policy open on customer { status in [lead, active] }
role rep "Sales rep" { grant view on customer  policy own }
role office "Office" { grant view on customer  policy recent  policy open }
role auditor "Auditor" { grant view on customer }
user "rep" { assign role rep }
user "office" { assign role office }
user "auditor" { assign role auditor }
"""
COLUMNS = '"id" TEXT PRIMARY KEY, "sales_rep" TEXT, "status" TEXT, "created" {instant}'
INDEX = 'CREATE INDEX owner ON customer ("sales_rep", "id")'


def rows(count: int) -> Iterator[tuple[str, str, str, datetime.datetime]]:
    """Records: one in a thousand is the sales representative's, one in twelve is recent."""
    for n in range(count):
        owner = "rep" if n % 1000 == 7 else f"other{n % 977}"
        status = ("lead", "active", "closed")[n % 3]
        yield f"c{n:07}", owner, status, NOW - datetime.timedelta(hours=(n * 7919) % 8640)


@contextmanager
def sqlite(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    with sqlite3.connect(folder / "sqlite") as connection:
        connection.execute(f"CREATE TABLE customer ({COLUMNS.format(instant='TEXT')})")
        written = ((key, owner, status, at.strftime("%Y-%m-%dT%H:%M:%S.%f")) for key, owner, status, at in rows(count))
        connection.executemany("INSERT INTO customer VALUES (?, ?, ?, ?)", written)
        connection.execute(INDEX)
        connection.execute("ANALYZE")
    yield {"kind": "sqlite", "path": str(folder / "sqlite")}


@contextmanager
def duck(folder: Path, count: int) -> Iterator[dict[str, Any]]:
    lines = folder / "rows.csv"
    lines.write_text("".join(",".join([*row[:3], row[3].isoformat()]) + "\n" for row in rows(count)))
    with duckdb.connect(str(folder / "duckdb")) as connection:
        connection.execute(f"CREATE TABLE customer ({COLUMNS.format(instant='TIMESTAMPTZ')})")
        connection.execute(
            "INSERT INTO customer SELECT * FROM read_csv(?, header = false, all_varchar = true)", [str(lines)]
        )
        connection.execute(INDEX)
    yield {"kind": "duckdb", "path": str(folder / "duckdb")}


@contextmanager
def postgres(_folder: Path, count: int) -> Iterator[dict[str, Any]]:
    with PostgresServer() as server, server.database() as database:
        with database.connect() as connection:
            connection.execute(f"CREATE TABLE customer ({COLUMNS.format(instant='TIMESTAMPTZ')})".encode())
            with connection.cursor().copy("COPY customer FROM STDIN") as copy:
                for row in rows(count):
                    copy.write_row(row)
            connection.execute(INDEX.encode())
            connection.execute(b"ANALYZE customer")
        yield {"kind": "postgres", "connection": f"host={database.socket} dbname={database.name} user=postgres"}


def measure(
    config: ServiceConfig, policies: PolicySet, count: int, repetitions: int, user: str, after: str
) -> list[float]:
    """Milliseconds of a search. Fails where its page is not that of the decisions."""
    store = open_store(config)
    assert store is not None
    searcher = Searcher(Interpreter(config, store), 1000)
    content: dict[str, Any] = {
        "subject": {"type": "user", "id": user},
        "action": {"name": "view"},
        "resource": {"type": "customer"},
        "context": {},
        "page": {"limit": PAGE},
    }
    expected = []
    for key, owner, status, created in rows(count):
        if key > after and len(expected) < PAGE:
            record = {"sales_rep": owner, "status": status, "created": created}
            if policies.allows(user, "view", "customer", record, now=NOW):
                expected.append(key)
    times = []
    for _ in range(repetitions):
        begun = time.perf_counter()
        wanted = msgspec.convert(content, ResourceSearch)
        found = list(searcher._keys(Turn(policies, NOW, Deadline(30)), wanted, after or None, PAGE))
        times.append((time.perf_counter() - begun) * 1000)
    assert found == expected, (user, found[:3], expected[:3])
    store.close()
    return times


def run(count: int, repetitions: int) -> None:
    """Print everything."""
    print(f"{environment()}; {count:,} rows, the first {PAGE} of them; best and median of {repetitions}, milliseconds")
    policies = load(to_json(Project(SourceSet(Path(), Config(), (Source("a.policy", POLICIES),))).ir))
    found = []
    stores: list[tuple[str, Callable[[Path, int], Any]]] = [
        ("SQLite", sqlite),
        ("DuckDB", duck),
        ("PostgreSQL", postgres),
    ]
    for name, made in stores:
        with tempfile.TemporaryDirectory() as folder, made(Path(folder), count) as store:
            config = msgspec.convert({"port": 8181, "store": store}, ServiceConfig)
            for user, words in (("rep", "own"), ("office", "recent and open"), ("auditor", "all")):
                for after in ("", f"c{count // 2:07}"):
                    times = measure(config, policies, count, repetitions, user, after)
                    where = "from the middle" if after else "first page"
                    found.append((name, words, where, f"{min(times):.1f}", f"{statistics.median(times):.1f}"))
    print(table(("store", "records", "page", "best", "median"), found))


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    run(*(arguments or [1_000_000]), *([9] if len(arguments) < 2 else []))
