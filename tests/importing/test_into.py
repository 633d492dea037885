"""`policylang import --into`: what a policy set declares is used, and what cannot be added to that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.checking import policylang

POLICIES = """\
scope site
place site "HQ"
subject { department : text }
resource customer "Customer" {
  site : site
  actions view, modify
}
policy own on customer { site is "HQ" }
role guard "Guard" { grant view on customer }
group day "Day shift" { role guard }
job "G1" { role guard }
user "root" { assign role guard }
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("crm").mkdir()
    Path("crm/policylang.yaml").write_text("roots: [.]\n")
    Path("crm/crm.policy").write_text(POLICIES)


def into(table: str, *options: str):
    Path("t.csv").write_text(table)
    return policylang("import", "csv", "t.csv", "-o", "crm/imported", "--into", "crm", *options)


def read(name: str) -> str:
    return Path("crm/imported", name).read_text()


def test_people_get_the_roles_that_are_there() -> None:
    made = into("Login,Role,Group,Job,Site\nann,Guard,Day shift,G1,HQ\nbo,Clerk,,,HQ\n")
    assert made.exit_code == 0, made.output
    assert sorted(path.name for path in Path("crm/imported").iterdir()) == [
        "import.json",
        "people.policy",
        "roles.policy",
    ]
    assert 'user "ann" in day job "G1" { assign role guard at site "HQ" }' in read("people.policy")
    assert read("roles.policy").splitlines()[1:] == ['role clerk "Clerk"']
    assert policylang("check", "crm", "--select", "PL1").exit_code == 0
    assert into("Login,Role\nann,Guard\n").exit_code == 0
    assert 'user "ann" { assign role guard }' in read("people.policy")


def test_grants_that_are_there_are_not_said_again() -> None:
    made = into("Screen,Guard,Clerk\nCustomer,view,modify\n")
    assert made.exit_code == 0, made.output
    assert not Path("crm/imported/resources.policy").exists()
    assert "grant view, modify on customer" in read("roles.policy")
    assert "guard" not in read("roles.policy")


def test_what_cannot_be_added_is_refused_with_its_place() -> None:
    made = into("Screen,Guard,Clerk\nCustomer,modify,\nInvoice,view,view\n")
    assert made.exit_code == 1
    assert "refused[declared-there] t.csv:1:8: the role `guard` there does not say the same" in made.output
    assert 'resource invoice "Invoice"' in read("resources.policy")
    made = into("Screen,Function,Clerk\nCustomer,export,x\n")
    assert "refused[declared-there] t.csv:2: the resource `customer` there has no action `export`" in made.output
    made = into("Login,Role\nroot,Clerk\n")
    assert "the user `root` is declared there" in made.output
    assert into("Login,Role\nroot,Clerk\n", "--accept", "declared-there").exit_code == 0
    assert into("Login,Role\nroot,Clerk\n").exit_code == 0


def test_nobody_gets_a_role_that_would_be_wider_than_the_one_imported() -> None:
    Path("people.csv").write_text("Login,Role\nann,Guard\n")
    Path("t.csv").write_text("Screen,Function,Guard\nCustomer,view,x\n,modify,deny\n")
    made = policylang("import", "csv", "t.csv", "people.csv", "-o", "crm/imported", "--into", "crm")
    assert made.exit_code == 1
    assert read("people.policy").splitlines()[1:] == ['user "ann"']


def test_a_place_of_a_kind_that_is_there_is_declared() -> None:
    assert into("Login,Role,Site\nann,Guard,Branch\n").exit_code == 0
    assert 'place site "Branch"' in read("world.policy")
    assert "scope" not in read("world.policy")


def test_whoever_has_a_role_that_is_closed_and_takes_away_gets_nothing() -> None:
    Path("people.csv").write_text("Login,Role\nann,Guard\nann,Clerk\nbo,Clerk\n")
    Path("t.csv").write_text("Screen,Function,Guard,Clerk\nCustomer,view,x,x\n,modify,deny,x\n")
    policylang("import", "csv", "t.csv", "people.csv", "-o", "crm/imported", "--into", "crm")
    assert read("people.policy").splitlines()[1:] == ['user "ann"', 'user "bo" { assign role clerk }']


