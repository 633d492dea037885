"""`policylang test`: outcomes, outputs, and files that cannot be run."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

POLICIES = """
resource doc { title : text  up : doc  seen : datetime  owner : user  actions view, modify }
policy first on doc { title is "a" and seen within 30 days }
role r { grant view on doc  policy first }
user "u" { assign role r }
"""

HEAD = "policies: .\nnow: 2026-11-21T12:00:00Z\n"
GOOD = HEAD + "records: {one: {resource: doc, title: a, seen: 2026-11-20T12:00:00Z}}\n"


@pytest.fixture
def suite(run, write):
    write("p/a.policy", POLICIES)

    def run_suite(content: str | bytes, *arguments: str):
        write("p/a.test.yaml", content)
        return run("test", "p", *arguments)

    return run_suite


def test_passed(suite) -> None:
    result = suite(GOOD + "tests: [{name: t, user: u, allow: {view: [one]}, deny: {modify: [one]}}]\n")
    assert (result.returncode, result.stdout) == (0, b"2 passed, 0 failed in 1 file\n")


def test_failed_with_the_reason(suite) -> None:
    result = suite(GOOD + "tests:\n- name: t\n  user: u\n  allow: {modify: [one]}\n")
    assert result.returncode == 1
    assert b"p/a.test.yaml:7" in result.stdout
    assert b"u may modify one, but it is denied: nothing grants modify on this `doc`" in result.stdout


def test_request_and_now_of_a_test(run, write) -> None:
    write("p/a.policy", "request { ip : ip }\n" + POLICIES + 'deny view on doc { request.ip in "10.0.0.0/8" }')
    write(
        "p/a.test.yaml",
        GOOD
        + "request: {ip: 192.0.2.1}\ntests:\n"
        + "- {name: outside, user: u, allow: {view: [one]}}\n"
        + "- {name: inside, user: u, request: {ip: 10.0.0.1}, deny: {view: [one]}}\n"
        + "- {name: later, user: u, now: 2026-12-21T12:00:01Z, deny: {view: [one]}}\n",
    )
    assert run("test", "p").stdout == b"3 passed, 0 failed in 1 file\n"


def test_records_that_refer_to_each_other_and_themselves(run, write) -> None:
    loop = 'policy loop on doc { up.up.title is "a" }\nrole l { grant modify on doc  policy loop }\n'
    write("p/a.policy", POLICIES + loop + 'user "l" { assign role l }')
    write(
        "p/a.test.yaml",
        HEAD
        + "records:\n  self: {resource: doc, title: a, up: self}\n  first: {resource: doc, title: b, up: second}\n"
        + "  second: {resource: doc, title: c, up: self}\n  third: {resource: doc, up: first}\n"
        + "tests: [{name: t, user: l, allow: {modify: [self, first, second]}, deny: {modify: [third]}}]\n",
    )
    assert run("test", "p").returncode == 0


def test_json_and_junit(suite) -> None:
    text = GOOD + "tests:\n- {name: 't <&>', user: u, allow: {view: [one], modify: [one]}}\neligible: {doc.owner: []}\n"
    content = json.loads(suite(text, "--format", "json").stdout)
    assert (content["passed"], content["failed"]) == (1, 2)
    assert [case["line"] for case in content["files"][0]["cases"]] == [5, 5, 6]
    root = ElementTree.fromstring(suite(text, "--format", "junit").stdout)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "2", "0")
    assert [case.get("classname") for case in root.iter("testcase")] == ["t <&>", "t <&>", "eligible"]
    assert len(list(root.iter("failure"))) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ":1:1: the file is empty"),
        ("# later\n", ":1:1: the file is empty"),
        ("policies: .\n", "the document has no `now`"),
        (HEAD.replace("Z", ""), ":2:6: `now` must be a date and time"),
        (HEAD + "records: {one: {title: a}}\n", ":3:16: the record has no resource"),
        (HEAD + "records: {one: {resource: [doc]}}\n", ":3:27: the record has no resource"),
        (HEAD + "records: {one: {resource: 5}}\n", ":3:27: the record has no resource"),
        (HEAD + 'records: {one: {resource: ""}}\n', ":3:27: there is no resource ``"),
        (HEAD + "records: {one: {resource: dok}}\n", ":3:27: there is no resource `dok`"),
        (GOOD + "tests: [{name: t, user: u, allow: {view: [two]}}]\n", "there is no record `two`"),
        (GOOD + "tests: [{name: t, user: u, alow: {view: [one]}}]\n", "unknown field `alow` in `tests[0]`"),
        (GOOD + "tests: [{user: u}]\n", "`tests[0]` has no `name`"),
        (
            GOOD + "tests: [{name: t, user: u, allow: {modify: [{one: {title: b}, two: {}}]}}]\n",
            "must be a mapping with one entry, this one has 2",
        ),
        (GOOD + "eligible: {doc.colour: []}\n", "there is no attribute `doc.colour`"),
        (HEAD + "records: {one: {resource: doc}, one: {resource: doc}}\n", "the key `one` is given twice"),
        (HEAD + "records: {one: &a {resource: doc}, two: *a}\n", "anchors and aliases are not supported"),
        (HEAD + "records: {one: !!python/object:os.system {}}\n", "tags are not supported"),
        ("policies: nowhere\nnow: 2026-11-21T12:00:00Z\n", "nowhere"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("[" * 50_000, "nested too deeply"),
    ],
)
def test_files_that_cannot_be_run(suite, content: str | bytes, words: str) -> None:
    result = suite(content)
    assert result.returncode == 2, result.stdout
    assert words in result.stdout.decode()
    assert b"1 could not be run" in result.stdout


@pytest.mark.parametrize(
    "value", ["3", "true", "[a]", "2026-11-20T12:00:00", "{a: b}", "nonsense", "'" + "x" * 1_000_000 + "'"]
)
def test_values_of_another_type_are_denied_or_refused(suite, value: str) -> None:
    text = HEAD + f"records: {{one: {{resource: doc, title: a, seen: {value}}}}}\n"
    result = suite(text + "tests: [{name: t, user: u, deny: {view: [one]}}]\n")
    assert result.returncode in (0, 2)
    failing = suite(text + "tests: [{name: t, user: u, allow: {view: [one]}}]\n")
    assert failing.returncode in (1, 2)
    assert len(failing.stdout) < 2000


def test_a_policy_set_with_errors(run, write) -> None:
    write("p/a.policy", "role r { role s }\nrole t { role u }")
    write("p/a.test.yaml", HEAD)
    result = run("test", "p")
    assert result.returncode == 2
    assert b"the policy set has 2 errors" in result.stdout
    assert b"policylang check p" in result.stdout


def test_no_files(run, write) -> None:
    assert b"policies: cannot be read: no such file" in run("test").stdout
    write("policies/a.policy", POLICIES)
    nothing = run("test")
    assert nothing.returncode == 0
    assert b"no `*.test.yaml` or `*.test.yml` files in policies: nothing was run" in nothing.stderr
    assert b"policies: no `*.test.yaml` or `*.test.yml` files here" in run("test", "policies").stderr
    assert run("test", "policies").returncode == 2
    assert run("test", "nowhere").returncode == 2
    assert b"no such file" in run("test", "nowhere.test.yaml").stdout


def test_a_set_of_places_may_lack_one(run, write) -> None:
    write(
        "a.policy", 'scope site\nplace site "Harbour"\nresource doc { sites : set of site  actions view }\nuser "u"\n'
    )
    record = "records: {d: {resource: doc, sites: [Harbour, null]}}\n"
    test = "tests: [{name: n, user: u, deny: {view: [d]}}]\n"
    write("a.test.yaml", f"policies: .\nnow: 2026-01-31T12:00:00Z\n{record}{test}")
    assert run("test", "a.test.yaml").returncode == 0
    write("a.test.yaml", f"policies: .\nnow: 2026-01-31T12:00:00Z\n{record.replace('null', 'Harbor')}{test}")
    result = run("test", "a.test.yaml")
    assert (result.returncode, b"did you mean `Harbour`?" in result.stdout + result.stderr) == (2, True)
