"""What the script leaves for `policylang import postgres`: the policy set, and what the database is once it has run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from policylang.importing.policy_text import policy_texts
from policylang.importing.postgres.facts import APPLICATION, FACTS, ROLE_PREFIX, SESSION, TABLES, VERSION
from policylang.ir import nodes as ir
from policylang.targets.postgres.names import insert, literal
from policylang.targets.postgres.tables import Mapped


def recorded(of: ir.PolicySet, tables: Mapping[str, Mapped], application: str, prefix: str) -> Iterator[str]:
    """The end of the script."""
    content = {
        **policy_texts(of),
        APPLICATION: application,
        ROLE_PREFIX: prefix,
        TABLES: json.dumps([_table(each) for each in tables.values()], ensure_ascii=False),
        "version": VERSION,
    }
    yield "-- What was said, and what the database is now."
    yield "DELETE FROM policylang.recorded; DELETE FROM policylang.facts;"
    rows = [f"({literal(name)}, {literal(text)})" for name, text in sorted(content.items())]
    yield from insert("policylang.recorded (name, content)", rows)
    yield from (f"{each};" for each in SESSION)
    yield f"INSERT INTO policylang.facts (kind, name, says)\n{FACTS};"


def _table(of: Mapped) -> dict[str, object]:
    columns = sorted({of.key, *of.columns.values()})
    named = {attribute: column for attribute, column in of.columns.items() if attribute != column}
    return {
        "resource": of.resource,
        "schema": of.schema,
        "table": of.table,
        "columns": columns,
        "key": of.key,
        "named": named,
    }
