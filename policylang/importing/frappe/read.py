"""From DocTypes and what sites add to them, to statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from policylang.diagnostics import quoted
from policylang.importing.frappe.access import ALL, GUEST, Open, PermissionRow, enough, inside, opened, with_everybody
from policylang.importing.frappe.documents import Document, Row, documents
from policylang.importing.frappe.hooks import EVERY, HOOKS, limited
from policylang.importing.imported import Imported, Origin, Ref, RoleOrGroup, Text
from policylang.importing.reading import Inputs

_NO_RIGHTS = frozenset(
    [
        *("role", "permlevel", "if_owner", "match", "apply_user_permissions", "user_permission_doctypes"),
        *("name", "idx", "doctype", "docstatus", "owner", "creation", "modified", "modified_by"),
        *("parent", "parentfield", "parenttype", "permission_rules", "restricted", "restrict"),
    ]
)
_RIGHTS = frozenset(
    [
        *("select", "read", "write", "create", "delete", "submit", "cancel", "amend"),
        *("print", "email", "report", "import", "export", "share", "set_user_permissions"),
    ]
)
_LAYOUT = frozenset(
    ["Section Break", "Column Break", "Tab Break", "HTML", "Button", "Heading", "Fold", "Image", "Page Break"]
)
_TYPES: Mapping[str, Text] = {
    "Check": ("bool",),
    "Int": ("int",),
    "Float": ("decimal",),
    "Percent": ("decimal",),
    "Currency": ("money",),
    "Date": ("date",),
    "Table": ("set of text",),
    "Table MultiSelect": ("set of text",),
}
OWNER = "owner"
_NAMED_BY = {
    "Custom Field": ("dt", "fieldname"),
    "Property Setter": ("doc_type", "property", "field_name"),
    "Custom DocPerm": ("parent", "name"),
    "Role Profile": ("name",),
    "User": ("name",),
}
"""What tells documents of a kind apart."""


def _access_of(of: Document) -> Any:
    """What a document says of access."""
    roles = {row.text("role") for row in of.rows("roles")}
    match of.kind:
        case "User":
            profiles = {of.text("role_profile_name"), *(row.text("role_profile") for row in of.rows("role_profiles"))}
            return roles, profiles - {""}, of.value.get("enabled"), of.text("user_type")
        case "Role Profile":
            return roles
        case "Custom Field":
            return of.number("permlevel"), of.text("fieldtype")
        case "Property Setter":
            return of.number("value") if of.text("property") == "permlevel" else None
        case _:
            said = ("role", "permlevel", "if_owner", "match", "apply_user_permissions")
            return {
                key: value
                for key, value in of.value.items()
                if value and (key in said or key not in _NO_RIGHTS) and not key.startswith("_")
            }


class _Field(msgspec.Struct):
    type: Text
    level: int
    origin: Origin


class _DocType(msgspec.Struct):
    origin: Origin
    document: Document | None = None
    rows: list[PermissionRow] = []
    custom: list[PermissionRow] = []
    has_custom: bool = False
    fields: dict[str, _Field] = {}
    closed: bool = False
    holding: list[PermissionRow] = []
    """The rows that hold, once all is read."""

    def fields_at(self, levels: Iterable[int]) -> tuple[str, ...]:
        wanted = frozenset(levels)
        return tuple(name for name, field in sorted(self.fields.items()) if field.level in wanted)

    def all_levels(self) -> frozenset[int]:
        """Levels above 0 that fields are at."""
        return frozenset(field.level for field in self.fields.values() if field.level)


class _User(msgspec.Struct):
    origin: Origin
    label: str | None
    roles: dict[str, Origin]
    profiles: list[str] = []
    is_system: bool = True
    enabled: bool = True


def read(inputs: Inputs, _mapping: Any) -> Imported:
    """Read all documents that tell of access. Raises `NotThisError` where one cannot be read."""
    imported = Imported()
    found = [each for file in inputs.files for each in documents(file)]
    hooks = [each for file in inputs.files if file.name == HOOKS for each in limited(file)]
    _Reading(imported).read(found, hooks)
    return imported


class _Reading:
    def __init__(self, imported: Imported) -> None:
        self._set = imported
        self._types: dict[str, _DocType] = {}
        self._users: dict[str, _User] = {}
        self._profiles: dict[str, dict[str, Origin]] = {}
        self._disabled: set[str] = set()
        self._limited: set[str] = set()
        self._said: dict[tuple[str, ...], Document] = {}

    def read(self, found: list[Document], hooks: list[tuple[str, Origin]]) -> None:
        """``hooks``: the DocTypes that code limits, and where an app says so."""
        for kind, take in (
            ("DocType", self._doctype),
            ("Custom Field", self._custom_field),
            ("Property Setter", self._property),
            ("Custom DocPerm", self._custom_row),
            ("Role", self._role),
            ("Role Profile", self._profile),
            ("User", self._user),
            ("Has Role", self._has_role),
            ("User Permission", self._user_permission),
            ("DocShare", self._share),
            ("Workflow", self._workflow),
        ):
            for each in found:
                if each.kind == kind and not self._is_said_otherwise(each):
                    take(each)
        for name, origin in dict(reversed(hooks)).items():
            self._limit_by_code(name, origin)
        for name, each_type in sorted(self._types.items()):
            self._settle(name, each_type)
        _Writing(self._set, self._types).write(self._holders())

    def _is_said_otherwise(self, of: Document) -> bool:
        """Whether a document differs from an earlier one of its name in what it says of access, which is refused then:
        nobody gets what it is about.
        """
        key = (of.kind, *(of.text(each) for each in _NAMED_BY.get(of.kind, ())))
        known = self._said.setdefault(key, of) if len(key) > 1 and key[-1] else of
        if known is of or _access_of(known) == _access_of(of):
            return False
        name = key[-1] if of.kind in ("User", "Role Profile") else f"{of.kind} of {key[1]}"
        self._set.refuse("twice", of.origin, f"{quoted(name)} is described differently at {known.origin}")
        if of.kind == "User":
            self._limited.add(key[1])
        elif of.kind == "Role Profile":
            self._profiles[key[1]] = {}
        else:
            self._named(key[1], of.origin).closed = True
        return True

    # --- DocTypes ----------------------------------------------------------------------------------------------------

    def _named(self, name: str, origin: Origin) -> _DocType:
        """A DocType, which may be described somewhere else."""
        return self._types.setdefault(name, _DocType(origin))

    def _doctype(self, of: Document) -> None:
        name, origin = of.text("name"), of.origin
        if not name:
            return
        known = self._types.get(name)
        if known is not None:
            if known.document is None or known.document.value != of.value:
                known.closed = True
                self._set.refuse("twice", origin, f"{quoted(name)} is described differently at {known.origin}")
            return
        made = self._types[name] = _DocType(origin, of)
        for row in of.rows("fields"):
            self._field(made, row)
        for row in of.rows("permissions"):
            made.rows += self._row(row)

    def _field(self, doctype: _DocType, row: Row) -> None:
        name, kind, level = row.text("fieldname"), row.text("fieldtype"), row.number("permlevel")
        if not name or (kind in _LAYOUT and not level):
            return
        if level is None:
            doctype.closed = True
            self._set.refuse("level", row.origin, f"the level of {quoted(name)} is not a number")
            level = 0
        doctype.fields[name] = _Field(_TYPES.get(kind, ("text",)), level, row.origin)

    def _custom_field(self, of: Document) -> None:
        self._field(self._named(of.text("dt"), of.origin), of)

    def _property(self, of: Document) -> None:
        if of.text("property") != "permlevel":
            return
        origin = of.origin
        doctype = self._named(of.text("doc_type"), origin)
        level, field = of.number("value"), of.text("field_name")
        if level is None or not field:
            doctype.closed = True
            self._set.refuse("level", origin, f"the level of {quoted(field)} is not a number")
            return
        doctype.fields.setdefault(field, _Field(("text",), 0, origin)).level = level

    def _row(self, row: Row) -> list[PermissionRow]:
        origin, role = row.origin, row.text("role")
        level, if_owner = row.number("permlevel"), row.number("if_owner")
        values = {key: row.number(key) for key in row.value if key not in _NO_RIGHTS and not key.startswith("_")}
        unclear = any(value is None for key, value in values.items() if key in _RIGHTS)
        if not role or level is None or if_owner is None or unclear:
            self._set.refuse("row", origin, f"a row of permissions of {quoted(role or 'nobody')} cannot be read")
            return []
        for key in ("match", "apply_user_permissions"):
            if row.value.get(key) not in (None, "", 0, "0"):
                self._set.refuse("match", origin, f"{quoted(key)} limits what {quoted(role)} gets")
                return []
        return [
            PermissionRow(role, level, bool(if_owner), frozenset(key for key, value in values.items() if value), origin)
        ]

    def _custom_row(self, of: Document) -> None:
        doctype = self._named(of.text("parent"), of.origin)
        doctype.has_custom = True
        doctype.custom += self._row(of)

    def _limit_by_code(self, name: str, origin: Origin) -> None:
        """Nobody gets what code may refuse. DocTypes that are not among the inputs nobody gets anyway."""
        found = list(self._types.values()) if name == EVERY else [self._types[name]] if name in self._types else []
        for doctype in found:
            doctype.closed = True
        if found:
            what = "every DocType" if name == EVERY else quoted(name)
            self._set.refuse("hook", origin, f"code of the app limits {what}, so nobody gets it")

    def _settle(self, name: str, doctype: _DocType) -> None:
        """What holds of the rows of a DocType."""
        if doctype.has_custom:
            for row in doctype.rows:
                message = f"what {quoted(name)} says about {quoted(row.role)}; custom permissions replace it"
                self._set.leave_out("replaced", row.origin, message)
        document = doctype.document
        kept = doctype.holding
        for row in () if doctype.closed else doctype.custom if doctype.has_custom else doctype.rows:
            if document is not None and document.number("istable"):
                message = f"{quoted(name)} is a child table, whose rows belong to the document"
                self._set.leave_out("child-table", row.origin, message)
                continue
            if row.role in self._disabled:
                message = f"the role {quoted(row.role)} is disabled"
                self._set.leave_out("disabled", row.origin, message)
                continue
            dropped = set()
            for right, flag in (("submit", "is_submittable"), ("import", "allow_import")):
                if right in row.rights and row.level == 0 and document is not None and not document.number(flag):
                    dropped.add(right)
                    message = f"`{right}` of {quoted(row.role)} has no effect on {quoted(name)}"
                    self._set.leave_out("not-submittable", row.origin, message)
            kept.append(msgspec.structs.replace(row, rights=row.rights - dropped))
        for row in kept:
            alone = not any(each.level == 0 and each.role in inside(row.role) for each in kept)
            if row.level and row.rights & {"read", "write"} and alone:
                message = f"{quoted(row.role)} opens level {row.level} of {quoted(name)}, and not the document"
                self._set.leave_out("no-level-0", row.origin, message)

    # --- people ------------------------------------------------------------------------------------------------------

    def _role(self, of: Document) -> None:
        if of.number("disabled"):
            self._disabled.add(of.text("name") or of.text("role_name"))

    def _profile(self, of: Document) -> None:
        name = of.text("name") or of.text("role_profile")
        self._profiles[name] = {row.text("role"): row.origin for row in of.rows("roles")}

    def _user(self, of: Document) -> None:
        name, origin = of.text("name") or of.text("email"), of.origin
        if not name:
            return
        enabled = "enabled" not in of.value or of.number("enabled") == 1
        given = {row.text("role"): row.origin for row in of.rows("roles") if row.text("role")}
        profiles = [
            of.text("role_profile_name"),
            *(row.text("role_profile") for row in of.rows("role_profiles")),
        ]
        known = self._users.get(name)
        if known is None:
            is_system = of.text("user_type") != "Website User"
            label = of.text("full_name") or None
            self._users[name] = _User(origin, label, given, profiles, is_system, enabled)
        else:
            known.roles.update(given)
            known.profiles += profiles
            known.enabled = known.enabled and enabled

    def _has_role(self, of: Document) -> None:
        if of.text("parenttype") in ("User", "") and of.text("parent") and of.text("role"):
            origin = of.origin
            known = self._users.setdefault(of.text("parent"), _User(origin, None, {}))
            known.roles.setdefault(of.text("role"), origin)

    def _user_permission(self, of: Document) -> None:
        user = of.text("user")
        self._limited.add(user)
        what = f"{quoted(of.text('allow'))} {quoted(of.text('for_value'))}"
        self._set.refuse("user-permission", of.origin, f"{quoted(user)} is limited to {what}")

    def _share(self, of: Document) -> None:
        what = f"{quoted(of.text('share_doctype'))} {quoted(of.text('share_name'))}"
        self._set.refuse("shared", of.origin, f"{what} is shared with {quoted(of.text('user'))}")

    def _workflow(self, of: Document) -> None:
        message = f"the workflow {quoted(of.text('name'))} of {quoted(of.text('document_type'))}"
        self._set.leave_out("workflow", of.origin, message)

    def _holders(self) -> dict[str, _User]:
        """The users who have access, with all their roles."""
        found = {}
        for name, user in sorted(self._users.items()):
            if name == "Administrator":
                self._set.leave_out("superuser", user.origin, "`Administrator` may do everything")
            elif not user.enabled:
                self._set.leave_out("disabled", user.origin, f"the user {quoted(name)} is disabled")
            elif name not in self._limited:
                for profile in user.profiles:
                    user.roles.update({k: v for k, v in self._profiles.get(profile, {}).items() if k not in user.roles})
                if user.is_system and name != GUEST:
                    user.roles.setdefault("Desk User", user.origin)
                kept = {role: at for role, at in user.roles.items() if role and role not in self._disabled}
                found[name] = msgspec.structs.replace(user, roles={} if name == GUEST else kept)
        return found


class _Writing:
    """Makes statements of what holds."""

    def __init__(self, imported: Imported, types: Mapping[str, _DocType]) -> None:
        self._set = imported
        self._types = {name: each for name, each in sorted(types.items()) if each.holding}
        self._roles: dict[str, Origin] = {}
        self._by_role: dict[str, dict[str, dict[str, Open]]] = {}
        self._speaking: dict[str, set[str]] = {}

    def write(self, users: Mapping[str, _User]) -> None:
        for name, doctype in self._types.items():
            self._declare(name, doctype)
            for row in doctype.holding:
                self._roles.setdefault(row.role, row.origin)
                self._speaking.setdefault(row.role, set()).add(name)
        for user in users.values():
            for role, origin in user.roles.items():
                if role not in (ALL, GUEST, "Desk User"):
                    self._roles.setdefault(role, origin)
        for role in sorted(self._roles, key=lambda each: (each != GUEST, each != ALL, each)):
            self._role(role)
        for name, user in users.items():
            self._user(name, user)

    def _declare(self, name: str, doctype: _DocType) -> None:
        """A resource; the fields of one whose fields are not all alike."""
        resource = self._set.resource(name, doctype.origin)
        for field, of in doctype.fields.items() if doctype.all_levels() else ():
            type = ("user",) if field == OWNER else of.type
            resource.attribute(field, of.origin, type).sensitive = of.level > 0

    def _opened(self, name: str, roles: frozenset[str]) -> dict[str, Open]:
        doctype = self._types[name]
        return opened(doctype.holding, roles, doctype.all_levels())

    def _names(self, roles: Iterable[str]) -> list[str]:
        """The DocTypes that some roles speak of."""
        return sorted(frozenset().union(*(self._speaking.get(role, set()) for role in roles)))

    def _inner(self, role: str) -> list[str]:
        """The roles right inside one."""
        wanted = [] if role == GUEST else [GUEST] if role == ALL else [ALL] if ALL in self._roles else [GUEST]
        return [each for each in wanted if each in self._roles]

    def _role(self, role: str) -> None:
        bundle = self._set.role(role, self._roles[role])
        inner = self._inner(role)
        for each in inner:
            bundle.includes[each] = self._roles[role]
        self._by_role[role] = {name: self._opened(name, inside(role)) for name in self._names(inside(role))}
        for name, actions in self._by_role[role].items():
            given = [self._by_role[each].get(name, {}) for each in inner]
            own = {action: of for action, of in actions.items() if not any(of.same(each.get(action)) for each in given)}
            self._fill(bundle, name, own, actions)

    def _fill(self, bundle: RoleOrGroup, name: str, own: Mapping[str, Open], everything: Mapping[str, Open]) -> None:
        """Grants on a DocType, and the policy that limits them. ``everything``: with what the roles inside bring."""
        resource, doctype = self._set.resources[name], self._types[name]
        for action, of in own.items():
            for origin in of.origins:
                resource.action(action, origin)
                bundle.grant(name, action, origin, including=doctype.fields_at(of.levels))
        limited = [action for action, of in own.items() if of.owner]
        if limited:
            origin = min(origin for action in limited for origin in own[action].origins)
            resource.attribute(OWNER, origin, ("user",))
            self._set.policy(name, origin, f"Own {name}", name, (Ref("attribute", OWNER), " is assigned user"))
            actions = () if set(everything) <= set(limited) else tuple(limited)
            bundle.limit(name, origin, actions)

    # --- users -------------------------------------------------------------------------------------------------------

    def _user(self, name: str, of: _User) -> None:
        user = self._set.user(name, of.origin, of.label)
        roles = sorted(role for role in of.roles if role in self._roles and role not in (ALL, GUEST))
        if not roles:
            everybody = [GUEST] if name == GUEST else [ALL, GUEST]
            roles = [role for role in everybody if role in self._roles][:1]
        user.group = self._together(roles, of)
        if user.group is None:
            for role in roles:
                user.assign(role, of.roles.get(role, of.origin))

    def _together(self, roles: list[str], of: _User) -> str | None:
        """The group for those who have exactly some roles; ``None`` where the roles by themselves are enough."""
        every = with_everybody(roles)
        extra: dict[str, tuple[dict[str, Open], dict[str, Open]]] = {}
        for name in self._names(every) if len(roles) > 1 else ():
            wanted = self._opened(name, every)
            given = [self._by_role[role].get(name, {}) for role in roles]
            missing = {
                action: open
                for action, open in wanted.items()
                if not enough(open, [each[action] for each in given if action in each])
            }
            if missing:
                extra[name] = missing, wanted
        if not extra:
            return None
        key = " and ".join(roles)
        if key not in self._set.groups:
            made = self._set.group(key, of.origin)
            made.includes = {role: of.roles.get(role, of.origin) for role in roles}
            for name, (missing, wanted) in extra.items():
                self._fill(made, name, missing, wanted)
        self._set.groups[key].seen(of.origin)
        return key
