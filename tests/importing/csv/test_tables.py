"""Tables of real files: separators, workbooks, formulas, sizes; what is guessed, and what is asked."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from policylang.importing.csv.guess import guess
from policylang.importing.csv.tables import read_tables
from policylang.importing.csv.words import date, level, permission
from policylang.importing.reading import InputFile, NotThisError
from tests.cli.checking import policylang
from tests.importing.helpers import NOW, asked, codes, imported, text
from tests.importing.workbooks import workbook

MATRIX = "Screen,Guard,Night Manager\nCustomer,View,Modify\nPayroll,,View\n"


@pytest.mark.parametrize(
    "data",
    [
        MATRIX.encode(),
        b"\xef\xbb\xbf" + MATRIX.replace(",", ";").replace("\n", "\r\n").encode(),
        MATRIX.replace(",", "\t").encode("utf-16"),
        MATRIX.replace("\n", "\r").encode(),
        MATRIX.replace("Screen", '"Screen, or\nmodule"').encode(),
        b",,\n\n" + MATRIX.encode() + b",,\n",
    ],
)
def test_every_way_to_write_a_table(data: bytes) -> None:
    made = imported("csv", {"m.csv": data})
    assert codes(made) == []
    assert 'role night_manager "Night Manager"' in text(made, "roles.policy")
    assert "grant view, modify on customer" in text(made, "roles.policy")


EFFECTS = """Role,Resource,Action,Allowed,Notes
Clerk,Bill,Create,true,at the desk
Clerk,Bill,Delete,FALSE,
Clerk,Bill,Pay,,
Guard,Bill,Delete,deny,
"""


def test_a_column_that_says_yes_or_no_of_each_grant_counts() -> None:
    made = imported("csv", {"g.csv": EFFECTS})
    assert codes(made) == []
    roles = text(made, "roles.policy")
    assert 'role clerk "Clerk" { grant create on bill }' in roles
    assert 'role guard "Guard" { deny delete on bill }' in roles
    table = {
        "file": "g.csv",
        "holds": "grants",
        "columns": {"role": "Role", "resource": "Resource", "action": "Action"},
    }
    assert text(imported("csv", {"g.csv": EFFECTS}, {"tables": [table]}), "roles.policy") == roles


def test_a_column_that_may_limit_a_grant_leaves_nothing_of_it_until_a_mapping_says_more() -> None:
    files = {"g.csv": "Role,Resource,Action,Scope\nClerk,Bill,Create,own\nClerk,Bill,View,\n"}
    made = imported("csv", files)
    assert codes(made) == ["column-unclear"]
    assert 'role clerk "Clerk" { grant view on bill }' in text(made, "roles.policy")
    table = {
        "file": "g.csv",
        "holds": "grants",
        "columns": {"role": "Role", "resource": "Resource", "action": "Action"},
    }
    known = imported("csv", files, {"tables": [table]})
    assert codes(known) == []
    assert "grant view, create on bill" in text(known, "roles.policy")


def test_a_deny_that_a_column_may_limit_is_kept_whole() -> None:
    made = imported(
        "csv", {"g.csv": "Role,Resource,Action,Effect,Scope\nClerk,Bill,Pay,allow,\nClerk,Bill,Pay,deny,own\n"}
    )
    assert codes(made) == ["column-unclear"]
    roles = text(made, "roles.policy")
    assert "deny pay on bill" in roles
    matrix = "Screen,Function,Clerk,Until\nBill,Edit,x,\nBill,Edit,deny,2026-01-31\nBill,View,x,2026-01-31\n"
    made = imported("csv", {"m.csv": matrix})
    assert codes(made) == ["column-unclear"]
    assert "deny edit on bill" in text(made, "roles.policy")
    assert "view" not in text(made, "roles.policy")


@pytest.mark.parametrize(
    ("table", "given"),
    [
        ("Login,Role,Region,Site\nann,clerk,North,HQ\nbea,clerk,North,\n", ["bea"]),
        ("Login,Role,End Date,Expires\nann,clerk,,2026-01-31\nbea,clerk,2026-01-31,\n", ["bea"]),
        ("Login,Role,Status,Enabled\nann,clerk,active,no\nbea,clerk,active,yes\ncy,clerk,active,\n", ["bea", "cy"]),
        ("Login,Role,Terminated,Inactive\nann,clerk,no,yes\nbea,clerk,no,no\n", ["bea"]),
        ("Login,Role,Site,Office\nann,clerk,HQ,=A1\nann,clerk,,\nbea,clerk,,\n", ["bea"]),
        ("Login,Until,clerk\nann,2026-01-31,x\nbea,,x\n", ["bea"]),
    ],
)
def test_a_second_column_that_limits_people_leaves_them_without_access(table: str, given: list[str]) -> None:
    made = imported("csv", {"p.csv": table})
    assert "column-unclear" in codes(made)
    assert [name for name, user in made.imported.users.items() if user.assignments] == given


def test_a_column_that_limits_jobs_or_roles_leaves_nothing_of_them() -> None:
    made = imported("csv", {"j.csv": "Job Code,Role,Site\nG1,guard,HQ\nG2,guard,\n"})
    assert codes(made) == ["column-unclear"]
    assert {code: [*job.includes] for code, job in made.imported.jobs.items()} == {"G1": [], "G2": ["guard"]}
    made = imported("csv", {"r.csv": "Role,Region,Bill\nclerk,North,View\nboss,,View\n"})
    assert codes(made) == ["column-unclear"]
    assert [name for name, role in made.imported.roles.items() if role.grants] == ["boss"]


def test_rows_below_a_resource_that_is_a_formula_have_none() -> None:
    made = imported("csv", {"m.csv": "Resource,Action,Boss\nBill,view,x\n=A9,view,x\n,delete,x\n"})
    assert codes(made) == ["formula", "no-name"]
    assert 'role boss "Boss" { grant view on bill }' in text(made, "roles.policy")


@pytest.mark.parametrize("name", ["Active", "Account Enabled"])
def test_who_is_not_active_has_left(name: str) -> None:
    rows = "".join(f"{user},Ann,Clerk,{user}\n" for user in ("TRUE", "yes", "FALSE", "no", "7"))
    made = imported("csv", {"p.csv": f"Employee ID,Name,Role,{name}\n{rows}"})
    assert codes(made) == ["status"]
    assert [key for key, user in made.imported.users.items() if not user.terminated] == ["TRUE", "yes"]


@pytest.mark.parametrize("cell", ["perhaps", "=A1"])
def test_a_row_whose_effect_is_not_known_gives_nothing(cell: str) -> None:
    files = {"g.csv": f"Role,Permission,Effect\nClerk,bill.create,{cell}\nClerk,bill.view,allow\n"}
    columns = {"role": "Role", "permission": "Permission", "effect": "Effect"}
    made = imported("csv", files, {"tables": [{"file": "g.csv", "holds": "grants", "columns": columns}]})
    assert len(made.refused) == 1
    assert 'role clerk "Clerk" { grant view on bill }' in text(made, "roles.policy")


def test_a_new_row_says_that_it_is_granted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    Path("in/g.csv").write_text(EFFECTS)
    assert policylang("import", "csv", "in", "-o", "pol").exit_code == 0
    roles = Path("pol/roles.policy")
    roles.write_text(roles.read_text().replace("grant create on bill", "grant create, pay on bill"))
    result = policylang("export", "--from", "csv", "--policies", "pol", "--onto", "in")
    assert result.exit_code == 0, result.stdout + result.stderr
    assert "Clerk,Bill,Pay,true," in Path("in/g.csv").read_text()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.csv": 'Role,Permission\n"a"b,c\n'}, "not CSV"),
        ({"a.csv": "just text\n"}, "there is no table"),
        ({"a.xlsx": b"PK\3\4"}, "this is not a workbook"),
        ({"a.xlsx": workbook({"a": [["x"]]})[:900]}, "this is not a workbook"),
        ({"a.csv": ",".join("x" * 20_000)}, "more than 16,384 columns"),
    ],
)
def test_what_is_no_table(files: dict, message: str) -> None:
    with pytest.raises(NotThisError, match=message):
        imported("csv", files)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b" " * 60_000_000)
    with pytest.raises(NotThisError, match="too large"):
        list(read_tables(InputFile("a.xlsx", made.getvalue())))


def test_entities_in_a_workbook_are_not_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"c" * 100 + b'">]><workbook>&b;</workbook>'
    made, whole = io.BytesIO(), zipfile.ZipFile(io.BytesIO(workbook({"a": [["x"]]})))
    with zipfile.ZipFile(made, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, bomb if name == "xl/workbook.xml" else whole.read(name))
    with pytest.raises(NotThisError, match="cannot be read"):
        list(read_tables(InputFile("a.xlsx", made.getvalue())))


def test_formulas_are_not_evaluated() -> None:
    rows = [["Screen", "Action", "Guard", "Boss"], ["Doc", "view", '=IF(1,"x","")', "x"], ["Doc", "print", "x", "-"]]
    made = imported("csv", {"m.xlsx": workbook({"Access": rows})})
    assert [(note.code, str(note.origin)) for note in made.refused] == [("formula", "m.xlsx!Access:2:3")]
    assert "grant print on doc" in text(made, "roles.policy").partition("role guard")[2]
    people = [["Login", "Role", "Group"], ["ann", "guard", "=A1"], ["ann", "boss", ""]]
    made = imported("csv", {"p.xlsx": workbook({"p": people})})
    assert codes(made) == ["formula"]
    assert text(made, "people.policy").splitlines()[-1] == 'user "ann"'


def test_values_of_a_workbook() -> None:
    book = Workbook()
    sheet = book.active
    import datetime

    sheet.append(["Employee ID", "Role", "Until", "Superuser"])
    sheet.append([100, "guard", datetime.datetime(2026, 3, 31), True])
    sheet.append([7.0, "guard", datetime.date(2026, 4, 1), False])
    made = io.BytesIO()
    book.save(made)
    written = text(imported("xlsx", {"p.xlsx": made.getvalue()}), "people.policy")
    assert 'superuser user "100" { assign role guard until 2026-03-31 }' in written
    assert 'user "7" { assign role guard until 2026-04-01 }' in written


def test_a_cell_of_200_kb_and_a_million_rows_that_are_empty() -> None:
    made = imported("csv", {"m.csv": f"Screen,Guard,Notes\nDoc,View,{'x' * 200_000}\n" + "\n" * 1_000_000})
    assert codes(made) == []
    assert asked(made).index.policy_set.resources[0].name == "doc"


def test_seeds_bulk_sheet() -> None:
    """Roles by job code, and several people who leave."""
    sheet = (
        "Employee ID,Employee Name,Job Code,Termination Date\n"
        "1001,Ann,GRD-1,\n1002,Bo,GRD-1,2026-11-30\n1003,Cy,MGR-2,\n"
    )
    jobs = "Job Code,Role\nGRD-1,Guard\nMGR-2,Guard; Manager\n"
    made = imported(
        "csv", {"employees.csv": sheet, "jobs.csv": jobs, "m.csv": "Screen,Guard,Manager\nSite,View,Modify\n"}
    )
    assert codes(made) == ["termination-date"]
    written = text(made, "people.policy")
    assert 'job "MGR-2" { role guard, manager }' in written
    assert 'terminated user "1002" "Bo" job "GRD-1"' in written
    here = asked(made)
    assert here.allows("1003", "modify", "site", {}, now=NOW)
    assert not here.allows("1001", "modify", "site", {}, now=NOW)
    assert not here.allows("1002", "view", "site", {}, now=NOW)


@pytest.mark.parametrize(
    ("table", "holds"),
    [
        (MATRIX, "permissions"),
        ("Screen,Function,Guard\nSite,View,x\nSite,Modify,\nReport,Frobnicate,x\n", "permissions"),
        ("Role,Customer,Payroll\nGuard,View,-\n", "roles"),
        ("Role,Permission\nGuard,View Customer\n", "grants"),
        ("Role,Object,Action\nGuard,Customer,view\n", "grants"),
        ("Email,Guard,Boss\nann@acme.test,x,\n", "members"),
        ("Username,Role,Site\nann,Guard,HQ\n", "people"),
        ("Job Code,Role\nG1,Guard\n", "jobs"),
        ("Day,Holiday\n2026-12-25,Christmas\n", "nothing"),
    ],
)
def test_what_a_table_is_taken_for(table: str, holds: str) -> None:
    (read,) = read_tables(InputFile("a.csv", table.encode()))
    found = guess(read)[0]
    assert found.holds == holds
    assert found.only is None or set(found.only) <= {"Guard", "Night Manager", "Customer", "Payroll", "Boss"}


def test_words() -> None:
    assert date("2026-01-31") == "2026-01-31"
    assert date("31.1.2026") == "2026-01-31"
    assert date("01/02/2026") is None
    assert permission("View Customer Journal Entry") == ("Customer Journal Entry", "view")
    assert permission("customer.file.delete") == ("customer.file", "delete")
    assert permission("API access") == ("API", "access")
    assert level("CRUD", {}) == ("create", "view", "modify", "delete")
    assert level("view and more", {"view": ("view",)}) is None


# --- by questions --------------------------------------------------------------------------------------------


@pytest.fixture
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.csv").write_text("Screen,Guard,Boss\nDoc,View,Some\nRate,View,\n")


@pytest.mark.usefixtures("_here")
def test_learn_writes_the_mapping_that_import_takes() -> None:
    arguments = ("import", "csv", "m.csv", "-o", "out", "--mapping", "map.yaml")
    asked_ = policylang(*arguments, "--learn", input="\n\n\n\nGuard, Boss\nview, print\n")
    assert asked_.exit_code == 0, asked_.output
    assert "what does `Some` stand for" in asked_.stderr
    first = Path("out/roles.policy").read_bytes()
    assert b"grant view, print on doc" in first
    assert policylang(*arguments).exit_code == 0
    assert Path("out/roles.policy").read_bytes() == first


@pytest.mark.usefixtures("_here")
def test_learn_without_answers_writes_nothing() -> None:
    made = policylang("import", "csv", "m.csv", "-o", "out", "--mapping", "map.yaml", "--learn", input="\n")
    assert made.exit_code == 2
    assert "there was no answer" in made.stderr
    assert not Path("out").exists()
    assert not Path("map.yaml").exists()


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ("tables: [{file: x.csv, holds: people}]", "the mapping names this table, which does not exist"),
        ("tables: [{file: m.csv, holds: poeple}]", "Invalid enum value 'poeple'"),
        ("tables: [{file: m.csv, holds: people, columns: {id: Login}}]", "there is no column `Login`"),
        ("tables: [{file: m.csv, holds: people}]", "no column holds the `id`"),
        ("tables: [{file: m.csv, holds: permissions, header: 9}]", "there is no row 9"),
        ("tables: &a []", "anchors"),
    ],
)
def test_mistakes_in_a_mapping(mapping: str, message: str) -> None:
    Path("map.yaml").write_text(mapping)
    made = policylang("import", "csv", "m.csv", "-o", "out", "--mapping", "map.yaml")
    assert made.exit_code == 2
    assert message in made.stderr
    assert not Path("out").exists()
