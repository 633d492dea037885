"""The consumer in TypeScript: it compiles, decides as the vectors say, and refuses what it does not know."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from policylang.ir import to_json
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from tests.docs.blocks import ROOT, blocks
from tests.docs.run import Runner
from tests.helpers import compiled
from tests.ir.test_codec import redigested
from tools.conformance import FILE
from tools.consumers import FOLDER

SOURCE = """\
timezone "Europe/Paris"
resource page {
  title : text  optional owner : user  optional price : money  optional day : date  optional constructor : text
  actions view, edit like modify
}
policy own on page for edit { owner is assigned user }
policy open on page for view { constructor is missing or constructor is "me" }
role reader { grant view, edit on page  policy own  policy open }
user "u" { assign role reader }
"""
_NOW = '{"now": "2026-01-01T00:00:00Z"}'


@pytest.fixture(scope="module")
def package(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a module finds the package."""
    folder = tmp_path_factory.mktemp("package")
    home = folder / "node_modules" / "policylang"
    home.mkdir(parents=True)
    shutil.copy(FOLDER / "package.json", home)
    (home / "dist").symlink_to(dist)
    return folder


def node(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def run(folder: Path, document: Any, code: str) -> Any:
    """What an expression about `policies` comes to, or the message of a `LoadError`."""
    (folder / "set.json").write_text(json.dumps(document))
    module = f"""
        import {{ readFileSync }} from "node:fs";
        import {{ LoadError, load }} from "policylang";
        let found;
        try {{
          const policies = load(readFileSync("set.json", "utf8"));
          found = ({code});
        }} catch (error) {{
          if (!(error instanceof LoadError) && !(error instanceof TypeError)) throw error;
          found = `${{error.name}}: ${{error.message}}`;
        }}
        console.log(JSON.stringify(found));
    """
    (folder / "run.mjs").write_text(module)
    done = node(folder, "run.mjs")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(to_json(compiled(SOURCE)))
    return found


def test_the_vectors(package: Path) -> None:
    done = node(package, str(FOLDER / "conformance.mjs"), "node_modules/policylang/dist", str(FILE))
    assert (done.returncode, done.stdout) == (0, "20136 decisions, 0 wrong\n"), done.stderr


def test_the_documentation(package: Path, tmp_path: Path) -> None:
    """The page and the README of the package, whose examples are about the page's policies."""
    page = ROOT / "docs" / "consumers.md"
    runner = Runner(tmp_path)
    for block in blocks(page):
        if block.kind in ("file", "console"):
            runner.run(block, None)
    (tmp_path / "node_modules").symlink_to(package / "node_modules")
    for document in (page, FOLDER / "README.md"):
        module = "\n".join(block.text for block in blocks(document) if block.kind == "javascript")
        assert module
        (tmp_path / "example.mjs").write_text(module)
        done = node(tmp_path, "example.mjs")
        assert done.returncode == 0, done.stderr


def test_decisions_serialise(package: Path, document: dict[str, Any]) -> None:
    found = run(package, document, f'policies.decide("u", "edit", "page", {{"title": "T"}}, {_NOW})')
    assert found["allowed"] is False
    assert found["missing"] == ["owner"]


def test_attributes_are_a_record_s_own(package: Path, document: dict[str, Any]) -> None:
    """Every object of JavaScript has a constructor, and a record none of that name."""
    assert run(package, document, f'policies.allows("u", "view", "page", {{"title": "T"}}, {_NOW})') is True
    other = '{"title": "T", "constructor": "other"}'
    assert run(package, document, f'policies.allows("u", "view", "page", {other}, {_NOW})') is False
    for name in ("__proto__", "toString", "constructor"):
        assert run(package, document, f'policies.allows("u", "view", "{name}", {{}}, {_NOW})') is False
        assert run(package, document, f'policies.allows("{name}", "view", "page", {{}}, {_NOW})') is False
        assert run(package, document, f'policies.allows("u", "{name}", "page", {{}}, {_NOW})') is False


HALVES = """\
resource page { title : text  part : text  actions hold, begin, end }
policy holds on page for hold { title contains part }
policy begins on page for begin { title starts with part }
policy ends on page for end { title ends with part }
role reader { grant all on page  policy holds  policy begins  policy ends }
user "u" { assign role reader }
"""


def test_half_of_a_character_is_in_none(package: Path) -> None:
    """JavaScript has characters behind U+FFFF in two halves, and JSON can bring one of them alone."""
    policy_set = compiled(HALVES)
    key, high, low = "\U0001f511", "\ud83d", "\udd11"
    titles = [key, f"a{key}b", f"{key}{high}", f"{low}{key}", high, f"{high}a{low}"]
    records = [{"title": title, "part": part} for title in titles for part in (high, low, "", key, "a", f"{high}a")]
    asked = [(action, record) for record in records for action in ("hold", "begin", "end")]
    index, now = Index(policy_set), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    expected = [decide(index, "u", action, "page", record, now=now).allowed for action, record in asked]
    code = f'{json.dumps(asked)}.map(([action, record]) => policies.allows("u", action, "page", record, {_NOW}))'
    assert run(package, json.loads(to_json(policy_set)), code) == expected


def test_an_instant_is_needed(package: Path, document: dict[str, Any]) -> None:
    for now in ('"2026-01-01T00:00:00"', '"2026-01-01"', "new Date(NaN)", "undefined", "5"):
        found = run(package, document, f'policies.allows("u", "view", "page", {{}}, {{now: {now}}})')
        assert found == "TypeError: `now` is not an instant with its offset"


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-31T22:05Z", "2026-01-31T22:05:00.000Z"),
        ("2026-01-31T22:05:30Z", "2026-01-31T22:05:30.000Z"),
        ("2026-01-31T22:05:30.25+01:30", "2026-01-31T20:35:30.250Z"),
        ("2024-02-29T22:05-02:00", "2024-03-01T00:05:00.000Z"),
        ("0001-01-01T00:00:00.000001Z", None),
        *(
            (text, "")
            for text in (
                "2026-02-29T00:00Z",
                "0000-01-01T00:00Z",
                "2026-01-31T24:00Z",
                "2026-01-31T22:60Z",
                "2026-01-31T22:05:60Z",
                "2026-01-31T22:05:30.Z",
                "2026-01-31T22:05:30.1234567Z",
                "2026-01-31T22:05:3Z",
                "2026-01-31T22:05z",
                "2026-01-31 22:05Z",
                "2026-01-31T22:05+24:00",
                "2026-01-31T22:05+0100",
                "2026-01-31T22:05 01:00",
                "2026-01-31T22:05Z ",
                "2026-01-31T22:05ZZ",
                "+026-01-31T22:05Z",
                "2026-01-31T22:05:30,5Z",
            )
        ),
    ],
)
def test_instants_are_read_to_the_letter(dist: Path, tmp_path: Path, text: str, same: str | None) -> None:
    """What is no instant is ""; of one that is none of JavaScript's, only that it is one."""
    code = f"""
        import {{ readInstant }} from {json.dumps((dist / "time.js").as_uri())};
        const found = readInstant({json.dumps(text)});
        const shown = () => (typeof found === "bigint" ? "null" : new Date(found / 1000).toISOString());
        console.log(found === undefined ? "" : shown());
    """
    (tmp_path / "read.mjs").write_text(code)
    done = node(tmp_path, "read.mjs")
    assert (done.returncode, done.stdout.strip()) == (0, "null" if same is None else same), done.stderr


