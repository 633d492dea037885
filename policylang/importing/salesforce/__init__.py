"""Salesforce: profiles and permission sets as metadata files."""

from __future__ import annotations

from policylang.importing.format import ImportFormat
from policylang.importing.salesforce.patch import patch
from policylang.importing.salesforce.read import read

_FILES = ("profile", "permissionset", "permissionsetgroup", "mutingpermissionset", "sharingrules", "object", "rule")

FORMAT = ImportFormat(
    name="salesforce",
    title="Salesforce",
    inputs="metadata files of profiles, permission sets and their groups, such as `Admin.profile-meta.xml`",
    suffixes=tuple(f".{each}{ending}" for each in _FILES for ending in ("", "-meta.xml")),
    maps={
        "a profile, of which every user has one": "a group",
        "a permission set": "a role",
        "a permission set group": "a role with roles inside",
        "an object": "a resource with the actions `read`, `create`, `edit`, `delete`",
        "View All and Modify All of an object": "actions that bypass policies; `read`, `edit`, `delete` without limit",
        "View All Data, Modify All Data": "the same for every object that the input names",
        "fields that can be read or edited": "the attributes that `read`, `edit` and `create` cover",
        "an object whose sharing model is private or read only": "a policy, `owner is assigned user`; for profiles and "
        "permission sets with a license for users from outside, or without a license, its external sharing model "
        "counts",
        "user permissions, tabs, apps, classes, pages, flows, record types, custom permissions": "one resource of each "
        "kind, with an action for each of them",
    },
    refuses={
        "sharing": "sharing rules, and sharing by roles, teams and territories: nobody sees more records by them",
        "restriction": "a restriction rule, which hides records or fields of an object from some users: nobody gets "
        "the object",
        "muting": "a permission set group that mutes permissions: nobody gets it",
        "fields-alone": "fields that are opened without their object, or on the owner's records only: they are open "
        "also to those who have the object from another profile or permission set, and here to nobody",
        "login-limits": "login hours and IP ranges of a profile: nobody gets the profile",
        "activation": "a permission set that holds in activated sessions only: nobody gets it",
        "category": "data categories",
        "value": "a value that is neither true nor false, which counts as no",
        "twice": "one profile or permission set in two files, or one permission twice in a file: what only one of them "
        "says is not imported",
        "unknown": "permissions of a kind that is not known here: nobody gets them",
    },
    leaves_out={
        "records": "which records of an object somebody may read or edit: that is up to sharing, and the input has no "
        "sharing model of the object. `object-meta.xml` files have it",
        "layout": "page layouts and licenses",
        "undefined-set": "a permission set of a group that is not in the input: a role with nothing in it",
    },
    silent={
        "PL305": "metadata holds no reasons for permission sets",
        "PL402": "object permissions are of whole objects",
        "PL406": "metadata holds no users",
        "PL604": "metadata holds no reviews",
        "PL701": "objects have no labels in these files",
        "PL702": "metadata holds no users, so nobody has a permission set",
    },
    read=read,
    patch=patch,
    writes={
        "grant": "permissions on objects and new elements for objects; apps, classes, tabs and permissions of users "
        "that the file mentions",
    },
    by_hand={
        "fields": ("fields are not written", "change `fieldPermissions` in the file"),
        "deny": ("profiles and permission sets only add", "take the grants away that it is to narrow"),
        "everyone": ("profiles and permission sets only add", "take the grants away that it is to narrow"),
        "limit": ("which records somebody sees is up to sharing", "change the sharing model of the object"),
        "condition": ("which records somebody sees is up to sharing", "change the sharing model of the object"),
        "role": ("a profile or permission set is a file", "create or delete the file"),
        "inside": ("permission set groups are not written", "change the file of the permission set group"),
        "assignment": ("metadata holds no users", "assign the permission set in Salesforce"),
        "dates": ("metadata holds no users", "assign the permission set in Salesforce"),
        "member": ("metadata holds no users", "change the profile of the user in Salesforce"),
        "person": ("metadata holds no users", "change the user in Salesforce"),
        "job": ("metadata holds no jobs", "assign the permission sets to the users in Salesforce"),
        "integration": ("metadata holds no users", "make it a user in Salesforce"),
        "own": ("metadata holds no users", "make a permission set of it, and assign that in Salesforce"),
    },
)
