"""A small product of each format, and what somebody changes in it by hand."""

from __future__ import annotations

from typing import NamedTuple


class Product(NamedTuple):
    """Files of a format; a text in one of them, and what stands there after a change; what `drift` says of it."""

    format: str
    files: dict[str, str]
    file: str
    before: str
    after: str
    said: str


PRODUCTS = {
    "csv": Product(
        "csv",
        {
            "access.csv": "Screen,Function,Guard,Manager\nSite,View,x,x\n,Modify,,x\n",
            "people.csv": "User,Role\nann,Guard\nbo,Manager\n",
        },
        "access.csv",
        ",Modify,,x",
        ",Modify,x,x",
        "the product lets role `guard` modify `site`, which the files do not",
    ),
    "odoo": Product(
        "odoo",
        {
            "sale/security/ir.model.access.csv": "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,"
            "perm_unlink\naccess_order,order,model_sale_order,group_clerk,1,0,0,0\n",
            "sale/security/groups.xml": '<odoo>\n  <record id="group_clerk" model="res.groups">\n'
            '    <field name="name">Clerk</field>\n  </record>\n'
            '  <record id="user_ann" model="res.users">\n    <field name="login">ann</field>\n'
            '    <field name="groups_id" eval="[(6, 0, [ref(\'group_clerk\')])]"/>\n  </record>\n</odoo>\n',
        },
        "sale/security/ir.model.access.csv",
        "1,0,0,0",
        "1,0,0,1",
        "the product lets role `clerk` unlink `sale_order`, which the files do not",
    ),
    "frappe": Product(
        "frappe",
        {
            "note.json": '{\n "doctype": "DocType",\n "name": "Note",\n "permissions": [\n  {\n   "read": 1,\n'
            '   "role": "Clerk",\n   "write": 1\n  }\n ]\n}\n',
            "user.json": '{"doctype": "User", "name": "ann", "roles": [{"role": "Clerk"}]}\n',
        },
        "note.json",
        '"write": 1',
        '"write": 0',
        "the files let role `clerk` write `note`, which the product does not",
    ),
    "salesforce": Product(
        "salesforce",
        {
            "Sales.permissionset-meta.xml": "<PermissionSet>\n    <label>Sales</label>\n    <objectPermissions>\n"
            "        <allowEdit>false</allowEdit>\n        <allowRead>true</allowRead>\n"
            "        <object>Invoice</object>\n    </objectPermissions>\n</PermissionSet>\n"
        },
        "Sales.permissionset-meta.xml",
        "<allowEdit>false",
        "<allowEdit>true",
        "the product lets role `sales` edit `invoice`, which the files do not",
    ),
    "kubernetes": Product(
        "kubernetes",
        {
            "rbac.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader}\n"
            "rules:\n- apiGroups: ['']\n  resources: [pods]\n  verbs: [get]\n---\n"
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: readers}\n"
            "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}\n"
            "subjects:\n- {apiGroup: rbac.authorization.k8s.io, kind: User, name: ann}\n"
        },
        "rbac.yaml",
        "verbs: [get]",
        "verbs: [get, delete]",
        "the product lets role `reader` delete `pods`, which the files do not",
    ),
    "casbin": Product(
        "casbin",
        {
            "model.conf": "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = sub, obj, act\n"
            "[role_definition]\ng = _, _\n[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\n"
            "m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act\n",
            "policy.csv": "p, admin, file, read\ng, ann, admin\n",
        },
        "policy.csv",
        "file, read\n",
        "file, read\np, admin, file, write\n",
        "the product lets role `admin` write `file`, which the files do not",
    ),
    "postgres": Product(
        "postgres",
        {
            "crm": '{"roles": [["ann", false, true, false, true], ["clerk", false, false, false, false]],\n'
            '"members": [["clerk", "ann", true, true, false]], "schemas": [["public", "public"]],\n'
            '"tables": [["public", "doc", "clerk", false, false]],\n'
            '"columns": [["public", "doc", "id", "integer", true, true]], "policies": [],\n'
            '"grants": [["public", "doc", null, "clerk", "SELECT", false]]}\n'
        },
        "crm",
        '"SELECT", false]]',
        '"SELECT", false], ["public", "doc", null, "clerk", "DELETE", false]]',
        "the product lets role `clerk` delete `doc`, which the files do not",
    ),
}
