"""SELECT under row-level security beside the same query with the filter written by hand.

    python -m benchmarks.bench_postgres [ROWS]

Fails where the two do not find the same rows, or row-level security does without the index. Time is reported and never
fails.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from benchmarks.measure import environment, table
from policylang.pipelines.compile import compile_for
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from policylang.targets import find_target
from policylang.targets.target import Input, TargetBundle
from tests.engines.postgres_engine import PostgresServer

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
policy this_month on customer { created within 1 month }
deny view on customer { name is "customer 7" }
role rep
role newcomer { grant view on customer policy recent }
group sales { role rep  grant view on customer  policy own }
group office { grant view on customer  policy this_month }
user "u7" in sales
user "u8" in sales { assign role newcomer }
user "o1" in office
"""
ROWS = 1_000_000
REPETITIONS = 31
HEADER = (
    "rows that",
    "found",
    "plan",
    "ms, best",
    "median",
    "by hand ms, best",
    "median",
    "times by hand, best",
    "median",
)
QUERY = "SELECT count(*), max(name) FROM customer"
_DENY = "AND (name = 'customer 7') IS FALSE"


class Question(NamedTuple):
    """``by_hand``: the filter that somebody would write. ``column``: whose index it has to use."""

    title: str
    user: str
    by_hand: str
    column: str


QUESTIONS = (
    Question("are the user's own", "u7", f"owner = 'u7' {_DENY}", "owner"),
    Question(
        "are of one month",
        "o1",
        f"created >= now() - interval '1 month' AND created <= now() {_DENY}",
        "created",
    ),
    Question(
        "are the user's own, or of 30 days",
        "u8",
        f"(owner = 'u8' OR created >= now() - interval '720 hours' AND created <= now()) {_DENY}",
        "owner",
    ),
)


class Measured(NamedTuple):
    """Milliseconds of each repetition, and the plan under row-level security."""

    under: list[float]
    by_hand: list[float]
    rows: int
    plan: str


def measure(rows: int, repetitions: int) -> Iterator[tuple[Question, Measured]]:
    """Raises AssertionError at a wrong answer or a plan without the index."""
    project = Project(SourceSet(Path(), Config(), (Source("customers.policy", SET),)))
    assert project.ir is not None, project.diagnostics[0]
    bundle = compile_for(find_target("postgres"), Input(project.ir))
    assert isinstance(bundle, TargetBundle), bundle
    with PostgresServer() as server, server.database() as database, database.connect() as connection:
        connection.execute(
            "CREATE TABLE customer (id bigint PRIMARY KEY, name text, owner text, status text, created timestamptz)"
        )
        connection.execute(
            "INSERT INTO customer SELECT n, 'customer ' || n, 'u' || n % 1000, 'lead', now() - n * interval '5 minutes'"
            f" FROM generate_series(1, {rows:d}) n"
        )
        connection.execute("CREATE INDEX by_owner ON customer (owner); CREATE INDEX by_created ON customer (created)")
        connection.execute("ANALYZE customer")
        connection.execute(bundle.files["up.sql"])
        for question in QUESTIONS:
            yield question, _measure(connection, question, repetitions)


def _measure(connection: psycopg.Connection[Any], question: Question, repetitions: int) -> Measured:
    """Both in one transaction, as its beginning is now for both."""
    under, by_hand = [], []
    for _ in range(repetitions):
        with connection.transaction(force_rollback=True):
            milliseconds, expected = _timed(connection, f"{QUERY} WHERE {question.by_hand}")
            by_hand.append(milliseconds)
            connection.execute("SELECT policylang.become(%s)", [question.user])
            milliseconds, found = _timed(connection, QUERY)
            under.append(milliseconds)
            assert found == expected, f"{question.title}: {found} under row-level security, {expected} by hand"
            plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {QUERY}".encode()))
    assert f"by_{question.column}" in plan, f"{question.title}: without the index\n{plan}"
    assert "Seq Scan on customer" not in plan, f"{question.title}: all rows\n{plan}"
    return Measured(under, by_hand, expected[0], "bitmap" if "Bitmap" in plan else "index")


def _timed(connection: psycopg.Connection[Any], query: str) -> tuple[float, tuple[Any, ...]]:
    begin = time.perf_counter()
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return (time.perf_counter() - begin) * 1000, row


def _cells(question: Question, found: Measured) -> tuple[str, ...]:
    best, beside = min(found.under), min(found.by_hand)
    median, middle = statistics.median(found.under), statistics.median(found.by_hand)
    times = (best, median, beside, middle, best / beside, median / middle)
    return (question.title, f"{found.rows:,}", found.plan, *(f"{each:.2f}" for each in times))


def main(arguments: list[str]) -> int:
    """The exit code."""
    rows = int(arguments[0]) if arguments else ROWS
    print(f"PostgreSQL, {rows:,} rows, best and median of {REPETITIONS}; {environment()}\n")
    try:
        print(table(HEADER, [_cells(*each) for each in measure(rows, REPETITIONS)]))
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
