"""A filter says of every record what the decision says, in Python and in real databases."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from policylang import PolicySet, UnsupportedError
from tests.generated import Case, Features, cases
from tests.helpers import decide
from tests.runtime.databases import Database, DuckDb, Sqlite

# Without shrinking: it takes minutes, and the case that is printed says enough.
SLOW = settings(
    deadline=None,
    max_examples=settings.default.max_examples // 3,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@SLOW
@given(cases())
def test_matches_is_the_decision(case: Case) -> None:
    policies = PolicySet(case.policy_set)
    for request in case.requests:
        arguments = request.arguments(case.rows)
        if request.kind in ("strange", "field", "modify"):
            continue
        who = {name: arguments[name] for name in ("user", "action", "resource", "now", "request")}
        expected = decide(policies.index, **who, record=arguments["record"]).allowed
        assert policies.filter(**who).matches(arguments["record"]) == expected, request


IN_TABLES = Features(
    wrong_values=False,
    unknown_records=False,
    strange_requests=False,
    objects=False,
    spellings=False,
    durations=False,
    addresses=False,
)


REFUSED = (
    "which SQL cannot say of a set",
    "a set of the user beside another attribute",
    "more digits than SQLite keeps",
    "instants in two columns",
    "IP addresses in two columns",
    "a record at the top that is another one in each row",
)
"""What databases cannot say exactly, in the words of the refusals."""


@SLOW
@pytest.mark.parametrize("database", [Sqlite, DuckDb], ids=lambda each: each.dialect)
@given(case=cases(IN_TABLES))
def test_sql_selects_what_is_allowed(case: Case, database: Any) -> None:
    policies = PolicySet(case.policy_set)
    assume(database.holds(case.rows))
    tables: Database = database(case.policy_set, case.rows)
    asked = set()
    for request in case.requests:
        key = (request.user, request.action, request.resource, request.now)
        if key in asked:
            continue
        asked.add(key)
        who: dict[str, Any] = {"now": request.now, "request": request.arguments(case.rows)["request"]}
        names = (request.user, request.action, request.resource)
        found = policies.filter(*names, **who)
        rows = case.rows.by_resource.get(request.resource, ())
        expected = sorted(
            row.key for row in rows if decide(policies.index, *names, record=case.rows.record(row), **who).allowed
        )
        try:
            sql, parameters = found.to_sql(database.dialect)
        except UnsupportedError as error:
            assert any(words in str(error) for words in REFUSED)  # noqa: PT017
            continue
        assert tables.keys(request.resource, sql, parameters) == expected, (request, sql, parameters)
        text = found.to_sql_text(database.dialect)
        assert tables.keys(request.resource, text, {}) == expected, (request, text)
