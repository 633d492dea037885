"""The migration script. Run again, with the same or a newer one, it leaves what the newer one says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import msgspec

from policylang.check.periods import Period
from policylang.ir import nodes as ir
from policylang.model import conditions as c
from policylang.model.types import RecordType, SetType, Type, UserType
from policylang.runtime.index import Index
from policylang.runtime.plan import Plan
from policylang.runtime.sources import Bundle
from policylang.runtime.truth import operands
from policylang.targets.postgres.conditions import ME, Row, related
from policylang.targets.postgres.expressions import (
    FALSE,
    Class,
    all_of,
    any_of,
    classes,
    covering,
    holders,
    opened,
    plans,
    statements,
)
from policylang.targets.postgres.names import listed, literal, name
from policylang.targets.postgres.tables import Mapped
from policylang.targets.target import Clause

COMMANDS = {"view": "SELECT", "create": "INSERT", "modify": "UPDATE", "delete": "DELETE"}
"""The actions that are commands of SQL."""

FILE = "up.sql"


class Script:
    """The lines of the script and where each object in it comes from."""

    def __init__(self, index: Index, tables: dict[str, Mapped], prefix: str) -> None:
        self.index, self.tables, self.prefix = index, tables, prefix
        self.classes = classes(index, prefix)
        self.clauses: list[Clause] = []

    @property
    def reader(self) -> str:
        return f"{self.prefix}_reader"

    @property
    def application(self) -> str:
        return f"{self.prefix}_app"

    def text(self) -> str:
        """The whole script."""
        parts = [
            "-- Access rules of a policy set. Changes nothing, or everything: one transaction.",
            "BEGIN;",
            "SET LOCAL standard_conforming_strings = on;",
            "SET LOCAL client_min_messages = warning;",
            "SET LOCAL check_function_bodies = off;",
            *self._roles(),
            resource("schema.sql"),
            *self._grants_of_schema(),
            *self._people(),
            *self._functions(),
            *(line for table in self.tables.values() for line in self._table(table)),
            f"CALL policylang.remember({listed([each.role for each in self.classes], 'name')});",
            "COMMIT;",
        ]
        return "\n".join(parts) + "\n"

    # --- roles, people, functions ----------------------------------------------------------------------------

    def _roles(self) -> Iterator[str]:
        yield "-- Database roles: one for users who have the same, one that may become each, one for reading."
        every = [self.reader, self.application, *(each.role for each in self.classes)]
        yield (
            f"DO $policylang$ DECLARE r name; BEGIN FOREACH r IN ARRAY {listed(every, 'name')} LOOP\n"
            "  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN\n"
            "    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', r);\n"
            "  END IF;\nEND LOOP; END $policylang$;"
        )
        yield f"GRANT {name(self.reader)} TO CURRENT_USER;"
        yield from (f"GRANT {name(each.role)} TO {name(self.application)};" for each in self.classes)

    def _grants_of_schema(self) -> Iterator[str]:
        who = ", ".join(name(role) for role in (self.application, self.reader, *(c.role for c in self.classes)))
        yield f"GRANT USAGE ON SCHEMA policylang TO {who};"
        yield f"GRANT CREATE ON SCHEMA policylang TO {name(self.reader)};"
        yield f"GRANT SELECT ON policylang.users, policylang.holders TO {name(self.reader)};"
        yield from (f"GRANT USAGE ON SCHEMA {name(schema)} TO {who};" for schema in sorted(self._schemas()))

    def _schemas(self) -> set[str]:
        return {table.schema for table in self.tables.values()}

    def _people(self) -> Iterator[str]:
        yield "-- Users, the attributes that conditions look at, and who has which role when."
        yield "DELETE FROM policylang.users; DELETE FROM policylang.holders;"
        rows = [
            f"({literal(user)}, {literal(each.role)}, {literal(json.dumps(self._attributes(user), sort_keys=True))})"
            for each in self.classes
            for user in each.users
        ]
        yield from _insert("policylang.users (id, role, attributes)", rows)
        wanted = {role for table in self.tables.values() for _, role, _ in self._eligible(table)}
        held = [
            f"({literal(role)}, {literal(user)}, {_day(period.first)}, {_day(period.last)})"
            for role, user, period in holders(self.index)
            if role in wanted
        ]
        yield from _insert("policylang.holders (role, user_id, first, last)", held)

    def _attributes(self, user: str) -> dict[str, Any]:
        declared = self.index.users.get(user)
        found: dict[str, Any] = {}
        for each in declared.attributes if declared is not None else ():
            values = [v.value if isinstance(v.value, bool) else str(v.value) for v in each.values]
            found[each.name] = values if isinstance(self.index.subject[each.name], SetType) else values[0]
        return found

    def _functions(self) -> Iterator[str]:
        zone = literal(self.index.policy_set.timezone)
        yield (
            "CREATE OR REPLACE FUNCTION policylang.zone() RETURNS text\n"
            f"LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS {literal(f'SELECT {zone}')};"
        )
        yield resource("helpers.sql")
        definers = ["me_as(name)", "role_of(text)", "of_user(text, text)", "eligible(text, text)"]
        yield from (f"ALTER FUNCTION policylang.{each} OWNER TO {name(self.reader)};" for each in definers)
        for of, attribute in sorted(self._read()):
            table = self.tables[of]
            column = f"{table.sql}.{name(table.columns[attribute])}"
            body = " ".join(("SELECT", column, "FROM", table.sql, "WHERE", f"{table.sql}.{name(table.key)} = $1"))
            yield (
                f"CREATE FUNCTION {related(of, attribute)} ({table.sql}.{name(table.key)}%TYPE) RETURNS {column}%TYPE\n"
                f"LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS {literal(body)};\n"
                f"ALTER FUNCTION {related(of, attribute)} OWNER TO {name(self.reader)};"
            )
        yield "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA policylang FROM PUBLIC;"
        who = ", ".join(name(role) for role in (self.reader, self.application, *(c.role for c in self.classes)))
        yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA policylang TO {who};"

    def _read(self) -> set[tuple[str, str]]:
        """Attributes of related records that conditions look at: resource and name."""
        found: set[tuple[str, str]] = set()
        for resource_, condition in conditions(self.index, self.tables):
            for path in _paths(condition):
                at: Type = RecordType(resource_)
                for number, step in enumerate(path.steps if path.root == "record" else ()):
                    if not isinstance(at, RecordType):
                        break
                    if number:
                        found.add((at.resource, step))
                    at = self.index.attributes[at.resource][step].type
        return found

    # --- tables ----------------------------------------------------------------------------------------------

    def _table(self, table: Mapped) -> Iterator[str]:
        every = [table.key, *table.columns.values()]
        yield f"-- {json.dumps(table.resource)}"
        yield f"CALL policylang.protect({literal(table.schema)}, {literal(table.table)});"
        reads = name("policylang reader")
        yield f"CREATE POLICY {reads} ON {table.sql} FOR SELECT TO {name(self.reader)} USING (TRUE);"
        columns = ", ".join(name(column) for column in dict.fromkeys(every))
        yield f"GRANT SELECT ({columns}) ON {table.sql} TO {name(self.reader)};"
        yield from self._eligible_triggers(table)
        row = Row(self.index, self.tables, table.resource, name(table.table))
        for action, command in COMMANDS.items():
            if action in self.index.actions[table.resource]:
                yield from self._command(table, row, action, command)

    def _command(self, table: Mapped, row: Row, action: str, command: str) -> Iterator[str]:
        """Privileges, and a policy for each expression, with all classes that have it."""
        sharing: dict[str, list[str]] = {}
        sources: dict[str, frozenset[str]] = {}
        for each in self.classes:
            planned = plans(self.index, each, action, table.resource)
            always, some = covering(planned, self.index.attributes[table.resource])
            expression = opened(row, planned)
            if not planned or expression == FALSE:
                continue
            if action == "create":
                expression = all_of((expression, *(self._if_set(row, planned, field) for field in sorted(some))))
            sharing.setdefault(expression, []).append(each.role)
            sources[expression] = sources.get(expression, frozenset()) | statements(planned)
            yield self._privilege(table, action, command, each, sorted(always | some))
            if action == "modify":
                yield from self._field_triggers(table, each, planned, some)
        for expression, roles in sharing.items():
            policy = f"policylang {action} {_short(expression + table.sql)}"
            known = all_of((f"((SELECT {ME}) IS NOT NULL)", expression))
            clauses = {"INSERT": ("WITH CHECK",), "UPDATE": ("USING", "WITH CHECK")}.get(command, ("USING",))
            body = " ".join(f"{clause} ({known})" for clause in clauses)
            to = ", ".join(name(role) for role in roles)
            yield f"CREATE POLICY {name(policy)} ON {table.sql} FOR {command} TO {to}\n  {body};"
            self.clauses += [
                Clause(FILE, f"policy {policy} on {table.table}", at) for at in sorted(sources[expression])
            ]

    def _if_set(self, row: Row, planned: tuple[tuple[Period, Plan], ...], field: str) -> str:
        return any_of((f"({row.column(field)} IS NULL)", opened(row, planned, field)))

    def _privilege(self, table: Mapped, action: str, command: str, each: Class, fields: list[str]) -> str:
        if command == "DELETE":
            return f"GRANT DELETE ON {table.sql} TO {name(each.role)};"
        columns = [table.columns[field] for field in fields]
        columns += [table.key] if command != "UPDATE" and table.key not in columns else []
        if not columns:
            return f"-- {each.role} may {action} no attribute"
        listed_ = ", ".join(name(column) for column in columns)
        return f"GRANT {command} ({listed_}) ON {table.sql} TO {name(each.role)};"

    def _field_triggers(
        self, table: Mapped, each: Class, planned: tuple[tuple[Period, Plan], ...], some: frozenset[str]
    ) -> Iterator[str]:
        """Attributes that may be changed on some rows only: before the change and after it."""
        for field in sorted(some):
            rows = [Row(self.index, self.tables, table.resource, alias, once=False) for alias in ("OLD", "NEW")]
            both = all_of(opened(row, planned, field) for row in rows)
            trigger = f"policylang modify {_short(f'{each.role} {field}')}"
            message = literal(f"{field} may not be changed on this record")
            yield (
                f"CREATE TRIGGER {name(trigger)} BEFORE UPDATE OF {name(table.columns[field])} ON {table.sql}\n"
                f"  FOR EACH ROW WHEN (CURRENT_USER = {literal(each.role)} AND {both} IS NOT TRUE)\n"
                f"  EXECUTE FUNCTION policylang.refuse({message});"
            )
            self.clauses += [
                Clause(FILE, f"trigger {trigger} on {table.table}", at) for at in sorted(statements(planned))
            ]

    def _eligible(self, table: Mapped) -> Iterator[tuple[ir.Attribute, str, bool]]:
        """Attributes that ask for users with a role, the role, and whether they are sets."""
        for attribute in self.index.attributes[table.resource].values():
            item = attribute.type.of if isinstance(attribute.type, SetType) else attribute.type
            if isinstance(item, UserType) and item.role is not None:
                yield attribute, item.role, isinstance(attribute.type, SetType)

    def _eligible_triggers(self, table: Mapped) -> Iterator[str]:
        for attribute, role, many in self._eligible(table):
            column = name(table.columns[attribute.name])
            test = (
                f"policylang.all_eligible({literal(role)}, NEW.{column}::text[])"
                if many
                else f"policylang.eligible({literal(role)}, NEW.{column}::text)"
            )
            trigger = f"policylang eligible {_short(attribute.name)}"
            message = literal(f"{attribute.name} must be a user with role {role}")
            yield (
                f"CREATE TRIGGER {name(trigger)} BEFORE INSERT OR UPDATE OF {column} ON {table.sql}\n"
                f"  FOR EACH ROW WHEN (NEW.{column} IS NOT NULL AND {ME} IS NOT NULL AND NOT {test})\n"
                f"  EXECUTE FUNCTION policylang.refuse({message});"
            )
            self.clauses.append(Clause(FILE, f"trigger {trigger} on {table.table}", attribute.at))


def conditions(index: Index, tables: dict[str, Mapped]) -> Iterator[tuple[str, c.Condition]]:
    """All conditions about records in the database, each with its resource."""
    for instance in index.policy_set.policy_instances:
        if instance.resource in tables:
            yield instance.resource, instance.condition
    bundles: tuple[Bundle, ...] = (*index.policy_set.roles, *index.policy_set.groups)
    for deny in (*index.denies, *(deny for bundle in bundles for deny in bundle.denies)):
        if deny.condition is not None and deny.resource in tables:
            yield deny.resource, deny.condition


def _paths(condition: c.Condition) -> Iterator[c.Path]:
    match condition:
        case c.And(items) | c.Or(items):
            for item in items:
                yield from _paths(item)
        case c.Not(item):
            yield from _paths(item)
        case _:
            yield from (operand for operand in operands(condition) if isinstance(operand, c.Path))


def _insert(into: str, rows: list[str]) -> Iterator[str]:
    for start in range(0, len(rows), 1000):
        yield f"INSERT INTO {into} VALUES\n  " + ",\n  ".join(rows[start : start + 1000]) + ";"


def _day(day: object) -> str:
    return "NULL" if day is None else f"{literal(str(day))}::date"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def resource(file: str) -> str:
    """A file beside this one."""
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8").rstrip("\n")


class Written(msgspec.Struct, frozen=True):
    up: str
    clauses: tuple[Clause, ...]


def write(index: Index, tables: dict[str, Mapped], prefix: str) -> Written:
    script = Script(index, tables, prefix)
    text = script.text()
    return Written(text, tuple(script.clauses))
