"""Logs and policy sets of a few lines."""

from __future__ import annotations

import datetime
from pathlib import Path

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.settings.usage import UsageSettings
from policylang.usage.columns import LogMapping
from policylang.usage.logs import Backend
from policylang.usage.read import LogReading, read_usage

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
POLICIES = """\
resource doc { level : int  optional note : text  actions view, modify, delete }
resource archive { action view requires view on doc }
role clerk {
  grant view, modify on doc
}
role cleaner { grant delete on doc }
group desk { grant view on doc }
user "ann" { assign role clerk }
user "ben" in desk { assign role cleaner }
user "cy" { assign role clerk  assign role cleaner }
"""


def read(
    tmp_path: Path,
    policy_set: ir.PolicySet,
    log: str,
    name: str = "log.csv",
    mapping: LogMapping | None = None,
    settings: UsageSettings | None = None,
    backend: Backend = "duckdb",
) -> LogReading:
    """Read a log."""
    path = tmp_path / name
    path.write_text(log, encoding="utf-8")
    return read_usage([str(path)], Index(policy_set), mapping, settings, backend)
