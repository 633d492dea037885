"""Frappe and ERPNext: permissions of DocTypes, and what sites add to them."""

from __future__ import annotations

from policylang.importing.format import ImportFormat
from policylang.importing.frappe.hooks import HOOKS
from policylang.importing.frappe.patch import patch
from policylang.importing.frappe.read import read

FORMAT = ImportFormat(
    name="frappe",
    title="Frappe",
    inputs="DocTypes as `.json`, the `hooks.py` of their app, and what was exported from a site: customizations, "
    "roles, users, custom permissions",
    suffixes=(".json", HOOKS),
    maps={
        "a DocType": "a resource; the permissions that it gives are its actions",
        "a row of permissions at level 0": "grants, in the role of the row",
        "`if_owner`": "a policy, `owner is assigned user`; `create` is never limited",
        "fields at levels above 0": "sensitive attributes, and `including` for `read`, `write` and `create`",
        "a row of permissions at such a level": "the fields of that level, in addition to what a row at level 0 opens",
        "the roles `All` and `Guest`": "roles inside every role",
        "Custom DocPerm": "grants, in place of all that the DocType itself says",
        "Custom Field, Property Setter of `permlevel`": "fields and their levels",
        "User with roles and a role profile": "a user with these roles",
        "a user with one role that opens a record and another that opens fields": "a user in a group for exactly these "
        "roles: the fields are open where the record is",
    },
    refuses={
        "row": "a row of permissions that cannot be read, which gives nothing",
        "match": "`match` and `apply_user_permissions`, by which old versions limit a row: it gives nothing",
        "hook": "a DocType that an app limits by code: `has_permission` and `permission_query_conditions` in its "
        "`hooks.py`. Nobody has access to it",
        "user-permission": "a User Permission, which limits a user to some records wherever these are linked: the user "
        "has no access",
        "shared": "a document that was shared with one user",
        "twice": "a DocType or something about it, a user or a role profile that two files describe differently: "
        "nobody has access to it, or by it",
        "level": "a Property Setter that makes of a field what is not known here: nobody has access to the DocType",
    },
    leaves_out={
        "replaced": "permissions of a DocType that has custom ones, which hold instead",
        "child-table": "permissions of a child table: whoever may read or write the document may do so with its rows",
        "not-submittable": "`submit` on a DocType that is not submittable, and `import` on one that is not importable",
        "no-level-0": "fields that a role opens without a row at level 0: they are open to those whose other roles "
        "have one",
        "disabled": "users and roles that are disabled",
        "superuser": "`Administrator`, which nothing limits and which is not a person",
        "workflow": "workflows: they limit who moves a document on, not who may read or write it",
    },
    silent={
        "PL305": "Frappe holds no reasons for roles",
        "PL402": "Frappe's permissions are of whole documents",
        "PL403": "a row at a level above 0 names what it opens, and holds no reason",
        "PL406": "apps define roles, and seldom users",
        "PL604": "Frappe holds no reviews",
        "PL701": "Frappe's DocTypes are their own labels",
        "PL702": "apps define roles for users who are somewhere else",
    },
    read=read,
    patch=patch,
    writes={
        "grant": "a right in a row of permissions at level 0, or a new row",
        "role": "the rows of permissions that name it",
        "assignment": "a row in the roles of a user",
    },
    by_hand={
        "fields": ("levels of fields are not written", "change `permlevel` of the field, or the rows of that level"),
        "deny": ("Frappe has no denies", "take the grants away that it is to narrow"),
        "everyone": ("Frappe has no denies", "take the grants away that it is to narrow"),
        "limit": ("limits are not written", "change `if_owner` in the row of permissions"),
        "condition": ("the only condition of Frappe is `if_owner`", "change that in the row of permissions"),
        "inside": ("roles of Frappe hold no roles", "give the outer role the grants of the inner one"),
        "dates": ("roles of users have no dates", "add and take away the assignment itself"),
        "member": ("Frappe has no groups that hold roles", "assign the roles to the user"),
        "person": ("what else is said of users is not written", "change it in the document of the user"),
        "job": ("Frappe has no jobs that hold roles", "assign the roles to the users"),
        "integration": ("Frappe knows users only", "make it a user"),
        "own": ("users have roles and nothing else", "make a role of it"),
    },
)
