"""Rego decides as the reference does, on regorus and, what people wrote, on rego-cpp as well."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.request import Request
from policylang.settings.config import Config
from policylang.settings.limits import Limits
from policylang.targets import find_target
from policylang.targets.examples import NOW as EXAMPLE_NOW
from policylang.targets.rego import TABLES
from policylang.targets.rego.encoding import NotEncodableError
from policylang.targets.rego.request import Requests
from policylang.targets.target import Input, Scenario, TargetBundle
from tests.engines.files import EngineError
from tests.engines.rego_engine import UNDEFINED, RegoCppEngine, RegorusEngine
from tests.generated import Case, Features, cases
from tests.helpers import compiled, kind_of, project
from tests.targets.differential import NOW, SETS, Compared, compare, known, of_case
from tests.targets.expressible import expressible
from tests.targets.nasty import EVERYTHING, nasty
from tests.targets.rego_filter import Passing
from tests.targets.rego_session import Engine, RegorusMachine, RegoSession, starting

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
FEATURES = Features(strange_requests=False, requests=32)
SLOW = 30
"""How many scenarios of a set rego-cpp is asked, which takes up to 0.15 s for one."""


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
    assert found.asked == len(some) >= SLOW / 2
    assert 0.2 < found.allowed / found.asked < 0.8


@pytest.mark.hypothesis
def test_generated_policy_sets() -> None:
    total, filtered, said = Compared(), Compared(), set[str]()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        asked = of_case(case)
        left, refused = expressible("rego", case.policy_set, None)
        said.update(each.partition(" cannot ")[2].partition(" ")[0] for each in refused)
        total.add(compare("rego", starting(RegorusEngine), left, asked))
        filtered.add(compare_filters(left, asked[:10]))

    agree()
    assert total.refused == []
    assert total.unanswered == 0
    assert total.asked > 12 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.7
    assert said == {"follow"}  # records of users
    assert filtered.asked > 5 * EXAMPLES
    assert 0.15 < filtered.allowed / filtered.asked < 0.7


# --- every construct -----------------------------------------------------------------------------------------


def test_every_construct() -> None:
    asked = nasty()[::4]
    found = compare("rego", starting(RegorusEngine), compiled(EVERYTHING), asked)
    assert found.refused == []
    assert found.asked == len(asked) > 2500
    assert 150 < found.allowed < found.asked / 2


def test_every_construct_has_a_second_opinion() -> None:
    asked = nasty()[::120]
    found = compare("rego", starting(RegoCppEngine), compiled(EVERYTHING), asked)
    assert found.asked == len(asked) > 50
    assert found.allowed > 5


# --- reasons and filters -------------------------------------------------------------------------------------


def bundle_of(policy_set: ir.PolicySet, scenarios: Sequence[Scenario] = ()) -> TargetBundle:
    bundle = compile_for(find_target("rego"), Input(policy_set, scenarios=tuple(scenarios)))
    assert isinstance(bundle, TargetBundle)
    return bundle


def test_reasons() -> None:
    """They are those of the reference: of an allowed request all, of a denied one the first in short, maybe more."""
    policy_set = compiled(EVERYTHING)
    index = Index(policy_set)
    session = RegoSession(RegorusEngine, bundle_of(policy_set), Index(policy_set))
    asked = list(nasty()[::11])
    found = session.engine.ask("data.policylang.access.decision", [session.input(each) for each in asked])
    compared = 0
    for each, decision in zip(asked, found, strict=True):
        expected = reference.answer(index, each)
        if expected.allowed:
            assert decision["reasons"] == sorted(expected.reasons)
        else:
            reason = _in_short(expected.reasons[0], each)
            assert reason is None or reason in decision["reasons"], each
            compared += reason is not None
    assert compared > 100


def _in_short(reason: str, asked: Request) -> str | None:
    """What the bundle says where the reference names the policy, the place, the dates or the requirement."""
    if reason.endswith(", which the user does not have"):
        return f"{asked.action} on `{asked.resource}` requires what the user does not have"
    if " is appended and " in reason:
        return f"a policy that is appended keeps this `{asked.resource}` away"
    if reason.startswith("nothing grants ") or any(
        words in reason for words in (" limits what ", " replaces the limits of ", " does not apply where ", ", but ")
    ):
        return f"no grant of {asked.action} is open on this `{asked.resource}`"
    return None


def compare_filters(policy_set: ir.PolicySet, asked: Sequence[Request], engine: Engine = RegorusEngine) -> Compared:
    """Whether a record passes the filter is what is decided about it."""
    bundle, index, total = bundle_of(policy_set), Index(policy_set), Compared()
    session = RegoSession(engine, bundle, Index(policy_set))
    users = json.loads(bundle.files[TABLES])["users"]
    asked = [each for each in asked if kind_of(index, each) != "create"]
    asked = [msgspec.structs.replace(each, field=None, changes=None) for each in asked]
    inputs = [session.input(each) for each in asked]
    found = session.engine.ask("data.policylang.access.filter", [{**each, "record": {}} for each in inputs])
    for each, input, filter in zip(asked, inputs, found, strict=True):
        allowed = reference.answer(index, each).allowed
        assert Passing(input, users).passes(filter) == allowed, f"{each}\n{filter}"
        total.add(Compared(1, allowed))
    return total


def test_filters() -> None:
    found = compare_filters(compiled(EVERYTHING), nasty()[::3])
    assert found.asked > 2000
    assert 100 < found.allowed < found.asked / 2


@pytest.mark.parametrize("name", SETS)
def test_filters_of_policy_sets_that_people_wrote(name: str) -> None:
    policy_set, scenarios = known(name)
    found = compare_filters(policy_set, [scenario.asked for scenario in scenarios][:300])
    assert found.asked > 30
    assert 0.2 < found.allowed / found.asked < 0.8


def test_a_filter_for_create_lets_nothing_pass() -> None:
    policy_set = compiled(EVERYTHING)
    session = RegoSession(RegorusEngine, bundle_of(policy_set), Index(policy_set))
    inputs = [session.input(Request("ann", action, "order", {}, NOW)) for action in ("create", "nothing")]
    assert session.engine.ask("data.policylang.access.filter", inputs) == [{"any": []}] * 2


# --- what is no request --------------------------------------------------------------------------------------

OPEN = """
resource order { owner : user  parent : order  actions view, create, modify }
policy own on order for view { parent.owner is assigned user or owner is assigned user }
role everything { grant all on order  policy own on order }
user "ann" { assign role everything until 2026-11-21 }
"""
GOOD = {
    "user": "ann",
    "action": "view",
    "resource": "order",
    "record": {"owner": "ann"},
    "request": {},
    "now": 1795262400000000,
    "today": 20778,
    "months": {},
}
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


@pytest.mark.parametrize("action", ["view", "create", "modify"])
def test_what_is_no_request_is_denied(action: str) -> None:
    """Every one of a raw input's parts left out or of another type; an engine may also raise, which is no yes."""
    engine = RegorusEngine(bundle_of(compiled(OPEN)).files)
    good = {**GOOD, "action": action}
    assert engine.ask("data.policylang.access.allow", [good]) == [True]
    broken = [{name: value for name, value in good.items() if name != left} for left in ("user", "now", "today")]
    broken += [{**good, name: value} for name, values in BROKEN.items() for value in values]
    raised = 0
    for each in broken:
        if action == "modify" and each.get("changes") == {"owner": "ann"}:
            continue
        for rule in ("allow", "decision"):
            try:
                (found,) = engine.ask(f"data.policylang.access.{rule}", [each])
            except EngineError:
                raised += 1
                continue
            assert (found if rule == "allow" else found["allow"]) is False, each
    assert raised < 10


VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "text": (["", "a\n"], [1, True, [], {}]),
    "one of red, blue": (["red"], ["green", 1, [], {}]),
    "bool": ([False], ["false", 0, [], {}]),
    "int": (["0", "-12"], [1, "1.5", "012", "-0", "+1", "1 ", "", "x", "1\n"]),
    "decimal": (["0", "-0.5", "12.25"], [1.5, "1.50", "1.", ".5", "1e3", "-0", "0x1", "1.5\n", "\u0661"]),
    "date": ([0, -719162], ["2026-11-21", True, [], {}]),
    "datetime": ([1795262400000000], ["2026-11-21T12:00:00Z", False, [], {}]),
    "duration": ([{"days": 0}, {"months": 3}], ["30 days", 30, {}, {"weeks": 1}, {"days": -1}, {"days": "1"}, [1]]),
    "ip": (["0a000001", "0" * 32 + "%eth0"], ["10.0.0.1", "0A000001", "0a0000", 1, "0a000001%x", "0a000001\n", []]),
    "user": (["nobody"], [1, [], {}]),
    "a": (["x", 7], [True, [], {}]),
    "set of int": ([[], ["1", None]], ["1", [1], ["x"], {}, [["1"]]]),
}


@pytest.mark.parametrize("type", VALUES)
def test_what_is_no_value_is_unknown(type: str) -> None:
    """Of raw inputs. What is unknown is not missing, and denies apply."""
    policy_set = compiled(
        f"resource a {{ x : {type} actions view, delete }} policy p on a {{ x is present }}"
        'user "u" { assign role r }'
        "role r { grant all on a policy p on a for view deny delete on a { x is missing } }"
    )
    engine = RegorusEngine(bundle_of(policy_set).files)
    good, wrong = VALUES[type]
    for values, expected in ((good, True), (wrong, False)):
        inputs = [
            {**GOOD, "user": "u", "resource": "a", "action": action, "record": {"x": value}}
            for value in values
            for action in ("view", "delete")
        ]
        assert engine.ask("data.policylang.access.allow", inputs) == [expected] * len(inputs)


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
    made = requests.input("ann@example.test", "view", "customer", {"owner": "ann@example.test"}, now=EXAMPLE_NOW)
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
    assert not isinstance(found, TargetBundle)
    assert [each.code for each in found] == ["PL803"]


def test_a_value_of_a_user_that_is_too_long() -> None:
    made = project(
        "subject { window : duration } resource a { made : datetime actions view }",
        "policy p on a { made within assigned user.window } group g { grant view on a policy p }",
        'user "ann" in g {\n  window : "9007199254740991 days"\n}',
        config=Config(limits=Limits(duration_years=10**14)),
    )
    assert made.ir is not None
    found = compile_for(find_target("rego"), Input(made.ir))
    assert not isinstance(found, TargetBundle)
    assert [(each.code, each.location.path, each.location.line) for each in found] == [("PL803", "2.policy", 2)]


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
