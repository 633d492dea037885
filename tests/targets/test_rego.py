"""Rego decides as the reference does, on regorus and, what people wrote, on rego-cpp as well."""

from __future__ import annotations

import datetime
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from policylang.config import Config
from policylang.ir import nodes as ir
from policylang.limits import Limits
from policylang.runtime.index import Index
from policylang.targets import find_target
from policylang.targets.compiling import compile_for
from policylang.targets.rego import TABLES
from policylang.targets.rego.encoding import NotEncodableError
from policylang.targets.rego.readme import EXAMPLE
from policylang.targets.rego.request import Requests
from policylang.targets.target import Bundle, Input, Scenario
from policylang.testing.asked import Asked
from tests.engines.rego_engine import UNDEFINED, RegoCppEngine, RegorusEngine
from tests.generated import Case, Features, cases
from tests.helpers import compiled, project
from tests.targets.differential import NOW, SETS, Compared, boundaries, compare, known, of_case
from tests.targets.rego_filter import Passing
from tests.targets.rego_session import Engine, RegoSession, RegorusMachine, starting

EXAMPLES = max(500, settings.default.max_examples)  # type: ignore[union-attr]
FEATURES = Features(strange_requests=False, requests=40)
SLOW = 60
"""How many scenarios of a set rego-cpp is asked, which takes up to 150 ms for one."""


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("engine", [RegorusEngine, RegorusMachine])
def test_policy_sets_that_people_wrote(engine: Engine, name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare("rego", starting(engine), policy_set, [scenario.asked for scenario in scenarios])
    assert found.refused == []
    assert found.asked == len(scenarios) > 50
    assert 0.2 < found.allowed / found.asked < 0.8


@pytest.mark.parametrize("name", SETS)
def test_a_second_opinion(name: str) -> None:
    policy_set, scenarios = known(name)
    some = scenarios[:: -(-len(scenarios) // SLOW)]
    found = compare("rego", starting(RegoCppEngine), policy_set, [scenario.asked for scenario in some])
    assert found.refused == []
    assert found.asked == len(some) > SLOW / 2
    assert 0.2 < found.allowed / found.asked < 0.8


def test_generated_policy_sets() -> None:
    total, filtered = Compared(), Compared()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        asked = of_case(case)
        total.add(compare("rego", starting(RegorusEngine), case.policy_set, asked))
        filtered.add(compare_filters(case.policy_set, asked[:10]))

    agree()
    assert total.refused == []
    assert total.unanswered == 0
    assert total.asked > 20 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.7
    assert filtered.asked > 5 * EXAMPLES
    assert 0.15 < filtered.allowed / filtered.asked < 0.7


# --- every construct -----------------------------------------------------------------------------------------

EVERYTHING = r"""
timezone "America/Denver"
scope region contains zone contains site
place region "North"
place zone "N\"1\n" in "North"
place site "HQ" in "N\"1\n"
place site "${Pier}"
feature shiny off
feature dull on
subject { desk : ip  level : int  team : set of user  limit : duration  boss : user }
request { ip : ip  channel : one of ui, api  ticket : order }
resource order {
  number : text
  owner : user with role rep
  watchers : set of user with role rep
  status : one of open, closed
  amount : decimal
  due : date
  made : datetime
  length : duration
  address : ip
  flag : bool
  tags : set of text
  sensitive secret : text
  parent : order
  site : site
  actions view, create, modify, delete
  action audit bypasses policies
  action approve requires (view on order at zone or feature shiny) and (superuser or create on order)
  action ship requires feature dull and delete on order
}
policy own on order { owner is assigned user or watchers contains assigned user }
policy fresh on order { made within 1 month and not (due within next 3 days) }
policy cheap on order { amount <= 12.5 or not (amount > -0.5) or length in [36 hours, 1 month] }
policy near on order for view, audit { address in "10.0.0.0/8" or request.ip is assigned user.desk }
policy kin on order { parent is not request.ticket or parent.owner.boss is assigned user }
policy late on order { made older than assigned user.limit or due older than 1 month or tags contains number }
policy shown on order { flag is not missing and not (number starts with "A\n" or number ends with "}}") }
role rep
role clerk { grant view, audit, modify on order including secret  grant create on order  policy cheap on order  policy shown on order }
role mover { role clerk  grant delete, ship, approve on order  policy fresh on order  deny view, modify on order (flag) { flag is false } }
group sales {
  role rep
  role clerk
  grant all on order except tags
  policy own
  policy late on order for delete
  deny delete on order { status is closed }
}
user "ann" in sales { desk : "10.0.0.1" level : 3 team : ["bob"] limit : "2 days" boss : "cy\"d" append policy kin on order for view, modify }
user "bob" in sales { limit : "1 month" override policy near on order  assign role mover from 2026-03-08 until 2026-11-21 }
superuser user "cy\"d" { limit : "90 minutes" assign role mover at region "North" assign role clerk at site "${Pier}" until 2026-11-20 }
terminated user "dan" in sales { assign role mover }
user "eve --" { boss : "ann" assign role rep until 2026-11-20 }
integration sync { role mover objects order }
deny modify on order { amount > 1000 }
"""
INSTANTS = [
    datetime.datetime.fromisoformat(each)
    for each in ("2026-11-21T12:00:00Z", "2026-11-22T06:59:59.999999Z", "2026-11-22T07:00:00Z", "2026-03-31T05:59:00Z")
]
FULL: dict[str, Any] = {
    "number": "A",
    "owner": "ann",
    "watchers": ["bob", None],
    "status": "open",
    "amount": "12.50",
    "due": "2026-11-20",
    "made": "2026-11-19T12:00:00Z",
    "length": "36 hours",
    "address": "10.255.255.255",
    "flag": True,
    "tags": ["A"],
    "parent": {"id": "p", "owner": "eve --"},
    "site": "HQ",
}
OTHER: dict[str, list[Any]] = {
    "number": ["A\n", "x}}", None, 3],
    "owner": ["bob", "nobody", None, ["ann"]],
    "watchers": [["ann"], [], None, "ann", [4]],
    "status": ["closed", None, "unheard of"],
    "amount": ["12.500001", "-0.5", -0.6, "1000.0000000000000000001", "9" * 30, None, "1e3", True],
    "due": ["2026-11-24", "2026-11-21", "2026-10-20", "2026-10-21", None, 7],
    "made": ["2026-10-21T12:00:00Z", "2026-10-21T11:59:59.999999Z", "2026-11-21T12:00:00.000001Z", None, "2026-11-19"],
    "length": ["1 month", "35 hours", "1 day", None, {"minutes": 2160}],
    "address": ["11.0.0.0", "::ffff:10.0.0.1", "fe80::1%eth0", None, "10.0.0"],
    "flag": [False, None, "true"],
    "tags": [[], ["B", None], None],
    "secret": ["s"],
    "parent": [{"id": 7}, "p", {}, None, 5],
    "site": ["${Pier}", None, "North", "nowhere", 4],
    "stranger": ["x"],
}
TICKETS: list[Any] = [None, {"id": "p"}, {"id": 7}, "x"]


def nasty() -> list[Asked]:
    """Each user, action and record that differs from the full one in one attribute; and changes by it."""
    records = [FULL, {}, *({**FULL, name: value} for name, values in OTHER.items() for value in values)]
    users = ("ann", "bob", 'cy"d', "dan", "eve --", "sync", "nobody")
    actions = ("view", "create", "modify", "delete", "audit", "approve", "ship", "nothing")
    asked = []
    for number, (user, action, record) in enumerate(itertools.product(users, actions, records)):
        request = {"ip": ("10.0.0.1", "10.0.0.2", None, 5)[number % 4], "ticket": TICKETS[number // 4 % 4]}
        now = INSTANTS[number % len(INSTANTS)]
        field = (None, None, "flag", "secret", "unheard of")[number % 5]
        asked.append(Asked(user, action, "order", record, now, request, field))
        if action == "modify":
            for name, values in OTHER.items():
                changes = {name: values[number % len(values)]}
                asked.append(Asked(user, action, "order", record, now, request, None, changes))
    asked.append(Asked("ann", "view", "nothing", {}, NOW))
    asked.append(Asked("ann", "view", "order", FULL, NOW, {}, None, {"flag": True}))
    return asked


@pytest.mark.parametrize("engine", [RegorusEngine, RegorusMachine])
def test_every_construct(engine: Engine) -> None:
    made = project(EVERYTHING)
    assert made.ir is not None
    asked = [*nasty(), *(each.asked for each in boundaries(made))]
    found = compare("rego", starting(engine), made.ir, asked)
    assert found.refused == []
    assert found.asked == len(asked) > 5000
    assert 300 < found.allowed < found.asked / 2


def test_every_construct_has_a_second_opinion() -> None:
    asked = nasty()[::90]
    found = compare("rego", starting(RegoCppEngine), compiled(EVERYTHING), asked)
    assert found.asked == len(asked) > 50
    assert found.allowed > 5


# --- reasons and filters -------------------------------------------------------------------------------------


def bundle_of(policy_set: ir.PolicySet, scenarios: Sequence[Scenario] = ()) -> Bundle:
    bundle = compile_for(find_target("rego"), Input(policy_set, scenarios=tuple(scenarios)))
    assert isinstance(bundle, Bundle)
    return bundle


def test_reasons() -> None:
    """They are those of the reference: of an allowed request all, of a denied one the first and maybe more."""
    policy_set = compiled(EVERYTHING)
    index = Index(policy_set)
    session = RegoSession(RegorusEngine, bundle_of(policy_set), policy_set)
    asked = [each for each in nasty()[::7] if each.decide(index).reasons[0] in KNOWN or each.decide(index).allowed]
    found = session.engine.ask("data.policylang.access.decision", [session.input(each) for each in asked])
    for each, decision in zip(asked, found, strict=True):
        expected = each.decide(index)
        if expected.allowed:
            assert decision["reasons"] == sorted(expected.reasons)
        else:
            assert expected.reasons[0] in decision["reasons"], each
    assert len(asked) > 300


KNOWN = {
    *(f"nothing grants {action} on this `order`" for action in ("view", "create", "modify", "delete", "approve")),
    *(f"{action} on `order` requires what the user does not have" for action in ("approve", "ship")),
    "a policy that the user appends keeps this `order` away",
}


def compare_filters(policy_set: ir.PolicySet, asked: Sequence[Asked], engine: Engine = RegorusEngine) -> Compared:
    """Whether a record passes the filter is what is decided about it."""
    bundle, index, total = bundle_of(policy_set), Index(policy_set), Compared()
    session = RegoSession(engine, bundle, policy_set)
    users = json.loads(bundle.files[TABLES])["users"]
    asked = [msgspec.structs.replace(each, field=None, changes=None) for each in asked if each.action != "create"]
    inputs = [session.input(each) for each in asked]
    found = session.engine.ask("data.policylang.access.filter", [{**each, "record": {}} for each in inputs])
    for each, input, filter in zip(asked, inputs, found, strict=True):
        allowed = each.decide(index).allowed
        assert Passing(input, users).passes(filter) == allowed, f"{each}\n{filter}"
        total.add(Compared(1, allowed))
    return total


def test_filters() -> None:
    found = compare_filters(compiled(EVERYTHING), nasty())
    assert found.asked > 2000
    assert 300 < found.allowed < found.asked / 2


@pytest.mark.parametrize("name", SETS)
def test_filters_of_policy_sets_that_people_wrote(name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare_filters(policy_set, [scenario.asked for scenario in scenarios][:300])
    assert found.asked > 30
    assert 0.2 < found.allowed / found.asked < 0.8


def test_a_filter_for_create_lets_nothing_pass() -> None:
    policy_set = compiled(EVERYTHING)
    session = RegoSession(RegorusEngine, bundle_of(policy_set), policy_set)
    inputs = [session.input(Asked("ann", action, "order", {}, NOW)) for action in ("create", "nothing")]
    assert session.engine.ask("data.policylang.access.filter", inputs) == [{"any": []}] * 2


# --- what is no request --------------------------------------------------------------------------------------

GOOD = {**EXAMPLE, "user": "ann", "resource": "order", "action": "audit", "record": {"owner": "ann"}, "months": {}}
BROKEN: dict[str, Any] = {
    "user": [None, 3, [], {"ann": True}, "nobody"],
    "action": [None, 3, ["view"], "nothing"],
    "resource": [None, 3, {}, "nothing"],
    "record": [None, 3, "ann", []],
    "request": [None, 3, []],
    "now": [None, "2026-11-21T12:00:00Z", {}],
    "today": [None, "2026-11-21", []],
    "changes": [None, 3, [], ["owner"], {"owner": "ann"}, {"parent.owner": "ann"}],
    "field": [3, [], "nothing"],
}


@pytest.mark.parametrize("action", ["audit", "create", "modify"])
def test_what_is_no_request_is_denied(action: str) -> None:
    """Every one of a raw input's parts left out or of another type; an engine may also raise, which is no yes."""
    policy_set = compiled(EVERYTHING.replace("policy own\n", "").replace("policy cheap on order  policy shown", ""))
    engine = RegorusEngine(bundle_of(policy_set).files)
    good = {**GOOD, "action": action}
    assert engine.ask("data.policylang.access.allow", [good]) == [action != "create"]
    broken = [{name: value for name, value in good.items() if name != left} for left in ("user", "now", "today")]
    broken += [{**good, name: value} for name, values in BROKEN.items() for value in values]
    for each in broken:
        if action == "modify" and each.get("changes") == {"owner": "ann"}:
            continue
        for rule in ("allow", "decision"):
            try:
                (found,) = engine.ask(f"data.policylang.access.{rule}", [each])
            except Exception as error:  # noqa: BLE001
                assert "error" in str(error)
                continue
            assert found != UNDEFINED
            assert (found if rule == "allow" else found["allow"]) is False, each


# --- the bundle ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [False, True])
def test_the_scenarios_in_the_bundle(wrong: bool) -> None:
    """What `opa test` runs."""
    policy_set, scenarios = known("acceptance/securitytrax")
    asked = [msgspec.structs.replace(each, allowed=each.allowed is not wrong) for each in scenarios[:20]]
    engine = RegorusEngine(bundle_of(policy_set, asked).files)
    (failed,) = engine.ask("data.policylang.access_test.failed", [{}])
    (passes,) = engine.ask("data.policylang.access_test.test_scenarios", [{}])
    assert failed == (sorted(map(str, range(20))) if wrong else [])
    assert passes == (UNDEFINED if wrong else True)


SALES = """
resource customer {
  name : text
  owner : user
  created : datetime
  actions view, modify
}
policy own on customer { owner is assigned user }
policy recent on customer { created within 1 month }
group sales { grant view, modify on customer  policy own  policy recent on customer for modify }
user "ann@example.test" in sales
"""


def test_the_readme_tells_the_truth() -> None:
    bundle = bundle_of(compiled(SALES))
    text = bundle.files["README.md"].decode()
    (written,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    asked = json.loads(written)
    engine = RegorusEngine(bundle.files)
    for rule in re.findall(r"\| `(data\.policylang\.access\.\w+)` \|", text):
        (found,) = engine.ask(rule, [asked])
        assert found
    requests = Requests(Index(compiled(SALES)))
    now = datetime.datetime.fromisoformat("2026-11-21T12:00:00Z")
    made = requests.input("ann@example.test", "view", "customer", asked["record"], now=now)
    made["months"]["1"]["after"] = {}
    assert made == asked
    assert "Months to bring: 1. Count them on the calendar of UTC" in text
    assert "| `customer` | `created`: a datetime, `owner`: a user |" in text
    for file in re.findall(r"`(\S+\.(?:rego|json))`", text):
        assert file in (*bundle.files, "input.json", "policylang/access_test.rego", "policylang/scenarios/data.json")
    assert "{" not in re.sub(r"`[^`]*`|```.*?```", "", text, flags=re.DOTALL)


def test_the_tables_stay_as_they_are() -> None:
    """`EXPECTED` beside the policy set; `python -m tests.targets.test_rego` writes it."""
    assert EXPECTED.read_bytes() == bundle_of(compiled(SALES)).files[TABLES]


EXPECTED = Path(__file__).parent / "rego" / "sales.json"


def test_clauses_lead_home() -> None:
    """Every part of the tables that a statement made, by the place of the statement."""
    bundle = bundle_of(compiled(EVERYTHING))
    tables = json.loads(bundle.files[TABLES])
    for clause in bundle.clauses:
        at = tables
        for step in clause.clause.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            at = at[int(name)] if isinstance(at, list) else at[name]
        assert not isinstance(at, dict) or at.get("at", clause.at) == clause.at
    assert {"/groups/sales/grants/order/view/0", "/conditions/0", "/users/eve --"} < {c.clause for c in bundle.clauses}


def test_too_long() -> None:
    made = project(
        "resource a { made : datetime actions view } group g { grant view on a policy p }",
        "policy p on a { made within 9007199254740991 days }",
        config=Config(limits=Limits(duration_years=10**14)),
    )
    assert made.ir is not None
    found = compile_for(find_target("rego"), Input(made.ir))
    assert not isinstance(found, Bundle)
    assert [each.code for each in found] == ["PL803"]


@pytest.mark.parametrize("value", ["half \ud800", "\udfff"])
def test_what_json_cannot_hold(value: str) -> None:
    requests = Requests(Index(compiled(SALES)))
    for record in ({"owner": value}, {}):
        user = "ann@example.test" if record else value
        with pytest.raises(NotEncodableError):
            requests.input(user, "view", "customer", record, now=NOW)


if __name__ == "__main__":
    EXPECTED.parent.mkdir(exist_ok=True)
    EXPECTED.write_bytes(bundle_of(compiled(SALES)).files[TABLES])
