"""SELECT under row-level security beside the same query with the filter written by hand.

python -m benchmarks.targets_postgres
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import psycopg

from policylang.targets import find_target
from policylang.targets.compiling import compile_for
from policylang.targets.target import Bundle, Input
from tests.engines.postgres_engine import PostgresServer
from tests.helpers import compiled

SET = """
resource customer {
  name : text
  owner : user with role rep
  status : one of lead, active
  created : datetime
  actions view
}
policy own on customer { owner is assigned user }
policy recent on customer { created within 30 days }
role rep
group sales { role rep grant view on customer policy own }
group office { grant view on customer policy recent }
user "u7" in sales
user "o1" in office
"""
ROWS = 1_000_000
QUERIES = {
    "own records, by an index": ("u7", "owner = 'u7'"),
    "records of 30 days, by an index": ("o1", "created >= now() - interval '720 hours' AND created <= now()"),
}


def measure(rows: int = ROWS) -> dict[str, tuple[float, float, str]]:
    """By query: milliseconds under row-level security and by hand, and how the first one finds its rows."""
    bundle = compile_for(find_target("postgres"), Input(compiled(SET)))
    assert isinstance(bundle, Bundle)
    with PostgresServer() as server, server.database() as database, database.connect() as connection:
        connection.execute(
            "CREATE TABLE customer (id bigint PRIMARY KEY, name text, owner text, status text, created timestamptz)"
        )
        connection.execute(
            "INSERT INTO customer SELECT n, 'customer ' || n, 'u' || n % 1000, 'lead', "
            "now() - n * interval '5 minutes' "
            f"FROM generate_series(1, {rows:d}) n"
        )
        connection.execute("CREATE INDEX ON customer (owner); CREATE INDEX ON customer (created); ANALYZE customer")
        connection.execute(bundle.files["up.sql"])
        return {title: _measure(connection, user, by_hand) for title, (user, by_hand) in QUERIES.items()}


def _measure(connection: psycopg.Connection[Any], user: str, by_hand: str) -> tuple[float, float, str]:
    query = "SELECT count(*), max(name) FROM customer"
    under, beside, answers = [], [], set()
    for _ in range(15):
        with connection.transaction(force_rollback=True):
            connection.execute("SELECT policylang.become(%s)", [user])
            seconds, answer = _timed(connection, query)
            under.append(seconds)
            answers.add(answer)
        seconds, answer = _timed(connection, f"{query} WHERE {by_hand}")
        beside.append(seconds)
        answers.add(answer)
    assert len(answers) == 1 or user == "o1"  # whose month goes on
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT policylang.become(%s)", [user])
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {query}"))
    found = "index" if "Index" in plan else "all rows"
    return statistics.median(under) * 1000, statistics.median(beside) * 1000, found


def _timed(connection: psycopg.Connection[Any], query: str) -> tuple[float, tuple[Any, ...]]:
    begun = time.perf_counter()
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return time.perf_counter() - begun, row


def main() -> None:
    print(f"PostgreSQL, {ROWS:,} rows: median of 15, milliseconds")
    for title, (under, beside, found) in measure().items():
        print(f"  {title}: {under:.2f} under row-level security ({found}), {beside:.2f} by hand: {under / beside:.2f}")


if __name__ == "__main__":
    main()
