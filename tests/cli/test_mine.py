"""`policylang mine`"""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from policylang.cli.main import commands
from policylang.schemas import SCHEMAS
from tests.mining.test_plain import POLICIES as PLAIN

NOW = ["--now", "2026-11-21T12:00:00Z"]
PEOPLE = {"ann": "sales", "ben": "sales", "cy": "sales", "di": "support", "ed": "support", "flo": "management"}
SALES = ("customer.view", "customer.modify", "quote.create")
SUPPORT = ("customer.view", "ticket.view", "ticket.modify")
HELD = {
    **dict.fromkeys(("ann", "ben", "cy"), SALES),
    **dict.fromkeys(("di", "ed"), SUPPORT),
    "flo": (*SALES, *SUPPORT[1:]),
}
ACCESS = "user,permission\n" + "".join(f"{user},{each}\n" for user, held in HELD.items() for each in held)
STAFF = "id,department\n" + "".join(f"{user},{department}\n" for user, department in PEOPLE.items())


@pytest.fixture
def mine(write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    monkeypatch.chdir(tmp_path)
    write("access.csv", ACCESS)
    write("staff.csv", STAFF)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(commands, ["mine", *arguments, *NOW])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def test_roles_as_a_policy_set(mine, tmp_path: Path) -> None:
    code, said = mine("access.csv", "staff.csv", "-o", "out", "--explain-by", "department")
    assert code == 0
    assert said == (
        "guessed: `user` is the user, by its name\n"
        "guessed: `permission` is the permission, by its name\n"
        "guessed: `id` is the user, by its name\n"
        "        roles  user-role  role-permission  together\n"
        "before  3      6          11               20\n"
        "after   2      7          6                15\n"
        "\n"
        "role    users  permissions  stands for\n"
        "role_1  4      3            3 of 4 users and of 3 with department `sales`\n"
        "role_2  3      3            2 of 3 users and of 2 with department `support`\n"
        "\n"
        "2 roles: optimal\n"
        "proved: nobody gains or loses anything\n"
        "wrote 6 files to out\n"
    )
    people = (tmp_path / "out/people.policy").read_text()
    assert 'user "flo" {\n  department : "management"\n  assign role role_1\n  assign role role_2\n}' in people
    checked = CliRunner().invoke(commands, ["check", "out", "--select", "PL1", *NOW])
    assert checked.exit_code == 0, checked.output
    report = json.loads((tmp_path / "out/report.json").read_text())
    Draft202012Validator(SCHEMAS["mining"]()).validate(report)
    assert (report["cost"], report["least"], report["optimal"], report["ended"]) == (2, 2, True, "finished")


def test_named_after_the_people_they_stand_for(mine, write, tmp_path: Path) -> None:
    write("access.csv", ACCESS.replace("flo,", "fay,"))
    write("staff.csv", STAFF.replace("flo,management\n", "fay,sales\n"))
    _, said = mine("access.csv", "staff.csv", "-o", "out", "--explain-by", "department", "--format", "json")
    assert [each["name"] for each in json.loads(said)["roles"]] == ["sales", "role_2"]
    assert 'role sales "sales"' not in (tmp_path / "out/roles.policy").read_text()  # a label that says nothing new


def test_kept_roles_and_a_tolerance(mine, write) -> None:
    write("keep.csv", "role,permission\nreaders,customer.view\n")
    _, said = mine("access.csv", "-o", "kept", "--keep", "keep.csv", "--format", "json")
    first, *_ = json.loads(said)["roles"]
    assert (first["name"], first["kept"]) == ("readers", True)
    write("access.csv", ACCESS + "gil,customer.view\n")
    _, said = mine("access.csv", "-o", "exact", "--format", "json")
    assert (len(json.loads(said)["roles"]), json.loads(said)["over_granted"]) == (3, [])
    code, said = mine("access.csv", "-o", "more", "--tolerance", "2")
    assert code == 0
    assert "over-granted: `gil` gets modify on `customer`\n" in said
    assert "2 roles, with 2 pairs over-granted\n" in said
    assert "proved: nobody loses anything, and nobody gains anything but the 2 pairs above\n" in said


def test_objectives_and_columns(mine, write) -> None:
    write("strange.tsv", "who\tthing\tverb\nann\tdoc\tView\nann\tdoc\tview\nben\tdoc\tEdit\n")
    columns = ["--column", "user=who", "--column", "resource=thing", "--column", "action=verb"]
    code, said = mine("strange.tsv", "-o", "a", *columns, "--objective", "weighted", "--weights", "5,1,1")
    assert code == 0
    assert "1 row repeated another\n" in said
    assert "cost 14" in said
    write("two.csv", "a,b\nann,doc.view\n")
    _, said = mine("two.csv", "-o", "b", "--objective", "edges")
    assert "guessed: `a` is the user and `b` the permission: there is nothing else\n" in said


def test_a_time_limit_ends_the_search_with_the_best_so_far(
    mine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = itertools.count()
    monkeypatch.setattr("policylang.mining.clock.time", SimpleNamespace(monotonic=lambda: next(seconds)))
    code, said = mine("access.csv", "-o", "out", "--time-limit", "0.5")
    assert code == 0
    assert "; out of time\nproved: nobody gains or loses anything\n" in said
    assert json.loads((tmp_path / "out/report.json").read_text())["ended"] == "time"
    _, said = mine("access.csv", "-o", "more", "--time-limit", "1e9")
    assert "2 roles: optimal\n" in said


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "soon"])
def test_what_is_no_time_limit(mine, tmp_path: Path, limit: str) -> None:
    code, said = mine("access.csv", "-o", "out", "--time-limit", limit)
    assert (code, limit in said, (tmp_path / "out").exists()) == (2, True, False)


