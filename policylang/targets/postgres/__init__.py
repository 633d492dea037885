"""PostgreSQL: row-level security, column privileges and triggers for the tables behind resources.

Users who have the same at every time share a database role; the session says which of them it is. The rows that an
action reaches are one permissive policy for each command and expression.
"""

from __future__ import annotations

from policylang.runtime.index import Index
from policylang.targets.postgres.readme import readme
from policylang.targets.postgres.refusals import refuse_texts
from policylang.targets.postgres.script import FILE, Script, resource
from policylang.targets.postgres.tables import mapped, refuse_settings
from policylang.targets.target import Input, Refusals, Target, TargetBundle


def _emit(input: Input, refuse: Refusals) -> TargetBundle | None:
    index, settings = Index(input.policy_set), input.settings.postgres
    refuse_settings(index, settings, refuse)
    refuse_texts(index, refuse)
    script = Script(index, mapped(index, settings), settings.role_prefix, refuse)
    if refuse.found:
        return None
    up = script.text()
    files = {
        FILE: up.encode(),
        "down.sql": f"{resource('down.sql')}\n".encode(),
        "README.md": readme(script).encode(),
    }
    return TargetBundle(files, tuple(script.clauses))


TARGET = Target(
    name="postgres",
    title="PostgreSQL",
    engine="PostgreSQL 15",
    support={"request": "input"},
    ways_out={
        "duration": "keep the instant that the duration leads to in a datetime attribute, and compare that",
    },
    emit=_emit,
)
