"""The migration script. Run again, with the same or a newer one, it leaves what the newer one says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from policylang.importing.policy_text import policy_texts
from policylang.importing.postgres.facts import APPLICATION, FACTS, ROLE_PREFIX, SESSION, TABLES, VERSION
from policylang.ir import nodes as ir
from policylang.model.instants import instant_text
from policylang.model.types import RecordType, SetType
from policylang.runtime.index import Index
from policylang.runtime.periods import Period
from policylang.targets.needs import asked_conditions
from policylang.targets.postgres.expressions import all_of, holders
from policylang.targets.postgres.names import insert, literal, name
from policylang.targets.postgres.operands import ME, READERS, column_kind, related
from policylang.targets.postgres.rights import COMMANDS, Right, Rights
from policylang.targets.postgres.tables import Mapped
from policylang.targets.postgres.trees import tree_functions
from policylang.targets.target import Clause, Refusals

FILE = "up.sql"
_LINKS = {"CET": "Europe/Brussels", "EET": "Europe/Athens", "MET": "Europe/Brussels", "WET": "Europe/Lisbon"}
"""Timezones whose names PostgreSQL takes for abbreviations, which have no summer time, and the ones that they are."""


class Script:
    """The lines of the script and where each object in it comes from. ``shared``: the database roles that there always
    are, which are ``reader``, ``application`` and ``everybody``.
    """

    def __init__(self, index: Index, tables: dict[str, Mapped], prefix: str, refuse: Refusals) -> None:
        self.index, self.tables, self.prefix = index, tables, prefix
        self.shared = tuple(f"{prefix}_{each}" for each in ("reader", "app", "user"))
        self.reader, self.application, self.everybody = self.shared
        self.rights = Rights(index, tables, prefix, refuse)
        self.clauses: list[Clause] = []
        self._columns = self._read()

    def text(self) -> str:
        """The whole script."""
        tables = [line for table in self.tables.values() for line in self._table(table)]
        rights = [line for key, right in sorted(self.rights.all.items()) for line in self._right(key, right)]
        parts = [
            "-- Access rules of a policy set. Changes nothing, or everything: one transaction.",
            "BEGIN;",
            "SET LOCAL search_path = pg_catalog, pg_temp;",
            "SET LOCAL standard_conforming_strings = on;",
            "SET LOCAL client_min_messages = warning;",
            "SET LOCAL check_function_bodies = off;",
            resource("schema.sql"),
            *self._roles(),
            *self._people(),
            *self._functions("\n".join(rights)),
            *tables,
            *rights,
            "CALL policylang.drop_stale_roles();",
            f"REVOKE {name(self.reader)} FROM CURRENT_USER;",
            *_recorded(self.index.policy_set, self.tables, self.application, self.prefix),
            "COMMIT;",
        ]
        return "\n".join(parts) + "\n"

    # --- roles, people, functions ----------------------------------------------------------------------------

    def _roles(self) -> Iterator[str]:
        yield "-- Database roles: three that there always are, one for each right, one for users who have the same."
        rows: list[tuple[str, tuple[str, ...]]] = [(each, ()) for each in (*self.shared, *sorted(self.rights.all))]
        rows += [(each.name, (self.everybody, *each.rights)) for each in self.rights.roles]
        listed = [f"({literal(each)}, {literal(_array(rights))}, true)" for each, rights in rows]
        yield "UPDATE policylang.roles SET wanted = false;"
        yield from insert(
            "policylang.roles (name, rights, wanted)", listed, "ON CONFLICT (name) DO UPDATE SET wanted = true"
        )
        yield f"CALL policylang.create_roles({literal(self.application)});"
        yield f"GRANT {name(self.reader)} TO CURRENT_USER;"
        yield f"GRANT USAGE ON SCHEMA policylang TO {', '.join(map(name, self.shared))};"
        yield f"GRANT CREATE ON SCHEMA policylang TO {name(self.reader)};"
        yield f"GRANT SELECT ON policylang.users, policylang.holders TO {name(self.reader)};"
        for schema in sorted({table.schema for table in self.tables.values()}):
            yield f"GRANT USAGE ON SCHEMA {name(schema)} TO {name(self.reader)}, {name(self.everybody)};"

    def _people(self) -> Iterator[str]:
        yield "-- Users, the attributes that conditions look at, and who has which role when."
        yield "DELETE FROM policylang.users; DELETE FROM policylang.holders;"
        rows = [
            f"({literal(user)}, {literal(each.name)}, {literal(json.dumps(self._attributes(user), sort_keys=True))})"
            for each in self.rights.roles
            for user in each.users
        ]
        yield from insert("policylang.users (id, role, attributes)", rows)
        wanted = {role for table in self.tables.values() for _, role in self._eligible(table)}
        held = [
            f"({literal(role)}, {literal(user)}, {_day(period.first)}, {_day(period.last)}, {_times(period)})"
            for role, user, period in holders(self.index)
            if role in wanted
        ]
        yield from insert("policylang.holders (role, user_id, first, last, since, before)", held)

    def _attributes(self, user: str) -> dict[str, Any]:
        declared = self.index.users.get(user)
        found: dict[str, Any] = {}
        for each in declared.attributes if declared is not None else ():
            values = [v.value if isinstance(v.value, bool) else str(v.value) for v in each.values]
            found[each.name] = values if isinstance(self.index.subject[each.name], SetType) else values[0]
        return found

    def _functions(self, conditions: str) -> Iterator[str]:
        named = self.index.policy_set.timezone
        zone = literal(f"SELECT {literal(_LINKS.get(named, named))}")
        path = "SET search_path = pg_catalog, pg_temp"
        yield (
            "CREATE OR REPLACE FUNCTION policylang.zone() RETURNS text\n"
            f"LANGUAGE sql IMMUTABLE PARALLEL SAFE {path} AS {zone};"
        )
        yield resource("helpers.sql")
        yield resource("readers.sql")
        for reader, type_ in READERS.items():
            declared = reader == "as_one_of"
            if f"policylang.set_{reader}(" in conditions:
                yield resource("sets.sql").format(
                    reader=reader,
                    type=type_,
                    parameter=", declared text[]" if declared else "",
                    argument=", declared" if declared else "",
                )
        definers = ["me_as(name)", "role_of(text)", "of_user(text, text)", "eligible(text, text)"]
        yield from (f"ALTER FUNCTION policylang.{each} OWNER TO {name(self.reader)};" for each in definers)
        for of, attribute in sorted({(of, step) for of, step, number in self._steps() if number}):
            table = self.tables[of]
            column = f"{table.sql}.{name(table.columns[attribute])}"
            body = " ".join(("SELECT", column, "FROM", table.sql, "WHERE", f"{table.sql}.{name(table.key)} = $1"))
            yield (
                f"CREATE FUNCTION {related(of, attribute)} ({table.sql}.{name(table.key)}%TYPE) RETURNS {column}%TYPE\n"
                f"LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER {path} AS {literal(body)};\n"
                f"ALTER FUNCTION {related(of, attribute)} OWNER TO {name(self.reader)};"
            )
        for function, gaps in tree_functions(self.index, self.tables):
            body = resource("under.sql").format(**gaps)
            yield (
                f"CREATE FUNCTION {function} RETURNS boolean\n"
                f"LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER {path} AS {literal(body)};\n"
                f"ALTER FUNCTION {function} OWNER TO {name(self.reader)};"
            )
        yield "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA policylang FROM PUBLIC;"
        yield f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA policylang TO {', '.join(map(name, self.shared))};"

    def _read(self) -> set[tuple[str, str]]:
        """Attributes of records that decisions look at: resource and name. Of related records, too."""
        found = {(of, step) for of, step, _ in self._steps()}
        for table in self.tables.values():
            place = self.index.resources[table.resource].place
            found |= {(table.resource, place)} if place is not None else set()
            found |= {(table.resource, attribute.name) for attribute, _ in self._eligible(table)}
        return found

    def _steps(self) -> Iterator[tuple[str, str, int]]:
        """The attributes of records on the paths of conditions: resource, name, and how far from the row."""
        for resource_, condition, _ in asked_conditions(self.index, attached=False):
            for path in condition.paths() if resource_ in self.tables else ():
                for number, (holder, step) in enumerate(self.index.holders(resource_, path)):
                    if path.root != "record" or not isinstance(holder, RecordType):
                        break
                    yield holder.resource, step, number

    # --- tables ----------------------------------------------------------------------------------------------

    def _table(self, table: Mapped) -> Iterator[str]:
        every = [table.key, *table.columns.values()]
        yield f"-- {json.dumps(table.resource)}"
        yield f"CALL policylang.protect({literal(table.schema)}, {literal(table.table)});"
        for of, attribute in sorted(self._columns):
            if of == table.resource:
                type_ = self.index.attributes[of][attribute].type
                kind = column_kind(type_.item)
                yield self._checked(table, table.columns[attribute], kind, isinstance(type_, SetType))
        tree = self.index.resources[table.resource].tree
        if any(of == table.resource and (number or step == tree) for of, step, number in self._steps()):
            yield self._checked(table, table.key, "key")  # by which rows are looked for
        reads = name("policylang reader")
        yield f"CREATE POLICY {reads} ON {table.sql} FOR SELECT TO {name(self.reader)} USING (TRUE);"
        columns = ", ".join(name(column) for column in dict.fromkeys(every))
        yield f"GRANT SELECT ({columns}) ON {table.sql} TO {name(self.reader)};"
        yield from self._eligible_triggers(table)

    def _checked(self, table: Mapped, column: str, kind: str, many: bool = False) -> str:
        """Fails for a column whose type compares in other ways than values of an attribute's type."""
        names = ", ".join(map(literal, (table.schema, table.table, column, kind)))
        return f"CALL policylang.check_column({names}, {str(many).lower()});"

    def _right(self, key: str, right: Right) -> Iterator[str]:
        """Privileges, the policy, and triggers for columns that may be changed on some rows only."""
        command, digest = COMMANDS[right.action], key.rpartition("_")[2]
        columns = f" ({', '.join(map(name, right.columns))})" if right.columns else ""
        yield f"GRANT {command}{columns} ON {right.table} TO {name(key)};"
        policy = f"policylang {right.action} {digest}"
        known = all_of((f"((SELECT {ME}) IS NOT NULL)", right.condition))
        clauses = {"INSERT": ("WITH CHECK",), "UPDATE": ("USING", "WITH CHECK")}.get(command, ("USING",))
        body = " ".join(f"{clause} ({known})" for clause in clauses)
        yield f"CREATE POLICY {name(policy)} ON {right.table} FOR {command} TO {name(key)}\n  {body};"
        made = [f"policy {policy}"]
        for column, condition in right.changes:
            trigger = f"policylang modify {_short(f'{key} {column}')}"
            message = literal(f"{column} may not be changed on this record")
            held = f"{ME} IS NOT NULL AND pg_catalog.pg_has_role(CURRENT_USER, {literal(key)}, 'USAGE')"
            yield (
                f"CREATE TRIGGER {name(trigger)} BEFORE UPDATE OF {name(column)} ON {right.table}\n"
                f"  FOR EACH ROW WHEN ({held} AND {condition} IS NOT TRUE)\n"
                f"  EXECUTE FUNCTION policylang.refuse({message});"
            )
            made.append(f"trigger {trigger}")
        on = self.tables[right.resource].table
        sources = sorted(self.rights.sources[key])
        self.clauses += [Clause(FILE, f"{each} on {on}", at) for each in made for at in sources]

    def _eligible(self, table: Mapped) -> Iterator[tuple[ir.Attribute, str]]:
        """Attributes that ask for users with a role, and the role."""
        for attribute in self.index.attributes[table.resource].values():
            if attribute.role is not None:
                yield attribute, attribute.role

    def _eligible_triggers(self, table: Mapped) -> Iterator[str]:
        for attribute, role in self._eligible(table):
            column = name(table.columns[attribute.name])
            test = (
                f"policylang.all_eligible({literal(role)}, NEW.{column}::text[])"
                if isinstance(attribute.type, SetType)
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


def _recorded(of: ir.PolicySet, tables: Mapping[str, Mapped], application: str, prefix: str) -> Iterator[str]:
    """The end of the script, for `policylang import postgres`: the policy set, and what the database is then."""
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


def _array(names: Iterable[str]) -> str:
    """An array as PostgreSQL writes it."""
    escaped = (each.replace("\\", "\\\\").replace('"', '\\"') for each in names)
    return "{" + ",".join(f'"{each}"' for each in escaped) + "}"


def _times(period: Period) -> str:
    """The instants from which on and before which somebody has a role, where these are not the ends of days."""
    return ", ".join("NULL" if at is None else literal(instant_text(at)) for at in (period.since, period.until))


def _day(day: object) -> str:
    return "NULL" if day is None else f"{literal(str(day))}::date"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def resource(file: str) -> str:
    """A file beside this one."""
    return resources.files(__package__).joinpath(file).read_text(encoding="utf-8").rstrip("\n")
