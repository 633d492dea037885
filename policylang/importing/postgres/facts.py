"""What a script of the target `postgres` recorded in the database, and what has become of it since.

The script keeps the policy set as text, and what it found to be so when it had run: each policy, trigger, function,
privilege, membership and row that has a bearing on access. The same query says what is so now. The text is what the
database does as long as both say the same; what differs is told, whatever it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.imported import Imported, Origin
from policylang.importing.reading import NotThisError
from policylang.settings.targets import Postgres, Table

FACTS = resources.files(__package__).joinpath("facts.sql").read_text(encoding="utf-8").rstrip("\n")
SESSION = (
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL quote_all_identifiers = off",
    "SET LOCAL jit = off",
)
"""Under which a fact has one text; compiling the query would take a hundred times as long as running it."""
VERSION = "1"
"""Of the facts: what an earlier version found to be so cannot be compared."""
APPLICATION, TABLES, ROLE_PREFIX = "application", "tables", "role prefix"
_SUFFIX = ".policy"
_SHOWN = 200
_OF_A_TABLE = frozenset(["policy", "trigger", "rule", "table", "column"])
_OF_OTHERS = frozenset(["policy", "trigger", "rule", "view"])
_BESIDE = frozenset(["view", "publication", "function with the rights of its owner", "application"])
"""What opens a way beside the policy set, and leaves what users have by it as it is."""

Facts = Mapping[tuple[str, str], str]
"""By kind and name, what it says."""


class _ChangedFact(msgspec.Struct, frozen=True):
    """``then``, ``now``: what it said and says; ``None`` where it was not, or is not."""

    kind: str
    name: str
    then: str | None
    now: str | None


def fetch_record(connection: Any) -> dict[str, Any] | None:
    """What was recorded, and what is so now; ``None`` where no script has left anything."""
    query = """
        SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'policylang' AND c.relname = 'recorded'"""
    if connection.execute(query).fetchone() is None:
        return None
    for each in SESSION:
        connection.execute(each)
    content = dict(connection.execute("SELECT name, content FROM policylang.recorded").fetchall())
    then = sorted(connection.execute("SELECT kind, name, says FROM policylang.facts").fetchall())
    now = sorted(connection.execute(FACTS).fetchall())
    query = """
        SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'policylang')
          AND c.oid NOT IN (SELECT name FROM policylang.tables)"""
    others = connection.execute(query).fetchone()[0]
    return {"recorded": content, "then": [*map(list, then)], "now": [*map(list, now)], "others": others}


def read_record(imported: Imported, at: Origin, of: Mapping[str, Any]) -> None:
    """The policy set as it was recorded, and whatever is not as the script left it. Raises `NotThisError`."""
    content: dict[str, str] = of["recorded"]
    if content.get("version") != VERSION:
        help = "run the `up.sql` of this version once"
        raise NotThisError(at.path, "another version of policylang wrote what is recorded in it", help)
    imported.texts = {name: text for name, text in sorted(content.items()) if name.endswith(_SUFFIX)}
    then, now = _facts(of["then"]), _facts(of["now"])
    tables: list[dict[str, Any]] = json.loads(content[TABLES])
    imported.targets = _targets(tables, content.get(ROLE_PREFIX, Postgres().role_prefix))
    found = [
        _ChangedFact(*key, then.get(key), now.get(key))
        for key in sorted({*then, *now})
        if then.get(key) != now.get(key) and key[0] != "application"
    ]
    for each in found:
        imported.refuse(*_said(each, at))
    for (kind, name), says in sorted(now.items()):
        if kind == "application":
            imported.leave_out("application", at, f"membership {quoted(name, _SHOWN)}: may become every user")
        elif kind == "role" and any(word in says for word in ("superuser", "BYPASSRLS")) and (kind, name) in then:
            imported.leave_out("beyond-policies", at, f"{quoted(name)} reads and changes every row: {says}")
        elif kind in _OF_OTHERS and not name.startswith('"policylang ') and (kind, name) in then:
            imported.leave_out("beside", at, f"{kind} {quoted(name, _SHOWN)}: {quoted(_line(says), _SHOWN)}")
    if of["others"]:
        imported.leave_out("elsewhere", at, f"{of['others']} tables that the script does not protect")
    closed = set(_closed(found, then, tables))
    if closed:
        head = "# What is not as the script left it opens nothing here."
        lines = [f'deny all on {each} because "changed in the database"' for each in sorted(closed)]
        imported.closing = "\n".join([head, *lines, ""])


def _targets(tables: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
    """What the target has to know to write the same script again, as the configuration says it; without defaults."""
    found: dict[str, Any] = {}
    schemas = sorted({each["schema"] for each in tables})
    if schemas and schemas != [Postgres().schema]:
        found["schema"] = schemas[0]
    if prefix != Postgres().role_prefix:
        found["role_prefix"] = prefix
    found["tables"] = {each["resource"]: _table(each) for each in tables}
    return {"postgres": found}


def _table(of: dict[str, Any]) -> dict[str, Any]:
    said = {"table": of["table"], "key": of.get("key", Table().key), "columns": of.get("named", {})}
    usual = {"table": of["resource"], "key": Table().key, "columns": {}}
    return {key: value for key, value in said.items() if value != usual[key]}


def _facts(rows: list[list[str]]) -> Facts:
    return {(kind, name): says for kind, name, says in rows}


def _said(of: _ChangedFact, at: Origin) -> tuple[str, Origin, str]:
    """The code, the place and the message."""
    what = f"{of.kind} {quoted(of.name, _SHOWN)}"
    if of.then is None:
        return "added", at, f"{what}: {quoted(_line(of.now or ''), _SHOWN)}"
    if of.now is None:
        return "gone", at, f"{what}: it was {quoted(_line(of.then), _SHOWN)}"
    before, after = _where_they_part(_line(of.then), _line(of.now))
    return "changed", at, f"{what}: it is {quoted(after, _SHOWN)} and was {quoted(before, _SHOWN)}"


def _line(said: str) -> str:
    return " ".join(said.split())


def _where_they_part(one: str, other: str) -> tuple[str, str]:
    """Two long texts from shortly before the place where they begin to differ."""
    if max(len(one), len(other)) <= _SHOWN:
        return one, other
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, same - 60)
    return (one, other) if start == 0 else (f"…{one[start:]}", f"…{other[start:]}")


# --- what nothing is known about ---------------------------------------------------------------------------------


def _closed(found: list[_ChangedFact], then: Facts, tables: list[dict[str, Any]]) -> Iterator[str]:
    """The resources of which it cannot be told any more what users may do."""
    by_name = {f"{_ident(each['schema'])}.{_ident(each['table'])}": each["resource"] for each in tables}
    ours = {name.removesuffix(" in policylang.roles") for kind, name in then if kind == "row"}
    ours = {_ident(each[1:-1].replace("''", "'")) for each in ours if each.startswith("'")} | {"everybody"}
    for each in found:
        who = each.name.removeprefix("of ").split(" on ")[0].split(" in ")[0]
        if each.kind in _BESIDE or (each.kind in ("privileges", "membership", "role") and who not in ours):
            continue
        on = each.name if each.kind == "table" else each.name.rpartition(" on ")[2].partition(" (")[0]
        one = each.kind in _OF_A_TABLE or each.kind == "privileges"
        yield from [by_name[on]] if one and on in by_name else by_name.values()


def _ident(name: str) -> str:
    """A name as `quote_ident` writes it, but for words that are quoted since they are keywords."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower() and not name[:1].isdigit()
    return name if plain else '"' + name.replace('"', '""') + '"'
