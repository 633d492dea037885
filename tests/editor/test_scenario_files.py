"""Scenario files in the editor: completion, what came of tests, and tests written for a witness."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policylang.testing.run import read_scenarios
from tests.editor.client import Client, at
from tests.editor.small import edited

NAME = "company.test.yaml"


def offered(client: Client, text: str) -> list[str]:
    """What is offered at `|`."""
    before, _, behind = text.partition("|")
    client.change(NAME, before + behind)
    found = client.ask(
        "completion", NAME, position={"line": before.count("\n"), "character": len(before.split("\n")[-1])}
    )
    return [item["label"] for item in found["items"]]


def test_completion(client: Client) -> None:
    text = (client.folder / NAME).read_text(encoding="utf-8")
    client.open(NAME)
    assert "dana@acme.test" in offered(client, text + "  - name: x\n    user: |")
    assert "customer" in offered(client, "records:\n  a: {resource: |")
    assert "status" in offered(client, "records:\n  a: {resource: customer, |")
    assert "view" in offered(client, text + "    allow: {|")
    assert "danas_lead" in offered(client, text + "    allow: {view: [|")
    assert "records" in offered(client, "|")
    assert offered(client, "# |") == []
    client.change(NAME, text)


@pytest.mark.parametrize(
    ("text", "wanted", "made"),
    [
        ("|", "dana@acme.test", "dana@acme.test"),
        ("|", "1001", '"1001"'),
        ("|", "ann: the first", '"ann: the first"'),
        ('"|"', "dana@acme.test", '"dana@acme.test"'),
        ('"dan|"', "dana@acme.test", '"dana@acme.test"'),
        ("'10|'", "1001", '"1001"'),
        ('"ann: the |"', "ann: the first", '"ann: the first"'),
        ('"10|', "1001", '"1001"'),
    ],
)
def test_what_is_offered_is_read_as_it_is_meant(folder: Path, text: str, wanted: str, made: str) -> None:
    (folder / "more.policy").write_text('user "1001"\nuser "ann: the first"\n')
    start = "policies: .\ntests:\n  - name: x\n    user: "
    before, _, behind = text.partition("|")
    with Client(folder) as client:
        client.open(NAME)
        client.change(NAME, start + before + behind)
        found = client.ask("completion", NAME, position={"line": 3, "character": len("    user: " + before)})
    (item,) = (each for each in found["items"] if each["label"] == wanted)
    assert edited(start + before + behind, [item["textEdit"]]) == start + made
    assert item["filterText"].startswith(before)


def test_people_of_a_directory_are_offered(folder: Path) -> None:
    (folder / "policylang.yaml").write_text('roots: ["."]\ndirectory: [people.csv]\n')
    (folder / "people.csv").write_text("id,role\nzoe@acme.test,sales_rep\n")
    with Client(folder) as client:
        client.open(NAME)
        assert "zoe@acme.test" in offered(client, "policies: .\ntests:\n  - name: x\n    user: |")


def test_lenses(client: Client) -> None:
    text = (client.folder / NAME).read_text(encoding="utf-8")
    client.open(NAME)
    client.settled()
    first, *others = client.ask("codeLens", NAME)
    assert first["command"]["title"] == "run tests"
    tests = [each for each in others if each["command"]["command"] == "policylang.runTests"]
    assert {each["command"]["title"].split(" ", 1)[1] for each in tests} == {"as expected"}
    command = first["command"]
    answer = client.request("workspace/executeCommand", command=command["command"], arguments=command["arguments"])
    assert answer["failed"] == 0
    client.change(NAME, text.replace("deny:  {view: [no_rep]", "allow: {view: [no_rep]", 1))
    client.settled()
    titles = [each["command"]["title"] for each in client.ask("codeLens", NAME)]
    assert sum("not as expected" in title for title in titles) == 1
    client.change(NAME, text)


def test_a_file_that_cannot_be_read_is_told_of_in_words(client: Client) -> None:
    path = client.folder / "latin.test.yaml"
    path.write_bytes("# fünf\n".encode("latin-1"))
    answer = client.request(
        "workspace/executeCommand", command="policylang.runTests", arguments=[client.uri(path.name)]
    )
    path.unlink()
    assert answer == {"error": "not UTF-8: the byte 0xfc cannot be read"}


def test_decisions_in_place(folder: Path) -> None:
    text = (folder / NAME).read_text(encoding="utf-8")
    with Client(folder, workspace={"codeLens": {"refreshSupport": True}}) as client:
        client.open(NAME)
        client.settled()
        client.wait_for(lambda: "workspace/codeLens/refresh" in [each["method"] for each in client.messages])
        lenses = [
            each for each in client.ask("codeLens", NAME) if each["command"]["command"] == "policylang.decideTest"
        ]
        line = at(text, "deny:  {view: [no_rep]")["line"]
        here = {each["command"]["title"]: each["command"] for each in lenses if each["range"]["start"]["line"] == line}
        assert list(here) == ["decide view no_rep: denied", "decide modify no_rep: denied"]
        answers = [
            client.request("workspace/executeCommand", command=each["command"], arguments=each["arguments"])
            for each in here.values()
        ]
        assert [each["explanation"]["asked"]["action"] for each in answers] == ["view", "modify"]
        assert "own_customers" in answers[0]["text"]
        assert "error" in client.request("policylang/decideTest", uri=client.uri(NAME), number=99)


WIDER = """\
group wide "Wide" { grant view on customer }
user "eve" "Eve" in wide { assign role lost }
role lost "Lost" { grant view on customer  policy own_customers }
"""


def offered_tests(client: Client, text: str) -> list[Any]:
    """The tests that can be written for the findings in a text."""
    client.open("company.policy")
    client.change("company.policy", text)
    client.settled()
    lines = [each["range"]["start"] for each in client.diagnostics[client.uri("company.policy")]]
    return [
        action
        for where in lines
        for action in client.ask(
            "codeAction", "company.policy", range={"start": where, "end": where}, context={"diagnostics": []}
        )
        if action["title"].startswith("write a test")
    ]


def test_a_test_for_a_witness(folder: Path) -> None:
    text = (folder / "company.policy").read_text(encoding="utf-8") + WIDER
    with Client(folder) as client:
        found = offered_tests(client, text)
        assert found
        before = (folder / NAME).read_text(encoding="utf-8")
        for action in found:
            after = edited(before, action["edit"]["changes"][client.uri(NAME)])
            was, now = read_scenarios(before)[0], read_scenarios(after)[0]
            assert now.tests[:-1] == was.tests
            assert now.tests[-1].user in ("eve", "dana@acme.test", "milo@acme.test")
            client.open(NAME, after)
            assert NAME not in client.settled()
            client.close(NAME)


def test_a_file_of_its_own_where_there_is_none(folder: Path) -> None:
    (folder / NAME).unlink()
    text = (folder / "company.policy").read_text(encoding="utf-8") + WIDER
    with Client(folder) as client:
        found = offered_tests(client, text)
        created, changed = found[0]["edit"]["documentChanges"]
        assert created["kind"] == "create"
        client.open("witnesses.test.yaml", changed["edits"][0]["newText"])
        (folder / "witnesses.test.yaml").write_text(changed["edits"][0]["newText"])
        client.notify("workspace/didChangeWatchedFiles", changes=[])
        assert "witnesses.test.yaml" not in client.settled()


def test_a_rename_reaches_the_tests(folder: Path) -> None:
    text = (folder / "company.policy").read_text(encoding="utf-8")
    with Client(folder) as client:
        client.open("company.policy")
        for mark, new in (
            ('"dana@acme.test"', "da na"),
            ("customer_file", "paper"),
            ("status ", "state"),
            ("sales_rep :", "agent"),
        ):
            changes = client.ask("rename", "company.policy", position=at(text, mark), newName=new)["changes"]
            after = {
                name: edited((folder / name).read_text(encoding="utf-8"), changes.get(client.uri(name), []))
                for name in ("company.policy", NAME)
            }
            assert new in after[NAME]
            client.change("company.policy", after["company.policy"])
            client.open(NAME, after[NAME])
            assert client.settled() == {}
            client.close(NAME)
            client.change("company.policy", text)
