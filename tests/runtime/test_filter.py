"""A filter says of every record what the decision says, in Python and in real databases."""

from __future__ import annotations

import datetime
import json
import sqlite3
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from policylang import PolicySet, UnsupportedError
from policylang.runtime.reference import decide
from tests.generated import Case, Features, cases
from tests.helpers import compiled
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


DOC = """
resource doc { made : datetime  actions view }
policy recent on doc { made >= 2026-01-31T08:00:00Z }
role reader { grant view on doc  policy recent }
user "ann" { assign role reader }
"""


@pytest.mark.parametrize(
    "made",
    [
        "2026-01-31T08:00:00Z",
        "2026-01-31T07:59:59.999999Z",
        "2026-01-31T06:30:00-01:30",
        "2026-01-31T06:29:59.9-01:30",
        "2026-01-31T09:00:00.000000+01:00",
        "2026-01-31T08:30:00.5+01:00",
        "2026-01-31T08:30Z",
        "2026-01-31T07:30Z",
        "2026-01-31T09:30+01:30",
        "2026-01-31T06:29-01:30",
        # written in ways that nobody reads
        "2026-01-31T08:30:00+01",
        "2026-01-31T08:30:00+0100",
        "2026-01-31T08:30:00.5+01",
        "2026-01-31T08:30:00+01:00:30",
        "2026-01-31T08:30:00z",
        "2026-01-31T08:30:00.Z",
        "2026-01-31T08:30:00.5sZ",
        "2026-01-31T08:30:00.1234567Z",
        "2026-01-31T24:00:00Z",
        "20260131T083000Z",
        "2026-01-31T24:00Z",
        "2026-01-31T08:30z",
        "2026-01-31T09:30+01",
        "2026-01-31T09:30+0130",
        "2026-01-31T08:30:Z",
        "2026-01-31T08:30.5Z",
        "2026-01-31T08:3Z",
        "2026-01-31T8:30Z",
        "2026-01-31T08Z",
        "2026-01-31",
        "now",
        "",
    ],
)
def test_instants_that_sqlite_holds_as_texts(made: str) -> None:
    policies, now = PolicySet(compiled(DOC)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    sql, parameters = policies.filter("ann", "view", "doc", now=now).to_sql("sqlite")
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE doc (made)")
    connection.execute("INSERT INTO doc VALUES (?)", [made])
    found = connection.execute(f"SELECT made FROM doc WHERE {sql}", parameters).fetchall()
    assert bool(found) == policies.allows("ann", "view", "doc", {"made": made}, now=now)


PLACED = """
scope site
place site "A"
place site "B"
place site "C"
resource post { site : site  actions view, modify }
role reader { grant view on post }
role blind { deny view on post }
role editor { grant modify on post }
user "ann" { assign role reader  assign role blind at site "A" }
user "bea" { assign role editor at site "A"  assign role editor at site "B" }
"""


def test_where_something_holds_at_places() -> None:
    policies, now = PolicySet(compiled(PLACED)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    for user, action, open_ in (("ann", "view", ["B", "C", None]), ("bea", "modify", ["A", "B"])):
        found = policies.filter(user, action, "post", now=now)
        for site in ("C", None, "A", "B", "nowhere", None, "C"):
            record = {"site": site}
            decision = policies.decide(user, action, "post", record, now=now)
            assert decision == decide(policies.index, user, action, "post", record, now=now)
            assert decision.allowed == found.matches(record) == (site in open_)


EVERYONE_ELIGIBLE = """
resource doc { title : text  authors : set of user with role writer  actions create }
role writer { grant create on doc }
role reader { }
user "ann" { assign role writer }
user "bea" { assign role reader }
"""


def test_what_sql_cannot_say_is_no_matter_where_nothing_is_open() -> None:
    policies, now = PolicySet(compiled(EVERYONE_ELIGIBLE)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    with pytest.raises(UnsupportedError, match="which SQL cannot say of a set"):
        policies.filter("ann", "create", "doc", now=now).to_sql("sqlite")
    assert policies.filter("bea", "create", "doc", now=now).to_sql("sqlite").sql == "FALSE"


EARLY = """
resource doc { made : datetime  actions view, modify }
policy later on doc { made >= 0900-01-31T08:00:00Z }
policy earlier on doc { made < 0900-01-31T08:00:00Z }
role reader { grant view, modify on doc  policy later for view  policy earlier for modify }
user "ann" { assign role reader }
"""


@pytest.mark.parametrize("made", ["0899-12-31T23:59:59Z", "0900-01-31T08:00:00Z", "2026-01-31T08:00:00Z"])
def test_years_of_three_digits(made: str) -> None:
    policies, now = PolicySet(compiled(EARLY)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE doc (made)")
    connection.execute("INSERT INTO doc VALUES (?)", [made])
    for action in ("view", "modify"):
        sql, parameters = policies.filter("ann", action, "doc", now=now).to_sql("sqlite")
        found = connection.execute(f"SELECT made FROM doc WHERE {sql}", parameters).fetchall()
        assert bool(found) == policies.allows("ann", action, "doc", {"made": made}, now=now)


NUMBERS = """
resource doc {
  fees : set of money  rates : set of decimal  sizes : set of int
  actions one, two, three, four, five, six
}
policy a on doc { fees overlaps rates }
policy b on doc { not (fees overlaps rates) }
policy c on doc { fees overlaps sizes }
policy d on doc { not (fees overlaps sizes) }
policy e on doc { fees contains 5.25 }
policy f on doc { not (fees contains 5.25) }
role reader {
  grant all on doc
  policy a for one  policy b for two  policy c for three  policy d for four  policy e for five  policy f for six
}
user "ann" { assign role reader }
"""


@pytest.mark.parametrize("fees", [["5.50"], [5.5], ["5", None], ["05"], [5, 0.1], []])
@pytest.mark.parametrize("others", [["5.5"], [5], ["5.0"], [7, None]])
def test_sets_of_numbers_that_sqlite_holds_as_texts(fees: list[Any], others: list[Any]) -> None:
    policies, now = PolicySet(compiled(NUMBERS)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE doc (fees, rates, sizes)")
    record = {"fees": fees, "rates": others, "sizes": [] if "5.5" in others else others}
    connection.execute("INSERT INTO doc VALUES (?, ?, ?)", [json.dumps(each) for each in record.values()])
    for action in ("one", "two", "three", "four"):
        sql, parameters = policies.filter("ann", action, "doc", now=now).to_sql("sqlite")
        found = connection.execute(f"SELECT 1 FROM doc WHERE {sql}", parameters).fetchall()
        assert bool(found) == policies.allows("ann", action, "doc", record, now=now)


@pytest.mark.parametrize("fees", [[5], [5, None], [], [None]])
@pytest.mark.parametrize("others", [[Decimal("5.25")], [Decimal("4.75"), 5], [None, 0], []])
def test_numbers_with_more_digits_than_a_list_of_duckdb(fees: list[Any], others: list[Any]) -> None:
    """Its functions for lists round them."""
    policies, now = PolicySet(compiled(NUMBERS)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE doc (fees DECIMAL(38, 0)[], rates DECIMAL(9, 2)[], sizes BIGINT[])")
    connection.execute("INSERT INTO doc VALUES (?, ?, ?)", [fees, others, fees])
    record = {"fees": fees, "rates": others, "sizes": fees}
    for action in ("one", "two", "three", "four", "five", "six"):
        sql, parameters = policies.filter("ann", action, "doc", now=now).to_sql("duckdb")
        found = connection.execute(f"SELECT 1 FROM doc WHERE {sql}", parameters or None).fetchall()
        assert bool(found) == policies.allows("ann", action, "doc", record, now=now), action


NAMELESS = """
request { folder : folder  folders : set of folder }
resource folder { title : text  actions view }
resource doc { kind : folder  inside : set of folder  actions one, two, three, four, five, six, seven, eight }
policy a on doc { request.folders contains kind }
policy b on doc { not (request.folders contains kind) }
policy c on doc { inside contains request.folder }
policy d on doc { not (inside contains request.folder) }
policy e on doc { inside overlaps request.folders }
policy f on doc { not (inside overlaps request.folders) }
policy g on doc { kind is request.folder }
policy h on doc { not (kind is request.folder) }
role reader {
  grant all on doc
  policy a for one  policy b for two  policy c for three  policy d for four  policy e for five  policy f for six
  policy g for seven  policy h for eight
}
user "ann" { assign role reader }
"""


@pytest.mark.parametrize("folders", [[{}], [{}, "k"], [{}, None], [None], [{"title": "x"}, {}], []])
def test_records_of_a_request_without_an_id(folders: list[Any]) -> None:
    policies, now = PolicySet(compiled(NAMELESS)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    inside = [None, [], ["MISSING"], ["k"], ["k", None], [None], ["MISSING", None]]
    records = [{"id": f"{n}", "kind": kind, "inside": i} for n, i in enumerate(inside) for kind in ("MISSING", "k")]
    records += [{"id": "-", "inside": []}]
    lite, duck = sqlite3.connect(":memory:"), duckdb.connect(":memory:")
    lite.execute("CREATE TABLE doc (id, kind, inside)")
    duck.execute("CREATE TABLE doc (id VARCHAR, kind VARCHAR, inside VARCHAR[])")
    for each in records:
        row = (each["id"], each.get("kind"), each["inside"])
        lite.execute("INSERT INTO doc VALUES (?, ?, ?)", (*row[:2], None if row[2] is None else json.dumps(row[2])))
        duck.execute("INSERT INTO doc VALUES (?, ?, ?)", row)
    request = {"folder": {}, "folders": folders}
    for action in ("one", "two", "three", "four", "five", "six", "seven", "eight"):
        found = policies.filter("ann", action, "doc", now=now, request=request)
        expected = [policies.allows("ann", action, "doc", each, now=now, request=request) for each in records]
        assert [found.matches(each) for each in records] == expected, (action, str(found))
        for connection, dialect in ((lite, "sqlite"), (duck, "duckdb")):
            sql, parameters = found.to_sql(dialect)
            query = f"SELECT {sql} FROM doc ORDER BY rowid"
            assert [bool(each) for (each,) in connection.execute(query, parameters).fetchall()] == expected, action


CALLED_LIKE_AN_ALIAS = """
resource {0} {{ above : {0}  name : text  actions view }}
policy below on {0} {{ above.name is "top" }}
role reader {{ grant view on {0}  policy below }}
user "ann" {{ assign role reader }}
"""


@pytest.mark.parametrize("resource", ["related_1", "Related_1", "_related_1", "related_2"])
@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_a_resource_that_is_called_like_an_alias(resource: str, dialect: str) -> None:
    """The row is not taken for the one that is related to it."""
    policies = PolicySet(compiled(CALLED_LIKE_AN_ALIAS.format(resource)))
    sql, parameters = policies.filter(
        "ann", "view", resource, now=datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    ).to_sql(dialect)
    connection: Any = (sqlite3 if dialect == "sqlite" else duckdb).connect(":memory:")
    connection.execute(f'CREATE TABLE "{resource}" (id VARCHAR, above VARCHAR, name VARCHAR)')
    connection.execute(f"INSERT INTO \"{resource}\" VALUES ('1', '1', 'top'), ('2', '1', 'low'), ('3', '2', 'top')")
    found = connection.execute(f'SELECT id FROM "{resource}" WHERE {sql} ORDER BY id', parameters).fetchall()
    assert [key for (key,) in found] == ["1", "2"]


STATUS = """
resource doc { status : one of lead, active  other : one of lead, active  above : doc  actions a, b, c, d, e, f }
policy a on doc { status is not active }
policy b on doc { not (status in [active]) }
policy c on doc { status is other }
policy d on doc { status is not other }
policy e on doc { status is present }
policy f on doc { above.status is not active }
role reader {
  grant all on doc
  policy a for a  policy b for b  policy c for c  policy d for d  policy e for e  policy f for f
}
user "ann" { assign role reader }
"""


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_values_that_the_policies_do_not_know(dialect: str) -> None:
    """An application may have gone on to have a status more."""
    policies, now = PolicySet(compiled(STATUS)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    connection: Any = (sqlite3 if dialect == "sqlite" else duckdb).connect(":memory:")
    connection.execute("CREATE TABLE doc (id VARCHAR, status VARCHAR, other VARCHAR, above VARCHAR)")
    values = ("lead", "active", "secret", None)
    records = [{"id": f"{s}-{o}", "status": s, "other": o} for s in values for o in values]
    connection.executemany("INSERT INTO doc VALUES (?, ?, ?, ?)", [(*each.values(), each["id"]) for each in records])
    for action in "abcdef":
        sql, parameters = policies.filter("ann", action, "doc", now=now).to_sql(dialect)
        found = {key for (key,) in connection.execute(f"SELECT id FROM doc WHERE {sql}", parameters).fetchall()}
        asked = [each | {"above": each} for each in records]
        assert found == {x["id"] for x in asked if policies.allows("ann", action, "doc", x, now=now)}, action


def test_a_column_may_be_called_like_the_table_of_the_records() -> None:
    """DuckDB takes `doc.folder` for a field of a column `doc`, if there is one nearer than the table."""
    text = """
resource folder { doc : folder  title : text  actions view }
resource doc { folder : folder  actions view }
policy p on doc { folder.doc.title is "x" }
role reader { grant view on doc  policy p }
user "ann" { assign role reader }
"""
    policies, now = PolicySet(compiled(text)), datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
    connection = duckdb.connect(":memory:")
    connection.execute("CREATE TABLE folder (id VARCHAR, doc VARCHAR, title VARCHAR)")
    connection.execute("CREATE TABLE doc (id VARCHAR, folder VARCHAR)")
    connection.execute("INSERT INTO folder VALUES ('a', 'b', 'y'), ('b', 'a', 'x')")
    connection.execute("INSERT INTO doc VALUES ('1', 'a'), ('2', 'b')")
    sql, parameters = policies.filter("ann", "view", "doc", now=now).to_sql("duckdb")
    assert connection.execute(f"SELECT id FROM doc WHERE {sql}", parameters).fetchall() == [("1",)]
