"""The witnesses that findings come with, word for word, and the commands that replay them."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from policylang.check.engine import run_checks
from policylang.pipelines.replay import as_witness, command
from policylang.runtime.index import Index
from tests.helpers import compiled

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)


def shown(text: str, code: str) -> list[dict[str, Any]]:
    """The witnesses of the only finding."""
    policy_set = compiled(text)
    (finding,) = run_checks(policy_set, NOW, [code])
    return [as_witness(Index(policy_set), each) for each in finding.shown]


SENSITIVE = """\
resource employee { level : int  name : text  sensitive rate : money  actions view, create }
role exporter { grant VIEW on employee (name, rate) }
integration payroll { role exporter  objects employee }
"""
OUTSIDE = """\
resource doc { level : int  status : one of open, closed  actions view, create }
resource note { actions view }
policy closed on doc { status is closed }
role exporter { grant VIEW on doc (status)  policy closed  grant view on note }
integration export { role exporter  objects note }
"""
MIRROR = """\
resource doc { status : one of open, closed  actions view, create }
policy closed on doc { status is closed }
role exporter { grant VIEW on doc  policy closed }
role looker { grant VIEW on doc }
integration export { role exporter  objects doc  mirror role looker }
"""


@pytest.mark.parametrize(
    ("code", "text", "action", "expected"),
    [
        (
            "PL409",
            OUTSIDE,
            "view",
            [({"user": "export"}, {"status": "closed", "level": 1}, "allowed")],
        ),
        ("PL409", OUTSIDE, "create", [({"user": "export"}, {"status": "closed"}, "allowed")]),
        (
            "PL410",
            SENSITIVE,
            "view",
            [({"user": "payroll", "field": "rate"}, {"name": "text", "level": 1, "rate": 1}, "allowed")],
        ),
        (
            "PL410",
            SENSITIVE,
            "create",
            [({"user": "payroll", "field": "rate"}, {"name": "text", "rate": 1}, "allowed")],
        ),
        (
            "PL411",
            MIRROR,
            "view",
            [
                ({"as_roles": ["looker"]}, {"status": "open"}, "allowed"),
                ({"as_roles": ["exporter"]}, {"status": "open"}, "denied"),
            ],
        ),
    ],
)
def test_witnesses_of_integrations(
    code: str, text: str, action: str, expected: list[tuple[dict[str, Any], dict[str, Any], str]]
) -> None:
    """Who creates a record is asked without the attributes that may not be set."""
    found = shown(text.replace("VIEW", action), code)
    resource = "employee" if code == "PL410" else "doc"
    assert found == [
        {
            **who,
            "action": action,
            "resource": resource,
            "record": record,
            "now": "2026-11-21T12:00:00Z",
            "expected": said,
        }
        for who, record, said in expected
    ]


@pytest.mark.parametrize(("author", "found"), [("assigned user", 1), ('"w40"', 1), ('"ann"', 1), ('"eve"', 0)])
def test_whoever_can_be_written_is_tried(author: str, found: int) -> None:
    writers = "".join(f'user "w{number:02}" {{ assign role writer }}\n' for number in range(41))
    text = f"""\
resource entry {{ author : user with role writer  actions create, approve }}
policy some on entry {{ author is {author} }}
role writer {{ }}
role maker {{ grant create on entry  policy some }}
role checker {{ grant approve on entry }}
user "zoe" {{ assign role writer  assign role maker  assign role checker }}
user "ann" {{ assign role writer }}
user "eve"
{writers}"""
    assert len(run_checks(compiled(text), NOW, ["PL302"])) == found


def test_a_source_is_told_with_the_one_that_grants_what_it_requires() -> None:
    text = """
resource pay { actions open }
resource employee { name : text  sensitive rate : money  actions view  action export requires open on pay }
role exporter { grant view on employee  grant export on employee including rate because "audit" }
role reader { grant view on employee (name) }
role opener { grant open on pay }
user "ann" { assign role exporter  assign role reader  assign role opener }
"""
    (finding,) = run_checks(compiled(text), NOW, ["PL302"])
    assert finding.message == (
        "together `exporter` and `opener` give `ann` sensitive `employee.rate`, beyond `exporter`"
    )
    assert finding.held == (("role", "exporter"), ("role", "opener"))


def test_each_approving_action_is_told_with_the_source_that_grants_it() -> None:
    text = """
resource invoice { amount : money  actions create, approve, pay, settle }
role maker { grant create on invoice }
role approver { grant approve on invoice }
role payer { grant pay, settle on invoice }
user "ann" { assign role maker  assign role approver  assign role payer }
user "ben" { assign role maker  assign role approver }
"""
    found = run_checks(compiled(text), NOW, ["PL302"])
    assert [(each.message, each.held) for each in found] == [
        (
            "together `maker` and `approver` give 2 users (`ann`, `ben`) both create and approve on `invoice`",
            (("role", "approver"), ("role", "maker")),
        ),
        (
            "together `maker` and `payer` give `ann` create, pay and settle on `invoice`",
            (("role", "maker"), ("role", "payer")),
        ),
    ]
    assert [[shown.action for shown in each.shown] for each in found] == [["create", "approve"], ["create", "pay"]]


def test_the_command_that_replays_a_witness() -> None:
    (witness,) = shown(SENSITIVE.replace("VIEW", "view"), "PL410")
    assert command(witness, ["policies"]) == (
        "policylang decide payroll view --resource employee --field rate --now 2026-11-21T12:00:00Z "
        """--record '{"level": 1, "name": "text", "rate": 1}' --policies policies"""
    )
