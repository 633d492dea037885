"""Trees of records on the engines that are told the way up from a record."""

from __future__ import annotations

from typing import Any

import pytest

from policylang.ir import nodes as ir
from policylang.pipelines.compile import compile_for
from policylang.runtime.request import Request
from policylang.runtime.trees import DEEPEST
from policylang.targets import find_target
from policylang.targets.target import Input, TargetBundle
from tests.engines.rego_engine import RegoCppEngine, RegorusEngine
from tests.helpers import compiled
from tests.targets import cedar_session, cerbos_session, rego_session, relations_session
from tests.targets.differential import NOW, Compared, Start, compare

SET = """
subject {{ home : deal  key : text }}
request {{ of : deal }}
resource deal {{ {optional} parent : deal as tree  other : deal  name : text  actions view, modify, create }}
resource note {{ deal : deal  actions view }}
policy p on {resource} {{ {condition} }}
role r {{ grant all on {resource}  policy p }}
role all {{ grant all on {resource} }}
user "ann" {{ home : "top"  key : "top"  assign role r }}
user "bea" {{ home : "c"  key : "c"  assign role r }}
user "cal" {{ assign role r }}
user "dan" {{ home : "top"  key : "top"  assign role all }}
deny view on {resource} {{ not ({condition}) }}
"""
"""Whoever has the role is allowed where the condition is true; and all are denied to view unless it is true."""

ENGINES = ("cedar", "regorus", "rego-cpp", "cerbos", "openfga", "spicedb")
KEPT: dict[str, Any] = {
    "k": {"id": "k", "parent": "l"},
    "l": {"id": "l", "parent": "top"},
    "m": {"id": "m", "parent": "nowhere"},
    "x": {"id": "x", "parent": "y"},
    "y": {"id": "y", "parent": {"id": "top", "parent": "x"}},
    **{f"d{number}": {"id": f"d{number}", "parent": f"d{number + 1}"} for number in range(DEEPEST + 1)},
    f"d{DEEPEST - 1}": {"id": f"d{DEEPEST - 1}", "parent": {"id": "top"}},
    "top": {"id": "top"},
}
"""What a look-up finds."""


def found(_resource: str, id: str) -> Any:
    return KEPT.get(id)


def chain(*keys: str) -> Any:
    """A record with the others above it; no id for an empty key."""
    record: Any = None
    for key in reversed(keys):
        record = ({"id": key} if key else {}) | ({} if record is None else {"parent": record})
    return record


ABOVE: list[Any] = [
    None,
    chain("top"),
    chain("a", "top"),
    chain("b", "c", "d"),
    chain("e", "", "f", "top"),
    chain("", ""),
    "top",
    "k",
    "m",
    "x",
    "unknown",
    {"id": "g", "parent": 5},
    {"id": "top", "parent": 5},
    {"id": 5},
    "wrong" * 60,
    "\ud800",
    5,
]
"""Above a record: nothing, the top near or far, elsewhere, a circle, what nobody knows, what is no record."""


def start(engine: str, request: pytest.FixtureRequest) -> tuple[str, Start]:
    match engine:
        case "cedar":
            return engine, cedar_session.loaded
        case "cerbos":
            return engine, cerbos_session.starting(request.getfixturevalue("cerbos"))
        case "openfga" | "spicedb":
            return engine, relations_session.starting(engine, None)
    return "rego", rego_session.starting(RegorusEngine if engine == "regorus" else RegoCppEngine)


def made(condition: str, resource: str = "deal", optional: str = "optional") -> ir.PolicySet:
    return compiled(SET.format(condition=condition, resource=resource, optional=optional))


def asked(resource: str) -> list[Request]:
    users = ("ann", "bea", "cal", "dan")
    if resource == "note":
        return [Request(user, "view", "note", {"deal": above}, NOW, {}) for above in ABOVE for user in users]
    below = [{"id": "self", "parent": above, "other": {"id": "top", "other": "k"}, "name": "c"} for above in ABOVE]
    below += [{"id": "top"}, {"id": "c", "parent": chain("b")}, {"parent": chain("c")}, {}]
    requests = [
        Request(user, action, "deal", record, NOW, {"of": chain("n", "top")} if number % 2 else {"of": "k"})
        for number, record in enumerate(below)
        for user in users
        for action in ("view", "modify", "create")
    ]
    moved = [None, *ABOVE[1:4], "k", "x", 5]
    requests += [
        Request("ann", "modify", "deal", each, NOW, {}, changes={"parent": to}) for each in below[:4] for to in moved
    ]
    return requests


