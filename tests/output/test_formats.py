"""What holds of the output formats for any result; exact outputs stand beside their inputs in `cases/`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylang.check.catalogue import BY_CODE, RULES
from policylang.check.finding import Finding
from policylang.output import github, gitlab, junit, sarif
from policylang.output.fingerprints import fingerprints, line_hasher
from policylang.output.places import repository_path, repository_root, uri
from policylang.pipelines.findings import RelatedPlace, ReportedFinding, Result, collect
from policylang.project.discovery import Problem
from policylang.source import Source
from policylang.text.readable import readable
from tests.helpers import project
from tests.output.helpers import CASES, HERE, finding, read_result

ROOT = Path()
SCHEMA = json.loads((HERE / "sarif-2.1.0-rtm.5.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
EXTREME = st.text(st.characters(exclude_categories=()), max_size=20)

texts = st.one_of(
    EXTREME, st.sampled_from(["a\nb", "\0", "%0A::error::x", "🔑", "]]>", "\ud800", "[a](1)", "x" * 5000])
)


def _witness(record: dict[str, Any], user: str) -> dict[str, Any]:
    asked = {"user": user, "action": "view", "resource": "doc", "record": record}
    return {**asked, "now": "2026-11-21T12:00:00Z", "expected": "allowed"}


@st.composite
def results(draw: st.DrawFn) -> Result:
    sources = {path: Source(path, draw(texts)) for path in draw(st.lists(st.sampled_from("abc"), unique=True))}
    result = Result([], [], sources)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(["a", "b", "d/é ü", "../x"]))
        rule = draw(st.sampled_from(RULES))
        related = tuple(RelatedPlace("a", 1, 1, 1, 2, draw(texts)) for _ in range(draw(st.integers(0, 2))))
        record = draw(st.none() | st.dictionaries(texts, texts, max_size=2))
        witness = None if record is None else _witness(record, draw(texts))
        place = (draw(st.integers(1, 4)), 1, draw(st.integers(4, 5)), draw(st.integers(1, 9)))
        severity = draw(st.sampled_from(["error", "warning", "info"]))
        help_ = draw(st.none() | texts)
        result.findings.append(
            ReportedFinding(rule.code, rule.name, severity, draw(texts), help_, path, *place, related, witness)
        )
    result.problems += [Problem("a", draw(texts), draw(st.none() | texts), line) for line in draw(st.sets(st.just(3)))]
    return result


def run_of(result: Result, **options: Any) -> dict[str, Any]:
    document = json.loads(sarif.render(result, root=ROOT, **options))
    VALIDATOR.validate(document)
    (run,) = document["runs"]
    return run


# --- SARIF ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_sarif_is_valid(path: Path) -> None:
    run = run_of(read_result(path))
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(ids) == len(set(ids)) == len(RULES)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]


@given(results())
def test_sarif_of_anything_is_valid(result: Result) -> None:
    run = run_of(result, rules=[BY_CODE[code] for code in {found.code for found in result.findings}])
    assert len(run["results"]) == len(result.findings)
    for made, found in zip(run["results"], result.findings, strict=True):
        region = made["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["endColumn"]) == (found.line, found.end_column)
        assert _links(made["message"]["text"]) == [
            (readable(place.message), str(number)) for number, place in enumerate(found.related, 1)
        ]
        assert not [each for each in made.get("relatedLocations", []) if _links(each["message"]["text"])]
    notes = run["invocations"][0].get("toolExecutionNotifications", [])
    assert not [note for note in notes if _links(note["message"]["text"])]
    prints = [made["partialFingerprints"]["policylang/v1"] for made in run["results"]]
    assert len(prints) == len(set(prints))


def _links(text: str) -> list[tuple[str, str]]:
    """The embedded links of a plain text message by the grammar in 3.11.6 of SARIF: what each shows, and its target."""
    found = re.findall(r"\[((?:[^\[\]\\]|\\[\[\]\\])*)\]\(([^)]*)\)", text)
    return [(re.sub(r"\\(.)", r"\1", shown), target) for shown, target in found]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("\\", r"[\\](1)"),
        ("a\\", r"[a\\](1)"),
        ("\\\\", r"[\\\\](1)"),
        ("\\]", r"[\\\]](1)"),
        ("\\[a](2)", r"[\\\[a\](2)](1)"),
        ("in [a, b]", r"[in \[a, b\]](1)"),
    ],
)
def test_a_link_in_sarif_shows_the_message_of_the_place(message: str, shown: str) -> None:
    found = finding("PL204", "m", related=(RelatedPlace("a.policy", 1, 1, 1, 2, message),))
    (made,) = run_of(Result([found], [], {}))["results"]
    assert made["message"]["text"] == f"m\n\nSee {shown}."
    assert _links(made["message"]["text"]) == [(message, "1")]


@pytest.mark.parametrize("text", ["[a](1)", r"[a\](1)", r"\[a](1)", "[[a](1)", "a](1)"])
def test_nothing_that_a_finding_says_is_a_link_in_sarif(text: str) -> None:
    found = finding("PL204", text, help=text, related=(RelatedPlace("a.policy", 1, 1, 1, 2, text),))
    (made,) = run_of(Result([found], [], {}))["results"]
    assert _links(made["message"]["text"]) == [(text, "1")]
    assert _links(made["relatedLocations"][0]["message"]["text"]) == []


def test_sarif_of_a_real_finding() -> None:
    made = project("resource doc { actions view }\ngroup sales { grant view on dco }\n")
    (result,) = run_of(collect([made]))["results"]
    assert result["ruleId"] == "PL101"
    region = {"startLine": 2, "startColumn": 29, "endLine": 2, "endColumn": 32}
    assert result["locations"][0]["physicalLocation"]["region"] == region


def test_sarif_with_no_findings_says_so() -> None:
    run = run_of(Result())
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 0}]
    assert run_of(Result(), exit_code=7)["invocations"][0]["exitCode"] == 7


def test_rules_in_sarif_have_what_github_needs() -> None:
    for rule in run_of(Result())["tool"]["driver"]["rules"]:
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert "helpUri" not in rule
        scored = rule["properties"].get("security-severity")
        assert (scored is None) == ("security" not in rule["properties"]["tags"])
        assert scored is None or 0 < float(scored) <= 10


# --- fingerprints --------------------------------------------------------------------------------------------


def _prints(text: str, line: int, column: int = 3) -> dict[str, str]:
    found = finding("PL204", "m", line=line, column=column, end_column=column + 5)
    (result,) = run_of(Result([found], [], {"a.policy": Source("a.policy", text)}))["results"]
    prints: dict[str, str] = result["partialFingerprints"]
    return prints


def test_fingerprints_stay_when_lines_move_and_blanks_change() -> None:
    before = "group a {\n  policy x\n  policy y\n}\n"
    there = _prints(before, 3)
    assert _prints("# new\r\n\r\n" + before.replace("\n", "\r\n"), 5) == there
    assert _prints(before.replace("  ", "\t"), 3, 2) == there
    assert _prints(before.replace("policy y", "policy z"), 3) != there
    assert _prints(before.replace("policy x", "policy z"), 3) == there


def test_equal_findings_have_different_fingerprints() -> None:
    source = Source("a.policy", "x y\nx y\n")
    found = [finding("PL204", "m", line=line) for line in (1, 1, 2)]
    prints = fingerprints(Result(found, [], {"a.policy": source}), ROOT)
    assert len(set(prints)) == 3
    hashes = [
        r["partialFingerprints"]["primaryLocationLineHash"]
        for r in run_of(Result(found, [], {"a.policy": source}))["results"]
    ]
    assert len(set(hashes)) == 3


SAID = Finding(code="PL303", message="`ann` may", at="a.policy:1:1-1:5")


def test_who_joins_a_finding_makes_another_one_of_it() -> None:
    """A dismissed alert does not hide whom it concerns later; nor does it come back when lines move."""
    source, moved = Source("a.policy", "user x\n"), Source("a.policy", "# new\nuser x\n")

    def prints(source: Source, line: int, *subjects: str, **said: Any) -> tuple[str, ...]:
        about = msgspec.structs.replace(SAID, **said, subjects=subjects)
        found = msgspec.structs.replace(finding("PL303", "`ann` may", line=line, end_column=5), said=about)
        anchored = msgspec.structs.replace(found, anchor=("user x", ""))
        results = [Result([each], [], {"a.policy": source}) for each in (found, anchored)]
        made = [run_of(result)["results"][0]["partialFingerprints"] for result in results]
        (own, _), gitlab = ([prints.values() for prints in made], [fingerprints(r, ROOT)[0] for r in results])
        return *own, *gitlab, made[1]["policylang/v1"]

    there = prints(source, 1, "ann", users=("ben",))
    assert prints(moved, 2, "ann", users=("ben",)) == there
    assert prints(moved, 2, "ben", "ann") == there
    for other in (prints(source, 1, "ann"), prints(source, 1, "ann", "cid"), prints(source, 1)):
        assert not set(other) & set(there)


def test_line_hash_by_definition() -> None:
    """A rolling hash, as github/codeql-action describes it, written naively."""
    text = "group a {\r\n\tpolicy 🔑\r\r\n}\n" + "x" * 150 + "\n}\n" + "\n" * 3
    units = text.replace("\r\n", "\n").replace("\r", "\n").replace(" ", "").replace("\t", "").encode("utf-16-le")
    numbers = [int.from_bytes(units[i : i + 2], "little") for i in range(0, len(units), 2)] + [65535]
    hash_of = line_hasher(text)
    seen: dict[int, int] = {}
    line, begins = 0, True
    for start, unit in enumerate(numbers):
        if begins:
            line += 1
            window = (numbers[start : start + 100] + [0] * 100)[:100]
            value = sum(each * 37 ** (99 - place) for place, each in enumerate(window)) % 2**64
            seen[value] = seen.get(value, 0) + 1
            assert hash_of(line) == f"{value:x}:{seen[value]}"
        begins = unit == 10


# --- paths ---------------------------------------------------------------------------------------------------


def test_paths_are_seen_from_the_root_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "repo" / "policies" / "a b"
    inner.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    monkeypatch.chdir(inner)
    root = repository_root()
    assert root == tmp_path / "repo"
    assert repository_path("x.policy", root) == "policies/a b/x.policy"
    assert uri("x.policy", root) == uri(str(inner / "x.policy"), root) == "policies/a%20b/x.policy"
    assert uri("..foo/100%:é", root) == "policies/a%20b/..foo/100%25%3A%C3%A9"
    assert repository_path("../../../x.policy", root) is None
    assert uri("../../../x.policy", root) == f"file://{tmp_path}/x.policy"


def test_without_a_repository_paths_are_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if repository_root() == tmp_path:
        assert uri("a/x.policy", repository_root()) == "a/x.policy"


# --- GitHub --------------------------------------------------------------------------------------------------


@given(results())
def test_annotations_of_anything(result: Result) -> None:
    lines = list(github.render(result, root=ROOT))
    assert len(lines) == len(result.findings) + len(result.problems)
    for line in lines:
        assert line.isprintable()
        match = re.fullmatch(r"::(error|warning|notice) ((?:\w+=[^:,]*,)*\w+=[^:,]*)::(.*)", line)
        assert match is not None, line
        names = [each.split("=")[0] for each in match[2].split(",")]
        properties = dict(each.split("=", 1) for each in match[2].split(","))
        assert set(names) <= {"file", "line", "endLine", "col", "endColumn", "title"}
        if properties.get("endLine") != properties.get("line"):
            assert "col" not in names or "endLine" not in names


def test_worst_annotations_come_first_and_the_rest_is_counted() -> None:
    found = [finding("PL701", "i")] * 12 + [finding("PL204", "w")] + [finding("PL101", "e"), finding("PL301", "s")] * 6
    *lines, last = github.render(Result(found, [], {}), root=ROOT)
    levels = [line.split(" ")[0] for line in lines]
    assert levels == ["::error"] * 12 + ["::warning"] + ["::notice"] * 12
    assert [line.split("title=")[1][:5] for line in lines[:12]] == ["PL301"] * 6 + ["PL101"] * 6
    assert "2 more errors and 2 more notices" in last
    assert not last.startswith("::")


@given(results(), st.integers(0, 2000))
def test_summary_keeps_within_its_limit(result: Result, limit: int) -> None:
    text = github.summary(result, root=ROOT, limit=limit)
    assert len(text.encode()) <= limit
    assert all(line.isprintable() for line in text.split("\n"))
    table = [line for line in text.split("\n") if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 5 for line in table)


def test_long_summaries_are_cut_and_appended(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("# before\n", encoding="utf-8")
    result = Result([finding("PL204", f"{number} " + "é" * 1000) for number in range(2000)], [], {})
    github.append_summary(result, path, root=ROOT)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# before\n## policylang check\n")
    assert 1_000_000 < path.stat().st_size <= 1024 * 1024
    shown = text.count("| warning |")
    assert text.endswith(f"and {2000 - shown} more that do not fit here\n")
    github.append_summary(result, path, root=ROOT)
    assert path.stat().st_size <= 1024 * 1024


# --- GitLab and JUnit ----------------------------------------------------------------------------------------


@given(results())
def test_code_quality_of_anything(result: Result) -> None:
    issues = json.loads(gitlab.render(result, root=ROOT))
    assert len(issues) == len(result.findings) + len(result.problems)
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert issue["description"] is not None
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["lines"]["begin"] >= 1
        assert not issue["location"]["path"].startswith("./")


@given(results())
def test_junit_of_anything_is_xml(result: Result) -> None:
    document = junit.render(result, root=ROOT)
    text = document.decode("utf-8")
    assert re.fullmatch("[\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*", text)
    assert not re.search(r"&#(?!10;)", text)
    root = ElementTree.fromstring(document)
    cases = list(root.iter("testcase"))
    assert int(root.attrib["tests"]) == len(cases) >= 1
    assert int(root.attrib["failures"]) == len(result.findings)
    assert int(root.attrib["errors"]) == len(result.problems)
    names = [(case.attrib["classname"], case.attrib["name"]) for case in cases if case.find("error") is None]
    assert len(set(names)) == len(names)


def test_witness_keeps_its_shape() -> None:
    witness = _witness({"tags": ["a", None], "size": 3}, "amy")
    (result,) = run_of(Result([finding("PL301", "m", witness=witness)], [], {}))["results"]
    assert result["properties"]["witness"] == witness
    assert "allowed: `amy` may view this `doc` at 2026-11-21T12:00:00Z" in result["message"]["text"]


def test_findings_in_a_compiled_policy_set_stand_on_its_file() -> None:
    found = finding("PL204", "m", line=7, column=3, compiled="build/all.json")
    result = Result([found, found], [], {}, 1)
    (first, second) = run_of(result)["results"]
    place = first["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("build/all.json", 1)
    assert first["message"]["text"] == "m (a.policy:7:3)"
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert "primaryLocationLineHash" not in first["partialFingerprints"]
    assert next(github.render(result, root=ROOT)).startswith("::warning file=build/all.json,line=1,")
