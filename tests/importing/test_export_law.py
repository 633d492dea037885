"""Whatever becomes of groups, roles and who has them is written back, and everything else stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policylang.importing.patching import Proved
from tests.importing.exporting import Files, export
from tests.importing.helpers import imported

GROUPS = ("alpha", "beta", "gamma")
PEOPLE = ("ann", "bo", "cy")


class World(NamedTuple):
    """Groups that there are, which of them are inside which, and who is in them."""

    groups: frozenset[str]
    inside: frozenset[tuple[str, str]]
    members: frozenset[tuple[str, str]]


PAIRS = [(GROUPS[two], GROUPS[one]) for one in range(3) for two in range(one + 1, 3)]
MEMBERS = [(who, group) for who in PEOPLE for group in GROUPS]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    groups = draw(st.frozensets(st.sampled_from(GROUPS), min_size=1))
    inside = frozenset(pair for pair in draw(st.frozensets(st.sampled_from(PAIRS))) if {*pair} <= groups)
    members = frozenset(each for each in draw(st.frozensets(st.sampled_from(MEMBERS))) if each[1] in groups)
    return World(groups, inside, members)


def odoo(of: World) -> Files:
    rows = [
        "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink",
        "a,a,model_x,group_all,1,1,1,1",
    ]
    records = ['  <record id="group_all" model="res.groups">\n    <field name="name">All</field>\n  </record>']
    for name in sorted(of.groups):
        rows.append(f"a_{name},a,model_{name},group_{name},1,0,0,0")
        inner = [two for one, two in sorted(of.inside) if one == name]
        links = ", ".join(f"(4, ref('m.group_{each}'))" for each in inner)
        implied = f'    <field name="implied_ids" eval="[{links}]"/>\n' if inner else ""
        label = f'    <field name="name">{name.capitalize()}</field>\n'
        records.append(f'  <record id="group_{name}" model="res.groups">\n{label}{implied}  </record>')
    for who in PEOPLE:
        mine = [group for one, group in sorted(of.members) if one == who]
        links = ", ".join(f"Command.link(ref('group_{each}'))" for each in ("all", *mine))
        login, groups = f'<field name="login">{who}</field>', f'<field name="group_ids" eval="[{links}]" />'
        records.append(f'  <record id="user_{who}" model="res.users">\n    {login}\n    {groups}\n  </record>')
    text = "\n".join(records)
    return {
        "m/security/ir.model.access.csv": "\n".join(rows).encode() + b"\n",
        "m/security/m.xml": f"<odoo>\n{text}\n</odoo>\n".encode(),
    }


def _cluster(of: World) -> list[dict[str, Any]]:
    """Groups as roles; `bo` is a service account, and `cy` has all roles in a namespace."""
    api = "rbac.authorization.k8s.io"
    made: list[dict[str, Any]] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dev"}}]

    def add(kind: str, name: str, namespace: str = "", **more: Any) -> None:
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        made.append({"apiVersion": f"{api}/v1", "kind": kind, "metadata": metadata, **more})

    add("ClusterRole", "all", rules=[{"apiGroups": [""], "resources": ["nodes", *GROUPS], "verbs": ["get"]}])
    for name in sorted(of.groups):
        more = [two for one, two in sorted(of.inside) if one == name]
        add("ClusterRole", name, rules=[{"apiGroups": [""], "resources": [name, *more], "verbs": ["list", "watch"]}])
    for group in ("all", *sorted(of.groups)):
        who = {one for one, two in of.members if two == group} | ({"ann"} if group == "all" else set())
        ref = {"apiGroup": api, "kind": "ClusterRole", "name": group}
        everywhere: list[dict[str, str]] = [{"kind": "User", "name": "ann"}] if "ann" in who else []
        everywhere += [{"kind": "ServiceAccount", "name": "bo", "namespace": "dev"}] if "bo" in who else []
        if everywhere:
            add("ClusterRoleBinding", f"some-{group}", roleRef=ref, subjects=everywhere)
        if "cy" in who:
            add("RoleBinding", f"cy-{group}", "dev", roleRef=ref, subjects=[{"kind": "User", "name": "cy"}])
    return made


def documents(of: World) -> Files:
    return {"rbac.yaml": "\n---\n".join(json.dumps(each, indent=2) for each in _cluster(of)).encode()}


def items(of: World) -> Files:
    return {"rbac.json": json.dumps({"apiVersion": "v1", "kind": "List", "items": _cluster(of)}, indent=1).encode()}


@pytest.mark.parametrize(("format", "build"), [("odoo", odoo), ("kubernetes", documents), ("kubernetes", items)])
@settings(max_examples=25)
@given(worlds(), worlds())
def test_any_change_of_groups_and_members_is_written_back(
    format: str, build: Callable[[World], Files], old: World, new: World
) -> None:
    before, first = build(old), imported(format, dict(build(new)))
    assert first.project.ir is not None
    found = export(format, before, first.project.ir, first)
    assert isinstance(found, Proved), found
    if old == new:
        assert found.edits == ()
    for each in found.after.files:
        if each.path.endswith(".json"):
            json.loads(each.data)
