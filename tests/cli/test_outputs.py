"""Where commands write: never over what policies are made of, never through a link that leads out, never over edits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from policylang.cli import fmt
from tests.cli.checking import policylang
from tests.cli.conftest import FILES, NOW, POLICIES

OUTPUTS = {
    "a report": ["check", "p", "--now", NOW, "--format", "json", "-o"],
    "a baseline": ["check", "p", "--now", NOW, "--write-baseline"],
    "JSON": ["compile", "p", "-o"],
    "a difference": ["diff", "p", "p", "--now", NOW, "-o"],
    "a bundle": ["bundle", "p", "-o"],
    "an agenda": ["agenda", "p", "--now", NOW, "-o"],
    "scenarios": ["test", "p", "--generate", "-o"],
    "results": ["test", "p", "--junit"],
    "coverage": ["test", "p", "--coverage-json"],
    "coverage as lcov": ["test", "p", "--coverage-lcov"],
}


def content(folder: Path) -> dict[str, bytes]:
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("what", OUTPUTS)
@pytest.mark.parametrize("name", [*FILES, "p/new.policy", "link.json", "bundle.policy"])
def test_what_policies_are_made_of_stays(folder: Path, what: str, name: str) -> None:
    (folder / "link.json").symlink_to("p/a.policy")
    before = content(folder)
    result = policylang(*OUTPUTS[what], name)
    assert (result.exit_code, content(folder)) == (2, before)
    assert "not written: this is " in result.stderr


@pytest.mark.parametrize("what", OUTPUTS)
@pytest.mark.parametrize("name", ["p/out.json", "inside.json"])
def test_what_was_written_before_is_written_again(folder: Path, what: str, name: str) -> None:
    (folder / "build").mkdir()
    (folder / "inside.json").symlink_to("build/real.json")
    for _ in range(2):
        result = policylang(*OUTPUTS[what], name)
        assert result.exit_code in (0, 1), result.stderr
    assert (folder / name).read_bytes()
    assert (folder / "inside.json").is_symlink()
    assert not list(folder.rglob(".*"))


def test_generated_scenarios_are_written_again(folder: Path) -> None:
    for _ in range(2):
        assert policylang("test", "p", "--generate", "-o", "p/edges.test.yaml").exit_code == 0
    assert (folder / "p/edges.test.yaml").read_text(encoding="utf-8").startswith("# Boundary scenarios")


@pytest.mark.parametrize("what", OUTPUTS)
@pytest.mark.parametrize("name", ["out.json", "build/out.json", "to/out.json"])
def test_links_out_of_the_checkout_are_not_followed(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, what: str, name: str
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".git").mkdir()
    (folder / ".git").mkdir()
    if what != "JSON":  # nothing is made there either
        (home / "out.json").write_text("precious", encoding="utf-8")
    (folder / "build").mkdir()
    (folder / "out.json").symlink_to(os.path.relpath(home / "out.json", folder))
    (folder / "build/out.json").symlink_to(home / "out.json")
    (folder / "to").symlink_to(home)
    before = content(home)
    result = policylang(*OUTPUTS[what], name)
    assert (result.exit_code, content(home)) == (2, before)
    assert "not written: a link leads outside" in result.stderr


def test_bundles_go_through_no_link_either(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / "out").symlink_to(folder.parent)
    result = policylang("compile", "p", "--target", "rego", "-o", "out/bundle")
    assert result.exit_code == 2
    assert "not written: a link leads outside" in result.stderr


def test_devices_and_folders_elsewhere_are_written_to(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "out.json"
    for output in ("/dev/null", str(elsewhere)):
        assert policylang("compile", "p", "-o", output).exit_code == 0
    assert elsewhere.read_bytes()


def test_what_a_command_reads_is_not_its_output(folder: Path) -> None:
    (folder / "allow.yaml").write_text("allow: []\n", encoding="utf-8")
    (folder / "map.yaml").write_text("{}\n", encoding="utf-8")
    (folder / "columns.yaml").write_text("names: {role: {}}\n", encoding="utf-8")
    log = "user,action,resource,time,decision\nann,view,doc,2026-11-01T00:00:00Z,allow\n"
    (folder / "log.csv").write_text(log, encoding="utf-8")
    policylang("compile", "p", "-o", "p.json")
    for arguments, name in (
        (["diff", "p", "p", "--allow", "allow.yaml"], "allow.yaml"),
        (["diff", "p.json", "p"], "p.json"),
        (["check", "p.json", "--now", NOW], "p.json"),
        (["check", "p", "--now", NOW, "--usage", "log.csv"], "log.csv"),
        (["check", "p", "--now", NOW, "--usage", "*.csv"], "log.csv"),
        (["check", "p", "--now", NOW, "--usage", "log.csv", "--mapping", "map.yaml"], "map.yaml"),
        (["usage", "p", "*.csv", "--now", NOW], "log.csv"),
        (["report", "p", "--now", NOW, "--csv", "--against", "p.json"], "p.json"),
        (["report", "p", "--now", NOW, "--csv", "--usage", "*.csv"], "log.csv"),
        (["drift", "log.csv", "--from", "csv", "--policies", "p", "--mapping", "columns.yaml"], "columns.yaml"),
    ):
        before = content(folder)
        for option in ("-o", "--write-baseline") if arguments[0] in ("check", "drift") else ("-o",):
            result = policylang(*arguments, option, name)
            assert (result.exit_code, content(folder)) == (2, before)
            assert "not written: the command reads this file" in result.stderr


def test_two_outputs_are_two_files(folder: Path) -> None:
    result = policylang("test", "p", "--coverage-json", "out", "--coverage-lcov", "./out")
    assert result.exit_code == 2
    assert "--coverage-json and --coverage-lcov name the same file" in result.stderr


# --- what was changed meanwhile ------------------------------------------------------------------------------


def test_an_edit_while_fmt_runs_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "p/a.policy"
    path.write_text(POLICIES.replace("{", "  {"), encoding="utf-8")

    def edits(_path: Path) -> None:
        path.write_text("# mine\n", encoding="utf-8")

    monkeypatch.setattr(fmt, "refuse_read_only", edits)
    result = policylang("fmt", "p")
    assert result.exit_code == 2
    assert "a.policy: cannot be written: has changed since it was read" in result.stderr
    assert path.read_text(encoding="utf-8") == "# mine\n"


def test_fmt_does_not_follow_links_out_of_the_set(folder: Path) -> None:
    outside = folder / "outside.policy"
    outside.write_text("role   other\n", encoding="utf-8")
    (folder / "p/linked.policy").symlink_to(outside)
    result = policylang("fmt", "p")
    assert result.exit_code == 2
    assert "linked.policy: not formatted: it is a link to a file outside of the policy set" in result.stderr
    assert outside.read_text(encoding="utf-8") == "role   other\n"
