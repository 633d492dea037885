"""What is imported decides as Frappe does, on DocTypes and users that are made up."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from hypothesis import event, given
from hypothesis import strategies as st

from policylang.api.policy_set import PolicySet
from policylang.importing.importing import Import
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from tests.importing.helpers import NOW, asked, imported, names_of

DOCTYPES = ("Sales Order", "Leave")
ROLES = ("All", "Guest", "Sales User", "HR Manager", "Auditor")
RIGHTS = ("read", "write", "create", "delete", "submit", "print", "import")
FIELDS = {"title": 0, "salary": 1, "grade": 1, "secret": 2}
USERS = ("ann@x.test", "bo@x.test")
WITH_FIELDS = {"read": "read", "write": "write", "create": "write"}

ROW = st.fixed_dictionaries(
    {
        "role": st.sampled_from(ROLES),
        "permlevel": st.sampled_from((0, 0, 0, 1, 2)),
        "if_owner": st.sampled_from((0, 0, 1)),
        "rights": st.sets(st.sampled_from(RIGHTS), min_size=1),
    }
)
DOCTYPE = st.fixed_dictionaries(
    {
        "permissions": st.lists(ROW, max_size=5),
        "custom": st.one_of(st.none(), st.none(), st.lists(ROW, min_size=1, max_size=3)),
        "is_submittable": st.booleans(),
        "allow_import": st.booleans(),
    }
)
MEMBERS = st.fixed_dictionaries({user: st.sets(st.sampled_from(ROLES[2:])) for user in USERS})


def row_of(row: dict) -> dict:
    return {**{key: row[key] for key in ("role", "permlevel", "if_owner")}, **dict.fromkeys(sorted(row["rights"]), 1)}


def files_of(doctypes: dict[str, dict], members: dict[str, set[str]]) -> dict[str, str | bytes]:
    fields = [{"fieldname": name, "fieldtype": "Data", "permlevel": level} for name, level in FIELDS.items()]
    files: dict[str, str | bytes] = {}
    for name, of in doctypes.items():
        document = {
            "doctype": "DocType",
            "name": name,
            "fields": fields,
            "is_submittable": int(of["is_submittable"]),
            "allow_import": int(of["allow_import"]),
            "permissions": [row_of(row) for row in of["permissions"]],
        }
        files[f"{name}.json"] = json.dumps(document, indent=1)
        if of["custom"] is not None:
            files[f"custom {name}.json"] = json.dumps(
                [{"doctype": "Custom DocPerm", "parent": name, **row_of(row)} for row in of["custom"]]
            )
    users = [
        {"doctype": "User", "name": user, "roles": [{"role": role} for role in sorted(of)]}
        for user, of in members.items()
    ]
    return {**files, "users.json": json.dumps(users)}


def frappe(of: dict, roles: set[str], user: str, action: str, owner: str, field: str | None) -> bool:
    """Whether Frappe lets a user do something with a document, or with one field of it."""
    rows = [row for row in (of["permissions"] if of["custom"] is None else of["custom"]) if row["role"] in roles]
    giving = [row for row in rows if row["permlevel"] == 0 and action in row["rights"]]
    if (action == "submit" and not of["is_submittable"]) or (action == "import" and not of["allow_import"]):
        return False
    if not any(not row["if_owner"] or action == "create" or owner == user for row in giving):
        return False
    level = 0 if field is None else FIELDS[field]
    return level == 0 or any(row["permlevel"] == level and WITH_FIELDS[action] in row["rights"] for row in rows)


def ask(here: PolicySet, made: Import, user: str, doctype: str, action: str, owner: str, field: str | None) -> bool:
    names = names_of(made)
    resource = made.imported.resources.get(doctype)
    if resource is None or action not in resource.actions:
        return False
    record = {"owner": owner} if "owner" in resource.attributes else {}
    if field is None:
        return here.allows(user, action, names["resource", doctype], record, now=NOW)
    return here.allows(user, action, names["resource", doctype], record, field=field, now=NOW)


def cases():
    fields = {action: (None, *FIELDS) if action in WITH_FIELDS else (None,) for action in RIGHTS}
    for user, doctype, action in itertools.product(USERS, DOCTYPES, RIGHTS):
        for owner, field in itertools.product(USERS, fields[action]):
            yield user, doctype, action, owner, field


@given(st.fixed_dictionaries(dict.fromkeys(DOCTYPES, DOCTYPE)), MEMBERS)
def test_decides_as_frappe(doctypes, members) -> None:
    made = imported("frappe", files_of(doctypes, members))
    assert not made.refused
    event(f"groups: {bool(made.imported.groups)}")
    here = asked(made)
    by_roles = with_roles(made, members)
    for user, doctype, action, owner, field in cases():
        expected = frappe(doctypes[doctype], {*members[user], "All", "Guest"}, user, action, owner, field)
        assert ask(here, made, user, doctype, action, owner, field) == expected, (user, doctype, action, owner, field)
        given_ = ask(by_roles, made, f"{user} 2", doctype, action, f"{owner} 2", field)
        assert expected or not given_, (user, doctype, action, owner, field)


def with_roles(made: Import, members: dict[str, set[str]]) -> PolicySet:
    """The imported set, with users who get each role by itself, as somebody may do it by hand."""
    names = names_of(made)
    text = ""
    for user, of in members.items():
        roles = [f"assign role {names['role', role]}" for role in sorted(of) if ("role", role) in names]
        text += f'user "{user} 2" {{ {" ".join(roles)} }}\n'
    sources = (*made.project.sources.sources, Source("more.policy", text))
    project = Project(SourceSet(Path(), Config(), sources))
    assert project.ir is not None, text
    return PolicySet(project.ir)
