"""Columns of SQLite hold anything. A filter finds no row that the decision denies, whatever is in them."""

from __future__ import annotations

import datetime
import json
import sqlite3
from typing import Any

import pytest

from policylang import PolicySet
from tests.helpers import compiled

NOW = datetime.datetime(2026, 2, 1, tzinfo=datetime.UTC)
SET = """
resource doc {{ one : {of}  other : {of}  related : doc  actions view }}
policy p on doc {{ {condition} }}
role reader {{ grant view on doc  policy p }}
user "ann" {{ assign role reader }}
"""

SCALARS: dict[str, tuple[str, list[Any]]] = {
    "int": (
        "2",
        [0, 2, 3, "2", "2.0", "02", "-0", 2.0, 1.5, "1.5", "", "abc", " 2", "+2", "2 ", "2.", "1e3", 1e3, -1e300],
    ),
    "decimal": (
        "1.5",
        [0, 1.5, "1.5", "1.50", "-.5", ".5", "1.5.0", "1-5", "--1", "-1.5", "1_5", "0x2", "-", b"1", "nan"],
    ),
    "date": (
        "2026-01-31",
        ["2026-01-31", "2026-02-30", "2026-1-31", "20260131", "now", "unknown", "", 5, "0000-01-01"],
    ),
    "bool": ("true", [0, 1, 2, "true", "yes", "1", ""]),
    "datetime": (
        "2026-01-31T08:00:00Z",
        ["2026-01-31T08:00:00Z", "2026-02-30T08:00:00Z", "2026-02-30T08:00Z", "0000-01-01T08:00Z", 5],
    ),
}
LONG = [
    *("12345678901234567891", "12345678901234567892", "0.12345678901234567891", "0.1234567890123456789"),
    *("9007199254740993.0", "9007199254740992.0", 9007199254740993, 9007199254740992, 1e22, "123456789012345000.00"),
]
"""Numbers, some of which are the same to SQLite."""

LONG_ITEM = 12345678901234567891
SETS: dict[str, tuple[str, list[Any]]] = {
    "text": ('"n"', [["n"], ["n", 5], ["n", None], [5], [["n"]], [{"n": "n"}]]),
    "int": (
        "5",
        [[5], ["5.0"], [5, "a"], [5, None], [5, 1.5], [True], [LONG_ITEM], [f"{LONG_ITEM}"]],
    ),
    "date": ("2026-01-31", [["2026-01-31"], ["2026-01-31", "x"], ["2026-02-30"]]),
    "bool": ("true", [[True], [True, "x"], [False, None]]),
    "one of a, b": ("a", [["a"], ["a", "c"], ["b", None], ["c"]]),
    "datetime": ("2026-01-31T08:00:00Z", [["2026-01-31T08:00:00Z"], ["2026-01-31T09:00:00.0+01:00"], ["x"]]),
}
NO_SETS = ["", "n", "null", '"n"', '{"n": "n"}', "5", "[", "[]"]


def asked(of: str, condition: str, rows: list[tuple[Any, Any]]) -> list[tuple[bool, bool]]:
    """What the database and the decision say of each row."""
    policies = PolicySet(compiled(SET.format(of=of, condition=condition)))
    sql, parameters = policies.filter("ann", "view", "doc", now=NOW).to_sql("sqlite")
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE doc (id, one, other, related)")
    connection.executemany(
        "INSERT INTO doc VALUES (?, ?, ?, ?)", [(n, *map(_held, row), n) for n, row in enumerate(rows)]
    )
    found = {key for (key,) in connection.execute(f"SELECT id FROM doc WHERE {sql}", parameters)}
    read = _array if of.startswith("set") else _bool if of == "bool" else _value
    records = [{"one": read(one), "other": read(other)} for one, other in rows]
    return [
        (n in found, policies.allows("ann", "view", "doc", each | {"related": each}, now=NOW))
        for n, each in enumerate(records)
    ]


def _held(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def _value(value: Any) -> Any:
    return value


def _bool(value: Any) -> Any:
    return bool(value) if value in (0, 1) else value


def _array(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


@pytest.mark.parametrize("of", SCALARS)
def test_values_of_other_types(of: str) -> None:
    constant, values = SCALARS[of]
    compared = [f"one is {constant}", f"not (one is {constant})", "one is other", "not (one is other)"]
    compared += ["one is missing", "one is present", f"related.one is {constant}", "not (related.one is missing)"]
    if of != "bool":
        compared += [f"{operand} {constant}" for operand in ("one <", "one <=", "related.one >", "one >=")]
        compared += ["one < other", "not (one < other)", f"not (one in [{constant}])"]
    pairs = [(one, other) for one in (*values, None) for other in (*values, None)]
    for condition in compared:
        for pair, (found, allowed) in zip(pairs, asked(of, condition, pairs), strict=True):
            assert found == allowed, (condition, pair)


@pytest.mark.parametrize("condition", ["one is other", "one is not other", "one < other", "one <= other"])
def test_long_numbers(condition: str) -> None:
    pairs = [(one, other) for one in LONG for other in LONG]
    answers = asked("decimal", condition, pairs)
    assert not [pair for pair, (found, allowed) in zip(pairs, answers, strict=True) if found and not allowed]


@pytest.mark.parametrize("of", SETS)
def test_sets_with_other_items(of: str) -> None:
    constant, values = SETS[of]
    pairs = [(one, other) for one in (*values, *NO_SETS, None) for other in (*values, *NO_SETS, None)]
    long = [pair for pair in pairs if str(LONG_ITEM) in str(pair)]
    for condition in (f"one contains {constant}", "one overlaps other", "one is empty", "one is missing"):
        for said in (condition, f"not ({condition})"):
            for pair, (found, allowed) in zip(pairs, asked(f"set of {of}", said, pairs), strict=True):
                assert found == allowed or (pair in long and not found), (said, pair)
