"""Trees of records: `is under`, in every way of asking."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

import policylang
from policylang.api.policy_set import PolicySet
from policylang.runtime.index import Index
from policylang.runtime.reference import decide as reference
from policylang.runtime.trees import DEEPEST
from policylang.runtime.truth import Situation, Truth, truth
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
SET = """
subject {{ home : deal  key : text }}
request {{ of : deal }}
resource deal {{
  {optional} parent : deal as tree
  other : deal
  name  : text
  actions view, modify, create
}}
resource note {{ deal : deal  actions view }}
policy p on {resource} {{ {condition} }}
policy opposite on {resource} {{ not ({condition}) }}
role r {{ grant view on {resource}  policy p }}
role s {{ grant view on {resource}  policy opposite }}
role t {{ grant modify, create on deal }}
user "ann" {{ home : "top"  key : "top"  assign role r }}
user "bea" {{ home : "top"  key : "top"  assign role s }}
user "cal" {{ assign role r }}
"""


def policies(condition: str, resource: str = "deal", optional: str = "optional", lookup: Any = None) -> PolicySet:
    policy_set = compiled(SET.format(condition=condition, resource=resource, optional=optional))
    return PolicySet(policy_set) if lookup is None else PolicySet(policy_set, lookup)


def holds(asked: PolicySet, record: Any, resource: str = "deal", request: Any = None) -> Truth:
    """What the definition says; reference, decision and filter have to say the same, and of the opposite, too."""
    index = asked.index
    found = truth(index.instances["p"].condition, Situation(index, "ann", resource, record, request or {}, NOW))
    for user, wanted in (("ann", True), ("bea", False)):
        answer = asked.decide(user, "view", resource, record, now=NOW, request=request)
        assert answer.allowed is (found is wanted)
        expected = reference(index, user, "view", resource, record, now=NOW, request=request)
        assert answer == expected
        assert asked.filter(user, "view", resource, now=NOW, request=request).matches(record) is answer.allowed
        assert asked.explain(user, "view", resource, record, now=NOW, request=request).decision == expected
    return found


def chain(*keys: str) -> dict[str, Any]:
    """A record with the others above it, the last at the top."""
    record: dict[str, Any] = {"id": keys[-1]}
    for key in reversed(keys[:-1]):
        record = {"id": key, "parent": record}
    return record


def circle(*keys: str) -> dict[str, Any]:
    records = [{"id": key} for key in keys]
    for one, other in zip(records, [*records[1:], records[0]], strict=True):
        one["parent"] = other  # type: ignore[assignment]
    return records[0]


MINE = "deal is under assigned user.home"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (chain("top"), True),
        (chain("a", "top"), True),
        (chain("a", "b", "c", "top"), True),
        (chain("a", "top", "b"), True),
        (chain("a"), False),
        (chain("a", "b"), False),
        ({}, False),
        ({"parent": {"id": "top"}}, True),
        ({"parent": {"parent": {}}}, False),
        ({"id": "a", "parent": "top"}, True),
        ({"id": "a", "parent": "b"}, None),
        ({"id": "top", "parent": "b"}, True),
        ({"id": "a", "parent": {"id": "b", "parent": "c"}}, None),
        ({"id": "a", "parent": None}, False),
        ({"id": "Top"}, False),
        ({"id": "top "}, False),
        (circle("a", "b"), None),
        (circle("a"), None),
        (circle("a", "top", "b"), True),
        (chain(*map(str, range(DEEPEST)), "top"), True),
        (chain(*map(str, range(DEEPEST + 1)), "top"), None),
        (chain(*map(str, range(DEEPEST + 1))), False),
        (chain(*map(str, range(DEEPEST + 2))), None),
        ({"id": "a", "parent": 5}, None),
        ({"id": "a", "parent": ["top"]}, None),
        ({"id": "a", "parent": {"parent": True}}, None),
        ({"id": "top", "parent": 5}, True),
        (SimpleNamespace(id="a", parent=SimpleNamespace(id="top")), True),
        (SimpleNamespace(id="a", parent=None), False),
    ],
)
def test_a_record_and_those_above_it(record: Any, expected: Truth) -> None:
    assert holds(policies(MINE), record) is expected


def test_records_without_end_are_not_followed_for_ever() -> None:
    class Endless:
        @property
        def parent(self) -> Endless:
            return Endless()

    assert holds(policies(MINE), Endless()) is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [(chain("top"), True), (chain("a", "top"), True), (chain("a"), None), ({}, None), (circle("a", "b"), None)],
)
def test_where_each_has_one_above_it_there_is_no_end(record: Any, expected: Truth) -> None:
    assert holds(policies(MINE, optional=""), record) is expected


@pytest.mark.parametrize(
    ("condition", "record", "request_", "expected"),
    [
        ('deal is under "top"', chain("a", "top"), {}, True),
        ("deal is under assigned user.key", chain("a", "top"), {}, True),
        ("deal is under request.of", chain("a", "top"), {"of": {"id": "top"}}, True),
        ("deal is under request.of", chain("a", "top"), {"of": "top"}, True),
        ("deal is under request.of", chain("a", "top"), {"of": {}}, False),
        ("deal is under request.of", chain("a", "top"), {}, None),
        ("deal is under other", {**chain("a", "top"), "other": {"id": "top"}}, {}, True),
        ("deal is under other", {**chain("a", "top"), "other": {}}, {}, False),
        ("deal is under name", {**chain("a", "top"), "name": "top"}, {}, True),
        ("deal is under name", chain("a", "top"), {}, None),
        ("deal is under deal", {}, {}, True),
        ("deal is under parent", chain("a", "top"), {}, True),
        ("parent is under deal", chain("a", "top"), {}, False),
        ("parent is under deal", circle("a", "b"), {}, True),
        ("parent is under parent", {"parent": {}}, {}, True),
        ("parent is under assigned user.home", chain("top"), {}, None),
        ("other.parent is under other", {"other": chain("x", "top")}, {}, False),
        ("assigned user.home is under other", {"other": {"id": "top"}}, {}, True),
        ("assigned user.home is under other", {"other": {"id": "x"}}, {}, None),
        ("request.of is under other", {"other": {"id": "x"}}, {"of": chain("a", "x")}, True),
        ("request.of is under other", {"other": {"id": "y"}}, {"of": chain("a", "x")}, False),
        ("request.of is under other", {}, {"of": chain("a", "x")}, None),
        ("request.of is under assigned user.home", {}, {"of": chain("a", "top")}, True),
    ],
)
def test_what_can_be_under_what(condition: str, record: Any, request_: Any, expected: Truth) -> None:
    assert holds(policies(condition), record, request=request_) is expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"deal": "top"}, True),
        ({"deal": chain("a", "top")}, True),
        ({"deal": chain("a")}, False),
        ({"deal": "a"}, None),
        ({}, None),
        ({"deal": 7}, None),
    ],
)
def test_a_related_record(record: Any, expected: Truth) -> None:
    assert holds(policies(MINE, "note"), record, "note") is expected


def test_somebody_without_a_home_is_under_nothing() -> None:
    found = policies(MINE).decide("cal", "view", "deal", chain("top"), now=NOW)
    assert not found.allowed
    assert found.missing == ("assigned user.home",)


def test_what_is_missing_is_said() -> None:
    found = policies(MINE, optional="").decide("ann", "view", "deal", chain("a"), now=NOW)
    assert found.missing == ("parent",)


@pytest.mark.parametrize("record", [{"id": "a", "parent": 5}, {"id": "a", "parent": {"id": "b", "parent": 5}}])
def test_what_is_no_record_above_is_said(record: Any) -> None:
    found = policies(MINE).decide("ann", "view", "deal", record, now=NOW)
    assert found.reasons[1:] == ("`deal.parent` is a related deal, 5 is not",)


# --- records that are looked up ------------------------------------------------------------------------------

STORE = {"a": {"id": "a", "parent": "b"}, "b": {"id": "b", "parent": "top"}, "x": {"id": "x"}, "r": {"parent": "r"}}


def look_up(resource: str, key: str) -> Any:
    assert resource == "deal"
    return STORE.get(key)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"id": "n", "parent": "a"}, True),
        ({"id": "n", "parent": "b"}, True),
        ({"id": "n", "parent": "x"}, False),
        ({"id": "n", "parent": "unknown"}, None),
        ({"id": "n", "parent": "top"}, True),
        ({"id": "n", "parent": "r"}, None),
        ({"id": "n", "parent": {"id": "m", "parent": "a"}}, True),
    ],
)
def test_records_above_are_looked_up(record: Any, expected: Truth) -> None:
    assert holds(policies(MINE, lookup=look_up), record) is expected


def test_a_related_record_is_looked_up() -> None:
    asked = policies(MINE, "note", lookup=look_up)
    assert [holds(asked, {"deal": key}, "note") for key in ("a", "x", "unknown")] == [True, False, None]


def test_what_the_look_up_returns_is_read_with_care() -> None:
    asked = policies(MINE, lookup=lambda resource, key: 7)
    assert holds(asked, {"id": "n", "parent": "a"}) is None
    assert not asked.decide("ann", "view", "deal", {"id": "n", "parent": "a"}, now=NOW).allowed


def test_what_the_look_up_raises_is_raised() -> None:
    def broken(resource: str, key: str) -> Any:
        raise OSError("the database is away")

    with pytest.raises(OSError, match="away"):
        policies(MINE, lookup=broken).decide("ann", "view", "deal", {"id": "n", "parent": "a"}, now=NOW)


def test_loading_takes_a_look_up(tmp_path: Any) -> None:
    file = tmp_path / "a.policy"
    file.write_text(SET.format(condition=MINE, resource="deal", optional="optional"))
    asked = policylang.load(file, lookup=look_up)
    assert asked.allows("ann", "view", "deal", {"id": "n", "parent": "a"}, now=NOW)
    assert not policylang.load(file).allows("ann", "view", "deal", {"id": "n", "parent": "a"}, now=NOW)


# --- before and after ----------------------------------------------------------------------------------------


def test_nobody_moves_a_record_out_of_reach() -> None:
    text = SET.format(condition=MINE, resource="deal", optional="optional")
    asked = PolicySet(
        compiled(text.replace("role t {", "role t { policy p ").replace("assign role r", "assign role t"))
    )

    def moved(record: Any, **changes: Any) -> bool:
        return asked.allows("ann", "modify", "deal", record, now=NOW, changes=changes)

    assert moved(chain("a", "top"), name="x")
    assert moved(chain("a", "b", "top"), parent="top")
    assert moved(chain("a", "b", "top"), parent={"id": "c", "parent": "top"})
    assert not moved(chain("a", "top"), parent="elsewhere")
    assert not moved(chain("a", "top"), parent=None)
    assert moved(chain("top", "a"), parent=None)
    assert not moved(chain("a"), parent="top")
    assert asked.allows("ann", "create", "deal", {"parent": "top", "name": "new"}, now=NOW)
    assert not asked.allows("ann", "create", "deal", {"name": "new"}, now=NOW)


def test_the_index_of_a_hypothetical_set_looks_up_too() -> None:
    index = Index(compiled(SET.format(condition=MINE, resource="deal", optional="optional")), look_up)
    assert index.changed(users={}).lookup is look_up


# --- SQL -----------------------------------------------------------------------------------------------------

# Keys with what is above each. No row has the key `top` or `gone`.
_WAYS = [
    "a-top",
    "b-a",
    "c-b",
    "under_root-root",
    "adrift-gone",
    "below_it-adrift",
    "one-two",
    "two-one",
    "own-own",
    "o'n-c",
]
TABLE: dict[str, str | None] = {key: above for key, _, above in (each.partition("-") for each in _WAYS)} | {
    "root": None
}


def deep(count: int) -> dict[str, str | None]:
    """Rows that lie below one another, the first below the top, and as many below a root."""
    chains = {f"{of}{number}": f"{of}{number - 1}" for of in ("d", "e") for number in range(1, count)}
    return {**chains, "d0": "top", "e0": None}


@pytest.mark.parametrize("optional", ["optional", ""])
@pytest.mark.parametrize("condition", [MINE, 'deal is under "o\'n"', 'deal is under "one"', 'parent is under "a"'])
@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_rows_are_found_by_a_recursive_query(dialect: str, condition: str, optional: str) -> None:
    asked = policies(condition, optional=optional)
    table, records = TABLE, linked(TABLE)
    for user in ("ann", "bea"):
        found = asked.filter(user, "view", "deal", now=NOW)
        expected = [key for key in sorted(table) if asked.allows(user, "view", "deal", records[key], now=NOW)]
        assert [key for key in sorted(table) if found.matches(records[key])] == expected
        assert rows(dialect, table, found.to_sql(dialect)) == expected
        assert rows(dialect, table, (found.to_sql_text(dialect), {})) == expected


def test_rows_are_followed_as_far_as_records() -> None:
    asked, table = policies(MINE), deep(DEEPEST + 3)
    records = linked(table)
    edge = [f"{of}{number}" for of in ("d", "e") for number in range(DEEPEST - 2, DEEPEST + 3)]
    found = set()
    for user in ("ann", "bea"):
        expected = [key for key in sorted(edge) if asked.allows(user, "view", "deal", records[key], now=NOW)]
        selected = rows("sqlite", table, asked.filter(user, "view", "deal", now=NOW).to_sql("sqlite"))
        assert [key for key in selected if key in edge] == expected
        found.update(expected)
    assert found == {f"d{DEEPEST - 2}", f"d{DEEPEST - 1}", *(f"e{DEEPEST - n}" for n in range(3))}


def linked(table: dict[str, str | None]) -> dict[str, Any]:
    records: dict[str, Any] = {key: {"id": key} for key in table}
    for key, above in table.items():
        if above is not None:
            records[key]["parent"] = records.get(above, above)
    return records


def rows(dialect: str, table: dict[str, str | None], condition: Any) -> list[str]:
    values = [(key, above, None, None) for key, above in table.items()]
    if dialect == "sqlite":
        import sqlite3

        connection: Any = sqlite3.connect(":memory:")
    else:
        import duckdb

        connection = duckdb.connect()
    connection.execute("CREATE TABLE deal (id TEXT, parent TEXT, other TEXT, name TEXT, PRIMARY KEY (id))")
    connection.execute("CREATE INDEX above ON deal (parent)")
    connection.executemany("INSERT INTO deal VALUES (?, ?, ?, ?)", values)
    sql, parameters = condition
    query = f"SELECT id FROM deal WHERE {sql} ORDER BY id"
    try:
        return [key for (key,) in connection.execute(query, parameters or {}).fetchall()]
    finally:
        connection.close()


def test_a_resource_may_be_called_like_the_query() -> None:
    text = """
        resource tree_1 { optional parent : tree_1 as tree  actions view }
        policy p on tree_1 { tree_1 is under "a" }
        role r { grant view on tree_1  policy p }
        user "u" { assign role r }
    """
    sql = PolicySet(compiled(text)).filter("u", "view", "tree_1", now=NOW).to_sql_text("sqlite")
    assert 'WITH RECURSIVE "_tree_1"' in sql


@pytest.mark.parametrize(
    ("condition", "dialect", "said"),
    [
        (MINE, "tsql", "trees of records"),
        (MINE, "mysql", "trees of records"),
        (MINE, "bigquery", "trees of records"),
        ("deal is under other", "postgres", "a record at the top that is another one in each row"),
        ("deal is under name", "sqlite", "a record at the top that is another one in each row"),
    ],
)
def test_what_a_dialect_cannot_follow_is_refused(condition: str, dialect: str, said: str) -> None:
    found = policies(condition).filter("ann", "view", "deal", now=NOW)
    with pytest.raises(policylang.UnsupportedError, match=said):
        found.to_sql(dialect)


def test_what_is_no_record_above_the_top_of_a_request() -> None:
    """It breaks off the way up behind the top, for the filter as for the decision."""
    asked = policies("request.of is under other")
    of = {"of": {"id": "low", "parent": {"id": "top", "parent": 5}}}
    assert holds(asked, {"other": {"id": "top"}}, request=of) is True
    assert holds(asked, {"other": {"id": "elsewhere"}}, request=of) is None
