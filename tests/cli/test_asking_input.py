"""Records, changes and requests as people and programs may give them, and output that is safe to print."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from policylang.cli.main import commands
from policylang.files.json_source import JsonError, read_json
from policylang.output.tables import as_csv, table
from policylang.text.readable import json_bytes
from tests.cli.asking import NOW, POLICIES, Ask, record

DECIDE = ["decide", "dana@acme.test", "view", "--resource", "customer"]
CHANGE = ["decide", "dana@acme.test", "modify", "--resource", "customer", "--record", "{}"]

BAD_JSON = [
    ("{", "not JSON: expecting property name", ":1:2"),
    ('{"a": }', "not JSON: expecting value", ":1:7"),
    ('{"a": 1} {}', "not JSON: extra data", ":1:10"),
    ('{"a": 1, "a": 2}', "the key `a` is given twice", ""),
    ('{"a": {"b": 1, "b": 1}}', "the key `b` is given twice", ""),
    ('{"a": NaN}', "`NaN` is not a number", ""),
    ('{"a": [-Infinity]}', "`-Infinity` is not a number", ""),
    ('{"a": 1' + "0" * 5000 + "}", "more than 200 digits", ""),
    ('{"a": 1e999999999999999999999}', "more than 200 digits", ""),
    ('{"a": 1e201}', "more than 200 digits", ""),
    ('{"a": 0.' + "1" * 201 + "}", "more than 200 digits", ""),
    ('{"a": "\\ud800"}', "holds half of a surrogate pair", ""),
    ('{"\\udc00": 1}', "holds half of a surrogate pair", ""),
    ('{"a": "\x01"}', "not JSON: invalid control character", ":1:8"),
    ('{"a": ' + "[" * 50 + "]" * 50 + "}", "nested too deeply", ""),
    ('{"a": ' + "[" * 100_000, "nested too deeply", ""),
    ('{"a": ' * 100_000, "nested too deeply", ""),
]


@pytest.mark.parametrize(("text", "words", "place"), BAD_JSON, ids=[words for _, words, _ in BAD_JSON])
def test_json_that_is_refused(ask: Ask, write, text: str, words: str, place: str) -> None:
    write("r.json", text)
    assert ask(*DECIDE, "--record", "r.json").exit_code == 2
    for option, base in (("--record", DECIDE), ("--request", DECIDE), ("--changes", CHANGE)):
        result = ask(*base, option, text)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: {option}{place}: ")
        assert words in result.stderr


@pytest.mark.parametrize("value", ["true", "false", "1.5"])
def test_values_of_the_wrong_type_are_shown_as_written(ask: Ask, value: str) -> None:
    result = ask(*DECIDE, "--record", f'{{"sales_rep": {value}}}')
    assert result.exit_code == 1
    assert f", {value} is not" in result.stdout


@pytest.mark.parametrize("text", ["[1]", "3", "null", '"x"', ""])
def test_what_is_no_object(ask: Ask, write, text: str) -> None:
    write("r.json", text)
    result = ask(*DECIDE, "--record", "r.json")
    assert result.exit_code == 2
    assert ("this is not an object" in result.stderr) == bool(text)
    write("r.yaml", text)
    result = ask(*DECIDE, "--record", "r.yaml")
    assert result.exit_code == 2
    assert "this is not an object" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a: &x 1\nb: *x\n", "anchors and aliases are not supported"),
        (b"a: !!python/object:os.system x\n", "tags are not supported"),
        (b"a: 1\na: 2\n", "the key `a` is given twice"),
        (b"a: [\n", "not valid YAML"),
        (b"? [1]\n: 2\n", "a key must be text"),
        (b"a: " + b"[" * 60 + b"]" * 60, "nested too deeply"),
        (b"a: 1" + b"0" * 5000, "has more than 200 digits"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: 1\n---\nb: 2\n", "not valid YAML"),
    ],
)
def test_yaml_that_is_refused(ask: Ask, write, text: bytes, words: str) -> None:
    write("r.yaml", text)
    result = ask(*DECIDE, "--record", "r.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error: r.yaml:" in result.stderr
    assert words in result.stderr


def test_files_that_cannot_be_read(ask: Ask, write, tmp_path: Path) -> None:
    write("bad.json", b'{"a": "\xff"}')
    os.mkfifo(tmp_path / "pipe.json")
    with (tmp_path / "large.json").open("wb") as large:
        large.truncate(5 * 1024**2)
    for given, words in (
        ("nowhere.json", "cannot be read: no such file"),
        ("", "error: --record: nothing is given"),
        ("  ", "error: --record: nothing is given"),
        (".", "cannot be read: not a regular file"),
        ("x" * 5000, "cannot be read: file name too long"),
        ("bad.json", "not UTF-8: byte 7"),
        ("pipe.json", "not a regular file"),
        ("large.json", "larger than 4,194,304 bytes"),
        ("/dev/zero", "not a regular file"),
    ):
        result = ask(*DECIDE, "--record", given)
        assert (result.exit_code, result.stdout) == (2, ""), given
        assert words in result.stderr
        assert "give a JSON object, a file that holds one" in result.stderr or given == "bad.json"


def test_standard_input(ask: Ask) -> None:
    assert ask(*DECIDE, "--record", "-", input=b'{"sales_rep": "dana@acme.test"}').exit_code == 0
    for given, words in (
        (b"", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b" " * (5 * 1024**2), "larger than 4,194,304 bytes"),
    ):
        result = ask(*DECIDE, "--record", "-", input=given)
        assert result.exit_code == 2
        assert "standard input" in result.stderr
        assert words in result.stderr
    result = ask(*DECIDE, "--record", "-", "--request", "-", input=b"{}")
    assert result.exit_code == 2
    assert "standard input can only be read once" in result.stderr


def test_standard_input_closed_by_the_caller(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("policies/a.policy", POLICIES)
    command = f"{sys.executable} -m policylang {' '.join(DECIDE)} --record - <&-"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, shell=True, capture_output=True, env=environment)
    assert done.returncode == 2
    assert b"standard input" in done.stderr
    assert b"Traceback" not in done.stderr


def test_arguments_that_are_not_utf8(run, write) -> None:
    write("policies/a.policy", POLICIES)
    bad = os.fsdecode(b"\xff")
    for arguments in (
        ["decide", bad, "view", "--resource", "api"],
        ["decide", "dana@acme.test", bad, "--resource", "api"],
        ["decide", "dana@acme.test", "view", "--resource", bad],
        ["decide", "dana@acme.test", "view", "--resource", "api", "--record", '{"a": "' + bad + '"}'],
        ["access", bad],
        ["access", "--as-role", bad],
        ["eligible", bad],
        ["who-can", bad, "customer"],
        ["access", "dana@acme.test", "--now", bad],
        ["access", "dana@acme.test", "--policies", bad],
    ):
        result = run(*arguments, "--format", "json")
        assert (result.returncode, result.stdout) == (2, b""), arguments


def test_names_with_control_characters_do_not_reach_the_terminal(ask: Ask) -> None:
    hostile = "\x1b[31m\u202e"
    for arguments in (
        [*DECIDE, "--record", json.dumps({hostile: hostile, "name": hostile})],
        ["decide", hostile, "view", "--resource", "customer"],
        ["decide", "dana@acme.test", hostile, "--resource", hostile],
        [*DECIDE, "--field", hostile],
        [*CHANGE, "--changes", json.dumps({hostile: hostile})],
        ["access", hostile],
        ["who-can", hostile, "customer"],
        ["who-can", "view", hostile],
        ["eligible", hostile],
        ["eligible", f"customer.{hostile}"],
    ):
        for format in ("text", "json"):
            result = ask(*arguments, "--format", format)
            assert result.exit_code in (1, 2)
            assert not set(hostile) & {"\x1b", "\u202e"} & set(result.output), arguments


def test_texts_of_policies_do_not_reach_the_terminal(ask: Ask, write) -> None:
    users = 'user "\\u{1B}[31m=1+1" "a\\u{202E}\\n" in sales\nuser "=cmd" "@SUM(1)" in sales\n'
    write("policies/b.policy", users)
    for command in (["who-can", "view", "customer"], ["eligible", "customer.sales_rep"], ["access", "=cmd"]):
        for format in ("text", "json", "csv"):
            shown = ask(*command, "--format", format).stdout
            assert not {"\x1b", "\u202e"} & set(shown)
    content = json.loads(ask("eligible", "customer.sales_rep", "--format", "json").stdout)
    assert content["users"][0] == {"user": "\x1b[31m=1+1", "name": "a\u202e\n"}
    table = ask("eligible", "customer.sales_rep", "--format", "csv").stdout_bytes.decode()
    assert list(csv.reader(io.StringIO(table, newline="")))[1:] == [
        ["\\u{1B}[31m=1+1", "a\\u{202E}\\u{A}", NOW],
        ["'=cmd", "'@SUM(1)", NOW],
        ["dana@acme.test", "Dana", NOW],
    ]


# --- the parts ----------------------------------------------------------------------------------------------


def test_json_numbers() -> None:
    assert read_json("[1, -1, 9007199254740993]") == [1, -1, 9007199254740993]
    assert [str(each) for each in read_json("[0.1, 1.50, -0.0, 1e2, 1.5E-3]")] == [
        "0.1",
        "1.50",
        "-0.0",
        "1E+2",
        "0.0015",
    ]
    assert json_bytes(read_json('{"a": 0.30000000000000000004, "b": 123456789012345678901234567890}')) == (
        b'{\n  "a": 0.30000000000000000004,\n  "b": 123456789012345678901234567890\n}\n'
    )
    with pytest.raises(JsonError):
        read_json("1" * 201)


def test_json_output_is_exact_and_harmless() -> None:
    content = {"a": "\x00\x1b\x7f\x9b\u202e\U000e0001é😀", "\u200b": ["\ufeff"]}
    text = json_bytes(content)
    assert json.loads(text) == content
    assert all(character.isprintable() or character == "\n" for character in text.decode())
    assert "é😀" in text.decode()


def test_csv() -> None:
    rows = [["a,b", 'say "x"', "-1"], ["", "+1", "\tx"]]
    assert as_csv(("one", "two", "three"), rows) == (b'one,two,three\r\n"a,b","say ""x""",\'-1\r\n,\'+1,\\u{9}x\r\n')


