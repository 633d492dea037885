"""What is imported decides as Salesforce does, on profiles and permission sets that are made up."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import event, given
from hypothesis import strategies as st

from policylang.api.policy_set import PolicySet
from policylang.importing.importing import Import
from policylang.project.discovery import SourceSet
from policylang.project.project import Project
from policylang.settings.config import Config
from policylang.source import Source
from tests.importing.helpers import NOW, imported, names_of

OBJECTS = ("Account", "Invoice__c")
FLAGS = {
    "allowRead": "read",
    "allowCreate": "create",
    "allowEdit": "edit",
    "allowDelete": "delete",
    "viewAllRecords": "viewAllRecords",
    "modifyAllRecords": "modifyAllRecords",
}
FIELDS = ("Phone", "Rate__c", "Notes__c")
PERMISSIONS = ("ApiEnabled", "ViewSetup", "ViewAllData", "ModifyAllData")
TABS = ("standard-Account", "Invoice__c")
SETS = ("Billing", "Support")
USERS = {"ann": ("Admin", ()), "bo": ("Admin", ("Billing", "Support")), "cy": ("Custom%3A Sales", ("Everything",))}
NEEDS = {"read": "readable", "edit": "editable", "create": "editable"}
LIMITS = {"Private": ("read", "edit", "delete"), "Read": ("edit", "delete")}
ALL_DATA = {"ViewAllData": ("read", "viewAllRecords"), "ModifyAllData": tuple(FLAGS.values())}

SOURCE = st.fixed_dictionaries(
    {
        "objects": st.dictionaries(st.sampled_from(OBJECTS), st.sets(st.sampled_from(sorted(FLAGS)))),
        "readable": st.sets(st.tuples(st.sampled_from(OBJECTS), st.sampled_from(FIELDS)), max_size=4),
        "editable": st.sets(st.tuples(st.sampled_from(OBJECTS), st.sampled_from(FIELDS)), max_size=2),
        "permissions": st.sets(st.sampled_from(PERMISSIONS), max_size=1),
        "tabs": st.sets(st.sampled_from(TABS)),
    }
)
SOURCES = st.fixed_dictionaries(dict.fromkeys(("Admin", "Custom%3A Sales", *SETS), SOURCE))
MODELS = st.one_of(
    st.just({}), st.fixed_dictionaries({"Account": st.sampled_from(("Private", "Private", "Read", "ReadWrite"))})
)


def deployable(source: dict, with_objects: bool) -> dict:
    """A source in which nothing lacks what it needs; ``with_objects``: nor do fields lack their objects."""
    objects = {name: set(flags) for name, flags in source["objects"].items()}
    if with_objects:
        for name, _ in source["readable"] | source["editable"]:
            objects.setdefault(name, set()).update(("allowRead", "allowEdit", "allowCreate"))
    for flags in objects.values():
        if "modifyAllRecords" in flags:
            flags |= {"allowRead", "allowEdit", "allowDelete", "viewAllRecords"}
        if flags - {"allowRead"}:
            flags.add("allowRead")
    return {**source, "objects": objects}


def xml_of(of: dict, root: str) -> str:
    out = [f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="http://soap.sforce.com/2006/04/metadata">']
    for object_, field in sorted(of["readable"] | of["editable"]):
        said = {kind: str((object_, field) in of[kind]).lower() for kind in ("editable", "readable")}
        flags = "".join(f"<{kind}>{holds}</{kind}>" for kind, holds in said.items())
        out.append(f"<fieldPermissions>{flags}<field>{object_}.{field}</field></fieldPermissions>")
    for name, flags in sorted(of["objects"].items()):
        said = "".join(f"<{flag}>{'true' if flag in flags else 'false'}</{flag}>" for flag in FLAGS)
        out.append(f"<objectPermissions>{said}<object>{name}</object></objectPermissions>")
    for name in sorted(of["permissions"]):
        out.append(f"<userPermissions><enabled>true</enabled><name>{name}</name></userPermissions>")
    tag, shown, hidden = "tabSettings", "Visible", "None"
    if root == "Profile":
        tag, shown, hidden = "tabVisibilities", "DefaultOff", "Hidden"
    for name in TABS:
        visibility = shown if name in of["tabs"] else hidden
        out.append(f"<{tag}><tab>{name}</tab><visibility>{visibility}</visibility></{tag}>")
    return "\n".join([*out, f"</{root}>"])


def files_of(sources: dict[str, dict], models: dict[str, str]) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {
        f"permissionsets/{name}.permissionset-meta.xml": xml_of(sources[name], "PermissionSet") for name in SETS
    }
    for name in ("Admin", "Custom%3A Sales"):
        files[f"profiles/{name}.profile-meta.xml"] = xml_of(sources[name], "Profile")
    sets = "".join(f"<permissionSets>{name}</permissionSets>" for name in SETS)
    files["Everything.permissionsetgroup"] = f"<PermissionSetGroup><label>Everything</label>{sets}</PermissionSetGroup>"
    for name, model in models.items():
        files[f"objects/{name}/{name}.object-meta.xml"] = (
            f"<CustomObject><sharingModel>{model}</sharingModel></CustomObject>"
        )
    return files


def salesforce(
    sources: list[dict], known: set[str], object_: str, action: str, field: str | None, limited: bool
) -> bool:
    """Whether somebody with all these may do something with a record that is not limited to others."""

    def flags(of: dict) -> set[str]:
        found = {FLAGS[flag] for flag in of["objects"].get(object_, ())}
        return found.union(*(ALL_DATA.get(each, ()) for each in of["permissions"])) if object_ in known else found

    every = set().union(*(flags(of) for of in sources))
    if action not in every:
        return False
    if limited and not ("modifyAllRecords" in every or (action == "read" and "viewAllRecords" in every)):
        return False
    return field is None or any((object_, field) in of[NEEDS[action]] for of in sources)


def with_users(made: Import) -> PolicySet:
    names = names_of(made)
    text = ""
    for user, (profile, sets) in USERS.items():
        group = names["group", profile.replace("%3A", ":")]
        roles = " ".join(f"assign role {names['role', each]}" for each in sets)
        text += f'user "{user}" in {group} {{ {roles} }}\n'
    sources = (*made.project.sources.sources, Source("more.policy", text))
    project = Project(SourceSet(Path(), Config(), sources))
    assert project.ir is not None, text
    return PolicySet(project.ir)


@given(SOURCES, MODELS, st.booleans())
def test_decides_as_salesforce(sources, models, with_objects: bool) -> None:
    sources = {name: deployable(of, with_objects) for name, of in sources.items()}
    made = imported("salesforce", files_of(sources, models))
    notes = {note.code for note in made.refused}
    assert notes <= {"fields-alone", "sharing"}
    event(f"fields alone: {'fields-alone' in notes}")
    here, names = with_users(made), names_of(made)
    known = {name for of in sources.values() for name in of["objects"]}
    known |= {name for of in sources.values() for name, _ in of["readable"] | of["editable"]}
    for user, (profile, sets) in USERS.items():
        mine = [sources[each] for each in (profile, *(SETS if sets == ("Everything",) else sets))]
        for object_, action in itertools.product(OBJECTS, FLAGS.values()):
            resource = made.imported.resources.get(object_)
            if resource is None or action not in resource.actions:
                assert not salesforce(mine, known, object_, action, None, False)
                continue
            limits = LIMITS.get(models.get(object_, ""), ())
            for field, owner in itertools.product((None, *(FIELDS if action in NEEDS else ())), (user, "other")):
                if field is not None and field not in resource.attributes:
                    continue
                record = {names["attribute", "OwnerId"]: owner} if "OwnerId" in resource.attributes else {}
                expected = salesforce(mine, known, object_, action, field, owner == "other" and action in limits)
                asked_for = {} if field is None else {"field": names["attribute", field]}
                name = names["action", action]
                allowed = here.allows(user, name, names["resource", object_], record, now=NOW, **asked_for)
                if "fields-alone" in notes and field is not None:
                    assert expected or not allowed, (user, object_, action, field, owner)
                else:
                    assert allowed == expected, (user, object_, action, field, owner)
        for kind, key, each in [("permissions", "User permissions", p) for p in PERMISSIONS] + [
            ("tabs", "Tabs", tab) for tab in TABS
        ]:
            resource = made.imported.resources.get(key)
            if resource is not None and each in resource.actions:
                allowed = here.allows(user, names["action", each], names["resource", key], {}, now=NOW)
                assert allowed == any(each in of[kind] for of in mine)
