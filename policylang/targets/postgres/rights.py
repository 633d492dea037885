"""Rights: a command on the columns and rows of a table. Who has the same rights shares a database role.

The name of a role hangs on nothing but what the role may do, since the databases of a server share their roles: a role
that two of them know means the same in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.runtime.periods import Period
from policylang.runtime.plan import Plan
from policylang.targets.needs import asked_conditions
from policylang.targets.postgres.conditions import sql
from policylang.targets.postgres.expressions import FALSE, Had, all_of, any_of, covering, had, opened, plans, statements
from policylang.targets.postgres.names import MAX_BYTES, name
from policylang.targets.postgres.operands import SqlRow
from policylang.targets.postgres.tables import Mapped
from policylang.targets.target import Refusals

COMMANDS: dict[ir.Kind, str] = {"view": "SELECT", "create": "INSERT", "modify": "UPDATE", "delete": "DELETE"}
"""By kind of action."""


def commands(resource: ir.Resource) -> dict[str, ir.Kind]:
    """The actions that are commands of SQL, with their kinds: of each kind the one that is named so, or the first."""
    found: dict[ir.Kind, str] = {}
    for kind in COMMANDS:
        alike = [action.name for action in resource.actions if action.kind == kind]
        if alike:
            found[kind] = kind if kind in alike else alike[0]
    return {action: kind for kind, action in found.items()}


class Right(msgspec.Struct, frozen=True):
    """``condition``: on which rows. ``changes``: columns that may be changed on some rows only, and on which.

    The name of its database role is made of all this, names of fields too: it changes with any of them.
    """

    resource: str
    table: str
    action: ir.Kind
    columns: tuple[str, ...]
    condition: str
    changes: tuple[tuple[str, str], ...] = ()


class _Role(msgspec.Struct, frozen=True):
    """The users who have the same rights, by the names of these."""

    name: str
    rights: tuple[str, ...]
    users: tuple[str, ...]


class Rights:
    """``all`` has them by the names of their database roles, ``sources`` where each is said."""

    def __init__(self, index: Index, tables: dict[str, Mapped], prefix: str, refuse: Refusals) -> None:
        self.index, self.tables, self.prefix, self._refuse = index, tables, prefix, refuse
        self._rows = {each.resource: self._row(each, name(each.table)) for each in tables.values()}
        for resource, condition, wanted in asked_conditions(index, attached=False):
            if resource in tables:
                sql(condition, self._rows[resource], wanted)
        self.all: dict[str, Right] = {}
        self.sources: dict[str, set[str]] = {}
        users: dict[tuple[str, ...], list[str]] = {}
        for each, people in had(index).items():
            users.setdefault(tuple(sorted(self._of(each))), []).extend(people)
        found = [_Role(self._name("", rights), rights, tuple(sorted(own))) for rights, own in users.items()]
        self.roles = tuple(sorted(found, key=lambda role: role.name))

    def _row(self, table: Mapped, alias: str, once: bool = True) -> SqlRow:
        return SqlRow(self.index, self.tables, table.resource, alias, self._refuse, once)

    def _name(self, kind: str, content: object) -> str:
        digest = hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
        before = f"{self.prefix}{kind}_"
        return before + digest[: min(20, MAX_BYTES - len(before.encode()))]

    def _of(self, each: Had) -> Iterator[str]:
        for table in self.tables.values():
            for action, kind in commands(self.index.resources[table.resource]).items():
                right, sources = self._right(each, table, action, kind)
                if right is not None:
                    key = self._name("_right", right)
                    self.all[key] = right
                    self.sources.setdefault(key, set()).update(sources)
                    yield key

    def _right(self, each: Had, table: Mapped, action: str, kind: ir.Kind) -> tuple[Right | None, frozenset[str]]:
        row = self._rows[table.resource]
        planned = plans(self.index, each, action, table.resource)
        always, some = covering(planned, self.index.attributes[table.resource])
        if kind == "view":
            self._refuse_partial(planned, table.resource, some)
        condition, sources = opened(row, planned), statements(planned)
        columns = [table.columns[field] for field in sorted(always | some)] if kind != "delete" else []
        if not planned or condition == FALSE or (kind == "modify" and not columns):
            return None, sources
        if kind == "create":  # attributes that may be set on some rows only
            unset = ((field, f"({row.column(field)} IS NULL)") for field in sorted(some))
            condition = all_of((condition, *(any_of((none, opened(row, planned, field))) for field, none in unset)))
        if kind in ("view", "create") and table.key not in table.columns.values():
            columns.append(table.key)
        if kind in ("view", "create") and not columns:
            self._refuse_empty(planned, table.resource, kind)
        changes = []
        if kind == "modify":
            rows = [self._row(table, alias, once=False) for alias in ("OLD", "NEW")]
            changes = [(table.columns[f], all_of(opened(each, planned, f) for each in rows)) for f in sorted(some)]
        return Right(table.resource, table.sql, kind, tuple(columns), condition, tuple(changes)), sources

    def _refuse_empty(self, planned: Iterable[tuple[Period, Plan]], resource: str, kind: ir.Kind) -> None:
        """An action that is open and covers nothing, not even the key. A privilege on no column is one on all."""
        message = (
            f"{COMMANDS[kind]} needs a column: on some `{resource}` {kind} covers no attribute, and its key is one"
        )
        granted = [grant.at for _, plan in planned for way in plan.ways for grant in way.statements]
        self._refuse("PL801", message, min(granted), "grant an attribute, or name a key that is no attribute")

    def _refuse_partial(self, planned: Iterable[tuple[Period, Plan]], resource: str, some: Iterable[str]) -> None:
        """Attributes that are covered on some of the rows that may be viewed."""
        for field in sorted(some):
            message = f"column privileges do not depend on the row: `{field}` may be viewed on some `{resource}` only"
            granted = [g.at for _, plan in planned for way in plan.ways if field in way.fields for g in way.statements]
            self._refuse("PL801", message, min(granted), "grant it on every record that may be viewed, or on none")
