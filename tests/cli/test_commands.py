"""The commands as users run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from jsonschema import Draft202012Validator

from policylang import __version__
from policylang.check.catalogue import RULES
from policylang.ir import from_json
from policylang.schemas import SCHEMAS
from tests.helpers import ACCEPTANCE

CLEAN = "resource doc { actions view }\nrole r { grant view on doc }\n"
WRONG = "resource doc { actions view }\nrole r { grant veiw on doc }\n"


def test_check_clean(run, write) -> None:
    write("policies/a.policy", CLEAN)
    result = run("check", "--select", "PL1,PL2", "--now", "2026-11-21T12:00:00Z")
    assert (result.returncode, result.stdout) == (
        0,
        b"no findings in 1 file, as of 2026-11-21T12:00:00Z; 3 statements\n",
    )


def test_check_findings(run, write) -> None:
    write("policies/a.policy", WRONG)
    result = run("check")
    assert result.returncode == 1
    assert result.stdout.decode() == (
        "error[PL101] unknown-name: unknown action `veiw` of `doc`\n"
        "  --> policies/a.policy:2:16\n"
        "  2 | role r { grant veiw on doc }\n"
        "    |                ^^^^\n"
        "  help: did you mean `view`?\n"
        "\n"
        "1 error in 1 file\n"
    )


def test_check_json(run, write) -> None:
    write("policies/a.policy", WRONG + "role r\n")
    result = run("check", "--format", "json")
    assert result.returncode == 1
    content = json.loads(result.stdout)
    assert content["files"] == 1
    assert content["problems"] == []
    first, second = content["findings"]
    assert first == {
        "code": "PL101",
        "name": "unknown-name",
        "severity": "error",
        "message": "unknown action `veiw` of `doc`",
        "help": "did you mean `view`?",
        "path": "policies/a.policy",
        "line": 2,
        "column": 16,
        "end_line": 2,
        "end_column": 20,
        "related": [],
        "witness": None,
        "further_witnesses": [],
        "proved": None,
        "unproved": False,
        "compiled": None,
        "origins": [],
        "reach": {"users": None, "could": None, "records": None, "sensitive": []},
        "suggested_role": None,
    }
    assert second["code"] == "PL102"
    (place,) = second["related"]
    assert (place["path"], place["line"], place["message"]) == ("policies/a.policy", 2, "first declared here")


@pytest.mark.parametrize("folder", ["securitytrax", "tracktik"])
def test_acceptance_sets_check_and_compile(run, folder: str) -> None:
    path = str(ACCEPTANCE / folder)
    assert run("check", "--select", "PL1", path).returncode == 0
    result = run("compile", path)
    assert result.returncode == 0
    assert Draft202012Validator(SCHEMAS["ir"]()).is_valid(json.loads(result.stdout))


def test_compile_to_a_file(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    result = run("compile", "-o", "out.json")
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"wrote out.json\n")
    assert [role.name for role in from_json((tmp_path / "out.json").read_bytes()).roles] == ["r"]
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_compile_refuses_to_write_with_errors(run, write, tmp_path) -> None:
    write("policies/a.policy", WRONG)
    write("out.json", "old")
    result = run("compile", "-o", "out.json")
    assert result.returncode == 2
    assert b"PL101" in result.stderr
    assert (tmp_path / "out.json").read_text() == "old"
    assert run("compile").stdout == b""


def test_compile_gives_the_same_bytes_in_any_order_folder_and_hash_seed(run, write) -> None:
    for folder, ending in (("one", "\n"), ("two/deeper", "\n")):
        write(f"{folder}/a.policy", "resource doc { actions view }" + ending)
        write(f"{folder}/sub/b.policy", "role r { grant view on doc  role s }" + ending)
        write(f"{folder}/sub/c.policy", "role s" + ending)
    files = ["sub/b.policy", "a.policy", "sub/c.policy"]
    outputs = {
        run("compile", "one", env={"PYTHONHASHSEED": "1"}).stdout,
        run("compile", "two/deeper", env={"PYTHONHASHSEED": "2"}).stdout,
        run("compile", *[f"one/{name}" for name in files], env={"LC_ALL": "C"}).stdout,
        run("compile", *[f"two/deeper/{name}" for name in reversed(files)], env={"TZ": "Asia/Tokyo"}).stdout,
    }
    assert len(outputs) == 1
    assert from_json(outputs.pop()).sources == ("a.policy", "sub/b.policy", "sub/c.policy")


def test_several_policy_sets(run, write) -> None:
    write("all/one/policylang.yaml", "")
    write("all/one/a.policy", CLEAN)
    write("all/two/policylang.yaml", "# marks a set of its own")
    write("all/two/sub/a.policy", CLEAN)
    assert run("check", "--select", "PL1", "all").stdout == b"no findings in 2 files\n"
    assert run("check", "all/one", "all/two").returncode == 0
    result = run("compile", "all")
    assert result.returncode == 2
    assert b"2 policy sets" in result.stderr
    assert run("compile", "all/two").returncode == 0


def test_folders_are_sets_and_files_are_one_set(run, write) -> None:
    write("x/a.policy", "resource doc { actions view }")
    write("y/b.policy", "role r { grant view on doc }")
    assert run("check", "x/a.policy", "y/b.policy").returncode == 0
    assert run("check", "x", "y").returncode == 1


def test_roots_in_config(run, write) -> None:
    write("policylang.yaml", "roots: [access/one, access/two]\n")
    write("access/one/a.policy", CLEAN)
    write("access/two/a.policy", WRONG)
    assert b"1 error in 1 of 2 files" in run("check", "--select", "PL1").stdout
    assert run("check", "access/one").returncode == 0
    assert b"2 files" in run("check", "access").stdout
    assert b"access/two/a.policy:2:16" in run("check").stdout


def test_limits_in_config(run, write) -> None:
    write("policies/a.policy", CLEAN + "# " + "x" * 100)
    write("policylang.yaml", "limits:\n  file_bytes: 50\n")
    result = run("check", "policies")
    assert result.returncode == 1
    assert b"PL110" in result.stdout
    assert run("compile", "policies").returncode == 2


def test_hidden_files_and_folders_are_passed_over(run, write) -> None:
    write("policies/a.policy", CLEAN)
    write("policies/.git/b.policy", "nonsense")
    write("policies/.#a.policy", "nonsense")
    assert run("check", "--select", "PL1").stdout == b"no findings in 1 file\n"


def test_init(run) -> None:
    result = run("init")
    assert result.returncode == 0
    assert result.stdout.decode().splitlines()[-1] == "now try: policylang check policies"
    assert run("check").returncode == 0
    again = run("init")
    assert again.returncode == 2
    assert b"this folder is not empty" in again.stderr
    assert run("init", "elsewhere").returncode == 0
    assert run("check", "elsewhere").returncode == 0


def test_schema(run) -> None:
    for name in SCHEMAS:
        content = json.loads(run("schema", name).stdout)
        assert content["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert run("schema").stdout == run("schema", "ir").stdout
    assert run("schema", "nothing").returncode == 2


def test_explain(run) -> None:
    for rule in RULES:
        result = run("explain", rule.code.lower())
        assert result.returncode == 0
        assert f"{rule.code} {rule.name}" in result.stdout.decode()
        assert "#!" not in result.stdout.decode()
    unknown = run("explain", "PL999")
    assert unknown.returncode == 2
    assert b"unknown rule" in unknown.stderr
    assert b"did you mean `unknown-name`" in run("explain", "unkown-name").stderr


def test_version_and_help(run) -> None:
    assert __version__ in run("--version").stdout.decode()
    text = run("--help").stdout.decode()
    for command in ("check", "compile", "completion", "explain", "init", "schema", "test"):
        assert command in text
        assert run(command, "--help").returncode == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run, shell: str) -> None:
    assert b"_POLICYLANG_COMPLETE" in run("completion", shell).stdout


def test_completion_knows_codes(run) -> None:
    environment = {"_POLICYLANG_COMPLETE": "bash_complete", "COMP_WORDS": "policylang explain PL10", "COMP_CWORD": "2"}
    assert b"PL101" in run(env=environment).stdout


def test_wrong_use(run) -> None:
    for arguments in (["chekc"], ["check", "--nope"], ["compile", "-o"], []):
        result = run(*arguments)
        assert result.returncode == 2
        assert result.stderr


def test_without_a_command_there_is_the_list_of_commands(run) -> None:
    shown = run().stderr.decode()
    assert shown.startswith("Usage: policylang")
    assert "\n  check " in shown
    assert "u{A}" not in shown


def test_the_version_loads_nothing_but_the_command_line() -> None:
    code = "import sys; from policylang.cli.main import commands; commands(['--version'], standalone_mode=False)"
    code += "; print(*sorted(name for name in sys.modules if name.startswith(('policylang', 'lark', 'yaml', 'z3'))))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = {
        "policylang",
        "policylang.text",
        "policylang.text.characters",
        "policylang.cli",
        "policylang.cli.main",
        "policylang.cli.terminal",
        "policylang.diagnostics",
        "policylang.source",
        "policylang.suggest",
    }
    assert set(shown.splitlines()[-1].split()) == loaded


ANSI = re.compile(rb"\x1b\[")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_only_on_a_terminal(run, write, environment: dict[str, str], coloured: bool) -> None:
    write("policies/a.policy", WRONG)
    assert not ANSI.search(run("check").stdout)
    leader, follower = os.openpty()
    run("check", stdout=follower, env={"TERM": "xterm", "NO_COLOR": "", **environment})
    os.close(follower)
    shown = os.read(leader, 100_000)
    os.close(leader)
    assert b"PL101" in shown
    assert bool(ANSI.search(shown)) == coloured


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": ""}, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_elsewhere_are_forced(run, write, environment: dict[str, str], coloured: bool) -> None:
    write("policies/a.policy", WRONG)
    shown = run("check", env={"TERM": "xterm", "NO_COLOR": "", **environment}).stdout
    assert bool(ANSI.search(shown)) == coloured


def test_a_terminal_shows_one_screen(run, write) -> None:
    roles = "".join(f'role r{n} "R" {{ grant delete on doc }}\n' for n in range(30))
    write("policies/a.policy", f'resource doc "Doc" {{ owner : user  actions view, delete }}\n{roles}')

    def shown(*arguments: str) -> bytes:
        leader, follower = os.openpty()
        run("check", "--select", "PL402", *arguments, stdout=follower, env={"TERM": "dumb"})
        os.close(follower)
        parts = []
        while True:
            try:
                part = os.read(leader, 100_000)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
        os.close(leader)
        return b"".join(parts)

    assert shown().count(b"warning[PL402]") == 3
    assert b"and 27 more of PL402" in shown()
    assert run("check", "--select", "PL402").stdout.count(b"warning[PL402]") == 30
