"""From records of Odoo to statements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.graph import circles
from policylang.importing.imported import Grant, Imported, NotImportedError, Origin
from policylang.importing.odoo.access import EVERYBODY, OPERATIONS, AccessModel, OdooRight, RecordRule
from policylang.importing.odoo.conditions import ALWAYS, NEVER, ConditionWriter, Stated, negation
from policylang.importing.odoo.domains import DomainTree, read_domain
from policylang.importing.odoo.records import (
    USERS_OF_A_GROUP,
    Record,
    Records,
    module_of,
    read_records,
)
from policylang.importing.odoo.writing import Writing
from policylang.importing.reading import Inputs, NotThisError

_LETTERS = {"r": "read", "u": "write", "w": "write", "c": "create", "d": "unlink"}
_NO_PERSONS = (
    ("base.user_root", "superuser", "Odoo itself, which no rule holds back"),
    ("base.default_user", "template", "what Odoo copies new users from"),
    ("base.template_portal_user_id", "template", "what Odoo copies new portal users from"),
)
_MODEL_SEARCH = re.compile(r"""^\[\(\s*['"]model['"]\s*,\s*['"]=['"]\s*,\s*['"]([\w.]+)['"]\s*\)\]$""")


def read(inputs: Inputs, _mapping: Any) -> Imported:
    """Read access lists, rules, groups and users. Raises `NotThisError`."""
    imported = Imported()
    records = read_records(imported, inputs.files)
    by_model: dict[str, list[Record]] = {}
    for (model, _), record in sorted(records.items()):
        by_model.setdefault(model, []).append(record)
    if "ir.access" in by_model and ("ir.model.access" in by_model or "ir.rule" in by_model):
        record = by_model["ir.access"][0]
        message = "there are also access lists and rules of older versions, which decide differently"
        raise NotThisError(record.origin.path, message, "import one version of Odoo", record.origin.line)
    _Reading(imported, records, by_model).read()
    return imported


class _Said(msgspec.Struct):
    """An access list or a rule, before its domain is a condition."""

    record: Record
    model: str
    operations: tuple[str, ...]
    groups: dict[str, Origin]
    domain: DomainTree | None = None

    @property
    def restricts(self) -> bool:
        """Whether it narrows for everyone."""
        return not self.groups

    @property
    def name(self) -> str:
        return self.record.text("name")


class _Reading:
    def __init__(self, imported: Imported, records: Records, by_model: Mapping[str, list[Record]]) -> None:
        self._set, self._records, self._by_model = imported, records, by_model
        self._bare = {id for model, id in records if model == "res.groups" and "." not in id}
        self._implied: dict[str, dict[str, Origin]] = {}
        self._unclear: set[str] = set()
        self._closed: set[OdooRight] = set()
        self._lists: dict[OdooRight, dict[str, tuple[Origin, ...]]] = {}
        self._rules: dict[OdooRight, list[RecordRule]] = {}
        self._said: list[_Said] = []
        self._mentioned: dict[str, Origin] = {}

    def read(self) -> None:
        for record in self._by_model.get("res.groups", ()):
            self._group(record)
        for record in self._by_model.get("ir.model.access", ()):
            self._guarded(record, self._list)
        for record in self._by_model.get("ir.rule", ()):
            self._guarded(record, self._rule)
        for record in self._by_model.get("ir.access", ()):
            self._guarded(record, self._access)
        users = self._users()
        self._conditions()
        self._mention(users)
        self._break_circles()
        world = self._world()
        Writing(self._set, world, self._implied, self._records).write(users, self._unclear, self._mentioned)

    # --- groups and users ------------------------------------------------------------------------------------------

    def _resolve(self, id: str) -> str:
        """The group of an id; one whose file does not tell its module is known without it."""
        bare = id.partition(".")[2]
        if bare in self._bare and ("res.groups", id) not in self._records:
            return bare
        return id

    def _resolved(self, found: Mapping[str, Origin]) -> dict[str, Origin]:
        return {self._resolve(id): origin for id, origin in found.items()}

    def _group(self, record: Record) -> None:
        self._implied.setdefault(record.id, {})
        try:
            record.must_be_clear()
            self._implied[record.id] = self._resolved(record.linked("implied_ids"))
        except NotImportedError as error:
            self._unclear.add(record.id)
            self._set.refuse(error.code, error.origin, f"{error.message}, so nobody gets {quoted(record.id)}")

    def _users(self) -> dict[str, tuple[Record | None, dict[str, Origin]]]:
        """The groups of each user, by the id of its record."""
        found: dict[str, tuple[Record | None, dict[str, Origin]]] = {}
        unclear: set[str] = set()
        for record in self._by_model.get("res.users", ()):
            try:
                record.must_be_clear()
                if not record.truth("active", True):
                    self._set.leave_out("inactive", record.origin, f"{quoted(record.id)} is not active")
                    unclear.add(record.id)
                    continue
                found[record.id] = record, self._resolved(record.linked("groups_id", "group_ids"))
            except NotImportedError as error:
                unclear.add(record.id)
                self._set.refuse(error.code, error.origin, f"{error.message}, so {quoted(record.id)} gets nothing")
        for record in self._by_model.get("res.groups", ()):
            try:
                members = record.linked(*USERS_OF_A_GROUP)
            except NotImportedError as error:
                self._set.refuse(
                    error.code, error.origin, f"{error.message}, so this gives {quoted(record.id)} to nobody"
                )
                continue
            for id, origin in members.items():
                if id not in unclear:
                    found.setdefault(id, (None, {}))[1].setdefault(record.id, origin)
        for id, code, what in _NO_PERSONS:
            if id in found:
                record_of, groups = found.pop(id)
                at = record_of.origin if record_of is not None else min(groups.values())
                self._set.leave_out(code, at, f"{quoted(id)} is {what}")
        return found

    def _mention(self, users: Mapping[str, tuple[Record | None, dict[str, Origin]]]) -> None:
        """Groups of other modules, which are only spoken of."""
        named: dict[str, Origin] = {}
        for implied in list(self._implied.values()):
            for id, origin in implied.items():
                named.setdefault(id, origin)
        for _, groups in users.values():
            for id, origin in groups.items():
                named.setdefault(id, origin)
        if EVERYBODY in named:
            self._mentioned.setdefault(EVERYBODY, named[EVERYBODY])
        for id, origin in {**self._mentioned, **named}.items():
            if id not in self._implied and id != EVERYBODY:
                self._implied[id] = {}
                message = f"{quoted(id)} is defined elsewhere, so what it implies is unknown"
                self._set.leave_out("undefined-group", origin, message)

    def _break_circles(self) -> None:
        """Groups that imply each other have no order, so nobody gets them."""
        for group, members in sorted(circles(self._implied).items()):
            self._unclear.add(group)
            at = min(self._implied[group].values())
            others = " and ".join(quoted(each) for each in members if each != group)
            self._set.refuse("circle", at, f"{quoted(group)} and {others} imply each other, so nobody gets them")
        for group in [group for group, of in self._implied.items() if group in of]:
            del self._implied[group][group]
        for group in self._unclear:
            self._implied[group] = {}

    # --- access lists and rules ------------------------------------------------------------------------------------

    def _guarded(self, record: Record, read: Any) -> None:
        """One record. What narrows and is not understood closes what it speaks of; what widens is left out."""
        try:
            model = self._model(record)
        except NotImportedError as error:
            if record.last("model_id") is None and record.module != module_of(record.origin.path):
                message = f"{quoted(record.id)} is of a module that is not in the input, so this changes nothing"
                self._set.refuse("elsewhere", record.origin, message)
                return
            message = f"{error.message}, so what this is about is not known"
            raise NotThisError(error.origin.path, message, "write the id of the model", error.origin.line) from None
        try:
            record.must_be_clear()
            if not record.truth("active", True):
                self._set.leave_out("inactive", record.origin, f"{quoted(record.id)} is not active")
                return
            read(record, model)
        except NotImportedError as error:
            self._refuse(error, record, model)

    def _refuse(self, error: NotImportedError, record: Record, model: str) -> None:
        what = "so it gives nothing"
        group = record.last("group_id") if record.model == "ir.access" else None
        if record.model != "ir.model.access" and (group is None or not group.text):
            self._closed.update((model, operation) for operation in OPERATIONS)
            what = f"so nobody gets anything on {quoted(model)}"
        self._set.refuse(error.code, error.origin, f"{error.message}, {what}")

    def _model(self, record: Record) -> str:
        """The key of the resource that a record is about."""
        value = record.last("model_id")
        if value is not None and value.kind in ("ref", "eval"):
            return record.model_key()
        if value is not None and value.kind == "text" and re.fullmatch(r"[a-z0-9_.]+", value.text):
            return value.text.replace(".", "_")
        if value is not None and value.kind == "search" and (found := _MODEL_SEARCH.match(value.text)):
            return found[1].replace(".", "_")
        at = record.origin if value is None else value.origin
        raise NotImportedError("row", at, f"{quoted(record.id)} does not say its model")

    def _list(self, record: Record, model: str) -> None:
        group = self._resolve(record.referred("group_id")) or EVERYBODY
        operations = tuple(each for each in OPERATIONS if record.truth(f"perm_{each}", False))
        if not operations:
            self._set.leave_out("nothing", record.origin, f"{quoted(record.id)} gives no operation")
        self._mentioned.setdefault(group, record.origin)
        for operation in operations:
            groups = self._lists.setdefault((model, operation), {})
            groups[group] = (*groups.get(group, ()), record.origin)

    def _rule(self, record: Record, model: str) -> None:
        groups = self._resolved(record.linked("groups"))
        operations = tuple(each for each in OPERATIONS if record.truth(f"perm_{each}", True))
        self._domain(_Said(record, model, operations, groups), "domain_force")

    def _access(self, record: Record, model: str) -> None:
        group = record.referred("group_id")
        value = record.last("operation")
        letters = "" if value is None else value.text.strip()
        unknown = [each for each in letters if each not in _LETTERS]
        if unknown:
            at = record.origin if value is None else value.origin
            raise NotImportedError("row", at, f"{quoted(unknown[0])} in {quoted(letters)} is not an operation")
        operations = tuple(each for each in OPERATIONS if each in {_LETTERS[letter] for letter in letters})
        if value is None:
            is_said = any(f"for_{each}" in record.fields for each in OPERATIONS)
            operations = tuple(each for each in OPERATIONS if record.truth(f"for_{each}", not is_said))
        if not operations:
            self._set.leave_out("nothing", record.origin, f"{quoted(record.id)} gives no operation")
        kind = record.text("kind") or ("permission" if group else "restriction")
        if kind not in ("permission", "restriction") or (kind == "restriction") == bool(group):
            self._closed.update((model, operation) for operation in operations)
            message = f"{quoted(record.id)} is a {kind} {'of a group' if group else 'without a group'}"
            raise NotImportedError("kind", record.origin, message)
        groups = {self._resolve(group): record.origin} if group else {}
        self._domain(_Said(record, model, operations, groups), "domain")

    def _domain(self, said: _Said, field: str) -> None:
        for group, origin in said.groups.items():
            self._mentioned.setdefault(group, origin)
        value = said.record.last(field)
        try:
            said.domain = read_domain(
                "" if value is None else value.text, said.record.origin if value is None else value.origin
            )
        except NotImportedError as error:
            self._refuse_condition(said, error)
        self._said.append(said)

    def _refuse_condition(self, said: _Said, error: NotImportedError) -> None:
        operations = ", ".join(f"`{each}`" for each in said.operations)
        if said.restricts:
            self._closed.update((said.model, operation) for operation in said.operations)
            what = f"so nobody gets {operations} on {quoted(said.model)}"
        else:
            what = "so it shows no records"
        self._set.refuse(error.code, error.origin, f"{error.message}, {what}")

    def _conditions(self) -> None:
        """Domains as conditions; each as what it is for."""
        conditions = ConditionWriter(self._set)
        for said in self._said:
            if said.domain is not None:
                conditions.see(said.model, said.domain)
        for said in self._said:
            condition = NEVER
            if said.domain is not None:
                try:
                    condition = conditions.condition(said.model, said.domain)
                    if condition not in (ALWAYS, NEVER):
                        conditions.declare(said.model, said.domain)
                except NotImportedError as error:
                    self._refuse_condition(said, error)
            if said.restricts:
                self._restrict(said, condition)
                continue
            record, groups = said.record, frozenset(said.groups)
            rule = RecordRule(record.id, said.name, said.model, groups, condition, record.origin)
            for operation in said.operations:
                self._rules.setdefault((said.model, operation), []).append(rule)

    def _restrict(self, said: _Said, condition: Stated) -> None:
        if condition == ALWAYS or said.domain is None:
            return
        for operation in said.operations:
            if (said.model, operation) not in self._closed:
                grant = Grant(
                    resource=said.model,
                    action=operation,
                    origin=said.record.origin,
                    deny=True,
                    condition=() if condition == NEVER else negation(condition),
                    because=said.name,
                )
                self._set.resource(said.model, said.record.origin).action(operation, said.record.origin)
                self._set.denies.append(grant)

    def _world(self) -> AccessModel:
        implied = {group: frozenset(of) for group, of in self._implied.items()}
        if EVERYBODY in self._mentioned or EVERYBODY in implied:
            implied = {
                group: of if of or group == EVERYBODY else frozenset([EVERYBODY]) for group, of in implied.items()
            }
            implied.setdefault(EVERYBODY, frozenset())
        permits = bool(self._by_model.get("ir.access"))
        rules = {spot: tuple(of) for spot, of in sorted(self._rules.items())}
        return AccessModel(implied, dict(sorted(self._lists.items())), rules, permits, frozenset(self._closed))
