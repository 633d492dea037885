"""OpenFGA and SpiceDB decide as the reference does what relations can say."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime import reference
from policylang.runtime.index import Index
from policylang.runtime.reference import decide
from policylang.targets import find_target
from policylang.targets.relations.objects import Tuple
from policylang.targets.relations.plan import RelationPlan
from policylang.targets.target import Input, Scenario, TargetBundle
from tests.engines.files import EngineError
from tests.engines.openfga_engine import run_tests
from tests.generated import Case, Features, cases
from tests.targets.differential import NOW, SETS, Compared, compare, known, of_case
from tests.targets.expressible import expressible
from tests.targets.relations_session import ENGINES, Listed, lists, records, starting, stored_assertions

EXAMPLES = settings.default.max_examples  # type: ignore[union-attr]
FEATURES = Features(
    record_attributes=False,
    objects=False,
    spellings=False,
    strange_requests=False,
    durations=False,
    resources=2,
    policies=4,
    requests=40,
)
SUBJECT = "this part of a condition"
"""How refusals name a comparison of the record with attributes of the assigned user."""
LEFT_OUT = {
    "policies/securitytrax": {SUBJECT: 3},
    "policies/tracktik": {"attributes that are decimals or money": 1},
}
"""By policy set: what it has that neither engine expresses."""


def bundle_of(
    target: str, policy_set: ir.PolicySet, now: datetime.datetime | None = NOW, scenarios: tuple[Scenario, ...] = ()
) -> TargetBundle:
    bundle = compile_for(find_target(target), Input(policy_set, now, scenarios))
    assert isinstance(bundle, TargetBundle), bundle
    return bundle


def reasons(said: list[str]) -> Counter[str]:
    return Counter(each.split(" cannot express ", 1)[1] for each in said)


# --- differential --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("target", ENGINES)
def test_policy_sets_that_people_wrote(target: str, name: str) -> None:
    policy_set, scenarios = known(name)
    left, said = expressible(target, policy_set, NOW)
    assert reasons(said) == LEFT_OUT.get(name, {})
    found = compare(target, starting(target, NOW), left, [scenario.asked for scenario in scenarios], NOW)
    assert found.refused == []
    assert found.asked > 50
    assert found.unanswered < found.asked / 10  # at other instants than the bundle's
    assert 0.2 < found.allowed / found.asked < 0.8


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.hypothesis
def test_generated_policy_sets(target: str) -> None:
    """What conditions ask that neither engine can be told is taken out first."""
    total, said, kept = Compared(), Counter[str](), Counter[str]()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        now = case.world.now
        left, refused = expressible(target, case.policy_set, now)
        said.update(reasons(refused))
        kept.update(before=_conditions(case.policy_set), after=_conditions(left))
        total.add(compare(target, starting(target, now), left, of_case(case), now))

    agree()
    assert total.refused == []
    assert set(said) == {
        SUBJECT,
        "attributes that are decimals or money",
        "comparing related records with each other",
        "comparing two attributes with each other",
        "`contains`, `starts with`, `ends with` of a text",
        "`is empty` of a set",
        "`overlaps` of two sets",
        "`now is between` and `now is on`: times of day and weekdays",
    }
    assert kept["after"] > kept["before"] * 0.4  # neither engine knows the time of day, of which many conditions speak
    assert total.asked > 10 * EXAMPLES
    assert 0.15 < total.allowed / total.asked < 0.85


def _conditions(policy_set: ir.PolicySet) -> int:
    bundles: tuple[ir.Group | ir.Role, ...] = (*policy_set.groups, *policy_set.roles)
    users = policy_set.users
    return (
        sum(len(each.limits) + len(each.denies) for each in bundles)
        + sum(len(user.appends) + len(user.overrides) for user in users)
        + len(policy_set.denies)
    )


@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.hypothesis
def test_lists(target: str) -> None:
    """What an engine lists of many records in one store is what is allowed of each."""
    found = Counter[bool]()

    @given(cases(FEATURES))
    @settings(max_examples=EXAMPLES // 6, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(case: Case) -> None:
        now, request = case.world.now, _request(case)
        left, _ = expressible(target, case.policy_set, now)
        index, plan = Index(left), RelationPlan(Index(left), now)
        bundle = bundle_of(target, left, now)
        tuples: list[Tuple] = []
        asked: list[Listed] = []
        rows, loaded = dict[str, dict[str, Any]](), dict[str, list[str]]()
        for resource in (each.name for each in case.world.with_attributes):
            rows[resource] = {row.key: case.rows.record(row) for row in case.rows.by_resource[resource]}
            made, loaded[resource] = records(plan, resource, rows[resource])
            tuples += made
            listable = index.of_kind(resource, "view", "delete")
            asked += [Listed(user, action, resource) for user in index.requesters for action in listable]
        for each, listed in zip(asked, lists(target, bundle, plan, tuples, asked, now, request), strict=True):
            there = {key: rows[each.resource][key] for key in loaded[each.resource]}
            expected = {k for k, row in there.items() if decide(index, *each, row, now=now, request=request).allowed}
            assert listed == expected, (each, there)
            found.update(key in expected for key in there)

    agree()
    assert found.total() > 10 * EXAMPLES
    assert 0.1 < found[True] / found.total() < 0.9


def _request(case: Case) -> Mapping[str, Any]:
    return next((request.attributes for request in case.requests if request.attributes), {})


# --- the bundle ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETS)
def test_tests_of_openfga(name: str, tmp_path: Path) -> None:
    """`fga model test` runs what the scenarios ask, and finds a wrong expectation."""
    left, scenarios = left_of("openfga", name)
    for path, content in bundle_of("openfga", left, scenarios=scenarios).files.items():
        (tmp_path / path).write_bytes(content)
    store = tmp_path / "store.fga.yaml"
    tests = yaml.safe_load(store.read_text(encoding="utf-8"))["tests"]
    ran, _ = run_tests(store)
    assert ran == sum(len(check["assertions"]) for test in tests for check in test["check"]) > 60
    wrong = store.read_text(encoding="utf-8").replace(": false\n", ": true\n", 1)
    store.write_text(wrong, encoding="utf-8")
    with pytest.raises(EngineError, match="got=false"):
        run_tests(store)


@pytest.mark.parametrize("name", SETS)
def test_tests_of_spicedb(name: str) -> None:
    left, scenarios = left_of("spicedb", name)
    document = yaml.safe_load(bundle_of("spicedb", left, scenarios=scenarios).files["validation.yaml"])
    assert set(document) == {"schema", "relationships", "assertions"}
    verdicts = stored_assertions(document)
    assert len(verdicts["assertTrue"]) > 20
    assert len(verdicts["assertFalse"]) > 20
    assert set(verdicts["assertTrue"]) == {"yes"}
    assert set(verdicts["assertFalse"]) == {"no"}


def left_of(target: str, name: str) -> tuple[ir.PolicySet, tuple[Scenario, ...]]:
    """What a target can express of one of `SETS`, with what its scenarios then expect."""
    policy_set, scenarios = known(name)
    left, _ = expressible(target, policy_set, NOW)
    index = Index(left)
    return left, tuple(replace(each, allowed=reference.answer(index, each.asked).allowed) for each in scenarios)
