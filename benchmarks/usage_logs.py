"""Usage logs in which it is known what nobody uses, who was denied, who is dormant and who does something else."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import msgspec

from policylang.decisionlog.entry import FORMAT, LoggedDecision, encode

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
DAYS = 120
RESOURCES = 50
ACTIONS = ("view", "create", "modify", "delete")


class Planted(msgspec.Struct):
    """What the report has to find, and nothing else."""

    unused: list[str]
    """Groups whose `delete` nobody has used."""
    denied: dict[str, int]
    """Users who tried what they may not, and how often."""
    dormant: list[str]
    outliers: list[str]
    limited: list[str]
    """Groups whose holders ask for records of their own alone, where a log has the records."""


def policies(groups: int, users: int) -> str:
    """Each group has four actions on one resource; each user is in a group."""
    attributes = "optional name : text  optional owner : user"
    lines = [f"resource r{number} {{ {attributes}  actions {', '.join(ACTIONS)} }}" for number in range(RESOURCES)]
    for group in range(groups):
        resource = f"r{group % RESOURCES}"
        lines.append(f"group g{group} {{ grant view, create, modify on {resource}  grant delete on {resource} }}")
    lines += [f'user "u{user}" in g{user % groups}' for user in range(users)]
    return "\n".join(lines) + "\n"


def planted(groups: int, users: int) -> Planted:
    """What `write_log` plants."""
    return Planted(
        [f"g{g}" for g in range(7, groups, 10)],
        {f"u{user}": 3 for user in range(11, users, 50)},
        [f"u{user}" for user in range(23, groups, 100)],
        [f"u{user}" for user in range(5, users, 1000)] if users // groups >= 10 else [],
        [f"g{g}" for g in range(3, groups, 20)],
    )


def write_log(path: Path, rows: int, groups: int, users: int) -> Planted:
    """A log of at least so many rows, in the format that the name ends in."""
    import duckdb

    found = planted(groups, users)
    idle = ", ".join(str(int(each[1:])) for each in found.dormant)
    unused = ", ".join(str(int(each[1:])) for each in found.unused)
    denied = ", ".join(f"({int(user[1:])}, {count})" for user, count in found.denied.items())
    odd = ", ".join(f"({int(user[1:])})" for user in found.outliers) or "(-1)"
    begin = int((NOW - datetime.timedelta(days=DAYS)).timestamp())
    span = DAYS * 86_400 - 3600
    format = "PARQUET" if path.suffix == ".parquet" else "CSV, HEADER"
    duckdb.connect().execute(f"""
        COPY (
          WITH numbers AS (
            SELECT range AS n, range % {users} AS u, range % {users} % {groups} AS g FROM range({rows})
          ),
          usual AS (
            SELECT u, g, {list(ACTIONS)}[1 + (n // {users}) % 4] AS a, {begin} + (n * 7919) % {span} AS t
            FROM numbers WHERE u NOT IN ({idle or "-1"})
          ),
          kept AS (SELECT u, g, a, t, 'allow' AS d FROM usual WHERE NOT (a = 'delete' AND g IN ({unused or "-1"}))),
          tried AS (
            SELECT col0 AS u, (col0 + 1) % {groups} AS g, 'view' AS a, {begin} + {span} - i AS t, 'deny' AS d
            FROM (VALUES {denied or "(-1, 0)"}) AS v(col0, col1), range(3) AS r(i) WHERE i < col1
          ),
          busy AS (
            SELECT v.col0 AS u, v.col0 % {groups} AS g, 'view' AS a, {begin} + {span} - i % 1000 AS t, 'allow' AS d
            FROM (VALUES {odd}) AS v(col0), range({20 * max(10, rows // users)}) AS r(i) WHERE v.col0 >= 0
          )
          SELECT 'u' || u AS user_id, a AS action, 'r' || (g % {RESOURCES}) AS resource, t AS time, d AS decision
          FROM (SELECT * FROM kept UNION ALL SELECT * FROM tried UNION ALL SELECT * FROM busy)
        ) TO '{path}' (FORMAT {format})
    """)
    return found


def write_decisions(path: Path, rows: int, groups: int, users: int) -> Planted:
    """About so many decisions of `policylang serve`, with records: those of limited groups are the user's own."""
    found = planted(groups, users)
    with path.open("wb") as file:
        for entry in _decisions(rows, groups, users, found):
            file.write(encode(entry) + b"\n")
    return found


def _decisions(rows: int, groups: int, users: int, found: Planted) -> Iterator[LoggedDecision]:
    unused, limited, dormant = set(found.unused), set(found.limited), set(found.dormant)
    begin, span = NOW - datetime.timedelta(days=DAYS), DAYS * 86_400 - 3600
    for number in range(rows):
        n, group = number % users, f"g{number % users % groups}"
        user, action = f"u{n}", ACTIONS[number // users % len(ACTIONS)]
        if user in dormant or (action == "delete" and group in unused):
            continue
        owner = user if group in limited else f"u{(n + number // users) % users}"
        time = (begin + datetime.timedelta(seconds=number * 7919 % span)).isoformat().replace("+00:00", "Z")
        resource = f"r{n % groups % RESOURCES}"
        yield LoggedDecision(
            FORMAT, time, str(number), "sha256:0", user, action, resource, True, (), 9, time, record={"owner": owner}
        )
