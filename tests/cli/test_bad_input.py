"""Whatever is thrown at it: a diagnostic and an exit code; no traceback, no partial file, no runaway."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from policylang.cli.main import commands
from policylang.files import writing as files
from tests.helpers import TESTS

CLEAN = "resource doc { actions view }\n"


def check(run, expected: int, *words: str, paths: tuple[str, ...] = (), rules: bool = True) -> str:
    """Check the sources, in text and in JSON, and look for words in the output; the rules cope with them as well."""
    result = run("check", "--select", "PL1", *paths)
    text = (result.stdout + result.stderr).decode()
    assert result.returncode == expected, text
    for word in words:
        assert word in text, text
    as_json = run("check", "--select", "PL1", "--format", "json", *paths)
    assert as_json.returncode == expected
    content = json.loads(as_json.stdout)
    assert bool(content["problems"] or content["findings"]) == (expected != 0)
    if expected == 0 and rules:
        assert run("check", "--exit-zero", *paths).returncode == 0
    return text


def test_empty_file(run, write) -> None:
    write("policies/a.policy", "")
    check(run, 0, "no findings in 1 file")
    assert run("compile").returncode == 0


def test_only_comments(run, write) -> None:
    write("policies/a.policy", "# nothing here yet")
    check(run, 0)


def test_no_files(run, tmp_path) -> None:
    check(run, 2, "policies: cannot be read: no such file or directory")
    (tmp_path / "policies").mkdir()
    check(run, 2, "no `.policy` files here", "policylang init")
    check(run, 2, "nowhere", paths=("nowhere",))
    assert run("compile", "-o", "out.json").returncode == 2
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'role r "caf\xe9"\n', "a.policy:1:12"),
        (b"# fine\nrole \xff\xfe", "a.policy:2:6"),
        (b"\xff\xfer\x00o\x00l\x00e\x00", "a.policy:1:1"),
        (b"role r # \xc3\xa9 \xed\xa0\x80", "a.policy:1:12"),
    ],
)
def test_not_utf8(run, write, content: bytes, place: str) -> None:
    write("policies/a.policy", content)
    write("policies/b.policy", "role s { role r }\nrole t { role }")
    text = check(run, 2, place, "not UTF-8", "save the file as UTF-8")
    # What can be read is still checked; what the unreadable file may declare is not held against it.
    assert "PL100" in text
    assert "PL101" not in text


def test_byte_order_mark_is_fine(run, write) -> None:
    write("policies/a.policy", b"\xef\xbb\xbf" + CLEAN.encode())
    check(run, 0)


def test_nul_bytes(run, write) -> None:
    write("policies/a.policy", b"role r\x00\nrole s\n")
    check(run, 1, "PL106", "U+0000")
    write("policies/a.policy", b"\x00" * 100_000)
    check(run, 1, "PL106")


def test_line_ends_and_tabs(run, write) -> None:
    write("policies/a.policy", "resource doc {\r\n\tactions view\r\n}\r\nrole r {\tgrant veiw on doc }\r\n")
    check(run, 1, "a.policy:4:16", "    grant veiw on doc")


@pytest.mark.parametrize(
    "line", ["role " + "x" * 10_000_000, "# " + "x" * 10_000_000, " " * 10_000_000, '"' + "é" * 5_000_000]
)
def test_a_line_of_ten_megabytes(run, write, line: str) -> None:
    write("policies/a.policy", f"{line}\nrole s")
    begun = time.monotonic()
    result = run("check")
    assert result.returncode in (0, 1)
    assert len(result.stdout) < 2000
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    "condition", ["(" * 100_000 + "a is 1" + ")" * 100_000, "not " * 100_000 + "a is 1", "(not " * 60_000 + "a is 1"]
)
def test_deep_nesting(run, write, condition: str) -> None:
    write("policies/a.policy", f"resource r {{ a : int  actions view }}\npolicy p on r {{ {condition} }}\n")
    text = check(run, 1, "PL110", "nested deeper than 50 levels")
    assert text.count("PL110") == 1


def test_deep_requirements_and_braces(run, write) -> None:
    write("policies/a.policy", "resource r { action a requires " + "(" * 100_000)
    check(run, 1, "PL110")
    write("policies/a.policy", "{" * 100_000)
    check(run, 1, "PL100")


def test_long_flat_conditions_are_no_problem(run, write) -> None:
    flat = " or ".join(f"a is {n}" for n in range(20_000))
    chain = "up." * 5_000 + "a is 1"
    text = f"resource r {{ a : int  up : r  actions view }}\npolicy p on r {{ {flat} }}\npolicy q on r {{ {chain} }}\n"
    write("policies/a.policy", text)
    check(run, 0, rules=False)  # what a rule asks takes time that grows with the cube of such a condition
    assert run("compile").returncode == 0


def test_the_deepest_nesting_allowed_compiles(run, write) -> None:
    condition = "(a is 1 and (a is 2 or not " * 24 + "a is 3" + "))" * 24
    write("policies/a.policy", f"resource r {{ a : int  actions view }}\npolicy p on r {{ {condition} }}\n")
    write("policylang.yaml", "limits: {nesting: 100}\n")
    check(run, 0)
    result = run("compile")
    assert result.returncode == 0
    from policylang.ir import from_json

    from_json(result.stdout)


@pytest.mark.parametrize(
    "line",
    [
        "group g{n} {{ grant view doc }}",
        "gruop g{n} {{ }}",
        "group g{n} {{ grant veiw on doc }}",
        "role r{n} {{ role x{n} }}",
    ],
)
def test_ten_thousand_errors(run, write, line: str) -> None:
    lines = [line.format(n=n) for n in range(10_000)]
    write("policies/a.policy", CLEAN + "\n".join(lines))
    begun = time.monotonic()
    result = run("check", "--format", "json")
    assert result.returncode == 1
    findings = json.loads(result.stdout)["findings"]
    assert [finding["line"] for finding in findings] == list(range(2, 10_002))
    assert time.monotonic() - begun < 60


def test_hostile_characters_do_not_reach_the_terminal(run, write) -> None:
    write("policies/a.policy", 'role r "\x1b[31mred\x07"\nrole s \u202e\nrole t { role x\u200bx }\nrole раypal\n')
    text = check(run, 1, "PL106", "U+001B", "U+202E", "U+200B", "CYRILLIC")
    assert not set("\x1b\x07\u202e\u200b") & set(text)


def test_a_folder_named_like_a_file(run, write) -> None:
    write("policies/a.policy/b.policy", CLEAN)
    check(run, 0, "no findings in 1 file")


def test_broken_link(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    (tmp_path / "policies" / "b.policy").symlink_to("nowhere.policy")
    check(run, 2, "b.policy: this link is broken")


def test_a_link_to_a_policy_file_and_loops_of_folders(run, write, tmp_path) -> None:
    write("policies/a.policy", "role a")
    write("other.policy", "role b { role a }")
    (tmp_path / "policies" / "b.policy").symlink_to(tmp_path / "other.policy")
    (tmp_path / "policies" / "loop").symlink_to(tmp_path / "policies")
    check(run, 0, "no findings in 2 files")


def test_not_a_regular_file(run, tmp_path) -> None:
    (tmp_path / "policies").mkdir()
    os.mkfifo(tmp_path / "policies" / "pipe.policy")
    check(run, 2, "pipe.policy: cannot be read: not a regular file")
    (tmp_path / "policies" / "pipe.policy").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("policies/s.policy")
        check(run, 2, "s.policy: cannot be read: not a regular file")


def test_a_file_name_that_is_not_utf8(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/policies/\xff.policy")).write_text(CLEAN)
    check(run, 2, "\\udcff.policy: the name of the file cannot be shown")
    (tmp_path / "policies" / "a\nb.policy").write_text(CLEAN)
    check(run, 2, "a\\u{A}b.policy: the name of the file cannot be shown")


def test_a_terminal_that_does_not_know_every_character(run, write) -> None:
    write("policies/a.policy", 'role r "caf\u00e9 \u2026" { grant view on x }\n')
    result = run("check", env={"PYTHONIOENCODING": "latin-1"})
    assert result.returncode == 1
    assert b'"caf\xe9 \\u2026"' in result.stdout


def test_compiled_json_edited_by_hand(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    assert run("compile", "-o", "out.json").returncode == 0
    check(run, 0, "no findings in 1 file", paths=("out.json",))
    check(run, 0, "no findings in 2 files", paths=("out.json", "policies"))
    document = (tmp_path / "out.json").read_bytes()
    for damaged, word in (
        (
            document.replace(b'"view"', b'"edit"').replace(b'"kind": "edit"', b'"kind": "view"'),
            "the digest does not match",
        ),
        (document[:500], "the file ends too early"),
        (document.replace(b'"version": 2', b'"version": 99'), "format version 99"),
        (document.replace(b'"timezone": "UTC"', b'"timezone": 3'), "`timezone` must be a text, not `3`"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ):
        write("out.json", damaged)
        check(run, 2, "out.json", word, paths=("out.json",))
    check(run, 2, "nowhere.json: cannot be read: no such file", paths=("nowhere.json",))


def test_two_files_define_one_name(run, write) -> None:
    write("policies/a.policy", "role guard")
    write("policies/b.policy", "role guard")
    check(run, 1, "PL102", "b.policy:1:6", "first declared here: policies/a.policy:1:6")


@pytest.fixture
def open_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder that everybody may enter, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.chdir(name)
        yield Path(name)


def as_nobody(*arguments: str) -> tuple[int, str]:
    """Run a command in this process without root's power to read and write anywhere."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        result = CliRunner().invoke(commands, arguments)
    finally:
        if root:
            os.seteuid(0)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_unreadable_file_and_folder(open_folder: Path) -> None:
    policies = open_folder / "policies"
    policies.mkdir()
    (policies / "a.policy").write_text(CLEAN)
    (policies / "a.policy").chmod(0)
    code, text = as_nobody("check", "policies")
    assert code == 2
    assert "a.policy: cannot be read: permission denied" in text
    policies.chmod(0)
    code, text = as_nobody("check", "policies")
    policies.chmod(0o755)
    assert code == 2
    assert "permission denied" in text