def lines(*given: Any) -> list[str]:
    return [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in table(*given)]


def test_tables() -> None:
    assert lines(("a", "b", "c"), [("1", "", "long words here"), ("12345", "", "")]) == [
        "a      c",
        "1      long words here",
        "12345",
    ]
    assert lines(("a", "b"), [("日本", "x"), ("abc", "y")]) == ["a     b", "日本  x", "abc   y"]
    assert lines(("a",), []) == []


@pytest.mark.parametrize("width", [10, 20, 40, 80, 200])
def test_tables_within_a_width(width: int) -> None:
    rows = [
        (
            "customer",
            "view, create, modify",
            "all but monthly_rate",
            "assigned user is sales rep; created within 30 days",
        ),
        ("personal_appointment_of_the_year", "view", "日本" * 30, "x" * 300),
    ]
    found = lines(("resource", "action", "fields", "limits"), rows, width)
    if width >= 40:
        assert all(len(line) + sum(c in "日本" for c in line) <= width for line in found)
    for row in rows:
        for cell in row:
            assert Counter(cell.replace(" ", "")) <= Counter("".join(found))


def test_wide_tables_on_a_narrow_terminal(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = ask("access", "dana@acme.test").stdout.splitlines()
    assert max(map(len, shown)) <= 60
    monkeypatch.setenv("COLUMNS", "nonsense")
    assert ask("access", "dana@acme.test").exit_code == 0


def test_many_users(write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    users = "".join(f'user "u{n:05}@acme.test" in sales\n' for n in range(5_000))
    write("policies/a.policy", POLICIES + users)
    for arguments in (["who-can", "view", "customer"], ["who-can", "view", "customer", "--record", record()]):
        result = CliRunner().invoke(commands, [*arguments, "--now", NOW, "--format", "csv"])
        assert result.exit_code == 0
    assert len(CliRunner().invoke(commands, ["eligible", "customer.sales_rep"]).stdout.splitlines()) == 5_004
