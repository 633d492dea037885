"""Trees of records in the record store: decided and searched alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engines.postgres_engine import PostgresServer
from tests.service import stores
from tests.service.helpers import EVALUATION, RESOURCES, ids, post, question, served

POLICIES = """\
subject { home : text }
resource folder "Folder" {
  name : text
  optional parent : folder as tree
  actions view
}
policy branch "The branch" on folder { folder is under assigned user.home }
role reader "Reader" { grant view on folder  policy branch }
user "ann" { home : "b"  assign role reader }
user "bob" { home : "nowhere"  assign role reader }
"""
PARENTS = {"a": None, "b": "a", "c": "b", "d": "c", "e": "a", "x": "y", "y": "x", "z": "gone"}
TABLES = {"folder": {"table": "folders", "key": "folder_id", "columns": {"parent": "parent_id"}}}


@pytest.mark.parametrize("kind", ["memory", "sqlite", "duckdb", "postgres"])
def test_what_is_found_is_what_is_allowed(kind: str, tmp_path: Path, postgres: PostgresServer) -> None:
    (tmp_path / "p.policy").write_text(POLICIES)
    rows = [{"id": key, "name": key, "parent": parent} for key, parent in PARENTS.items()]
    names = {"id": "folder_id", "parent": "parent_id"}
    tables = {"folders": [{names.get(name, name): value for name, value in row.items()} for row in rows]}
    with postgres.database() as database:
        store: dict[str, Any] = {
            "memory": lambda: stores.memory(tmp_path, {"folder": rows}),
            "sqlite": lambda: stores.sqlite(tmp_path, tables, **TABLES),
            "duckdb": lambda: stores.duck(tmp_path, tables, **TABLES),
            "postgres": lambda: stores.postgres(database, tables, **TABLES),
        }[kind]()
        with served(tmp_path / "p.policy", store=store) as client:
            for user, expected in (("ann", ["b", "c", "d"]), ("bob", [])):
                asked = question(user, "view", "folder", "?")
                assert ids(post(client, RESOURCES, {**asked, "resource": {"type": "folder"}})) == expected
                allowed = [
                    key
                    for key in PARENTS
                    if post(client, EVALUATION, question(user, "view", "folder", key)).json()["decision"]
                ]
                assert allowed == expected
            stated = question("ann", "view", "folder", "new", name="N", parent="d")
            assert post(client, EVALUATION, stated).json()["decision"] is True
