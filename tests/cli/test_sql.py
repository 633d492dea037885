"""`policylang sql`"""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from policylang.cli.main import commands
from tests.helpers import ACCEPTANCE

HERE = ["--policies", str(ACCEPTANCE / "securitytrax"), "--now", "2026-11-21T12:00:00Z"]


def sql(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(commands, ["sql", *arguments, *HERE])
    return result.exit_code, result.output


def test_a_condition_with_its_values() -> None:
    assert sql("dana@acme.test", "view", "customer") == (0, '"customer"."sales_rep" = \'dana@acme.test\'\n')
    assert sql("dana@acme.test", "view", "customer", "--dialect", "mysql")[1].startswith("`customer`.`sales_rep` = ")


def test_parameters_for_programs() -> None:
    code, text = sql("dana@acme.test", "view", "customer", "--format", "json")
    assert code == 0
    assert json.loads(text) == {
        "dialect": "postgres",
        "now": "2026-11-21T12:00:00Z",
        "sql": '"customer"."sales_rep" = %(p1)s',
        "parameters": {"p1": "dana@acme.test"},
    }


def test_nothing_is_a_condition_too() -> None:
    assert sql("dana@acme.test", "delete", "customer") == (1, "FALSE\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dan@acme.test", "view", "customer"), "did you mean `dana@acme.test`"),
        (("dana@acme.test", "vew", "customer"), "did you mean `view`"),
        (("dana@acme.test", "view", "custmer"), "did you mean `customer`"),
        (("dana@acme.test", "view", "customer", "--dialect", "nix"), "sqlglot has no dialect `nix`"),
        (("dana@acme.test", "view", "customer", "--dialect", "tableau"), "tableau is not a dialect of SQL databases"),
        (("dana@acme.test", "view", "customer", "--request", "[]"), "--request"),
    ],
)
def test_what_there_is_not(arguments: tuple[str, ...], said: str) -> None:
    code, text = sql(*arguments)
    assert code == 2
    assert said in text
