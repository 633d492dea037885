"""Changes of policy files written back: as small as can be, proved, or refused with what is in the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.importing import find_format
from policylang.importing.edits import EditKind, decoded
from policylang.importing.importing import Import
from policylang.importing.patching import NoPatch, Proved
from policylang.importing.reading import InputFile
from policylang.ir import nodes as ir
from tests.helpers import compiled
from tests.importing.exporting import Files, export, outcomes
from tests.importing.helpers import imported
from tests.importing.products import PRODUCTS

WRITTEN = [name for name, product in PRODUCTS.items() if find_format(product.format).patch is not None]
CASES = sorted(path for path in (Path(__file__).parent / "changes").glob("*.case") if "-" not in path.stem)


def after(found: Proved | NoPatch) -> Files:
    assert isinstance(found, Proved), found
    return {each.path: each.data for each in found.after.files}


def ir_of(made: Import) -> ir.PolicySet:
    assert made.project.ir is not None
    return made.project.ir


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_change_is_written_back_byte_by_byte(name: str, back: bool, ending: bytes) -> None:
    product = PRODUCTS[name]
    changed = {**product.files, product.file: product.files[product.file].replace(product.before, product.after)}
    old, new = (product.files, changed) if not back else (changed, product.files)
    first = imported(product.format, new)
    before = {path: text.encode().replace(b"\n", ending) for path, text in old.items()}
    wanted = {path: text.encode().replace(b"\n", ending) for path, text in new.items()}
    assert after(export(product.format, before, ir_of(first), first)) == wanted


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_kind_of_change_is_written_or_told(case: Path) -> None:
    """What becomes of each stands beside the case, and in the table of the documentation."""
    format = find_format(case.stem)
    assert {*format.writes, *format.by_hand} == {*get_args(EditKind)}
    assert not {*format.writes} & {*format.by_hand}
    by_kind: dict[str, list[str]] = {}
    for name, outcome in outcomes(case):
        by_kind.setdefault(name.partition(":")[0], []).append(outcome)
    assert by_kind.keys() == {*get_args(EditKind)}
    for kind, found in by_kind.items():
        if kind in format.writes:
            assert any(each.startswith("+++") for each in found), kind
        else:
            assert any(format.by_hand[kind][0] in each for each in found), kind
            assert not any(each.startswith("+++") for each in found), kind


def test_there_is_a_case_of_each_format() -> None:
    assert [case.stem for case in CASES] == sorted(WRITTEN)


@pytest.mark.parametrize("name", WRITTEN)
def test_without_a_change_nothing_is_written(name: str) -> None:
    product = PRODUCTS[name]
    first = imported(product.format, product.files)
    files = {path: text.encode() for path, text in product.files.items()}
    found = export(product.format, files, ir_of(first), first)
    assert isinstance(found, Proved)
    assert found.edits == ()


# --- any change ----------------------------------------------------------------------------------------------

ROLES, THINGS, ACTIONS = ("Alpha", "Beta"), ("Site", "Shift"), 2
Grants = frozenset[tuple[str, str, int]]
ALL = [(role, thing, action) for role in ROLES for thing in THINGS for action in range(ACTIONS)]


def matrix(grants: Grants) -> Files:
    rows = ["Screen,Function,Alpha,Beta"]
    for thing in THINGS:
        for action, verb in enumerate(("View", "Modify")):
            cells = ["x" if (role, thing, action) in grants else "" for role in ROLES]
            rows.append(",".join([thing, verb, *cells]))
    return {"a.csv": "\r\n".join([*rows, "Door,Open,x,x", "Gate,Open,x,x", "Wall,View,x,x", ""]).encode()}


def levels(grants: Grants) -> Files:
    words = {(): "", (0,): "view", (1,): "delete", (0, 1): "view+delete"}
    rows = ["Role;Site;Shift;Door"]
    for role in ROLES:
        cells = [
            words[tuple(action for action in range(ACTIONS) if (role, thing, action) in grants)] for thing in THINGS
        ]
        rows.append(";".join([role, *cells, "modify"]))
    return {"a.csv": "\n".join([*rows, "Gamma;view;delete;view+delete", ""]).encode("utf-8-sig")}


def listed(grants: Grants) -> Files:
    rows = [f'{role},{thing},"{("view", "modify")[action]}"' for role, thing, action in sorted(grants)]
    return {
        "a.csv": "\n".join(["Role,Resource,Action", *rows, 'Gamma,Site,"view, modify"', "Gamma,Shift,view"]).encode()
    }


def odoo(grants: Grants) -> Files:
    rows = ["id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink"]
    for role in ROLES:
        for thing in THINGS:
            perms = [str(int((role, thing, action) in grants)) for action in range(ACTIONS)]
            if "1" in perms:
                rows.append(f"a_{role}_{thing},x,model_{thing.lower()},group_{role.lower()},{','.join(perms)},0,0")
    rows.append("a_all,x,model_site,group_all,1,1,0,0\na_al2,x,model_shift,group_all,1,1,0,0")
    groups = "".join(
        f'<record id="group_{name}" model="res.groups"><field name="name">{name}</field></record>\n'
        for name in ("alpha", "beta", "all")
    )
    return {"m/security/ir.model.access.csv": "\n".join(rows).encode(), "m/g.xml": f"<odoo>\n{groups}</odoo>".encode()}


def odoo_xml(grants: Grants) -> Files:
    """Access lists as records, in several spellings; in comments stands what must not be taken for one."""
    made = []
    for role in (*ROLES, "all"):
        for number, thing in enumerate(THINGS):
            fields = [
                f"    <field name='model_id' ref='model_{thing.lower()}'/>",
                f'    <field name="group_id" ref="group_{role.lower()}"/>',
                '    <!-- <field name="perm_read" eval="True"/> </record> -->',
            ]
            for action, operation in enumerate(("read", "write")):
                is_given = (role, thing, action) in grants or role == "all"
                spellings = (f'eval="{is_given}"/>', f">{int(is_given)}</field>", f"eval='{int(is_given)}' />")
                if is_given or number == 0:
                    fields.append(f'    <field name="perm_{operation}" {spellings[number % 3]}'.replace('" >', '">'))
            head = f'  <record id="access_{role.lower()}_{thing.lower()}" model="ir.model.access">'
            made.append("\n".join([head, *fields, "  </record>\n"]))
    groups = "".join(
        f'  <record id="group_{name.lower()}" model="res.groups"><field name="name">{name}</field></record>\n'
        for name in (*ROLES, "all")
    )
    return {"m/access.xml": f"<odoo>\n{groups}{''.join(made)}</odoo>".encode()}


def frappe(grants: Grants) -> Files:
    found = {}
    for thing in THINGS:
        rows = [{"read": 1, "role": "Gamma", "write": 1}]
        for role in ROLES:
            row = {("read", "write")[action]: 1 for action in range(ACTIONS) if (role, thing, action) in grants}
            rows += [{**row, "role": role}] if row else []
        document = {"doctype": "DocType", "name": thing, "permissions": rows}
        found[f"{thing}.json"] = json.dumps(document, indent=1).encode()
    return found


def salesforce(grants: Grants) -> Files:
    found = {}
    for role in (*ROLES, "Gamma"):
        blocks = []
        for thing in THINGS:
            flags = [(role, thing, action) in grants or role == "Gamma" for action in range(ACTIONS)]
            if any(flags):
                blocks.append(
                    f"    <objectPermissions>\n        <allowDelete>{str(flags[1]).lower()}</allowDelete>\n"
                    f"        <allowRead>{str(flags[0]).lower()}</allowRead>\n        <object>{thing}</object>\n"
                    "    </objectPermissions>\n"
                )
        text = f"<?xml version='1.0'?>\n<PermissionSet>\n{''.join(blocks)}    <label>{role}</label>\n</PermissionSet>"
        found[f"{role}.permissionset"] = text.encode()
    return found


def kubernetes(grants: Grants) -> Files:
    roles = []
    for role in (*ROLES, "Gamma"):
        rules = ["- apiGroups: ['']\n  resources: [nodes]\n  verbs: [get]"]
        by_verbs: dict[tuple[str, ...], list[str]] = {}
        for thing in THINGS:
            verbs = tuple(("get", "delete")[a] for a in range(ACTIONS) if (role, thing, a) in grants or role == "Gamma")
            by_verbs.setdefault(verbs, []).append(thing.lower())
        for verbs, things in by_verbs.items():
            if verbs:
                lines = "\n".join(f'  - "{each}"' for each in verbs)
                rules.append(f"- apiGroups: ['']\n  resources: [{', '.join(things)}]\n  verbs:\n{lines}")
        metadata = f"metadata: {{name: {role.lower()}}}"
        roles.append(
            f"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n{metadata}\nrules:\n" + "\n".join(rules)
        )
    return {"rbac.yaml": "\n---\n".join(roles).encode()}


BUILDERS: dict[str, tuple[str, Callable[[Grants], Files]]] = {
    "matrix": ("csv", matrix),
    "levels": ("csv", levels),
    "listed": ("csv", listed),
    "odoo": ("odoo", odoo),
    "odoo in XML": ("odoo", odoo_xml),
    "frappe": ("frappe", frappe),
    "salesforce": ("salesforce", salesforce),
    "kubernetes": ("kubernetes", kubernetes),
}


@pytest.mark.parametrize("name", BUILDERS)
@settings(max_examples=25, deadline=None)
@given(st.frozensets(st.sampled_from(ALL)), st.frozensets(st.sampled_from(ALL)))
def test_any_change_of_grants_is_written_back(name: str, old: Grants, new: Grants) -> None:
    format, build = BUILDERS[name]
    before, wanted = build(old), ir_of(imported(format, dict(build(new))))
    made = after(export(format, before, wanted))  # proved: the import of the result says what is wanted
    assert made.keys() == before.keys()
    if old == new:
        assert made == before
    changed = sum(lines(made[path]) != lines(before[path]) for path in before)
    assert changed <= len(old ^ new)
    untouched = [line for path in before for line in lines(before[path])]
    kept = [line for path in made for line in lines(made[path])]
    each = 5 if format == "kubernetes" else 2  # a rule without verbs is none there, so all its lines go
    assert len(list(missing(untouched, kept))) <= each * len(old ^ new) + 1  # a row without its comma may be the other


PEOPLE = ("ann", "bo", "cy")
MEMBERS = st.tuples(*(st.frozensets(st.sampled_from(PEOPLE), min_size=1) for _ in range(3)))


def bindings(members: tuple[frozenset[str], ...], dash: str) -> Files:
    """A role in the whole cluster, the same in one namespace, and one of that namespace, each given to some users."""
    made = ["apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}"]
    for kind, name, verb in (("ClusterRole", "reader", "get"), ("Role", "writer", "update")):
        rules = f"rules:\n- apiGroups: ['']\n  resources: [pods]\n  verbs: [{verb}]"
        inside = ", namespace: dev" if kind == "Role" else ""
        made.append(f"{_head(kind)}metadata: {{name: {name}{inside}}}\n{rules}")
    for kind, role, of in zip(
        ("ClusterRoleBinding", "RoleBinding", "RoleBinding"), ("reader", "reader", "writer"), members, strict=True
    ):
        inside = "" if kind == "ClusterRoleBinding" else ", namespace: dev"
        subjects = "\n".join(f"{dash}- kind: User\n{dash}  name: {each}  # {each}" for each in sorted(of))
        ref = f"roleRef: {{kind: {'Role' if role == 'writer' else 'ClusterRole'}, name: {role}}}"
        made.append(
            f"{_head(kind)}metadata: {{name: {kind.lower()}-{role}{inside}}}\nsubjects:\n{subjects}\n{ref}  # the end"
        )
    return {"rbac.yaml": "\n---\n".join(made).encode()}


def _head(kind: str) -> str:
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n"


@pytest.mark.parametrize("dash", ["", "  "])
@settings(max_examples=15, deadline=None)
@given(MEMBERS, MEMBERS)
def test_any_change_of_bindings_is_written_back(
    dash: str, old: tuple[frozenset[str], ...], new: tuple[frozenset[str], ...]
) -> None:
    before = bindings(old, dash)
    found = export("kubernetes", before, ir_of(imported("kubernetes", dict(bindings(new, dash)))))
    made = after(found)["rbac.yaml"]
    assert made.count(b"# the end") == 3
    for one, other in zip(old, new, strict=True):
        for each in one & other:
            assert f"  # {each}".encode() in made


def test_a_binding_goes_with_the_last_who_is_in_it() -> None:
    both = (frozenset(["ann"]), frozenset(["ann", "bo"]), frozenset(["ann"]))
    left = bindings(both, "")["rbac.yaml"].rpartition(b"\n---\n")[0]
    found = export("kubernetes", bindings(both, ""), ir_of(imported("kubernetes", {"rbac.yaml": left})))
    assert after(found)["rbac.yaml"].decode().rstrip() == left.decode()


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def missing(before: Iterable[bytes], now: list[bytes]) -> Iterable[bytes]:
    left = list(now)
    for line in before:
        if line in left:
            left.remove(line)
        else:
            yield line


# --- what is kept, and what is refused -----------------------------------------------------------------------

TABLE = "Role,Site,Shift\nGuard,view,view\nBoss,modify,\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_kept(encoding: str) -> None:
    files = {"a.csv": TABLE.replace("Boss", "Böß").encode(encoding)}
    wanted = ir_of(imported("csv", {"a.csv": TABLE.replace("Boss", "Böß").replace("modify,", "modify,view")}))
    made = after(export("csv", files, wanted))["a.csv"]
    assert made == TABLE.replace("Boss", "Böß").replace("modify,", "modify,view").encode(encoding)


def test_quotes_comments_and_order_are_kept() -> None:
    text = '"Role", Site ,"Shift"\n# mine,,\n"Guard","view",\n\nBoss, modify ,"view"\nZed,view,view\n'
    made = imported("csv", {"a.csv": text})
    wanted = text.replace('"Guard","view"', '"Guard","modify"').replace(" modify ,", " view ,")
    assert imported("csv", {"a.csv": wanted}).refused == made.refused
    found = after(export("csv", {"a.csv": text.encode()}, ir_of(imported("csv", {"a.csv": wanted}))))
    assert found["a.csv"].decode() == wanted


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('role watch "Watch" { grant view on site }', "has a row or column"),
        ("deny view on site", "no denies for everyone"),
        ('group g { role guard }\nuser "ann" in g', "no roles inside roles"),
        ("resource more { actions view }", ""),
    ],
)
def test_what_cannot_be_expressed_is_told_and_nothing_is_written(change: str, said: str) -> None:
    first = imported("csv", {"a.csv": TABLE})
    text = "\n".join(source.text for source in first.project.sources.sources)
    found = export("csv", {"a.csv": TABLE.encode()}, compiled(f"{text}\n{change}"), first)
    if not said:
        assert isinstance(found, Proved)  # a resource that nobody gets changes nothing
        return
    assert isinstance(found, NoPatch)
    assert said in found.unwritable[0].why
    assert found.unwritable[0].help


def test_denies_are_marks_as_well() -> None:
    rows = "Screen,Function,Guard,Boss\nSite,View,x,x\nSite,Modify,{},{}\nShift,View,x,x\nDoor,View,x,x\n"
    before, wanted = rows.format("x", "deny"), rows.format("deny", "x")
    found = export("csv", {"a.csv": before.encode()}, ir_of(imported("csv", {"a.csv": wanted})))
    assert after(found)["a.csv"].decode() == wanted


def test_people_get_and_lose_roles() -> None:
    tables = {
        "a.csv": TABLE,
        "p.csv": "User,Name,Role,Job Code\nann,Ann,Guard,J1\nann,Ann,Boss,J1\nbo,Bo,Boss,\ncy,Cy,,\n",
        "j.csv": "Job Code,Role\nJ1,Guard\n",
    }
    first = imported("csv", tables)
    text = "\n".join(source.text for source in first.project.sources.sources)
    text = text.replace("  assign role boss\n  assign role guard", "  assign role guard")
    text = text.replace('user "cy" "Cy"', 'user "cy" "Cy" { assign role boss }')
    text = text.replace('user "bo" "Bo" { assign role boss }', 'user "bo" "Bo" { assign role boss  assign role guard }')
    text += '\nuser "dee" { assign role guard }\n'
    made = after(export("csv", {path: data.encode() for path, data in tables.items()}, compiled(text), first))
    assert made["p.csv"].decode().splitlines() == [
        "User,Name,Role,Job Code",
        "ann,Ann,Guard,J1",
        "bo,Bo,Boss,",
        "bo,Bo,Guard,",
        "cy,Cy,Boss,",
        "dee,,Guard,",
    ]


def test_workbooks_are_not_written() -> None:
    from tests.importing.workbooks import workbook

    data = workbook({"S": [["Role", "Site", "Shift"], ["Guard", "view", "view"], ["Boss", "modify", ""]]})
    wanted = ir_of(imported("csv", {"a.csv": TABLE.replace("modify,", "modify,view")}))
    found = export("csv", {"a.xlsx": data}, wanted)
    assert isinstance(found, NoPatch)
    assert "save the sheet as CSV" in found.unwritable[0].why


def test_text_that_is_not_in_one_encoding_is_left_alone() -> None:
    with pytest.raises(ValueError, match="not text"):
        decoded(InputFile("a.csv", b"\xff\xfea\x00\x00\xd8"))