RULES = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: %s}
rules: [{apiGroups: ['*'], resources: ['*'], verbs: [%s]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: named}
rules: [{apiGroups: [''], resources: [customer, nodes], verbs: [view]%s}]
"""


def kubernetes(name: str, verbs: str, names: str = ""):
    Path("k.yaml").write_text(RULES % (name, verbs, names))
    return policylang("import", "kubernetes", "k.yaml", "-o", "crm/imported", "--into", "crm")


def test_a_wildcard_does_not_stand_for_what_is_there_besides() -> None:
    Path("crm/more.policy").write_text("resource invoice { actions pay }\n")
    assert kubernetes("all", "'*'").exit_code == 1
    written = " ".join(read("roles.policy").split())
    assert "grant all on nodes" in written
    assert "grant view on customer" in written
    assert "all resources" not in written
    assert kubernetes("all", "export").exit_code == 1
    assert "role all { grant view, export on nodes }" not in read("roles.policy")
    assert "role all { grant export on nodes }" in read("roles.policy")


def test_an_action_on_all_resources_is_given_on_those_that_have_it() -> None:
    rules = [{"apiGroups": ["", "*"], "resources": ["pods", "*"], "verbs": ["list"]}]
    rules.append({"nonResourceURLs": ["/healthz"], "verbs": ["get"]})
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "seer"}}
    Path("all.yaml").write_text(json.dumps({**role, "rules": rules}))
    made = policylang("import", "kubernetes", "all.yaml", "-o", "crm/imported", "--into", "crm")
    assert made.exit_code == 0, made.output
    assert "grant list on pods" in read("roles.policy")
    assert "grant list on url" not in read("roles.policy")


def test_a_role_whose_limits_cannot_be_said_is_closed() -> None:
    made = kubernetes("all", "view", ", resourceNames: [x]")
    assert made.exit_code == 1
    assert "the resource `customer` there has no attribute `name`" in made.output
    assert "what limits the role `named: x` cannot be expressed there: nobody gets it" in made.output
    assert "named_x" not in read("roles.policy")
    assert "view on customer" in read("roles.policy")


DOCTYPE = """\
{"doctype": "DocType", "name": "Customer", "fields": [%s],
 "permissions": [{"role": "Clerk", "view": 1, "modify": 1%s}, {"role": "Clerk", "permlevel": 1, "read": 1}]}
"""


def frappe(fields: str, more: str = ""):
    Path("customer.json").write_text(DOCTYPE % (fields, more))
    return policylang("import", "frappe", "customer.json", "-o", "crm/imported", "--into", "crm")


def test_what_is_not_sensitive_there_stays_covered_for_those_only_who_had_it() -> None:
    made = frappe('{"fieldname": "site", "permlevel": 1}')
    assert "the attribute `site` of `customer` is not sensitive there" in made.output
    assert 'role clerk "Clerk" { grant view, modify on customer except site }' in read("roles.policy")
    Path("crm/crm.policy").write_text(POLICIES.replace("  site : site", "  sensitive site : site"))
    made = frappe('{"fieldname": "site"}, {"fieldname": "fee", "permlevel": 1}')
    assert "the attribute `site` of `customer` is sensitive there: no grant covers it" in made.output
    assert "the resource `customer` there has no attribute `fee`" in made.output


def test_an_owner_that_is_not_there_closes_the_role() -> None:
    made = frappe("", ', "if_owner": 1')
    assert "what limits the role `Clerk` cannot be expressed there: nobody gets it" in made.output
    assert not Path("crm/imported/roles.policy").exists()


def test_a_deny_that_cannot_be_said_leaves_nothing_granted() -> None:
    Path("m").mkdir()
    Path("m/a.xml").write_text(
        """<odoo><record id="g" model="res.groups"><field name="name">Clerk</field></record>
<record id="r" model="ir.rule"><field name="model_id" ref="model_customer"/><field name="perm_read" eval="False"/>
<field name="domain_force">[("state", "=", "a")]</field></record></odoo>"""
    )
    head = "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\n"
    Path("m/ir.model.access.csv").write_text(f"{head}a,a,model_customer,m.g,1,1,0,0\n")
    Path("crm/crm.policy").write_text(POLICIES.replace("actions view, modify", "actions view, modify, read, write"))
    made = policylang("import", "odoo", "m/a.xml", "m/ir.model.access.csv", "-o", "crm/imported", "--into", "crm")
    assert "the deny of `write` cannot be expressed there: the import does not grant it" in made.output
    assert not Path("crm/imported/denies.policy").exists()
    assert read("roles.policy").splitlines()[1:] == ['role clerk "Clerk" { grant read on customer }']


@pytest.mark.parametrize(
    ("there", "closed"),
    [
        ("actions read", True),
        ("site : domain  actions read", True),
        ("domain : text  actions read", True),
        ("domain : domain  actions read", False),
    ],
)
def test_a_deny_at_a_place_is_lost_where_records_are_at_none(there: str, closed: bool) -> None:
    Path("model.conf").write_text(
        "[request_definition]\nr = sub, dom, obj, act\n[policy_definition]\np = sub, dom, obj, act, eft\n"
        "[role_definition]\ng = _, _, _\n[policy_effect]\ne = !some(where (p.eft == deny))\n"
        "[matchers]\nm = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act\n"
    )
    Path("policy.csv").write_text("p, ann, north, data, read, deny\np, bob, north, data, read, allow\n")
    Path("crm/crm.policy").write_text(f"scope domain\nresource data {{ {there} }}\n")
    made = policylang("import", "casbin", "model.conf", "policy.csv", "-o", "crm/imported", "--into", "crm")
    message = "what limits the role `ann, own grants in north` cannot be expressed there: nobody gets it"
    assert (message in made.output) is closed
    people = read("people.policy")
    assert ('user "ann"\n' in people) is closed  # without anything
    assert 'user "bob" { assign role everybody }' in people


def test_the_folder_lies_in_the_policy_set() -> None:
    Path("t.csv").write_text("Login,Role\nann,Guard\n")
    made = policylang("import", "csv", "t.csv", "-o", "out", "--into", "crm")
    assert made.exit_code == 2
    assert "is not inside `crm`" in made.stderr
    made = policylang("import", "csv", "t.csv", "-o", "nowhere/a", "--into", "nowhere")
    assert made.exit_code == 2
    Path("crm/crm.policy").write_text("role {\n")
    made = policylang("import", "csv", "t.csv", "-o", "crm/a", "--into", "crm")
    assert made.exit_code == 2
    assert "PL100" in made.stderr
    assert not Path("crm/a").exists()
