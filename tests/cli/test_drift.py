"""`policylang drift`: the report in its formats, the gate, baselines, mappings, and what is bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from policylang.schemas import SCHEMAS
from tests.cli.checking import policylang

NOW = ("--now", "2026-11-21T12:00:00Z")
ACCESS = "Screen,Function,Guard,Manager\nSite,View,x,x\n,Modify,,x\nShift,View,x,x\n,Modify,x,x\n"
PEOPLE = "User,Role\nann,Guard\nbo,Manager\n"
WIDER = ACCESS.replace(",Modify,,x", ",Modify,x,x")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    give(ACCESS)
    Path("in/people.csv").write_text(PEOPLE)
    assert policylang("import", "csv", "in", "-o", "pol").exit_code == 0


def give(access: str) -> None:
    Path("in/access.csv").write_text(access)


def drift(*options: str):
    return policylang("drift", "--from", "csv", "in", "--policies", "pol", *NOW, *options)


def test_no_drift() -> None:
    assert (drift().exit_code, drift().stdout) == (0, "no drift, as of 2026-11-21T12:00:00Z\n")


def test_what_the_product_allows_is_told_with_places_and_a_request() -> None:
    give(WIDER)
    result = drift()
    assert result.exit_code == 1
    assert result.stdout == (
        "drift: the product lets role `guard` modify `site`, which the files do not\n"
        "  product: access.csv:2:11, access.csv:3:9\n"
        "  files: pol/roles.policy:4:1\n"
        "  + every record (product)\n"
        "  affects 1 user: `ann`\n"
        "  shown by somebody with role `guard`, modify this `site` at 2026-11-21T12:00:00Z: "
        "denied by the files, allowed by the product\n"
        "\n"
        "1 difference: 1 allowed by the product only, as of 2026-11-21T12:00:00Z\n"
    )


@pytest.mark.parametrize(
    ("access", "fails"),
    [(WIDER, "gained widened any"), (ACCESS.replace(",Modify,,x", ",Modify,,"), "any"), (ACCESS, "")],
)
def test_gates(access: str, fails: str) -> None:
    give(access)
    for gate in ("gained", "widened", "any"):
        assert drift("--fail-on", gate).exit_code == (1 if gate in fails.split() else 0)
    assert drift("--exit-zero").exit_code == 0


def test_what_is_refused_fails_whatever_the_gate_unless_it_is_accepted() -> None:
    give(ACCESS.replace("Site,View,x", "Site,View,perhaps"))
    for gate in ("gained", "any"):
        assert drift("--fail-on", gate).exit_code == 1
    Path("pol/policylang.yaml").write_text('roots: ["."]\nimports: {accepted: [cell]}\n')
    report = drift("--fail-on", "gained")
    assert report.exit_code == 0
    assert "accepted[cell] access.csv:2:11" in report.stdout
    give(ACCESS + "=1+1,View,x,x\n")
    report = drift("--fail-on", "gained")
    assert (report.exit_code, "no drift" in report.stdout) == (1, False)
    assert "1 refused, about which nothing is known" in report.stdout
    assert drift("--fail-on", "gained", "--accept", "formula").exit_code == 0


def test_json_is_as_its_schema_says() -> None:
    give(WIDER.replace("Manager\nSite,View,x", "Manager\nSite,View,perhaps"))
    report = drift("--format", "json")
    found = json.loads(report.stdout)
    Draft202012Validator(SCHEMAS["drift"]()).validate(found)
    assert (report.exit_code, found["drift"], found["failed"]) == (1, True, True)
    assert [each["code"] for each in found["differences"]] == ["product-allows", "product-denies"]
    assert [each["code"] for each in found["refused"]] == ["cell"]


def test_sarif_points_into_the_product() -> None:
    give(WIDER.replace("Manager\nSite,View,x", "Manager\nSite,View,perhaps"))
    (run,) = json.loads(drift("--format", "sarif").stdout)["runs"]
    rules = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert rules == ["product-allows", "product-denies", "not-imported"]
    found = [
        (each["ruleId"], each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) for each in run["results"]
    ]
    assert found == [
        ("product-allows", "in/access.csv"),
        ("product-denies", "pol/roles.policy"),
        ("not-imported", "in/access.csv"),
    ]
    assert run["invocations"][0]["exitCode"] == 1


def test_baselines_hide_what_is_known_until_somebody_new_is_concerned() -> None:
    give(WIDER.replace("Manager\nSite,View,x", "Manager\nSite,View,perhaps"))
    assert drift("--write-baseline", "known.json").exit_code == 0
    report = drift("--baseline", "known.json")
    assert (report.exit_code, "3 in the baseline" in report.stdout) == (0, True), report.stdout
    with Path("in/people.csv").open("a") as file:
        file.write("cy,Guard\n")
    assert drift("--baseline", "known.json").exit_code == 1
    Path("in/people.csv").write_text(PEOPLE)
    give(ACCESS)
    assert "do not occur any more" in drift("--baseline", "known.json").stdout
    assert drift("--baseline", "in/access.csv").exit_code == 2


def test_names_are_matched_by_a_mapping() -> None:
    Path("in/people.csv").write_text(PEOPLE.replace("ann", "4711"))
    report = drift()
    assert report.exit_code == 1
    assert "only in the product: user `4711`\nonly in the files: user `ann`\n" in report.stdout
    Path("names.yaml").write_text('names: {user: {"4711": ann}}\n')
    assert drift("--mapping", "names.yaml").exit_code == 0


@pytest.mark.parametrize(
    "content",
    ["names: {user: [1]}", "names: {thing: {a: b}}", "names: 5", "[]", "names: {role: {A: x, B: x}}", "other: 1"],
)
def test_bad_mappings(content: str) -> None:
    Path("names.yaml").write_text(content)
    result = drift("--mapping", "names.yaml")
    assert result.exit_code == 2
    assert "error: names.yaml" in result.stderr


def test_an_import_into_a_policy_set_is_compared_where_it_lies() -> None:
    Path("all/people").mkdir(parents=True)
    Path("all/roles.policy").write_text(
        'resource site { actions view }\nrole guard "Guard" { grant view on site }\n'
        'role manager "Manager" { grant view on site }\n'
    )
    people = ("in/people.csv", "--policies", "all", *NOW)
    assert policylang("import", "csv", "in/people.csv", "-o", "all/people", "--into", "all").exit_code == 0
    assert policylang("drift", "--from", "csv", *people).stdout.startswith("no drift")
    Path("in/people.csv").write_text(PEOPLE + "cy,Guard\n")
    report = policylang("drift", "--from", "csv", *people)
    assert "the product lets user `cy` view `site`, which the files do not" in report.stdout
    assert "  product: people.csv:4:4\n" in report.stdout


def test_compiled_policies_are_compared_by_name() -> None:
    assert policylang("compile", "pol", "-o", "pol.json").exit_code == 0
    give(WIDER)
    report = policylang("drift", "--from", "csv", "in", "--policies", "pol.json", *NOW)
    assert (report.exit_code, "modify `site`" in report.stdout) == (1, True)


def test_what_is_bad_input() -> None:
    assert policylang("drift", "--from", "csv", "nowhere", "--policies", "pol").exit_code == 2
    assert policylang("drift", "--from", "csv", "in", "--policies", "nowhere").exit_code == 2
    assert policylang("drift", "--from", "odoo", "in", "--policies", "pol").exit_code == 2
    assert drift("--accept", "cel").exit_code == 2
    Path("pol/roles.policy").write_text("role {")
    assert drift().exit_code == 2


def test_what_does_not_compile_is_told_with_its_place() -> None:
    Path("in/people.csv").write_text(f"{PEOPLE}Ann,Guard\n")
    result = drift()
    assert result.exit_code == 2
    assert "error: people.csv:2: what it describes does not compile: the user `ann` looks like `Ann`" in result.stderr


def test_what_an_import_wrote_is_no_input() -> None:
    Path("pol").rename("in/pol")
    report = policylang("drift", "--from", "csv", "in", "--policies", "in/pol", *NOW)
    assert report.stdout.startswith("no drift"), report.stdout
