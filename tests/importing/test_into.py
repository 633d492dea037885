"""`policylang import --into`: what a policy set declares is used, and what cannot be added to that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_check import policylang

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


def test_the_folder_lies_in_the_policy_set() -> None:
    Path("t.csv").write_text("Login,Role\nann,Guard\n")
    made = policylang("import", "csv", "t.csv", "-o", "out", "--into", "crm")
    assert made.exit_code == 2
    assert "does not lie in `crm`" in made.stderr
    made = policylang("import", "csv", "t.csv", "-o", "nowhere/a", "--into", "nowhere")
    assert made.exit_code == 2
    Path("crm/crm.policy").write_text("role {\n")
    made = policylang("import", "csv", "t.csv", "-o", "crm/a", "--into", "crm")
    assert made.exit_code == 2
    assert "PL100" in made.stderr
    assert not Path("crm/a").exists()
