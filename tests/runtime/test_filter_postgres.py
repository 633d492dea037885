"""A filter says of every row of a real PostgreSQL what the decision says."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from psycopg import sql

from policylang import PolicySet, UnsupportedError
from policylang.model.types import Type
from policylang.runtime.reference import decide
from tests.engines.postgres_engine import PostgresServer
from tests.generated import Case, Ref, cases
from tests.generated.requests import Request
from tests.helpers import compiled
from tests.runtime.test_filter import IN_TABLES, REFUSED, SLOW
from tests.targets.postgres_session import column_type


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    with postgres.database() as database, database.connect() as opened:
        yield opened


@SLOW
@given(case=cases(dataclasses.replace(IN_TABLES, addresses=True)))
def test_sql_selects_what_is_allowed(connection: psycopg.Connection[Any], case: Case) -> None:
    policies = PolicySet(case.policy_set)
    with connection.transaction(force_rollback=True):
        _fill(connection, case)
        asked: dict[tuple[Any, ...], Request] = {}
        for request in case.requests:
            asked.setdefault((request.user, request.action, request.resource, request.now), request)
        for (user, action, resource, now), request in asked.items():
            given = request.arguments(case.rows)["request"]
            found = policies.filter(user, action, resource, now=now, request=given)
            expected = sorted(
                row.key
                for row in case.rows.by_resource.get(resource, ())
                if decide(policies.index, user, action, resource, case.rows.record(row), now=now, request=given).allowed
            )
            try:
                condition, parameters = found.to_sql("postgres")
            except UnsupportedError as error:
                assert any(words in str(error) for words in REFUSED)  # noqa: PT017
                continue
            query = f'SELECT id FROM "{resource}" WHERE'
            for written, values in ((condition, parameters), (found.to_sql_text("postgres"), None)):
                keys = [row[0] for row in connection.execute(f"{query} {written}".encode(), values)]
                assert sorted(keys) == expected, (request, written, values)


def _fill(connection: psycopg.Connection[Any], case: Case) -> None:
    """A table for each resource, with its rows."""
    for resource in case.policy_set.resources:
        types = {"id": "text"} | {each.name: column_type(each.type) for each in resource.attributes}
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(type_)) for name, type_ in types.items()]
        table = sql.Identifier(resource.name)
        connection.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(columns)))
        marks = sql.SQL(", ").join(
            sql.SQL("{}::{}").format(sql.Placeholder(), sql.SQL(type_)) for type_ in types.values()
        )
        insert = sql.SQL("INSERT INTO {} VALUES ({})").format(table, marks)
        for row in case.rows.by_resource.get(resource.name, ()):
            values = [_value(each.type, row.values.get(each.name)) for each in resource.attributes]
            connection.execute(insert, [row.key, *values])


def _value(type_: Type, value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(type_, item) for item in value]
    return value.key if isinstance(value, Ref) else value if value is None or isinstance(value, bool) else str(value)


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('ip in "10.0.0.0/8"', "ab"),
        ('not (ip in "10.0.0.0/8")', "cd"),
        ('ip in "::/0"', "c"),
        ('not (ip in "::/0")', "abd"),
        ('ip is "10.9.1.1"', "ab"),
        ('ip in ["10.9.1.1", "192.0.2.9"]', "abd"),
        ("ip is other", "abd"),
        ('all contains "10.9.1.1"', "ab"),
        ("all contains ip", "ab"),
        ("not (all contains ip)", "cd"),
        ("not (all contains none)", ""),
        ("all contains none", ""),
    ],
)
def test_addresses_and_sets_in_columns(connection: psycopg.Connection[Any], condition: str, found: str) -> None:
    """An IPv4 address may be written as an IPv6 one; nothing is known of what is missing, not even in an empty set."""
    policies = PolicySet(
        compiled(f"""
        resource item {{ ip : ip  other : ip  none : ip  all : set of ip  actions view }}
        policy p on item {{ {condition} }}
        group g {{ grant view on item  policy p }}
        user "ann" in g
        """)
    )
    filter_ = policies.filter("ann", "view", "item", now=datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC))
    with connection.transaction(force_rollback=True):
        connection.execute("""
            CREATE TABLE item (id text, ip inet, other inet, "none" inet, "all" inet[]);
            INSERT INTO item VALUES ('a', '10.9.1.1', '::ffff:10.9.1.1', NULL, '{::ffff:10.9.1.1}'),
              ('b', '::ffff:10.9.1.1', '10.9.1.1', NULL, '{10.9.1.1,::1}'),
              ('c', '2001:db8::1', '::1', NULL, '{::1}'), ('d', '::ffff:192.0.2.9', '192.0.2.9', NULL, '{}')
        """)
        sql, parameters = filter_.to_sql("postgres")
        for written, values in ((sql, parameters), (filter_.to_sql_text("postgres"), None)):
            rows = connection.execute(f"SELECT id FROM item WHERE {written} ORDER BY id".encode(), values)
            assert "".join(row[0] for row in rows) == found
