"""`decide`, `access`, `eligible`: answers, formats and exit codes; and what all commands that ask have in common."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from policylang.cli.main import commands
from tests.cli.asking import MINE, NOW, POLICIES, Ask, answer, record, rows

# --- decide -------------------------------------------------------------------------------------------------


def test_decide_allowed_and_denied(ask: Ask) -> None:
    allowed = ask("decide", "dana@acme.test", "view", "--record", record())
    assert allowed.exit_code == 0
    assert "allowed" in allowed.stdout
    assert "group `sales`" in allowed.stdout
    denied = ask("decide", "dana@acme.test", "view", "--record", record(sales_rep="gil@acme.test"))
    assert denied.exit_code == 1
    assert "denied" in denied.stdout


def test_decide_json(ask: Ask) -> None:
    content = answer(ask("decide", "dana@acme.test", "view", "--record", record(), "--format", "json"), 0)
    assert content["allowed"] is True
    assert content["fields"] == ["name", "created", "sales_rep", "status", "site"]
    assert content["reasons"][0].startswith("group `sales` grants view on `customer` (a.policy:")
    assert content["missing"] == []
    assert content["now"] == NOW
    assert (content["user"], content["action"], content["resource"]) == ("dana@acme.test", "view", "customer")
    assert content["somebody"] is None
    assert content["record"] == {name: value for name, value in MINE.items() if name != "resource"}
    assert content["digest"].startswith("sha256:")


def test_decide_says_what_is_missing(ask: Ask) -> None:
    given = ["decide", "dana@acme.test", "view", "--resource", "customer", "--record", "{}", "--format", "json"]
    assert answer(ask(*given), 1)["missing"] == ["sales_rep"]


def test_decide_without_a_record(ask: Ask) -> None:
    assert ask("decide", "nightly", "access", "--resource", "api").exit_code == 0
    assert ask("decide", "dana@acme.test", "access", "--resource", "api").exit_code == 1


def test_decide_field_changes_and_request(ask: Ask) -> None:
    question = ["decide", "dana@acme.test", "view", "--record", record()]
    assert ask(*question, "--field", "name").exit_code == 0
    assert ask(*question, "--field", "monthly_rate").exit_code == 1
    question = ["decide", "dana@acme.test", "modify", "--record", record(), "--request", '{"ip": "10.0.0.7"}']
    assert ask(*question, "--changes", '{"name": "Anna"}').exit_code == 0
    assert ask(*question, "--changes", '{"sales_rep": "gil@acme.test"}').exit_code == 1
    assert ask(*question, "--changes", '{"name": null}').exit_code == 0
    assert ask("decide", "dana@acme.test", "modify", "--record", record()).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dana@acme.tset", "view", "--record", record()], ["no user", "dana@acme.test"]),
        (["dana@acme.test", "veiw", "--record", record()], ["no action", "view"]),
        (["dana@acme.test", "view", "--record", record(resource="custmer")], ["no resource", "customer"]),
        (["dana@acme.test", "view", "--record", record(), "--field", "naem"], ["no attribute", "name"]),
    ],
)
def test_decide_about_what_there_is_not(ask: Ask, arguments: list[str], words: list[str]) -> None:
    result = ask("decide", *arguments)
    assert result.exit_code == 1
    assert all(word in result.stdout for word in words), result.stdout
    assert "did you mean" in result.stdout
    assert answer(ask("decide", *arguments, "--format", "json"), 1)["allowed"] is False


def test_attributes_that_are_not_read_are_told(ask: Ask) -> None:
    given = record(sales_repp="dana@acme.test", id="7", colour="red")
    result = ask("decide", "dana@acme.test", "view", "--record", given, "--request", '{"ipp": "10.0.0.1"}')
    assert result.exit_code == 0
    assert "`customer` has no attribute `sales_repp`: did you mean `sales_rep`?" in result.stdout
    assert "`customer` has no attribute `colour`: ignored" in result.stdout
    assert "a request has no attribute `ipp`: did you mean `ip`?" in result.stdout
    assert "`id`" not in result.stdout


def test_record_from_files_and_standard_input(ask: Ask, write) -> None:
    write("r.json", record())
    write("bom.json", b"\xef\xbb\xbf" + record().encode())
    write("r.yaml", "resource: customer\nsales_rep: dana@acme.test\nmonthly_rate: 49.90\n")
    for given in ("r.json", "bom.json", "r.yaml"):
        assert ask("decide", "dana@acme.test", "view", "--record", given).exit_code == 0, given
    assert ask("decide", "dana@acme.test", "view", "--record", "-", input=record().encode()).exit_code == 0
    assert ask("decide", "dana@acme.test", "view", "--record", f"  {record()}").exit_code == 0


def test_fractions_stay_exact(ask: Ask) -> None:
    given = '{"resource": "customer", "monthly_rate": 0.10000000000000000000000000000000000001}'
    result = ask("decide", "dana@acme.test", "view", "--record", given, "--format", "json")
    assert '"monthly_rate": 0.10000000000000000000000000000000000001' in result.stdout


def test_the_resource_of_a_record(ask: Ask) -> None:
    base = ["decide", "dana@acme.test", "view"]
    assert ask(*base, "--record", record(), "--resource", "customer").exit_code == 0
    # `tag` has an attribute of this name: the key belongs to the record.
    tag = ask(*base, "--resource", "tag", "--record", '{"resource": "customer"}', "--format", "json")
    assert answer(tag, 0)["record"] == {"resource": "customer"}
    assert answer(tag, 0)["resource"] == "tag"
    assert answer(ask(*base, "tag", "--record", '{"resource": "customer"}', "--format", "json"), 0) == answer(tag, 0)
    assert ask(*base, "customer", "--resource", "customer", "--record", record()).exit_code == 0
    for given, words in (
        (["api", "--record", record()], "it says `api`, the record says `customer`"),
        (["api", "--resource", "tag"], "two resources: `api`, and `tag` with --resource"),
        (["--record", record(), "--resource", "api"], "it says `api`, the record says `customer`"),
        (["--record", "{}"], "nothing says which resource the record is of"),
        ([], "nothing says which resource the record is of"),
        (["--record", '{"resource": 3}'], "the `resource` of a record is a name"),
        (["--record", '{"resource": "tag"}'], "`--resource tag`"),
        (["--record", '{"resource": 3}', "--resource", "customer"], "the record says `int`"),
    ):
        result = ask(*base, *given)
        assert result.exit_code == 2
        assert words in result.stderr


# --- somebody hypothetical ----------------------------------------------------------------------------------


def test_as_role_and_group(ask: Ask) -> None:
    decide = ["decide", "view", "--record", record(sales_rep="(somebody)")]
    assert ask(*decide, "--as-group", "sales").exit_code == 0
    assert ask(*decide, "--as-role", "guard").exit_code == 0
    assert ask(*decide, "--as-role", "sales_rep").exit_code == 1
    assert ask(*decide, "--as-role", "guard@site:HQ").exit_code == 0
    assert ask(*decide, "--as-role", "guard@region:North").exit_code == 0
    assert ask(*decide, "--as-role", "guard@site:a:b@c").exit_code == 1
    assert ask("decide", "view", "--as-role", "guard@site:a:b@c", "--record", record(site="a:b@c")).exit_code == 0
    content = answer(ask(*decide, "--as-role", "guard@site:HQ", "--as-group", "sales", "--format", "json"), 0)
    assert content["user"] == "(somebody)"
    assert content["somebody"] == {"roles": [{"role": "guard", "place": "HQ"}], "group": "sales"}
    assert content["fields"] == ["name", "created", "sales_rep", "status", "site"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--as-role", "gaurd"], ["unknown role", "did you mean `guard`?"]),
        (["--as-role", "xyzzy"], ["unknown role", "choose from `guard` and `sales_rep`"]),
        (["--as-role", "sales"], ["unknown role", "--as-group sales"]),
        (["--as-role", ""], ["unknown role"]),
        (["--as-group", "salse"], ["unknown group"]),
        (["--as-group", "guard"], ["unknown group", "--as-role guard"]),
        (["--as-group", "sales@site:HQ"], ["only roles have a place"]),
        (["--as-group", "sales", "--as-group", "sales"], ["in one group at most"]),
        (["--as-role", "guard@HQ"], ["does not name a place", "ROLE@KIND:PLACE"]),
        (["--as-role", "guard@iste:HQ"], ["unknown kind of place", "did you mean `site`?"]),
        (["--as-role", "guard@site:HQ2"], ["unknown site"]),
        (["--as-role", "guard@region:Nroth"], ["unknown region", "did you mean `North`?"]),
        (["--as-role", "guard@region:HQ"], ["unknown region", "it is a site: `guard@site:HQ`"]),
        (["--as-role", "guard@region:"], ["unknown region"]),
        (["--as-role", "\x1b[31m"], ["unknown role"]),
    ],
)
def test_roles_groups_and_places_that_there_are_not(ask: Ask, given: list[str], words: list[str]) -> None:
    for command in (["decide", "view", "--record", record()], ["access"]):
        result = ask(*command, *given)
        assert result.exit_code == 2
        assert all(word in result.stderr for word in words), result.stderr
        assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["decide"], "expected USER ACTION [RESOURCE], got 0 arguments"),
        (["decide", "view"], "--as-role or --as-group can replace USER"),
        (["decide", "dana@acme.test", "view", "customer", "more"], "expected USER ACTION [RESOURCE], got 4 arguments"),
        (["decide", "dana@acme.test", "view", "customer", "."], "name policy files with `--policies .`"),
        (["decide", "dana@acme.test", "view", "customer", "--as-role", "guard"], "leave USER out"),
        (["decide", "dana@acme.test", "view", "--as-role", "guard"], "leave USER out"),
        (["decide", "--as-role", "guard"], "expected ACTION [RESOURCE], got 0 arguments"),
        (["access"], "expected USER, got 0 arguments"),
        (["access", "dana@acme.test", "--as-group", "sales"], "expected no argument, got 1 argument:"),
    ],
)
def test_arguments_that_do_not_fit(ask: Ask, arguments: list[str], words: str) -> None:
    result = ask(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Usage:" in result.stderr


# --- access -------------------------------------------------------------------------------------------------


def test_access(ask: Ask) -> None:
    result = ask("access", "dana@acme.test")
    assert result.exit_code == 0
    assert [" ".join(line.split()) for line in result.stdout.splitlines()] == [
        "resource action fields limits except from",
        "customer view all but monthly_rate assigned user is sales_rep group sales",
        'modify all but monthly_rate assigned user is sales_rep; request.ip in "10.0.0.0/8" status is lead group sales',
        "tag view all none group sales",
        "",
        "`dana@acme.test` has access to 2 resources at any time",
    ]
    content = answer(ask("access", "dana@acme.test", "--format", "json"), 0)
    assert content["name"] == "Dana"
    assert content["now"] is None
    assert [(each["resource"], each["action"]) for each in content["access"]] == [
        ("customer", "view"),
        ("customer", "modify"),
        ("tag", "view"),
    ]
    assert content["access"][1]["denies"] == ["status is lead"]
    table = rows(ask("access", "dana@acme.test", "--format", "csv"))
    assert table[1]["denies"] == "status is lead"
    assert table[1]["fields"] == "name, created, sales_rep, status, site"


def test_access_with_and_without_an_instant(ask: Ask) -> None:
    always = ask("access", "gil@acme.test")
    assert "role guard at HQ, from 2026-01-01 until 2026-03-31" in always.stdout
    assert ask("access", "gil@acme.test", "--now", NOW).exit_code == 0
    later = ask("access", "gil@acme.test", "--now", "2026-04-02T00:00:00Z")
    assert later.exit_code == 1
    assert later.stdout == "`gil@acme.test` has no access at 2026-04-02T00:00:00Z\n"
    table = rows(ask("access", "gil@acme.test", "--now", NOW, "--format", "csv"))
    assert table[0]["limits"] == 'at site "HQ"'
    assert table[0]["dates"] == "from 2026-01-01 until 2026-03-31"


def test_access_of_roles_and_of_one_resource(ask: Ask) -> None:
    content = answer(ask("access", "--as-role", "guard@site:HQ", "--format", "json"), 0)
    assert content["somebody"] == {"roles": [{"role": "guard", "place": "HQ"}], "group": None}
    assert {each["source"] for each in content["access"]} == {"role `guard` at `HQ`"}
    content = answer(ask("access", "--as-group", "sales", "--resource", "tag", "--format", "json"), 0)
    assert [each["action"] for each in content["access"]] == ["view"]
    assert ask("access", "--as-group", "sales", "--resource", "api").exit_code == 1
    assert ask("access", "idle@acme.test").exit_code == 1


# --- eligible -----------------------------------------------------------------------------------------------


def test_eligible(ask: Ask) -> None:
    result = ask("eligible", "customer.sales_rep")
    assert (result.exit_code, result.stdout) == (
        0,
        f"user            name\ndana@acme.test  Dana\n\n1 eligible for `customer.sales_rep` at {NOW}\n",
    )
    content = answer(ask("eligible", "customer.sales_rep", "--format", "json"), 0)
    assert content["users"] == [{"user": "dana@acme.test", "name": "Dana"}]
    assert content["now"] == NOW
    table = ask("eligible", "customer.sales_rep", "--format", "csv").stdout_bytes
    assert table == f"user,name,now\r\ndana@acme.test,Dana,{NOW}\r\n".encode()


def test_nobody_is_eligible(ask: Ask, write) -> None:
    write("policies/a.policy", POLICIES.replace("  role sales_rep\n", ""))
    result = ask("eligible", "customer.sales_rep")
    assert (result.exit_code, result.stdout) == (1, f"nobody eligible for `customer.sales_rep` at {NOW}\n")


# --- what there is not --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["who-can", "view", "custmer"], ["custmer: unknown resource", "did you mean `customer`?"]),
        (["who-can", "veiw", "customer"], ["unknown action of `customer`", "did you mean `view`?"]),
        (["who-can", "xyzzy", "customer"], ["choose from `delete`, `modify` and `view`"]),
        (["who-can", "view", "customer", "--field", "naem"], ["attribute of `customer`", "did you mean `name`?"]),
        (["access", "dana@acme.tset"], ["unknown user", "did you mean `dana@acme.test`?"]),
        (["access", "dana@acme.test", "--resource", "custmer"], ["did you mean `customer`?"]),
        (["eligible", "custmer.sales_rep"], ["unknown resource", "did you mean `customer`?"]),
        (["eligible", "customer.sales_repp"], ["attribute of `customer`", "did you mean `sales_rep`?"]),
        (["eligible", "customer"], ["this does not name an attribute", "RESOURCE.ATTRIBUTE"]),
        (["eligible", "customer.name"], ["it does not hold a user"]),
        (["eligible", "."], ["unknown resource"]),
    ],
)
def test_names_that_there_are_not(ask: Ask, arguments: list[str], words: list[str]) -> None:
    result = ask(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert all(word in result.stderr for word in words), result.stderr


# --- where the policies come from ---------------------------------------------------------------------------

COMMANDS = [
    ["decide", "dana@acme.test", "view", "--record", record()],
    ["who-can", "view", "customer"],
    ["access", "dana@acme.test"],
    ["eligible", "customer.sales_rep"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_sources_and_compiled_json_give_the_same(ask: Ask, write, command: list[str]) -> None:
    expected = ask(*command, "--format", "json").stdout
    compiled = CliRunner().invoke(commands, ["compile", "-o", "out.json"])
    assert compiled.exit_code == 0
    write("elsewhere/a.policy", POLICIES)
    write("policies/a.policy", "nonsense")
    for path in ("out.json", "elsewhere", "elsewhere/a.policy"):
        assert ask(*command, "--policies", path, "--format", "json").stdout == expected


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_policies_that_cannot_be_read(ask: Ask, write, command: list[str]) -> None:
    write("broken/a.policy", "role r { role nobody }")
    write("broken.json", "{}")
    for path, words in (
        ("nowhere", "cannot be read"),
        ("broken", "PL101"),
        ("broken.json", "not a compiled policy set"),
    ):
        result = ask(*command, "--policies", path)
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in result.stderr


# --- when ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@pytest.mark.parametrize(
    "now",
    [
        "2026-11-21",
        "2026-11-21T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-11-21 12:00:00Z",
        "2026-11-21T12:00:00+25:00",
        "9999-12-31T23:59:59-14:00",
        "1795262400",
        "today",
        "",
        "\x1b[31m",
    ],
)
def test_instants_that_are_none(ask: Ask, command: list[str], now: str) -> None:
    result = ask(*command, "--now", now)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not an instant" in result.stderr
    assert "2026-11-21T12:00:00-07:00" in result.stderr
    assert "\x1b" not in result.stderr


def test_the_ends_of_the_calendar(ask: Ask, write) -> None:
    for zone, now in (("America/Denver", "0001-01-01T00:00:00Z"), ("Asia/Tokyo", "9999-12-31T23:59:59Z")):
        write("policies/a.policy", f'timezone "{zone}"\n{POLICIES}')
        for command in COMMANDS:
            result = ask(*command, "--now", now)
            assert result.exit_code == 2
            assert "outside the calendar" in result.stderr


def test_the_present_is_told(ask: Ask) -> None:
    result = CliRunner().invoke(commands, ["who-can", "view", "customer", "--format", "json"])
    now = json.loads(result.stdout)["now"]
    again = ask("who-can", "view", "customer", "--format", "json", "--now", now)
    assert again.stdout == result.stdout


def test_an_offset_is_told_in_utc(ask: Ask) -> None:
    result = ask("who-can", "view", "customer", "--now", "2026-02-01T05:00:00-07:00", "--format", "json")
    assert json.loads(result.stdout)["now"] == NOW


def test_roles_at_a_place_reach_no_resource_without_places(ask: Ask) -> None:
    content = answer(ask("access", "--as-role", "guard@site:HQ", "--format", "json"), 0)
    assert {each["resource"] for each in content["access"]} == {"customer"}
    assert ask("decide", "access", "--resource", "api", "--as-role", "guard@site:HQ").exit_code == 1
    assert ask("decide", "access", "--resource", "api", "--as-role", "guard").exit_code == 0
    users = answer(ask("who-can", "access", "api", "--format", "json"), 0)["users"]
    assert [each["user"] for each in users] == ["nightly"]
