"""People of a policy set, named in `policylang.yaml`; and of one scenario file."""

from __future__ import annotations

import json
import os
import sys

import pytest

from tests.cli.conftest import Run, run, write

__all__ = ["Run", "run", "write"]

POLICY = """\
resource doc { title : text  actions view }
role guard { grant view on doc }
group sales { role guard }
user "amy" in sales
"""
TEST = """\
policies: {policies}
now: 2026-11-21T12:00:00Z
{directory}
records: {{one: {{resource: doc, title: a}}}}
tests:
- {{name: t, user: dana, allow: {{view: [one]}}}}
"""


@pytest.fixture
def policies(write):
    write("p/a.policy", POLICY)
    write("p/policylang.yaml", "directory: [hr/people.csv]\n")
    return lambda content: write("p/hr/people.csv", content)


def test_check_compile_and_test_see_the_people(run, write, policies) -> None:
    policies("id,group\ndana,sales\n")
    write("p/a.test.yaml", TEST.format(policies=".", directory=""))
    assert run("check", "--select", "PL1", "p").stdout == b"no findings in 2 files\n"
    assert run("test", "p").stdout == b"1 passed, 0 failed in 1 file\n"
    assert run("compile", "p", "-o", "out.json").returncode == 0
    content = json.loads(run("compile", "p").stdout)
    assert [user["id"] for user in content["users"]] == ["amy", "dana"]
    assert content["sources"] == ["a.policy", "hr/people.csv"]
    assert content["users"][1]["at"] == "hr/people.csv:2:1-2:11"
    assert run("check", "out.json").returncode == 0


def test_people_are_found_from_a_file_and_a_subfolder(run, write, policies) -> None:
    policies("id,group\ndana,sales\n")
    write("p/sub/b.policy", POLICY)
    for path in ("p/a.policy", "p/sub", "p/sub/b.policy"):
        content = json.loads(run("compile", path).stdout)
        assert [user["id"] for user in content["users"]] == ["amy", "dana"], path
    content = json.loads(run("compile", "p/sub").stdout)
    assert content["users"][1]["at"] == "../hr/people.csv:2:1-2:11"
    policies("id,group\ndana,sale\n")
    assert b"--> p/hr/people.csv:2:6\n" in run("check", "p/sub").stdout


def test_people_of_several_roots(run, write, policies) -> None:
    policies("id,group\ndana,sales\n")
    write("p/policylang.yaml", "directory: [hr/people.csv]\nroots: [one, two]\n")
    write("p/one/a.policy", POLICY)
    write("p/two/a.policy", POLICY)
    assert run("check", "--select", "PL1", "p").stdout == b"no findings in 3 files\n"
    for root in ("one", "two"):
        assert [user["id"] for user in json.loads(run("compile", f"p/{root}").stdout)["users"]] == ["amy", "dana"]


def test_findings_show_the_line(run, write, policies) -> None:
    policies("id,group\ndana,sale\n")
    result = run("check", "p")
    assert result.returncode == 1
    assert b"p/hr/people.csv:2:6\n  2 | dana,sale\n    |      ^^^^\n  help: did you mean `sales`?" in result.stdout
    (finding,) = json.loads(run("check", "p", "--format", "json").stdout)["findings"]
    assert (finding["path"], finding["line"], finding["column"]) == ("p/hr/people.csv", 2, 6)
    assert run("compile", "p", "-o", "out.json").returncode == 2
    assert not os.path.exists("out.json")
    write("p/a.test.yaml", TEST.format(policies=".", directory=""))
    assert run("test", "p").returncode == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "p/hr/people.csv: cannot be read: no such file or directory"),
        (b"id\ncaf\xe9\n", "p/hr/people.csv:2:4: not UTF-8"),
        (b"\xff\xfei\x00d\x00", "p/hr/people.csv:1:1: not UTF-8"),
    ],
)
def test_what_cannot_be_read(run, policies, content, words) -> None:
    if content is not None:
        policies(content)
    result = run("check", "p")
    assert (result.returncode, words in result.stdout.decode()) == (2, True)
    assert run("compile", "p").returncode == 2


