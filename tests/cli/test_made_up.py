"""`decide` about people who are not in the policy set: their attributes, and other users that a record speaks of."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from policylang.cli.main import commands

SET = """\
timezone "UTC"
subject { department : text  languages : set of text  optional level : int }
resource doc { owner : user  actions view, speak, shred }
policy colleagues on doc for view { owner.department is assigned user.department }
policy speakers on doc for speak { assigned user.languages contains "en" }
role clerk {
  grant view, speak, shred on doc
  deny shred on doc { assigned user is "zoe@x" }
  policy colleagues
  policy speakers
}
integration bot { role clerk  objects doc }
user "dana@x" { assign role clerk  department : "north"  languages : ["en"] }
"""

Decide = Callable[..., Result]


@pytest.fixture
def decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Decide:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.policy").write_text(SET)

    def run(*arguments: str, **objects: Any) -> Result:
        given = [word for key, value in objects.items() for word in (f"--{key.replace('_', '-')}", json.dumps(value))]
        fixed = ("--resource", "doc", "--now", "2026-11-21T12:00:00Z", "--policies", "a.policy")
        return CliRunner().invoke(commands, ["decide", *arguments, *given, *fixed])

    return run


def test_attributes_of_somebody(decide: Decide) -> None:
    asked = ("speak", "--as-role", "clerk")
    assert decide(*asked, as_attributes={"languages": ["de", "en"]}).exit_code == 0
    assert decide(*asked, as_attributes={"languages": []}).exit_code == 1
    assert decide(*asked, as_attributes={"languages": None, "level": 3}).exit_code == 1


def test_somebody_whom_a_condition_names(decide: Decide) -> None:
    asked = ("shred", "--as-role", "clerk")
    assert decide(*asked).exit_code == 0
    assert decide(*asked, "--as-id", "zoe@x").exit_code == 1
    assert decide(*asked, "--as-id", "dana@x").exit_code == 0
    result = decide("dana@x", "shred", "--as-id", "zoe@x")
    assert (result.exit_code, "--as-id needs --as-role" in result.stderr) == (2, True)
    result = decide(*asked, "--as-id", "bot")
    assert (result.exit_code, "`bot` is an integration" in result.stderr) == (2, True)


def test_users_that_a_record_speaks_of(decide: Decide) -> None:
    record = {"owner": "somebody-else"}
    users = {"somebody-else": {"department": "north"}}
    assert decide("dana@x", "view", record=record, users=users).exit_code == 0
    assert decide("dana@x", "view", record=record, users={"somebody-else": {"department": "south"}}).exit_code == 1
    assert decide("dana@x", "view", record=record).exit_code == 1


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ({"as_attributes": {"departement": "north"}}, "did you mean `department`?"),
        ({"as_attributes": {"department": 5}}, "`department` is text"),
        ({"as_attributes": {"languages": "en"}}, "`languages` is"),
        ({"as_attributes": {"level": "high"}}, "`level` is"),
        ({"as_attributes": ["department"]}, "cannot be read"),
        ({"users": {"dana@x": {}}}, "`dana@x` is in the policy set already"),
        ({"users": {"u": "north"}}, "is not an object with attributes"),
        ({"users": {"u": {"x": 1}}}, "unknown attribute of users"),
    ],
)
def test_what_is_wrong_is_told(decide: Decide, objects: dict[str, Any], said: str) -> None:
    result = decide("view", "--as-role", "clerk", **objects)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


def test_a_user_has_attributes_already(decide: Decide) -> None:
    result = decide("dana@x", "view", as_attributes={"department": "north"})
    assert (result.exit_code, "--as-attributes needs --as-role" in result.stderr) == (2, True)
