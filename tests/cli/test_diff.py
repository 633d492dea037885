"""`policylang diff` on folders, files and compiled JSON: gates, changes that are approved, what is bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from policylang.cli.main import commands
from policylang.schemas import SCHEMAS, schema_text

NOW = ("--now", "2026-11-21T12:00:00Z")
OLD = """\
resource doc { author : user  actions view, modify, delete }
policy own on doc { author is assigned user }
role clerk {
  grant view, modify on doc
  policy own
}
user "amy" { assign role clerk }
"""
WIDER = OLD.replace("policy own\n}", "policy own for modify\n}")
GAINED = OLD.replace("view, modify on", "view, modify, delete on")
NARROWER = OLD.replace("view, modify on", "view on")
STATED = OLD + "separate view on doc from delete on doc\n"


@pytest.fixture
def sides(run, write):
    """Compare two texts, in this process; ``run`` goes to the folder."""

    def compare(old: str, new: str, *options: str):
        write("old.policy", old)
        write("new.policy", new)
        done = CliRunner().invoke(commands, ["diff", *NOW, *options, "old.policy", "new.policy"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return SimpleNamespace(returncode=done.exit_code, stdout=done.stdout_bytes, stderr=done.stderr_bytes)

    return compare


def ids(sides, old: str, new: str) -> list[str]:
    (found,) = json.loads(sides(old, new, "--format", "json").stdout)["sets"]
    return [each["id"] for each in (*found["changes"], *found["statements"])]


# --- gates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "fails"),
    [
        (OLD, OLD, ""),
        (OLD, OLD.replace("own", "mine"), ""),
        (OLD, WIDER, "widened any"),
        (OLD, GAINED, "gained widened any"),
        (OLD, NARROWER, "any"),
        (STATED, OLD, "widened any"),
        (OLD, STATED, "any"),
    ],
)
def test_what_fails(sides, old: str, new: str, fails: str) -> None:
    assert sides(old, new).returncode == 0
    for gate in ("gained", "widened", "any"):
        for format_ in ("text", "json", "markdown"):
            result = sides(old, new, "--fail-on", gate, "--format", format_)
            assert result.returncode == (1 if gate in fails.split() else 0), (gate, result.stdout)
            assert (b"`--fail-on " in result.stderr) == (result.returncode == 1)
        found = json.loads(sides(old, new, "--fail-on", gate, "--format", "json").stdout)
        assert (found["fail_on"], found["failed"]) == (gate, gate in fails.split())


def test_other_gates_are_refused(sides) -> None:
    assert sides(OLD, OLD, "--fail-on", "lost").returncode == 2


# --- folders, files, compiled JSON ---------------------------------------------------------------------------


def test_sides_of_every_kind_say_the_same(run, write) -> None:
    write("old/a.policy", OLD)
    write("old/b.policy", "role more\n")
    write("new/all.policy", WIDER + "role more\n")
    for side in ("old", "new"):
        assert run("compile", side, "--output", f"{side}.json").returncode == 0
    reports = set()
    for old in ("old", "old.json"):
        for new in ("new", "new/all.policy", "new.json"):
            result = run("diff", *NOW, old, new, "--format", "json")
            assert result.returncode == 0
            found = json.loads(result.stdout)
            Draft202012Validator(SCHEMAS["diff"]()).validate(found)
            reports.add(json.dumps(found["sets"][0]["changes"]))
    assert len(reports) == 1


def test_several_sets_by_their_names(run, write) -> None:
    for side, text in (("old", OLD), ("new", WIDER)):
        write(f"{side}/policylang.yaml", "roots: [crm, guards]\n")
        write(f"{side}/crm/a.policy", text)
        write(f"{side}/guards/a.policy", OLD)
    found = json.loads(run("diff", *NOW, "old", "new", "--format", "json").stdout)
    assert [(each["name"], each["same_access"]) for each in found["sets"]] == [("crm", False), ("guards", True)]
    assert found["sets"][0]["changes"][0]["kind"] == "widened"


def test_a_set_that_is_new_or_gone(run, write) -> None:
    for side in ("old", "new"):
        write(f"{side}/policylang.yaml", "roots: [crm, guards]\n" if side == "new" else "roots: [crm]\n")
        write(f"{side}/crm/a.policy", OLD)
    write("new/guards/a.policy", OLD)
    for sides, kind in ((("old", "new"), "gained"), (("new", "old"), "lost")):
        result = run("diff", *NOW, *sides, "--format", "json", "--fail-on", "gained")
        found = json.loads(result.stdout)
        assert result.returncode == (1 if kind == "gained" else 0)
        kinds = {each["name"]: {change["kind"] for change in each["changes"]} for each in found["sets"]}
        assert kinds == {"crm": set(), "guards": {kind}}


def test_output_is_the_same_every_time(sides, run) -> None:
    sides(OLD, WIDER)
    for format_ in ("text", "json", "markdown"):
        arguments = ("diff", *NOW, "--format", format_, "old.policy", "new.policy")
        settings = [{"PYTHONHASHSEED": seed, "TZ": zone} for seed, zone in (("0", "UTC"), ("7", "Asia/Tokyo"))]
        first, second = (run(*arguments, env=each).stdout for each in settings)
        assert first == second


# --- changes that are approved -------------------------------------------------------------------------------


def test_an_approved_change_is_shown_and_does_not_fail(sides, write) -> None:
    (id_,) = ids(sides, OLD, WIDER)
    write("allow.yaml", f"allow:\n  - id: {id_}\n    because: ticket 4711 `x`\n    until: 2026-11-21\n")
    result = sides(OLD, WIDER, "--fail-on", "any", "--allow", "allow.yaml")
    assert result.returncode == 0
    text = result.stdout.decode()
    assert f"    id {id_}, allowed: ticket 4711 `x`\n" in text
    assert text.endswith("1 widened, 1 of them allowed, as of 2026-11-21T12:00:00Z\n")
    found = json.loads(sides(OLD, WIDER, "--allow", "allow.yaml", "--format", "json").stdout)
    Draft202012Validator(SCHEMAS["diff"]()).validate(found)
    assert found["sets"][0]["changes"][0]["because"] == "ticket 4711 `x`"
    assert found["unused"] == []
    markdown = sides(OLD, WIDER, "--allow", "allow.yaml", "--format", "markdown").stdout.decode()
    assert f"id <code>{id_}</code>, **allowed**: ticket 4711 <code>x</code>" in markdown


def test_the_id_is_in_every_output(sides) -> None:
    for old, new in ((OLD, WIDER), (OLD, STATED)):
        (id_,) = ids(sides, old, new)
        for format_ in ("text", "markdown"):
            assert id_ in sides(old, new, "--format", format_).stdout.decode()


def test_one_approval_is_of_one_change(sides, write) -> None:
    (id_,) = ids(sides, OLD, WIDER)
    write("allow.yaml", f"allow: [{{id: {id_}, because: seen}}]\n")
    more = WIDER.replace("view, modify on", "view, modify, delete on")
    assert sides(OLD, more, "--fail-on", "gained", "--allow", "allow.yaml").returncode == 1
    elsewhere = WIDER.replace("author is assigned user", "not (author is assigned user)")
    assert sides(OLD, elsewhere, "--fail-on", "widened", "--allow", "allow.yaml").returncode == 1
    assert sides("# moved\n" + OLD, "\n\n" + WIDER, "--fail-on", "any", "--allow", "allow.yaml").returncode == 0


def test_a_statement_can_be_approved(sides, write) -> None:
    (id_,) = ids(sides, STATED, OLD)
    write("allow.yaml", f"allow: [{{id: {id_}, because: seen}}]\n")
    assert sides(STATED, OLD, "--fail-on", "any", "--allow", "allow.yaml").returncode == 0


def test_an_entry_holds_until_the_end_of_its_day(sides, write) -> None:
    (id_,) = ids(sides, OLD, WIDER)
    entry = f"allow: [{{id: {id_}, because: seen, until: 2026-11-20, change: wider for clerks}}]\n"
    write("allow.yaml", entry)
    late = sides(OLD, WIDER, "--fail-on", "any", "--allow", "allow.yaml")
    assert late.returncode == 1
    assert f"entries that allowed nothing\n  {id_}: ended on 2026-11-20: wider for clerks\n" in late.stdout.decode()
    now = ("--now", "2026-11-21T06:59:59Z")
    denver = [f'timezone "America/Denver"\n{text}' for text in (OLD, WIDER)]
    assert sides(*denver, *now, "--fail-on", "any", "--allow", "allow.yaml").returncode == 0
    assert sides(*denver, "--now", "2026-11-21T07:00:00Z", "--fail-on", "any", "--allow", "allow.yaml").returncode == 1


def test_entries_without_a_change_are_named(sides, write) -> None:
    write("allow.yaml", f"allow:\n  - id: {'0a' * 16}\n    because: was needed once\n")
    result = sides(OLD, OLD, "--fail-on", "any", "--allow", "allow.yaml")
    assert result.returncode == 0
    assert f"  {'0a' * 16}: this change does not exist: was needed once\n" in result.stdout.decode()
    markdown = sides(OLD, OLD, "--allow", "allow.yaml", "--format", "markdown").stdout.decode()
    # In code, where code hosts would take it for a commit.
    assert f"- <code>{'0a' * 16}:</code> this change does not exist: was needed once\n" in markdown
    found = json.loads(sides(OLD, OLD, "--allow", "allow.yaml", "--format", "json").stdout)
    Draft202012Validator(SCHEMAS["diff"]()).validate(found)
    assert [each["over"] for each in found["unused"]] == [False]


BAD = f"allow:\n  - id: {'0a' * 16}\n    because: x\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "allow.yaml:1:1: the file is empty"),
        ("allow: 3\n", "allow.yaml:1:8: "),
        ("other: []\n", "allow.yaml:1:1: "),
        ("allow: [{because: x}]\n", "allow.yaml:1:9: "),
        ("allow: [{id: 12, because: x}]\n", "allow.yaml:1:14: "),
        (f"allow: [{{id: {'0A' * 16}, because: x}}]\n", "allow.yaml:1:14: "),
        (BAD.replace("because: x", "because: ' '"), "allow.yaml:3:14: "),
        (BAD + "    until: 2026-02-30\n", "allow.yaml:4:12: `2026-02-30` is not a valid date"),
        (BAD + "    until: tomorrow\n", "allow.yaml:4:12: "),
        (BAD + "    by: me\n", "allow.yaml:4:5: unknown field `by`"),
        (BAD + BAD.partition("\n")[2], "allow.yaml:4:9: this change is allowed twice"),
        ("allow: &a []\n", "allow.yaml:1:8: anchors and aliases are not supported"),
        ("allow: [\n", "allow.yaml:2:1: this is not valid YAML"),
        (b"\xff", "allow.yaml: not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused(sides, write, content, said: str) -> None:
    write("allow.yaml", content)
    result = sides(OLD, WIDER, "--allow", "allow.yaml")
    assert (result.returncode, result.stdout) == (2, b"")
    assert said in result.stderr.decode().replace("error: ", "").replace(" --> ", "")


def test_a_file_that_is_not_there_is_refused(sides) -> None:
    for name in ("nowhere.yaml", ".", "/dev/zero"):
        result = sides(OLD, WIDER, "--allow", name)
        assert (result.returncode, result.stdout) == (2, b"")
        assert b"cannot be read" in result.stderr


# --- what cannot be compared ---------------------------------------------------------------------------------


def test_broken_sources_on_one_side(sides, run) -> None:
    broken = OLD.replace("grant view", "grant veiw")
    for texts, word, name in (((broken, OLD), "old", "old.policy"), ((OLD, broken), "new", "new.policy")):
        result = sides(*texts)
        assert (result.returncode, result.stdout) == (2, b"")
        said = result.stderr.decode()
        assert f"the {word} side cannot be compared" in said
        assert f"{name}:4:" in said
        assert "help: " in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("old.policy",), "name what to compare old.policy with"),
        ((), "Missing argument"),
        (("old.policy", "nowhere"), "nowhere: there is no such file or folder, and no git repository here"),
        (("nowhere", "old.policy"), "nowhere: there is no such file or folder, and no git repository here"),
        (("old.policy", "old.policy", "old.policy"), "PATHS need revisions"),
        (("old.policy", "people.json"), "the new side cannot be compared"),
        (("old.policy", "empty"), "the new side cannot be compared"),
        (("--now", "yesterday", "old.policy", "old.policy"), "is not an instant"),
        (("--now", "0001-01-01T00:00:00Z", "old.policy", "old.policy"), "outside the calendar"),
        (("main..HEAD",), "no git repository here"),
    ],
)
def test_what_cannot_be_compared(run, write, arguments: tuple[str, ...], said: str) -> None:
    write("old.policy", OLD)
    write("people.json", "{}\n")
    write("empty/notes.txt", "nothing\n")
    result = run("diff", *arguments)
    assert (result.returncode, result.stdout) == (2, b"")
    assert said in re.sub(r"\s+", " ", result.stderr.decode())


def test_what_is_huge_is_refused_or_counted(run, write) -> None:
    """A file beyond the size limit, and very many changes, which are counted rather than printed."""
    write("policylang.yaml", "limits: {file_bytes: 1000}\n")
    write("old/a.policy", OLD)
    write("new/a.policy", OLD + "#" * 1000)
    result = run("diff", "old", "new")
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"the new side cannot be compared" in result.stderr
    many = "".join(f"role r{n} {{ grant view on doc }}\n" for n in range(300))
    write("policylang.yaml", "{}\n")
    write("new/a.policy", OLD + many)
    result = run("diff", *NOW, "old", "new")
    assert result.returncode == 0
    assert len(result.stdout) < 200_000


def test_nothing_from_a_policy_reaches_the_terminal_as_it_is(sides) -> None:
    hostile = WIDER.replace('"amy"', '"a\\u{1B}[31m\\u{202E}"')
    result = sides(OLD.replace('"amy"', '"a\\u{1B}[31m\\u{202E}"'), hostile)
    assert b"\x1b" not in result.stdout
    assert "\u202e" not in result.stdout.decode()


def test_the_schema_is_printed(run) -> None:
    for name in ("diff", "allow"):
        assert json.loads(run("schema", name).stdout) == json.loads(schema_text(name))


def test_paths_are_never_options(run, write) -> None:
    write("-x/a.policy", OLD)
    result = run("diff", *NOW, "--", "-x", "-x")
    assert (result.returncode, b"no change in access" in result.stdout) == (0, True)
    assert Path("-x/a.policy").exists()