def _with(document: dict[str, Any], change: Any) -> dict[str, Any]:
    copy: dict[str, Any] = json.loads(json.dumps(document))
    change(copy)
    content: dict[str, Any] = json.loads(redigested(copy))
    return content


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(version=99),
        lambda d: d.update(news=[]),
        lambda d: d["resources"][0].update(news=True),
        lambda d: d["resources"][0]["attributes"][0].update(news=True),
        lambda d: d["resources"][0]["attributes"][0]["type"].update(kind="news"),
        lambda d: d["resources"][0]["actions"][0].update(kind="news"),
        lambda d: d["resources"][0]["actions"][0].update(requires={"requires": "news", "at": "a:1:1-1:1"}),
        lambda d: d["policy_instances"][0]["condition"].update(op="news"),
        lambda d: d["policy_instances"][0]["condition"].update(news=True),
        lambda d: d["policy_instances"][0]["condition"].update(test="news"),
        lambda d: d["roles"][0].update(news=True),
        lambda d: d["roles"][0]["grants"][0].update(news=True),
        lambda d: d["roles"][0]["limits"][0].update(news=True),
        lambda d: d["users"][0].update(news=True),
        lambda d: d["users"][0]["assignments"][0].update(news=True),
        lambda d: d.update(timezone="Nowhere/News"),
    ],
)
def test_what_is_not_known_is_refused(package: Path, document: dict[str, Any], change: Any) -> None:
    assert run(package, _with(document, change), "1").startswith("LoadError: ")


@pytest.mark.parametrize("content", [{}, [], 5, None, {"format": "other"}])
def test_what_is_no_policy_set_is_refused(package: Path, content: Any) -> None:
    assert run(package, content, "1").startswith("LoadError: ")


def test_what_is_too_deep_is_refused(package: Path, document: dict[str, Any]) -> None:
    deep = json.dumps({**document, "roles": ["deep"]}).replace('"deep"', "[" * 50_000 + "]" * 50_000)
    (package / "deep.json").write_text(deep)
    code = """
        import { readFileSync } from "node:fs";
        import { LoadError, load } from "policylang";
        try {
          load(readFileSync("deep.json", "utf8"));
        } catch (error) {
          console.log(error instanceof LoadError);
        }
    """
    (package / "deep.mjs").write_text(code)
    assert node(package, "deep.mjs").stdout == "true\n"


def test_what_was_edited_is_refused(package: Path, document: dict[str, Any]) -> None:
    assert "digest" in run(package, {**document, "timezone": "UTC"}, "1")
    assert run(package, document, "policies.digest") == document["digest"]
