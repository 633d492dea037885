"""What a failing case says, and what a file that cannot be run says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.testing.helpers import HEAD, policylang_test, write

POLICY = """request { ip : ip }
resource doc {
  title : text  seen : datetime  status : one of draft, final  level : int  up : doc
  owner : user with role writer  actions view, modify
}
policy first on doc { title is "a" and seen within 30 days }
role writer
role r { grant view, modify on doc  policy first }
user "ann@acme.test" { assign role r  assign role writer }
user "ben@acme.test" { assign role writer }
"""
RECORDS = "records: {one: {resource: doc, title: b, seen: 2026-11-20T12:00:00Z}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, a_policy=POLICY)


def outcome(folder: Path, text: str, *options: str) -> str:
    write(folder, a_test_yaml=text)
    return policylang_test(folder, ".", *options).out


FAILING = f"{HEAD}{RECORDS}tests:\n- {{name: t, user: ann@acme.test, allow: {{view: [one]}}}}\n"


def test_the_explanation_stands_below_the_case(folder: Path) -> None:
    assert outcome(folder, FAILING) == (
        "failed t\n"
        "  --> a.test.yaml:5\n"
        "  ann@acme.test may view one, but it is denied: "
        "`first` limits what role `r` grants and is false for this `doc` (a.policy:6:1-6:61)\n"
        "    - role `r` grants it  a.policy:8:10\n"
        "        role `r` is assigned to ann@acme.test everywhere  a.policy:9:24\n"
        '        - policy `first` of role `r` is false: `title is "a" and seen within 30 days`  a.policy:6:1\n'
        '            `title is "a"` is false: title is "b"\n'
        '  smallest change: set `title` of the doc to "a"\n'
        "0 passed, 1 failed in 1 file\n"
    )


def test_and_in_the_output_for_programs(folder: Path) -> None:
    (file,) = json.loads(outcome(folder, FAILING, "--format", "json"))["files"]
    (case,) = file["cases"]
    assert case["explanation"][0] == "  - role `r` grants it  a.policy:8:10"
    root = ElementTree.fromstring(outcome(folder, FAILING, "--format", "junit"))
    (failure,) = root.iter("failure")
    assert (
        failure.get("message")
        == "it is denied: `first` limits what role `r` grants and is false for this `doc` (a.policy:6:1-6:61)"
    )
    assert (failure.text or "").splitlines()[1:] == case["explanation"]


def test_passed_cases_have_none(folder: Path) -> None:
    (file,) = json.loads(outcome(folder, FAILING.replace("allow", "deny"), "--format", "json"))["files"]
    assert [(case["failure"], case["explanation"]) for case in file["cases"]] == [(None, [])]


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("[ann@acme.test]", "but ben@acme.test is not expected"),
        ("[]", "but ann@acme.test, ben@acme.test are not expected"),
        ("[ann@acme.test, ben@acme.test, cyd, dan]", "but cyd, dan are missing"),
        ("[ann@acme.test, cyd]", "but cyd is missing; ben@acme.test is not expected"),
    ],
)
def test_who_is_missing_and_who_is_too_many(folder: Path, expected: str, words: str) -> None:
    assert f"{words}\n" in outcome(folder, f"{HEAD}eligible: {{doc.owner: {expected}}}\n")


def test_eligible_for_what_holds_no_users(folder: Path) -> None:
    for users in ("[]", "[ann@acme.test]"):
        write(folder, a_test_yaml=f"{HEAD}eligible: {{doc.title: {users}}}\n")
        result = policylang_test(folder, ".")
        assert (result.code, "a.test.yaml:3:23: `doc.title` does not hold users" in result.out) == (2, True)


@pytest.mark.parametrize("word", ["allow", "deny"])
@pytest.mark.parametrize(
    ("asked", "column", "words", "help"),
    [
        ("user: anne@acme.test, X: {view: [one]}", 25, "there is no user `anne@acme.test`", "`ann@acme.test`"),
        ("user: ANN@acme.test, X: {view: [one]}", 25, "there is no user `ANN@acme.test`", "`ann@acme.test`"),
        ("user: ben, X: {view: [one]}", 25, "there is no user `ben`", "`ben@acme.test`"),
        ("user: ann@acme.test, X: {veiw: [one]}", 0, "`doc` has no action `veiw`", "`view`"),
        ("user: ann@acme.test, X: {view: [one.titel]}", 0, "`doc` has no attribute `titel`", "`title`"),
        ("user: ann@acme.test, X: {view: [at_hgq]}", 0, "there is no record `at_hgq` in this file", "`at_hq`"),
    ],
)
def test_names_that_were_meant(folder: Path, asked: str, column: int, words: str, help: str, word: str) -> None:
    """A denial of what nobody knows must not pass for a test of what was meant."""
    records = RECORDS.replace("}}", "}, at_hq: {resource: doc}}")
    line = f"tests: [{{name: t, {asked.replace('X', word)}}}]"
    write(folder, a_test_yaml=f"{HEAD}{records}{line}\n")
    result = policylang_test(folder, ".")
    at = column or line.index(next(each for each in ("[one]", "one.titel", "at_hgq") if each in line)) + 1
    assert (result.code, result.out) == (
        2,
        f"error: a.test.yaml:4:{at}: {words}\n  help: did you mean {help}?\n"
        "0 passed, 0 failed in 1 file, 1 could not be run\n",
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("user: somebody-else, X: {view: [one]}", "there is no user `somebody-else`"),
        ("user: ann@acme.test, X: {fly: [one]}", "`doc` has no action `fly`"),
        ("user: ann@acme.test, X: {modifies: [note]}", "`note` has no action `modifies`"),
        ("user: ann@acme.test, X: {modify: [note]}", "`note` has no action `modify`"),
        ("user: ann@acme.test, X: {view: [one.weight]}", "`doc` has no attribute `weight`"),
    ],
)
def test_names_that_are_like_no_other(folder: Path, asked: str, words: str) -> None:
    """Strangers are denied, and what nobody declared is: to expect that is a test. What is known elsewhere is no typing
    mistake.
    """
    write(folder, b_policy="resource note { actions notify }\nrole rr { grant notify on note }\n")
    records = RECORDS.replace("}}", "}, note: {resource: note}}")
    assert "1 passed" in outcome(folder, f"{HEAD}{records}tests: [{{name: t, {asked.replace('X', 'deny')}}}]\n")
    write(folder, a_test_yaml=f"{HEAD}{records}tests: [{{name: t, {asked.replace('X', 'allow')}}}]\n")
    result = policylang_test(folder, ".")
    assert (result.code, words in result.out) == (2, True)


def test_places_that_were_meant(folder: Path) -> None:
    places = (
        'scope site\nplace site "Harbour"\nrequest { at : site }\nresource gate { site : site  sites : set of site }\n'
    )
    write(folder, b_policy=places, a_policy=POLICY.replace("request { ip : ip }\n", ""))
    for site, help in (("Harbor", "did you mean `Harbour`?"), ("Moon", None), ("Harbour", None)):
        for text in (
            f"records: {{g: {{resource: gate, site: {site}}}}}\n",
            f"records: {{g: {{resource: gate, sites: [Harbour, {site}]}}}}\n",
            f"records: {{g: {{resource: gate}}}}\nrequest: {{at: {site}}}\n",
        ):
            found = outcome(folder, f"{HEAD}{text}tests: [{{name: t, user: ann@acme.test, deny: {{view: [g]}}}}]\n")
            assert (help or "1 passed") in found


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "the file has no tests"),
        ("tests: []\n", "3:8", "the file has no tests"),
        ("eligible: {}\n", "1:1", "the file has no tests"),
        ("tests: [{name: t, user: ann@acme.test}]\n", "3:9", "the test does not say what to expect"),
        (
            "tests: [{name: t, user: ann@acme.test, allow: {}, deny: {}}]\n",
            "3:9",
            "the test does not say what to expect",
        ),
        (
            "tests: [{name: t, user: ann@acme.test, allow: {view: []}}]\n",
            "3:54",
            "must be a list with at least one entry, this one is empty",
        ),
        (
            "tests: [{name: t, user: ann@acme.test, deny: {view: []}}]\n",
            "3:53",
            "must be a list with at least one entry, this one is empty",
        ),
    ],
)
def test_what_tests_nothing_does_not_pass(folder: Path, text: str, place: str, words: str) -> None:
    write(folder, a_test_yaml=f"{HEAD}{text}", b_test_yaml=FAILING.replace("allow", "deny"))
    result = policylang_test(folder, ".")
    assert result.code == 2
    assert f"error: a.test.yaml:{place}: " in result.out
    assert words in result.out
    assert "1 passed, 0 failed in 2 files, 1 could not be run" in result.out


TEST = "tests: [{name: t, user: ann@acme.test, deny: {view: [one]}"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (HEAD.replace("11-21", "02-30"), "2:6", "`2026-02-30T12:00:00Z` is not an instant"),
        (HEAD.replace("2026-11-21T12:00:00Z", "0001-01-01T00:00:00+14:00"), "2:6", "is not an instant"),
        (
            HEAD.replace("Z", ""),
            "2:6",
            "with its offset from UTC, not `2026-11-21T12:00:00`",
        ),
        (f"{HEAD}{RECORDS}{TEST}, now: 2026-13-01T00:00:00Z}}]", "4:66", "is not an instant"),
        (f"{HEAD}{RECORDS}{TEST}, request: {{pi: 192.0.2.1}}}}]", "4:75", "requests have no attribute `pi`"),
        (f"{HEAD}{RECORDS}{TEST}, request: {{ip: 192.0.2}}}}]", "4:75", "`request.ip` is an IP address"),
        (f"{HEAD}request: {{ip: 3}}", "3:15", "`request.ip` is an IP address"),
        (f"{HEAD}records: {{one: {{resource: dok}}}}", "3:27", "there is no resource `dok`"),
        (f"{HEAD}records: {{one: {{resource: doc, titel: a}}}}", "3:39", "did you mean `title`?"),
        (f"{HEAD}records: {{one: {{resource: doc, status: fnal}}}}", "3:40", "`doc.status` is one of draft, final"),
        (f"{HEAD}records: {{one: {{resource: doc, level: 1.5}}}}", "3:39", "`doc.level` is a whole number"),
        (f"{HEAD}records: {{one: {{resource: doc, seen: 2026-11-20T12:00:00}}}}", "3:38", "`doc.seen` is a datetime"),
        (f"{HEAD}records: {{one: {{resource: doc, title: [a]}}}}", "3:39", "`doc.title` is text"),
        (f"{HEAD}{RECORDS}{TEST.replace('one', 'on3')}}}]", "4:54", "did you mean `one`?"),
        (f"{HEAD}{RECORDS}{TEST.replace('[one]', '[{one: {title: a}}]')}}}]", "4:54", "view writes no changes"),
        (
            f"{HEAD}{RECORDS}{TEST.replace('view: [one]', 'modify: [{one: {titel: a}}]')}}}]",
            "4:70",
            "did you mean `title`?",
        ),
        (
            f"{HEAD}{RECORDS}{TEST.replace('view: [one]', 'modify: [{one: {level: x}}]')}}}]",
            "4:70",
            "`doc.level` is a whole number",
        ),
        (f"{HEAD}eligible: {{doc.ownr: []}}", "3:22", "did you mean `doc.owner`?"),
        (f"{HEAD}eligible: {{doc: []}}", "3:17", "there is no attribute `doc`"),
        (HEAD.replace("policies: .", 'policies: "a\\0b"'), "1:11", "`policies` must be a path without NUL characters"),
        (f'{HEAD}directory: "a\\0b"', "3:12", "`directory` must be"),
        (f'{HEAD}directory: ["a\\0b"]', "3:13", "`directory[0]` must be a path without NUL characters"),
        (f"{HEAD}a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "3:4", "anchors and aliases are not supported"),
        (f"{HEAD}records: {{one: !!python/object:os.system {{}}}}", "3:16", "tags are not supported"),
        (f"{HEAD}records: {{}}\nrecords: {{}}", "4:10", "the key `records` is given twice"),
        (f"{HEAD}recods: {{}}", "3:1", "unknown field `recods`"),
        (f"{HEAD}tests: [{{name: t, user: 3}}]", "3:25", "`tests[0].user` must be a text that is not empty, not `3`"),
        (f"{HEAD}---\n{HEAD}", "3:1", "not valid YAML"),
        ("\t", "1:1", "not valid YAML"),
        (f"{HEAD}tests:\n\t- name: t", "4:1", "help: indent with spaces"),
        ("a: ü\rb: 1\r\t- c", "3:1", "help: indent with spaces"),
        ("a" * 2_000_000, "1:1", "the document"),
        (f"{HEAD}{'x' * 2_000_000}: 1", "3:2000001", "not valid YAML"),
    ],
)
def test_files_that_cannot_be_run_say_where(folder: Path, text: str, place: str, words: str) -> None:
    write(folder, a_test_yaml=text)
    result = policylang_test(folder, ".")
    assert result.code == 2
    assert words in result.out
    assert f"a.test.yaml:{place}: " in result.out
    assert len(result.out) < 1000


def test_values_that_are_left_out_or_null_are_missing(folder: Path) -> None:
    text = f"{HEAD}records: {{one: {{resource: doc, title: null}}}}\n{TEST}}}]\n"
    assert "1 passed" in outcome(folder, text)


def test_huge_names_are_cut(folder: Path) -> None:
    huge = "x" * 1_000_000
    text = f"{HEAD}{RECORDS}tests: [{{name: {huge}, user: {huge}, allow: {{view: [one]}}}}]\n"
    assert len(outcome(folder, text)) < 2000
    assert len(outcome(folder, text, "--format", "junit")) < 3000
    text = f"{HEAD}{RECORDS}tests: [{{name: t, user: ann@acme.test, allow: {{{huge}: [one]}}}}]\n"
    assert len(outcome(folder, text)) < 2000


def test_control_characters_are_shown(folder: Path) -> None:
    text = f'{HEAD}{RECORDS}tests: [{{name: "a\\eb", user: "u\\eX", allow: {{view: [one]}}}}]\n'
    assert "\x1b" not in outcome(folder, text)
    ElementTree.fromstring(outcome(folder, text, "--format", "junit"))


def test_what_is_no_file_and_what_is_too_large(folder: Path) -> None:
    (folder / "a.test.yaml").symlink_to("/dev/zero")
    assert "not a regular file" in policylang_test(folder, "a.test.yaml").out
    (folder / "a.test.yaml").unlink()
    with (folder / "a.test.yaml").open("wb") as file:
        os.truncate(file.fileno(), 17 * 1024 * 1024)
    assert "larger than 16,777,216 bytes" in policylang_test(folder, "a.test.yaml").out


def test_a_link_in_circles_is_no_policy_set(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    write(folder, a_test_yaml=FAILING.replace("policies: .", "policies: loop"))
    result = policylang_test(folder, ".")
    assert (result.code, result.out.partition("\n")[0]) == (2, "error: loop: this link is broken")


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    (folder / "a.test.yaml").write_bytes(b"\xef\xbb\xbf" + FAILING.replace("allow", "deny").encode())
    assert policylang_test(folder, ".").out == "1 passed, 0 failed in 1 file\n"
