"""PostgreSQL: row-level security, column privileges and triggers for the tables behind resources.

Users who have the same at every time share a database role; the session says which of them it is. The rows that an
action reaches are one permissive policy for each command and expression.
"""

from __future__ import annotations

from collections.abc import Iterator

from policylang.runtime.index import Index
from policylang.targets.constructs import CONSTRUCTS
from policylang.targets.postgres.readme import readme
from policylang.targets.postgres.refusals import refusals
from policylang.targets.postgres.script import FILE, Script, resource
from policylang.targets.postgres.tables import mapped
from policylang.targets.target import Bundle, Input, Refusal, Support, Target


def _refuse(input: Input) -> Iterator[Refusal]:
    yield from refusals(Index(input.policy_set), input.settings.postgres)


def _emit(input: Input) -> Bundle:
    index, settings = Index(input.policy_set), input.settings.postgres
    script = Script(index, mapped(index, settings), settings.role_prefix)
    up = script.text()
    files = {
        FILE: up.encode(),
        "down.sql": f"{resource('down.sql')}\n".encode(),
        "README.md": readme(script).encode(),
    }
    return Bundle(files, tuple(script.clauses))


_SUPPORT: dict[str, Support] = {**dict.fromkeys(CONSTRUCTS, "exact"), "request": "input", "duration": "refused"}

TARGET = Target(
    name="postgres",
    title="PostgreSQL",
    engine="PostgreSQL 15",
    support=_SUPPORT,
    ways_out={"duration": "keep the instant that the duration leads to in a datetime attribute, and compare that"},
    refuse=_refuse,
    emit=_emit,
)
