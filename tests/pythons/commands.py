"""What the Pythons are compared by: commands, and the files that they read and write, in a folder of each run's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from policylang.targets import NAMES

TESTS = Path(__file__).parents[1]
SETS = Path(__file__).parent / "sets"
NOW = ["--now", "2026-11-21T12:00:00Z"]

Command = tuple[list[str], str]
"""Arguments, and what standard input gives."""

_WRITTEN = {  # where a value stands, and values that Pythons read or refuse differently
    "created after {}": (
        *("2026-01-31T24:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T08:00:60Z", "2026-01-31T08:60:00Z"),
        *("2026-01-31T08:00:00.1Z", "2026-01-31T08:00:00.1234567Z", "2026-01-31T08:00Z", "2026-01-31T08Z"),
        *("2026-01-31T08:00:00+24:00", "2026-01-31T08:00:00-23:59", "2026-01-31T08:00:00+05:60"),
        *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z"),
        *("2026-W05-6", "20260131", "2026-031", "2026-01-31t08:00:00z", "2026-01-31T08:00:00+0100"),
    ),
    "day after {}": ("0000-01-01", "2026-02-30", "2026-13-01", "2026-00-10", "9999-12-31", "0001-01-01", "2026-02-29"),
    "from_ip is {}": (
        *(
            '"1.2.3"',
            '"01.2.3.4"',
            '"1.2.3.4 "',
            '"1.2.3.256"',
            '"\u0661.2.3.4"',
            '"1.2.3.4/24"',
            '"::1%eth0"',
            '"::1%"',
        ),
        *('"::ffff:1.2.3.4"', '"::FFFF:0:0"', '"::ffff:1.2.3.4%a"', '"::1.2.3.4"', '"64:ff9b::1.2.3.4"', '":::"', '""'),
        *('"1:2:3:4:5:6:7:8:9"', '"12345::"', '"::ffff:1.2.3"', '"%"', f'"{"1:" * 500}"', '"::ffff:0:1.2.3.4"'),
    ),
    "from_ip in {}": (
        *(
            '"10.0.0.0/8"',
            '"10.0.0.1/8"',
            '"::ffff:10.0.0.0/104"',
            '"::ffff:0:0/96"',
            '"::/95"',
            '"::/0"',
            '"1.2.3.4/33"',
        ),
        *(
            '"10.0.0.0/255.0.0.0"',
            '"10.0.0.0/0.255.255.255"',
            '"::1/64"',
            '"::%a/8"',
            '"1.2.3.4/-1"',
            '"1.2.3.4/\u0668"',
        ),
        *('"1.2.3.4/08"', '"1.2.3.4/"', '"/8"', '"::ffff:1.2.3.4/97"', f'"::/{"9" * 5000}"'),
    ),
    "size < {}": (
        "9007199254740991",
        "9007199254740992",
        "1.0",
        "1.5",
        "-0",
        "007",
        "\u0667",
        "9" * 5000,
        "1e5",
        "1_000",
    ),
    "ratio < {}": (f"0.{'1' * 200}", f"0.{'1' * 5000}", "-0.0", "1.50", ".5", "5.", "NaN", "9" * 5000),
    "age < {}": (
        "1 day",
        "1 days",
        "\u0661 days",
        "0 weeks",
        "999999999999 days",
        "-1 days",
        "1.5 days",
        "9" * 5000 + " days",
    ),
    "title is {}": (
        *(
            '"\\u{110000}"',
            '"\\u{D800}"',
            '"\\x"',
            '"\ufb01n"',
            '"\u0430bc"',
            '"a\u200db"',
            '"\U0001fae8"',
            '"\U0001e030a"',
        ),
        *(
            '"\u1e9e"',
            '"\u01c4"',
            '"\ua7cb"',
            '"\ud7a3"',
            '"\x85"',
            '"\u2028"',
            '"\ufeff"',
            '"e\u0301"',
            '"\u3164"',
            '"\xad"',
        ),
        *(
            '"\U00010d50b"',
            '"\uff21\uff42"',
            '"\U0001ccd6b"',
            "'a'",
            '"',
            '"a',
            "\u201ca\u201d",
            "wort\u00e9",
            "\u2168",
        ),
    ),
}
_RESOURCE = """resource doc {
  created : datetime  day : date  from_ip : ip  size : int  ratio : decimal  age : duration  title : text
  actions view
}
"""
_POLICIES = (
    *(
        "",
        "\ufeff",
        "\0",
        "role",
        "role r {",
        "role r }",
        "user user user",
        "# \U0001fae8 only",
        "\x0c",
        "role r\x1f{ }",
    ),
    *(
        "role a\U0001e030 { }",
        "role \U0001e030 {",
        "r\U0001e030le r",
        "user a\U0001e030@x.test",
        "role r { \U0001e030 grant }",
    ),
    *(
        "x" * 5000,
        "\U0001fae8",
        "r\u00f4le r",
        'role r "\U0001ccd6',
        "role r\u2028role s",
        "role r\x85role s",
        "role \u0430",
    ),
    f"{_RESOURCE}policy p on doc {{ {'(' * 2000}size is 1{')' * 2000} }}",
    f"{_RESOURCE}policy p on doc {{ {'not ' * 5000}size is 1 }}",
    "".join(f"role r{n} {{ role r{n + 1} }}\n" for n in range(1200)) + "role r1200",
    'user "\u0130@x"\nuser "i\u0307@x"\nuser "\u1e9e"\nuser "ss"\nuser "a\U0001fae8"'
    '\nuser "\U00010d50"\nuser "\U00010d70"',
    f'{_RESOURCE}role r "\u6f22\u5b57 \U0001fae8 \U0001f1e6 e\u0301 \u1160\u0e33" {{ grant nothing on dok }}'
    ' user "\U0001f9cc" in "x"',
)
_JSON = (
    *(
        '{"a": 1,}',
        '{"a": 1, }',
        "[1,]",
        "[1,,2]",
        "{,}",
        "{'a': 1}",
        '{"a" 1}',
        '{"a": }',
        '"a',
        '{"a": "\\x"}',
        '"\\u12"',
    ),
    *(
        '{"a": 1 "b": 2}',
        '{"a"',
        "{",
        "[",
        "",
        " ",
        "nul",
        "NaN",
        "-Infinity",
        "01",
        "1.",
        "+1",
        "1e999",
        "9" * 5000,
        '"\\ud800"',
    ),
    *(
        '{"a": 1} x',
        '"\t"',
        '{"a": 1, "a": 2}',
        "\ufeff{}",
        "[" * 2000 + "]" * 2000,
        "[" * 200_000,
        '{"a":' * 2000,
        "// x\n{}",
    ),
    *(
        '{"a": 1.50}',
        '{"a": 1e-400}',
        '{"a": true}',
        "[]",
        "null",
        '"\\ud83d\\udc69"',
        '{"created": "2026-01-31T24:00:00Z"}',
    ),
    *(
        '{"from_ip": "::ffff:1.2.3.4"}',
        '{"from_ip": "::ffff:1.2.3.4%a"}',
        '{"day": "20260131"}',
        '{"created": "2026-01-31"}',
    ),
)
_YAML = (
    *(
        "a: 'b",
        'a: "b',
        'a: "\\q"',
        "a: b: c",
        "a:\n\t- b",
        "\tx",
        "- a\nb",
        "a: [b",
        "a: {b",
        "a: ]",
        "@a",
        "`a",
        "%a",
        "a: *b",
    ),
    *(
        "a: &b c",
        "!!int 3",
        "!x y",
        "? [a]\n: b",
        "a: 1\na: 2",
        "\x00",
        "\x07",
        "a: \x85",
        "a\u2028b",
        "\ufffe",
        "\ufeffa: 1",
        "---\n---\n",
    ),
    *(
        "a: |\n x\n  y",
        "a: >z\n x",
        "<<: {a: 1}",
        "[" * 100,
        "[" * 5000,
        "",
        "~",
        "3",
        "a: 1_0",
        "a: 0o7",
        "a: 1:0",
        "a: 2026-01-31",
    ),
    *(
        "roots: []",
        "roots: 3",
        "rots: [a]",
        "severities: {PL101: off}",
        "thresholds: {x: 1}",
        "directory: [a.txt]",
        "limits: {}",
    ),
    *(
        "format: {line_width: 3}",
        "format: {line_width: '60'}",
        "ignores: {a: [PL1]}",
        "roots: ['a\\0b']",
        'roots: ["\\ud800"]',
    ),
)
_CSV = (
    *(
        'id\n"a',
        'id\n"a"b',
        'id\na"b',
        "id\ra\rb",
        "id\na\0b",
        "id,id\na,b",
        "",
        "id\n\n\n",
        "id\na,b",
        "name\na",
        "ID\na",
        "\ufeffid\na",
    ),
    *(
        f"id\n{'a' * 140_000}",
        'id\n"a\n\nb"',
        "id;name\na;b",
        "id\n\U0001fae8",
        "id,from\na,2026-02-30",
        "id\t\na",
        "\u0130d\na",
    ),
)
_INSTANTS = (
    *(
        "x",
        "",
        "2026-11-21",
        "2026-11-21T12:00:00",
        "2026-11-21T24:00:00Z",
        "2026-13-21T12:00:00Z",
        "2026-11-31T12:00:00Z",
    ),
    *(
        "2026-11-21T12:00:00.1234567Z",
        "2026-W47-6T12:00:00Z",
        "20261121T120000Z",
        "2026-11-21 12:00:00Z",
        "2026-11-21T12Z",
    ),
    *("2026-11-21T12:00:00+24:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-23:00", "2026-11-21T12:00:00,5Z"),
    *("2026-11-21T12:00:00+01:00:30", "2026-11-21T12:60:00Z", "\u0662026-11-21T12:00:00Z", "2026-11-21T12:00:00z"),
)
_USAGE = (
    *(
        "",
        "--version",
        "--help",
        "chek",
        "check --formt json",
        "check --format xml",
        "check --now",
        "check --select",
        "check -x",
    ),
    *(
        "check --select PL999",
        "check --select \u017fx",
        "compile --target ceder",
        "compile a b c",
        "explain",
        "explain PL999",
    ),
    *(
        "explain a b",
        "test --fail-under x",
        "test --fail-under 101",
        "agenda --days -1",
        "agenda --days 99999999999",
        "schema x",
    ),
    *("diff a", "diff", "decide", "access --resource", "check nowhere", f"check {'n' * 300}", "fmt nowhere"),
    *(
        "test nowhere",
        "sql a b c --dialect klingon --policies sets/plain",
        "init sets/plain",
        "completion tcsh",
        "check --exit-zero=3",
    ),
    *(
        "schema ir",
        "schema config",
        "schema test",
        "schema allow",
        "schema directory",
        "completion bash",
        "check --baseline nowhere",
    ),
    *(
        f"{command} --help"
        for command in ("check", "compile", "test", "decide", "diff", "sql", "fmt", "explain", "access")
    ),
)


def write(folder: Path) -> None:
    """All that the commands read, into an empty folder."""
    shutil.copytree(SETS, folder / "sets")
    for name in ("ir/cases", "acceptance/faults", "syntax/errors", "model/cases"):
        shutil.copytree(TESTS / name, folder / name)
    shutil.copytree(TESTS.parent / "policies" / "quickstart", folder / "policies")
    for name, text in _wrong().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
    (folder / "wrong" / "latin.policy").write_bytes("role é".encode("latin-1"))


def _wrong() -> dict[str, str]:
    wrong = {"one/a.policy": f"{_RESOURCE}role r\n", "config-wrong/policylang.yaml": "rots: [a]\n"}
    for number, (place, values) in enumerate(_WRITTEN.items()):
        lines = [f"policy p{n} on doc {{ {place.format(value)} }}\n" for n, value in enumerate(values)]
        wrong[f"wrong/values{number}.policy"] = f"{_RESOURCE}{''.join(lines)}"
    wrong |= {f"wrong/text{n}.policy": text for n, text in enumerate(_POLICIES)}
    wrong |= {f"wrong/{n}.json": text for n, text in enumerate(_JSON)}
    wrong |= {f"config{n}/policylang.yaml": text for n, text in enumerate(_YAML)}
    wrong |= {f"config{n}/a.policy": "role r\n" for n, _ in enumerate(_YAML)}
    wrong |= {f"wrong/{n}.test.yaml": text for n, text in enumerate(_YAML)}
    wrong |= {
        f"wrong/now{n}.test.yaml": f'policies: .\nnow: "{text}"\nrecords: {{}}\ntests: []\n'
        for n, text in enumerate(_INSTANTS)
    }
    wrong |= {f"wrong/{n}.yaml": text for n, text in enumerate(_YAML)}
    for suffix, texts in (("csv", _CSV), ("json", _JSON[::3]), ("yaml", _YAML[::3])):
        for n, text in enumerate(texts):
            folder = f"people-{suffix}{n}"
            wrong |= {f"{folder}/policylang.yaml": f"directory: [p.{suffix}]\n", f"{folder}/a.policy": "role r\n"}
            wrong[f"{folder}/p.{suffix}"] = text
    return wrong


def commands(folder: Path) -> dict[str, Command]:
    """By a name, which says what is asked."""
    asked = {" ".join(each)[:120]: (each, "") for each in (*_right(folder), *_refused(folder))}
    asked |= {f"usage {line[:60]}": (line.split(" ") if line else [], "") for line in _USAGE}
    asked |= {f"fmt - {n}": (["fmt", "-"], text) for n, text in enumerate(_POLICIES)}
    return asked


def _right(folder: Path) -> Iterator[list[str]]:
    sets = [*(f"sets/{name}" for name in ("plain", "values")), *_files(folder, "ir/cases/*.policy"), "policies"]
    for each in sets:
        name = each.replace("/", "-")
        yield ["compile", each]
        yield ["compile", each, "-o", f"out/{name}.json"]
        for format in ("text", "json", "sarif"):
            yield ["check", each, *NOW, "--format", format]
        yield ["fmt", each, "--diff"]
        yield ["agenda", each, *NOW]
        yield ["access", "--as-role", "rep", "--policies", each, *NOW]
    for format in ("github", "gitlab", "junit"):
        yield ["check", "sets/values", *NOW, "--format", format]
    yield ["check", "sets/values", *NOW, "--write-baseline", "out/baseline.json"]
    yield ["agenda", "sets/values", *NOW, "--format", "icalendar"]
    for target in NAMES:
        yield ["compile", "sets/plain", "--target", target, *NOW, "-o", f"out/{target}"]
        yield ["compile", "sets/values", "--target", target, *NOW, "-o", "out/refused"]
    yield from _asked()
    for format in ("text", "json", "markdown"):
        yield ["diff", "sets/plain", "sets/other", *NOW, "--format", format]
        yield ["diff", "sets/values", "sets/plain", *NOW, "--format", format]
    for format in ("text", "json", "junit"):
        yield ["test", "sets/plain", "--coverage", "--format", format]
    yield ["test", "policies", "--coverage-json", "out/coverage.json", "--coverage-lcov", "out/coverage.lcov"]
    yield ["test", "--generate", "policies", "-o", "out/generated.test.yaml"]
    yield ["check", *_files(folder, "acceptance/faults/*.policy")[:1], *NOW]


def _asked() -> Iterator[list[str]]:
    ann, policies = "ann'é@acme.test", ["--policies", "sets/plain", *NOW]
    record = (
        '{"resource": "customer", "from_ip": "::ffff:a01:203", "created": "2026-11-01T00:00:00Z", "status": "active"}'
    )
    for format in ("text", "json", "csv"):
        yield ["access", ann, *policies, "--format", format]
        yield ["who-can", "view", "customer", *policies, "--format", format]
    for format in ("text", "json"):
        yield ["decide", ann, "modify", *policies, "--record", record, "--format", format]
        yield ["decide", "böb@acme.test", "view", *policies, "--record", record, "--format", format]
        yield ["sql", "böb@acme.test", "view", "customer", *policies, "--format", format]
        yield ["sql", ann, "view", "customer", *policies, "--format", format, "--dialect", "sqlite"]
    yield ["eligible", "customer.owner", *policies]


def _refused(folder: Path) -> Iterator[list[str]]:
    check = ["check", "--select", "PL1", *NOW]
    for pattern in (
        "sets/wrong/*.policy",
        "wrong/*.policy",
        "syntax/errors/*.policy",
        "model/cases/*.policy",
        "wrong/*.json",
    ):
        yield from ([*check, file] for file in _files(folder, pattern))
    yield from ([*check, set] for set in (*_files(folder, "config*"), *_files(folder, "people-*")))
    yield from (["test", file] for file in _files(folder, "wrong/now*.test.yaml"))
    yield from (["test", file] for file in _files(folder, "wrong/?.test.yaml"))
    yield from (["check", "one", *NOW, "--baseline", file] for file in _files(folder, "wrong/?.json"))
    for file in _files(folder, "wrong/*.json"):
        yield ["decide", "x", "view", "--policies", "one", "--resource", "doc", *NOW, "--record", file]
    for file in _files(folder, "wrong/?.yaml"):
        yield ["diff", "one", "one", *NOW, "--allow", file]
    yield from (["agenda", "one", "--now", text] for text in _INSTANTS)


def _files(folder: Path, pattern: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern))