def test_parquet(mine, tmp_path: Path) -> None:
    import duckdb

    duckdb.sql("COPY (SELECT 'ann' AS user_id, 'doc.view' AS permission) TO 'in.parquet'")
    assert mine("in.parquet", "-o", "out")[0] == 0


def test_kept_roles_whose_names_would_be_one(mine, write, tmp_path: Path) -> None:
    write("k.csv", "role,permission\nfront desk,customer.view\nFront-Desk,customer.modify\n")
    code, said = mine("access.csv", "--keep", "k.csv", "-o", "out")
    assert code == 0, said
    roles = json.loads((tmp_path / "out/report.json").read_text())["roles"]
    assert [each["name"] for each in roles if each["kept"]] == ["front_desk", "front_desk_2"]


@pytest.mark.parametrize(
    ("files", "arguments", "said"),
    [
        ({"x.csv": "user,permission\nann,\n"}, ("x.csv",), "x.csv:2:5: the row has no permission"),
        ({"x.csv": "user,permission\nann,=1+1\n"}, ("x.csv",), "the row has a formula, and nothing is evaluated"),
        ({"x.csv": "user,user\nann,x\n"}, ("x.csv",), "two columns are called `user`"),
        ({"x.csv": "user,permission\n"}, ("x.csv",), "no table names users and permissions"),
        ({"x.csv": ""}, ("x.csv",), "there is no table in `x.csv`"),
        ({"x.csv": "q,r,s\n1,2,3\n"}, ("x.csv",), "there are the columns `q`, `r` and `s`"),
        ({"set/a.txt": "role r"}, ("set",), "there is no table in it"),
        ({"set/a.policy": "role r"}, ("set",), "nobody has been given a plain role"),
        ({}, ("none.csv",), "error: none.csv: cannot be read"),
        ({}, ("access.csv", "--explain-by", "team"), "no table has a column `team` beside one of users"),
        ({"x.csv": "user,team\nann,a\nann,b\n"}, ("access.csv", "x.csv", "--explain-by", "team"), "two values"),
        ({"k.csv": "role,permission\nr,a.b\n"}, ("access.csv", "--keep", "k.csv"), "k.csv:2:3: nobody has `b a`"),
        ({"k.csv": "permission,b\nx.y,\n"}, ("access.csv", "--keep", "k.csv"), "no table of roles"),
        ({"out/x": "1"}, ("access.csv",), "the folder is not empty"),
        ({"in.parquet": "nonsense"}, ("in.parquet",), "this Parquet file cannot be read"),
        ({}, ("access.csv", "--weights", "1,1,1"), "go together"),
        ({}, ("access.csv", "--objective", "weighted", "--weights", "1,1"), "is not three whole numbers"),
        ({"x.csv": "user,permission\nann,b\nAnn,b\n"}, ("x.csv",), "x.csv:3:1: the user `Ann` looks like `ann`, at "),
        ({}, ("access.csv", "--column", "user=who"), "no table has a column `who`"),
        ({}, ("access.csv", "--column", "user=a", "--column", "action=a"), "names `a` twice"),
        ({}, ("access.csv", "--column", "colour=x"), "write one of"),
        ({}, ("access.csv", "--column", "user=a", "--column", "user=b"), "names the user twice"),
    ],
)
def test_what_cannot_be_mined(mine, write, tmp_path: Path, files, arguments, said: str) -> None:
    for name, content in files.items():
        write(name, content)
    code, output = mine(*arguments, "-o", "out")
    assert code == 2
    assert said in output
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == [tmp_path / "out/x"]