def test_output_folder_read_only(open_folder: Path) -> None:
    (open_folder / "policies").mkdir()
    (open_folder / "policies" / "a.policy").write_text(CLEAN)
    out = open_folder / "out"
    out.mkdir(mode=0o555)
    code, text = as_nobody("compile", "policies", "-o", "out/x.json")
    assert code == 2
    assert "out/x.json: cannot be written: permission denied" in text
    assert list(out.iterdir()) == []


def test_output_folder_missing(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    result = run("compile", "-o", "nowhere/x.json")
    assert result.returncode == 2
    assert b"nowhere/x.json: cannot be written: no such file or directory" in result.stderr
    assert run("compile", "-o", ".").returncode == 2


def test_disk_full_while_writing(write, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old file stays as it was, and nothing is left beside it."""
    monkeypatch.chdir(tmp_path)
    write("policies/a.policy", CLEAN)
    write("out/x.json", "old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    result = CliRunner().invoke(commands, ["compile", "policies", "-o", "out/x.json"])
    assert result.exit_code == 2
    assert "no space left on device" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.json"]
    assert (tmp_path / "out" / "x.json").read_text() == "old"


def test_writing_beyond_a_size_limit(run, write, tmp_path) -> None:
    """A real failure of the system while writing: the process may not write files of more than a few bytes."""
    write("policies/a.policy", CLEAN)
    (tmp_path / "out").mkdir()
    script = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); \
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); sys.dont_write_bytecode = True; \
from policylang.cli.main import main; main(['compile', 'policies', '-o', 'out/x.json'])"
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment)
    assert result.returncode == 2
    assert b"file too large" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_standard_output_full_or_closed(run, write) -> None:
    write("policies/a.policy", CLEAN)
    for arguments in (["compile"], ["check"], ["schema"]):
        with Path("/dev/full").open("wb") as full:
            result = run(*arguments, stdout=full, stderr=subprocess.PIPE)
        assert result.returncode == 2
        assert b"no space left on device" in result.stderr
        reader, writer = os.pipe()
        os.close(reader)
        result = run(*arguments, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        assert result.returncode == 2
        assert result.stderr == b""


def test_devices_are_written_not_replaced(run, write) -> None:
    write("policies/a.policy", CLEAN)
    assert run("compile", "-o", "/dev/null").returncode == 0
    assert not Path("/dev/null").is_file()
    assert run("compile", "-o", "/dev/full").returncode == 2


def test_standard_output_closed_by_the_caller(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    command = f"{sys.executable} -m policylang"
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    for arguments, code in (("check", 2), ("compile", 2), ("compile -o out.json", 0)):
        result = subprocess.run(f"{command} {arguments} >&-", shell=True, stderr=subprocess.PIPE, env=environment)
        assert result.returncode == code, arguments
        assert b"Traceback" not in result.stderr
        assert (b"error:" in result.stderr) == (code == 2)
    assert (tmp_path / "out.json").stat().st_size > 100


@pytest.mark.parametrize(
    ("arguments", "code"), [("check", 0), ("compile", 0), ("check nowhere", 2), ("test", 0), ("test policies", 2)]
)
def test_standard_error_closed_by_the_caller(run, write, arguments: str, code: int) -> None:
    write("policies/a.policy", CLEAN)
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    command = f"{sys.executable} -m policylang {arguments} 2>&-"
    assert subprocess.run(command, shell=True, stdout=subprocess.PIPE, env=environment).returncode == code


def test_linked_folders_are_part_of_the_set(run, write, tmp_path) -> None:
    write("policies/a.policy", "role a { role b }")
    write("elsewhere/b.policy", "role b")
    (tmp_path / "policies" / "linked").symlink_to(tmp_path / "elsewhere")
    check(run, 0, "no findings in 2 files")
    assert b'"linked/b.policy"' in run("compile").stdout


def test_compiled_json_that_is_no_file(run, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    check(run, 2, "pipe.json: cannot be read: not a regular file", paths=("pipe.json",))
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    check(run, 2, "zero.json: cannot be read: not a regular file", paths=("zero.json",))


def test_roots_outside_the_configs_folder(run, write) -> None:
    write("conf/policylang.yaml", "roots: [../policies]\n")
    write("conf/b.policy", "nonsense")
    write("policies/a.policy", CLEAN)
    check(run, 0, "no findings in 1 file", paths=("conf",))


def test_links_are_followed_and_permissions_kept(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    real = write("real.json", "old")
    real.chmod(0o640)
    (tmp_path / "link.json").symlink_to("real.json")
    assert run("compile", "-o", "link.json").returncode == 0
    assert (tmp_path / "link.json").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert real.read_text() != "old"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"roots: [a\n", ":2:1: this is not valid YAML"),
        (b"rots: [a]\n", "unknown field `rots`"),
        (b"limits:\n  nesting: deep\n", ":2:12: `limits.nesting` must be a whole number from 1 to 100, not `deep`"),
        (b"limits:\n  nesting: 0\n", ":2:12: `limits.nesting`"),
        (b"severities: {PL101: off}\n", ":1:21: `PL101` cannot be changed"),
        (b"severities: {PL201: loud}\n", ":1:21: `severities.PL201`"),
        (b"roots: [a]\nroots: [b]\n", ":2:8: the key `roots` is given twice"),
        (b"roots: &a [x]\nseverities: *a\n", "anchors and aliases are not supported"),
        (b"roots: !!python/object/apply:os.system [echo]\n", "tags are not supported"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff", "not UTF-8"),
        (b"\x00", "not valid YAML"),
        (b"- a\n", "the document must be a mapping, not a list"),
        (b'roots: ["a\\0b"]\n', "cannot contain a NUL"),
    ],
)
def test_bad_config(run, write, content: bytes, words: str) -> None:
    write("policies/a.policy", CLEAN)
    write("policies/policylang.yaml", content)
    check(run, 2, "policylang.yaml", words, paths=("policies",))
    assert run("compile", "policies").returncode == 2


def test_links_in_circles(run, write, tmp_path) -> None:
    write("policies/a.policy", CLEAN)
    (tmp_path / "loop").symlink_to("loop")
    result = run("compile", "policies", "-o", "loop/set.json")
    assert (result.returncode, b"too many levels of symbolic links" in result.stderr) == (2, True)
    write("policylang.yaml", "roots: [policies, loop]\n")
    check(run, 2, "error: loop: this link is broken", paths=())


def test_memory_stays_bounded(run, write, tmp_path) -> None:
    """A megabyte of open parentheses, quotes and unknown characters in 400 MB of address space beyond the start."""
    write("policies/a.policy", "(" * 1_000_000 + '"' * 1_000_001 + "\n" + "§" * 1_000_000)
    script = "import resource; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); \
from policylang.cli.main import main; main(['check', 'policies'])"
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, timeout=120)
    assert result.returncode == 1, result.stderr.decode()[-500:]