def test_a_byte_order_mark_is_fine(run, policies) -> None:
    policies(b"\xef\xbb\xbfid,group\r\ndana,sales\r\n")
    assert run("check", "p").returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders")
def test_no_pipes(run, policies, tmp_path) -> None:
    (tmp_path / "p/hr").mkdir()
    os.mkfifo(tmp_path / "p/hr/people.csv")
    assert b"not a regular file" in run("check", "p").stdout


def test_the_limit_of_a_file(run, write, policies) -> None:
    policies("id\n" + "dana\n" * 100)
    write("p/policylang.yaml", "directory: [hr/people.csv]\nlimits: {file_bytes: 200}\n")
    result = run("check", "p")
    assert result.returncode == 1
    assert b"PL110" in result.stdout
    assert b"p/hr/people.csv:1:1" in result.stdout
    write("p/a.test.yaml", TEST.format(policies=".", directory="directory: hr/people.csv"))
    assert run("test", "p").returncode == 2


@pytest.mark.parametrize("name", ["people.txt", "people", '"a\\0.csv"', "3", "{}"])
def test_names_that_are_no_directory_files(run, write, name) -> None:
    write("p/a.policy", POLICY)
    write("p/policylang.yaml", f"directory: [{name}]\n")
    assert run("check", "p").returncode == 2
    write("q/a.policy", POLICY)
    write("q/a.test.yaml", TEST.format(policies=".", directory=f"directory: [{name}]"))
    assert run("test", "q").returncode == 2


def test_a_parquet_file_that_is_none(run, write) -> None:
    write("p/a.policy", POLICY)
    write("p/policylang.yaml", "directory: [people.parquet]\n")
    write("p/people.parquet", "id\ndana\n")
    assert b"p/people.parquet: this Parquet file cannot be read" in run("check", "p").stdout


def test_people_of_one_scenario_file(run, write) -> None:
    write("p/a.policy", POLICY)
    write("t/people.yaml", "people: [{id: dana, group: sales}]\n")
    write("t/more.csv", "id\nmilo\n")
    write("t/a.test.yaml", TEST.format(policies="../p", directory="directory: people.yaml"))
    write("t/b.test.yaml", TEST.format(policies="../p", directory="directory: [more.csv, people.yaml]"))
    assert run("test", "t").stdout == b"2 passed, 0 failed in 2 files\n"
    write("t/c.test.yaml", TEST.format(policies="../p", directory=""))
    result = run("test", "t")
    assert result.returncode == 2
    assert b"t/c.test.yaml:6:19: there is no user `dana`" in result.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("people: [{id: dana, group: sale}]", "t/people.yaml:1:28: unknown group `sale`"),
        ("people: [{id: amy}, {id: amy}]", "t/people.yaml:1:15: the user `amy` is declared twice (and 1 more)"),
        ("people: [{di: amy}]", "t/people.yaml:1:10: a person has no `id` (and 1 more)"),
        ("people: [", "t/people.yaml:1:"),
        (None, "t/people.yaml: cannot be read: no such file or directory"),
    ],
)
def test_mistakes_in_the_people_of_a_scenario_file(run, write, content, words) -> None:
    write("p/a.policy", POLICY)
    write("t/a.test.yaml", TEST.format(policies="../p", directory="directory: people.yaml"))
    if content is not None:
        write("t/people.yaml", content)
    result = run("test", "t")
    assert (result.returncode, words in result.stdout.decode()) == (2, True), result.stdout


def test_conditions_may_name_the_people(run, write, policies) -> None:
    policies("id,group\ndana,sales\n")
    write("p/b.policy", 'resource memo { owner : user  actions view }\npolicy hers on memo { owner is "dana" }\n')
    assert b"PL509" not in run("check", "--select", "PL509", "p").stdout
    write("p/b.policy", 'resource memo { owner : user  actions view }\npolicy hers on memo { owner is "donna" }\n')
    said = run("check", "--select", "PL509", "p").stdout
    assert b"nobody has the id `donna`" in said
    write("p/b.policy", 'resource memo { owner : user  actions view }\npolicy hers on memo { owner is "daan" }\n')
    assert b"did you mean `dana`?" in run("check", "--select", "PL509", "p").stdout
