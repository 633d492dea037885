"""`policylang import`: what is written, what is not, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.checking import policylang
from tests.importing.casbin.test_oracle import ALLOW, model

MODEL = model(False, ALLOW, True, False)
POLICY = "p, admin, Customer Files, read\ng, ann, admin\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    give("model.conf", MODEL)
    give("policy.csv", POLICY)


def give(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def import_(*options: str):
    return policylang("import", "casbin", "model.conf", "policy.csv", "-o", "out", *options)


def written() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path("out").iterdir())}


def test_writes_a_policy_set_that_is_clean_and_formatted() -> None:
    result = import_()
    assert (result.exit_code, result.stdout) == (
        0,
        "wrote out: 1 resource, 1 role, 1 user, 1 grant\nnow try: policylang check out\n",
    )
    assert sorted(written()) == ["import.json", "people.policy", "policylang.yaml", "resources.policy", "roles.policy"]
    assert policylang("check", "out", "--fail-level", "info").exit_code == 0
    assert policylang("fmt", "--check", "out").exit_code == 0
    assert policylang("who-can", "read", "customer_files", "--policies", "out").stdout.splitlines()[1].startswith("ann")


def test_the_same_inputs_give_the_same_bytes() -> None:
    import_()
    before = written()
    give("policy.csv", "\r\n".join(POLICY.splitlines()))
    assert import_().exit_code == 0
    after = written()
    del before["import.json"], after["import.json"]  # the digests of the inputs
    assert after == before


def test_what_is_refused_is_listed_with_its_place_and_gives_1() -> None:
    give("policy.csv", f"p, x\n{POLICY}")
    result = import_()
    assert result.exit_code == 1
    assert result.stdout.startswith("refused[row] policy.csv:1: `p, x` does not have the 3 fields of `p`\n  why: ")
    assert Path("out/roles.policy").exists()
    assert json.loads(Path("out/import.json").read_bytes())["refused"][0]["origin"] == "policy.csv:1"


def test_strict_writes_nothing() -> None:
    give("policy.csv", f"p, x\n{POLICY}")
    result = import_("--strict")
    assert result.exit_code == 1
    assert "nothing was written" in result.stdout
    assert not Path("out").exists()


def test_an_accepted_code_is_recorded_and_holds_next_time() -> None:
    give("policy.csv", f"p, x\n{POLICY}")
    result = import_("--strict", "--accept", "row")
    assert result.exit_code == 0
    assert result.stdout.startswith("accepted[row] policy.csv:1")
    assert 'accepted: ["row"]' in Path("out/policylang.yaml").read_text()
    assert import_("--strict").exit_code == 0
    assert policylang("check", "out").exit_code == 0


def test_an_unknown_code_is_a_mistake() -> None:
    result = import_("--accept", "rows")
    assert result.exit_code == 2
    assert "did you mean `row`?" in result.stderr


def test_an_earlier_import_is_replaced_unless_somebody_has_changed_it() -> None:
    import_()
    give("policy.csv", "g, ann, boss\np, boss, data1, read\n")
    assert import_().exit_code == 0
    assert "boss" in Path("out/roles.policy").read_text()
    with Path("out/roles.policy").open("a") as file:
        file.write("role mine\n")
    before = written()
    result = import_()
    assert result.exit_code == 2
    assert "`roles.policy` in it has changed since it was imported" in result.stderr
    assert written() == before


def test_a_config_that_somebody_has_changed_stays() -> None:
    import_()
    give("out/policylang.yaml", "severities: {PL402: error}\n")
    assert import_().exit_code == 0
    assert Path("out/policylang.yaml").read_text() == "severities: {PL402: error}\n"
    result = import_("--accept", "row")
    assert result.exit_code == 2
    assert "add to it, under `imports`: `accepted: [row]`" in result.stderr


def test_a_folder_with_anything_else_is_not_touched() -> None:
    give("out/notes.txt", "mine")
    result = import_()
    assert result.exit_code == 2
    assert "already exists and is not an import" in result.stderr
    assert [path.name for path in Path("out").iterdir()] == ["notes.txt"]


def test_names_given_before_stay() -> None:
    give("policy.csv", "p, ann, Data 1, read\n")
    import_()
    give("policy.csv", "p, ann, Data 1, read\np, ann, data_1, read\n")
    import_()
    text = Path("out/resources.policy").read_text()
    assert 'resource data_1 "Data 1"' in text
    assert 'resource data_1_2 "data_1"' in text


def test_inputs_that_are_no_such_thing() -> None:
    result = policylang("import", "casbin", "policy.csv", "-o", "out")
    assert result.exit_code == 2
    assert "no Casbin model was found" in result.stderr
    assert not Path("out").exists()


def test_what_does_not_compile_is_told_with_its_places_in_the_inputs() -> None:
    give("policy.csv", POLICY + "g, Ann, admin\n")
    result = import_()
    assert (result.exit_code, Path("out").exists()) == (2, False)
    assert "the user `ann` looks like `Ann` and differs in upper and lower case" in result.stderr
    told = [line for line in result.stderr.splitlines() if "would come from" in line]
    assert told == [
        "people.policy:3 would come from policy.csv:2",
        "people.policy:2 would come from policy.csv:3",
    ]
    give("around/more.policy", 'role more\nuser "Bo"\n')
    give("policy.csv", "p, admin, Customer Files, read\ng, bo, admin\n")
    result = policylang("import", "casbin", "model.conf", "policy.csv", "-o", "around/in", "--into", "around")
    assert (result.exit_code, Path("around/in").exists()) == (2, False)
    assert "would come from policy.csv:2" in result.stderr


def test_a_place_ends_with_what_is_known_of_it() -> None:
    give("m/a.xml", '<odoo>\n<function model="ir.rule" name="unlink"/></odoo>')
    result = policylang("import", "odoo", "m", "-o", "out")
    assert (result.exit_code, result.stderr.partition(" this")[0]) == (2, "error: a.xml:2:")


def test_findings_show_the_origin_first() -> None:
    give("policy.csv", "p, admin, data1, delete\ng, ann, admin\ng, bo, admin\np, odd, data1, delete\ng, odd2, odd\n")
    import_()
    give("out/more.policy", "deny delete on data1\n")
    result = policylang("check", "out")
    lines = result.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if "[PL205]" in line)
    assert lines[first + 1].startswith("  from policy.csv:1")
    assert lines[first + 2].startswith("  --> out/")
    found = json.loads(policylang("check", "out", "--format", "json").stdout)["findings"]
    assert ["policy.csv:1"] in [each["origins"] for each in found if each["code"] == "PL205"]


@pytest.mark.parametrize("format_", ["sarif", "github", "gitlab", "junit"])
def test_every_output_shows_the_origin_first(format_: str) -> None:
    give("policy.csv", "p, admin, data1, delete\ng, ann, admin\n")
    import_()
    give("out/more.policy", "deny delete on data1\n")
    shown = policylang("check", "out", "--select", "PL205", "--format", format_).stdout
    assert "policy.csv:1: " in shown


def test_an_origin_is_found_though_lines_have_moved() -> None:
    give("policy.csv", "p, admin, data1, delete\ng, ann, admin\n")
    import_()
    path = Path("out/roles.policy")
    path.write_text(f"# moved\n\n\n{path.read_text()}")
    give("out/more.policy", "deny delete on data1\n")
    assert "  from policy.csv:1\n" in policylang("check", "out").stdout
