"""Every feature, asked of the real server as an editor does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policylang.editor import questions
from tests.editor.client import ROOT, Client, at
from tests.editor.small import MAIN, OTHER, edited, on_small_set, on_text

OPTIONS = {"tabSize": 2, "insertSpaces": True}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with on_small_set(tmp_path_factory.mktemp("features")) as made:
        yield made


def places(client: Client, found: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(each["uri"].rsplit("/", 1)[1], each["range"]["start"]["line"]) for each in found]


def ask(client: Client, method: str, name: str, mark: str, **params: Any) -> Any:
    """A request about the place of a mark in a file."""
    text = MAIN if name == "main.policy" else OTHER
    return client.ask(method, name, position=at(text, mark), **params)


def test_definition_and_references(client: Client) -> None:
    assert places(client, ask(client, "definition", "other.policy", "own")) == [("main.policy", 6)]
    found = ask(client, "references", "main.policy", "own", context={"includeDeclaration": False})
    assert places(client, found) == [("main.policy", 10), ("other.policy", 8)]
    found = ask(client, "references", "main.policy", "status", context={"includeDeclaration": True})
    assert places(client, found) == [("main.policy", 3), ("main.policy", 6)]
    found = ask(client, "references", "main.policy", "lead", context={"includeDeclaration": True})
    assert places(client, found) == [("main.policy", 3), ("main.policy", 6)]


def test_highlight(client: Client) -> None:
    found = ask(client, "documentHighlight", "main.policy", "own")
    assert [(each["range"]["start"]["line"], each["kind"]) for each in found] == [(6, 3), (10, 2)]


def test_rename_across_files(client: Client) -> None:
    found = ask(client, "rename", "main.policy", "rep is", newName="agent")["changes"]
    assert "agent is assigned user" in edited(MAIN, found[client.uri("main.policy")])
    found = ask(client, "rename", "main.policy", "own", newName="theirs")["changes"]
    after = {
        name: edited(text, found[client.uri(name)]) for name, text in (("main.policy", MAIN), ("other.policy", OTHER))
    }
    assert "policy theirs" in after["main.policy"]
    assert "append policy theirs" in after["other.policy"]
    found = ask(client, "rename", "other.policy", '"ann"', newName='a"n')["changes"]
    assert r'user "a\"n" "Ann"' in edited(OTHER, found[client.uri("other.policy")])


@pytest.mark.parametrize("new", ["recent", "two words", "", "ä"])
def test_rename_is_refused(client: Client, new: str) -> None:
    with pytest.raises(RuntimeError):
        ask(client, "rename", "main.policy", "own", newName=new)


def test_a_refused_rename_says_why_and_leaves_nothing_in_the_log(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with on_text(tmp_path, MAIN) as client:
        with pytest.raises(RuntimeError, match="another attribute is called `status` already"):
            ask(client, "rename", "main.policy", "name ", newName="status")
        assert client.stop() == 0
    assert capfd.readouterr().err == ""


def test_rename_to_what_would_mean_something_else(client: Client) -> None:
    """An attribute called like a value that it is compared with, or like a parameter."""
    with pytest.raises(RuntimeError):
        ask(client, "rename", "main.policy", "name ", newName="status")


GENERIC = """\
resource deal { tenant : text  org : text  actions view, modify, close, read like view }
resource note { tenant : text  actions view, show }
role clerk { grant view, modify, read on deal  grant view, show on note }
deny all on any resource with tenant { tenant is "x" }
deny view on any resource
deny show on note
"""


@pytest.mark.parametrize(
    ("mark", "new", "is_refused"),
    [
        ("tenant", "company", True),
        ("org", "firm", False),
        ("view", "look", True),
        ("modify", "change", True),
        ("close", "shut", False),
        ("close", "delete", True),
        ("read", "peruse", False),
        ("note", "memo", False),
    ],
)
def test_rename_where_statements_go_by_the_name(tmp_path: Path, mark: str, new: str, is_refused: bool) -> None:
    """A deny on any resource that has an attribute or action of a name, and actions whose name says their kind."""
    with on_text(tmp_path, GENERIC) as client:
        asked = {"position": at(GENERIC, mark), "newName": new}
        if is_refused:
            why = f"write `{new} like {mark}`" if mark in ("view", "modify") else "goes by the name"
            with pytest.raises(RuntimeError, match=f"would say something else: .*{why}"):
                client.ask("rename", "main.policy", **asked)
        else:
            assert client.ask("rename", "main.policy", **asked)["changes"]


@pytest.mark.parametrize(
    ("name", "mark", "words"),
    [
        ("main.policy", "own", ["policy", "Own", "rep is assigned user"]),
        ("main.policy", "rep ", ["user with role rep"]),
        ("main.policy", "customer", ["`name`", "view"]),
        ("other.policy", "rep", ["role", "grant view", "2 users"]),
        ("other.policy", "sales", ["group", "2 users", "recent(30 days)"]),
        ("other.policy", '"ann"', ["| customer | view |"]),
    ],
)
def test_hover(client: Client, name: str, mark: str, words: list[str]) -> None:
    shown = ask(client, "hover", name, mark)["contents"]["value"]
    assert [word for word in words if word not in shown] == []


def test_what_is_shown_is_no_markup(client: Client) -> None:
    """Ids, labels and places may hold anything: nothing of it is a link, an image or HTML."""
    evil = "`![x](https://evil.example/x) <img src=y> | [z](https://evil.example/z)"
    client.open(
        "evil.policy",
        f'user "{evil}" "{evil}" {{ assign role rep at site "{evil}" }}\nscope site\nplace site "{evil}"\n',
    )
    client.settled()
    shown = client.ask("hover", "evil.policy", 0, 7)["contents"]["value"]
    outside = re.sub(r"`[^`\n]*`", "", re.sub(r"\\.", "", shown))
    assert not re.search(r"\]\(|<img", outside), shown
    client.close("evil.policy")


def test_symbols(client: Client) -> None:
    found = client.ask("documentSymbol", "main.policy")
    assert [each["name"] for each in found] == ["customer", "own", "recent", "rep"]
    assert [each["name"] for each in found[0]["children"]] == ["name", "rep", "status", "view", "modify"]
    found = client.request("workspace/symbol", query="sls")
    assert [each["name"] for each in found] == ["sales"]


def test_folding_and_selection(client: Client) -> None:
    found = client.ask("foldingRange", "other.policy")
    assert [(each["startLine"], each["endLine"]) for each in found] == [(0, 1), (2, 5), (7, 9)]
    (found,) = client.ask("selectionRange", "main.policy", positions=[at(MAIN, "lead }")])
    sizes = []
    while found:
        sizes.append((found["range"]["start"]["line"], found["range"]["end"]["line"]))
        found = found.get("parent")
    assert sizes[0] == (6, 6)
    assert sizes[-1] == (0, MAIN.count("\n"))


def test_links_to_rules(client: Client) -> None:
    (found,) = client.ask("documentLink", "other.policy")
    assert found["target"] == "policylang:/rules/PL301.md"
    assert "PL301" in client.request("policylang/rulePage", code="PL301")["text"]
    assert "PL301" in ask(client, "hover", "other.policy", "L301")["contents"]["value"]


def test_semantic_tokens(client: Client) -> None:
    legend = client.capabilities["semanticTokensProvider"]["legend"]["tokenTypes"]
    data = client.ask("semanticTokens/full", "main.policy")["data"]
    lines = MAIN.splitlines()
    found = []
    line = character = 0
    for down, right, length, kind, _ in zip(*[iter(data)] * 5, strict=True):
        line, character = line + down, right + (0 if down else character)
        found.append((lines[line][character : character + length], legend[kind]))
    assert found[:4] == [("resource", "keyword"), ("customer", "class"), ('"Customer"', "string"), ("name", "property")]
    assert ("lead", "enumMember") in found
    assert ("own", "function") in found
    assert "".join(word for word, _ in found) == "".join(
        word for word in "".join(each if each not in "{}:,()" else " " for each in MAIN).split()
    )


def test_signatures(client: Client) -> None:
    found = client.ask("signatureHelp", "other.policy", position=at(OTHER, "recent(", behind=True))
    assert found["signatures"][0]["label"] == "recent(age: a duration)"
    assert client.ask("signatureHelp", "other.policy", position=at(OTHER, "ann")) is None


def test_hints_and_lenses(client: Client) -> None:
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
    found = client.ask("inlayHint", "other.policy", range=whole)
    assert [(each["position"]["line"], each["label"]) for each in found] == [(2, "2 users"), (4, "age:")]
    lenses = client.ask("codeLens", "main.policy")
    titles = [each["command"]["title"] for each in lenses]
    assert titles == ["who can view", "who can modify", "2 users"]
    answers = [
        client.request(
            "workspace/executeCommand", command=each["command"]["command"], arguments=each["command"]["arguments"]
        )
        for each in lenses
    ]
    assert [each["users"] for each in answers] == [["ann", "bea"], [], ["ann", "bea"]]


def test_formatting(client: Client) -> None:
    text = MAIN.replace("  name   : text", "name:text").replace("{ rep is", "{rep is")
    client.change("main.policy", text)
    assert edited(text, client.ask("formatting", "main.policy", options=OPTIONS)) == MAIN
    where = {"start": at(text, "policy own"), "end": at(text, "policy recent")}
    ranged = edited(text, client.ask("rangeFormatting", "main.policy", range=where, options=OPTIONS))
    assert ranged == text.replace("{rep is", "{ rep is")
    typed = client.ask(
        "onTypeFormatting", "main.policy", position=at(text, "status is lead }", behind=True), ch="}", options=OPTIONS
    )
    assert edited(text, typed) == text.replace("{rep is", "{ rep is")
    client.change("main.policy", "role broken {")
    assert client.ask("formatting", "main.policy", options=OPTIONS) == []
    client.change("main.policy", MAIN)


def test_formatting_keeps_line_breaks(client: Client) -> None:
    text = MAIN.replace("name   :", "name:").replace("\n", "\r\n")
    client.change("main.policy", text)
    found = client.ask("formatting", "main.policy", options=OPTIONS)
    assert edited(text, found) == MAIN.replace("\n", "\r\n")
    client.change("main.policy", MAIN)


def test_questions(client: Client) -> None:
    rows = client.request("policylang/matrix")["rows"]
    assert rows == [{"user": user, "resource": "customer", "actions": ["view"]} for user in ("ann", "bea")]
    assert client.request("policylang/whoCan", action="view", resource="customer")["users"] == ["ann", "bea"]
    assert client.request("policylang/access", user="ann")["access"][0]["action"] == "view"
    asked = {"user": "ann", "action": "view", "resource": "customer"}
    record = {"name": "x", "rep": "ann", "status": "lead"}
    assert client.request("policylang/decide", **asked, record=record)["allowed"] is True
    denied = client.request("policylang/explain", **asked, record={**record, "status": "active"})
    assert denied["allowed"] is False
    assert "own" in denied["text"]


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("access", {}),
        ("access", {"user": "nobody"}),
        ("whoCan", {"action": "fly", "resource": "customer"}),
        ("decide", {"user": "ann"}),
        ("matrix", {"now": "yesterday"}),
        ("rulePage", {"code": "PL999"}),
        ("diff", {"revision": "--output=x"}),
        ("matrix", {"uri": "file:///no/where/else.policy"}),
    ],
)
def test_questions_without_an_answer(client: Client, method: str, params: dict[str, Any]) -> None:
    assert "error" in client.request(f"policylang/{method}", **params)


def test_a_scenario_file_that_is_not_there(client: Client) -> None:
    answer = client.request("policylang/runTests", uri=(client.folder / "gone.test.yaml").as_uri())
    assert answer == {"error": "no such file or directory"}


def test_the_difference_to_a_revision(folder: Path) -> None:
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.test"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    with Client(folder) as client:
        assert client.request("policylang/diff", revision="HEAD")["same_access"] is True
        text = (folder / "company.policy").read_text()
        client.open("company.policy")
        client.change(
            "company.policy", text + 'group more "More" { grant view on customer }\nuser "new" "New" in more\n'
        )
        assert client.request("policylang/diff", revision="HEAD")["same_access"] is False


def test_a_name_that_people_of_a_directory_have_stays(folder: Path) -> None:
    (folder / "policylang.yaml").write_text('roots: ["."]\ndirectory: [people.csv]\n')
    (folder / "people.csv").write_text("id,role\nzoe@acme.test,sales_rep\n")
    text = (folder / "company.policy").read_text(encoding="utf-8")
    with Client(folder) as client:
        client.open("company.policy")
        with pytest.raises(RuntimeError, match="unknown role `sales_rep`"):
            client.ask("rename", "company.policy", position=at(text, "role sales_rep", behind=True), newName="seller")


def test_a_name_that_the_config_has_stays(folder: Path) -> None:
    (folder / "policylang.yaml").write_text('roots: ["."]\nusage: {break_glass: [sales_rep]}\n')
    text = (folder / "company.policy").read_text(encoding="utf-8")
    with Client(folder) as client:
        client.open("company.policy")
        with pytest.raises(RuntimeError, match="`usage` in the config names `sales_rep`: change it there first"):
            client.ask("rename", "company.policy", position=at(text, "role sales_rep", behind=True), newName="seller")


def test_what_is_over_is_marked(folder: Path) -> None:
    text = (folder / "company.policy").read_text(encoding="utf-8")
    over = 'user "old@acme.test" { assign role sales_rep from 2024-01-01 until 2024-12-31 }\n'
    with Client(folder) as client:
        client.open("company.policy", text + over)
        client.settled()
        found = client.diagnostics[client.uri("company.policy")]
        assert [each["tags"] for each in found if each["code"] in ("PL307", "PL706")] == [[2]]


def test_every_question_is_documented() -> None:
    text = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")
    said = set(re.findall(r"^\| `policylang/(\w+)` \|", text, re.MULTILINE))
    assert said == {*questions.QUESTIONS, "settled"}
