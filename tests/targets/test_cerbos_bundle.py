"""The bundle for Cerbos: its own tests, its README, its schemas, what it leads back to, what it does not hold."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from policylang.diagnostics import Diagnostic
from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.targets import find_target
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.cerbos.request import Caller
from policylang.targets.target import Input, Scenario, TargetBundle
from tests.engines import cerbos_engine, files
from tests.engines.cerbos_engine import CerbosServer
from tests.engines.process import Server
from tests.generated.constants import quoted
from tests.helpers import compiled
from tests.targets.cerbos_session import policies, starting
from tests.targets.differential import SETS, compare, known
from tests.targets.test_cerbos import TANGLE, tangled
from tools import engines


def bundle_of(policy_set: ir.PolicySet, scenarios: tuple[Scenario, ...] = ()) -> TargetBundle:
    found = compile_for(find_target("cerbos"), Input(policy_set, scenarios=scenarios))
    assert isinstance(found, TargetBundle), found
    return found


@pytest.mark.parametrize("name", SETS)
def test_scenarios_as_tests_of_cerbos(tmp_path: Path, name: str) -> None:
    policy_set, scenarios = known(name)
    bundle = bundle_of(policy_set, scenarios)
    files.write(tmp_path, policies(bundle))
    found = cerbos_engine.compile(tmp_path)
    assert found.wrong == ()
    assert found.answers >= len(scenarios) * 0.9
    suite = yaml.safe_load(bundle.files["policies/tests/scenarios_test.yaml"])
    effects = [effect for test in suite["tests"] for each in test["expected"] for effect in each["actions"].values()]
    assert 0.2 < effects.count("EFFECT_ALLOW") / len(effects) < 0.8


def test_a_tangle_as_tests_of_cerbos(tmp_path: Path) -> None:
    policy_set = compiled(TANGLE)
    index = Index(policy_set)
    scenarios = tuple(Scenario('x: "#', asked, reference.answer(index, asked).allowed) for asked in tangled())
    files.write(tmp_path, policies(bundle_of(policy_set, scenarios)))
    found = cerbos_engine.compile(tmp_path)
    assert found.wrong == ()
    assert found.answers > 1000


def test_a_wrong_test_of_cerbos_is_found(tmp_path: Path) -> None:
    policy_set, scenarios = known("policies/quickstart")
    bundle = bundle_of(policy_set, scenarios)
    content = bundle.files["policies/tests/scenarios_test.yaml"].replace(b": EFFECT_ALLOW", b": EFFECT_DENY", 1)
    files.write(tmp_path, {**policies(bundle), "tests/scenarios_test.yaml": content})
    assert len(cerbos_engine.compile(tmp_path).wrong) == 1


# --- what a service may do wrong -----------------------------------------------------------------------------

SALES = r"""
scope region contains site
place region "North"
place site "HQ" in "North"
resource customer {
  name : text
  owner : user with role rep
  status : one of lead, active
  created : datetime
  optional note : text
  site : site
  sensitive rate : money
  actions view, create, modify
  action delete requires create on customer at region
}
policy own on customer { owner is assigned user }
policy leads on customer { status is lead }
policy recent on customer { created within 30 days }
policy unnoted on customer { note is missing }
role rep
role guard { grant view, delete on customer  deny view on customer { status is lead } }
group sales {
  role rep
  grant view, create, modify on customer
  policy own
}
group office { grant view on customer including rate  policy unnoted }
user "ann" in sales { append policy recent on customer }
user "it's \"bob\"" in sales { override policy leads on customer }
user "cid" in office { assign role guard at region "North" until 2026-11-30 }
deny modify on customer (status)
"""
NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
RECORD = {"name": "n", "owner": "ann", "status": "active", "created": "2026-11-20T00:00:00Z", "site": "HQ"}


@pytest.fixture
def sales(cerbos: CerbosServer) -> Caller:
    """What asks a Cerbos with this set."""
    policy_set = compiled(SALES)
    bundle = bundle_of(policy_set)
    cerbos.load(policies(bundle))
    return Caller(Index(policy_set), json.loads(bundle.files["principals.json"]))


def ask(cerbos: CerbosServer, caller: Caller, user: str, actions: list[str], **attributes: Any) -> dict[str, bool]:
    """What Cerbos says of a record with other attributes than the caller would send."""
    (check,) = caller.checks(user, "view", "customer", RECORD, now=NOW)
    resource = {**check.resource, "attr": {**check.resource["attr"], **attributes}}
    return cerbos.check([{"principal": check.principal, "resource": resource, "actions": actions}])[0]


def test_what_is_asked_past_the_caller(cerbos: CerbosServer, sales: Caller) -> None:
    assert ask(cerbos, sales, "cid", ["view", "view:name", "view:rate"]) == {
        "view": True,
        "view:name": True,
        "view:rate": True,
    }
    assert ask(cerbos, sales, "cid", ["view:nothing", "fly", "view:*", "*"]) == {
        "view:nothing": False,
        "fly": False,
        "view:*": False,
        "*": False,
    }
    whole = ["view", "view:name"]
    assert ask(cerbos, sales, "cid", whole, site="Atlantis") == dict.fromkeys(whole, False)
    assert ask(cerbos, sales, "ann", whole) == dict.fromkeys(whole, True)
    assert ask(cerbos, sales, "ann", whole, created="2026-10-20T00:00:00Z") == dict.fromkeys(whole, False)
    assert not ask(cerbos, sales, "cid", ["view"], site="North")["view"]


@pytest.mark.parametrize(
    "attributes",
    [{"nothing": "x"}, {"status": "Lead"}, {"created": 5}, {"created": "soon"}, {"note": None}, {"site": 5}],
)
def test_schemas_turn_down_what_is_no_such_record(
    cerbos: CerbosServer, sales: Caller, attributes: dict[str, Any]
) -> None:
    with pytest.raises(files.EngineError, match="SOURCE_RESOURCE"):
        ask(cerbos, sales, "cid", ["view"], **attributes)


def test_schemas_turn_down_an_incomplete_principal(cerbos: CerbosServer, sales: Caller) -> None:
    (check,) = sales.checks("ann", "view", "customer", RECORD, now=NOW)
    for left_out in check.principal["attr"]:
        attributes = {key: value for key, value in check.principal["attr"].items() if key != left_out}
        principal = {**check.principal, "attr": attributes}
        with pytest.raises(files.EngineError, match="SOURCE_PRINCIPAL"):
            cerbos.check([{"principal": principal, "resource": check.resource, "actions": ["view"]}])


def test_the_settings_of_the_bundle(sales: Caller) -> None:
    """They are those that the server of the tests has."""
    assert yaml.safe_load(bundle_of(sales.index.policy_set).files["cerbos.yaml"]) == {
        "engine": {"strictEvaluation": True},
        "schema": {"enforcement": "reject"},
        "storage": {"driver": "disk", "disk": {"directory": "policies"}},
    }


def test_the_readme_tells_the_truth(tmp_path: Path, sales: Caller) -> None:
    """Its commands and its example, as they stand."""
    bundle = bundle_of(sales.index.policy_set)
    files.write(tmp_path, bundle.files)
    text = bundle.files["README.md"].decode()
    compiling, serving = [line.split() for line in text.splitlines() if line.startswith("    cerbos ")]
    assert compiling == ["cerbos", "compile", "--strict-evaluation", "policies"]
    assert cerbos_engine.compile(tmp_path / compiling[-1], strict="--strict-evaluation" in compiling).wrong == ()
    assert serving == ["cerbos", "server", "--config=cerbos.yaml"]
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    assert "This is `ann`, about view on `customer`" in text
    assert example["principal"]["attr"]["instants"]["30 days ago"] == "2026-01-01T08:00:00Z"
    assert served(tmp_path, serving[1:], example) == {"view": "EFFECT_DENY"}, "without an owner it is not hers"
    example["resources"][0]["resource"]["attr"] = {"owner": "ann", "created": "2026-01-20T00:00:00Z"}
    assert served(tmp_path, serving[1:], example) == {"view": "EFFECT_ALLOW"}
    brought = json.loads(bundle.files["request.json"])
    assert brought["instants"] == {"30 days ago": {"amount": -30, "unit": "days"}}
    assert brought["resources"]["customer"]["record"] == ["created", "note", "owner", "site", "status"]
    for name, principal in json.loads(bundle.files["principals.json"]).items():
        told = sales.principal(name, None, NOW)["attr"]
        assert (principal["user"], principal["superuser"]) == (told["user"], told["superuser"])


def served(folder: Path, arguments: list[str], asked: dict[str, Any]) -> dict[str, str]:
    """What a server in a copy of the folder answers, which is told nothing more but where it listens."""
    copy = Path(shutil.copytree(folder, tempfile.mkdtemp(prefix="cerbos"), dirs_exist_ok=True))
    listening = [f"--set=server.{kind}ListenAddr=unix:{copy}/{kind}" for kind in ("http", "grpc")]
    server = Server([str(engines.installed(engines.CERBOS)), *arguments, *listening], "KILL", copy)
    connection = cerbos_engine.Connection(copy / "http")
    until = time.monotonic() + 30
    try:
        while True:
            try:
                connection.request("POST", "/api/check/resources", json.dumps(asked))
                answer = json.loads(connection.getresponse().read())
                return dict(answer["results"][0]["actions"])
            except OSError:
                connection.close()
                assert not server.ended(), server.log()
                assert time.monotonic() < until, server.log()
                time.sleep(0.01)
    finally:
        connection.close()
        server.close()


def test_the_files_stay_as_they_are() -> None:
    """`EXPECTED` beside this; `python -m tests.targets.test_cerbos_bundle` writes it."""
    assert {path.name: path.read_text(encoding="utf-8") for path in EXPECTED.iterdir()} == written()


EXPECTED = Path(__file__).parent / "cerbos"


def written() -> dict[str, str]:
    """The policies, with their folders in the names."""
    found = policies(bundle_of(compiled(SALES)))
    return {name.replace("/", "-"): content.decode() for name, content in found.items() if name.endswith(".yaml")}


def test_every_rule_leads_to_its_statements() -> None:
    bundle = bundle_of(compiled(SALES))
    mapped = json.loads(bundle.files["sourcemap.json"])["clauses"]
    for path in (path for path in bundle.files if re.search("policies/(resources|principals)/", path)):
        (kind,) = yaml.safe_load(bundle.files[path]).keys() - {"apiVersion"}
        rules = yaml.safe_load(bundle.files[path])[kind]["rules"]
        assert set(mapped[path]) == {f"/{kind}/rules/{number}" for number in range(len(rules))}
    lines = SALES.splitlines()
    said = {
        path.rpartition("/")[2]: [
            {lines[int(at.split(":")[1]) - 1].split()[0] for at in each} for each in found.values()
        ]
        for path, found in mapped.items()
    }
    assert mapped["principals.json"].keys() == {"/ann", '/it\'s "bob"', "/cid"}
    assert said["places.policy.yaml"] == [{"place"}, {"place"}]
    assert said["1.policy.yaml"] == [{"user", "policy"}]
    assert said["user.eligible.policy.yaml"] == [{"role"}]
    assert {"deny"} in said["customer.policy.yaml"]
    assert {"grant", "policy"} in said["customer.policy.yaml"]
    assert {"action"} in said["customer.policy.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("money < 12345678901234567890.25", "Cerbos's numbers are doubles: 12345678901234567890.25 has more digits"),
        ("money in [1, 0.12345678901234567]", "Cerbos's numbers are doubles: 0.12345678901234567 has more digits"),
    ],
)
def test_numbers_that_are_refused(text: str, said: str) -> None:
    policy_set = compiled(
        f"resource a {{ money : money actions view }} policy p on a {{ {text} }} deny view on a {{ {text} }}"
    )
    found = compile_for(find_target("cerbos"), Input(policy_set))
    assert not isinstance(found, TargetBundle)
    assert [(each.code, each.message[: len(said)]) for each in found] == [("PL803", said)]


def test_a_condition_that_is_too_long(cerbos: CerbosServer) -> None:
    def found(values: int) -> TargetBundle | tuple[Diagnostic, ...]:
        listed = ", ".join(f'"value {number:092}"' for number in range(values))
        text = f"resource a {{ x : text actions view }} deny view on a {{ x in [{listed}] }}"
        return compile_for(find_target("cerbos"), Input(compiled(text)))

    short, long = found(978), found(981)
    assert isinstance(short, TargetBundle)
    cerbos.load(policies(short))
    assert not isinstance(long, TargetBundle)
    assert [(each.code, each.message[:26]) for each in long] == [("PL803", "Cerbos takes no expression")]


@pytest.mark.parametrize(("minute", "held"), [("07:59", False), ("08:00", True), ("09:59", True), ("10:00", False)])
def test_a_role_is_over_at_its_end(minute: str, held: bool) -> None:
    given = "assign role guard from 2026-11-21 08:00 until 2026-11-21 10:00"
    index = Index(compiled(f'resource a {{ actions view }} role guard {{ grant view on a }} user "ann" {{ {given} }}'))
    now = datetime.datetime.fromisoformat(f"2026-11-21T{minute}:00Z")
    assert ("role:guard" in Caller(index).principal("ann", {}, now)["roles"]) == held


def test_users_who_are_refused() -> None:
    text = """resource a { x : text actions view } policy p on a { x is missing }
        user "u*" { append policy p on a } user "v*"
        user "w@x" { append policy p on a } user "w-x" { append policy p on a } user "w.x" { append policy p on a }
        user "w_x" user "w x" { append policy p on a } """
    found = compile_for(find_target("cerbos"), Input(compiled(text)))
    assert not isinstance(found, TargetBundle)
    assert [(each.code, each.message[:36]) for each in found] == [
        ("PL803", "Cerbos takes `u*` for a pattern: it "),
        ("PL803", "Cerbos takes `w-x` and `w@x` for one"),
    ]


def test_users_whom_cerbos_calls_alike(cerbos: CerbosServer) -> None:
    """A policy of one principal is that of no other, whatever its name. Ids that differ in case alone are PL106."""
    users = ["w@x", "w-x", "w_x", "w/x", "w:x", "w x", "w.vdefault", "a\nb", "null", "$x", "\U0001f511"]
    text = "resource a { x : text actions view } policy p on a { x is missing } group g { grant view on a }\n"
    for appending in users:
        people = "".join(f"user {quoted(each)} in g {{ {_appending(each == appending)} }}\n" for each in users)
        asked = [Request(user, "view", "a", record, NOW) for user in users for record in ({}, {"x": "y"})]
        found = compare("cerbos", starting(cerbos), compiled(text + people), asked)
        assert (found.refused, found.asked, found.allowed) == ([], 2 * len(users), 2 * len(users) - 1)


def _appending(does: bool) -> str:
    return "append policy p on a" if does else ""


@pytest.mark.parametrize("record", [{"rate": "0.12345678901234567"}, {"rate": 10**150 + 1}, {"name": "\ud800"}])
def test_values_that_cerbos_does_not_hold(record: dict[str, Any]) -> None:
    text = """resource a { name : text rate : money actions view }
        policy p on a { rate < 5 or name is "x" } deny view on a { rate < 5 or name is "x" } user "u" """
    with pytest.raises(UnheldError):
        Caller(Index(compiled(text))).checks("u", "view", "a", record, now=NOW)


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for name, content in written().items():
        (EXPECTED / name).write_text(content, encoding="utf-8")
