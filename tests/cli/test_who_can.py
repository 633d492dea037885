"""`who-can`: users, limits and fields, and the groups and roles that would do where there are no users."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from policylang.cli.main import commands
from tests.cli.asking import NOW, Ask, answer, record, rows


def test_who_can(ask: Ask) -> None:
    result = ask("who-can", "view", "customer")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "user            name            fields                limits                      from",
        "dana@acme.test  Dana            all but monthly_rate  assigned user is sales_rep  group sales",
        'gil@acme.test                   name, site            at site "HQ"                role guard at HQ, '
        "from 2026-01-01 until 2026-03-31",
        "nightly         Nightly export  name, site            none                        role guard",
        "",
        f"3 can view `customer` at {NOW}",
    ]
    content = answer(ask("who-can", "view", "customer", "--format", "json"), 0)
    assert [each["user"] for each in content["users"]] == ["dana@acme.test", "gil@acme.test", "nightly"]
    assert content["users"][1]["name"] is None
    assert content["users"][1]["fields"] == ["name", "site"]
    assert content["users"][1]["ways"][0]["dates"] == ["from 2026-01-01 until 2026-03-31"]
    assert content["now"] == NOW
    table = rows(ask("who-can", "view", "customer", "--format", "csv"))
    assert [row["user"] for row in table] == ["dana@acme.test", "gil@acme.test", "nightly"]
    assert table[0]["limits"] == "assigned user is sales_rep"
    assert table[0]["grants"].startswith("a.policy:")
    assert {row["now"] for row in table} == {NOW}


WITHOUT_USERS = """\
resource doc "Doc" { level : int  actions view, delete }
policy low on doc { level < 3 }
group office "Office" { grant view on doc }
role clerk "Clerk" { grant view, delete on doc  policy low }
"""


@pytest.mark.parametrize(
    ("more", "groups", "roles"),
    [
        (["view", "doc"], ["office"], ["clerk"]),
        (["delete", "doc"], [], ["clerk"]),
        (["view", "doc", "--record", '{"level": 5}'], ["office"], []),
        (["delete", "doc", "--record", '{"level": 5}'], [], []),
        (["delete", "doc", "--record", "{}"], [], []),
    ],
)
def test_who_can_without_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], groups: list[str], roles: list[str]
) -> None:
    """The groups and roles that would do, of the same record as users are asked about."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.policy").write_text(WITHOUT_USERS)
    result = CliRunner().invoke(commands, ["who-can", *more, "--now", NOW, "--format", "json"])
    content = json.loads(result.stdout)
    assert (content["users"], content["groups"], content["roles"]) == ([], groups, roles)
    assert result.exit_code == (0 if groups or roles else 1)
    text = CliRunner().invoke(commands, ["who-can", *more, "--now", NOW]).stdout
    assert text.startswith("no users in this policy set")
    assert all(name in text for name in (*groups, *roles))


def test_who_can_later(ask: Ask) -> None:
    content = answer(ask("who-can", "view", "customer", "--now", "2026-04-02T00:00:00Z", "--format", "json"), 0)
    assert [each["user"] for each in content["users"]] == ["dana@acme.test", "nightly"]


def test_who_can_do_it_to_a_record(ask: Ask) -> None:
    for given, expected in (
        (record(), ["dana@acme.test", "gil@acme.test", "nightly"]),
        (record(site="a:b@c"), ["dana@acme.test", "nightly"]),
        (record(sales_rep="gil@acme.test", site="a:b@c"), ["nightly"]),
        (record(site="nowhere"), []),
    ):
        result = ask("who-can", "view", "customer", "--record", given, "--format", "json")
        users = answer(result, 0 if expected else 1)["users"]
        assert [each["user"] for each in users] == expected
    assert ask("who-can", "view", "api", "--record", record()).exit_code == 2


def test_who_can_with_a_field_and_a_request(ask: Ask) -> None:
    def users(code: int, *arguments: str) -> list[str]:
        return [each["user"] for each in answer(ask("who-can", *arguments, "--format", "json"), code)["users"]]

    assert users(0, "view", "customer", "--field", "status") == ["dana@acme.test"]
    assert users(1, "view", "customer", "--field", "monthly_rate") == []
    assert users(0, "view", "customer", "--field", "status", "--record", record()) == ["dana@acme.test"]
    assert users(0, "modify", "customer") == ["dana@acme.test"]
    assert users(1, "modify", "customer", "--record", record()) == []
    shown = ask("who-can", "view", "customer", "--field", "name", "--record", record()).stdout
    assert shown.endswith(f"\n3 can view `name` of this `customer` at {NOW}\n")
    request = ["--request", '{"ip": "10.1.1.1"}']
    assert users(0, "modify", "customer", "--record", record(), *request) == ["dana@acme.test"]
    assert ask("who-can", "modify", "customer", *request).exit_code == 2


def test_nobody_can(ask: Ask) -> None:
    result = ask("who-can", "delete", "customer")
    assert (result.exit_code, result.stdout) == (1, f"nobody can delete `customer` at {NOW}\n")
    assert answer(ask("who-can", "delete", "customer", "--format", "json"), 1)["users"] == []
    assert rows(ask("who-can", "delete", "customer", "--format", "csv")) == []
