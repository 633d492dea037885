"""What an editor is offered: what was meant, comments, fixes, and policies made of conditions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policylang.project.discovery import discover
from policylang.project.project import Project
from tests.editor.client import Client, at
from tests.editor.small import MAIN, OTHER, edited, on_small_set, on_text


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with on_small_set(tmp_path_factory.mktemp("actions")) as made:
        yield made


def compiles(client: Client, changes: dict[str, list[dict[str, Any]]], texts: dict[str, str], folder: Path) -> bool:
    for name, text in texts.items():
        (folder / name).write_text(edited(text, changes.get(client.uri(name), [])))
    (found,) = discover([str(folder)])
    return Project(found).ir is not None


def offered(client: Client, name: str, start: Any, end: Any = None) -> dict[str, Any]:
    where = {"start": start, "end": end or start}
    found = client.ask("codeAction", name, range=where, context={"diagnostics": []})
    return {each["title"]: each for each in found}


def test_what_was_meant(client: Client, tmp_path: Path) -> None:
    text = MAIN.replace("grant view", "grnt view")
    client.change("main.policy", text)
    (action,) = offered(client, "main.policy", at(text, "grnt")).values()
    assert action["isPreferred"] is True
    assert compiles(client, action["edit"]["changes"], {"main.policy": text, "other.policy": OTHER}, tmp_path)
    text = MAIN.replace("grant view", "grant veiw")
    client.change("main.policy", text)
    (action,) = offered(client, "main.policy", at(text, "veiw")).values()
    assert edited(text, action["edit"]["changes"][client.uri("main.policy")]) == MAIN
    client.change("main.policy", MAIN)


@pytest.mark.parametrize("is_meant", [False, True])
def test_a_finding_is_ignored_on_a_line_that_has_a_comment(tmp_path: Path, is_meant: bool) -> None:
    note = '# policylang: ignore PL402 because "it is known"' if is_meant else "# it is known"
    text = (
        'resource doc "Doc" { actions view, modify }\n'
        f'role clerk "Clerk" {{ deny view on doc  grant modify on doc }}  {note}\n'
    )
    with on_text(tmp_path, text) as client:
        client.settled()
        where = at(text, "grant modify on doc")
        found = [
            action
            for title, action in offered(client, "main.policy", where).items()
            if title.startswith("ignore PL413")
        ]
        after = [edited(text, each["edit"]["changes"][client.uri("main.policy")]) for each in found]
        if is_meant:
            assert after == []
            return
        (changed,) = after
        assert changed.endswith(f'because "…"  {note}\n')
        client.change("main.policy", changed)
        assert not any(code == "PL413" for _, code in client.settled().get("main.policy", []))


def test_findings_are_ignored_with_a_reason_or_fixed(client: Client) -> None:
    found = client.settled()["other.policy"]
    line, code = next((line, code) for line, code in found if code == "PL208")
    actions = offered(client, "other.policy", {"line": line, "character": 3})
    ignore = next(each for title, each in actions.items() if title.startswith(f"ignore {code}"))
    client.change("other.policy", edited(OTHER, ignore["edit"]["changes"][client.uri("other.policy")]))
    assert code not in [each for _, each in client.settled().get("other.policy", [])]
    client.change("other.policy", OTHER)
    client.settled()
    (fix,) = (
        each
        for each in offered(client, "other.policy", {"line": line, "character": 3}).values()
        if each.get("isPreferred")
    )
    client.change("other.policy", edited(OTHER, fix["edit"]["changes"][client.uri("other.policy")]))
    assert code not in [each for _, each in client.settled().get("other.policy", [])]
    client.change("other.policy", OTHER)


def test_a_condition_becomes_a_policy(client: Client, tmp_path: Path) -> None:
    client.settled()
    start, end = at(MAIN, "status is lead"), at(MAIN, "status is lead", behind=True)
    actions = offered(client, "main.policy", start, end)
    (action,) = (each for each in actions.values() if each["kind"] == "refactor.extract")
    changes = action["edit"]["changes"]
    assert compiles(client, changes, {"main.policy": MAIN, "other.policy": OTHER}, tmp_path)
    after = edited(MAIN, changes[client.uri("main.policy")])
    assert 'policy own_2 "Own (2)" on customer { status is lead }' in after
    assert "append policy own  append policy own_2" in edited(OTHER, changes[client.uri("other.policy")])


@pytest.mark.parametrize(
    ("head", "made"),
    [
        ('policy own "Own"\n  on customer', 'policy own_2 "Own (2)" on customer'),
        ("policy own\ton\tcustomer  for view", "policy own_2 on customer for view"),
        ("policy own # put on { all\n on customer # { here\n", "policy own_2 on customer"),
        (r'policy own "O\\wn \u{1F511}" on customer', r'policy own_2 "O\\wn \u{1F511} (2)" on customer'),
        ("policy own on any resource with\n a, b", "policy own_2 on any resource with\n a, b"),
    ],
)
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_however_a_policy_is_written_a_condition_becomes_one(
    client: Client, tmp_path: Path, head: str, made: str, line_break: str
) -> None:
    text = (
        "resource customer { a : text  b : text  actions view }\n"
        f'{head} {{ a is "x" and b is " on " }}\n'
        "role reader { grant view on customer  policy own on customer }\n"
    ).replace("\n", line_break)
    client.open("alone.policy", text)
    for name in ("main.policy", "other.policy"):
        client.change(name, "")
    try:
        start, end = at(text, 'b is "'), at(text, '" on "', behind=True)
        actions = offered(client, "alone.policy", start, end)
        (action,) = (each for each in actions.values() if each["kind"] == "refactor.extract")
        changes = action["edit"]["changes"]
        assert compiles(client, changes, {"alone.policy": text}, tmp_path)
        after = edited(text, changes[client.uri("alone.policy")])
        assert made.replace("\n", line_break) + ' { b is " on " }' in after
        assert after.count("\r") == (after.count("\n") if line_break == "\r\n" else 0)
    finally:
        client.close("alone.policy")
        client.change("main.policy", MAIN)
        client.change("other.policy", OTHER)


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("c is 1 and (a is 1 or b is 2) and b is 3", "(a is 1 or b is 2) and b is 3"),
        ("(a is 1 or b is 2) and c is 1 and (a is 3 or b is 4)", "(a is 1 or b is 2) and (a is 3 or b is 4)"),
        ("(a is 1 or b is 2) and c is 1", "(a is 1 or b is 2)"),
        ("not (a is 1) and c is 1", "not (a is 1)"),
        ("a is 1 # as agreed\n and c is 1", None),
    ],
)
def test_what_is_left_of_a_condition_means_the_same(tmp_path: Path, condition: str, left: str | None) -> None:
    text = (
        "resource doc { a : int  b : int  c : int  actions view }\n"
        f"policy own on doc {{ {condition} }}\nrole reader {{ grant view on doc  policy own }}\n"
    )
    with on_text(tmp_path, text) as client:
        actions = offered(client, "main.policy", at(text, "c is 1"), at(text, "c is 1", behind=True))
        made = [each for each in actions.values() if each["kind"] == "refactor.extract"]
        after = [edited(text, each["edit"]["changes"][client.uri("main.policy")]) for each in made]
    assert [each.splitlines()[1] for each in after] == ([] if left is None else [f"policy own on doc {{ {left} }}"])