CONDITIONS = {
    "own": "deal is under assigned user.home",
    "own text": "deal is under assigned user.key",
    "constant": 'deal is under "c" or not (deal is under "top")',
    "near": "parent is under assigned user.home and name is present",
}
OF_REQUESTS = {
    "other": "deal is under other or other is under deal",
    "far": "deal is under other.other or other.other is under deal",
    "text": "deal is not under name and deal is under deal",
    "request": "request.of is under assigned user.key or deal is under request.of",
}
READING = tuple(engine for engine in ENGINES if engine not in ("openfga", "spicedb"))
"""Those that compare values of a record with each other."""


def compared(
    engine: str, request: pytest.FixtureRequest, policy_set: ir.PolicySet, requests: list[Request]
) -> Compared:
    target, starting = start(engine, request)
    some = requests[:: {"rego-cpp": 5, "openfga": 3}.get(engine, 1)]  # these are slow
    total = compare(target, starting, policy_set, some, lookup=found)
    assert total.refused == []
    assert total.asked > 0.9 * len(some)
    return total


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_records_below_others(engine: str, condition: str, request: pytest.FixtureRequest) -> None:
    total = compared(engine, request, made(CONDITIONS[condition]), asked("deal"))
    assert 0.1 < total.allowed / total.asked < 0.7


@pytest.mark.parametrize("engine", READING)
@pytest.mark.parametrize("condition", OF_REQUESTS)
def test_tops_that_requests_bring(engine: str, condition: str, request: pytest.FixtureRequest) -> None:
    total = compared(engine, request, made(OF_REQUESTS[condition]), asked("deal"))
    assert 0.1 < total.allowed / total.asked < 0.7


@pytest.mark.parametrize("engine", ENGINES)
def test_related_records_below_others(engine: str, request: pytest.FixtureRequest) -> None:
    total = compared(engine, request, made("not (deal is under assigned user.home)", "note"), asked("note"))
    assert total.allowed


@pytest.mark.parametrize("engine", ENGINES)
def test_records_that_must_have_one_above_are_never_known_to_be_elsewhere(
    engine: str, request: pytest.FixtureRequest
) -> None:
    condition = 'deal is under "top" or not (deal is under "c")'
    total = compared(engine, request, made(condition, optional=""), asked("deal")[::2])
    assert total.allowed


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_level_that_counts(engine: str, request: pytest.FixtureRequest) -> None:
    requests = [Request("ann", "view", "deal", {"parent": above}, NOW, {}) for above in ("d0", "d1")]
    target, starting = start(engine, request)
    total = compare(target, starting, made(CONDITIONS["own"]), requests, lookup=found)
    assert (total.asked, total.allowed) == (2, 1)


@pytest.mark.parametrize("name", ["openfga", "spicedb"])
@pytest.mark.parametrize("condition", [each.split(" or ")[0] for each in OF_REQUESTS.values()])
def test_relations_compare_no_values_of_a_record(name: str, condition: str) -> None:
    refused = compile_for(find_target(name), Input(made(condition)))
    assert not isinstance(refused, TargetBundle)
    assert {(each.code, each.location.line) for each in refused} == {("PL801", 6), ("PL801", 13)}


@pytest.mark.parametrize("name", ["cedar", "rego", "cerbos", "openfga", "spicedb"])
@pytest.mark.parametrize("path", ["assigned user.home", "owner.home", "owner.home.parent"])
def test_records_of_users_are_not_followed(name: str, path: str) -> None:
    text = SET.format(condition=f'{path} is under "top"', resource="deal", optional="optional")
    refused = compile_for(find_target(name), Input(compiled(text.replace("name : text", "owner : user"))))
    assert not isinstance(refused, TargetBundle)
    messages = {each.message for each in refused if "users hold no records" in each.message}
    assert messages == {f"{find_target(name).title} cannot follow `{path}`: users hold no records"}
    assert {each.location.line for each in refused} == {6, 13}
    assert all(each.help for each in refused)


@pytest.mark.parametrize("name", ["openfga", "spicedb"])
def test_ids_that_are_too_long(name: str) -> None:
    longest = compile_for(find_target(name), Input(made(f'deal is under "{"x" * 200}"')))
    assert isinstance(longest, TargetBundle)
    refused = compile_for(find_target(name), Input(made(f'deal is under "{"é" * 34}"')))
    assert not isinstance(refused, TargetBundle)
    assert {each.code for each in refused} == {"PL803"}
