"""Logs and policy sets of a few lines, and what is proposed for them."""

from __future__ import annotations

import datetime
from pathlib import Path

from policylang.check.usage import ObservedUse, Usage
from policylang.ir import nodes as ir
from policylang.project.project import Project
from policylang.runtime.index import Index
from policylang.settings.usage import UsageSettings
from policylang.usage.columns import LogMapping
from policylang.usage.logs import Backend
from policylang.usage.proposals import NOTHING, Keep, Propose, propose
from policylang.usage.read import LogReading, read_usage
from policylang.usage.rightsize import Rightsized, rightsize

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
LONG_AGO = NOW - datetime.timedelta(days=400)
YESTERDAY = NOW - datetime.timedelta(days=1)
ALL_USED = ("ann view doc", "ann modify doc", "ben view doc", "ben delete doc", "cy view doc", "cy delete doc")


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


def usage_of(
    *rows: str, at: datetime.datetime = YESTERDAY, place: str | None = None, config: UsageSettings | None = None
) -> Usage:
    """What was done, as ``user action resource [field]``."""
    uses = []
    for row in rows:
        user, action, resource, *field = row.split()
        uses.append(ObservedUse(user, resource, action, True, field[0] if field else None, place, 1, at, at))
    return Usage(tuple(sorted(uses, key=lambda use: use.order)), LONG_AGO, NOW, config or UsageSettings())


def made(
    policies: Project, usage: Usage, keep: Keep = NOTHING, *, with_doubled: bool = False, proposer: Propose = propose
) -> Rightsized:
    assert policies.ir is not None, policies.diagnostics
    reading = LogReading(usage, len(usage.uses), len(usage.uses), {}, (), (), 0, ())
    return rightsize(policies, reading, NOW, keep, with_doubled=with_doubled, proposer=proposer)


def taken(found: Rightsized) -> list[str]:
    return sorted(part.what for each in found.certified for part in each.proposal.parts)


def text(found: Rightsized) -> str:
    return found.after.sources.sources[0].text
