"""From a catalog to statements.

Privileges on tables without row security are grants of the roles that have them. Where rows are guarded, privileges and
policies of different roles combine, so what a user may do there stands in a role of that user's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.graph import distances
from policylang.importing.imported import Imported, Origin, RoleOrGroup, Text
from policylang.importing.postgres.conditions import (
    ALWAYS,
    Column,
    ParsedExpression,
    UnknownExpressionError,
    parse,
)
from policylang.importing.postgres.facts import read_record
from policylang.importing.reading import Inputs, NotThisError

ACTIONS = {"SELECT": "view", "INSERT": "create", "UPDATE": "modify", "DELETE": "delete"}
_COMMANDS = {action: command for command, action in ACTIONS.items()}
PUBLIC = "\npublic"
SUPERUSER = "\nsuperuser"
_LONGEST_NAME = 63
"""Bytes; what is longer is cut, so a longer text is equal to a name of so many."""
_ALL_DATA = {"pg_read_all_data": ("SELECT",), "pg_write_all_data": ("INSERT", "UPDATE", "DELETE")}


class _RowPolicy(msgspec.Struct, frozen=True):
    """``roles``: of whom it holds. ``using``, ``check``: ``None`` where the expression is not known."""

    name: str
    permissive: bool
    roles: frozenset[str]
    commands: frozenset[str]
    using: ParsedExpression | None
    check: ParsedExpression | None

    def of(self, action: str) -> ParsedExpression | None:
        """What it says of rows for an action; ``None`` where that is not known, or not the same before and after."""
        if action == "create":
            return self.check
        return self.using if action != "modify" or self.using == self.check else None

    def tells_users_apart(self, named: bool) -> bool:
        """Whether it may show rows to one user that it hides from another. ``named``: whether rows may be of this one;
        else only rows that are *not* of a user count.
        """
        conditions = [each.condition for each in (self.using, self.check) if each is not None]
        found = [each for each in conditions if each is not None and "assigned user" in each]
        return any(named or "not (" in each or " is not " in each for each in found)


class _CatalogTable(msgspec.Struct):
    key: str
    schema: str
    owner: str
    guarded: bool
    forced: bool
    columns: dict[str, Column] = {}
    grants: dict[tuple[str, str], set[str] | None] = {}
    """By role and action the columns; ``None`` for all."""
    policies: list[_RowPolicy] = []


def read(inputs: Inputs, _mapping: Any) -> Imported:
    """Read a catalog that `catalog.fetch` made. Raises `NotThisError`."""
    imported = Imported()
    for file in inputs.files:
        try:
            document = json.loads(file.data)
            if "recorded" in document:
                read_record(imported, Origin(file.path), document)
            else:
                _Reading(imported, file.path, document).read()
        except NotThisError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotThisError(file.path, "this is not a database catalog", "give a connection string") from None
    return imported


class _Reading:
    def __init__(self, imported: Imported, path: str, of: dict[str, Any]) -> None:
        self._set, self._at, self._of = imported, Origin(path), of
        self._roles = {name: (sup, login, bypass, connect) for name, sup, login, bypass, connect in of["roles"]}
        self._names_fit = all(len(each.encode()) < _LONGEST_NAME for each in self._roles)
        self._inherited: dict[str, set[str]] = {}
        self._usage: dict[str, set[str]] = {}
        for schema, role in of["schemas"]:
            self._usage.setdefault(schema, set()).add(PUBLIC if role == "public" else role)
        self._tables: dict[tuple[str, str], _CatalogTable] = {}

    def read(self) -> None:
        self._members()
        self._read_tables()
        for schema, table, name, permissive, roles, command, using, check in self._of["policies"]:
            self._policy(self._tables[schema, table], name, permissive, roles, command, using, check)
        self._refuse_set_role()
        for function, owner, caller in self._of.get("definers", ()):
            message = f"{quoted(caller)} may call {quoted(function)}, which does what {quoted(owner)} may do"
            self._set.refuse("definer-function", self._at, message)
        self._declare()
        for name in sorted(self._roles):
            self._role(name)
        self._public()
        for name, (is_super, login, bypass, connect) in sorted(self._roles.items()):
            if login:
                self._user(name, is_super, bypass, connect)

    # --- reading -------------------------------------------------------------------------------------------------

    def _members(self) -> None:
        for role, member, inherits, _sets, admin in self._of["members"]:
            if inherits:
                self._inherited.setdefault(member, set()).add(role)
            if admin:
                self._set.leave_out("admin-option", self._at, f"{quoted(member)} may give {quoted(role)} to others")

    def _refuse_set_role(self) -> None:
        for role, member, inherits, sets, _ in self._of["members"]:
            if not sets or self._roles[member][0] or (inherits and not self._has_more(role, member)):
                continue
            what = "may do more then than before" if inherits else "has none of its access until then"
            message = f"{quoted(member)} may become {quoted(role)} with SET ROLE, and {what}"
            self._set.refuse("set-role", self._at, message)

    def _has_more(self, role: str, member: str) -> bool:
        """Whether a role has more than what a member inherits: attributes are not inherited, restrictive policies of
        other roles no longer hold, and whoever is somebody else has other rows.
        """
        is_super, login, bypasses, _ = self._roles[role]
        member_bypasses = self._roles[member][2]
        if is_super or (bypasses and not member_bypasses):
            return True
        inside, around = self._inside(role), self._inside(member)
        return any(
            (each.roles & around and not each.roles & inside and not each.permissive)
            or (each.roles & inside and each.tells_users_apart(login))
            for table in self._tables.values()
            if table.guarded and not member_bypasses and (table.forced or table.owner not in around)
            for each in table.policies
            if each.commands & {action for of, action in table.grants if of in inside}
        )

    def _inside(self, name: str) -> set[str]:
        """All whose privileges somebody has."""
        return {*distances(self._inherited, name), PUBLIC}

    def _read_tables(self) -> None:
        for schema, name, owner, guarded, forced in self._of["tables"]:
            key = name if schema == "public" else f"{schema}.{name}"
            self._tables[schema, name] = _CatalogTable(key, schema, owner, guarded, forced)
        for schema, table, name, type, required, plain in self._of["columns"]:
            self._tables[schema, table].columns[name] = Column.of(name, type, required, plain)
        for schema, table, name, role, privilege, is_public in self._of["grants"]:
            self._grant(self._tables[schema, table], PUBLIC if is_public else role, privilege, name)
        for found in self._tables.values():
            for role, privileges in (*_ALL_DATA.items(), ("pg_maintain", ("MAINTAIN",))):
                for privilege in privileges if role in self._roles else ():
                    self._grant(found, role, privilege, None)
        for schema, table, role in self._of.get("grant_options", ()):
            message = f"{quoted(role)} may give privileges on {quoted(self._tables[schema, table].key)} to others"
            self._set.leave_out("grant-option", self._at, message)
        for schema, name in self._of.get("invoker_views", ()):
            self._close(self._tables[schema, name])

    def _close(self, view: _CatalogTable) -> None:
        """A view whose rows are up to what each user has of the tables behind it."""
        message = f"the view {quoted(view.key)} shows each user other rows: nobody but superusers has any of them"
        self._set.refuse("invoker-view", self._at, message)
        view.grants = {spot: columns for spot, columns in view.grants.items() if spot[1] not in _COMMANDS}

    def _grant(self, table: _CatalogTable, role: str, privilege: str, name: str | None) -> None:
        action = ACTIONS.get(privilege, privilege.lower())
        if name is None:
            table.grants[role, action] = None
        else:
            known = table.grants.setdefault((role, action), set())
            if known is not None:
                known.add(name)

    def _policy(
        self, table: _CatalogTable, name: str, permissive: bool, roles: list[str], command: str, using: Any, check: Any
    ) -> None:
        actions = frozenset([ACTIONS[command]] if command != "ALL" else _COMMANDS)
        silent = ParsedExpression(
            None if permissive else ALWAYS
        )  # what says nothing opens nothing, and narrows nothing
        read_using = self._expression(table, name, using) if using is not None else silent
        read_check = self._expression(table, name, check) if check is not None else read_using
        of = frozenset(PUBLIC if each == "public" else each for each in roles)
        made = _RowPolicy(name, permissive, of, actions, read_using, read_check)
        if "modify" in actions and read_using is not None and read_check is not None and read_using != read_check:
            message = (
                f"{quoted(name)} on {quoted(table.key)} asks one thing of rows before a change and another after it"
            )
            self._set.refuse("two-conditions", self._at, message)
        table.policies.append(made)

    def _expression(self, table: _CatalogTable, name: str, expression: str) -> ParsedExpression | None:
        try:
            return parse(expression, table.columns, self._names_fit)
        except UnknownExpressionError:
            message = f"the policy {quoted(name)} on {quoted(table.key)}: {quoted(expression, 300)}"
            self._set.refuse("expression", self._at, message)
            return None

    # --- writing -------------------------------------------------------------------------------------------------

    def _is_simple(self, table: _CatalogTable) -> bool:
        """Whether roles alone say who may do what."""
        return not table.guarded and PUBLIC in self._usage.get(table.schema, ())

    def _declare(self) -> None:
        for table in self._tables.values():
            resource = self._set.resource(table.key, self._at)
            users = {name for each in table.policies for one in (each.using, each.check) if one for name in one.users}
            for each in table.columns.values():
                type: Text = ("user",) if each.name in users else (each.type or "text",)
                resource.attribute(each.name, self._at, type, optional=each.optional)
            for _, action in sorted(table.grants):
                resource.action(action, self._at)

    def _add(self, bundle: RoleOrGroup, table: _CatalogTable, action: str, columns: set[str] | None) -> None:
        fields = () if columns is None else tuple(sorted(columns))
        bundle.grant(table.key, action, self._at, fields=fields)

    def _given(self, role: str) -> Iterator[tuple[_CatalogTable, str, set[str] | None]]:
        for table in self._tables.values():
            for (of, action), columns in sorted(table.grants.items(), key=lambda each: each[0]):
                if of == role and self._is_simple(table):
                    yield table, action, columns

    def _role(self, name: str) -> None:
        is_super = self._roles[name][0]
        given, inner = list(self._given(name)), sorted(self._inherited.get(name, ()))
        is_aside = is_super or name.startswith("pg_") or not (given or inner)
        if is_aside and not any(name in each for each in self._inherited.values()):
            return
        bundle = self._set.role(name, self._at)
        for table, action, columns in given:
            self._add(bundle, table, action, columns)
        for each in inner:
            self._set.role(each, self._at)
            bundle.includes[each] = self._at

    def _public(self) -> None:
        given = list(self._given(PUBLIC))
        if given:
            bundle = self._set.role(PUBLIC, self._at, "everybody")
            for table, action, columns in given:
                self._add(bundle, table, action, columns)

    def _user(self, name: str, is_super: bool, bypasses: bool, connects: bool) -> None:
        if not connects:
            self._set.leave_out("no-connect", self._at, f"{quoted(name)} may not connect to the database")
            return
        user = self._set.user(name, self._at)
        roles = [SUPERUSER] if is_super else [name, PUBLIC]
        if is_super:
            self._superuser()
        else:
            roles.append(self._rows(name, self._inside(name), bypasses))
        for role in roles:
            if role in self._set.roles:
                user.assign(role, self._at)

    def _superuser(self) -> None:
        if SUPERUSER not in self._set.roles:
            bundle = self._set.role(SUPERUSER, self._at, "superuser")
            for table in self._tables.values():
                for action in sorted({*self._set.resources[table.key].actions, *_COMMANDS}):
                    self._set.resources[table.key].action(action, self._at)
                    self._add(bundle, table, action, None)

    def _rows(self, name: str, inside: set[str], bypasses: bool) -> str:
        """The role, if there is one, with what one user may do where the rows of a table are guarded, or its schema."""
        key = f"{name}\nrows"
        for table in self._tables.values():
            readable = self._usage.get(table.schema, set()) | _ALL_DATA.keys()
            if self._is_simple(table) or not readable & inside:
                continue
            free = not table.guarded or bypasses or (table.owner in inside and not table.forced)
            for action in sorted({action for _, action in table.grants}):
                columns = self._columns(table, action, inside)
                condition = ALWAYS if free or action not in _COMMANDS else self._condition(table, action, inside)
                if columns == set() or condition is None:
                    continue
                bundle = self._set.role(key, self._at, f"{name}, rows")
                self._add(bundle, table, action, columns)
                if condition:
                    self._limit(bundle, table, action, condition)
        return key

    def _columns(self, table: _CatalogTable, action: str, inside: set[str]) -> set[str] | None:
        found: set[str] = set()
        for (role, of), columns in table.grants.items():
            if of == action and role in inside:
                if columns is None:
                    return None
                found |= columns
        return found

    def _condition(self, table: _CatalogTable, action: str, inside: set[str]) -> Text | None:
        """Of which rows an action is open; ``None`` for none."""
        mine = [each for each in table.policies if action in each.commands and each.roles & inside]
        some = [each.of(action) for each in mine if each.permissive]
        every = [each.of(action) for each in mine if not each.permissive]
        conditions = list(
            dict.fromkeys(each.condition for each in some if each is not None and each.condition is not None)
        )
        if not conditions or any(each is None or each.condition is None for each in every):
            return None
        parts = [] if ALWAYS in conditions else [_joined(conditions, " or ")]
        parts += [each.condition for each in every if each is not None and each.condition]
        return _joined(list(dict.fromkeys(parts)), " and ")

    def _limit(self, bundle: RoleOrGroup, table: _CatalogTable, action: str, condition: Text) -> None:
        key = f"{table.key}\n{condition}"
        self._set.policy(key, self._at, f"rows of {table.key}", table.key, condition)
        bundle.limit(key, self._at, (action,))


def _joined(conditions: list[Text], word: str) -> Text:
    if len(conditions) < 2:
        return conditions[0] if conditions else ALWAYS
    parts: list[Any] = []
    for each in conditions:
        parts += [word if parts else "", "(", *each, ")"]
    return tuple(part for part in parts if part != "")
