"""Cerbos decides as the reference does: a real server, and the tests that ``cerbos compile`` runs."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from policylang.ir import nodes as ir
from policylang.runtime.index import Index
from policylang.targets import find_target
from policylang.targets.cerbos.encoding import UnheldError
from policylang.targets.cerbos.request import Caller
from policylang.targets.compiling import compile_for
from policylang.targets.target import Bundle, Input, Scenario
from policylang.testing.asked import Asked
from tests.engines import cerbos_engine, files
from tests.engines.cerbos_engine import CerbosServer
from tests.generated import Case, Features, cases
from tests.helpers import compiled
from tests.targets.cerbos_session import policies, starting
from tests.targets.differential import SETS, Compared, compare, known, of_case

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
ASKED_SETS = 500
"""At least so many, of which some have a number that is refused."""
FEATURES = Features(strange_requests=False, resources=2, requests=20)


@pytest.mark.parametrize("name", SETS)
def test_policy_sets_that_people_wrote(cerbos: CerbosServer, name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare("cerbos", starting(cerbos), policy_set, [scenario.asked for scenario in scenarios])
    assert found.refused == []
    assert found.unanswered == 0
    assert found.asked > 60
    assert 0.2 < found.allowed / found.asked < 0.8


def test_generated_policy_sets(cerbos: CerbosServer) -> None:
    total = Compared()

    @given(cases(FEATURES))
    @settings(max_examples=max(EXAMPLES, ASKED_SETS), deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        total.add(compare("cerbos", starting(cerbos), case.policy_set, of_case(case)))

    agree()
    assert {each.partition(":")[0] for each in total.refused} <= {"PL803 Cerbos's numbers are doubles"}
    assert total.asked > 10 * EXAMPLES
    assert total.unanswered < total.asked / 20
    assert 0.15 < total.allowed / total.asked < 0.7


# --- tests of its own ----------------------------------------------------------------------------------------


def bundle_of(policy_set: ir.PolicySet, scenarios: tuple[Scenario, ...] = ()) -> Bundle:
    found = compile_for(find_target("cerbos"), Input(policy_set, scenarios=scenarios))
    assert isinstance(found, Bundle), found
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


def test_a_wrong_test_of_cerbos_is_found(tmp_path: Path) -> None:
    policy_set, scenarios = known("policies/quickstart")
    bundle = bundle_of(policy_set, scenarios)
    content = bundle.files["policies/tests/scenarios_test.yaml"].replace(b": EFFECT_ALLOW", b": EFFECT_DENY", 1)
    files.write(tmp_path, {**policies(bundle), "tests/scenarios_test.yaml": content})
    assert len(cerbos_engine.compile(tmp_path).wrong) == 1


# --- by hand -------------------------------------------------------------------------------------------------

TANGLE = r"""
timezone "America/Denver"
scope region contains zone contains site
place region "North"
place zone "N\"1'" in "North"
place site "HQ" in "N\"1'"
place site "Pier"
feature stock on
feature plus off
subject { department : text  optional boss : user  reach : duration }
request { ip : ip  optional channel : one of ui, api }
resource customer {
  name : text
  optional in : text
  created : datetime
  due : date
  fee : money
  span : duration
  tags : set of text
  when : set of datetime
  parent : customer
  kin : set of customer
  rep : user with role rep
  optional team : set of user with role rep
  address : ip
  site : site
  sensitive rate : money
  actions view, create, modify, approve
  action delete requires (view on customer at region or superuser) and feature stock
  action audit requires approve on customer and not_there on shelf or feature plus
  action show bypasses policies
}
resource shelf { actions not_there }
policy own on customer { rep is assigned user or not (rep.department is assigned user.department) }
policy fresh(age: duration) on customer { created within age and not (due older than 1 month) }
policy near on customer { not (request.ip in ["10.0.0.0/8", "::/0"]) or address in "2001:db8::/32" }
policy kept on customer { tags contains "a" and (parent.fee > 2.5 or not (kin contains parent)) }
policy odd on customer { in is missing or in is "'\"\\\n${x}{{y}}--" or span < 2 days }
policy reach on customer { created within assigned user.reach and (when contains created or team contains assigned user) }
policy bossy on customer { assigned user.boss.department is "x" or parent is missing }
role rep { policy own on customer for modify }
role guard {
  grant view, modify, delete, show on customer
  grant approve on customer (name)
  deny view on customer (fee) { span > 1 month }
  deny modify on customer { tags contains "b" }
  policy odd
}
essential role leaver { grant view on customer (name, rate)  policy bossy }
group sales {
  role rep
  grant all on customer including rate
  grant not_there on shelf
  policy own  policy kept
}
group eng { role guard  grant create on customer except fee  policy near for create  policy fresh(36 hours) }
job "J" { role leaver }
user "ann" in sales { department : "x" reach : "3 months"  append policy fresh(30 days) on customer for view, modify }
user "o'b \"x\"" in sales { department : "y"  boss : "ann"  override policy near on customer  override policy reach on customer for view }
user "cid" in eng job "J" { reach : "10 days"  assign role guard at site "HQ" until 2026-11-01 }
superuser user "dan" { department : "x"  assign role guard at region "North" from 2026-11-01  assign role rep at site "Pier" }
terminated user "eve" in sales { department : "x"  assign role leaver  assign role guard }
integration bot { role leaver objects customer }
deny view, approve on customer { fee < 0 or not (address is present) }
"""
# The night in which clocks are set back, the hour that comes twice, ends of days.
INSTANTS = [
    datetime.datetime.fromisoformat(text)
    for text in (
        "2026-11-01T05:59:59Z",
        "2026-11-01T06:00:00Z",
        "2026-11-01T08:30:00Z",
        "2026-11-02T07:00:00Z",
        "2026-11-02T06:59:59.999999Z",
    )
]
_BASE: dict[str, Any] = {
    "name": "n",
    "created": "2026-11-01T05:59:59Z",
    "due": "2026-10-02",
    "fee": "2.50",
    "span": "2 days",
    "tags": ["a"],
    "when": ["2026-11-01T05:59:59Z"],
    "rep": "ann",
    "address": "2001:db8::1",
    "site": "HQ",
    "parent": {"id": "p", "fee": 3},
    "kin": ["p", None],
}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"site": "Pier", "rep": "dan"},
    {"site": None, "kin": [{"id": "q"}]},
    {"site": "Atlantis"},
    {"in": "'\"\\\n${x}{{y}}--", "span": "1 month"},
    {"in": "", "span": "5 weeks", "tags": ["b", None]},
    {"in": 5, "span": None, "address": "::ffff:10.0.0.1"},
    {"fee": "-0.01", "parent": "p"},
    {"fee": None, "address": None, "parent": None},
    {"rep": 'o\'b "x"', "team": ["ann", "cid"], "when": [None]},
    {"rep": "nobody", "team": ["cid"], "created": "2026-10-02T06:00:00Z"},
    {"created": "2026-10-31T18:30:00Z", "due": "2026-10-01", "tags": []},
    {"parent": {"fee": True}, "kin": [], "rep": "eve"},
]
CHANGES: list[dict[str, Any]] = [
    {"name": "m"},
    {"rep": "dan"},
    {"rep": "cid", "team": ["ann"]},
    {"team": ["ann", "bot"]},
    {"fee": "-1", "rate": 5},
    {"site": "Pier"},
    {"tags": ["b"], "in": None},
    {"due": "soon"},
]


def tangled() -> list[Asked]:
    users = ("ann", 'o\'b "x"', "cid", "dan", "eve", "bot")
    addresses = ({"ip": "10.1.2.3"}, {"ip": "::ffff:10.0.0.1", "channel": "ui"}, {}, {"ip": 5})
    found = []
    for number, variant in enumerate(VARIANTS):
        record = {**_BASE, **variant}
        for user in users:
            now, request = INSTANTS[number % len(INSTANTS)], addresses[(number + len(user)) % 4]
            for action in ("view", "create", "modify", "delete", "approve", "audit", "show"):
                found.append(Asked(user, action, "customer", record, now, request))
            for field in ("fee", "rate", "name"):
                found.append(Asked(user, "view", "customer", record, now, request, field))
            for changes in CHANGES:
                found.append(Asked(user, "modify", "customer", record, now, request, None, changes))
    return found


def test_a_tangle(cerbos: CerbosServer) -> None:
    found = compare("cerbos", starting(cerbos), compiled(TANGLE), tangled())
    assert found.refused == []
    assert found.unanswered == 0
    assert found.asked > 1000
    assert 0.1 < found.allowed / found.asked < 0.6


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
    assert not ask(cerbos, sales, "cid", ["view"], site="Atlantis")["view"]
    assert not ask(cerbos, sales, "cid", ["view"], site="North")["view"]
    assert not ask(cerbos, sales, "ann", ["view"], created="2026-10-20T00:00:00Z")["view"]


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


def test_the_readme_tells_the_truth(tmp_path: Path, cerbos: CerbosServer, sales: Caller) -> None:
    """Its commands and its example, as they stand."""
    bundle = bundle_of(sales.index.policy_set)
    files.write(tmp_path, bundle.files)
    text = bundle.files["README.md"].decode()
    compiling, serving = [line.split() for line in text.splitlines() if line.startswith("    cerbos ")]
    assert compiling == ["cerbos", "compile", "--strict-evaluation", "policies"]
    assert cerbos_engine.compile(tmp_path / compiling[-1], strict="--strict-evaluation" in compiling).wrong == ()
    assert serving == ["cerbos", "server", "--config=cerbos.yaml"]
    example = json.loads(text.partition("```json\n")[2].partition("```")[0])
    (asked,) = example["resources"]
    said = cerbos.check([{"principal": example["principal"], **asked}])
    assert "This is `ann`, about view on `customer`" in text
    assert said == [{"view": False}], "no owner, so not hers"
    assert example["principal"]["attr"]["instants"]["30 days ago"] == "2026-01-01T08:00:00Z"
    brought = json.loads(bundle.files["request.json"])
    assert brought["instants"] == {"30 days ago": {"amount": -30, "unit": "days"}}
    assert brought["resources"]["customer"]["record"] == ["created", "note", "owner", "site", "status"]
    for name, principal in json.loads(bundle.files["principals.json"]).items():
        told = sales.principal(name, None, NOW)["attr"]
        assert (principal["user"], principal["superuser"]) == (told["user"], told["superuser"])


def test_the_files_stay_as_they_are() -> None:
    """`EXPECTED` beside this; `python -m tests.targets.test_cerbos` writes it."""
    assert {path.name: path.read_text(encoding="utf-8") for path in EXPECTED.iterdir()} == written()


EXPECTED = Path(__file__).parent / "cerbos"


def written() -> dict[str, str]:
    """The policies, with their folders in the names."""
    found = policies(bundle_of(compiled(SALES)))
    return {name.replace("/", "-"): content.decode() for name, content in found.items() if name.endswith(".yaml")}


def test_every_rule_leads_to_its_statements() -> None:
    bundle = bundle_of(compiled(SALES))
    mapped = json.loads(bundle.files["sourcemap.json"])["clauses"]
    for path in (path for path in bundle.files if "/resources/" in path or "/principals/" in path):
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
    assert said["1.yaml"] == [{"user", "policy"}]
    assert said["user.eligible.yaml"] == [{"role"}]
    assert {"deny"} in said["customer.yaml"]
    assert {"grant", "policy"} in said["customer.yaml"]
    assert {"action"} in said["customer.yaml"]


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
    assert not isinstance(found, Bundle)
    assert [(each.code, each.message[: len(said)]) for each in found] == [("PL803", said)]


def test_users_who_are_refused() -> None:
    text = 'resource a { x : text actions view } policy p on a { x is missing } user "u*" { append policy p on a } user "v*"'
    found = compile_for(find_target("cerbos"), Input(compiled(text)))
    assert not isinstance(found, Bundle)
    assert [(each.code, each.message[:27]) for each in found] == [("PL803", "Cerbos takes `u*` for a pat")]


@pytest.mark.parametrize("record", [{"rate": "0.12345678901234567"}, {"rate": 10**400}, {"name": "\ud800"}])
def test_values_that_cerbos_does_not_hold(record: dict[str, Any]) -> None:
    text = """resource a { name : text rate : money actions view }
        policy p on a { rate < 5 or name is "x" } deny view on a { rate < 5 or name is "x" } user "u" """
    with pytest.raises(UnheldError):
        Caller(Index(compiled(text))).checks("u", "view", "a", record, now=NOW)


if __name__ == "__main__":
    EXPECTED.mkdir(exist_ok=True)
    for name, content in written().items():
        (EXPECTED / name).write_text(content, encoding="utf-8")