def test_a_policy_set(mine, write, tmp_path: Path) -> None:
    write("p/a.policy", PLAIN)
    code, said = mine("p", "-o", "out", "--explain-by", "department")
    assert code == 0, said
    assert "before  3      5          4                12\n" in said
    assert "proved: nobody gains or loses anything\nwrote 3 files to out\n" in said
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["a.policy", "mined.policy", "report.json"]
    code, said = mine("p", "access.csv", "-o", "more")
    assert (code, "is not mined together with tables" in said) == (2, True)
    write("p/b.policy", "role")
    assert mine("p", "-o", "more")[0] == 2
    assert not (tmp_path / "more").exists()


def test_patches_that_make_two_roles_one(mine, write, tmp_path: Path) -> None:
    shared = [f"doc.act_{number}" for number in range(18)]
    held = {"ann": [*shared, "doc.x"], "ben": [*shared, "doc.x"], "cy": [*shared, "doc.y"]}
    write("nearly.csv", "user,permission\n" + "".join(f"{user},{each}\n" for user in held for each in held[user]))
    code, said = mine("nearly.csv", "-o", "out")
    assert code == 0
    how = "share 18 of 20 permissions: merges/0001-role-1.patch makes them one, by which people gain 3 permissions"
    assert f"roles `role_1` and `role_2` {how}\n" in said
    assert said.endswith("wrote 6 files to out\n")
    report = json.loads((tmp_path / "out/report.json").read_text())
    Draft202012Validator(SCHEMAS["mining"]()).validate(report)
    (near,) = report["proposals"]
    assert near["gains"][0] == {"user": "ann", "action": "y", "resource": "doc"}
    head, _, _ = (tmp_path / "out" / near["patch"]).read_text().partition("--- a/")
    assert head == (
        "make roles `role_1` and `role_2` one\n\n"
        "`ann` gains y on `doc`\n`ben` gains y on `doc`\n`cy` gains x on `doc`\n"
        "proved: nobody loses anything, and nobody gains anything else\n\n"
    )
    subprocess.run(["git", "apply", near["patch"]], cwd=tmp_path / "out", check=True, capture_output=True)
    assert (tmp_path / "out/roles.policy").read_text().count("role ") == 1
    who = CliRunner().invoke(commands, ["who-can", "y", "doc", "--policies", "out", *NOW])
    assert all(user in who.output for user in held), who.output
